"""Functions of a class, by construction: members whose curvature is drawn between the bounds, with a known minimum.

All arithmetic is that of the argument: float arrays in a search, exact numbers in a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy

from gradproof.experiments.instances.exact import sqrt
from gradproof.experiments.instances.source import Source, built

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Smooth:
    r"""A separable function with piecewise linear derivative, perhaps reflected: a member of :math:`F_{\mu,L}`.

    In one dimension these functions are dense in the class; quadratics and Huber functions are among them.

    Args:
        slopes: second derivatives, shape (pieces, d), each in [mu, L]; piece k of coordinate j lies between its breaks.
        breaks: where the second derivative jumps, shape (pieces - 1, d), increasing along the first axis.
        center: a stationary point, shape (d,): the minimizer if no slope is negative.
        mirror: the function is read in coordinates reflected across the plane orthogonal to this vector, if it is given.
        level: value at the center.
    """

    slopes: Array
    breaks: Array
    center: Array
    mirror: Array | None = None
    level: float = 0.0

    @property
    def dim(self) -> int:
        return self.slopes.shape[1]

    @property
    def L(self) -> Any:
        """Largest curvature."""
        return abs(self.slopes).max()

    @property
    def mu(self) -> Any:
        """Smallest curvature."""
        return self.slopes.min()

    @property
    def guarantees(self) -> frozenset[str]:
        """Smooth with constant L; more where the slopes say so: bounded below, convex, strongly convex, quadratic."""
        low = self.mu
        found = frozenset({"smooth", "smooth_f", "l_smooth"})
        if low >= 0 or min(*self.slopes[0], *self.slopes[-1]) > 0:
            found |= {"lower-bounded", "lower_bounded", "minimiser"}
        if low >= 0:
            found |= {"convex"}
        if low > 0:
            found |= {"strongly-convex", "pl", "PL"} | ({"quadratic"} if len(self.slopes) == 1 else frozenset())
        return found

    def _turn(self, x: Array) -> Array:
        if self.mirror is None:
            return x
        v = self.mirror
        return x - v * (2 * (v @ x) / (v @ v))

    def _prepared(self) -> tuple[Array, Array, Array]:
        """Jumps of the second derivative, (z - breaks)_+, and z = the center in the function's own coordinates."""
        found = self.__dict__.get("_cache")
        if found is None:
            z = self._turn(self.center)
            found = (self.slopes[1:] - self.slopes[:-1], np.maximum(z - self.breaks, 0), z)
            object.__setattr__(self, "_cache", found)
        return found

    def gradient(self, x: Array) -> Array:
        """Gradient at x, shape (d,)."""
        jumps, at_center, z = self._prepared()
        y = self._turn(x)
        g = self.slopes[0] * (y - z)
        if len(jumps):
            g = g + (jumps * (np.maximum(y - self.breaks, 0) - at_center)).sum(axis=0)
        return self._turn(g)

    def __call__(self, x: Array) -> Any:
        """Value at x."""
        jumps, b, z = self._prepared()
        y = self._turn(x)
        value = (self.slopes[0] * (y - z) ** 2).sum() / 2
        if len(jumps):
            a = np.maximum(y - self.breaks, 0)
            value = value + (jumps * ((a * a - b * b) / 2 - b * (y - z))).sum()
        return value + self.level

    @property
    def minimizer(self) -> Array:
        """A point where the minimum is attained."""
        if min(self.slopes.ravel()) >= 0:
            return self.center
        z = self._turn(self.center)
        best = []
        for j in range(self.dim):
            points = _stationary(self._partial(j), self.breaks[:, j], z[j])
            best.append(min(points, key=lambda u, j=j: self._part_value(j, u)))  # type: ignore[misc]
        return self._turn(np.array(best))

    @property
    def minimum(self) -> Any:
        """The smallest value."""
        return self.level if min(self.slopes.ravel()) >= 0 else self(self.minimizer)

    def prox(self, x: Array, gamma: Any) -> Array:
        """The minimizer of f(u) + |u - x|^2/(2 gamma); needs 1 + gamma * slope > 0."""
        y = self._turn(x)
        found = [
            _root(lambda u, j=j: u + gamma * self._partial(j)(u) - y[j], list(self.breaks[:, j]))  # type: ignore[misc]
            for j in range(self.dim)
        ]
        return self._turn(np.array(found))

    def _partial(self, j: int) -> Callable[[Any], Any]:
        s, t, z = self.slopes[:, j], self.breaks[:, j], self._turn(self.center)[j]

        def derivative(u: Any) -> Any:
            g = s[0] * (u - z)
            for k in range(len(t)):
                g = g + (s[k + 1] - s[k]) * (max(u - t[k], 0) - max(z - t[k], 0))
            return g

        return derivative

    def _part_value(self, j: int, u: Any) -> Any:
        s, t, z = self.slopes[:, j], self.breaks[:, j], self._turn(self.center)[j]
        value = s[0] * (u - z) ** 2 / 2
        for k in range(len(t)):
            a, b = max(u - t[k], 0), max(z - t[k], 0)
            value = value + (s[k + 1] - s[k]) * ((a * a - b * b) / 2 - b * (u - z))
        return value


def _root(h: Callable[[Any], Any], breaks: Sequence[Any]) -> Any:
    """The root of an increasing piecewise linear function, exactly in exact arithmetic."""
    ends = sorted(breaks) or [0]
    values = [h(t) for t in ends]
    if values[0] >= 0:
        return ends[0] - values[0] / (values[0] - h(ends[0] - 1))
    if values[-1] <= 0:
        return ends[-1] - values[-1] / (h(ends[-1] + 1) - values[-1])
    k = next(k for k, v in enumerate(values) if v >= 0)
    low, high = ends[k - 1], ends[k]
    return low - values[k - 1] * (high - low) / (values[k] - values[k - 1])


def _stationary(h: Callable[[Any], Any], breaks: Any, known: Any) -> list[Any]:
    """Roots of a piecewise linear function, one a piece, and the breaks."""
    points = [known, *breaks]
    ends = sorted(points)
    for low, high in zip([ends[0] - 1, *ends], [*ends, ends[-1] + 1], strict=True):
        a, b = h(low), h(high)
        if (a < 0) != (b < 0) and a != b:
            points.append(low - a * (high - low) / (b - a))
    first, last = h(ends[0]), h(ends[-1])
    for end, value, step in ((ends[0], first, -1), (ends[-1], last, 1)):
        slope = (h(end + step) - value) * step
        if slope > 0 and value * step < 0:  # the root lies beyond the outermost break
            points.append(end - value / slope)
    return points


@dataclass(frozen=True, eq=False)
class FiniteSum:
    """The mean of several functions that share their coordinates: ``f = (1/n) sum f_i``."""

    parts: tuple[Smooth, ...]

    @property
    def n(self) -> int:
        return len(self.parts)

    @property
    def dim(self) -> int:
        return self.parts[0].dim

    @property
    def guarantees(self) -> frozenset[str]:
        """What all parts guarantee, they and the mean; and interpolation, where they share their stationary point."""
        found = frozenset.intersection(*(p.guarantees for p in self.parts)) | {"smooth_fi"}
        if "strongly-convex" in found:
            found |= {"each"}
        shared = all((p.center == self.parts[0].center).all() for p in self.parts)
        return found | {"interpolation", "interpolating"} if shared and "convex" in found else found

    def __getitem__(self, i: int) -> Smooth:
        return self.parts[i]

    def __len__(self) -> int:
        return len(self.parts)

    def __call__(self, x: Array) -> Any:
        return sum(p(x) for p in self.parts) / self.n

    def gradient(self, x: Array) -> Array:
        """Gradient of the mean, shape (d,)."""
        return np.sum([p.gradient(x) for p in self.parts], axis=0) / self.n

    @property
    def minimizer(self) -> Array:
        """A minimizer of the mean (of convex parts)."""
        first = self.parts[0]
        if any(p.mirror is not None for p in self.parts) and not any(
            v != 0 for p in self.parts for v in p.gradient(first.center)
        ):
            return first.center
        roots = []
        for j in range(self.dim):
            ds = [p._partial(j) for p in self.parts]
            ends = [t for p in self.parts for t in p.breaks[:, j]] + [p._turn(p.center)[j] for p in self.parts]
            roots.append(_flat_root(lambda u, ds=ds: sum(d(u) for d in ds), ends))  # type: ignore[misc]
        return first._turn(np.array(roots))

    @property
    def minimum(self) -> Any:
        """The smallest value of the mean (of convex parts)."""
        return self(self.minimizer)


def _flat_root(h: Callable[[Any], Any], ends: Sequence[Any]) -> Any:
    for t in ends:
        if h(t) == 0:
            return t
    return _root(h, ends)


@dataclass(frozen=True, eq=False)
class MaxAffine:
    r"""``f(x) = max_j <rows_j, x - center>``: convex and Lipschitz with constant the largest row norm; minimum 0.

    Zero is in the convex hull of the rows, so the center is a minimizer. The subgradient is the first active row.
    """

    rows: Array
    center: Array
    guarantees = frozenset({"convex", "minimiser", "lower-bounded", "lower_bounded"})

    @property
    def dim(self) -> int:
        return self.rows.shape[1]

    @property
    def minimum(self) -> Any:
        return 0

    @property
    def minimizer(self) -> Array:
        return self.center

    def __call__(self, x: Array) -> Any:
        return max(self.rows @ (x - self.center))

    def gradient(self, x: Array) -> Array:
        """A subgradient at x, shape (d,)."""
        values = self.rows @ (x - self.center)
        top = max(values)
        return self.rows[next(k for k, v in enumerate(values) if v == top)]


@dataclass(frozen=True, eq=False)
class L1:
    """``weight * |x|_1`` with its proximal operator, soft thresholding."""

    weight: float
    dim: int = 1
    guarantees = frozenset({"convex", "composite", "minimiser", "lower-bounded", "lower_bounded"})

    @property
    def minimum(self) -> Any:
        return 0

    @property
    def minimizer(self) -> Array:
        return np.zeros(self.dim)

    def __call__(self, x: Array) -> Any:
        return self.weight * sum(abs(x))

    def gradient(self, x: Array) -> Array:
        """A subgradient at x (0 at kinks)."""
        return self.weight * np.array([(v > 0) - (v < 0) for v in x])

    def prox(self, x: Array, gamma: Any) -> Array:
        """The minimizer of f(u) + |u - x|^2/(2 gamma)."""
        t = self.weight * gamma
        return np.maximum(x - t, 0) - np.maximum(-x - t, 0)


# --- strategies --------------------------------------------------------------------------------------------------------


@built
def points(draw: Source, f: Any = None, *, dim: int = 0, radius: float = 10.0) -> Array:
    """Points of the space of ``f`` (or of dimension ``dim``), each entry within ``radius``; shrinks to small integers."""
    return np.array([draw.real(-radius, radius) for _ in range(dim or getattr(f, "dim", 1))])


def _member(draw: Source, mu: float, L: float, d: int, pieces: int, spread: float, centered: bool) -> Smooth:
    if not mu <= L:  # the class is empty
        draw.reject()
    p = draw.integer(1, pieces)
    if mu < 0 and p > 1 and draw.boolean():  # the worst of a class bend as far as they may
        inner = [[draw.pick((mu, L)) for _ in range(d)] for _ in range(p - 2)]
        rows = [[L] * d, *inner, [L] * d]
    else:
        rows = [[draw.real(mu, L) for _ in range(d)] for _ in range(p)]
    if mu < 0:  # bounded below: the outermost pieces curve upwards
        for row in (rows[0], rows[-1]):
            row[:] = [max(abs(s), L * 2.0**-20) for s in row]
    breaks = np.sort([[draw.real(-spread, spread) for _ in range(d)] for _ in range(p - 1)], axis=0)
    moved = not centered and draw.boolean()
    center = np.array([draw.real(-spread, spread) for _ in range(d)]) if moved else np.zeros(d)
    return Smooth(np.array(rows), breaks.reshape(p - 1, d), center)


@built
def smooth(draw: Source, mu: float, L: float, *, max_dim: int = 2, pieces: int = 3, spread: float = 2.0,
           centered: bool = False, mirrored: bool = True) -> Smooth:  # fmt: skip
    """Members of F_{mu, L}: convex for mu >= 0, nonconvex and L-smooth for mu = -L (then bounded below).

    Args:
        mu, L: curvature bounds; every second derivative lies between them.
        max_dim: largest dimension.
        pieces: most pieces of the derivative in a coordinate; 1 gives quadratics, 2 has the Huber functions.
        spread: breaks and center have entries up to this.
        centered: the stationary point is the origin.
        mirrored: also functions that are not separable.
    """
    d = draw.integer(1, max_dim)
    f = _member(draw, mu, L, d, pieces, spread, centered)
    if mirrored and d > 1 and draw.boolean():
        return replace(f, mirror=np.array([1.0, *(draw.real(-2, 2) for _ in range(d - 1))]))
    return f


def smooth_convex(L: float, **kwargs: Any) -> SearchStrategy[Smooth]:
    """Convex L-smooth functions (see :func:`smooth`)."""
    return smooth(0.0, L, **kwargs)


def smooth_strongly_convex(mu: float, L: float, **kwargs: Any) -> SearchStrategy[Smooth]:
    """mu-strongly convex L-smooth functions (see :func:`smooth`)."""
    return smooth(mu, L, **kwargs)


def smooth_nonconvex(L: float, **kwargs: Any) -> SearchStrategy[Smooth]:
    """L-smooth functions, bounded below, convex or not (see :func:`smooth`)."""
    return smooth(-L, L, **kwargs)


def quadratics(mu: float, L: float, **kwargs: Any) -> SearchStrategy[Smooth]:
    """Quadratics with spectrum in [mu, L] (see :func:`smooth`)."""
    return smooth(mu, L, pieces=1, **kwargs)


@built
def quadratics_with_spectrum(draw: Source, spectrum: Sequence[float], *, centered: bool = True) -> Smooth:
    """Quadratics with exactly these eigenvalues, in reflected coordinates."""
    d = len(spectrum)
    center = np.zeros(d) if centered else np.array([draw.real(-2, 2) for _ in range(d)])
    mirror = np.array([1.0, *(draw.real(-2, 2) for _ in range(d - 1))]) if d > 1 and draw.boolean() else None
    return Smooth(np.array([list(map(float, spectrum))]), np.zeros((0, d)), center, mirror)


@built
def finite_sums(draw: Source, mu: float, L: float, *, max_n: int = 3, max_dim: int = 2, pieces: int = 2,
                interpolation: bool = False, n: int = 0) -> FiniteSum:  # fmt: skip
    """Means of n functions of F_{mu, L} (nonconvex for mu < 0).

    Args:
        interpolation: all parts share their stationary point; then they need not be separable in the same coordinates.
        n: the number of parts; drawn between 1 and ``max_n`` if 0.
    """
    n = n or draw.integer(1, max_n)
    d = draw.integer(1, max_dim)
    parts = [_member(draw, mu, L, d, pieces, 2.0, interpolation) for _ in range(n)]
    if interpolation and d > 1 and draw.boolean():  # Hessians that do not commute
        parts = [replace(p, mirror=np.array([1.0, *(draw.real(-2, 2) for _ in range(d - 1))])) for p in parts]
    return FiniteSum(tuple(parts))


@built
def lipschitz_convex(draw: Source, G: float, *, max_dim: int = 3) -> MaxAffine:
    """Convex G-Lipschitz functions, not smooth: maxima of affine functions, G max|x_i| among them."""
    d = draw.integer(1, max_dim)
    if not draw.boolean():
        rows = np.concatenate([np.eye(d), -np.eye(d)]) * G
    else:
        rows = np.array([[draw.real(-1, 1) for _ in range(d)] for _ in range(draw.integer(1, 3))])
        rows = np.concatenate([rows, -rows.sum(axis=0, keepdims=True)])
        # scaled into the ball of radius G; 2^-40 covers the rounding of the norm
        largest = float(np.sqrt((rows**2).sum(axis=1).max()))
        rows = rows * (G * (1 - 2.0**-40) / largest) if largest > 1e-3 else np.zeros_like(rows)
    return MaxAffine(rows, np.array([draw.real(-2, 2) for _ in range(d)]) if draw.boolean() else np.zeros(d))


def norm(x: Array) -> Any:
    """Euclidean norm, of floats or exact numbers."""
    return sqrt(x @ x)
