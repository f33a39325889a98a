"""Is a candidate really a counterexample? Decided on exact numbers, or with a margin that covers the rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.attack.bound import bound_exactly, bound_in_floats
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.ranges import respects
from gradproof.experiments.instances.exact import Exact, Unclear, convert, exact, generic, precision
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Measurement, Relation

#: A measure may round constants of its own (1/3, 0.1), even when its instance is exact: 2^-30 of the two sides is far
#: above what that moves, and far below any violation worth reporting.
MARGIN = 2.0**-30
#: A measure that works on floats only: half the digits of a double, the spread under perturbed input, and a floor for
#: cancellation, relative to the square of the largest number in the instance.
FLOAT_MARGIN = 2.0**-26
FLOOR = 2.0**-40
PRECISIONS = (128, 512, 2048)


@dataclass(frozen=True)
class Decision:
    """What a replay found: the measurement with its error, and whether the claim is violated beyond it."""

    measurement: Measurement
    violated: bool
    how: str


def ratio(relation: Relation, measured: float, bound: float) -> float:
    """How far beyond the bound: > 1 is a violation (in floats); NaN becomes 0."""
    if math.isnan(measured) or math.isnan(bound):
        return 0.0
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
    """Replay an instance exactly, or in balls; where the measure allows neither, in floats with a margin."""
    for bits in PRECISIONS:
        try:
            with precision(bits):
                return _decide_exactly(made, claim, instance, drop)
        except Unclear as error:
            why = str(error)
        except (ArithmeticError, ValueError) as error:
            why = f"the exact replay fails: {error}"
            break
        except Exception:  # the measure needs floats: it is the user's code, and may say so in any way
            return _decide_in_floats(made, claim, instance, drop)
    # the measure takes exact numbers but they decide nothing: floats would decide less
    m = Measurement(measured=math.nan, bound=math.nan, parameters=show(instance), what=why)
    return Decision(m, False, f"undecided: {why}")


def _decide_exactly(made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
    with generic(made.measure):
        measured, values = made.run(exact(dict(instance)))
    values = exact(values)
    measured, bound = Exact.of(measured), bound_exactly(claim, values)
    if not respects(claim, values, drop):
        return Decision(_measurement(measured, bound, 0.0, "exact", values), False, "outside the assumptions")
    m = measured.approximate()
    float_measured = _float_run(made, instance)
    # the distance to the float run shows how much rounding moves this instance; it only ever widens the margin
    spread = abs(float_measured - m) if math.isfinite(float_measured) and math.isfinite(m) else 0.0
    far = Exact.of(MARGIN) * (abs(measured) + abs(bound)) + Exact.of(16 * spread)
    if math.isinf(float_measured) or math.isnan(float_measured):
        far = far + (abs(measured) + abs(bound)) * Exact.of(0.01)
    relation = made.relation(claim)
    gap = bound - measured if relation is Relation.LE else measured - bound
    if relation in (Relation.EQ, Relation.IFF):
        gap = -abs(measured - bound)
    violated = (gap + far).sign() < 0
    how = "exact rational arithmetic" if measured.rational and bound.rational else "ball arithmetic"
    try:
        held = gap.sign() >= 0
    except Unclear:  # attained, with a root in it: no precision tells equality from a rounding
        held = False
    error = 0.0 if held else far.approximate()
    return Decision(_measurement(measured, bound, error, "exact" if held else "rounding", values), violated, how)


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


def _float_run(made: Experiment, instance: Mapping[str, Any]) -> float:
    try:
        with np.errstate(all="ignore"):
            return float(made.run(instance)[0])
    except OverflowError:
        return math.inf
    except (ArithmeticError, ValueError):
        return math.nan


def _decide_in_floats(made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
    with np.errstate(all="ignore"):
        measured, values = made.run(instance)
    measured, bound = float(measured), bound_in_floats(claim, values)
    rng = np.random.default_rng(12345)  # the spread is a property of the instance: always the same perturbations
    moved = []
    for _ in range(8):
        other = convert(dict(instance), lambda x: x * (1 + 2.0**-50 * float(rng.uniform(-1, 1))))
        m = _float_run(made, other)
        moved.append(abs(m - measured))
    spread = max(moved) if all(map(math.isfinite, moved)) else math.inf
    # iterates that converge stop at a floor that the perturbed runs share: rounding of numbers as large as the instance's
    largest = max([1.0, *_sizes(instance), *_sizes(values)])
    error = FLOAT_MARGIN * (abs(measured) + abs(bound)) + 1024 * spread + FLOOR * largest**2
    ok = respects(claim, values, drop) or _respects_roughly(claim, values, drop)
    relation = made.relation(claim)
    gap = bound - measured if relation is Relation.LE else measured - bound
    if relation in (Relation.EQ, Relation.IFF):
        gap = -abs(measured - bound)
    violated = ok and math.isfinite(measured) and math.isfinite(bound) and gap < -error
    found = Measurement(
        measured=measured, bound=bound, low=measured - error, high=measured + error, source="rounding", parameters=show(values),
        what="" if ok else "outside the assumptions",
    )  # fmt: skip
    return Decision(found, violated, "floats, with the spread under perturbed input as error")


def _sizes(instance: Mapping[str, Any]) -> list[float]:
    """Magnitudes of all floats in an instance."""
    found: list[float] = []

    def note(x: float) -> float:
        found.append(abs(x))
        return x

    convert(dict(instance), note)
    return found


def _respects_roughly(claim: Claim, values: Mapping[str, Any], drop: frozenset[str]) -> bool:
    """The claim itself accepts the values (within its rounding of relations between floats)."""
    try:
        claim.bound(drop=drop & {a.name for a in claim.assumptions}, **values)
    except GradproofError:
        return False
    return True
