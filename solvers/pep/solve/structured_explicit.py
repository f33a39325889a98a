"""Short steps without a program: an explicit worst function, and the multipliers that it leaves no choice but.

For function values and steps shorter than the best one, the worst function is mu/2 x^2 plus a Huber function whose kink
the iterates do not pass (``Descent.sizes``). Complementary slackness then determines the multipliers of the chain by one
recurrence. Neither is taken on trust: the multipliers count only if they are nonnegative, balance the function values, and
their slack is positive definite by a banded Cholesky factorisation. The bound is what they prove, the primal value what
the function attains; where one of the tests fails, the semidefinite program decides.

With shifted gradients u_k = g_k - mu x_k, rho = 1 - gamma mu, b_N = gamma (1 - mu) sum rho^k (L = 1), the kink lies at
c = rho^(2N) / (1 + b_N (1 + rho^N)), and with the multipliers a_k of (k, k+1) and b_k of (*, k):

    b_k (x_k - c) = gamma rho^(N-1-k) g_N + a_(k-1) (x_(k-1) - x_k),   a_k = a_(k-1) + b_k,   a_(N-1) + b_N = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpbtrf, dpbtrs

from gradproof.solvers.pep.solve.structured_model import Descent

_ROUNDING = 1e-9  # relative: of the balance, and of the slack's pivots; both are about 1e-15 N in practice


@dataclass(frozen=True, eq=False)
class Explicit:
    """For L = 1: the measure of the explicit function, what the multipliers prove, and the multipliers of the chain."""

    primal: float
    dual: float
    multipliers: np.ndarray  # of the pairs, then of the normaliser
    residual: float


def solve(descent: Descent) -> Explicit | None:
    """The worst case by complementary slackness; None if the function is not worst, or not known to be."""
    N, h, mu = descent.N, descent.h, descent.kappa
    rho = 1.0 - mu * h
    if descent.measure != "function-value" or rho <= 0:
        return None
    decay = rho ** np.arange(N + 1)
    if decay[-1] ** 2 <= 1e-290:
        return None
    sums = np.cumsum(decay)
    b = h * (1 - mu) * np.concatenate([[0.0], sums[:-1]])
    a = decay[-1]
    c = a**2 / (1 + b[-1] * (1 + a))
    x = decay - b * c
    if x[-1] <= c:
        return None
    g = mu * x + (1 - mu) * c
    primal = mu / 2 * x[-1] ** 2 + (1 - mu) * (c * x[-1] - c**2 / 2)
    chain = h * g[-1] * decay[-2::-1] * sums[:-1] / (x[:-1] - c)
    before = np.concatenate([[0.0], chain])
    star = (np.append(h * g[-1] * decay[-2::-1], 0.0) + before * np.append(0.0, h * g[:-1])) / (x - c)
    residual = abs(chain[-1] + star[-1] - 1)
    if not residual <= _ROUNDING or not min(chain.min(), star.min()) >= 0:
        return None
    dual = _proved(h, mu, chain, star, x)
    if dual is None:
        return None
    return Explicit(primal, dual, np.concatenate([chain, star, [dual]]), residual)


def _proved(h: float, mu: float, chain: np.ndarray, star: np.ndarray, x: np.ndarray) -> float | None:
    """The least bound that makes the slack positive semidefinite; None if there is none.

    The slack in the vectors x_0 .. x_N and x_{N+1} = x_N - h g_N has two bands beside the diagonal; all but the row of
    x_0 must be positive definite, and the Schur complement on x_0 is the bound.
    """
    N = len(chain)
    rho = 1.0 - mu * h
    u = np.array([rho, -1.0]) / h  # the shifted gradient at x_k, in (x_k, x_{k+1})
    value, change, step = np.append(0.0, u), np.append(u, 0.0) - np.append(0.0, u), np.array([1.0, -1.0, 0.0])
    pair = (np.outer(value, step) + np.outer(step, value)) / 2 + np.outer(change, change) / (2 * (1 - mu))
    own, here = np.outer(u, u) / (2 * (1 - mu)), np.array([1.0, 0.0])
    own = own - (np.outer(u, here) + np.outer(here, u)) / 2
    bands = np.zeros((3, N + 2))  # bands[d][k] = S[k, k + d]
    for i in range(3):
        for j in range(i, 3):
            bands[j - i, i : i + N] += pair[i, j] * chain
    for i in range(2):
        for j in range(i, 2):
            bands[j - i, i : i + N + 1] += own[i, j] * star
    bands[0, N] -= mu / 2
    size = np.append(x, x[-1])
    for d in range(3):
        bands[d, : N + 2 - d] *= size[: N + 2 - d] * size[d:]
    if not bands[0, 1:].min() > 0:  # NaN too
        return None
    diagonal = np.sqrt(bands[0, 1:])
    rest = bands[:, 1:].copy()
    for d in range(3):
        rest[d, : N + 1 - d] /= diagonal[: N + 1 - d] * diagonal[d:]
    factor, failed = dpbtrf(rest, lower=1)
    if failed or factor[0].min() ** 2 <= _ROUNDING / (N + 1):
        return None
    right = np.zeros(N + 1)
    right[:2] = bands[1, 0], bands[2, 0]
    right /= diagonal
    solved, _ = dpbtrs(factor, right, lower=1)
    return float(right @ solved - bands[0, 0])
