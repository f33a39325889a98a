"""The recursion x_{l+1} = x_l - a x_{l-tau} + noise: stability, stationary autocovariances, variances of averages.

Fixed delays by the Yule-Walker equations, of size tau + 2; random and cyclic ones by the second moment of the history.
Stability is decided by the recursion of Schur, Cohn and Jury: exactly for rational a. Exact input gives exact output.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np

from gradproof.solvers import jury
from gradproof.solvers.exact.balls import enclose
from gradproof.solvers.exact.rounding import whole_number
from gradproof.solvers.gaussian.moments import Moment, identity, number, random_matrices, solve, stationary
from gradproof.theory.axioms import Form
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.proof import Proof, Statement


def critical(tau: int, *, width: Fraction = Fraction(1, 10**20)) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around a_max = 2 sin(pi/(2 (2 tau + 1))), by ball arithmetic."""
    m = 2 * (2 * _delay(tau) + 1)
    return enclose(lambda: 2 * flint.arb.sin_pi_fmpq(flint.fmpq(1, m)), width=width)


def is_stable(a: Any, tau: int) -> bool:
    """Whether all zeros of z^{tau+1} - z^tau + a lie in the open unit disc: exact, for rational a.

    Raises:
        ParameterError: a is a float, or tau no whole number >= 0.
    """
    a, tau = number(a, "a", exact=True), _delay(tau)
    polynomial = [1, a - 1] if tau == 0 else [1, -1, *[0] * (tau - 1), a]
    return jury.is_stable(polynomial)


def companion(a: Any, tau: int, size: int) -> np.ndarray:
    """The step on the history (x_l, ..., x_{l-size+1}), newest first."""
    exact = isinstance(a, Fraction)
    A = np.zeros((size, size), dtype=int if exact else float)
    A[0, 0] = 1
    A[np.arange(1, size), np.arange(size - 1)] = 1
    if exact:
        A = np.array([[Fraction(int(v)) for v in row] for row in A], dtype=object)
    A[0, tau] -= a
    return A


def impulse(a: Any, tau: int, count: int) -> list[Any]:
    """What a unit kick leaves after 0, 1, ..., count - 1 steps; exact for a fraction."""
    g = [a / a]
    for k in range(1, count):
        g.append(g[-1] - (a * g[k - 1 - tau] if k > tau else 0 * a))
    return g


class Delay:
    """Stationary law of x_{l+1} = x_l - h lam x_{l-tau} + sqrt(2 h) z + h sigma xi, z and xi standard normal.

    Args:
        lam: curvature, > 0. h: step size, > 0. tau: delay, a whole number >= 0. sigma: noise of the gradient, >= 0.

    Ints and fractions are computed with exactly; ``error`` bounds the rounding error of each autocovariance otherwise.

    Raises:
        ParameterError: not numbers, or a delay that is no whole number >= 0.
        DomainError: lam, h or sigma out of range, or a = h lam is not below a_max(tau).
    """

    def __init__(self, lam: Any, h: Any, tau: int, sigma: Any = 0) -> None:
        exact = all(isinstance(v, int | Fraction) for v in (lam, h, sigma))
        self.lam, self.h = (number(v, n, exact=exact) for v, n in ((lam, "lam"), (h, "h")))
        self.sigma, self.tau = number(sigma, "sigma", exact=exact), _delay(tau)
        if not self.lam > 0 or not self.h > 0 or not self.sigma >= 0:
            raise DomainError(f"need lam > 0, h > 0 and sigma >= 0, got {lam}, {h} and {sigma}")
        self.a = self.h * self.lam
        if not is_stable(Fraction(self.a), self.tau):
            raise DomainError(
                f"a = h lam = {self.a} is not below a_max({tau}) = {float(critical(self.tau)[0]):.9g}: E x^2 grows; "
                "take a smaller step"
            )
        self.noise = 2 * self.h + self.h**2 * self.sigma**2
        self._known, self.error = self._yule_walker(exact)

    def _yule_walker(self, exact: bool) -> tuple[list[Any], float]:
        """r_0 .. r_{tau+1} from r_k = r_{k-1} - a r_{|k-1-tau|} (k >= 1) and r_0 = r_1 - a r_{tau+1} + noise."""
        n, t = self.tau + 2, self.tau
        A = np.array([[Fraction(0)] * n] * n, dtype=object) if exact else np.zeros((n, n))
        b = np.array([self.noise] + [0 * self.noise] * (n - 1), dtype=object if exact else float)
        A[0, 0] += 1
        A[0, 1] -= 1
        A[0, t + 1] += self.a
        for k in range(1, n):
            A[k, k] += 1
            A[k, k - 1] -= 1
            A[k, abs(k - 1 - t)] += self.a
        x, error = solve(A, b)
        return list(x), error

    @property
    def variance(self) -> Any:
        """Stationary E x^2."""
        return self._known[0]

    def autocovariances(self, count: int) -> list[Any]:
        """r_0, ..., r_{count-1}."""
        r, count = self._known, whole_number(count, "count", least=1)
        while len(r) < count:
            r.append(r[-1] - self.a * r[len(r) - 1 - self.tau])
        return r[:count]

    @cached_property
    def history(self) -> np.ndarray:
        """Second moment of (x_l, ..., x_{l-tau}), a Toeplitz matrix (tau + 1, tau + 1)."""
        n = self.tau + 1
        r = self.autocovariances(n)
        return np.array([[r[abs(i - j)] for j in range(n)] for i in range(n)])

    def long_run(self, power: int = 1) -> Any:
        """sum over all lags of the autocovariances of x (power 1) or of x^2 (power 2: 2 r_k^2, by Isserlis)."""
        n = self.tau + 1
        A = companion(self.a, self.tau, n)
        column = self.history[:, 0]  # r_k is the first entry of A^k column
        if power == 1:
            total, _ = solve(identity(n, A) - A, column)
            return 2 * total[0] - self.variance
        if power != 2:
            raise ParameterError(f"power = {power}: the averages of x and of x^2 are known")
        # sum_k r_k^2 = <e_1 e_1', sum_k A^k C A'^k> with C = column column'
        total, _ = solve(random_matrices([1], [A]), np.outer(column, column).ravel())
        return 2 * (2 * total[0] - self.variance**2)

    def average_variance(self, L: int, power: int = 1) -> Any:
        """Var of (1/L) sum of L successive x (power 1) or x^2 (power 2) in the stationary law."""
        L = whole_number(L, "L", least=1, what="steps")
        if power not in (1, 2):
            raise ParameterError(f"power = {power}: the averages of x and of x^2 are known")
        r = self.autocovariances(L)
        c = r[:L] if power == 1 else [2 * v * v for v in r[:L]]
        total = sum((L - k) * c[k] for k in range(1, L)) if L > 1 else 0 * c[0]
        return (L * c[0] + 2 * total) / (L * L)

    def average_variance_from_zero(self, L: int) -> float:
        """Var of (1/L) sum of the first L points from the history 0: sums of impulse responses, in floats."""
        return float(self.noise) * float((np.cumsum(impulse(float(self.a), self.tau, L)) ** 2).sum()) / L**2


def lyapunov_proof(a: Fraction, tau: int) -> Proof:
    """Proof that V = w'Xw does not increase by more than -|w|^2 a step and is nonnegative, X - A'XA = I over the rationals.

    Raises:
        DomainError: the step is past stability.
    """
    A = companion(a, tau, tau + 1)
    if not is_stable(a, tau):
        raise DomainError(f"a = {a} is not below a_max({tau}) = {float(critical(tau)[0]):.9g}")
    X = stationary(random_matrices([1], [A.T]), identity(tau + 1, A)).matrix
    n = tau + 1
    drop = A.T @ X @ A - X + identity(n, A)  # zero
    target: dict[tuple[str, str], Any] = {}
    for name, matrix in (("w", drop), ("y", -X)):
        for i in range(n):
            for j in range(i, n):
                value = matrix[i, j] * (1 if i == j else 2)
                if value:
                    target[(f"{name}{i:02d}", f"{name}{j:02d}")] = value
    names = tuple(f"{k}{i:02d}" for k in "wy" for i in range(n))
    text = f"x+ = x - {a} x_(-{tau}): V(Aw) - V(w) + |w|^2 - V(y) <= 0 for all w, y, with V(w) = w'Xw"
    return Proof(Statement(names, (), (), Form(target, {}), (), (), text), (), None)


def random_delay(lam: Any, h: Any, probabilities: Sequence[Any], sigma: Any = 0) -> Moment:
    """Stationary second moment of the history when each step draws its delay 0..n-1 with these probabilities; (n, n).

    Raises:
        ParameterError: probabilities that are negative or do not sum to one.
        DomainError: second moments do not settle.
    """
    exact = all(isinstance(v, int | Fraction) for v in (lam, h, sigma, *probabilities))
    lam, h, sigma = (number(v, n, exact=exact) for v, n in ((lam, "lam"), (h, "h"), (sigma, "sigma")))
    weights = [number(v, "probability", exact=exact) for v in probabilities]
    n = len(weights)
    if n == 0 or min(weights) < 0 or abs(sum(weights) - 1) > (0 if exact else 8 * n * np.finfo(float).eps):
        raise ParameterError(f"probabilities {list(map(str, probabilities))} must be >= 0 and sum to one")
    if not lam > 0 or not h > 0 or not sigma >= 0:
        raise DomainError(f"need lam > 0, h > 0 and sigma >= 0, got {lam}, {h} and {sigma}")
    steps = [companion(h * lam, t, n) for t in range(n)]
    Q = 0 * identity(n, steps[0])
    Q[0, 0] = 2 * h + h**2 * sigma**2
    return stationary(random_matrices(weights, steps), Q, what=f"a = {h * lam}")


def cyclic_delay(lam: Any, h: Any, delays: Sequence[int], sigma: Any = 0) -> list[Moment]:
    """Stationary second moments of the history when the delays repeat a cycle; (n, n) before each step of it, n = max + 1.

    Raises:
        ParameterError: no delay, or one that is no whole number >= 0.
        DomainError: second moments do not settle over a cycle.
    """
    exact = all(isinstance(v, int | Fraction) for v in (lam, h, sigma))
    lam, h, sigma = (number(v, n, exact=exact) for v, n in ((lam, "lam"), (h, "h"), (sigma, "sigma")))
    cycle = [_delay(t) for t in delays]
    if not cycle:
        raise ParameterError("the cycle of delays is empty; give one delay for each step of it")
    if not lam > 0 or not h > 0 or not sigma >= 0:
        raise DomainError(f"need lam > 0, h > 0 and sigma >= 0, got {lam}, {h} and {sigma}")
    n = max(cycle) + 1
    steps = [companion(h * lam, t, n) for t in cycle]
    Q = 0 * identity(n, steps[0])
    Q[0, 0] = 2 * h + h**2 * sigma**2
    found = []
    for first in range(len(cycle)):
        whole, noise = identity(n, Q), 0 * Q
        for A in steps[first:] + steps[:first]:
            whole, noise = A @ whole, A @ noise @ A.T + Q
        found.append(stationary(random_matrices([1], [whole]), noise, what=f"a = {h * lam} with the delays {cycle}"))
    return found


def _delay(tau: Any) -> int:
    return whole_number(tau, "tau", what="steps that the gradient is old")
