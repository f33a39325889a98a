"""Further instances: data sets, compressors, networks, targets, set functions, noise, schedules. Each keeps its promise exactly
or, where a float has to be rounded, with the rounding on the safe side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradproof.testing.exact import exp, log, sqrt
from gradproof.testing.source import Source, built

Array = np.ndarray
INWARDS = 1 - 2.0**-40  # covers the rounding of a norm or a sum that was scaled to its limit


# --- data --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """``f(x) = |A x - b|^2 / (2 n)`` over n rows."""

    A: Array
    b: Array

    @property
    def dim(self) -> int:
        return self.A.shape[1]

    @property
    def n(self) -> int:
        return len(self.A)

    def __call__(self, x: Array) -> Any:
        r = self.A @ x - self.b
        return (r @ r) / (2 * self.n)

    def gradient(self, x: Array) -> Array:
        """Gradient of the mean, shape (d,)."""
        return self.A.T @ (self.A @ x - self.b) / self.n

    def part_gradient(self, i: int, x: Array) -> Array:
        """Gradient of row i's loss ``(a_i x - b_i)^2 / 2``."""
        return self.A[i] * (self.A[i] @ x - self.b[i])

    @property
    def L(self) -> Any:
        """A smoothness constant: the trace of the Hessian (at least its largest eigenvalue, equal in one dimension)."""
        return (self.A * self.A).sum() / self.n


@dataclass(frozen=True, eq=False)
class Logistic:
    """``f(x) = mean log(1 + exp(-y_i a_i x)) + lam |x|^2 / 2``."""

    A: Array
    y: Array
    lam: float = 0.0

    @property
    def dim(self) -> int:
        return self.A.shape[1]

    @property
    def n(self) -> int:
        return len(self.A)

    def __call__(self, x: Array) -> Any:
        margins = self.y * (self.A @ x)
        return sum(_log1pexp(-m) for m in margins) / self.n + self.lam * (x @ x) / 2

    def gradient(self, x: Array) -> Array:
        """Gradient of the mean, shape (d,)."""
        weights = np.array([_sigmoid(-m) for m in self.y * (self.A @ x)])
        return -(self.A.T @ (weights * self.y)) / self.n + self.lam * x

    @property
    def L(self) -> Any:
        """A smoothness constant: trace of A'A/(4n), plus lam."""
        return (self.A * self.A).sum() / (4 * self.n) + self.lam


def _sigmoid(t: Any) -> Any:
    return 1 / (1 + exp(-t)) if t >= 0 else exp(t) / (1 + exp(t))


def _log1pexp(t: Any) -> Any:
    return t + log(1 + exp(-t)) if t >= 0 else log(1 + exp(t))


@built
def least_squares(draw: Source, *, max_n: int = 4, max_dim: int = 2, interpolation: bool = False) -> LeastSquares:
    """Small least-squares problems; with ``interpolation`` some x fits all rows."""
    n, d = draw.integer(1, max_n), draw.integer(1, max_dim)
    A = np.array([[draw.real(-3, 3) for _ in range(d)] for _ in range(n)])
    b = np.zeros(n) if interpolation else np.array([draw.real(-3, 3) for _ in range(n)])
    return LeastSquares(A, b)


@built
def logistic(draw: Source, *, max_n: int = 4, max_dim: int = 2, lam: float = 0.0) -> Logistic:
    """Small logistic regressions, separable ones among them."""
    n, d = draw.integer(1, max_n), draw.integer(1, max_dim)
    A = np.array([[draw.real(-3, 3) for _ in range(d)] for _ in range(n)])
    return Logistic(A, np.array([1.0 if draw.boolean() else -1.0 for _ in range(n)]), lam)


# --- compressors -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class TopK:
    """Keep the K entries of largest magnitude (the first of equal ones): contractive with alpha = K/d."""

    K: int

    def __call__(self, x: Array) -> Array:
        order = sorted(range(len(x)), key=lambda j: -abs(x[j]))[: self.K]
        return np.array([v if j in order else v * 0 for j, v in enumerate(x)])


@dataclass(frozen=True, eq=False)
class Scaled:
    """``C(x) = factor * x``: the extreme contractive compressors are factor = 1 +- sqrt(1 - alpha)."""

    factor: float

    def __call__(self, x: Array) -> Array:
        return self.factor * x


@dataclass(frozen=True, eq=False)
class Adversarial:
    """``C(x) = x + q |x| u`` with ``|u| <= 1`` and q^2 <= 1 - alpha, u a direction that changes with the signs of x."""

    q: float
    turn: int

    def __call__(self, x: Array) -> Array:
        d = len(x)
        size = abs(x[0]) if d == 1 else sqrt(x @ x)
        sign = 1 if x[self.turn % d] >= 0 else -1
        return np.array([v + self.q * size * sign if j == (self.turn + 1) % d else v for j, v in enumerate(x)])


@built
def compressors(draw: Source, alpha: float, *, dim: int = 1) -> Any:
    """Deterministic compressors with ``|C(x) - x|^2 <= (1 - alpha)|x|^2``, the adversarial ones included."""
    q = _root_below(1 - alpha)
    kinds = ["plus", "minus", "scaled", "adversarial"]
    K = next((k for k in range(1, dim + 1) if k >= alpha * dim), dim)
    kind = draw.pick([*kinds, "top"] if dim > 1 else kinds)
    if kind == "top":
        return TopK(K)
    if kind == "adversarial":
        return Adversarial(q, draw.integer(0, 3))
    return Scaled(1 + q if kind == "plus" else 1 - q if kind == "minus" else 1 + draw.real(-q, q))


def _root_below(x: float) -> float:
    """The largest float q found with (1 + q - 1)^2 <= x exactly."""
    from fractions import Fraction

    q = float(np.sqrt(max(x, 0.0)))
    while any((Fraction(1 + s * q) - 1) ** 2 > Fraction(x) for s in (1, -1)) or Fraction(q) ** 2 > Fraction(x):
        q -= 2.0**-52  # 1 + q is rounded to this grid
        if q <= 0:
            return 0.0
    return q


@dataclass(frozen=True, eq=False)
class RandK:
    """Keep K entries chosen uniformly: ``outcomes`` lists all results with equal probability."""

    K: int
    unbiased: bool = False

    def outcomes(self, x: Array) -> list[Array]:
        """All values of C(x), equally likely."""
        from itertools import combinations

        d = len(x)
        scale = d if self.unbiased else 1
        by = self.K if self.unbiased else 1
        return [
            np.array([v * scale / by if j in kept else v * 0 for j, v in enumerate(x)])
            for kept in map(set, combinations(range(d), self.K))
        ]


# --- expectations over finitely many outcomes ------------------------------------------------------------------------------


def mean_over_paths(n: int, steps: int, run: Callable[[tuple[int, ...]], Any]) -> Any:
    """The exact mean of ``run(indices)`` over all n^steps sequences of indices (uniform sampling with replacement).

    Raises:
        ValueError: more than 20 000 sequences; take fewer steps, or measure with ``rng``.
    """
    if n**steps > 20_000:
        raise ValueError(f"{n}^{steps} sequences are too many to enumerate; take fewer steps, or measure with rng")
    return sum(run(path) for path in product(range(n), repeat=steps)) / n**steps


# --- networks ----------------------------------------------------------------------------------------------------------


@built
def mixing_matrices(draw: Source, *, max_n: int = 5) -> Array:
    """Symmetric doubly stochastic matrices of random connected graphs, from lazy ones to those with eigenvalues near -1.

    Weights are multiples of a power of 1/2 and the diagonal, which is positive, completes the rows: every row sums to 1 exactly.
    """
    n = draw.integer(2, max_n)
    edges = {(i, i + 1) for i in range(n - 1)}  # a path keeps it connected
    edges |= {(i, j) for i in range(n) for j in range(i + 2, n) if draw.boolean()}
    W = np.zeros((n, n))
    for i, j in sorted(edges):
        W[i, j] = W[j, i] = draw.integer(1, 8)
    parts = max(64, 4 * 2 ** (n - 1).bit_length())
    share = (
        draw.integer(n, parts - n) / W.sum(axis=1).max()
    )  # the busiest row gives so many parts away, and keeps one at least
    W = np.where(W > 0, np.maximum(1, np.floor(share * W)), 0) / parts
    return W + np.diag(1 - W.sum(axis=1))


# --- sampling targets ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GaussianTarget:
    """A Gaussian with independent coordinates: potential ``sum precision_j (x_j - mean_j)^2 / 2``."""

    precision: Array
    mean: Array

    @property
    def dim(self) -> int:
        return len(self.mean)

    def gradient(self, x: Array) -> Array:
        """Gradient of the potential."""
        return self.precision * (x - self.mean)

    def wasserstein2_squared(self, mean: Array, variance: Array) -> Any:
        """Squared Wasserstein-2 distance to a Gaussian with independent coordinates."""
        spread = np.array([sqrt(v) for v in variance]) - np.array([1 / sqrt(p) for p in self.precision])
        return ((mean - self.mean) ** 2).sum() + (spread**2).sum()


@built
def gaussian_targets(draw: Source, mu: float, L: float, *, max_dim: int = 3) -> GaussianTarget:
    """Gaussian targets with precisions in [mu, L]."""
    d = draw.integer(1, max_dim)
    mean = np.array([draw.real(-2, 2) for _ in range(d)]) if draw.boolean() else np.zeros(d)
    return GaussianTarget(np.array([draw.real(mu, L) for _ in range(d)]), mean)


def strongly_log_concave(mu: float, L: float, **kwargs: Any) -> Any:
    """Potentials of mu-strongly log-concave, L-log-smooth targets: members of F_{mu, L} (see :func:`smooth`)."""
    from gradproof.testing.functions import smooth

    return smooth(mu, L, **kwargs)


# --- set functions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Coverage:
    """``f(S) = total weight of the elements covered by the sets in S``: monotone and submodular, f(empty) = 0."""

    sets: tuple[frozenset[int], ...]
    weights: Array

    @property
    def n(self) -> int:
        return len(self.sets)

    def __call__(self, chosen: Any) -> Any:
        covered = frozenset().union(*(self.sets[i] for i in chosen)) if chosen else frozenset()
        return sum(self.weights[j] for j in covered) if covered else 0


@built
def coverage_functions(draw: Source, *, max_n: int = 5, max_elements: int = 6) -> Coverage:
    """Weighted coverage functions with nonnegative weights."""
    n, m = draw.integer(1, max_n), draw.integer(1, max_elements)
    sets = tuple(frozenset(j for j in range(m) if draw.boolean()) for _ in range(n))
    return Coverage(sets, np.array([draw.real(0, 4) for _ in range(m)]))


# --- noise and schedules -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """A scalar law on two points: ``high`` with probability ``p``, else ``low``; any skewness, any kurtosis."""

    low: float
    high: float
    p: float

    @property
    def outcomes(self) -> tuple[tuple[Any, Any], ...]:
        """(value, probability)."""
        return (self.high, self.p), (self.low, 1 - self.p)

    @property
    def mean(self) -> Any:
        return self.p * self.high + (1 - self.p) * self.low

    @property
    def variance(self) -> Any:
        return self.p * (1 - self.p) * (self.high - self.low) ** 2

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        """Independent draws, shape (size,)."""
        return np.where(rng.random(size) < self.p, self.high, self.low)


@dataclass(frozen=True, eq=False)
class StudentT:
    """Heavy tails: Student's t with ``df`` degrees of freedom, scaled to variance ``variance`` (needs df > 2)."""

    df: float
    variance: float

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        """Independent draws, shape (size,)."""
        return rng.standard_t(self.df, size) * np.sqrt(self.variance * (self.df - 2) / self.df)


@built
def noise_laws(draw: Source, variance: float, *, two_point: bool = True, heavy: bool = True) -> Any:
    """Centred scalar noise of variance at most ``variance``: two-point laws, rare large values of either sign among them; and, with
    ``heavy``, Student's t, which can be sampled only."""
    if heavy and (not two_point or draw.boolean()):
        return StudentT(2 + draw.real(0.1, 8), variance)
    # +h with probability p, -h p/(1-p) else: mean 0 up to the rounding of one product, so p is a power of two away from it
    p = 1 / draw.pick([2, 4, 16, 128, 1024])
    h = float(np.sqrt(variance * (1 - p) / p)) * INWARDS
    return TwoPoint(-h, h * p / (1 - p), 1 - p) if draw.boolean() else TwoPoint(-h * p / (1 - p), h, p)


@dataclass(frozen=True)
class Schedule:
    """Step sizes ``gamma_k = first / (1 + k/offset)^power``."""

    first: float
    power: int | float
    offset: float = 1.0

    def __call__(self, k: int) -> Any:
        t = 1 + k / self.offset
        return self.first / (sqrt(t) if self.power == 0.5 else t**self.power) if self.power else self.first


@built
def step_sizes(draw: Source, most: float) -> Schedule:
    """Constant, 1/k, 1/k^2 and 1/sqrt(k) schedules, none above ``most``."""
    return Schedule(draw.real(most / 1000, most), draw.pick([0, 1, 2, 0.5]), draw.pick([1.0, 2.0, 8.0, 64.0]))
