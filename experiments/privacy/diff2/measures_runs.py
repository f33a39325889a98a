"""Runs at a privacy on real data: bounds on logistic regression with a regulariser that is not convex, and both methods tuned."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import Sample, cases, measure, without
from gradproof.experiments.engine.run import run
from gradproof.experiments.privacy.diff2 import accounting, methods
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.theory.privacy import diff2 as paper
from gradproof.theory.privacy.diff2 import formulas

DELTA = F(1, 10**5)
#: of a row of norm 1: the gradient, and the Hessian of the logistic loss; 2 bounds the second derivative of x^2/(1 + x^2)
G, CURVATURE, L = 1.0, 0.25, 0.25 + 2 * at.LAM


@cache
def privacy(eps: int) -> float:
    """The largest mu of (eps, 10^-5), by exact accounting."""
    return float(accounting.mu_between(F(eps), DELTA)[0])


def squares(
    problem: Any, on: Backend, words: np.ndarray, x0: np.ndarray, n: int, mu: float, R: int, T: int, eta: float,
    radii: tuple[float, float], *, scale: float = 1.0, every: int = 1,
) -> np.ndarray:  # fmt: skip
    """|grad f(x_r)|^2 (seed, recorded rounds) of runs whose noise spends mu; T = 1 is private gradient descent.

    Args:
        words: keys (1, seed, 2). radii: clip radii of gradients and of differences over the step. scale: of the noise.
    """
    sigma, tau = (scale * s for s in at.noises(*radii, n, mu, R, T))
    seeds, d = words.shape[1], len(x0)
    moved, stream = on.move((problem, words))
    with on.scope():
        method = methods.diff2(moved, eta, T, sigma, tau, *radii)
    start = on.asarray(np.broadcast_to(x0, (1, seeds, d)).copy())
    record = {"g": lambda s: (methods.gradient(moved, s.x) ** 2).sum(-1)}
    draw = ahead(stream, lambda source: methods.noise(source, d), block=16)
    out = run(method, start, R, draw=draw, record=record, every=every)
    return np.asarray(out.g.values[0])


def own_step(mu: float, n: int, d: int, R: int, T: int) -> float:
    """The step of the claims, for L."""
    return 1 / L if T == 1 else formulas.step_size(L, float(formulas.difference_variance(L, n, mu, R)) ** 0.5, d, T)


RUN = ("smooth", "lower-bounded", "unclipped", "gaussian-noise", "own-step")
CANCER = cases(name="breast_cancer", eps=[3, 5], R=60, T=12, seeds=12)
A9A = cases(name="a9a", eps=[3, 5], R=100, T=25, seeds=4)


@measure(paper.PRIVATE_UTILITY, A9A.guaranteeing(*RUN, "restarts", "calibrated"), budget="full", name="mean_on_a9a")
@measure(paper.PRIVATE_UTILITY, CANCER.guaranteeing(*RUN, "restarts", "calibrated"))
def mean_on_data(name: str, eps: int, R: int, T: int, seeds: int, keys: Any, backend: str) -> Any:
    r"""The mean squared gradient of calibrated DIFF2 on breast_cancer, and on a9a, at $(\varepsilon, 10^{-5})$."""
    problem, mu = at.logistic(name), privacy(eps)
    n, d = problem.rows.shape
    found = squares(
        problem, array_library(backend), keys(seeds=seeds), np.zeros(d), n, mu, R, T, own_step(mu, n, d, R, T), (G, L)
    )
    known = {"L": L, "G": G, "Delta": math.log(2), "d": d, "n": n, "mu": mu, "s": T / R}
    return Sample(found[:, :R].mean(axis=1)), known


@measure(paper.DPGD, A9A.guaranteeing(*RUN, "fresh-gradients"), budget="full", name="mean_of_descent_on_a9a")
@measure(paper.DPGD, CANCER.guaranteeing(*RUN, "fresh-gradients"))
def mean_of_descent_on_data(name: str, eps: int, R: int, seeds: int, keys: Any, backend: str) -> Any:
    r"""The mean squared gradient of private gradient descent on the same."""
    problem, mu = at.logistic(name), privacy(eps)
    n, d = problem.rows.shape
    found = squares(problem, array_library(backend), keys(seeds=seeds), np.zeros(d), n, mu, R, 1, 1 / L, (G, L))
    sigma = float(formulas.dpgd_variance(G, n, mu, R)) ** 0.5
    return Sample(found[:, :R].mean(axis=1)), {"L": L, "Delta": math.log(2), "d": d, "sigma": sigma}


def synthetic(n: int, d: int, seed: int = 0) -> methods.Logistic:
    """Normal rows of norm 1 with labels of a logistic model."""
    rng = np.random.default_rng([n, d, seed])
    rows = rng.normal(size=(n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = np.where(rng.uniform(size=n) < 1 / (1 + np.exp(-4 * rows @ rng.normal(size=d))), 1.0, -1.0)
    return methods.Logistic(rows * labels[:, None], np.ones(n), at.LAM)


@measure(
    paper.PRIVATE_UTILITY,
    cases(n=10**6, d=50, eps=[1, 3], R=400, T=[20, 100], seeds=4).guaranteeing(*RUN, "restarts", "calibrated"),
    budget="gpu",
)
def mean_on_a_million(n: int, d: int, eps: int, R: int, T: int, seeds: int, keys: Any, backend: str) -> Any:
    r"""The mean squared gradient on synthetic logistic regression."""
    problem, mu = synthetic(n, d), privacy(eps)
    found = squares(
        problem, array_library(backend), keys(seeds=seeds), np.zeros(d), n, mu, R, T, own_step(mu, n, d, R, T), (G, L)
    )
    return Sample(found[:, :R].mean(axis=1)), {"L": L, "G": G, "Delta": math.log(2), "mu": mu, "s": T / R}


# --- both methods tuned -------------------------------------------------------------------------------------------------

Setting = tuple[int, int, float]  # R, T, eta
ROUNDS = (20, 60, 200, 600)
GRID = tuple((R, T, eta) for R in ROUNDS for T in (1, 2, 5, 20, 60) if R % T == 0 for eta in (8.0, 4.0, 1.0, 0.25))
#: where ``tune`` ends on breast_cancer at (3, 10^-5)
BEST: dict[str, Setting] = {"descent": (200, 1, 4.0), "diff2": (60, 2, 4.0)}


def final(name: str, eps: int, setting: Setting, words: np.ndarray, on: Backend) -> np.ndarray:
    """The squared gradient at the end, one a seed, clipped at radii that are never reached."""
    problem, (R, T, eta) = at.logistic(name), setting
    n, d = problem.rows.shape
    return squares(problem, on, words, np.zeros(d), n, privacy(eps), R, T, eta, (G, CURVATURE), every=R)[:, -1]


def tune(name: str, eps: int, words: np.ndarray, on: Backend, grid: tuple[Setting, ...] = GRID) -> dict[str, Setting]:
    """The settings with the least mean squared gradient at the end, of descent and of DIFF2."""
    means = {s: float(final(name, eps, s, words, on).mean()) for s in grid}
    ours = {True: "descent", False: "diff2"}
    return {what: min((s for s in grid if (s[1] == 1) is alone), key=means.__getitem__) for alone, what in ours.items()}


TUNED = ("gaussian-noise", "restarts", "whole-periods", "equal-privacy", "best-of-grid")


@measure(paper.BREAST_CANCER, cases(name="breast_cancer", eps=3, seeds=24).guaranteeing(*TUNED))
def ratio_of_tuned_methods(name: str, eps: int, seeds: int, keys: Any, backend: str) -> Any:
    """The ratio at the settings that the grid's run has found best."""
    on = array_library(backend)
    ends = {what: final(name, eps, BEST[what], keys(what, seeds=seeds), on) for what in BEST}
    return Sample(ends["descent"] / ends["diff2"])


@measure(paper.BREAST_CANCER, cases(name="breast_cancer", eps=[3, 5], seeds=48).guaranteeing(*TUNED), budget="full")
def ratio_after_tuning(name: str, eps: int, seeds: int, keys: Any, backend: str) -> Any:
    """The ratio at the settings that are best in ten other runs each."""
    on = array_library(backend)
    found = tune(name, eps, keys("tuning", seeds=10), on)
    ends = {what: final(name, eps, found[what], keys(what, seeds=seeds), on) for what in found}
    return Sample(ends["descent"] / ends["diff2"])


def ratio_of_less_noise(name: str, eps: int, seeds: int, keys: Any, backend: str) -> Any:
    """DIFF2 with the noise of ten times the budget."""
    on, problem = array_library(backend), at.logistic(name)
    n, d = problem.rows.shape
    quieter = squares(
        problem, on, keys("quiet", seeds=seeds), np.zeros(d), n, privacy(eps), 200, 20, 4.0, (G, CURVATURE),
        scale=0.1, every=200,
    )  # fmt: skip
    return Sample(final(name, eps, BEST["descent"], keys("descent", seeds=seeds), on) / quieter[:, -1])


without(paper.BREAST_CANCER, "equal-privacy", ratio_of_less_noise, cases(name="breast_cancer", eps=3, seeds=24).guaranteeing(
    *(a for a in TUNED if a != "equal-privacy")))  # fmt: skip


# --- the published grid --------------------------------------------------------------------------------------------------


def published_run(
    name: str, C_1: float, C_2: float, T: int, eta: float, eps: int, R: int, words: np.ndarray, on: Backend
) -> np.ndarray:
    """The published network and noise: |grad f|^2 (seed, rounds 0, 20, ...), clipped at C_1 and C_2; T = 1 is descent.

    A run that diverges has infinities or NaNs.
    """
    problem = at.network(name)
    n, d = len(problem.targets), problem.width * (problem.rows.shape[1] + 1) + 1
    alpha = formulas.published_order(eps, float(DELTA))
    mu2, share = formulas.published_budget(eps, alpha), 1 / float(at.GRID["u"])  # type: ignore[arg-type]
    restarts = math.ceil(R / T)
    sigma = (4 * C_1**2 * restarts / ((share if T > 1 else 1.0) * n * n * mu2)) ** 0.5
    tau = (4 * C_2**2 * R / ((1 - share) * n * n * mu2)) ** 0.5
    x0 = np.random.default_rng(0).uniform(-1, 1, d) / math.sqrt(problem.rows.shape[1])
    moved, stream = on.move((problem, words))
    with on.scope():
        method = methods.diff2(moved, eta, T, sigma, tau, C_1, C_2)
    start = on.asarray(np.broadcast_to(x0, (1, words.shape[1], d)).copy())
    record: dict[str, Callable[[Any], Any]] = {"g": lambda s: (methods.gradient(moved, s.x) ** 2).sum(-1)}
    out = run(method, start, R, draw=ahead(stream, lambda z: methods.noise(z, d), block=16), record=record, every=20)
    return np.asarray(out.g.values[0])
