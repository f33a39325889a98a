"""Class imbalance: losses of the classes under gradient flow and sign descent, and the plateau of the average."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive.class_imbalance.methods import (
    gradient_descent,
    losses,
    one_hot,
    sign_descent,
    zeros,
    zipf,
)
from gradproof.experiments.engine.run import Method, logarithmic, run
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import separable_ode
from gradproof.theory.adaptive import class_imbalance as paper

C, GROUPS = 100, (1, 5, 25, 100)


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Closed forms for c = 100 and c = 1000, and a run of gradient descent with step 1/5 over the greatest frequency."""
    pi, t = zipf(C), np.geomspace(0.1, 1e5, 241)
    flow = np.array([separable_ode.losses(C - 1, C * pi[k - 1] * t)[0] for k in GROUPS])
    eta, steps = 0.2 / pi[0], 300 if budget == "quick" else 2000
    at = logarithmic(steps, per_decade=5)[1:]
    descent = _descent(gradient_descent(one_hot(pi, np.eye(C)), eta), at)
    signs = _descent(sign_descent(one_hot(pi, np.eye(C)), 0.05), list(range(20, 201, 20)))
    many = zipf(1000)
    average = np.array([many @ separable_ode.losses(999, 1000 * many * s)[0] for s in t])
    return xr.Dataset(
        {
            "flow": (("k", "t"), flow, {"units": "nat"}),
            "descent": (("k", "n"), descent, {"units": "nat"}),
            "sign_descent": (("k", "s"), signs, {"units": "nat"}),
            "sign": ("t", np.array([float(paper.SIGN_FLOW.bound(c=C, t=float(s))) for s in t]), {"units": "nat"}),
            "average_flow": ("t", average, {"units": "nat"}),
            "average_sign": (
                "t",
                np.array([float(paper.SIGN_FLOW.bound(c=1000, t=float(s))) for s in t]),
                {"units": "nat"},
            ),
            "frequency": ("k", pi[[k - 1 for k in GROUPS]]),
            "average_at_1000": ((), float(many @ separable_ode.losses(999, 1000 * many * 1000.0)[0]), {"units": "nat"}),
        },
        coords={"k": list(GROUPS), "t": t, "n": at, "s": 0.05 * np.arange(20, 201, 20)},
        attrs={"source": "Kunstner et al. (2024), arXiv:2402.19449", "eta": eta},
    )


def _descent(method: Method, at: list[int]) -> np.ndarray:
    """Losses of the groups at some steps, (group, step)."""
    W = run(method, zeros(C), at[-1], record={"W": lambda s: s.x}, at=at).W.values[0, 0]
    return losses(W)[:, [k - 1 for k in GROUPS]].T


def draw(data: xr.Dataset) -> Any:
    """Two rows: the flow in t and in pi_k t; sign descent, and the averages."""
    import matplotlib.pyplot as plt

    figure, ((apart, together), (sign, average)) = plt.subplots(2, 2, figsize=(6.6, 5.0))
    marks = ("o", "s", "^", "D")
    for colour, mark, k in zip(COLOURS, marks, data.k.values, strict=False):
        at = data.sel(k=k)
        apart.loglog(data.t, at.flow, color=colour, label=f"$k = {k}$")
        together.loglog(data.t * at.frequency, at.flow, color=colour, lw=3 - 0.6 * marks.index(mark), alpha=0.6)
        together.loglog(data.n * data.eta * at.frequency, at.descent, mark, ms=3, color=colour, mfc="none")
        size = 7 - 1.5 * marks.index(mark)
        sign.semilogy(data.s, at.sign_descent, mark, ms=size, color=colour, mfc="none", label=f"$k = {k}$")
    sign.semilogy(data.t, data.sign, color="0.3", lw=0.8, zorder=1)
    apart.set(
        xlabel="time $t$", ylabel="loss of class $k$ (nat)", title="(a) Gradient flow, $\\pi_k \\propto 1/k$, $c = 100$"
    )
    apart.set_ylim(1e-4, 10)
    apart.legend()
    together.set(
        xlabel="$\\pi_k t$  (marks: gradient descent, $\\pi_k\\eta n$)", title="(b) The same: one curve in $\\pi_kt$"
    )
    together.set_ylim(1e-4, 10)
    sign.set(
        xlabel="time $t$  (marks: sign descent, $\\eta n$)",
        ylabel="loss of class $k$ (nat)",
        title="(c) Sign descent: one curve in $t$",
    )
    sign.set_xlim(0, 10.4)
    sign.set_ylim(1e-7, 10)
    sign.legend()
    average.semilogx(data.t, data.average_flow, color=COLOURS[0], label="gradient flow")
    average.semilogx(data.t, data.average_sign, "--", color=COLOURS[1], label="sign descent")
    average.set(xlabel="time $t$", ylabel="average loss (nat)", title="(d) Average over the classes, $c = 1000$")
    average.legend()
    return figure
