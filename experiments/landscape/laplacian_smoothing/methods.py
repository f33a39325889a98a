"""Gradient descent with a smoothed gradient: GD, LSGD and mLSGD differ in the schedule of sigma alone."""

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import sqrtm

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.run import Method, run, start
from gradproof.solvers.circulant import periodic_laplacian, smooth

Array = Any
Grad = Callable[[Array], Array]
Schedule = Callable[[int], Any]
Smoothing = Callable[[Array, Any], Array]  # (g, sigma) -> A_sigma^-1 g


class SmoothingState(NamedTuple):
    """Iterate x, shape (..., n), and the number k of steps taken."""

    x: Array
    k: Any


def constant(sigma: Any) -> Schedule:
    """sigma at every step: 0 gives GD, anything else LSGD."""
    return lambda k: sigma


def smoothed_gd(grad: Grad, eta: Any, schedule: Schedule, smoothing: Smoothing = smooth) -> Method:
    """``x_{k+1} = x_k - eta A_{sigma_k}^{-1} grad f(x_k)``; ``grad`` maps (..., n) to (..., n).

    ``eta``: a number, or an array that broadcasts against x, such as (setting, 1, 1).
    """
    return smoothed_sgd(lambda x, draw: grad(x), eta, schedule, smoothing)


def smoothed_sgd(
    grad: Callable[[Array, Array], Array], eta: Any, schedule: Schedule, smoothing: Smoothing = smooth
) -> Method:
    """The same with a stochastic gradient ``grad(x, draw)``; ``draw`` is the randomness of the step."""

    def step(state: SmoothingState, draw: Array | None = None) -> SmoothingState:
        sigma = schedule(state.k)
        sigma = float(sigma) if isinstance(sigma, Real) else sigma
        return SmoothingState(state.x - eta * smoothing(grad(state.x, draw), sigma), state.k + 1)

    return Method(lambda x0: SmoothingState(x0, 0), step)


def saddle(n: int) -> np.ndarray:
    """Diagonal of the Hessian of ``(x_1^2 + ... + x_{n-1}^2 - x_n^2)/2``."""
    d = np.ones(n)
    d[-1] = -1
    return d


def matrix(n: int, sigma: float, laplacian: Callable[[int], np.ndarray] = periodic_laplacian) -> np.ndarray:
    """A_sigma = I - sigma L, dense (n, n)."""
    return np.eye(n) - sigma * laplacian(n)


def trajectory(method: Method, x0: np.ndarray, steps: int) -> np.ndarray:
    """Iterates x_0, ..., x_steps from one start (n,): shape (steps + 1, n)."""
    return run(method, start(x0), steps, record={"x": lambda s: s.x}).x.values[0, 0]


def states_after(
    hessian: np.ndarray, schedule: Schedule, eta: float, x0: np.ndarray, steps: int, backend: str = "numpy"
) -> np.ndarray:
    """x_steps from a batch of starts (..., n) on ``x'Hx/2``; H is a diagonal (n,) or a matrix (n, n)."""
    on = array_library(backend)
    h, starts = on.move((hessian, np.reshape(x0, (1, -1, x0.shape[-1]))))
    method = smoothed_gd((lambda x: h * x) if hessian.ndim == 1 else (lambda x: x @ h), eta, schedule)
    return run(method, starts, steps, record={"x": lambda s: s.x}, at=[steps]).x.values[0, :, 0].reshape(x0.shape)


def norms_after(*args: Any) -> np.ndarray:
    """``||x_steps||``, (...); arguments as ``states_after``."""
    return np.linalg.norm(states_after(*args), axis=-1)


def expected_loss(
    hessian: np.ndarray, sigma: float, eta: float, s2: float, x0: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Exact ``E x_k'Hx_k/2`` of ``x+ = x - eta A^-1 (Hx + xi)`` after the given numbers of steps, white noise, H > 0.

    In the eigenbasis V of A^-1 H the covariance grows as ``C_ij (1 - (mu_i mu_j)^k)/(1 - mu_i mu_j)``.
    """
    n = len(hessian)
    p = np.linalg.inv(matrix(n, sigma))
    values, u = np.linalg.eigh(sqrtm(p) @ hessian @ sqrtm(p))
    v = sqrtm(p) @ u  # A^-1 H v = v diag(values)
    mu = 1 - eta * values
    start = np.linalg.solve(v, x0)
    noise = np.linalg.solve(v, np.linalg.solve(v, eta**2 * s2 * p @ p).T)
    h = v.T @ hessian @ v
    pairs = np.outer(mu, mu)
    covariances = (noise * (1 - pairs**k) / (1 - pairs) for k in steps)
    moments = (np.outer(start * mu**k, start * mu**k) + c for k, c in zip(steps, covariances, strict=True))
    return np.array([np.sum(h * m) / 2 for m in moments])
