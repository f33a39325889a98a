"""Leader SGD and elastic averaging as pure functions over states (setting, seed, worker, d), and the runs of the paper's checks."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import Method, run
from gradproof.experiments.instances.data import load
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import over_rows

Array = Any


class Workers(NamedTuple):
    x: Array  # iterates (setting, seed, p, d)
    k: Array  # steps taken (setting, seed, 1, 1)
    helped: Array  # share of the workers that the last pull turned towards the minimiser (setting, seed)


class Elastic(NamedTuple):
    x: Array  # iterates (setting, seed, p, d)
    centre: Array  # (setting, seed, 1, d)
    k: Array


def _zeros(x0: Array) -> Array:
    return 0 * array_namespace(x0).sum(x0, axis=(-1, -2), keepdims=True)


def _at(size: Any, k: Array) -> Any:
    return size(k) if callable(size) else size


def _due(k: Array, every: int) -> Any:
    """1 at every ``every``-th step, else 0."""
    return array_namespace(k).astype(k % every == 0, k.dtype) if every > 1 else 1.0


def leader_sgd(
    f: Any, eta: Any, lam: Any, *, every: int = 1, best: Array | None = None, errors: bool = False
) -> Method:
    """x_i+ = x_i - eta g_i - eta lam (x_i - z), z the worker of least f; pulled at every ``every``-th step.

    ``f``: a function with ``values``, ``gradients`` and ``sample``. eta, lam: numbers, arrays (setting, 1, 1, 1), or functions of
    the number of steps taken. ``best``: the minimiser, if it shall be recorded how often the pull improved the angle. With
    ``errors`` a draw is a pair, whose second part, (..., p), is added to the values that choose the leader.
    """

    def init(x0: Array) -> Workers:
        return Workers(x0, _zeros(x0), _zeros(x0)[..., 0, 0])

    def step(s: Workers, draw: Any) -> Workers:
        xp = array_namespace(s.x)
        noise, wrong = draw if errors else (draw, 0.0)
        size = _at(eta, s.k)
        first = xp.argmin(f.values(s.x) + wrong, axis=-1, keepdims=True)[..., None] == _numbers(s.x)
        z = xp.sum(xp.astype(first, s.x.dtype) * s.x, axis=-2, keepdims=True)
        pull = _due(s.k, every) * _at(lam, s.k) * (z - s.x)
        helped = s.helped if best is None else _share(f.gradients(s.x), pull, best - s.x)
        return Workers(s.x - size * f.sample(s.x, noise) + size * pull, s.k + 1, helped)

    return Method(init, step)


def _numbers(x: Array) -> Array:
    """(p, 1): the workers' numbers."""
    xp = array_namespace(x)
    return xp.arange(x.shape[-2], device=getattr(x, "device", None))[:, None]


def _share(gradient: Array, pull: Array, newton: Array) -> Array:
    """Share of the workers that are pulled, whose angle to the minimiser the pull does not increase."""
    xp = array_namespace(gradient)

    def cosine(v: Array) -> Array:
        return xp.sum(v * newton, axis=-1) / xp.sqrt(xp.sum(v * v, axis=-1) * xp.sum(newton * newton, axis=-1) + 1e-300)

    better = xp.astype(cosine(pull - gradient) >= cosine(-gradient), gradient.dtype)
    pulled = xp.astype(xp.sum(pull * pull, axis=-1) > 0, gradient.dtype)
    return xp.sum(better * pulled, axis=-1) / xp.maximum(xp.sum(pulled, axis=-1), 1 + 0 * pulled[..., 0])


def elastic_averaging(f: Any, eta: Any, lam: Any, *, every: int = 1) -> Method:
    """x_i+ = x_i - eta g_i - eta lam (x_i - centre), centre+ = centre + eta lam sum_i (x_i - centre); see ``leader_sgd``."""

    def init(x0: Array) -> Elastic:
        return Elastic(x0, array_namespace(x0).mean(x0, axis=-2, keepdims=True), _zeros(x0))

    def step(s: Elastic, noise: Any) -> Elastic:
        xp = array_namespace(s.x)
        size = _at(eta, s.k)
        force = size * _due(s.k, every) * _at(lam, s.k) * (s.x - s.centre)
        centre = s.centre + xp.sum(force, axis=-2, keepdims=True)
        return Elastic(s.x - size * f.sample(s.x, noise) - force, centre, s.k + 1)

    return Method(init, step)


# --- functions that all workers share ------------------------------------------------------------------------------------


class Bowl(NamedTuple):
    """f = sum_j h_j x_j^2/2 with Gaussian noise of standard deviation ``scale`` an entry; h (d,)."""

    h: Array
    scale: float = 0.0

    def values(self, x: Array) -> Array:
        return array_namespace(x).sum(self.h * x * x, axis=-1) / 2

    def gradients(self, x: Array) -> Array:
        return self.h * x

    def sample(self, x: Array, draw: Array) -> Array:
        return self.h * x + self.scale * draw


class Wells(NamedTuple):
    """f = sum_j (x_j^2 - 1)^2/4 + tilt sum_j x_j: 2^d wells, the deepest at the negative corner; noise as ``Bowl``."""

    tilt: float = 0.05
    scale: float = 0.0

    def values(self, x: Array) -> Array:
        return array_namespace(x).sum((x * x - 1) ** 2 / 4 + self.tilt * x, axis=-1)

    def gradients(self, x: Array) -> Array:
        return x * (x * x - 1) + self.tilt

    def sample(self, x: Array, draw: Array) -> Array:
        return self.gradients(x) + self.scale * draw


class Factors(NamedTuple):
    """f = ||XX' - M||_F^2/4 for X (d, r), row by row as one vector; M (d, d). No noise."""

    target: Array

    def _residual(self, x: Array) -> tuple[Array, Array]:
        xp, d = array_namespace(x), self.target.shape[0]
        X = xp.reshape(x, (*x.shape[:-1], d, x.shape[-1] // d))
        return xp.matmul(X, xp.matrix_transpose(X)) - self.target, X

    def values(self, x: Array) -> Array:
        residual, _ = self._residual(x)
        return array_namespace(x).sum(residual * residual, axis=(-1, -2)) / 4

    def gradients(self, x: Array) -> Array:
        xp, (residual, X) = array_namespace(x), self._residual(x)
        return xp.reshape(xp.matmul(residual, X), x.shape)

    def sample(self, x: Array, draw: Array) -> Array:
        return self.gradients(x)


class Rows(NamedTuple):
    """A finite sum of one client; a stochastic gradient is the mean of B rows, drawn with replacement."""

    problem: Any
    B: int

    def values(self, x: Array) -> Array:
        return self.problem(x)

    def gradients(self, x: Array) -> Array:
        return self.problem.gradient(x)

    def sample(self, x: Array, draw: Array) -> Array:
        xp = array_namespace(x)
        return over_rows(self.problem, x, xp.astype(xp.floor(draw * self.problem.m), xp.int64))


def regularised(data: str, ridge: float) -> Logistic:
    """Logistic regression on a data set, all rows, with a ridge."""
    d = load(data)
    return Logistic(d.X[None], d.y[None], ridge=ridge)


def minimum(problem: Logistic, steps: int = 50) -> tuple[np.ndarray, float]:
    """Its minimiser by Newton's method, and f there minus |grad f|^2/(2 ridge): a lower bound of its least value, by convexity."""
    x, A = np.zeros(problem.d), np.asarray(problem.rows[0][0])
    b = np.asarray(problem.rows[1][0])
    for _ in range(steps):
        slopes = np.abs(problem.slopes(A @ x, b))
        H = A.T @ (A * (slopes * (1 - slopes))[:, None]) / len(A) + problem.ridge * np.eye(problem.d)
        g = problem.gradient(x)
        x = x - np.linalg.solve(H, g)
        if g @ g < 1e-28:
            break
    g = problem.gradient(x)
    return x, float(problem(x)) - float(g @ g) / (2 * problem.ridge)


# --- runs ------------------------------------------------------------------------------------------------------------------


def trace(
    make: Callable[..., Method], f: Any, x0: np.ndarray, steps: int, *, eta: Any, lam: Any, shape: tuple[int, ...], law: str,
    words: np.ndarray, on: str = "numpy", sigma_f: float = 0.0, tau: int = 1, at: Any = None,
    best: Any = None, iterates: bool = False,
) -> Any:  # fmt: skip
    """Dataset of a run from x0, (p, d) or (seed, p, d): ``mean``, ``leader`` (values of f), ``helped``, (setting, seed, step).

    Args:
        eta, lam: numbers, or arrays (setting,), or schedules: functions of the number of the step.
        shape: of a worker's draw, of ``law`` normal or uniform.
        words: keys (setting, seed, 2). sigma_f: standard deviation of the errors of the values that choose the leader.
        tau: steps between two pulls.
    """
    to = backend(on)
    settings, seeds = words.shape[:2]
    words = to.move(words)
    start = to.move(np.broadcast_to(x0, (settings, seeds, *x0.shape[-2:])).copy())
    f, best = to.move(f), None if best is None else to.move(best)
    sizes = [
        v if callable(v) or np.ndim(v) == 0 else to.move(np.asarray(v, float)[:, None, None, None]) for v in (eta, lam)
    ]
    p = x0.shape[-2]

    def numbers(random: Any) -> Any:
        noise = getattr(random, law)((p, *shape))
        return (noise, sigma_f * random.normal((p,), slot=1)) if sigma_f else noise

    record = {
        "mean": lambda s: array_namespace(s.x).mean(f.values(s.x), axis=-1),
        "leader": lambda s: array_namespace(s.x).min(f.values(s.x), axis=-1),
    }
    if make is leader_sgd:
        record["helped"] = lambda s: s.helped
    if iterates:
        record["x"] = lambda s: s.x
    method = make(f, *sizes, every=tau, **({"best": best, "errors": bool(sigma_f)} if make is leader_sgd else {}))
    return run(method, start, steps, record=record, draw=ahead(words, numbers, block=16), at=at or [0, steps])


def stream(*names: object, settings: int, seeds: int) -> np.ndarray:
    """Keys for the figure and the tests."""
    return keys("leader-sgd", *names, settings=list(range(settings)), seeds=range(seeds))


def escapes(
    tau: int, c: float, *, seeds: int, steps: int, d: int = 4, p: int = 4, sigma: float = 0.3, on: str = "numpy"
) -> Any:
    """Runs over wells from random corners, pulled by c at every tau-th step: Leader SGD and elastic averaging, the mean of f.

    Returns:
        ``xarray.Dataset``: ``leader``, ``elastic`` and ``alone`` (no pull), (seed,): the mean of f over the workers at the end.
    """
    import xarray as xr

    corners = np.random.default_rng(0).choice([-1.0, 1.0], (seeds, p, d))
    f, eta, words = Wells(0.05, sigma), 0.1, stream("wells", tau, settings=1, seeds=seeds)
    found = {}
    for name, make, pull in (("leader", leader_sgd, c), ("elastic", elastic_averaging, c), ("alone", leader_sgd, 0.0)):
        out = trace(
            make, f, corners, steps, eta=eta, lam=pull / eta, shape=(d,), law="normal", words=words, tau=tau, on=on
        )
        found[name] = ("seed", out["mean"].values[0, :, -1])
    return xr.Dataset(found)
