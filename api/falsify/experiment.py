"""An experiment: how instances of a claim are drawn, and what is measured on one."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp
from hypothesis.strategies import SearchStrategy

from gradproof.falsify.bound import bound_exactly, bound_in_floats, compile_exact
from gradproof.testing.exact import Exact, Inexact
from gradproof.testing.source import Source, built
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, ParameterError
from gradproof.theory.evidence import Measurement, Relation
from gradproof.theory.parameter import Parameter

#: experiments by claim id, in the order in which they were attached
EXPERIMENTS: dict[str, list[Experiment]] = {}

WIDEST = 1e3  # a parameter without bounds is drawn between 1/WIDEST and WIDEST
MOST = 300  # a count is drawn up to this, unless the experiment says otherwise
BEYOND = 16.0  # how far past a dropped relation its parameter is drawn


@dataclass(frozen=True)
class Experiment:
    """See :func:`gradproof.experiment`.

    Args:
        limits: parameter -> ends between which it is drawn, narrower than its domain.
        at_most: a random quantity lies in [0, at_most] (an expression in the parameters): lower bounds on its expectation can
            then be tested.
        replay: (experiment, claim, instance, drop) -> ``Decision``, where running ``measure`` on exact numbers is not the way.
    """

    claim: Claim
    name: str
    draws: Mapping[str, Any]
    measure: Callable[..., Any] = field(compare=False)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    at_most: sp.Expr | None = None
    replay: Callable[..., Any] | None = field(default=None, compare=False)

    # --- which names, in which order -----------------------------------------------------------------------------------

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What the measure is called with; arguments with a default only where they are drawn or parameters."""
        return self._wanted(self.measure)

    def _wanted(self, function: Callable[..., Any]) -> tuple[str, ...]:
        known = {*self.draws, *(p.name for p in self.claim.parameters), "rng", "drop"}
        return tuple(n for n, optional in _arguments(function).items() if n in known or not optional)

    @property
    def random(self) -> bool:
        """The measured quantity is random; the claim bounds its expectation."""
        return "rng" in self.arguments

    @property
    def threshold(self) -> str:
        """The quantity of an *iff* claim, if it is a name that is drawn: the measure then says whether the property holds."""
        names = {*self.draws, *(p.name for p in self.claim.parameters)}
        return self.claim.quantity if self.claim.relation is Relation.IFF and self.claim.quantity in names else ""

    def relation(self, claim: Claim) -> Relation:
        """How what ``run`` returns stands to the bound."""
        return Relation.LE if self.threshold else claim.relation

    @cached_property
    def inputs(self) -> dict[str, tuple[str, ...]]:
        """What each given function is drawn from."""
        return {n: self._inputs(n) for n in self.draws}

    @cached_property
    def order(self) -> list[str]:
        """Names in an order in which they can be drawn.

        Raises:
            ParameterError: an unknown name, or a circle.
        """
        scalars = {p.name for p in self.claim.parameters if not p.size}
        needed: list[str] = []
        todo = [*(n for n in self.arguments if n not in ("rng", "drop")), *self.draws]
        todo += [self.threshold] if self.threshold else []
        while todo:
            name = todo.pop(0)
            if name in needed:
                continue
            if name not in self.draws and name not in scalars:
                raise ParameterError(
                    f"{self.claim.id}: {self.name} needs {name!r}, which is neither a parameter of the claim nor given; "
                    f"add {name}=<strategy> to experiment(...)"
                )
            needed.append(name)
            todo += [n for n in self._inputs(name) if n != "drop"]
        rank = {p.name: k for k, p in enumerate(self.claim.parameters)}
        needed.sort(key=lambda n: rank.get(n, len(rank)))
        placed: list[str] = []
        while len(placed) < len(needed):
            left = [n for n in needed if n not in placed]
            ready = [n for n in left if not (set(self._inputs(n)) | self._before(n, left)) & set(left) - {n}]
            ready = ready or [n for n in left if not set(self._inputs(n)) & set(left)]
            if not ready:
                raise ParameterError(f"{self.claim.id}: {', '.join(left)} are drawn from each other in a circle")
            placed.append(ready[0])
        return placed

    def _inputs(self, name: str) -> tuple[str, ...]:
        given = self.draws.get(name)
        return self._wanted(given) if callable(given) and not isinstance(given, SearchStrategy) else ()

    def _before(self, name: str, left: list[str]) -> set[str]:
        """For a parameter that a relation bounds by an expression: the parameters in the expression."""
        if name in self.draws:
            return set()
        found: set[str] = set()
        symbol = self.claim.parameter(name).symbol
        for a in self.claim.assumptions:
            if a.relation is not None and symbol in (a.relation.lhs, a.relation.rhs):
                found |= {str(s) for s in a.relation.free_symbols} - {name}
        return found & set(left)

    # --- drawing -------------------------------------------------------------------------------------------------------

    def instances(self, claim: Claim | None = None, drop: frozenset[str] = frozenset()) -> SearchStrategy:
        """A strategy of instances: ``{name: value}``. All assumptions hold but those in ``drop``.

        Args:
            claim: a variant of the claim whose assumptions are to hold instead.
        """
        return _instances(self, claim or self.claim, drop)

    # --- measuring -----------------------------------------------------------------------------------------------------

    def run(self, instance: Mapping[str, Any], rng: np.random.Generator | None = None) -> tuple[Any, dict[str, Any]]:
        """The measured quantity on one instance, and the parameters that the claim needs beside it.

        Raises:
            ParameterError: a parameter is neither drawn nor returned, or the measure returns no number.
        """
        given = {n: instance[n] for n in self.arguments if n not in ("rng", "drop")}
        if "rng" in self.arguments:
            given["rng"] = rng if rng is not None else np.random.default_rng(0)
        if "drop" in self.arguments:
            given["drop"] = frozenset()
        result = self.measure(**given)
        derived: Mapping[str, Any] = {}
        error: Any = 0
        if isinstance(result, Measurement):
            result, derived, error = result.measured, result.parameters, result.error
        elif isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
            result, derived = result
        if result is None:
            raise ParameterError(f"{self.claim.id}: {self.name} returned nothing; return the measured quantity")
        if isinstance(result, np.ndarray) and result.size == 1:
            result = result.reshape(-1)[0]
        values = {}
        for p in self.claim.parameters:
            if p.name in derived:
                values[p.name] = _plain(derived[p.name])
            elif p.name in instance:
                values[p.name] = instance[p.name]
            elif not any(q.size == p.name for q in self.claim.parameters):
                raise ParameterError(
                    f"{self.claim.id}: {self.name} neither draws {p.name} ({p.meaning}) nor returns it; make it an argument, or "
                    f"return (quantity, {{{p.name!r}: value}})"
                )
        if self.threshold:
            return self._beyond_threshold(result, instance, values), values
        return (_towards(result, error, self.claim, values) if error else result), values

    def _beyond_threshold(self, holds: Any, instance: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The threshold's parameter where the property holds, else its mirror image: in either case no more than the bound."""
        if not isinstance(holds, bool | np.bool_):
            raise ParameterError(
                f"{self.claim.id}: {self.name} returned {holds!r}; for a claim 'property iff {self.threshold} <= bound' return "
                "True where the property holds and False where it fails"
            )
        at = instance[self.threshold]
        if holds:
            return at
        bound = bound_exactly(self.claim, values) if isinstance(at, Exact) else bound_in_floats(self.claim, values)
        return 2 * bound - at


def _towards(measured: Any, error: Any, claim: Claim, values: Mapping[str, Any]) -> Any:
    """A measurement with an error of its own, moved by it to the side on which the claim holds."""
    if claim.relation is Relation.LE:
        return measured - error
    if claim.relation is Relation.GE:
        return measured + error
    bound = bound_in_floats(claim, values)
    gap = float(measured) - bound
    return bound if abs(gap) <= error else measured - math.copysign(error, gap)


def _plain(v: Any) -> Any:
    return v.reshape(-1)[0] if isinstance(v, np.ndarray) and v.size == 1 else v


def _arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """Names of the arguments, and whether each has a default."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.items()
    return {n: p.default is not inspect.Parameter.empty for n, p in parameters if p.kind not in kinds}


@built
def _instances(draw: Source, made: Experiment, claim: Claim, drop: frozenset[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in made.order:
        given = made.draws.get(name)
        if name not in made.draws:
            values[name] = draw_parameter(draw, claim, name, values, drop, made.limits.get(name))
            continue
        if callable(given) and not isinstance(given, SearchStrategy):
            given = given(**{n: drop if n == "drop" else values[n] for n in made.inputs[name]})
        values[name] = draw(given) if isinstance(given, SearchStrategy) else given
    if not respects(claim, values, drop):
        draw.reject()
    return values


# --- parameters in their domains, tied by relations --------------------------------------------------------------------


def draw_parameter(draw: Source, claim: Claim, name: str, known: Mapping[str, Any], drop: frozenset[str],
                   limits: tuple[float, float] | None = None) -> Any:  # fmt: skip
    """One parameter: in its domain (within ``limits``), and within the relations to parameters that are known.

    The ends that a relation gives are drawn too (rounded inwards). A dropped relation is overstepped up to 16-fold.
    """
    p = claim.parameter(name)
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
        return draw.integer(int(low), int(high))
    return _inwards(claim, name, draw.real(low, high), known, drop, (low, high))


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
            s = Exact.of(difference(*(Exact.of(_plain(values[n])) for n in names))).sign()
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
        p.read(x.fraction() if isinstance(x, Exact) else _plain(x))
    except (GradproofError, TypeError):
        return False
    return True


@lru_cache(maxsize=128)
def _ends(domain: sp.Interval) -> tuple[float, float, bool, bool]:
    return float(domain.start), float(domain.end), bool(domain.left_open), bool(domain.right_open)
