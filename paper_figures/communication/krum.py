"""Krum: training with and without a third of Byzantine workers, and the error under attack against both constants."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.krum import methods
from gradproof.experiments.instances.attacks import ATTACKS, along_an_axis
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.order_statistics import median
from gradproof.theory.communication import krum

RULES = {"mean": methods.mean_rule, "Krum": methods.krum_rule, "multi-Krum": methods.multi_krum, "median": median}
N, D = 20, 10


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Loss of logistic regression on breast_cancer for four rules, f = 0 and 6 of 20; ratios for N(0, I) in 10 dimensions."""
    steps, draws = (120, 300) if budget == "quick" else (600, 5000)
    rows, attack, counts = methods.problem(), ATTACKS["reversed"], np.arange(9)
    options: dict[str, Any] = {"gamma": 0.1, "steps": steps, "seeds": 3, "stream": ("krum",), "every": 5}
    runs = [[methods.train(rows, N, f, attack, rule, **options) for rule in RULES.values()] for f in (0, 6)]
    loss = np.array([[r.loss.values[0] for r in row] for row in runs])  # (byzantine, rule, seed, step)
    rng = np.random.default_rng(0)
    errors = [methods.of_gaussians(N, f, D, draws, along_an_axis, rng).mean() for f in counts.tolist()]
    constants = (("eta2_sharp", krum.ETA2_SHARP), ("eta2", krum.ETA2))
    curves, nat = ("byzantine", "rule", "step"), {"units": "nat"}
    return xr.Dataset(
        {
            "loss": (curves, loss.mean(axis=2), nat),
            "loss_least": (curves, loss.min(axis=2), nat),
            "loss_most": (curves, loss.max(axis=2), nat),
            "ratio": ("f", np.array(errors) / D, {"units": "1"}),
        }
        | {k: ("f", [float(c.subs({krum.n.symbol: N, krum.f.symbol: f})) for f in counts]) for k, c in constants},
        coords={"byzantine": [0, 6], "rule": list(RULES), "step": runs[0][0].step.values, "f": counts},
        attrs={"source": "Blanchard et al. (2017), arXiv:1703.02757"},
    )


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.8))
    for colour, name in zip(COLOURS, data.rule.values, strict=False):
        for f, style in ((0, "--"), (6, "-")):
            at = data.sel(rule=name, byzantine=f)
            left.plot(data.step, at.loss, style, color=colour, label=str(name) if f else None)
            left.fill_between(data.step, at.loss_least, at.loss_most, color=colour, alpha=0.2, lw=0)
    left.set(yscale="log", ylim=(0.05, 10), xlabel="step", ylabel="loss (nat)")
    left.legend(title="6 of 20 Byzantine\n(dashed: none)", loc="upper right")
    left.set_title("(a) Logistic regression; mean and range of 3 seeds")
    share = data.f / N
    right.semilogy(share, data.eta2, "--", color=COLOURS[1], label=r"$\eta^2$ (paper)")
    right.semilogy(share, data.eta2_sharp, "-", color=COLOURS[0], label=r"$\hat\eta^2$ (derived)")
    right.semilogy(share, data.ratio, "o", color=COLOURS[2], label="under attack")
    error = r"$\mathbb{E}\|\mathrm{Kr} - g\|^2 / (d\sigma^2)$"
    right.set(xlabel="share of Byzantine workers $f/n$", ylabel=error, title="(b) Error of Krum, $n = 20$")
    right.legend()
    return figure
