r"""Class imbalance: gradient flow brings every class down in its own time, sign descent all of them together.

(a) Losses of four of 100 classes under gradient flow, frequencies proportional to 1/k: late curves of slope -1, each shifted by
1/pi_k. (b) The same against pi_k t: one curve, between the two bounds that make the published Theta(1/(pi_k t)) explicit. Marks:
gradient descent with the step 0.2/pi_1, against pi_k eta n. (c) Sign descent with the step 0.05, the same four classes, on the
closed form log(1 + 99 e^-2t). (d) Average loss of 1000 classes: under the flow it falls like the logarithm of t until t is about
c H_c = 7485, as it must by its lower bound; under sign descent it is gone at t = 5.
"""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive.class_imbalance import methods
from gradproof.experiments.adaptive.class_imbalance.methods import zipf
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
    descent = _descent(methods.gradient_descent(methods.one_hot(pi, np.eye(C)), eta), at)
    signs = _descent(methods.sign_descent(methods.one_hot(pi, np.eye(C)), 0.05), list(range(20, 201, 20)))
    many = zipf(1000)
    average = [many @ separable_ode.losses(999, 1000 * many * s)[0] for s in (*t, 1000.0)]
    sign, average_sign = ([float(paper.SIGN_FLOW.bound(c=c, t=float(s))) for s in t] for c in (C, 1000))
    tau = np.geomspace(1e-3, t[-1] * pi[0], 121)
    low, high = ([float(of.bound(c=C, pi=1.0, t=float(s))) for s in tau] for of in (paper.GF_LOWER, paper.GF_UPPER))
    coarse = t[::10]
    below = [float(paper.ZIPF_AVERAGE.bound(pi=many.tolist(), t=float(s))) for s in coarse]
    curves = {
        "low": ("tau", low), "high": ("tau", high), "average_below": ("coarse", below),
        "flow": (("k", "t"), flow), "descent": (("k", "n"), descent), "sign_descent": (("k", "s"), signs), "sign": ("t", sign),
        "average_flow": ("t", average[:-1]), "average_sign": ("t", average_sign), "average_at_1000": ((), average[-1]),
    }  # fmt: skip
    return xr.Dataset(
        {name: (*curve, {"units": "nat"}) for name, curve in curves.items()}
        | {"frequency": ("k", pi[[k - 1 for k in GROUPS]])},
        coords={"k": list(GROUPS), "t": t, "n": at, "tau": tau, "coarse": coarse, "s": 0.05 * np.arange(20, 201, 20)},
        attrs={"source": "Kunstner et al. (2024), arXiv:2402.19449", "eta": eta},
    )


def _descent(method: Method, at: list[int]) -> np.ndarray:
    """Losses of the groups at some steps, (group, step)."""
    W = run(method, methods.zeros(C), at[-1], record={"W": lambda s: s.x}, at=at).W.values[0, 0]
    return methods.losses(W)[:, [k - 1 for k in GROUPS]].T


def draw(data: xr.Dataset) -> Any:
    """Two rows: the flow in t and in pi_k t; sign descent, and the averages."""
    import matplotlib.pyplot as plt

    figure, ((apart, together), (sign, average)) = plt.subplots(2, 2, figsize=(6.6, 5.0))
    marks = ("o", "s", "^", "D")
    styles = dict(zip(marks, ("-", "--", "-.", ":"), strict=True))
    together.fill_between(data.tau, data.low, data.high, color="0.85", lw=0, label="between the bounds")
    for colour, mark, k in zip(COLOURS, marks, data.k.values, strict=False):
        at = data.sel(k=k)
        apart.loglog(data.t, at.flow, styles[mark], color=colour, label=f"$k = {k}$")
        together.loglog(data.t * at.frequency, at.flow, color=colour, lw=3 - 0.6 * marks.index(mark), alpha=0.6)
        together.loglog(data.n * data.eta * at.frequency, at.descent, mark, ms=3, color=colour, mfc="none")
        size = 7 - 1.5 * marks.index(mark)
        sign.semilogy(data.s, at.sign_descent, mark, ms=size, color=colour, mfc="none", label=f"$k = {k}$")
    sign.semilogy(data.t, data.sign, color="0.3", lw=0.8, zorder=1)
    apart.set(xlabel="time $t$", ylabel="loss of class $k$ (nat)", ylim=(1e-4, 10))
    apart.set_title(r"(a) Gradient flow, $\pi_k \propto 1/k$, $c = 100$")
    apart.legend()
    together.set(xlabel=r"$\pi_k t$  (marks: gradient descent, $\pi_k\eta n$)", ylim=(1e-4, 10))
    together.legend(loc="lower left")
    together.set_title(r"(b) The same: one curve in $\pi_kt$")
    sign.set(xlabel=r"time $t$  (marks: sign descent, $\eta n$)", ylabel="loss of class $k$ (nat)")
    sign.set(xlim=(0, 10.4), ylim=(1e-7, 10), title="(c) Sign descent: one curve in $t$")
    sign.legend()
    average.semilogx(data.t, data.average_flow, color=COLOURS[0], label="flow")
    average.semilogx(data.coarse, data.average_below, ":", color="0.2", label="its lower bound")
    average.semilogx(data.t, data.average_sign, "--", color=COLOURS[1], label="sign descent")
    average.set(xlabel="time $t$", ylabel="average loss (nat)", title="(d) Average over the classes, $c = 1000$")
    average.legend()
    return figure
