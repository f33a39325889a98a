"""Descent and convergence rates on quadratics, Huber's function and logistic regression, at every step of a run."""

from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import around, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.landscape.laplacian_smoothing import instances, methods
from gradproof.experiments.landscape.laplacian_smoothing.instances import SCHEDULES, Start
from gradproof.solvers.circulant import smooth
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
SMOOTHED, IN_A = ("periodic_laplacian", "nonnegative_sigma"), ("constant_sigma", "a_metric")
CONSTANT = {f"lsgd({sigma:g})": methods.constant(sigma) for sigma in (0.0, 1.0, 10.0)}
NEARLY_FLAT = instances.isotropic(0.999)
INDEFINITE = [instances.random_quadratic(n, convex=False) for n in (2, 7, 40)]
CONVEX: list[Any] = [{"f": instances.random_quadratic(n, convex=True), "K": range(1, 61)} for n in (2, 9, 50)]
CONVEX += [{"f": NEARLY_FLAT, "K": 1}] + [{"f": instances.huber(K), "K": K} for K in (1, 2, 5, 20, 50)]

#: The ratio of the sigmas is in the bound of a rising schedule for those that stay: nearly all of it is lost.
STAYS = {f"0, then {sigma}": (lambda k, sigma=sigma: float(sigma * (k > 0))) for sigma in (1, 10)}
SLOWED = cases(
    at=[{"f": instances.huber(K, schedule=s), "schedule": s, "K": K} for s in STAYS.values() for K in (30, 300)]
)


def path(f: Start, eta: float, schedule: methods.Schedule, steps: int, smoothing: Any) -> tuple[Any, Any, Any]:
    """Iterates (steps + 1, n), their values, and ``g_k'A_k^-1 g_k``."""
    x = methods.trajectory(methods.smoothed_gd(f.gradient, eta, schedule, smoothing), f.x0, steps)
    g = [f.gradient(y) for y in x]
    sizes = np.array([v @ smoothing(v, float(schedule(k))) for k, v in enumerate(g)])
    return x, np.array([f.value(y) for y in x]), sizes


@measure(
    ls.DESCENT, cases(f=[*INDEFINITE, NEARLY_FLAT], schedule=SCHEDULES, eta=[0.3, 1.0, 1.9]).guaranteeing(*SMOOTHED)
)
def one_step(f: Start, schedule: methods.Schedule, eta: float, steps: int = 20, smoothing: Any = smooth) -> Any:
    """$f(x_{k+1}) - f(x_k)$ at every step of GD, LSGD and mLSGD."""
    x, values, sizes = path(f, eta, schedule, steps, smoothing)
    squares = np.sum(x * x, axis=1)
    rounding = 4 * f.n * EPS * f.L * (1 + eta) * (squares[1:] + squares[:-1])
    return around(np.diff(values), rounding), {"L": f.L, "G": sizes[:-1]}


LONG = cases(n=2**20, starts=64, schedule=SCHEDULES, eta=[1.0, 1.9], steps=20).guaranteeing(*SMOOTHED, "l_smooth")


@measure(ls.DESCENT, LONG, budget="gpu")
def one_step_in_high_dimension(
    n: int, starts: int, schedule: methods.Schedule, eta: float, steps: int, rng: Any, backend: str
) -> Any:
    """The same of a random diagonal quadratic of both signs, at batches of starts; smoothing by the fast transform."""
    on = array_library(backend)
    h, x0 = on.move((np.append(1.0, rng.uniform(-1, 1, n - 1)), rng.standard_normal((1, starts, n))))
    record = {
        "f": lambda s: (h * s.x * s.x).sum(-1) / 2,
        "G": lambda s: (h * s.x * smooth(h * s.x, float(schedule(s.k)))).sum(-1),
        "squares": lambda s: (s.x * s.x).sum(-1),
    }
    out = run(methods.smoothed_gd(lambda x: h * x, eta, schedule), x0, steps, record=record)
    f, G, squares = (out[name].values[0] for name in record)
    rounding = 4 * n * EPS * (1 + eta) * (squares[:, 1:] + squares[:, :-1])
    return around(np.diff(f, axis=1).ravel(), rounding.ravel()), {"L": 1.0, "G": G[:, :-1].ravel()}


@measure(ls.DESCENT_RATE, cases(at=CONVEX, schedule=SCHEDULES).guaranteeing(*SMOOTHED))
def smallest_gradient(f: Start, schedule: methods.Schedule, K: Any, smoothing: Any = smooth) -> Any:
    """$\\min_{k<K} g_k'A_k^{-1}g_k$ after every number of steps; $\\inf f \\ge 0$."""
    K = np.atleast_1d(K)
    smallest = np.minimum.accumulate(path(f, 1 / f.L, schedule, int(K.max()) - 1, smoothing)[2])[K - 1]
    rounding = 32 * f.n * EPS * f.L**2 * float(f.x0 @ f.x0) + K * f.operations * EPS * smallest
    return around(smallest, rounding), {"L": f.L, "K": K.astype(float), "gap": float(f.value(f.x0))}


@measure(ls.DESCENT_RATE, cases(schedule=SCHEDULES).guaranteeing(*SMOOTHED, "l_smooth"))
def smallest_gradient_on_digits(schedule: methods.Schedule) -> Any:
    """$\\min_{k<K} g_k'A_k^{-1}g_k$ for logistic regression on handwritten digits."""
    return smallest_gradient(instances.digits(), schedule, [1, 3, 10, 41])


@measure(ls.PRECONDITIONED_GD, cases(at=CONVEX, schedule=CONSTANT).guaranteeing(*SMOOTHED, *IN_A))
@measure(ls.MLSGD_CONVEX, SLOWED.guaranteeing(*SMOOTHED), name="value_reached_in_the_slowest_direction")
@measure(ls.MLSGD_CONVEX, cases(at=CONVEX, schedule=SCHEDULES | {"rising": lambda k: k / 10}).guaranteeing(*SMOOTHED))
def value_reached(f: Start, schedule: methods.Schedule, K: Any, smoothing: Any = smooth, metric: bool = True) -> Any:
    """$f(x_K) - f_*$ with step $1/L$, $f_* = 0 = f(0)$."""
    K = np.atleast_1d(K)
    sigmas = np.array([float(schedule(k)) for k in K - 1])
    first = float(schedule(0)) if metric else 0.0
    reached = path(f, 1 / f.L, schedule, int(K.max()), smoothing)[1][K]
    distance = float(f.x0 @ methods.matrix(f.n, first) @ f.x0)
    known = {"L": f.L, "K": K.astype(float), "sigma_0": float(schedule(0)), "sigma_last": sigmas, "D": distance}
    # rounding grows with the iterates, of a run that diverges beyond the start
    rounding = 64 * f.n * EPS * (f.L * float(f.x0 @ f.x0) + K * np.abs(reached))
    return around(reached, rounding), known
