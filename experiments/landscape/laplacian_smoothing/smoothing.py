"""Checks of what A_sigma does to a vector: spectrum, traces, means, norms, noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.stats import t as student

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, smoothed_sgd, stationary_covariance
from gradproof.solvers.circulant import periodic_laplacian, smooth, worst_variance_ratio
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
CASES = [(2, 0.5), (3, 1.0), (10, 1.0), (31, 7.5)]  # (n, sigma)


def matrix(n: int, sigma: float, laplacian: np.ndarray | None = None) -> np.ndarray:
    """A_sigma = I - sigma L, dense."""
    return np.eye(n) - sigma * (periodic_laplacian(n) if laplacian is None else laplacian)


def bounded_laplacian(n: int, *, fixed: bool) -> np.ndarray:
    """Second difference without wrap-around: zero beyond the ends (Dirichlet, ``fixed``) or reflected there (Neumann)."""
    L = periodic_laplacian(n)
    L[0, -1] = L[-1, 0] = 0
    if not fixed:
        L[0, 0] = L[-1, -1] = -1
    return L


def _rounding(n: int, size: float) -> dict[str, Any]:
    """n^2 operations on numbers of that size, each with relative error eps."""
    return {"error": n * n * EPS * size, "error_source": "rounding"}


@check(ls.SPECTRUM, level=Level.EXACT)
def dense_eigenvalues(ctx: Context) -> Iterator[Evidence]:
    """Eigenvalues of the dense matrix against the formula, as sorted lists."""
    for n, sigma in CASES:
        found = np.linalg.eigvalsh(matrix(n, sigma))
        claimed = sorted(float(ctx.claim.bound(sigma=sigma, j=j, n=n)) for j in range(n))
        for j in range(n):
            yield Measurement(
                measured=float(found[j]),
                bound=claimed[j],
                parameters={"n": n, "sigma": sigma, "rank": j},
                **_rounding(n, 1 + 4 * sigma),
            )


@check(ls.BETA1, level=Level.EXACT)
@check(ls.BETA2, level=Level.EXACT)
def dense_traces(ctx: Context) -> Iterator[Evidence]:
    """Traces of the dense inverse and of its square."""
    power = 2 if "beta2" in ctx.claim.id else 1
    for n, sigma in CASES:
        trace = np.trace(np.linalg.matrix_power(np.linalg.inv(matrix(n, sigma)), power)) / n
        yield Measurement(
            measured=float(trace),
            bound=float(ctx.claim.bound(n=n, sigma=sigma)),
            parameters={"n": n, "sigma": sigma},
            **_rounding(n, 1 + 4 * sigma),
        )


@control(ls.SPECTRUM, drops="periodic_laplacian")
@control(ls.BETA1, drops="periodic_laplacian")
@control(ls.BETA2, drops="periodic_laplacian")
def open_ends(ctx: Context) -> Iterator[Evidence]:
    """The second difference with zeros beyond the ends has another spectrum."""
    n, sigma = 6, 1.0
    lam = np.linalg.eigvalsh(matrix(n, sigma, bounded_laplacian(n, fixed=True)))
    if ctx.claim.id == ls.SPECTRUM.id:
        measured, bound = lam[0], ctx.claim.bound(sigma=sigma, j=0, n=n)
    else:
        measured, bound = np.mean(lam ** (-2.0 if "beta2" in ctx.claim.id else -1.0)), ctx.claim.bound(n=n, sigma=sigma)
    yield Measurement(
        measured=float(measured), bound=float(bound), parameters={"n": n, "sigma": sigma}, **_rounding(n, 5)
    )


# --- means and norms -----------------------------------------------------------------------------------------------------------


@check(ls.AVERAGING, level=Level.EMPIRICAL)
def norms_of_random_vectors(ctx: Context) -> Iterator[Evidence]:
    """Norms of vectors of mean zero before and after, light and heavy tails; the constant vector attains the bound."""
    rng = ctx.rng("vectors")
    bound = float(ctx.claim.bound())
    for n, sigma in CASES:
        g = np.concatenate([rng.standard_t(2, size=(200, n)), rng.normal(size=(200, n))])
        g -= g.mean(axis=1, keepdims=True)
        for q in (1, 2, 3.5, np.inf):
            where = {"n": n, "sigma": sigma, "q": str(q)}
            ratio = np.linalg.norm(smooth(g, sigma), q, axis=1) / np.linalg.norm(g, q, axis=1)
            yield Measurement(
                measured=float(np.max(ratio)), bound=bound, parameters=where, n=len(g), **_rounding(1, 8 * n)
            )
            flat = np.linalg.norm(smooth(np.ones(n), sigma), q) / np.linalg.norm(np.ones(n), q)
            yield Measurement(
                measured=float(flat),
                bound=bound,
                relation=Relation.EQ,
                what="ratio for the constant vector",
                parameters=where,
                **_rounding(n, 1 + 4 * sigma),
            )


@check(ls.AVERAGING, level=Level.EXACT)
def rational_inverse(ctx: Context) -> Iterator[Evidence]:
    """The inverse in rational arithmetic: positive entries, and rows that sum to 1 in absolute value."""
    import flint

    for n in (2, 3, 8):
        for numerator in (1, 5):
            a = flint.fmpq_mat(n, n, [
                flint.fmpq(int(i == j)) - flint.fmpq(numerator, 2) * int(x)
                for i, row in enumerate(periodic_laplacian(n)) for j, x in enumerate(row)
            ])  # fmt: skip
            rows = a.inv().tolist()
            # the norms at q = 1 and q = inf; those between follow (Riesz-Thorin)
            largest = max(sum(abs(x) for x in row) for row in rows)
            smallest = min(x for row in rows for x in row)
            where = {"n": n, "sigma": f"{numerator}/2"}
            bound = ctx.claim.bound()
            yield Measurement(measured=_sympy(largest), bound=bound, what="largest absolute row sum", parameters=where)
            yield Measurement(measured=_sympy(-smallest), bound=0, what="minus the smallest entry", parameters=where)


@check(ls.MEAN, level=Level.EXACT)
def column_sums(ctx: Context) -> Iterator[Evidence]:
    """The sum after smoothing, against the sum before."""
    rng = ctx.rng("vectors")
    for n, sigma in CASES:
        g = rng.normal(size=n) + 3
        for method in ("fft", "sweeps"):
            yield Measurement(
                measured=float(np.sum(smooth(g, sigma, method=method)) / np.sum(g)),
                bound=float(ctx.claim.bound()),
                parameters={"n": n, "sigma": sigma, "method": method},
                **_rounding(n, float(np.sum(np.abs(g)) / abs(np.sum(g)))),
            )


@control(ls.MEAN, drops="periodic_laplacian")
def mean_with_fixed_ends(ctx: Context) -> Iterator[Evidence]:
    """With zeros beyond the ends the mean leaks out."""
    g = np.ones(6)
    v = np.linalg.solve(matrix(6, 1.0, bounded_laplacian(6, fixed=True)), g)
    yield Measurement(measured=float(v.mean()), bound=float(ctx.claim.bound()), **_rounding(6, 5))


@control(ls.AVERAGING, drops="nonnegative_sigma")
def sharpening(ctx: Context) -> Iterator[Evidence]:
    """sigma < 0 sharpens: the inverse has negative entries and a unit impulse grows."""
    for sigma in (-0.05, -0.2):
        v = np.linalg.solve(matrix(8, sigma), np.eye(8)[0])
        for q in (1, 2, np.inf):
            yield Measurement(
                measured=float(np.linalg.norm(v, q)),
                bound=float(ctx.claim.bound()),
                parameters={"sigma": sigma, "q": str(q)},
                **_rounding(8, 5),
            )


def _sympy(x: Any) -> Any:
    import sympy as sp

    return sp.Rational(int(x.p), int(x.q))


# --- noise ---------------------------------------------------------------------------------------------------------------------


@check(ls.VARIANCE, level=Level.EXACT)
def worst_covariance(ctx: Context) -> Iterator[Evidence]:
    """The exact worst case over all covariances of that condition number (enumeration of the vertices)."""
    for n, sigma in CASES:
        for kappa in (1.0, 3.0, 100.0):
            yield Measurement(
                measured=worst_variance_ratio(n, sigma, kappa),
                bound=float(ctx.claim.bound(n=n, sigma=sigma, kappa=kappa)),
                relation=Relation.EQ if kappa == 1 else None,  # white noise attains it
                parameters={"n": n, "sigma": sigma, "kappa": kappa},
                error=16 * n * EPS,
                error_source="rounding",
            )


@check(ls.VARIANCE, level=Level.EMPIRICAL)
def random_covariances(ctx: Context) -> Iterator[Evidence]:
    """Random covariances with random eigenvectors."""
    rng = ctx.rng("covariances")
    for n, sigma in CASES:
        p = np.linalg.inv(matrix(n, sigma))
        for kappa in (2.0, 30.0):
            worst = 0.0
            for _ in range(50):
                q = np.linalg.qr(rng.normal(size=(n, n)))[0]
                covariance = (q * rng.choice([1.0, kappa], size=n)) @ q.T
                worst = max(worst, float(np.trace(p @ covariance @ p) / np.trace(covariance)))
            yield Measurement(
                measured=worst,
                bound=float(ctx.claim.bound(n=n, sigma=sigma, kappa=kappa)),
                parameters={"n": n, "sigma": sigma, "kappa": kappa},
                n=50,
                **_rounding(n, 1),
            )


@control(ls.VARIANCE, drops="noise_condition")
def ill_conditioned_noise(ctx: Context) -> Iterator[Evidence]:
    """Noise along the constant vector is not smoothed at all."""
    for n, sigma in CASES:
        p = np.linalg.inv(matrix(n, sigma))
        covariance = 1e-3 * np.eye(n) + np.ones((n, n))
        yield Measurement(
            measured=float(np.trace(p @ covariance @ p) / np.trace(covariance)),
            bound=float(ctx.claim.bound(n=n, sigma=sigma, kappa=2)),
            parameters={"n": n, "sigma": sigma},
            **_rounding(n, 1),
        )


@check(ls.STATIONARY, level=Level.EXACT)
def lyapunov_equation(ctx: Context) -> Iterator[Evidence]:
    """The dense Lyapunov equation of the recursion, solved numerically."""
    for n, sigma, eta, c in ((2, 1.0, 0.5, 1.0), (10, 10.0, 0.1, 1.0), (12, 0.3, 0.6, 3.0)):
        covariance = stationary_covariance(c * np.eye(n), sigma, eta, 2.0)
        yield Measurement(
            measured=float(c / 2 * np.trace(covariance)),
            bound=float(ctx.claim.bound(n=n, sigma=sigma, eta=eta, c=c, s2=2.0)),
            parameters={"n": n, "sigma": sigma, "eta": eta, "c": c},
            # the solver is backward stable; its condition number is 1/(1 - rho^2) with rho the slowest mode
            error=n**2 * EPS * float(np.trace(covariance)) * 10 / (eta * c / (1 + 4 * sigma)),
            error_source="rounding",
        )


CASES_OF_NOISE = ((8, 0.0, 0.5), (8, 1.0, 0.5), (16, 2.0, 0.8))  # (n, sigma, eta)


def _simulated_loss(
    ctx: Context,
    cases: Iterable[tuple[int, float, float]] = CASES_OF_NOISE,
    seeds: int = 0,
    *,
    correlated: bool = False,
) -> Iterator[tuple[dict[str, float], np.ndarray]]:
    seeds = seeds or (20_000 if ctx.at_least("full") else 2000)
    on = array_library(ctx.backend)
    for n, sigma, eta in cases:
        words = on.asarray(split(ctx.keys("noise", n, sigma)[:, 0], seeds))
        slowest = 1 - eta / (1 + 4 * sigma)
        steps = int(np.ceil(np.log(1e-9) / (2 * np.log(slowest))))  # the start is forgotten to 1e-9
        out = run(
            smoothed_sgd(lambda x, noise: x + noise, eta, constant(sigma)),
            on.asarray(start(np.zeros(n), seeds=seeds)),
            steps,
            record={"loss": lambda s: array_namespace(s.x).sum(s.x * s.x, axis=-1) / 2},
            at=[steps],
            draw=lambda t: Draws(words, t).normal((1 if correlated else n,)),  # noqa: B023 (used before the next)
        )
        yield {"n": n, "sigma": sigma, "eta": eta}, out.loss.values[0, :, 0]


@check(ls.STATIONARY, level=Level.EMPIRICAL)
def simulated_sgd(ctx: Context) -> Iterator[Evidence]:
    """Many seeds of smoothed SGD: the mean loss within Student's limits at level 1e-7 each."""
    yield from _mean_losses(ctx, _simulated_loss(ctx))


@check(ls.STATIONARY, level=Level.EMPIRICAL, budget="gpu")
def simulated_sgd_in_high_dimension(ctx: Context) -> Iterator[Evidence]:
    """The same with n = 10^5 and 10^6, 100 seeds: near the limit of infinite dimension, the error shrinks as 1/sqrt(n)."""
    yield from high_dimension(ctx)


def high_dimension(ctx: Context, sizes: tuple[int, ...] = (10**5, 10**6), seeds: int = 100) -> Iterator[Evidence]:
    cases = ((n, sigma, eta) for n in sizes for sigma, eta in ((1.0, 0.5), (10.0, 0.8)))
    yield from _mean_losses(ctx, _simulated_loss(ctx, cases, seeds))


def _mean_losses(ctx: Context, losses: Iterable[tuple[dict[str, float], np.ndarray]]) -> Iterator[Evidence]:
    for where, loss in losses:
        yield Measurement(
            measured=float(loss.mean()),
            bound=float(ctx.claim.bound(c=1.0, s2=1.0, **where)),
            parameters=where,
            seed=ctx.seed,
            n=len(loss),
            error=float(student.isf(0.5e-7, len(loss) - 1)) * float(loss.std(ddof=1)) / len(loss) ** 0.5,
            error_source="statistical",
            level=1e-7,
        )


@control(ls.STATIONARY, drops="white_noise")
def noise_along_the_constant_vector(ctx: Context) -> Iterator[Evidence]:
    """The same noise in every coordinate is not smoothed, and the loss is higher."""
    for where, loss in _simulated_loss(ctx, correlated=True):
        if where["sigma"] > 0:
            yield Measurement(
                measured=float(loss.mean()),
                bound=float(ctx.claim.bound(c=1.0, s2=1.0, **where)),
                parameters=where,
                seed=ctx.seed,
                n=len(loss),
                error=5.3 * float(loss.std(ddof=1)) / len(loss) ** 0.5,
                error_source="statistical",
            )
