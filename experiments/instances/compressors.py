"""Compressors C: R^d -> R^d, most with E|C(x) - x|^2 <= (1 - alpha)|x|^2, along the last axis of any batch.

Each is a frozen object called as ``C(x)`` or, where it uses randomness, ``C(x, u)`` with uniform numbers u given by the
caller (shape as documented), so that a run can be replayed. ``alpha(d)`` is the contraction for dimension d;
``deterministic`` and ``homogeneous`` (C(tx) = t C(x) for t > 0) say which claims it may enter; ``sent(d)`` is the number
of coordinates a message carries. All but the rounding to powers of two also run on exact numbers in object arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, device, is_jax_array, is_numpy_array, is_torch_array

from gradproof.experiments.instances.source import Source, built
from gradproof.theory.errors import ParameterError

Array = Any
CONTRACTIVE = frozenset({"contractive", "compressor"})
HOMOGENEOUS = frozenset({"positively_homogeneous"})


class Compressor(Protocol):
    @property
    def deterministic(self) -> bool: ...
    @property
    def homogeneous(self) -> bool: ...
    @property
    def guarantees(self) -> frozenset[str]: ...
    def alpha(self, d: int) -> float: ...
    def sent(self, d: int) -> float: ...
    def __call__(self, x: Array, u: Array | None = None) -> Array: ...


def _largest(size: Array, K: int) -> Array:
    """Mask of the K largest entries along the last axis; ties go to the lowest index, NaN counts as largest."""
    xp = array_namespace(size)
    d = size.shape[-1]
    if K == 1:
        return xp.arange(d, device=device(size)) == xp.argmax(size, axis=-1, keepdims=True)
    threshold = _kth_largest(size, K)
    if is_numpy_array(size):
        mask = size >= threshold
        if np.count_nonzero(mask) * d == mask.size * K:  # no ties, no NaN: nearly always
            return mask
    above, level = ~(size <= threshold), size == threshold
    room = K - xp.sum(xp.astype(above, xp.int64), axis=-1, keepdims=True)
    return above | (level & (xp.cumulative_sum(xp.astype(level, xp.int64), axis=-1) <= room))


def _kth_largest(size: Array, K: int) -> Array:
    """The K-th largest entry along the last axis, which keeps length one, by each library's quickest way."""
    if is_numpy_array(size):
        k = size.shape[-1] - K
        return np.partition(size, k, axis=-1)[..., k : k + 1]
    if is_torch_array(size):
        return size.topk(K, dim=-1).values[..., -1:]
    if is_jax_array(size):
        from jax import lax

        return lax.top_k(size, K)[0][..., -1:]
    return array_namespace(size).sort(size, axis=-1)[..., -K][..., None]


@dataclass(frozen=True)
class TopK:
    """The K entries of largest size, ties to the lowest index; alpha = K/d."""

    K: int
    deterministic = True
    homogeneous = True
    guarantees = CONTRACTIVE | HOMOGENEOUS

    def __post_init__(self) -> None:
        if self.K < 1:
            raise ParameterError(f"K={self.K} must be at least 1")

    def alpha(self, d: int) -> float:
        return min(1.0, self.K / d)

    def sent(self, d: int) -> float:
        return min(self.K, d)

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp = array_namespace(x)
        if x.shape[-1] <= self.K:
            return x
        return xp.where(_largest(xp.abs(x), self.K), x, xp.zeros_like(x))


@dataclass(frozen=True)
class RandK:
    """K entries drawn without replacement; E|C(x) - x|^2 = (1 - K/d)|x|^2, or, ``unbiased`` (times d/K), (d/K - 1)|x|^2.

    u: shape of x. For a single x, ``outcomes`` has all values.
    """

    K: int
    unbiased: bool = False
    deterministic = False
    homogeneous = True

    def __post_init__(self) -> None:
        if self.K < 1:
            raise ParameterError(f"K={self.K} must be at least 1")

    @property
    def guarantees(self) -> frozenset[str]:
        return HOMOGENEOUS | (frozenset({"unbiased"}) if self.unbiased else CONTRACTIVE)

    def alpha(self, d: int) -> float:
        if self.unbiased and d > self.K:
            raise ParameterError("the unbiased RandK does not contract; divided by d/K it is the one that does")
        return min(1.0, self.K / d)

    def sent(self, d: int) -> float:
        return min(self.K, d)

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp = array_namespace(x)
        if x.shape[-1] <= self.K:
            return x
        return xp.where(_largest(_given(u, "RandK"), self.K), self._scaled(x), xp.zeros_like(x))

    def outcomes(self, x: Array) -> list[Array]:
        """All values of C(x), x (d,), equally likely; exact for exact numbers."""
        d = len(x)
        sets = np.array([[j in kept for j in range(d)] for kept in combinations(range(d), self.K)])
        return [np.where(kept, self._scaled(x), 0 * x) for kept in sets]

    def _scaled(self, x: Array) -> Array:
        return x * x.shape[-1] / self.K if self.unbiased else x


@dataclass(frozen=True)
class ScaledSign:
    """C(x) = (|x|_1/d) sign(x); |C(x) - x|^2 = |x|^2 - |x|_1^2/d, so alpha = 1/d in the worst case."""

    deterministic = True
    homogeneous = True
    guarantees = CONTRACTIVE | HOMOGENEOUS

    def alpha(self, d: int) -> float:
        return 1 / d

    def sent(self, d: int) -> float:
        return 1 + d / 64  # one float64 and a bit a coordinate

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp = array_namespace(x)
        # sign(0) = 0 would lose the identity where an entry vanishes: take +1 there
        sign = xp.where(x < 0, -xp.ones_like(x), xp.ones_like(x))
        return xp.mean(xp.abs(x), axis=-1, keepdims=True) * sign


@dataclass(frozen=True)
class Scalar:
    """C(x) = s x, 0 <= s <= 2; alpha = 1 - (1 - s)^2. The extreme compressors of an alpha are s = 1 +- sqrt(1 - alpha)."""

    s: float
    deterministic = True
    homogeneous = True

    def __post_init__(self) -> None:
        if not 0 <= self.s <= 2:
            raise ParameterError(f"s={self.s} must lie in [0, 2]: outside, C(x) = s x expands the error")

    @property
    def guarantees(self) -> frozenset[str]:
        return HOMOGENEOUS | CONTRACTIVE if 0 < self.s < 2 else HOMOGENEOUS

    def alpha(self, d: int) -> float:
        return 1 - (1 - self.s) ** 2

    def sent(self, d: int) -> float:
        return d

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        return self.s * x


@dataclass(frozen=True)
class Bernoulli:
    """``inner`` with probability p, else 0; alpha = p alpha(inner). u: shape of x without its last axis."""

    p: float
    inner: Compressor
    deterministic = False

    def __post_init__(self) -> None:
        if not 0 < self.p <= 1:
            raise ParameterError(f"p={self.p} must lie in (0, 1]")
        if not self.inner.deterministic:
            raise ParameterError("the inner compressor must be deterministic; draw both from one larger u instead")

    @property
    def homogeneous(self) -> bool:
        return self.inner.homogeneous

    @property
    def guarantees(self) -> frozenset[str]:
        return self.inner.guarantees

    def alpha(self, d: int) -> float:
        return self.p * self.inner.alpha(d)

    def sent(self, d: int) -> float:
        return self.p * self.inner.sent(d)

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp = array_namespace(x)
        active = (_given(u, "Bernoulli") < self.p)[..., None]
        return xp.where(active, self.inner(x), xp.zeros_like(x))


@dataclass(frozen=True)
class NearestPowerOfTwo:
    """Each entry to the nearest power of two (ties up); |C(x) - x| <= |x|/3 an entry, so alpha = 8/9. Not homogeneous."""

    deterministic = True
    homogeneous = False
    guarantees = CONTRACTIVE

    def alpha(self, d: int) -> float:
        return 8 / 9

    def sent(self, d: int) -> float:
        return d * 12 / 64  # sign and exponent

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp = array_namespace(x)
        size = xp.abs(x)
        safe = xp.where(size > 0, size, xp.ones_like(x))
        # log2 may round up to the next integer just below a power of two: start one lower and climb
        low = 2.0 ** (xp.floor(xp.log2(safe)) - 1)
        low = xp.where(2 * low <= safe, 2 * low, low)
        low = xp.where(2 * low <= safe, 2 * low, low)
        near = xp.where(safe - low < 2 * low - safe, low, 2 * low)
        return xp.where(size > 0, xp.where(x < 0, -near, near), xp.zeros_like(x))


def _given(u: Array | None, name: str) -> Array:
    if u is None:
        raise ParameterError(f"{name} needs uniform random numbers: call C(x, u)")
    return u


@dataclass(frozen=True)
class PerClient:
    """Client i (axis -2) uses its own deterministic compressor; alpha is the least of theirs."""

    each: tuple[Compressor, ...]
    deterministic = True

    def __post_init__(self) -> None:
        if not self.each or not all(c.deterministic for c in self.each):
            raise ParameterError("need one deterministic compressor a client")

    @property
    def homogeneous(self) -> bool:
        return all(c.homogeneous for c in self.each)

    @property
    def guarantees(self) -> frozenset[str]:
        return frozenset.intersection(*(c.guarantees for c in self.each))

    def alpha(self, d: int) -> float:
        return min(self.alpha_i(d))

    def alpha_i(self, d: int) -> tuple[float, ...]:
        return tuple(c.alpha(d) for c in self.each)

    def sent(self, d: int) -> float:
        return sum(c.sent(d) for c in self.each) / len(self.each)

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        if x.shape[-2] != len(self.each):
            raise ParameterError(f"{len(self.each)} compressors for {x.shape[-2]} clients; give one a client")
        xp = array_namespace(x)
        return xp.stack([c(x[..., i, :]) for i, c in enumerate(self.each)], axis=-2)


@dataclass(frozen=True)
class Adversarial:
    """C(x) = x + q |x| v with |v| = 1, an axis whose sign is that of another entry of x; alpha = 1 - q^2, 0 <= q <= 1."""

    q: float
    turn: int
    deterministic = True
    homogeneous = True

    @property
    def guarantees(self) -> frozenset[str]:
        return HOMOGENEOUS | CONTRACTIVE if -1 < self.q < 1 else HOMOGENEOUS

    def alpha(self, d: int) -> float:
        return 1 - self.q**2

    def sent(self, d: int) -> float:
        return d

    def __call__(self, x: Array, u: Array | None = None) -> Array:
        xp, d = array_namespace(x), x.shape[-1]
        k, j = self.turn % d, (self.turn + 1) % d
        size = xp.abs(x) if d == 1 else xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
        signed = xp.where(x[..., k : k + 1] >= 0, size, -size)
        return xp.where(xp.arange(d, device=device(x)) == j, x + self.q * signed, x)


@built
def compressors(draw: Source, alpha: float, *, dim: int = 1) -> Compressor:
    """Deterministic compressors with ``|C(x) - x|^2 <= (1 - alpha)|x|^2``, the adversarial ones included."""
    q = _root_below(1 - alpha)
    kinds = ["plus", "minus", "scaled", "adversarial"]
    K = next((k for k in range(1, dim + 1) if k >= alpha * dim), dim)
    kind = draw.pick([*kinds, "top"] if dim > 1 else kinds)
    if kind == "top":
        return TopK(K)
    if kind == "adversarial":
        return Adversarial(q, draw.integer(0, 3))
    return Scalar(1 + q if kind == "plus" else 1 - q if kind == "minus" else 1 + draw.real(-q, q))


def _root_below(x: float) -> float:
    """The largest float q found with (1 + q - 1)^2 <= x exactly."""
    q = float(np.sqrt(max(x, 0.0)))
    while any((Fraction(1 + s * q) - 1) ** 2 > Fraction(x) for s in (1, -1)) or Fraction(q) ** 2 > Fraction(x):
        q -= 2.0**-52  # 1 + q is rounded to this grid
        if q <= 0:
            return 0.0
    return q
