r"""Gradient-normalized smoothness: how far a linearised gradient can be trusted, and what a wrong Hessian costs.

(a) Log-sum-exp (12 rows, 4 unknowns, mu = 1/2): values above the least one by steps of the adaptive search (constant of
convex functions), with the Hessian, with Gauss-Newton and without. (b) The radius of the logistic loss along the line, enclosed
to nine digits, with its lower bounds by the Lipschitz constant of the Hessian (the paper's) and by a constant; marks: radii that
the search takes from t = 4 on. (c) Regression on the breast cancer data: gradient norms by steps, with the Hessian and with
Fisher's matrix. (d) |x| from 1 with H = lambda = 16, a Hessian that is wrong by as much as the radius allows: steps down to a
value, exactly, and the two bounds for alpha = 0, by logarithms (`convex-count`) and with the factor e (`convex-rate`).
"""

from fractions import Fraction as F
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive.gradient_normalized_smoothness import measures_rates as rates
from gradproof.experiments.adaptive.gradient_normalized_smoothness import measures_runs as runs
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import LINES, radius_of, searched
from gradproof.experiments.adaptive.gradient_normalized_smoothness.measures_radius import size
from gradproof.paper_figures.style import COLOURS
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
from gradproof.theory.claim import Claim

POINTS = {"quick": 41, "full": 401}
KINDS = {"Hessian": "log-sum-exp", "Gauss-Newton": "log-sum-exp, Gauss-Newton", "no Hessian": "log-sum-exp, no Hessian"}
REGRESSIONS = {"Hessian": "breast_cancer", "Fisher's matrix": "breast_cancer, Fisher"}
STEPS = range(1, 32, 2)


def _padded(rows: list[Any]) -> np.ndarray:
    """Rows of different lengths, with NaN behind their ends."""
    out = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in zip(out, rows, strict=True):
        row[: len(values)] = values
    return out


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``above`` (kind, k); ``gamma``, ``lipschitz`` (t); ``at``, ``taken`` (step); ``slope`` (hessian, n); ``value``,
    ``logarithms``, ``with_e`` (steps)."""
    lse = [runs.along_a_run(runs.QUICK[name], 0.5, "numpy")[1] for name in KINDS.values()]
    line, t = LINES["logistic"], np.linspace(-8, 6, POINTS[budget])
    radii = [radius_of(line, F(s)) for s in t]
    slopes = [float(size(line, F(s))) for s in t]
    lipschitz = [float(paper.LIPSCHITZ_HESSIAN.bound(g=g, L2=float(line.L2 or 1))) ** 0.5 for g in slopes]
    xs, taken, _, _ = searched(line, F(4), F(1), 5)
    regressions = [runs.searched(runs.QUICK[name], "numpy")[0] for name in REGRESSIONS.values()]
    slides = [rates.sliding(F(1), F(1, 16), K) for K in STEPS]
    counted = [rates.counted_by_logarithms(slide, F(0))[1] for slide in slides]
    at = [rates.counted_to_a_value(slide, F(0))[1] for slide in slides]
    return xr.Dataset(
        {
            "above": (["kind", "k"], _padded(lse)),
            "gamma": (["t"], [float(r.high) for r in radii]), "lipschitz": (["t"], lipschitz),
            "at": (["step"], [float(x) for x in xs[:-1]]), "taken": (["step"], [float(r) for r in taken]),
            "slope": (["hessian", "n"], _padded([run.g for run in regressions])),
            "value": (["steps"], [float(slide.above[-1]) for slide in slides]),
            "logarithms": (["steps"], [_bound(paper.CONVEX_COUNT, known) for known in counted]),
            "with_e": (["steps"], [_bound(paper.CONVEX_RATE, known) for known in at]),
        },
        coords={"kind": list(KINDS), "t": t, "hessian": list(REGRESSIONS), "steps": list(STEPS)},
        attrs={"source": "Semenov, Jaggi, Doikov (2025), arXiv:2506.13710", "budget": budget,
               "constant": float(paper.LOGISTIC_RADIUS.bound())},
    )  # fmt: skip


def _bound(claim: Claim, known: dict[str, Any]) -> float:
    return float(claim.bound(**{p.name: float(known[p.name]) for p in claim.parameters}))


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, ((values, radius), (regression, steps)) = plt.subplots(2, 2, figsize=(6.75, 5.2))
    styles = ("-o", "--s", ":^")
    for i, kind in enumerate(data.kind.values):
        values.semilogy(data.above.sel(kind=kind), styles[i], ms=3, color=COLOURS[i], label=kind)
    values.set(xlabel="steps $k$", ylabel="$f(x_k) - f_*$", title="(a) Log-sum-exp", ylim=(1e-10, 1e3))
    values.legend(loc="upper right")

    radius.plot(data.t, data.gamma, "-", color=COLOURS[0], label=r"$\gamma(t)$, enclosed")
    radius.plot(data.t, data.lipschitz, "--", color=COLOURS[1], label=r"$\sqrt{2|g|/L_2}$")
    radius.axhline(data.attrs["constant"], ls=":", color=COLOURS[2], label="1.146193")
    radius.plot(data["at"], data.taken, "o", ms=4, color="black", label="taken by the search")
    radius.set(xlabel="$t$", ylabel="radius", title="(b) Logistic loss", xlim=(-8.5, 6.5), ylim=(0, 14))
    radius.legend(loc="upper left", ncols=2)

    for i, hessian in enumerate(data.hessian.values):
        slopes = data.slope.sel(hessian=hessian)
        regression.loglog(np.arange(data.sizes["n"]) + 1, slopes, styles[i][:-1], color=COLOURS[i], label=hessian)
    regression.set(xlabel="steps $k + 1$", ylabel="$|g_k|$", title="(c) Breast cancer data")
    regression.legend(loc="upper right")

    by_value = {"color": "black", "lw": 1.2}
    steps.semilogx(1 / data.value, data.with_e, "--", **by_value, label="bound with $e$")
    steps.semilogx(1 / data.value, data.logarithms, "-.", color=COLOURS[1], label="bound by logarithms")
    steps.semilogx(1 / data.value, data.steps, "o-", ms=3, color=COLOURS[0], label="steps")
    steps.set(xlabel="$F_0/F_K$", ylabel="$K$", title=r"(d) $|x|$ with $H = \lambda$", ylim=(0, None))
    steps.legend(loc="upper left")
    return figure
