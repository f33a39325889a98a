"""Power: by which factor a bound would have to be wrong before the measurements refute it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gradproof.theory.arguments import as_float, quotient
from gradproof.theory.evidence import Measurement, Relation

#: A check that lets a bound pass which is wrong by this factor sees nothing.
BLIND = 1000.0


def resolution(ms: Iterable[Measurement]) -> float | None:
    """The smallest factor >= 1 by which a wrong bound would have been refuted; ``inf`` where none would be.

    A bound is wrong by the factor c if it is c times too strong (for equalities and thresholds: too large or too small, and the
    factor is the worse of the two). ``None`` where every bound is 0, of which there are no multiples, unless it is met exactly.
    """
    stronger, larger, smaller, two_sided = math.inf, math.inf, math.inf, False
    scaled = False
    for m in ms:
        bound, low, high = as_float(m.bound), as_float(m.low), as_float(m.high)
        equal = m.relation in (Relation.EQ, Relation.IFF)
        if bound == low == high == 0 and equal:  # exactly 0: every other number is refuted
            scaled, two_sided, larger, smaller = True, True, 1.0, 1.0
        if not bound or any(map(math.isnan, (bound, low, high))):
            continue
        scaled = True
        if bound < 0:  # the mirror image: quantity, bound and relation change sides
            bound, low, high = -bound, -high, -low
        if equal:
            two_sided = True
            larger = min(larger, _factor(high, bound))
            smaller = min(smaller, _factor(bound, low))
        elif (m.relation is Relation.LE) == (as_float(m.bound) > 0):
            stronger = min(stronger, _factor(bound, low))
        else:
            stronger = min(stronger, _factor(high, bound))
    if not scaled:
        return None
    return max(larger, smaller) if two_sided else stronger


def _factor(top: float, bottom: float) -> float:
    """top/bottom, at least 1; infinite where no multiple of the one exceeds the other."""
    if bottom <= 0 or math.isinf(top):
        return math.inf
    return max(top / bottom, 1.0)


def sharpest(ms: Sequence[Measurement]) -> list[Measurement]:
    """Of many measurements of one case those that matter: the nearest to its bound (or beyond it), the one whose error reaches
    farthest towards it (or beyond), and the most powerful."""
    worst, widest = max(ms, key=excess), max(ms, key=_reach)
    best = min(ms, key=lambda m: resolution([m]) or math.inf)
    return list({id(m): m for m in (worst, widest, best)}.values())


def _reach(m: Measurement) -> float:
    """``excess`` at the end of the error that is nearer to the bound, or beyond it."""
    if m.relation in (Relation.EQ, Relation.IFF):
        return excess(m)
    return excess(replace(m, measured=m.high if m.relation is Relation.LE else m.low))


def excess(m: Measurement) -> float:
    """How near (or how far beyond) its bound a measurement is; larger is nearer, NaN is infinitely far beyond."""
    measured, bound = as_float(m.measured), as_float(m.bound)
    if math.isnan(measured) or math.isnan(bound):
        return math.inf
    if m.relation in (Relation.EQ, Relation.IFF):
        low, high = as_float(m.low), as_float(m.high)
        outside = max(low - bound, bound - high)
        return outside / max(abs(bound), 5e-324) if outside > 0 else -abs(measured - bound)
    top, bottom = (m.measured, m.bound) if m.relation is Relation.LE else (m.bound, m.measured)
    return (
        quotient(top, bottom) if as_float(bottom) > 0 else (math.inf if as_float(top) > as_float(bottom) else -math.inf)
    )
