"""LMC, SGLD, SGLDFP and SGD on a quadratic finite sum: exact stationary covariances and the exact stability threshold.

U(theta) = U_0 + sum_{i=1}^N U_i with Hessians H_0, H_i and minimiser theta*, g_i = grad U_i(theta*). A step takes p indices
uniformly with replacement. As H_0 + (N/p) sum_{i in S} H_i is the mean over S of H_0 + N H_i, the chains are linearised SGD
with these curvatures, so that ``solvers.moments`` gives their threshold. Source: Brosse, Durmus, Moulines (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

from gradproof.solvers import moments as sgd
from gradproof.solvers.exact.rounding import whole_number
from gradproof.solvers.gaussian.moments import (
    Moment,
    identity,
    number,
    read,
    semidefinite,
    solve,
    stationary,
    symmetric,
)
from gradproof.theory.errors import DomainError, ParameterError

METHODS = ("lmc", "sgldfp", "sgld", "sgd")


@dataclass(frozen=True, eq=False)
class FiniteSum:
    """A quadratic finite sum seen from its minimiser; floats or ``Fraction`` throughout. Made by ``quadratic``.

    Args:
        hessians: H_i, (N, d, d). gradients: g_i at the minimiser, (N, d). prior: H_0, (d, d). mode: theta*, (d,).
    """

    hessians: np.ndarray
    gradients: np.ndarray
    prior: np.ndarray
    mode: np.ndarray

    @property
    def N(self) -> int:
        return len(self.hessians)

    @property
    def d(self) -> int:
        return self.prior.shape[0]

    @property
    def exact(self) -> bool:
        return self.hessians.dtype == object

    @cached_property
    def data(self) -> np.ndarray:
        """sum_i H_i."""
        return self.hessians.sum(axis=0)

    @cached_property
    def H(self) -> np.ndarray:
        """Hessian of U, (d, d)."""
        return self.prior + self.data

    @cached_property
    def per_sample(self) -> np.ndarray:
        """H_0 + N H_i, whose mean over a batch is the Hessian that a step sees, (N, d, d)."""
        return self.prior + self.N * self.hessians

    def T(self, C: np.ndarray, p: int = 1) -> np.ndarray:
        """Multiplicative noise (1/p) [N sum H_i C H_i - (sum H_i) C (sum H_i)]."""
        each = sum((Hi @ C @ Hi for Hi in self.hessians), start=0 * self.prior)
        return (self.N * each - self.data @ C @ self.data) / _batch(p)

    def M(self, p: int = 1) -> np.ndarray:
        """Additive noise (1/p) [N sum g_i g_i' - (sum g_i)(sum g_i)']."""
        total = self.gradients.sum(axis=0)
        return (self.N * (self.gradients.T @ self.gradients) - np.outer(total, total)) / _batch(p)

    def noise_operator(self, p: int = 1) -> np.ndarray:
        """The matrix of C -> H C H + T(C) on row-major vec C, (d^2, d^2)."""
        if self.exact:
            each = sum((np.kron(Hi, Hi) for Hi in self.hessians), start=0 * np.kron(self.H, self.H))
        else:
            flat = self.hessians.reshape(self.N, -1)
            d = self.d
            each = (flat.T @ flat).reshape(d, d, d, d).transpose(0, 2, 1, 3).reshape(d * d, d * d)
        T = (self.N * each - np.kron(self.data, self.data)) / _batch(p)
        return np.kron(self.H, self.H) + T

    def drift_operator(self) -> np.ndarray:
        """The matrix of C -> H C + C H."""
        unit = identity(self.d, self.H)
        return np.kron(self.H, unit) + np.kron(unit, self.H)


def quadratic(hessians: Any, gradients: Any, prior: Any = None, mode: Any = None) -> FiniteSum:
    """A checked finite sum. The prior's gradient at the minimiser is minus the sum of ``gradients``.

    Args:
        hessians: H_i, (N, d, d), symmetric. gradients: (N, d). prior: H_0, zero by default. mode: theta*, zero by default.

    Raises:
        ParameterError: empty, NaN, shapes that do not fit, or matrices that are not symmetric.
        DomainError: the sum of all Hessians is not positive definite: there is no posterior.
    """
    Hs, gs = read(hessians, "hessians", 3), read(gradients, "gradients", 2)
    N, d = gs.shape
    H0 = read(np.zeros((d, d), int) if prior is None else prior, "prior", 2)
    at = read(np.zeros(d, int) if mode is None else mode, "mode", 1)
    if Hs.shape != (N, d, d) or H0.shape != (d, d) or at.shape != (d,):
        raise ParameterError(
            f"hessians {Hs.shape}, gradients {gs.shape}, prior {H0.shape} and mode {at.shape} do not fit; "
            "give (N, d, d), (N, d), (d, d), (d,)"
        )
    Hs, H0 = symmetric(Hs, "hessians"), symmetric(H0, "prior")
    if not all(x.dtype == object for x in (Hs, gs, H0, at)):
        Hs, gs, H0, at = (x.astype(float) for x in (Hs, gs, H0, at))
    problem = FiniteSum(Hs, gs, H0, at)
    positive = semidefinite(problem.H, d * np.finfo(float).eps * float(np.abs(problem.H).sum()))
    if not positive or (problem.exact and not _regular(problem.H)):
        raise DomainError("the Hessian of U is not positive definite: there is no posterior; add a prior")
    return problem


def _regular(H: np.ndarray) -> bool:
    try:
        solve(H, H[0])
    except DomainError:
        return False
    return True


def regression(X: Any, y: Any, *, noise: Any = 1, prior: Any = 1) -> FiniteSum:
    """Bayesian linear regression: U_i = (x_i.theta - y_i)^2/(2 noise), U_0 = prior |theta|^2/2.

    Args:
        X: (N, d). y: (N,). noise: variance of the noise, > 0. prior: precision of the prior, >= 0.

    Raises:
        ParameterError, DomainError: as ``quadratic``, and for noise <= 0 or prior < 0.
    """
    rows, target = read(X, "X", 2), read(y, "y", 1)
    if len(target) != len(rows):
        raise ParameterError(f"X has {len(rows)} rows and y {len(target)} entries; give one for each")
    exact = rows.dtype == object and target.dtype == object
    if not exact:
        rows, target = rows.astype(float), target.astype(float)
    s2, tau = number(noise, "noise", exact=exact), number(prior, "prior", exact=exact)
    if not s2 > 0 or not tau >= 0:
        raise DomainError(f"need noise > 0 and prior >= 0, got {noise} and {prior}")
    Hs = rows[:, :, None] * rows[:, None, :] / s2
    H0 = tau * identity(rows.shape[1], rows)
    try:
        mode, _ = solve(H0 + Hs.sum(axis=0), rows.T @ target / s2)
    except DomainError:
        raise DomainError("the Hessian of U is not positive definite: there is no posterior; add a prior") from None
    residual = rows @ mode - target
    return quadratic(Hs, rows * residual[:, None] / s2, H0, mode)


def threshold(problem: FiniteSum, p: int = 1) -> sgd.Threshold:
    """gamma_max: below it, and only there, second moments of SGLD, SGLDFP and SGD settle; ``value``, ``lower``, ``upper``."""
    return sgd.stability_threshold(problem.per_sample.astype(float), batch_size=_batch(p), replacement=True)


def largest_noise(problem: FiniteSum, p: int = 1) -> float:
    """The largest of (C -> HCH + T(C)) against (C -> HC + CH), by a dense solver on all d x d matrices."""
    A, B = problem.drift_operator().astype(float), problem.noise_operator(p).astype(float)
    return float(scipy.linalg.eigh((B + B.T) / 2, (A + A.T) / 2, eigvals_only=True)[-1])


def covariance(problem: FiniteSum, gamma: Any, method: str, p: int = 1) -> Moment:
    """Stationary covariance of a chain, (d, d): HC + CH - gamma (HCH + T(C)) = 2 I + gamma M.

    LMC has no T and M, SGLDFP no M, SGD no 2 I. The mean is the minimiser.

    Args:
        gamma: step size, > 0. method: ``lmc``, ``sgldfp``, ``sgld`` or ``sgd``. p: indices a step.

    Raises:
        ParameterError: unknown method, or bad gamma or p.
        DomainError: the step is past stability.
    """
    if method not in METHODS:
        raise ParameterError(f"method {method!r} is none of {', '.join(METHODS)}")
    gamma = number(gamma, "gamma", exact=problem.exact)
    if not gamma > 0:
        raise DomainError(f"gamma = {gamma} must be positive")
    noise = np.kron(problem.H, problem.H) if method == "lmc" else problem.noise_operator(p)
    A = problem.drift_operator() - gamma * noise
    Q = 0 * problem.H
    if method != "sgd":
        Q = Q + 2 * identity(problem.d, problem.H)
    if method in ("sgld", "sgd"):
        Q = Q + gamma * problem.M(p)
    return stationary(A, Q, what=f"gamma = {gamma}")


def posterior(problem: FiniteSum) -> Moment:
    """Covariance of the posterior, H^{-1}."""
    unit = identity(problem.d, problem.H)
    columns = [solve(problem.H, unit[:, j]) for j in range(problem.d)]
    return Moment(np.stack([c for c, _ in columns], axis=1), float(np.sqrt(sum(e * e for _, e in columns))))


def _batch(p: Any) -> int:
    return whole_number(p, "p", least=1, what="indices")
