"""The invariant law of Langevin samplers on the line, for any smooth potentials: quadrature of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gradproof.solvers.gaussian.moments import EPS
from gradproof.theory.errors import DomainError, ParameterError

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Line:
    """Nodes (n,) and probabilities (n,) of an invariant law on the line."""

    x: np.ndarray
    probability: np.ndarray

    def mean(self, f: Function) -> float:
        """E f(theta)."""
        return float(self.probability @ f(self.x))


def _law(gradients: Sequence[Function], gamma: float, low: float, high: float, per_deviation: float) -> Line:
    noise = float(np.sqrt(2 * gamma))
    n = int((high - low) / noise * per_deviation) + 2
    x = np.linspace(low, high, n)
    kernel = np.zeros((n, n))
    for g in gradients:
        rows = np.exp(-((x[None, :] - (x - gamma * g(x))[:, None]) ** 2) / (2 * noise**2))
        kernel += rows / rows.sum(axis=1, keepdims=True) / len(gradients)
    # invariant probabilities: q (K - 1) = 0 and sum q = 1, with one equation replaced
    A = kernel.T - np.eye(n)
    A[n // 2] = 1.0
    right = np.zeros(n)
    right[n // 2] = 1.0
    return Line(x, np.linalg.solve(A, right))


def langevin_on_the_line(
    gradients: Sequence[Function], gamma: float, functions: Sequence[Function], *, centre: float, reach: float
) -> list[tuple[float, float]]:
    """E f under the invariant law of ``theta - gamma g(theta) + sqrt(2 gamma) Z``, with an error, for each f.

    The trapezoidal rule on an analytic kernel converges geometrically in the nodes a standard deviation; the error is
    the change from a coarser grid and a narrower range, and a share of rounding.

    Args:
        gradients: a step takes one of these, each with the same probability: [U'] for LMC, one a minibatch for SGLD.
        centre, reach: the law is computed on [centre - reach, centre + reach].

    Raises:
        ParameterError: no gradient.
        DomainError: gamma or reach is not positive, or the law does not vanish at the ends of the range.
    """
    if not gradients:
        raise ParameterError("no gradient is given; give [U'] for LMC, or one for each minibatch")
    if not gamma > 0 or not reach > 0 or not np.isfinite(gamma * reach + centre):
        raise DomainError(
            f"need a positive step size and reach, and a centre, all finite; got {gamma}, {reach}, {centre}"
        )
    coarse, fine = (
        _law(gradients, gamma, centre - r, centre + r, nodes) for r, nodes in ((0.9 * reach, 1.6), (reach, 2.0))
    )
    ends, top = float(np.abs(fine.probability[[0, -1]]).max()), float(fine.probability.max())
    if not ends < 1e-12 * top:
        raise DomainError("the law does not vanish at the ends of the range: widen it, or the step is past stability")
    found = []
    for f in functions:
        value, scale = fine.mean(f), float(np.abs(fine.probability) @ np.abs(f(fine.x)))
        # the solve amplifies rounding by about 1/(spectral gap of the kernel), at most a few hundred here
        found.append((value, abs(value - coarse.mean(f)) + 1e3 * len(fine.x) * EPS * scale))
    return found


def scaled_mean(gradient: Function, at: float, eta: float, N: float, *, smoothness: float) -> tuple[float, float]:
    """N (E theta - at) of LMC on U = N u with gamma = eta/N, by quadrature in y = sqrt(N) (theta - at); and its error.

    Args:
        gradient: u', with 1 <= u'' <= smoothness. at: its zero, to rounding.
    """
    root = float(np.sqrt(N))
    ((value, error),) = langevin_on_the_line(
        [lambda y: root * gradient(at + y / root)], eta, [lambda y: root * y], centre=0.0, reach=14.0
    )
    # the zero, and u' near it, are known to a few roundings; u'' >= 1
    return value, error + N * (abs(float(gradient(np.asarray(at)))) + 16 * EPS * (1 + smoothness))


def remainder(eta: float, N: float, *, u2: float, u3: float, smoothness: float, fourth: float) -> float:
    r"""Bound on the distance of N (E theta - theta*) of LMC on U = N u, gamma = eta/N, from its limit as N grows.

    By Taylor in y = sqrt(N) (theta - theta*), with e = 1/sqrt(N): sqrt(N) u' = u2 y + e s, where s = u3 y^2/2 + e rho and
    |rho| <= fourth |y|^3/6.
    The contraction q of a step bounds the moments of y; E sqrt(N) u' = 0 and the balance of E y^2 give the rest.

    Args:
        u2, u3: second and third derivative of u at the minimiser. smoothness: 1 <= u'' <= smoothness everywhere.
        fourth: bound on the fourth derivative.

    Raises:
        DomainError: a step does not contract.
    """
    e, b, a = N**-0.5, 2 * eta, 1 - eta * u2
    q = max(abs(1 - eta), abs(1 - eta * smoothness))
    if not q < 1:
        raise DomainError(f"eta = {eta} is too long for u'' up to {smoothness}; take less than {2 / smoothness}")
    m2 = b / (1 - q**2)
    m4 = (6 * b * q**2 * m2 + 3 * b**2) / (1 - q**4)
    m6 = (15 * b * q**4 * m4 + 45 * b**2 * q**2 * m2 + 15 * b**3) / (1 - q**6)
    m3 = m4**0.75
    ys, ss = abs(u3) * m3 / 2 + e * fourth * m4 / 6, (abs(u3) * m4**0.5 / 2 + e * fourth * m6**0.5 / 6) ** 2
    change = (2 * eta * e * abs(a) * ys + eta**2 * e**2 * ss) / (1 - a**2)  # of E y^2 from its limit
    return (abs(u3) * change / 2 + e * fourth * m3 / 6) / u2


def sum_over_lags(gradient: Function, h: float, tau: int, *, centre: float, reach: float) -> tuple[float, float]:
    """The sum over all lags k of Cov(U'(x_0), U'(x_k)) for x - h U'(x_{-tau}) + sqrt(2 h) Z, tau = 0 or 1, and its error.

    The law of the last tau + 1 points, and what the gradient tells of it, are carried forward on a grid until nothing is left; the
    error is the change from a coarser grid and a narrower range.

    Raises:
        ParameterError: another tau.
        DomainError: the law does not settle, or does not vanish at the ends of the range.
    """
    if tau not in (0, 1):
        raise ParameterError(f"tau = {tau}: the law of the last two points is the largest that is carried")
    coarse, fine = (_sum_over_lags(gradient, h, tau, centre, r, nodes) for r, nodes in ((0.9 * reach, 1.6), (reach, 2)))
    return fine, abs(fine - coarse) + 1e6 * EPS * abs(fine)


def _sum_over_lags(gradient: Function, h: float, tau: int, centre: float, reach: float, per_deviation: float) -> float:
    n = int(2 * reach / (2 * h) ** 0.5 * per_deviation) + 2
    x = np.linspace(centre - reach, centre + reach, n)
    g, weight = gradient(x), np.zeros((n, n))
    mean = x[:, None] - h * (g[None, :] if tau else g[:, None])  # by the point and the one before
    kernel = np.exp(-((x - mean[:, :, None]) ** 2) / (4 * h))
    kernel /= kernel.sum(axis=2, keepdims=True)

    def forward(q: np.ndarray) -> np.ndarray:
        """(newest, the one before) -> the same a step later; with tau = 0 the one before does not matter."""
        return np.einsum("xy,xyz->zx", q, np.broadcast_to(kernel, (n, n, n)), optimize=True)

    weight[n // 2, n // 2] = 1.0
    for _ in range(20_000):
        weight, last = forward(weight), weight
        if np.abs(weight - last).sum() < 1e-14:
            break
    else:
        raise DomainError("the law does not settle: the step is past stability, or mixes too slowly")
    if not np.abs(weight[[0, -1]]).max() < 1e-9 * weight.max():
        raise DomainError("the law does not vanish at the ends of the range: widen it")
    f = g - float(weight.sum(axis=1) @ g)
    told = weight * f[:, None]
    total = float(told.sum(axis=1) @ f)
    for _ in range(20_000):
        told = forward(told)
        told -= weight * told.sum()
        term = 2 * float(told.sum(axis=1) @ f)
        total += term
        if float(np.abs(told).sum()) < 1e-14:
            return total
    raise DomainError("correlations do not vanish: the chain mixes too slowly")
