"""Runs of the adaptive search: log-sum-exp, regressions on real data, nonlinear equations; every step counted, in floats."""

from collections.abc import Callable
from fractions import Fraction as F
from functools import lru_cache, partial
from typing import Any

import numpy as np

from gradproof.experiments.adaptive.gradient_normalized_smoothness import problems
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import Walk, norm, trial, walk
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import around, cases, measure, rounded
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
from gradproof.theory.claim import Claim

EPS = 2.0**-52
UP = 1 + 1e-9  # of constants that are read of a run: theirs is the other side of the rounding

#: card's instance, real data, nonlinear equations
QUICK = {
    "log-sum-exp": problems.small_lse,
    "log-sum-exp, Gauss-Newton": partial(problems.small_lse, kind="gauss-newton"),
    "log-sum-exp, no Hessian": partial(problems.small_lse, kind="gradient"),
    "breast_cancer": problems.regression,
    "breast_cancer, Fisher": partial(problems.regression, kind="fisher"),
    "Rosenbrock": problems.powers_of_rosenbrock,
    "Rosenbrock, first term": partial(problems.powers_of_rosenbrock, kind="first"),
    "Chebyshev": problems.powers_of_chebyshev,
}
FULL = {
    "log-sum-exp of the paper": problems.published_lse,
    "log-sum-exp of the paper, Gauss-Newton": partial(problems.published_lse, kind="gauss-newton"),
    "mushrooms": partial(problems.regression, name="mushrooms", until=1e-3),
    "mushrooms, Fisher": partial(problems.regression, name="mushrooms", kind="fisher", until=1e-3),
    "equations": problems.linear_equations,
    "equations, first term": partial(problems.linear_equations, kind="first"),
    "Chebyshev, n = 1000": partial(problems.powers_of_chebyshev, n=1000),
    "Rosenbrock, p = 5": partial(problems.powers_of_rosenbrock, p=5.0),
    "Rosenbrock, Fisher": partial(problems.powers_of_rosenbrock, kind="fisher"),
}
GPU = {
    "digits, softmax, Fisher": problems.digit_regression,
    "log-sum-exp of 10^5 rows": partial(problems.published_lse, size=100, rows=100_000),
}


@lru_cache(maxsize=64)
def searched(make: problems.Maker, backend: str, c: float = 8.0, limit: int = 2000) -> tuple[Walk, float]:
    """A search from the problem's start to its target, and the problem's lower bound."""
    on = array_library(backend)
    with on.scope():
        start = make(on)
        found = walk(start.problem, start.x0, lambda f, g: f <= start.until, c=c, limit=limit, backend=backend)
    return found, start.least


def least_M(w: Walk, alpha: float) -> float:
    return float((w.g[:-1] ** alpha / w.gamma).max()) * UP


# --- any function ---------------------------------------------------------------------------------------------------------

RUN = ("progress", "power_radius", "bounded_below", "gradient_above")


def sum_of_a_run(on, alpha, backend, share=1.0):
    """$\\sum|g_{k+1}|^2/|g_k|^{1-\\alpha}$ of a search."""
    w, least = searched(on, backend)
    terms = w.g[1:] ** 2 / w.g[:-1] ** (1 - alpha)
    return rounded(float(terms.sum()), 10**5 + len(terms)), {"M": least_M(w, alpha), "Delta": share * (w.f[0] - least)}


def steps_of_a_run(on, alpha, backend, share=1.0):
    """$K$ of a search, with the least gradient up to there as $\\varepsilon$: where $K\\varepsilon^{1+\\alpha}$ is largest."""
    w, least = searched(on, backend)
    eps = np.minimum.accumulate(w.g)
    K = int((np.arange(len(eps)) * eps ** (1 + alpha)).argmax())
    at = {"M": least_M(w, alpha), "alpha": alpha, "Delta": share * (w.f[0] - least), "g0": w.g[0], "eps": eps[K]}
    return K, at


def weighted_steps_of_a_run(on, alpha, backend, share=1.0):
    """$\\varepsilon^{1+\\alpha}(K - (1-\\alpha)\\log(|g_0|/\\varepsilon))$ of a search, up to where this is largest."""
    w, least = searched(on, backend)
    eps = np.minimum.accumulate(w.g)[1:]
    count = np.arange(1, len(w.g)) - (1 - alpha) * np.log(w.g[0] / eps)
    found = float((eps ** (1 + alpha) * count).max())
    return rounded(found, 10**5), {"M": least_M(w, alpha), "Delta": share * (w.f[0] - least)}


ALPHAS = [0.0, 0.5, 1.0]
BUDGETS = (("quick", QUICK, [0.5, 1.0]), ("full", FULL, ALPHAS), ("gpu", GPU, [0.5]))
for _claim, _measure in (
    (paper.PROGRESS_SUM, sum_of_a_run), (paper.NONCONVEX_RATE, steps_of_a_run), (paper.NONCONVEX_COUNT, weighted_steps_of_a_run),
):  # fmt: skip
    for _budget, _problems, _alphas in BUDGETS:
        _where = cases(on=_problems, alpha=_alphas).guaranteeing(*RUN)
        measure(_claim, _where, budget=_budget, name="" if _budget == "quick" else f"{_measure.__name__}_{_budget}")(
            _measure
        )


def trials_of_a_run(on, backend, share=1.0):
    """Trials of a search, less the logarithm of the ratio of the first and the next trial, which are powers of two."""
    w, _ = searched(on, backend)
    return w.trials + int(np.log2(w.next_gamma)), {"K": len(w.gamma)}


for _budget, _problems, _ in BUDGETS:
    measure(
        paper.SEARCH_COST,
        cases(on=_problems).guaranteeing("search"),
        budget=_budget,
        name="" if _budget == "quick" else f"trials_{_budget}",
    )(trials_of_a_run)

# --- log-sum-exp, which is convex and least at 0 -----------------------------------------------------------------------------

CONVEX = ("convex_progress", "power_radius", "convex", "diameter", "steep", "ball", "value_above", "contraction")
KINDS = {k: v for k, v in QUICK.items() if k.startswith("log-sum-exp")}
LARGE = {k: v for k, v in FULL.items() if k.startswith("log-sum-exp")}


def along_a_run(on, alpha, backend):
    """Parameters of a search with the constant of convex functions, its values above the least one, and the error of these."""
    w, least = searched(on, backend, 2.0)
    above = w.f - least
    far = np.linalg.norm(w.x, axis=-1) * UP
    at = {"M": least_M(w, alpha), "alpha": alpha, "g0": w.g[0], "F0": above[0]}
    return w, above, far, at


def contracted_by(w, above, far, at, K):
    """$F_K|g_K|^\\theta/(F_0|g_0|^\\theta)$ and the parameters; the rounding is that of values whose least one is taken off."""
    D, a = far[1 : K + 1].max(), (w.g[1 : K + 1] ** at["alpha"]).min() / UP
    c = a / (2 * at["M"] * D)
    theta = (1 - at["alpha"]) * c / (1 + c)
    found = above[K] / above[0] * (w.g[K] / w.g[0]) ** theta
    return around(float(found), float(found * 200 * EPS * (abs(w.f[0]) + 1) / above[K])), at | {"D": D, "a": a, "K": K}


def contraction_of_a_run(on, alpha, backend):
    """$F_K|g_K|^\\theta/(F_0|g_0|^\\theta)$ after one step of a search, and after all."""
    w, above, far, at = along_a_run(on, alpha, backend)
    for K in (1, len(w.gamma)):
        yield contracted_by(w, above, far, at, K)


def logarithms_of_a_run(on, alpha, backend):
    """$K$ of a search, with the logarithms of what was lost."""
    w, above, far, at = along_a_run(on, alpha, backend)
    K = len(w.gamma)
    _, more = contracted_by(w, above, far, at, K)
    return K, more | {"logF": np.log(above[0] / above[-1]) * UP, "logG": (1 - alpha) * np.log(w.g[0] / w.g[-1])}


def steps_to_a_value(on, alpha, backend):
    """$K$ of a search, with the last value as $\\varepsilon$."""
    w, above, far, at = along_a_run(on, alpha, backend)
    return len(w.gamma), at | {"D": far.max(), "eps": above[-1] / UP}


CONVEX_RUNS: tuple[tuple[Claim, Callable[..., Any]], ...] = (
    (paper.CONVEX_CONTRACTION, contraction_of_a_run), (paper.CONVEX_COUNT, logarithms_of_a_run),
    (paper.CONVEX_RATE, steps_to_a_value),
)  # fmt: skip
for _convex, _counted in CONVEX_RUNS:
    measure(_convex, cases(on=KINDS, alpha=ALPHAS).guaranteeing(*CONVEX))(_counted)
    measure(
        _convex, cases(on=LARGE, alpha=ALPHAS).guaranteeing(*CONVEX), budget="full", name=f"{_counted.__name__}_full"
    )(_counted)


@measure(paper.TABLE, cases(on=KINDS, alpha=[0.5]).guaranteeing(*CONVEX, "approximate_hessian"))
def steps_by_the_rule(on, alpha, backend):
    """$K$ with the radius that the constants of the function allow, no search: $L_2 = 2R^3/\\mu^2$, $R$ the longest row."""
    library = array_library(backend)
    start, mu, R = on(library), 0.5, float(np.linalg.norm(problems.small_rows(), axis=-1).max())
    exact = on is QUICK["log-sum-exp"]
    flat = on is QUICK["log-sum-exp, no Hessian"]
    M, C1, C2 = ((R**3 / mu**2) ** 0.5, R**2 / mu * flat, R / mu * (not exact and not flat))
    values: list[float] = []
    slopes: list[float] = []
    x, far = library.asarray(start.x0[None]), 0.0
    while not values or values[-1] > 1e-6:
        g = start.problem.gradient(x)
        values.append(float(start.problem.value(x)[0, 0]) - start.least)
        slopes.append(float(norm(g)[0, 0]))
        far = max(far, float(norm(x)[0, 0]))
        x = trial(start.problem, x, g, norm(g) * 0 + 1 / (M * slopes[-1] ** -alpha + C1 / slopes[-1] + C2))
    at = {"M": M, "alpha": alpha, "C1": C1, "C2": C2, "beta": 0.0, "D": far * UP, "g0": slopes[0], "F0": values[0]}
    for K in (5, len(values) - 2):
        yield K, at | {"eps": values[K] / UP}


# --- the search beside its sure radii ----------------------------------------------------------------------------------------


@measure(paper.SEARCH_RADIUS, cases(gamma0=[F(1), F(1, 256), F(256)]).guaranteeing("search", "valid_radii"))
def radii_of_a_run(gamma0, backend):
    """$\\gamma_k$ of the search on log-sum-exp, each a power of two, beside the least radius that $L_2$ makes sure of."""
    on = array_library(backend)
    start, R = problems.small_lse(on), float(np.linalg.norm(problems.small_rows(), axis=-1).max())
    w = walk(start.problem, start.x0, lambda f, g: f <= start.until, gamma0=float(gamma0), backend=backend)
    sure = float(np.sqrt(2 * w.g[:-1].min() / (8 * R**3)))
    return F(w.gamma.min()), {"gamma0": gamma0, "low": F(sure / UP)}
