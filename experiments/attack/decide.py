"""Is a candidate really a counterexample? Decided on exact numbers, or with a margin that covers the rounding."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.attack.bound import bound_exactly, bound_in_floats
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.instrument import inspect_function, rewrite, watched
from gradproof.experiments.attack.ranges import respects
from gradproof.experiments.attack.routines import Touched
from gradproof.experiments.attack.watchers import Exactly, Noisy
from gradproof.experiments.instances.exact import Exact, Unclear, convert, exact, precision
from gradproof.experiments.instances.interpolated import Interpolated
from gradproof.theory.arguments import as_float
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Measurement, Relation

#: Exact arithmetic: an excess below 2^-30 of the two sides is not worth reporting, and what the strategies promise of an
#: instance (rows that sum to 1, kappa = L/mu) holds up to rounding only.
MARGIN = 2.0**-30
#: How far quantity and bound move when the instance's rounded numbers do, times this, is taken off besides.
SPREADS = 1024
#: Floats: half the digits of a double, the spread, and a floor for cancellation, relative to the square of the largest
#: number in the instance.
FLOAT_MARGIN = 2.0**-26
FLOOR = 2.0**-40
#: A float of so many significant bits is the number that was meant; one with more may be the rounding of another.
SHORT = 30
#: The share of the two sides that is allowed for the rounding of parameters beside data that are exact.
AT_POINTS = 2.0**-20
MOVES, RUNS = 4, 8  # moved instances looked at, exactly and in floats
WITHIN = "undecided: within rounding"
PRECISIONS = (128, 512, 2048)


@dataclass(frozen=True)
class Decision:
    """What a replay found: the measurement with its error, and whether the claim is violated beyond it."""

    measurement: Measurement
    violated: bool
    how: str


def ratio(relation: Relation, measured: float, bound: float) -> float:
    """How far beyond the bound: > 1 is a violation (in floats); NaN where one of the two is none."""
    if math.isnan(measured) or math.isnan(bound):
        return math.nan
    top, bottom = (bound, measured) if relation is Relation.GE else (measured, bound)
    if relation in (Relation.EQ, Relation.IFF):
        scale = max(abs(bound), abs(measured))
        return (
            1.0 + abs(measured - bound) / scale if scale > 0 and math.isfinite(scale) else (1.0 if scale == 0 else 2.0)
        )
    if math.isinf(bottom):
        return 0.0 if bottom > 0 or top == bottom else math.inf
    if bottom > 0:
        return top / bottom
    if top <= bottom:
        return 0.0
    return math.inf if bottom == 0 else 1.0 + (top - bottom) / max(abs(top), abs(bottom))


def decide(made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str] = frozenset()) -> Decision:
    """Measure an instance again: on exact numbers, else in balls; where the measure allows neither, in floats with their spread.

    The author's measure is not trusted for its rounding: a run counts as exact only if no float was touched in it, and a
    violation only if quantity and bound, both with their errors, are on the wrong sides of each other.
    """
    why = ""
    for bits in PRECISIONS:
        try:
            with precision(bits):
                return _decide_exactly(made, claim, instance, drop)
        except Unclear as error:
            why = str(error)
        except (ArithmeticError, ValueError) as error:
            why = f"the exact replay fails: {error}"
            break
        except Exception as error:  # the measure needs floats: it is the user's code, and may say so in any way
            return _decide_in_floats(made, claim, instance, drop, f"{error}" if isinstance(error, Touched) else "")
    # the measure takes exact numbers but they decide nothing: floats would decide less
    m = Measurement(measured=math.nan, bound=math.nan, parameters=show(instance), what=why)
    return Decision(m, False, f"undecided: {why}")


# --- exactly -----------------------------------------------------------------------------------------------------------


def _run_exactly(
    made: Experiment, claim: Claim, instance: Mapping[str, Any], watcher: Exactly
) -> tuple[Exact, Exact, dict[str, Any]]:
    """Quantity, bound and parameters, in a run that touches no float. Raises ``Touched`` where it would."""
    given = exact(dict(instance))
    with watched(watcher, made.measure, given) as codes:
        if not codes:
            raise Touched("the source of the measure is not at hand")
        watcher.codes = codes
        measured, values = made.run(given)
    watcher.made(measured)
    watcher.made(values)
    return Exact.of(measured), bound_exactly(claim, exact(values)), exact(values)


def _gap(relation: Relation, measured: Any, bound: Any) -> Any:
    """Negative where the claim is violated."""
    if relation in (Relation.EQ, Relation.IFF):
        return -abs(measured - bound)
    return bound - measured if relation is Relation.LE else measured - bound


def _decide_exactly(made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
    watcher = Exactly()
    measured, bound, values = _run_exactly(made, claim, instance, watcher)
    if not respects(claim, values, drop):
        return Decision(_measurement(measured, bound, 0.0, "exact", values), False, "outside the assumptions")
    relation = made.relation(claim)
    gap = _gap(relation, measured, bound)
    far = Exact.of(MARGIN) * (abs(measured) + abs(bound))
    how = "exact rational arithmetic" if measured.rational and bound.rational else "ball arithmetic"
    if watcher.uncertain:
        how += " on the decimals that the file states"
    if (gap + far).sign() < 0:
        far = far + _rounding(made, claim, instance, (measured, bound), watcher.uncertain)
    violated = (gap + far).sign() < 0
    try:
        held = gap.sign() >= 0
    except Unclear:  # attained, with a root in it: no precision tells equality from a rounding
        held = False
    error = 0.0 if held else far.approximate()
    found = _measurement(measured, bound, error, "exact" if held else "rounding", values)
    return Decision(found, violated, how if held or violated else f"{WITHIN} ({how})")


def _rounding(
    made: Experiment, claim: Claim, instance: Mapping[str, Any], at: tuple[Exact, Exact], uncertain: bool
) -> Exact:
    """How far rounding may have moved quantity minus bound, before the run became exact: in drawing the instance.

    Numbers of the instance that may be rounded are moved by up to 2^-50 of themselves, equal ones alike, and the exact run is
    repeated. The distance to the run in floats only ever widens the error.
    """
    measured, bound = at
    size = abs(measured) + abs(bound)
    in_floats = _float_run(made, claim, instance)
    off = abs(in_floats[0] - measured.approximate()) + abs(in_floats[1] - bound.approximate())
    far = Exact.of(16 * off) if math.isfinite(off) else size * Exact.of(0.01)
    numbers = [x for x in _floats(instance) if not _short(x)]
    if not numbers and not uncertain:
        return far
    difference = measured - bound
    moved: list[float] = []
    stated = _fractions(instance)  # exact data: nothing that equals them is a rounding
    for k in range(3 * MOVES):
        if len(moved) == MOVES:
            break
        factor = _mover(k)

        def moved_by(x: float, f: Callable[[float], Exact] = factor) -> Exact:
            return Exact.of(x) if _short(x) or x in stated else Exact.of(x) * f(x)

        try:
            watcher = Exactly(functools.partial(_otherwise, factor))
            m, b, _ = _run_exactly(made, claim, convert(dict(instance), moved_by), watcher)
            moved.append(abs(m - b - difference).approximate())
        except Unclear:
            raise
        except Exception:  # the moved instance may lie outside what can be measured
            continue
    if not moved and all(x in stated for x in numbers):
        return far
    if not moved and any(isinstance(v, Interpolated) for v in instance.values()):
        # a function that is known at its own points, by exact data, and nowhere near them: there is nothing to move
        return far + size * Exact.of(AT_POINTS)
    if not moved or not all(map(math.isfinite, moved)):
        raise Unclear("no instance near this one can be measured")
    return far + Exact.of(SPREADS * max(moved))


def _otherwise(factor: Callable[[float], Exact], x: Fraction) -> Exact:
    """A number made outside the measure, moved by itself: not with an equal one of the instance."""
    return Exact.of(x) * factor(float(x) + 0.5)


def _mover(k: int) -> Callable[[float], Exact]:
    """x -> 1 + 2^-50 u, the same u in [1/4, 1] up to sign for numbers of the same size."""

    def factor(x: float) -> Exact:
        u = random.Random(f"{k} {abs(x)!r}").uniform(-0.75, 0.75)
        return Exact.of(1) + Exact.of(math.copysign(0.25 + abs(u), u)) * Exact.of(2.0**-50)

    return factor


def _short(x: float) -> bool:
    """Few enough bits that the number is no rounding of another."""
    mantissa = math.frexp(x)[0] * 2.0**SHORT if math.isfinite(x) else 0.0
    return mantissa == math.floor(mantissa)


def _floats(x: Any) -> list[float]:
    """All floats in an instance."""
    found: list[float] = []

    def note(v: float) -> float:
        found.append(v)
        return v

    convert(x if not isinstance(x, Mapping) else dict(x), note)
    return found


def _fractions(x: Any) -> set[float]:
    """All fractions in an instance, as floats."""
    if isinstance(x, Fraction):
        return {float(x)}
    if isinstance(x, Mapping):
        return set().union(*map(_fractions, x.values()))
    if isinstance(x, list | tuple):
        return set().union(*map(_fractions, x))
    return _fractions(vars(x)) if hasattr(x, "__dict__") and not callable(getattr(x, "__wrapped__", None)) else set()


def _measurement(measured: Exact, bound: Exact, error: float, source: str, values: Mapping[str, Any]) -> Measurement:
    def number(x: Exact) -> Any:
        if x.rational and max(int(x.v.p.bit_length()), int(x.v.q.bit_length())) < 4000:
            return sp.Rational(int(x.v.p), int(x.v.q))
        return _finite(x.approximate())

    m = number(measured)
    return Measurement(
        measured=m,
        bound=number(bound),
        low=m - error if error else m,
        high=m + error if error else m,
        source=source,
        parameters=show(values),
    )


def _finite(x: float) -> float:
    return max(min(x, 1.7e308), -1.7e308)


def show(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as JSON values: rationals as text, balls by their middle."""

    def one(v: Any) -> Any:
        if isinstance(v, Exact):
            if v.rational and v.fraction().denominator == 1:
                return int(v)
            return v.approximate()
        if isinstance(v, list | tuple):
            return [one(x) for x in v]
        return v

    return {k: one(v) for k, v in values.items()}


# --- in floats ---------------------------------------------------------------------------------------------------------


def _float_run(made: Experiment, claim: Claim, instance: Mapping[str, Any]) -> tuple[float, float]:
    """Quantity and bound; NaN where they cannot be measured."""
    try:
        with np.errstate(all="ignore"):
            measured, values = made.run(instance)
        return float(measured), bound_in_floats(claim, values)
    except OverflowError:
        return math.inf, math.nan
    except (ArithmeticError, ValueError):
        return math.nan, math.nan


def _spread(made: Experiment, claim: Claim, instance: Mapping[str, Any], at: tuple[float, float]) -> float:
    """How far quantity and bound move in runs that round at random; infinite where nothing can tell.

    Numbers of the instance that may be rounded are moved, and so is each float that the measure makes; all numbers of the
    instance where its source is not at hand.
    """
    inner = inspect_function(made.measure)
    noisy = inner is not None and rewrite(inner) is not None
    numbers = [x for x in _floats(instance) if not (noisy and _short(x))]
    told, found = bool(numbers), []
    for k in range(RUNS):
        rng = np.random.default_rng([12345, k])  # the spread is a property of the instance: always the same noise
        factor = _mover(k)

        def moved(x: float, f: Callable[[float], Exact] = factor) -> float:
            return x if noisy and _short(x) else x * f(x).approximate()

        other, watcher = convert(dict(instance), moved), Noisy(rng)
        with watched(watcher, made.measure, other) as codes:
            watcher.codes = codes
            try:
                measured, bound = _float_run(made, claim, other)
            except Exception:  # the measure does not take what was moved
                continue
        told = told or watcher.used
        off = max(abs(measured - at[0]), abs(bound - at[1]), abs(measured - bound - (at[0] - at[1])))
        found += [off] if math.isfinite(off) else []
    # some runs may leave the domain, at its ends; where most do, nothing is known of the rounding
    return max(found) if told and 2 * len(found) >= RUNS else math.inf


def _decide_in_floats(
    made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str], why: str
) -> Decision:
    with np.errstate(all="ignore"):
        measured, values = made.run(instance)
    measured, bound = as_float(measured), bound_in_floats(claim, values)
    how = "floats, with the spread of quantity and bound under random rounding as error" + (f" ({why})" if why else "")
    relation = made.relation(claim)
    # iterates that converge stop at a floor that the noisy runs share: rounding of numbers as large as the instance's
    largest = max([1.0, *map(abs, _floats(instance)), *map(abs, _floats(values))])
    error = FLOAT_MARGIN * (abs(measured) + abs(bound)) + FLOOR * largest**2
    ok = respects(claim, values, drop) or _respects_roughly(claim, values, drop)
    gap = _gap(relation, measured, bound)
    error += SPREADS * _spread(made, claim, instance, (measured, bound))
    if not math.isfinite(error):
        how = f"undecided: nothing tells how far rounding moves {claim.id}'s measure in floats" + (
            f" ({why})" if why else ""
        )
    violated = ok and all(map(math.isfinite, (measured, bound, error))) and gap < -error
    low, high = (
        (measured - error, measured + error) if math.isfinite(error) else (-_finite(math.inf), _finite(math.inf))
    )
    found = Measurement(
        measured=measured, bound=bound, low=low, high=high, source="rounding", parameters=show(values),
        what="" if ok else "outside the assumptions",
    )  # fmt: skip
    if not violated and gap < 0 and math.isfinite(error) and ok:
        how = f"{WITHIN} ({how})"
    return Decision(found, violated, how)


def _respects_roughly(claim: Claim, values: Mapping[str, Any], drop: frozenset[str]) -> bool:
    """The claim itself accepts the values (within its rounding of relations between floats)."""
    try:
        claim.bound(drop=drop & {a.name for a in claim.assumptions}, **values)
    except GradproofError:
        return False
    return True
