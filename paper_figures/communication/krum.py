"""Krum: training with and without a third of Byzantine workers, and the error under attack against both constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.krum.methods import (
    ATTACKS,
    krum_rule,
    mean_rule,
    median_rule,
    multi_krum,
    problem,
    train,
)
from gradproof.experiments.communication.krum.moments import attacked_gaussians
from gradproof.paper_figures.style import COLOURS
from gradproof.theory.communication import krum

RULES = {"mean": mean_rule, "Krum": krum_rule, "multi-Krum": multi_krum, "median": median_rule}
N = 20


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Loss of logistic regression on breast_cancer for four rules, f = 0 and 6 of 20; ratios for N(0, I) in 10 dimensions."""
    steps, draws = (120, 300) if budget == "quick" else (600, 5000)
    rows = problem()
    runs = [
        [
            train(rows, N, f, ATTACKS["reversed"], rule, gamma=0.1, steps=steps, seeds=3, stream=("krum",), every=5)
            for rule in RULES.values()
        ]
        for f in (0, 6)
    ]
    loss = np.array([[r.loss.values[0] for r in row] for row in runs])  # (byzantine, rule, seed, step)
    rng, d = np.random.default_rng(0), 10
    ratios = [attacked_gaussians(N, f, d, draws, rng).mean() for f in range(9)]
    counts = list(range(9))
    published = [float(krum.ETA2.subs({krum.n.symbol: N, krum.f.symbol: k})) for k in counts]
    return xr.Dataset(
        {
            "loss": (("byzantine", "rule", "step"), loss.mean(axis=2), {"units": "nat"}),
            "loss_least": (("byzantine", "rule", "step"), loss.min(axis=2), {"units": "nat"}),
            "loss_most": (("byzantine", "rule", "step"), loss.max(axis=2), {"units": "nat"}),
            "ratio": ("f", ratios, {"units": "1"}),
            "eta2_sharp": ("f", [float(krum.MEAN_SQUARE.bound(variance=1, n=N, f=k)) for k in counts]),
            "eta2": ("f", published),
        },
        coords={"byzantine": [0, 6], "rule": list(RULES), "step": runs[0][0].step.values, "f": counts},
        attrs={"source": "Blanchard et al. (2017), arXiv:1703.02757"},
    )


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.8))
    for colour, name in zip(COLOURS, data.rule.values, strict=False):
        for f, style in ((0, "--"), (6, "-")):
            label = str(name) if f else None
            at = data.sel(rule=name, byzantine=f)
            left.plot(data.step, at.loss, style, color=colour, label=label)
            left.fill_between(data.step, at.loss_least, at.loss_most, color=colour, alpha=0.2, lw=0)
    left.set_yscale("log")
    left.set_ylim(0.05, 10)
    left.set_xlabel("step")
    left.set_ylabel("loss (nat)")
    left.legend(title="6 of 20 Byzantine\n(dashed: none)", loc="upper right")
    left.set_title("(a) Logistic regression; mean and range of 3 seeds")
    share = data.f / N
    right.semilogy(share, data.eta2, "--", color=COLOURS[1], label=r"$\eta^2$ (paper)")
    right.semilogy(share, data.eta2_sharp, "-", color=COLOURS[0], label=r"$\hat\eta^2$ (derived)")
    right.semilogy(share, data.ratio, "o", color=COLOURS[2], label="under attack")
    right.set_xlabel("share of Byzantine workers $f/n$")
    right.set_ylabel(r"$\mathbb{E}\|\mathrm{Kr} - g\|^2 / (d\sigma^2)$")
    right.legend()
    right.set_title("(b) Error of Krum, $n = 20$")
    return figure
