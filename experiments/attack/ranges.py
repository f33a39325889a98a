"""Parameters drawn in their domains, tied by relations; and whether relations hold, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.attack.bound import compile_exact
from gradproof.experiments.instances.exact import Exact, Inexact
from gradproof.experiments.instances.source import Source
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, ParameterError
from gradproof.theory.parameter import Parameter, pretty_set

WIDEST = 1e3  # a parameter without bounds is drawn between 1/WIDEST and WIDEST
MOST = 300  # a count is drawn up to this, unless the experiment says otherwise
BEYOND = 16.0  # how far past a dropped relation its parameter is drawn


def plain(v: Any) -> Any:
    """The number in a one-element array; anything else as it is."""
    return v.reshape(-1)[0] if isinstance(v, np.ndarray) and v.size == 1 else v


def draw_parameter(draw: Source, claim: Claim, name: str, known: Mapping[str, Any], drop: frozenset[str],
                   limits: tuple[float, float] | None = None) -> Any:  # fmt: skip
    """One parameter: in its domain (within ``limits``), and within the relations to parameters that are known.

    The ends that a relation gives are drawn too (rounded inwards). A dropped relation is overstepped up to 16-fold.
    """
    p = claim.parameter(name)
    elements = _elements(p)
    if elements is not None:
        return _one_of(draw, claim, name, elements, known, drop, limits)
    low, high, integer = _domain(p)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    for a in _relations(claim):
        names = _names(a.relation)
        if name not in names or not names - {name} <= set(known):
            continue
        inside = _feasible(a.relation, p.symbol, {n: float(known[n]) for n in names - {name}}, low, high)
        if a.name in drop:  # beyond the end, but not without end
            if inside is not None:
                low, high = _beyond(inside, low, high)
        elif inside is None:
            draw.reject()
        else:
            low, high = max(low, inside[0]), min(high, inside[1])
    if integer:
        low, high = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if low > high:
        draw.reject()
    if integer:
        x: float = draw.integer(int(low), int(high))
    else:
        x = _inwards(claim, name, draw.real(low, high), known, drop, (low, high))
    if not isinstance(p.domain, sp.Interval) and not _in_domain(p, x):
        draw.reject()  # between the pieces of a union
    return x


@lru_cache(maxsize=128)
def _elements(p: Parameter) -> tuple[Any, ...] | None:
    """The first elements of a domain of single numbers, smallest first; ``None`` for one that is drawn between its ends.

    Raises:
        ParameterError: neither elements nor ends are known.
    """
    domain = p.domain
    if isinstance(domain, sp.FiniteSet | sp.ImageSet) or (isinstance(domain, sp.Range) and domain.step != 1):
        found = [e for e in islice(domain, MOST) if e.is_real]
        return tuple(int(e) if e.is_Integer else float(e) for e in sorted(found))
    try:
        float(domain.inf), float(domain.sup)
    except (NotImplementedError, TypeError):
        raise ParameterError(
            f"{p.name} cannot be drawn from its domain {pretty_set(domain)}; give {p.name}=<strategy> to experiment(...)"
        ) from None
    return None


def _one_of(draw: Source, claim: Claim, name: str, elements: tuple[Any, ...], known: Mapping[str, Any], drop: frozenset[str],
            limits: tuple[float, float] | None) -> Any:  # fmt: skip
    """An element for which the relations hold that are not dropped, beyond those that are if there is one."""
    low, high = limits or (-math.inf, math.inf)
    held = [a for a in _relations(claim) if name in _names(a.relation) and a.name not in drop]
    broken = [a for a in _relations(claim) if name in _names(a.relation) and a.name in drop]
    good = [x for x in elements if low <= x <= high and all_hold(held, {**known, name: x})]
    beyond = [x for x in good if not all_hold(broken, {**known, name: x})] if broken else []
    left = beyond or good
    if not left:
        draw.reject()
    return left[draw.integer(0, len(left) - 1)]


def _beyond(inside: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    left, right = inside
    return (
        max(low, left / BEYOND if left > 0 else left * BEYOND if left < 0 else low),
        min(high, right * BEYOND if right > 0 else right / BEYOND if right < 0 else high),
    )


def _inwards(claim: Claim, name: str, x: float, known: Mapping[str, Any], drop: frozenset[str],
             ends: tuple[float, float]) -> float:  # fmt: skip
    """A float at the end of a relation, rounded to the side on which the relation holds exactly."""
    fits = [a for a in _relations(claim) if a.name not in drop and name in _names(a.relation)]
    if not fits or all_hold(fits, {**known, name: x}):
        return x
    for ulps in (1, 4, 16, 2**12):
        for towards in ends:
            y = x + math.copysign(ulps * math.ulp(x), towards - x)
            if min(ends) <= y <= max(ends) and all_hold(fits, {**known, name: y}):
                return y
    return x


@lru_cache(maxsize=256)
def _names(relation: sp.Basic) -> frozenset[str]:
    return frozenset(str(s) for s in relation.free_symbols)


@lru_cache(maxsize=256)
def _relations(claim: Claim) -> tuple[Any, ...]:
    """Assumptions that relate scalar parameters; those over vectors are checked when the bound is evaluated."""
    vectors = {p.name for p in claim.parameters if p.size} | {p.size for p in claim.parameters if p.size}
    return tuple(a for a in claim.assumptions if a.relation is not None and not vectors & {
        str(getattr(s, "base", s)) for s in a.relation.free_symbols})  # fmt: skip


@lru_cache(maxsize=128)
def _domain(p: Parameter) -> tuple[float, float, bool]:
    """Ends between which a parameter is drawn, and whether it is an integer."""
    integer = bool(p.domain.is_subset(sp.S.Integers))
    low, high = float(p.domain.inf), float(p.domain.sup)
    if integer:
        low = low if math.isfinite(low) else -float(MOST)
        return low, high if math.isfinite(high) else max(low, 0) + MOST, True
    if not math.isfinite(low):
        low = -WIDEST if high > 0 or not math.isfinite(high) else min(-WIDEST, 2 * high)
    if not math.isfinite(high):
        high = max(WIDEST, low * WIDEST)
    span = high - low
    if sp.Rational(low) not in p.domain:
        low = 1 / WIDEST if low == 0 and high >= WIDEST else low + span * 1e-6
    if sp.Rational(high) not in p.domain and math.isfinite(float(p.domain.sup)):
        high -= span * 1e-6
    return low, high, False


@lru_cache(maxsize=512)
def _gap(relation: sp.Basic, symbol: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """``gap >= 0`` iff the relation holds, compiled; and (a, b) with gap having the sign of a*symbol + b, if linear."""
    gap = relation.rhs - relation.lhs if isinstance(relation, sp.Le | sp.Lt) else relation.lhs - relation.rhs
    if isinstance(relation, sp.Eq):
        gap = relation.lhs - relation.rhs
    others = tuple(sorted(gap.free_symbols - {symbol}, key=str))
    top, bottom = sp.fraction(sp.together(gap))
    linear = None
    if bottom.is_positive and top.is_polynomial(symbol) and sp.degree(top, symbol) == 1:
        a, b = sp.Poly(top, symbol).all_coeffs()
        linear = sp.lambdify(others, [a, b], "math")
    return sp.lambdify((symbol, *others), gap, "math"), linear, others


def _feasible(
    relation: sp.Basic, symbol: Any, known: Mapping[str, float], low: float, high: float
) -> tuple[float, float] | None:
    """The part of [low, high] where the relation holds, or ``None``; the largest piece if there are several."""
    gap, linear, others = _gap(relation, symbol)
    at = [known[str(s)] for s in others]
    try:
        if linear is not None:
            a, b = linear(*at)
            if a == 0:
                return (low, high) if b >= 0 else None
            end = -b / a
            if isinstance(relation, sp.Eq):
                return (end, end) if low <= end <= high else None
            return (low, min(high, end)) if a < 0 else (max(low, end), high)
        scale = np.geomspace(low, high, 80) if low > 0 else np.linspace(low, high, 161)
        good = [_nonnegative(gap, float(x), at) for x in scale]
    except (ArithmeticError, ValueError):
        return None
    pieces, start = [], None
    for k, g in enumerate([*good, False]):
        if g and start is None:
            start = k
        elif not g and start is not None:
            pieces.append((start, k - 1))
            start = None
    if not pieces:
        return None
    i, j = max(pieces, key=lambda p: p[1] - p[0])
    left = scale[i] if i == 0 else _edge(gap, at, float(scale[i]), float(scale[i - 1]))
    right = scale[j] if j == len(scale) - 1 else _edge(gap, at, float(scale[j]), float(scale[j + 1]))
    return float(left), float(right)


def _nonnegative(gap: Callable[..., float], x: float, at: list[float]) -> bool:
    try:
        return gap(x, *at) >= 0
    except (ArithmeticError, ValueError):
        return False


def _edge(gap: Callable[..., float], at: list[float], good: float, bad: float) -> float:
    for _ in range(60):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if _nonnegative(gap, middle, at) else (good, middle)
    return good


# --- do the relations hold? exactly, on the numbers as they are ----------------------------------------------------------


@lru_cache(maxsize=512)
def _sides(relation: sp.Basic) -> tuple[Callable[..., Any], tuple[str, ...]]:
    symbols = tuple(sorted(relation.free_symbols, key=str))
    return compile_exact(relation.lhs - relation.rhs, symbols), tuple(map(str, symbols))


def all_hold(assumptions: Iterable[Any], values: Mapping[str, Any]) -> bool:
    """All relations hold exactly, of those whose parameters are known."""
    for a in assumptions:
        difference, names = _sides(a.relation)
        if not set(names) <= set(values):
            continue
        try:
            s = Exact.of(difference(*(Exact.of(plain(values[n])) for n in names))).sign()
        except (Inexact, ArithmeticError, ValueError):
            return False
        if not {sp.Le: s <= 0, sp.Lt: s < 0, sp.Ge: s >= 0, sp.Gt: s > 0, sp.Eq: s == 0}[type(a.relation)]:
            return False
    return True


def respects(claim: Claim, values: Mapping[str, Any], drop: frozenset[str] = frozenset()) -> bool:
    """All relations between the numbers in ``values`` hold, and all lie in their domains."""
    if any(p.name in values and not p.size and not _in_domain(p, values[p.name]) for p in claim.parameters):
        return False
    return all_hold((a for a in _relations(claim) if a.name not in drop), values)


def _in_domain(p: Parameter, x: Any) -> bool:
    if isinstance(p.domain, sp.Interval) and isinstance(
        x, int | float | Exact
    ):  # the common case, without computer algebra
        low, high, left, right = _ends(p.domain)
        return low <= x <= high and not (left and x == low) and not (right and x == high)
    try:
        p.read(x.fraction() if isinstance(x, Exact) else plain(x))
    except (GradproofError, TypeError):
        return False
    return True


@lru_cache(maxsize=128)
def _ends(domain: sp.Interval) -> tuple[float, float, bool, bool]:
    return float(domain.start), float(domain.end), bool(domain.left_open), bool(domain.right_open)
