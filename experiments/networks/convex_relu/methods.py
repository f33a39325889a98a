"""ADMM on the convex program, and gradient descent and Adam on the network itself, as batched pure methods."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from scipy.optimize import minimize

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances.two_layer import Training
from gradproof.solvers.relu_program import Network, Program

Array = Any


class AdmmState(NamedTuple):
    """Blocks u and their copies v, (..., 2, P, d); slacks s, (..., 2, P, n); scaled multipliers lam and nu; w as it was before."""

    u: Array
    v: Array
    s: Array
    lam: Array
    nu: Array
    v_before: Array
    s_before: Array


@dataclass(frozen=True, eq=False)
class Splitting:
    """What ADMM needs of a program: data, patterns, and the two inverses of its linear solve.

    The solve is (I + F'F/rho + G'G) u = g. As G_i'G_i = X'X for every pattern, its block part is K = I + X'X, and the coupling
    through the n outputs is I + (2/rho) (X K^-1 X') o (S'S).
    """

    X: Array  # (n, d)
    S: Array  # (P, n)
    y: Array  # (n,)
    K_inverse: Array  # (d, d)
    coupling: Array  # (n, n), inverse
    beta: float
    rho: float
    gamma: float


def splitting(program: Program, rho: float = 0.5, gamma: float = 1.0) -> Splitting:
    """Factor once. ``rho``: penalty, ``gamma``: dual step."""
    X, S = program.X, program.S
    K = np.linalg.inv(np.eye(X.shape[1]) + X.T @ X)
    coupling = np.linalg.inv(np.eye(len(X)) + (2 / rho) * (X @ K @ X.T) * (S.T @ S))
    return Splitting(X, S, program.y, K, coupling, program.beta, rho, gamma)


def admm(p: Splitting) -> Method:
    """The paper's ADMM from zero multipliers; the start is the blocks v, flattened, (..., 2 P d)."""
    signs = 2 * p.S - 1
    P, d = p.S.shape[0], p.X.shape[1]

    def predict(x: Array) -> Array:
        xp = array_namespace(x)
        return xp.sum(p.S * ((x[..., 0, :, :] - x[..., 1, :, :]) @ p.X.T), axis=-2)

    def adjoint(r: Array) -> Array:
        xp = array_namespace(r)
        c = (p.S * r[..., None, :]) @ p.X
        return xp.stack([c, -c], axis=-3)

    def init(x0: Array) -> AdmmState:
        xp = array_namespace(x0)
        v = xp.reshape(x0, (*x0.shape[:-1], 2, P, d))
        s = 0 * (v @ p.X.T)
        return AdmmState(v, v, s, 0 * v, s, v, s)

    def step(q: AdmmState, draw: Any = None) -> AdmmState:
        xp = array_namespace(q.v)
        g = adjoint(p.y + 0 * predict(q.v)) / p.rho + q.v - q.lam + (signs * (q.s - q.nu)) @ p.X
        h = g @ p.K_inverse
        h = h - adjoint((predict(h) / p.rho) @ p.coupling) @ p.K_inverse
        z = h + q.lam
        norm = xp.sqrt(xp.sum(z * z, axis=-1, keepdims=True))
        tiny = xp.where(norm > 0, norm, xp.ones_like(norm))
        v = z * xp.where(norm > p.beta / p.rho, 1 - p.beta / (p.rho * tiny), xp.zeros_like(norm))
        Gu = signs * (h @ p.X.T)
        t = Gu + q.nu
        s = xp.where(t > 0, t, xp.zeros_like(t))
        return AdmmState(h, v, s, q.lam + p.gamma * (h - v), q.nu + p.gamma * (Gu - s), q.v, q.s)

    return Method(init, step)


def residual(p: Splitting, q: AdmmState) -> Array:
    """||Eu - w||^2 + ||w - w_before||^2, shape (...)."""
    xp = array_namespace(q.u)
    Gu = (2 * p.S - 1) * (q.u @ p.X.T)
    parts = (q.u - q.v, Gu - q.s, q.v - q.v_before, q.s - q.s_before)
    return sum(xp.sum(x * x, axis=(-3, -2, -1)) for x in parts)


# --- the network itself ------------------------------------------------------------------------------------------------


class DescentState(NamedTuple):
    """Parameters w, (..., m (d + 1)), first and second moments of the gradients, and the number of steps taken."""

    w: Array
    first: Array
    second: Array
    k: int


def _at_rest(w0: Array) -> DescentState:
    return DescentState(w0, 0 * w0, 0 * w0, 0)


def gradient_descent(p: Training, eta: Any) -> Method:
    """w <- w - eta grad."""

    def step(q: DescentState, draw: Any = None) -> DescentState:
        return DescentState(q.w - eta * p.gradient(q.w), q.first, q.second, q.k + 1)

    return Method(_at_rest, step)


def adam(p: Training, eta: Any, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Method:
    """Kingma, Ba (2015), with bias correction."""

    def step(q: DescentState, draw: Any = None) -> DescentState:
        xp = array_namespace(q.w)
        g = p.gradient(q.w)
        k = q.k + 1
        first, second = b1 * q.first + (1 - b1) * g, b2 * q.second + (1 - b2) * g * g
        w = q.w - eta * (first / (1 - b1**k)) / (xp.sqrt(second / (1 - b2**k)) + eps)
        return DescentState(w, first, second, k)

    return Method(_at_rest, step)


def descend(problem: Program, m: int, rng: np.random.Generator) -> Network:
    """A local minimum of the training objective of m neurons, by L-BFGS from a Gaussian start."""
    p = Training(problem.X, problem.y, problem.beta, m)
    start = rng.standard_normal(m * (problem.X.shape[1] + 1))
    w = minimize(lambda w: (p.objective(w), p.gradient(w)), start, jac=True, method="L-BFGS-B").x
    return Network(*p.split(w))
