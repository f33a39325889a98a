"""Runs at a privacy on real data: bounds on logistic regression with a regulariser that is not convex, and both methods tuned."""

from __future__ import annotations

import math
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import Sample, cases, measure, without
from gradproof.experiments.engine.run import run
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.experiments.privacy.diff2 import methods
from gradproof.solvers.gaussian_budget import mu_between
from gradproof.theory.privacy import diff2 as paper
from gradproof.theory.privacy.diff2 import formulas

DELTA = F(1, 10**5)
#: of a row of norm 1: the gradient, and the Hessian of the logistic loss; 2 bounds the second derivative of x^2/(1 + x^2)
G, CURVATURE, L = 1.0, 0.25, 0.25 + 2 * at.LAM


@cache
def privacy(eps: int) -> float:
    """The largest mu of (eps, 10^-5), by exact accounting."""
    return float(mu_between(F(eps), DELTA)[0])


def squares(
    problem: Any, on: Backend, words: np.ndarray, x0: np.ndarray, noise: tuple[float, float], R: int, T: int, eta: float,
    radii: tuple[float, float], *, every: int = 1,
) -> np.ndarray:  # fmt: skip
    """|grad f(x_r)|^2 (seed, recorded rounds); T = 1 is private gradient descent. A run that diverges has infinities or NaNs.

    Args:
        words: keys (1, seed, 2). noise: sigma_1 and tau. radii: clip radii of gradients and of differences over the step.
    """
    seeds, d = words.shape[1], len(x0)
    moved, stream = on.move((problem, words))
    with on.scope():
        method = methods.diff2(moved, eta, T, *noise, *radii)
    start = on.asarray(np.broadcast_to(x0, (1, seeds, d)).copy())
    record = {"g": lambda s: (methods.gradient(moved, s.x) ** 2).sum(-1)}
    draw = ahead(stream, lambda source: methods.noise(source, d), block=16)
    return np.asarray(run(method, start, R, draw=draw, record=record, every=every).g.values[0])


RUN = ("smooth", "lower-bounded", "unclipped", "gaussian-noise", "own-step")
DIFF2, DESCENT = (*RUN, "restarts", "calibrated"), (*RUN, "fresh-gradients")
CANCER = cases(name="breast_cancer", eps=[3, 5], R=60, seeds=12)
A9A = cases(name="a9a", eps=[3, 5], R=100, seeds=4)
MILLION = cases(name="synthetic", n=10**6, d=50, eps=[1, 3], R=400, T=[20, 100], seeds=4)


@measure(paper.PRIVATE_UTILITY, MILLION.guaranteeing(*DIFF2), budget="gpu", name="mean_on_a_million")
@measure(paper.PRIVATE_UTILITY, A9A.let(T=lambda: 25).guaranteeing(*DIFF2), budget="full", name="mean_on_a9a")
@measure(paper.PRIVATE_UTILITY, CANCER.let(T=lambda: 12).guaranteeing(*DIFF2))
@measure(paper.DPGD, A9A.guaranteeing(*DESCENT), budget="full", name="mean_of_descent_on_a9a")
@measure(paper.DPGD, CANCER.guaranteeing(*DESCENT), name="mean_of_descent_on_data")
def mean_on_data(
    name: str, eps: int, R: int, seeds: int, keys: Any, backend: str, T: int = 1, n: int = 0, d: int = 0
) -> Any:
    r"""The mean squared gradient at $(\varepsilon, 10^{-5})$ and the claim's step, logistic regression."""
    problem, mu = at.synthetic(n, d) if n else at.logistic(name), privacy(eps)
    n, d = problem.rows.shape
    sigma, tau = at.noises(G, L, n, mu, R, T)
    eta = 1 / L if T == 1 else formulas.step_size(L, tau, d, T)
    found = squares(problem, array_library(backend), keys(seeds=seeds), np.zeros(d), (sigma, tau), R, T, eta, (G, L))
    known = {"L": L, "G": G, "Delta": math.log(2), "d": d, "n": n, "mu": mu, "s": T / R, "sigma": sigma}
    return Sample(found[:, :R].mean(axis=1)), known


# --- both methods tuned -------------------------------------------------------------------------------------------------

Setting = tuple[int, int, float]  # R, T, eta
ROUNDS = (20, 60, 200, 600)
GRID = tuple((R, T, eta) for R in ROUNDS for T in (1, 2, 5, 20, 60) if R % T == 0 for eta in (8.0, 4.0, 1.0, 0.25))
#: where ``tune`` ends on breast_cancer at (3, 10^-5)
BEST: dict[str, Setting] = {"descent": (200, 1, 4.0), "diff2": (60, 2, 4.0)}


def final(name: str, eps: int, setting: Setting, words: np.ndarray, on: Backend, *, scale: float = 1.0) -> np.ndarray:
    """The squared gradient at the end, one a seed, clipped at radii that are never reached; ``scale`` times the noise."""
    problem, (R, T, eta) = at.logistic(name), setting
    n, d = problem.rows.shape
    noise = at.noises(G, CURVATURE, n, privacy(eps), R, T)
    quiet = (scale * noise[0], scale * noise[1])
    return squares(problem, on, words, np.zeros(d), quiet, R, T, eta, (G, CURVATURE), every=R)[:, -1]


def tune(name: str, eps: int, words: np.ndarray, on: Backend, grid: tuple[Setting, ...] = GRID) -> dict[str, Setting]:
    """The settings with the least mean squared gradient at the end, of descent and of DIFF2."""
    means = {s: float(final(name, eps, s, words, on).mean()) for s in grid}
    ours = {True: "descent", False: "diff2"}
    return {what: min((s for s in grid if (s[1] == 1) is alone), key=means.__getitem__) for alone, what in ours.items()}


TUNED = ("gaussian-noise", "restarts", "whole-periods", "equal-privacy", "best-of-grid")


CHOSEN = cases(name="breast_cancer", eps=3, seeds=24)


@measure(
    paper.BREAST_CANCER,
    CHOSEN.let(eps=lambda: 3, seeds=lambda: 48).guaranteeing(*TUNED),
    budget="full",
    name="ratio_after_tuning",
)
@measure(paper.BREAST_CANCER, CHOSEN.guaranteeing(*TUNED))
def ratio_of_tuned_methods(
    name: str, eps: int, seeds: int, keys: Any, backend: str, budget: str, scale: float = 1.0, rounds: int = 0
) -> Any:
    """The ratio at the settings that the grid's run has found best; at full that run comes first."""
    on = array_library(backend)
    found = BEST if budget == "quick" else tune(name, eps, keys("tuning", seeds=10), on)
    chosen = (rounds, 20, 4.0) if rounds else found["diff2"]
    ours = final(name, eps, chosen, keys("diff2", seeds=seeds), on, scale=scale)
    return Sample(final(name, eps, found["descent"], keys("descent", seeds=seeds), on) / ours)


quieter = CHOSEN.let(scale=lambda: 0.1, rounds=lambda: 200).guaranteeing(*(a for a in TUNED if a != "equal-privacy"))
without(paper.BREAST_CANCER, "equal-privacy", ratio_of_tuned_methods, quieter)

# --- the published grid --------------------------------------------------------------------------------------------------


def published_run(
    name: str, C_1: float, C_2: float, T: int, eta: float, eps: int, R: int, words: np.ndarray, on: Backend
) -> np.ndarray:
    """The published network and noise: |grad f|^2 (seed, rounds 0, 20, ...), clipped at C_1 and C_2; T = 1 is descent."""
    problem = at.network(name)
    n, p = problem.rows.shape
    d, share = problem.width * (p + 1) + 1, float(1 / at.GRID["u"]) if T > 1 else 1.0  # type: ignore[operator]
    mu = formulas.published_budget(eps, formulas.published_order(eps, float(DELTA))) ** 0.5
    variances = (
        formulas.restart_variance(C_1, n, mu, R / T, share),
        formulas.difference_variance(C_2, n, mu, R, share) if T > 1 else 0.0,
    )
    x0 = np.random.default_rng(0).uniform(-1, 1, d) / math.sqrt(p)
    return squares(problem, on, words, x0, (variances[0] ** 0.5, variances[1] ** 0.5), R, T, eta, (C_1, C_2), every=20)
