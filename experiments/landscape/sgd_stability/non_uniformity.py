"""A stable minimum outside the box of sharpness and non-uniformity; inside it under the condition that implies the box."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability.exact import NAMED, SAMPLINGS, weight
from gradproof.solvers import moments
from gradproof.solvers.moments.certificates import certify
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.landscape import sgd_stability as paper

#: A step below the threshold of the rows NON_UNIFORM, and above 1/s.
STEP = Fraction(11, 50)


def non_uniformity(rows: Any) -> sp.Expr:
    """s as an exact algebraic number, for rational rows or Hessians of two parameters."""
    H = [
        sp.Matrix(2, 2, [sp.Rational(x.numerator, x.denominator) for row in h for x in row])
        for h in data.hessians(rows)
    ]
    mean = sum(H, sp.zeros(2)) / len(H)
    excess = sum((h * h for h in H), sp.zeros(2)) / len(H) - mean * mean
    trace, det = excess.trace(), excess.det()
    return sp.sqrt((trace + sp.sqrt(trace**2 - 4 * det)) / 2)


@check(paper.NON_UNIFORMITY, level=Level.EXACT)
def a_stable_minimum_outside_the_box(ctx: Context) -> Iterator[Evidence]:
    """Four rows, single samples: the kernel proves the step stable, and s is an exact root beyond 1/eta."""
    found = certify(data.NON_UNIFORM, STEP, batch_size=1)
    if found.side == "stable":
        yield found.proof()
        yield Measurement(
            measured=non_uniformity(data.NON_UNIFORM),
            bound=ctx.claim.bound(eta=STEP, p=weight(4, 1, False)),
            what="non-uniformity s",
            parameters={"rows": str(data.NON_UNIFORM), "eta": str(STEP), "B": 1},
        )


@control(paper.NON_UNIFORMITY, drops="stability: the condition T(I) <= I in its place")
def inside_the_box_under_the_sufficient_condition(ctx: Context) -> Iterator[Evidence]:
    """The bound at the largest step that satisfies T(I) <= I, which is where it is sharpest."""
    instances = {k: v for k, v in NAMED.items() if k != "S12"} | {"NON_UNIFORM": data.NON_UNIFORM}
    for (name, rows), (B, replacement) in product(instances.items(), SAMPLINGS):
        t = moments.stability_threshold(rows, batch_size=B, replacement=replacement)
        eta = moments.bounds(rows, batch_size=B, replacement=replacement).identity
        if t.p > 0:
            yield Measurement(
                measured=moments.uniformity(rows),
                bound=float(ctx.claim.bound(eta=eta, p=float(t.p))),
                error=1e-12,
                error_source="rounding",
                parameters={"instance": name, "B": B, "replacement": replacement},
            )
