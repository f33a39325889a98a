"""Selection by nearest neighbours among n vectors of which f may be arbitrary: scores, attacks, exact expectations.

The score of a vector is the sum of its n - f - 2 least squared distances to the others; the vector of least score is
selected (ties: the smallest index). Vectors as lists of exact numbers give exact scores; arrays (..., n, d) of any library
give arrays, batched. O(n^2 d) a batch entry. Source: Blanchard et al. (2017), arXiv:1703.02757.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from array_api_compat import array_namespace, device, is_array_api_obj

from gradproof.theory.errors import DomainError, ParameterError

#: Numbers that are held at once for all differences; larger batches go a vector at a time.
AT_ONCE = 2**22

Array = Any
Vectors = Sequence[Sequence[Any]]
Attack = Callable[[list[tuple[Fraction, ...]]], list[tuple[Fraction, ...]]]
Rule = Callable[[list[tuple[Fraction, ...]], int], tuple[Fraction, ...]]


def scores(V: Any, f: int) -> Any:
    """Scores: a list of n exact numbers for a list of vectors, an array (..., n) for an array (..., n, d).

    Raises:
        ParameterError: no vectors, or vectors of different lengths, or entries of a list that are not exact or NaN.
        DomainError: f < 0, or n < f + 3 (no neighbours are left).
    """
    if is_array_api_obj(V):
        return _scores_of_arrays(V, f)
    rows = [tuple(map(_exact, v)) for v in V]
    if not rows or not rows[0] or any(len(v) != len(rows[0]) for v in rows):
        raise ParameterError("need one vector or more, all of the same length >= 1")
    keep = _neighbours(len(rows), f)
    return [sum(sorted(distances)[:keep], Fraction(0)) for distances in _distances(rows)]


def select(V: Any, f: int) -> Any:
    """Index of the selected vector: an int, or an int array (...).

    Raises:
        DomainError: n <= 2f + 2. There f colluders may win from any place: select by ``scores`` if you mean to see it.
        ParameterError: as for ``scores``; or an array without one finite score, in which nothing can be selected.
    """
    n = V.shape[-2] if is_array_api_obj(V) and V.ndim > 1 else len(V)
    if n <= 2 * f + 2:
        raise DomainError(f"n = {n} vectors cannot bear f = {f} arbitrary ones; n > 2f + 2 = {2 * f + 2} is needed")
    s = scores(V, f)
    if not is_array_api_obj(s):
        return s.index(min(s))
    xp = array_namespace(s)
    finite = xp.isfinite(s)
    if not _traced(s) and not bool(xp.all(xp.any(finite, axis=-1))):
        raise ParameterError("no vector has a finite score; at least n - f vectors must be finite")
    return xp.argmin(xp.where(finite, s, xp.full_like(s, xp.inf)), axis=-1)


def krum(V: Array, f: int, *, m: int = 1) -> Array:
    """The selected vector (..., d) of an array (..., n, d); with ``m`` > 1 the mean of the m of least score (multi-Krum).

    Raises:
        ParameterError, DomainError: as for ``select``.
        DomainError: m is outside 1..n.
    """
    xp = array_namespace(V)
    if not 1 <= m <= V.shape[-2]:
        raise DomainError(f"m = {m} of {V.shape[-2]} vectors cannot be averaged; need 1 <= m <= n")
    if m == 1:
        chosen = xp.arange(V.shape[-2], device=device(V)) == select(V, f)[..., None]
    else:
        select(V, f)
        s = scores(V, f)
        chosen = s <= xp.sort(xp.where(xp.isfinite(s), s, xp.full_like(s, xp.inf)), axis=-1)[..., m - 1 : m]
    count = xp.sum(xp.astype(chosen, V.dtype), axis=-1)
    return xp.sum(xp.where(chosen[..., None], V, xp.zeros_like(V)), axis=-2) / count[..., None]


def median(V: Array, f: int = 0) -> Array:
    """The median of each entry (..., d) of an array (..., n, d), whatever f."""
    n = V.shape[-2]
    ordered = array_namespace(V).sort(V, axis=-2)
    return (ordered[..., (n - 1) // 2, :] + ordered[..., n // 2, :]) / 2


def neighbours(V: Vectors, f: int, i: int) -> list[int]:
    """Indices of the n - f - 2 vectors nearest to ``V[i]``, itself left out; ties to the smallest index.

    Raises:
        ParameterError: no such vector, or entries that are not exact.
    """
    rows = [tuple(map(_exact, v)) for v in V]
    if not 0 <= i < len(rows):
        raise ParameterError(f"there is no vector {i} among {len(rows)}; count from 0")
    others = sorted((_square(rows[i], v), j) for j, v in enumerate(rows) if j != i)
    return [j for _, j in others[: _neighbours(len(rows), f)]]


def least_correct_sum(correct: Vectors, f: int, n: int | None = None) -> Fraction:
    """min_i S_i: over the correct of n vectors, the least sum of n - f - 2 squared distances to other correct ones.

    n is the number of correct vectors and f, unless more than f are not correct.
    """
    keep = _neighbours(len(correct) + f if n is None else n, f)
    return min(sum(sorted(row)[:keep], Fraction(0)) for row in _distances([tuple(map(_exact, v)) for v in correct]))


def selected(V: Vectors, f: int) -> Any:
    """The selected vector of a list; see ``select``."""
    return V[select(V, f)]


def exact_outcomes(
    law: Sequence[tuple[Any, Any]], n: int, f: int, attack: Attack | None = None, *, rule: Rule = selected
) -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
    """Every probability with its selected vector, for n - f independent vectors of a finite law, then f of the attack.

    Args:
        law: pairs (vector, probability), exact; the probabilities add to one.
        attack: maps the n - f correct vectors to the f others; they are listed last. None needs f = 0.
        rule: what makes one vector of all n and f, where it is not the selected one.

    Raises:
        ParameterError: probabilities that are negative or do not add to one, or an attack that is missing or does not
            place f vectors.
        DomainError: n <= 2f + 2.
    """
    points = [(tuple(map(_exact, v)), _exact(q)) for v, q in law]
    if sum((q for _, q in points), Fraction(0)) != 1 or any(q < 0 for _, q in points):
        raise ParameterError("the probabilities of the law must be >= 0 and add to one, exactly")
    if f and attack is None:
        raise ParameterError(f"f = {f} vectors need an attack that places them")
    for draw in product(points, repeat=n - f):
        weight = Fraction(1)
        for _, q in draw:
            weight *= q
        if weight:
            correct = [v for v, _ in draw]
            V = correct + (attack(correct) if attack else [])
            if len(V) != n:
                raise ParameterError(f"the attack placed {len(V) - len(correct)} vectors, not f = {f}")
            yield weight, rule(V, f)


def exact_moments(
    law: Sequence[tuple[Any, Any]], n: int, f: int, attack: Attack | None = None, *, rule: Rule = selected
) -> tuple[list[Fraction], Fraction]:
    """E Kr, (d,), and E||Kr - g||^2 with g the mean of the law; see ``exact_outcomes``."""
    if not law:
        raise ParameterError("the law has no values; give pairs (vector, probability)")
    g = [sum((_exact(q) * _exact(v[k]) for v, q in law), Fraction(0)) for k in range(len(law[0][0]))]
    mean, second = [Fraction(0)] * len(g), Fraction(0)
    for weight, chosen in exact_outcomes(law, n, f, attack, rule=rule):
        mean = [m + weight * c for m, c in zip(mean, chosen, strict=True)]
        second += weight * _square(chosen, g)
    return mean, second


def least_score(V: Vectors, f: int) -> Any:
    """The vector of least score, for n <= 2f + 2 as well, where f colluders may win from any place."""
    s = scores(V, f)
    return V[s.index(min(s))]


def outcomes_under_attack(
    law: Sequence[tuple[Any, Any]], n: int, f: int, harm: Callable[[Fraction], Any], grid: Sequence[Fraction], *,
    colluders: int | None = None, rule: Rule = least_score,
) -> list[tuple[Fraction, Fraction]]:  # fmt: skip
    """Every probability with the number that a rule returns, for a law on the line, against the worst of some attacks.

    Args:
        law: of one of the correct vectors, as for ``exact_outcomes``.
        harm: what the colluders maximise, of the number that is returned.
        grid: places for the colluders, all at one of them, chosen with knowledge of the correct vectors.
        colluders: how many of the n there are, f unless said.
        rule: makes one vector of all n and f.
    """
    count = f if colluders is None else colluders

    def place(correct: list[tuple[Fraction, ...]]) -> list[tuple[Fraction, ...]]:
        return [(max(grid, key=lambda B: harm(rule([*correct, *[(B,)] * count], f)[0])),)] * count

    found = exact_outcomes(law, n, count, place if count else None, rule=lambda V, _: rule(V, f))
    return [(weight, y[0]) for weight, y in found]


def largest_accepted(correct: Sequence[Any], f: int) -> Any:
    """sup of the numbers B such that f colluders at B, listed after the given n - f numbers, are selected. Exact.

    All scores are quadratics in B between breakpoints (the numbers, their midpoints and mirror images); the sup is a
    breakpoint or a root of a difference of two of them. A sympy number; -oo if no B is accepted.

    Raises:
        DomainError: f < 1, or n <= 2f + 2 (every far B is accepted then).
    """
    c = sorted(map(_exact, correct))
    n = len(c) + f
    if f < 1 or n <= 2 * f + 2:
        raise DomainError(f"need 1 <= f and n = {n} > 2f + 2 = {2 * f + 2}; otherwise no largest accepted place exists")
    breaks = sorted({*c, *((x + y) / 2 for x in c for y in c), *(2 * x - y for x in c for y in c)}, reverse=True)
    span = breaks[0] - breaks[-1] + 1

    def gaps(B: Fraction) -> list[Fraction]:
        """Score of a colluder minus each correct score: all negative where B is accepted."""
        s = scores([(x,) for x in c] + [(B,)] * f, f)
        return [s[-1] - x for x in s[: len(c)]]

    high = breaks[0] + span
    for low in breaks + [breaks[-1] - span]:
        inside = _roots_between(gaps, low, high)
        ends = [sp.Rational(low.numerator, low.denominator), *inside, sp.Rational(high.numerator, high.denominator)]
        for left, right in zip(ends[-2::-1], ends[:0:-1], strict=True):
            if max(gaps(_rational_between(left, right))) < 0:
                return right
        if max(gaps(low)) < 0:
            return ends[0]
        high = low
    return -sp.oo


def farthest_accepted(correct: Array, f: int, direction: Array, distances: Iterable[float]) -> Array:
    """f colluders at mean + t direction, t the largest of the increasing ``distances`` that is selected, else the mean.

    Args:
        correct: (..., n - f, d). direction: (..., d) or (d,).

    Returns:
        Their common place, (..., d).
    """
    xp = array_namespace(correct)
    mean = xp.mean(correct, axis=-2)
    place, m = mean, correct.shape[-2]
    for t in distances:
        B = mean + float(t) * direction
        chosen = select(xp.concat([correct, colluders(B, f)], axis=-2), f)
        place = xp.where((chosen >= m)[..., None], B, place)
    return place


def colluders(B: Array, f: int) -> Array:
    """f copies of B (..., d) as (..., f, d)."""
    xp = array_namespace(B)
    return xp.broadcast_to(B[..., None, :], (*B.shape[:-1], f, B.shape[-1]))


def search_attack(correct: np.ndarray, f: int, rng: np.random.Generator, *, tries: int = 200) -> np.ndarray:
    """Local search over f places (f, d), from colluders, that moves the selected vector far from the mean of the correct."""
    mean, spread = correct.mean(axis=0), float(correct.std()) or 1.0

    def reach(B: np.ndarray) -> float:
        V = np.vstack([correct, B])
        return float(np.linalg.norm(V[select(V, f)] - mean))

    best = np.tile(mean, (f, 1))
    value, step = reach(best), spread
    for k in range(tries):
        moved = rng.standard_normal(correct.shape[1]) if k % 2 else rng.standard_normal(best.shape)
        trial = best + step * moved
        found = reach(trial)
        if found > value:
            best, value, step = trial, found, 1.5 * step
        else:
            step = max(0.9 * step, 1e-3 * spread)
    return best


# --- parts -------------------------------------------------------------------------------------------------------------


def _exact(x: Any) -> Fraction:
    if isinstance(x, bool | float | np.floating):
        raise ParameterError(f"{x!r} in a list of vectors is not exact; give fractions, or a NumPy array for floats")
    try:
        return Fraction(x)
    except (TypeError, ValueError):
        raise ParameterError(f"{x!r} in a list of vectors is not a number; give ints or fractions") from None


def _neighbours(n: int, f: int) -> int:
    if f != int(f):
        raise DomainError(f"f = {f} counts vectors; it must be an integer")
    if f < 0 or n < f + 3:
        raise DomainError(
            f"n = {n} vectors with f = {f} leave n - f - 2 = {n - f - 2} neighbours; need f >= 0 and n >= f + 3"
        )
    return n - f - 2


def _square(u: Sequence[Any], v: Sequence[Any]) -> Fraction:
    return sum(((x - y) ** 2 for x, y in zip(u, v, strict=True)), Fraction(0))


def _distances(rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Squared distances of each vector to the others."""
    return [[_square(u, v) for j, v in enumerate(rows) if j != i] for i, u in enumerate(rows)]


def _scores_of_arrays(V: Array, f: int) -> Array:
    xp = array_namespace(V)
    if V.ndim < 2 or 0 in V.shape[-2:]:
        raise ParameterError(f"need vectors of shape (..., n, d) with n, d >= 1, got {tuple(V.shape)}")
    keep = _neighbours(V.shape[-2], f)
    # a vector that is not finite is infinitely far from every other, and never near to itself
    finite = xp.all(xp.isfinite(V), axis=-1)
    V = xp.where(finite[..., None], V, xp.zeros_like(V))
    squares = _squares(V)
    squares = xp.where(finite[..., :, None] & finite[..., None, :], squares, xp.full_like(squares, xp.inf))
    # the first of the sorted ones is the distance to itself
    return xp.sum(xp.sort(squares, axis=-1)[..., 1 : keep + 1], axis=-1)


def _squares(V: Array) -> Array:
    """Squared distances (..., n, n), by differences: a Gram matrix would lose small ones to cancellation."""
    xp, n = array_namespace(V), V.shape[-2]
    if math.prod(V.shape) * n <= AT_ONCE:
        return xp.sum((V[..., :, None, :] - V[..., None, :, :]) ** 2, axis=-1)
    return xp.stack([xp.sum((V - V[..., i : i + 1, :]) ** 2, axis=-1) for i in range(n)], axis=-2)


def _traced(x: Array) -> bool:
    """True inside a JAX trace, where values cannot be looked at."""
    return type(x).__name__.endswith("Tracer")


def _roots_between(gaps: Callable[[Fraction], list[Fraction]], low: Fraction, high: Fraction) -> list[Any]:
    """Roots in (low, high) of functions that are quadratics there, in increasing order, exact."""
    at = [low + (high - low) * Fraction(k, 4) for k in (1, 2, 3)]
    x = sp.Symbol("x")
    found: set[Any] = set()
    for values in zip(*map(gaps, at), strict=True):
        points = [(sp.Rational(t.numerator, t.denominator), sp.Rational(v.numerator, v.denominator))
                  for t, v in zip(at, values, strict=True)]  # fmt: skip
        q = sp.Poly(sp.interpolate(points, x), x)
        if q.degree() > 0:
            found |= {r for r in sp.real_roots(q) if low < r < high}
    return sorted(found)


def _rational_between(left: Any, right: Any) -> Fraction:
    """A rational strictly between two sympy numbers."""
    middle = (left + right) / 2
    if middle.is_Rational:
        return Fraction(int(middle.p), int(middle.q))
    for digits in range(15, 400, 15):
        q = sp.Rational(str(sp.N(middle, digits)))
        if left < q < right:
            return Fraction(int(q.p), int(q.q))
    raise ParameterError(f"no rational found between {left} and {right}; are they equal?")
