"""Checks of descent and convergence rates on quadratics and on logistic regression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.landscape.laplacian_smoothing import digits
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, smoothed_gd, trajectory
from gradproof.experiments.landscape.laplacian_smoothing.smoothing import matrix
from gradproof.solvers.circulant import smooth
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
SCHEDULES = {"gd": constant(0), "lsgd": constant(1), "mlsgd": ls.mlsgd_schedule}


def random_quadratic(rng: np.random.Generator, n: int, *, convex: bool) -> np.ndarray:
    """Symmetric H with ||H|| = 1, eigenvalues spread over decades (of both signs unless convex)."""
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    values = 10 ** rng.uniform(-3, 0, size=n)
    values[0] = 1.0
    if not convex:
        values *= rng.choice([-1, 1], size=n)
    h = (q * values) @ q.T
    return (h + h.T) / 2


def _value(h: np.ndarray, x: np.ndarray) -> float:
    return float(x @ h @ x / 2)


@check(ls.DESCENT, level=Level.EMPIRICAL)
def descent_on_quadratics(ctx: Context) -> Iterator[Evidence]:
    """Every step of GD, LSGD and mLSGD on random quadratics of either sign, steps up to 1.9/L: f(x) - f(x+)."""
    rng = ctx.rng("quadratics")
    for n in (2, 7, 40):
        h = random_quadratic(rng, n, convex=False)
        for name, schedule in SCHEDULES.items():
            for eta in (0.3, 1.0, 1.9):
                method = smoothed_gd(lambda x, h=h: x @ h, eta, schedule)  # type: ignore[misc]
                path = list(trajectory(method, rng.normal(size=n), 20))
                yield _descent(ctx, h, path, eta, schedule, {"n": n, "method": name, "eta": eta})


def _descent(
    ctx: Context, h: np.ndarray, path: list[np.ndarray], eta: float, schedule: Any, where: dict[str, Any]
) -> Measurement:
    """The step of a path that comes nearest to the bound, with L = 1."""
    values = np.array([_value(h, x) for x in path])
    gradients = [x @ h for x in path[:-1]]
    size = np.array([g @ smooth(g, float(schedule(k))) for k, g in enumerate(gradients)])
    decrease = -np.diff(values)
    bound = -ctx.claim.bound(L=1.0, eta=eta, G=size)
    k = int(np.argmin((decrease - bound) / size))
    scale = float(path[k] @ path[k] + path[k + 1] @ path[k + 1]) * float(np.linalg.norm(h, 2)) * (1 + eta)
    return Measurement(
        measured=float(decrease[k]),
        bound=float(bound[k]),
        relation=Relation.GE,
        what="f(x) - f(x+)",
        parameters=where | {"step": k},
        error=4 * len(h) * EPS * scale,
        error_source="rounding",
        n=len(size),
    )


@control(ls.DESCENT, drops="l_smooth")
def too_curved(ctx: Context) -> Iterator[Evidence]:
    """A curvature of 3 where L = 1 is claimed."""
    h, schedule = 3 * np.eye(3), constant(1)
    path = list(trajectory(smoothed_gd(lambda x: x @ h, 1.0, schedule), np.ones(3), 1))
    yield _descent(ctx, h, path, 1.0, schedule, {"curvature": 3})


@check(ls.DESCENT_RATE, level=Level.EMPIRICAL)
def gradients_on_quadratics(ctx: Context) -> Iterator[Evidence]:
    """The smallest gradient so far on convex quadratics, at every step, for each schedule."""
    rng = ctx.rng("quadratics")
    for n in (2, 10, 50):
        h = random_quadratic(rng, n, convex=True)
        x0 = rng.normal(size=n)
        for name, schedule in SCHEDULES.items():
            smallest = np.inf
            for k, x in enumerate(trajectory(smoothed_gd(lambda x, h=h: x @ h, 1.0, schedule), x0, 60)):  # type: ignore[misc]
                smallest = min(smallest, float((h @ x) @ smooth(h @ x, float(schedule(k)))))
                if k + 1 in (1, 3, 10, 30, 60):
                    yield Measurement(
                        measured=smallest,
                        bound=float(ctx.claim.bound(L=1.0, K=k + 1, gap=_value(h, x0))),
                        parameters={"n": n, "method": name, "K": k + 1},
                        error=32 * n * EPS * float(x0 @ x0),
                        error_source="rounding",
                    )


@check(ls.DESCENT_RATE, level=Level.EMPIRICAL)
def gradients_on_digits(ctx: Context) -> Iterator[Evidence]:
    """Logistic regression on handwritten digits, non-negative loss, the largest eigenvalue of its Gram matrix as L."""
    problem = digits.even_against_odd().train
    x0 = np.zeros(problem.d)
    for name, schedule in SCHEDULES.items():
        smallest = np.inf
        for k, x in enumerate(trajectory(smoothed_gd(problem.gradient, 1 / problem.L, schedule), x0, 40)):
            g = problem.gradient(x)
            smallest = min(smallest, float(g @ smooth(g, float(schedule(k)))))
        yield Measurement(
            measured=smallest,
            bound=float(ctx.claim.bound(L=problem.L, K=41, gap=problem(x0))),
            parameters={"method": name, "K": 41},
            error=1e-12 * smallest,
            error_source="rounding",
        )


@control(ls.DESCENT_RATE, drops="l_smooth")
def diverging(ctx: Context) -> Iterator[Evidence]:
    """A curvature of 3 where L = 1 is claimed: the gradients grow."""
    x0 = np.ones(4)
    sizes = [float(9 * x @ x) for x in trajectory(smoothed_gd(lambda x: 3 * x, 1.0, constant(1)), x0, 9)]
    yield Measurement(measured=min(sizes), bound=float(ctx.claim.bound(L=1.0, K=10, gap=6.0)), parameters={"K": 10})


def _convex_paths(ctx: Context, schedules: dict[str, Any]) -> Iterator[tuple[str, Any, np.ndarray, list[np.ndarray]]]:
    rng = ctx.rng("quadratics")
    for n in (2, 9, 50):
        h = random_quadratic(rng, n, convex=True)
        x0 = rng.normal(size=n)
        for name, schedule in schedules.items():
            yield name, schedule, h, list(trajectory(smoothed_gd(lambda x, h=h: x @ h, 1.0, schedule), x0, 50))  # type: ignore[misc]


@check(ls.MLSGD_CONVEX, level=Level.EMPIRICAL)
def convex_rate_at_every_step(ctx: Context) -> Iterator[Evidence]:
    """f(x_K) against the bound for every K up to 50 on random convex quadratics, n up to 50."""
    for name, schedule, h, path in _convex_paths(ctx, SCHEDULES | {"rising": lambda k: k / 10}):
        n, x0, steps = len(h), path[0], np.arange(1, len(path))
        first, last = float(schedule(0)), np.array([float(schedule(K - 1)) for K in steps])
        size = float(x0 @ matrix(n, first) @ x0)
        bound = ctx.claim.bound(L=1.0, K=steps.astype(float), sigma_0=first, sigma_last=last, D=size)
        values = np.array([_value(h, x) for x in path[1:]])
        K = int(np.argmax(values / bound))
        yield Measurement(
            measured=float(values[K]),
            bound=float(bound[K]),
            parameters={"n": n, "method": name, "K": K + 1},
            error=64 * n * EPS * float(x0 @ x0),
            error_source="rounding",
            n=len(steps),
        )


@check(ls.PRECONDITIONED_GD, level=Level.EMPIRICAL)
def constant_sigma_at_every_step(ctx: Context) -> Iterator[Evidence]:
    """f(x_K) against the tight rate in the metric of A, for constant sigma."""
    for name, schedule, h, path in _convex_paths(ctx, {f"lsgd({s})": constant(s) for s in (0.0, 1.0, 10.0)}):
        n, x0 = len(h), path[0]
        size = float(x0 @ matrix(n, float(schedule(0))) @ x0)
        for K in (1, 2, 5, 20, 50):
            yield Measurement(
                measured=_value(h, path[K]),
                bound=float(ctx.claim.bound(L=1.0, K=K, D=size)),
                parameters={"n": n, "method": name, "K": K},
                error=64 * n * EPS * float(x0 @ x0),
                error_source="rounding",
            )


def _alternating(n: int) -> np.ndarray:
    """The mode of the largest eigenvalue 1 + 4 sigma, n even."""
    return np.resize([1.0, -1.0], n)


@control(ls.PRECONDITIONED_GD, drops="a_metric")
def plain_distance(ctx: Context) -> Iterator[Evidence]:
    """With the plain distance the bound is false: along the stiffest mode of A the method is 1 + 4 sigma times slower."""
    x0 = _alternating(6)
    for sigma in (1.0, 10.0):
        for K in (1, 4):
            x = list(trajectory(smoothed_gd(lambda x: x, 1.0, constant(sigma)), x0, K))[-1]
            yield Measurement(
                measured=float(x @ x / 2),
                bound=float(ctx.claim.bound(L=1.0, K=K, D=float(x0 @ x0))),
                parameters={"sigma": sigma, "K": K},
                error=64 * EPS,
                error_source="rounding",
            )


@control(ls.MLSGD_CONVEX, drops="nondecreasing_sigma")
def falling_schedule(ctx: Context) -> Iterator[Evidence]:
    """A schedule that falls from 10 to 0 does not gain the factor 1/41 that the formula would grant."""
    x0, K = np.ones(6), 10
    x = list(trajectory(smoothed_gd(lambda x: x / K, 1.0, lambda k: 0.0 if k else 10.0), x0, K))[-1]
    bound = ctx.claim.bound(drop=["nondecreasing_sigma"], L=1.0, K=K, sigma_0=10.0, sigma_last=0.0, D=6.0)
    yield Measurement(
        measured=float(x @ x / (2 * K)),
        bound=float(bound),
        parameters={"K": K},
        error=64 * EPS,
        error_source="rounding",
    )
