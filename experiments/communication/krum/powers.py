"""Moments of Krum against those of one correct worker: condition (ii) of resilience."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import numpy as np
import sympy as sp

from gradproof.experiments.communication.krum.laws import LAWS, SIZES, Value, worst_on_a_grid
from gradproof.experiments.communication.krum.methods import ATTACKS
from gradproof.experiments.communication.krum.moments import LEVEL, all_but_the_largest, young
from gradproof.experiments.communication.krum.selection import configurations
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.eprocess import e_value
from gradproof.solvers.order_statistics import exact_outcomes, scores, select
from gradproof.solvers.order_statistics import krum as krum_rule
from gradproof.theory.communication import krum
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

ORDERS = (2, 3, 4)


@check(krum.MOMENTS, level=Level.SYMBOLIC)
def from_all_correct_vectors(ctx: Context) -> Iterator[Evidence]:
    """||Kr||^2 <= c^2 sum ||V_j||^2 without probability, by Young and averages; the power r/2 lies above its tangent."""
    m, b = sp.symbols("m b", positive=True)
    yield all_but_the_largest()
    for count in (3, 4, 5):
        v = sp.symbols(f"v1:{count + 1}")
        pairs = sum((x - y) ** 2 for x, y in combinations(v, 2))
        yield Identity(pairs - count * sum(x**2 for x in v) + sum(v) ** 2, f"distances between {count} vectors")
    # some S_i is at most (m - 2)/(m - 1) of the mean row of the 2 m sum ||V||^2 of all distances: b^2 times the sum
    share = (m - 2) / (m - 1) * 2 * m / m
    yield young()
    yield Identity((1 + 1 / b) * b**2 + (1 + b) - (1 + b) ** 2, "Young at t = 1/b")
    n, f, r, moment = (p.symbol for p in (krum.n, krum.f, krum.r, krum.moment))
    c2 = (1 + sp.sqrt(share.subs(m, n - f))) ** 2 / (n - 2 * f - 2)
    yield Identity(ctx.claim.expression.subs(r, 2) - c2 * (n - f) * moment, "the sum has m equal expectations")
    y = (Interval("y", closed_low=True),)
    for order in ORDERS:
        # at y_j^2 = ||V_j||^2 over their mean, summed: (sum ||V||^2)^(r/2) <= m^(r/2 - 1) sum ||V||^r
        half, Y = sp.Rational(order, 2), sp.Symbol("y")
        yield Inequality(Y**order - half * Y**2 + (half - 1), y, what=f"tangent of the power {half}")
        root = ctx.claim.expression.subs(r, order) ** 2 / (ctx.claim.expression.subs(r, 2) / moment) ** order
        yield Identity(root - moment**2, f"C^{order}")


@check(krum.MOMENTS, level=Level.EXACT)
def enumerated_moments(ctx: Context) -> Iterator[Evidence]:
    """E|Kr|^r, r = 2, 3, 4, by enumeration of three laws on the line against the worst colluders on a grid."""
    for name, law in LAWS.items():
        for n, f in SIZES:
            if len(law) ** (n - f) < 100:
                outcomes = list(exact_outcomes(law, n, f, worst_on_a_grid(f, abs)))
                for r in ORDERS:
                    measured = sum(weight * abs(y[0]) ** r for weight, y in outcomes)
                    bound = ctx.claim.bound(moment=sum(q * abs(v[0]) ** r for v, q in law), r=r, n=n, f=f)
                    yield Measurement(measured=measured, bound=bound, parameters={"law": name, "n": n, "f": f, "r": r})


@check(krum.MOMENTS, level=Level.EXACT)
def dependent_vectors(ctx: Context) -> Iterator[Evidence]:
    """Fixed configurations in random order, and draws without replacement from seven numbers: one law, not independent."""
    for correct, byzantine, f in configurations(ctx):
        chosen, n = (correct + byzantine)[select(correct + byzantine, f)], len(correct) + f
        moment = sum((x * x for v in correct for x in v), Fraction(0)) / (n - f)
        bound = ctx.claim.bound(moment=moment, r=2, n=n, f=f)
        yield Measurement(measured=sum(x * x for x in chosen), bound=bound, parameters={"n": n, "f": f, "r": 2})
    numbers: list[Value] = [(Fraction(x),) for x in (-2, -1, 0, 1, 1, 3, 4)]
    f, attack = 1, worst_on_a_grid(1, abs)
    assert attack is not None
    for n in (5, 6):
        draws = [list(c) for c in combinations(numbers, n - f)]
        selected = [(V := c + attack(c))[select(V, f)][0] for c in draws]
        for r in ORDERS:
            measured = sum((abs(y) ** r for y in selected), Fraction(0)) / len(draws)
            moment = sum((abs(v[0]) ** r for v in numbers), Fraction(0)) / len(numbers)
            bound = ctx.claim.bound(moment=moment, r=r, n=n, f=f)
            yield Measurement(measured=measured, bound=bound, parameters={"without replacement": True, "n": n, "r": r})


@check(krum.MOMENTS, level=Level.EMPIRICAL)
def gaussians_under_attack(ctx: Context) -> Iterator[Evidence]:
    """||Kr||^4 of 1000 draws of N(0, I) in three dimensions, three attacks, against E||G||^4 = d(d + 2)."""
    d = 3
    for (n, f), (name, attack) in ((size, a) for size in ((9, 2), (20, 6)) for a in ATTACKS.items()):
        rng = ctx.rng(n, name)
        G = rng.standard_normal((1000, n - f, d))
        V = np.concatenate([G, attack(G, rng.standard_normal((1000, f, d)))], axis=-2)
        x = np.sum(krum_rule(V, f) ** 2, axis=-1) ** 2
        bound = float(ctx.claim.bound(moment=float(d * (d + 2)), r=4, n=n, f=f))
        yield Measurement(
            measured=float(x.mean()), bound=bound, error=float(x.std() / np.sqrt(x.size)), error_source="statistical",
            parameters={"n": n, "f": f, "attack": name}, seed=ctx.seed, n=x.size, e_value=e_value(x, bound), level=LEVEL,
        )  # fmt: skip


@control(krum.MOMENTS, drops="tolerated")
def as_many_colluders_as_neighbours(ctx: Context) -> Iterator[Evidence]:
    """At n = 2f + 1 colluders win from 1000 away: the constants of n = 2f + 3, the largest there are, fail."""
    correct, f = [(Fraction(x),) for x in (-2, -1, 1, 2)], 3
    V = [*correct, *[(Fraction(1000),)] * f]
    s = scores(V, f)
    far = abs(V[s.index(min(s))][0])
    for r in ORDERS:
        moment = sum((abs(v[0]) ** r for v in correct), Fraction(0)) / len(correct)
        bound = ctx.claim.bound(moment=moment, r=r, n=2 * f + 3, f=f)
        yield Measurement(measured=far**r, bound=bound, parameters={"r": r})


@control(krum.MOMENTS, drops="one_law")
def a_worker_that_is_always_zero(ctx: Context) -> Iterator[Evidence]:
    """The moment of one worker without gradient, taken for that of all."""
    V = [(Fraction(x),) for x in (0, 1, 1, 1, 1)]
    for r in ORDERS:
        bound = ctx.claim.bound(moment=0, r=r, n=5, f=0)
        yield Measurement(measured=V[select(V, 0)][0] ** r, bound=bound, parameters={"r": r})


@control(krum.MOMENTS, drops="tolerated: the mean instead of Krum")
def the_mean_under_attack(ctx: Context) -> Iterator[Evidence]:
    """One attacker moves the mean of 20 vectors of square one to 10^4."""
    for r in ORDERS:
        yield Measurement(measured=Fraction(200_000, 20) ** r, bound=ctx.claim.bound(moment=1, r=r, n=20, f=1))
