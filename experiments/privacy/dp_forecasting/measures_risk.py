"""Measures of what noise costs linear forecasters: risks in rationals, stationary covariances, and drawn forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.privacy.dp_forecasting import methods
from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.privacy import dp_forecasting as paper

Vector = Sequence[F]


@dataclass(frozen=True)
class Series:
    """A stationary series by its autocovariances r_0, r_1, ...; zero after the last."""

    name: str
    r: tuple[F, ...]

    def toeplitz(self, p: int) -> list[list[F]]:
        return [[self.at(abs(i - j)) for j in range(p)] for i in range(p)]

    def at(self, k: int) -> F:
        return self.r[k] if k < len(self.r) else F(0)

    def cross(self, p: int) -> list[F]:
        return [self.at(k) for k in range(1, p + 1)]


def autoregressive(phi: F, length: int = 40) -> Series:
    """x_t = phi x_{t-1} + noise, of unit variance."""
    return Series(f"AR({phi})", tuple(phi**k for k in range(length)))


SMOOTH = autoregressive(F(9, 10))
AVERAGE = Series("moving average", (F(14), F(8), F(3), F(0)))
SERIES = {s.name: s for s in (SMOOTH, AVERAGE)}


def weights(series: Series, p: int, s2: F) -> list[F]:
    """(R + s2 I)^{-1} c, exactly."""
    R = series.toeplitz(p)
    entries = [R[i][j] + (s2 if i == j else 0) for i in range(p) for j in range(p)]
    matrix = flint.fmpq_mat(p, p, [flint.fmpq(x.numerator, x.denominator) for x in map(F, entries)])
    right = flint.fmpq_mat(p, 1, [flint.fmpq(x.numerator, x.denominator) for x in map(F, series.cross(p))])
    found = matrix.solve(right)
    return [F(int(found[i, 0].p), int(found[i, 0].q)) for i in range(p)]


def clean_risk(series: Series, w: Vector) -> F:
    """E(x_t - w'x)^2 with clean lags x."""
    R, c, p = series.toeplitz(len(w)), series.cross(len(w)), len(w)
    quadratic = sum((w[i] * R[i][j] * w[j] for i in range(p) for j in range(p)), F(0))
    return series.at(0) - 2 * sum((a * b for a, b in zip(w, c, strict=True)), F(0)) + quadratic


def noisy_risk(series: Series, w: Vector, s2: F, *, shared: bool = False) -> F:
    """The same with noise of variance s2 on each lag, its own or one for all lags."""
    size = sum(w, F(0)) ** 2 if shared else sum((x * x for x in w), F(0))
    return clean_risk(series, w) + s2 * size


LAGGED = cases(series=SERIES, p=[1, 3, 6], s2=[F(0), F(1, 4), F(2)]).let(shared=lambda: False, learned=lambda s2: s2)
FORECAST = ("least_squares", "independent_noise")


@measure(paper.IP_RISK, LAGGED.guaranteeing(*FORECAST))
def risk_of_the_best_weights(series, p, s2, shared, learned):
    """By its definition, as a quadratic in the weights: those that are best for the noise ``learned``."""
    best = weights(series, p, s2)
    explained = sum((a * b for a, b in zip(best, series.cross(p), strict=True)), F(0))
    return noisy_risk(series, weights(series, p, learned), s2, shared=shared), {"r0": series.at(0), "g": explained}


@measure(paper.ONE_LAG, LAGGED.where(lambda p: p == 1).guaranteeing(*FORECAST))
def risk_with_one_lag(series, s2, shared, learned):
    """The same with one lag."""
    w = [series.at(1) / (series.at(0) + learned)]
    return noisy_risk(series, w, s2, shared=shared), {"r0": series.at(0), "r1": series.at(1)}


@measure(paper.IP_RISK, cases(p=[1, 6], s2=[F(1, 4)]).guaranteeing(*FORECAST))
def drawn_forecast_errors(p, s2, rng, n=20_000):
    """Squared errors of the best weights on drawn Gaussian windows: squares of centred normal numbers."""
    series, best = SMOOTH, np.array([float(x) for x in weights(SMOOTH, p, s2)])
    root = np.linalg.cholesky(np.array([[float(x) for x in row] for row in series.toeplitz(p + 1)]))
    drawn = rng.standard_normal((n, p + 1)) @ root.T
    noisy = drawn[:, 1:] + float(s2) ** 0.5 * rng.standard_normal((n, p))
    explained = sum((a * b for a, b in zip(weights(series, p, s2), series.cross(p), strict=True)), F(0))
    return Sample((drawn[:, 0] - noisy @ best) ** 2, law="square of normal"), {"r0": F(1), "g": explained}


PRICED = cases(series=SERIES, p=[1, 6], s2=[F(1, 100), F(1, 4)]).let(shared=lambda: False, trained=lambda: True)
NOISY = ("least_squares_noisy", "independent_noise")


def trained_weights(series: Series, p: int, s2: F, trained: bool) -> list[F]:
    """The best weights, or none at all."""
    return weights(series, p, s2) if trained else [F(0)] * p


@measure(paper.IP_PRICE, PRICED.guaranteeing(*NOISY))
def price_of_noisy_inputs(series, p, s2, shared, trained):
    """Risk of the best weights on noisy lags, less that of the best on clean ones."""
    clean = weights(series, p, F(0))
    price = noisy_risk(series, trained_weights(series, p, s2, trained), s2, shared=shared) - clean_risk(series, clean)
    return price, {"w2": sum(x * x for x in clean)}


@measure(paper.IP_MONOTONE, PRICED.let(t2=lambda s2: s2 + F(1, 1000)).guaranteeing(*NOISY))
def risk_under_more_noise(series, p, s2, t2, trained):
    """Risk of the best weights under the larger noise; those under the smaller noise are trained, or all zero."""
    larger = weights(series, p, t2)
    mse = noisy_risk(series, trained_weights(series, p, s2, trained), s2)
    return noisy_risk(series, larger, t2), {"v2": sum(x * x for x in larger), "mse": mse}


@measure(
    paper.TARGET_NOISE,
    cases(w=[F(1, 2), F(9, 10)], size=[F(1, 2), F(2)]).let(shared=lambda: False).guaranteeing("independent_noise"),
)
def error_against_a_noisy_target(w, size, shared):
    """The mean over four windows of a finite population and all signs of two noises of this size."""
    pairs = [(F(1), F(2)), (F(-1), F(-2)), (F(3), F(1)), (F(-3), F(-1))]
    signs = [(a, b) for a in (1, -1) for b in (1, -1) if a == b or not shared]
    noisy = [(y + a * size - w * (x + b * size)) ** 2 for y, x in pairs for a, b in signs]
    true = [(y - w * (x + b * size)) ** 2 for y, x in pairs for _, b in signs]
    return sum(noisy) / len(noisy), {"s2": size**2, "risk": sum(true) / len(true)}


# --- gradient perturbation --------------------------------------------------------------------------------------------------

MODES = cases(at=[{"eta": F(1, 10), "lam": F(1)}, {"eta": F(3, 10), "lam": F(5)}], nu=[F(1, 20), F(1)])
STEPS = 400


@measure(paper.GP_MODE, MODES.let(reused=lambda: False).guaranteeing("clipping_inactive"))
def settled_mode(eta, nu, lam, reused):
    """The recursion of the second moment in balls, from 1, and what is left of the start; ``reused``: one noise for all steps."""
    rate = 1 - eta * lam
    with flint.ctx.workprec(128):
        m, r, x = flint.arb(1), ball(rate) ** 2, ball((eta * nu) ** 2)
        mean = flint.arb(0)  # of v over the one noise, in units of it
        for _ in range(STEPS):
            if reused:
                mean = ball(rate) * mean + ball(eta * nu)
                m = mean**2
            else:
                m = r * m + x
        low, high = ends(ball(lam) * m)
        if abs(rate) >= 1:
            return Enclosed(low, float("inf"), "truncation")
        left = float(lam) * float(abs(rate)) ** STEPS * (2 + 2 * float(nu / lam) ** 2)
        return Enclosed(float(low) - left, float(high) + left, "truncation")


def turned(eigenvalues: Vector) -> list[list[F]]:
    """A symmetric matrix with these eigenvalues: H diag H with the reflection at (1, 2, ..., p)."""
    p = len(eigenvalues)
    u = [F(k) for k in range(1, p + 1)]
    total = sum(x * x for x in u)
    H = [[F(int(i == j)) - 2 * u[i] * u[j] / total for j in range(p)] for i in range(p)]
    return [[sum((H[i][k] * eigenvalues[k] * H[k][j] for k in range(p)), F(0)) for j in range(p)] for i in range(p)]


def stationary(R: list[list[F]], eta: F, extra: list[list[F]]) -> list[list[F]]:
    """S with S = (I - eta R) S (I - eta R) + extra, by solving p^2 equations in rationals."""
    p = len(R)
    A = [[F(int(i == j)) - eta * R[i][j] for j in range(p)] for i in range(p)]
    entries = [
        F(int(i == k and j == m)) - A[i][k] * A[j][m]
        for i in range(p)
        for j in range(p)
        for k in range(p)
        for m in range(p)
    ]
    system = flint.fmpq_mat(p * p, p * p, [flint.fmpq(x.numerator, x.denominator) for x in entries])
    right = [flint.fmpq(x.numerator, x.denominator) for row in extra for x in row]
    found = system.solve(flint.fmpq_mat(p * p, 1, right))
    return [[F(int(found[i * p + j, 0].p), int(found[i * p + j, 0].q)) for j in range(p)] for i in range(p)]


GRADIENTS = cases(
    at=[{"eta": F(1, 10), "lam_j": (F(1), F(2), F(5))}, {"eta": F(1, 3), "lam_j": (F(1, 4), F(3))}], nu=[F(1, 20), F(1)]
)
SETTLED = ("clipping_inactive", "stable_all")


@measure(paper.GP_RISK, GRADIENTS.let(reused=lambda: False).guaranteeing(*SETTLED))
def trace_of_the_covariance(eta, nu, lam_j, reused):
    """tr(R S) with S from its equation, for an R that is not diagonal; ``reused``: the covariance of nu R^{-1} xi."""
    R, p = turned(lam_j), len(lam_j)
    if reused:
        return nu**2 * sum(1 / x for x in lam_j)
    S = stationary(R, eta, [[(eta * nu) ** 2 * int(i == j) for j in range(p)] for i in range(p)])
    return sum(R[i][j] * S[j][i] for i in range(p) for j in range(p))


@measure(paper.GP_RISK, cases(eta=[0.2], nu=[0.5], lam=[1.0]).let(clip=lambda: None).guaranteeing(*SETTLED))
def excess_of_runs(eta, nu, lam, clip, keys: Any, backend: str):
    """Runs of noisy gradient descent with one weight: its square after 40 steps, from the optimum."""
    on, n, steps = array_library(backend), 2000, 40
    R, c, words = on.move((np.array([[lam]]), np.zeros(1), split(keys(seeds=1)[:, 0], n)))
    out = run(
        methods.noisy_gradient(R, c, eta, nu, clip), on.asarray(start(np.zeros(1), seeds=n)), steps, at=[steps],
        record={"w": lambda s: s.w}, draw=lambda k: Draws(words, k).normal((1,)),
    )  # fmt: skip
    excess = lam * out.w.values[0, :, 0, 0] ** 2
    left = eta * nu**2 / (2 - eta * lam) * abs(1 - eta * lam) ** (2 * steps)
    return Sample(excess, law="square of normal", bias=left), {"lam_j": (lam,)}
