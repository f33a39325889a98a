"""What is selected: linear rules, neighbours, the deterministic bound, the bias without attack."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.krum.laws import (
    Value,
    law_of,
)
from gradproof.experiments.engine.check import Context, Evidence, certifier, check, control
from gradproof.solvers.order_statistics import (
    exact_moments,
    least_correct_sum,
    neighbours,
    scores,
    search_attack,
    select,
)
from gradproof.theory.axioms import Form, square
from gradproof.theory.claim import Claim
from gradproof.theory.communication import krum
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.proof import Premise, Proof, Statement, Use
from gradproof.theory.symbolic import Identity, Inequality

# --- linear rules --------------------------------------------------------------------------------------------------------


def _hijack(weights: list[Fraction], V: list[Fraction], target: Fraction) -> Fraction:
    return (target - sum((w * v for w, v in zip(weights, V, strict=False)), Fraction(0))) / weights[-1]


@check(krum.LINEAR_HIJACK, level=Level.SYMBOLIC)
def hijacked_for_all_weights(ctx: Context) -> Iterator[Evidence]:
    """The rule at the attacker's vector is U, identically in weights and vectors, for 2 to 5 workers."""
    U = ctx.claim.parameter("U").symbol
    for n in (2, 3, 5):
        w, v = sp.symbols(f"w1:{n + 1}"), sp.symbols(f"v1:{n}")
        rest = sum(a * b for a, b in zip(w, v, strict=False))
        yield Identity(rest + w[-1] * (U - rest) / w[-1] - ctx.claim.expression, f"{n} workers")


@check(krum.LINEAR_HIJACK, level=Level.EXACT)
def hijacked_means(ctx: Context) -> Iterator[Evidence]:
    """The mean and random weights of ten random rational vectors, steered to three targets."""
    rng = ctx.rng()
    for weights in ([Fraction(1, 10)] * 10, [Fraction(int(w), 7) for w in rng.integers(1, 20, 10)]):
        for target in (Fraction(-100), Fraction(0), Fraction(7, 3)):
            V = [Fraction(int(v), 8) for v in rng.integers(-50, 50, 9)]
            B = _hijack(weights, V, target)
            out = sum((w * v for w, v in zip(weights, [*V, B], strict=True)), Fraction(0))
            yield Measurement(measured=out, bound=ctx.claim.bound(U=target), parameters={"U": str(target)})


@control(krum.LINEAR_HIJACK, drops="linear")
def krum_is_not_hijacked(ctx: Context) -> Iterator[Evidence]:
    """The same attacker against Krum is not selected."""
    V = [Fraction(v, 8) for v in (-3, 1, 2, 4, 9)]
    B = _hijack([Fraction(1, 6)] * 6, V, Fraction(100))
    received = [(v,) for v in (*V, B)]
    yield Measurement(measured=received[select(received, 1)][0], bound=ctx.claim.bound(U=100))


# --- neighbours and the deterministic bound ------------------------------------------------------------------------------

#: Attained: the colluder sits on the selected vector, its two correct neighbours are at equal distance from it.
ATTAINED: tuple[list[Value], list[Value], int] = ([(Fraction(x),) for x in (0, 1, 1, 2, 2)], [(Fraction(0),)], 1)


def configurations(ctx: Context) -> Iterator[tuple[list[Value], list[Value], int]]:
    """Correct vectors, Byzantine vectors and f: the attained one; random small integers (many ties); found by search."""
    yield ATTAINED
    rng = ctx.rng("configurations")
    for n, f, d in ((5, 1, 1), (6, 1, 2), (7, 2, 1), (9, 2, 2), (9, 3, 2), (11, 4, 1)):
        for k in range(12):
            correct = rng.integers(-4, 5, (n - f, d))
            far = k % 3 == 0
            B = np.rint(search_attack(correct.astype(float), f, rng, tries=40)) if far else rng.integers(-9, 10, (f, d))
            rows = [tuple(Fraction(int(x)) for x in v) for v in np.vstack([correct, B])]
            yield rows[: n - f], rows[n - f :], f


@check(krum.NEIGHBOUR_COUNTS, level=Level.EXACT)
def counted_under_attack(ctx: Context) -> Iterator[Evidence]:
    """Correct neighbours of every vector in configurations with colluders, ties and searched attacks."""
    for correct, byzantine, f in configurations(ctx):
        V, m = correct + byzantine, len(correct)
        for i in range(len(V)):
            count = sum(j < m for j in neighbours(V, f, i))
            bound = ctx.claim.bound(n=len(V), f=f) + (1 if i >= m else 0)
            yield Measurement(measured=count, bound=bound, parameters={"n": len(V), "f": f, "byzantine": i >= m})


@check(krum.NEIGHBOUR_COUNTS, level=Level.SYMBOLIC)
def counting(ctx: Context) -> Iterator[Evidence]:
    """Of n - f - 2 neighbours at most f are Byzantine: for all n and f at once, with b of them and f = b + rest."""
    n, b, rest = sp.symbols("n b rest")
    claimed = ctx.claim.expression.subs({krum.n.symbol: n, krum.f.symbol: b + rest})
    some = tuple(Interval(x, "0", closed_low=True) for x in ("b", "rest"))
    yield Inequality(
        n - (b + rest) - 2 - b - claimed, (*some, Interval("n", "2*b + 2*rest + 2")), what="correct neighbours"
    )


@control(krum.NEIGHBOUR_COUNTS, drops="at_most_f")
def one_colluder_too_many(ctx: Context) -> Iterator[Evidence]:
    """f + 1 = 2 colluders beside a correct vector while Krum is told f = 1."""
    V = [(Fraction(x),) for x in (0, 5, 6, 7, 8, 0, 0)]
    count = sum(j < 5 for j in neighbours(V, 1, 0))
    yield Measurement(measured=count, bound=ctx.claim.bound(n=7, f=1))


def _selected_to_mean(correct: list[Value], byzantine: list[Value], f: int) -> Fraction:
    """||Kr - mean of its correct neighbours||^2."""
    V = correct + byzantine
    i = select(V, f)
    near = [V[j] for j in neighbours(V, f, i) if j < len(correct)]
    mean = [sum(column, Fraction(0)) / len(near) for column in zip(*near, strict=True)]
    return sum(((a - b) ** 2 for a, b in zip(V[i], mean, strict=True)), Fraction(0))


@check(krum.DETERMINISTIC, level=Level.EXACT)
def distance_under_attack(ctx: Context) -> Iterator[Evidence]:
    """Exact distances in configurations with colluders, ties and searched attacks; the first attains the bound."""
    for correct, byzantine, f in configurations(ctx):
        n = len(correct) + f
        bound = ctx.claim.bound(S_min=least_correct_sum(correct, f), n=n, f=f)
        measured = _selected_to_mean(correct, byzantine, f)
        yield Measurement(measured=measured, bound=bound, parameters={"n": n, "f": f, "d": len(correct[0])})


def jensen(claim: Claim, n: int, f: int) -> Proof:
    """The bound from ``s(i*) <= S``, with the fewest correct neighbours: e_k and b_k point from Kr to its neighbours."""
    m = n - 2 * f - 2
    c = Fraction(str(claim.bound(S_min=1, n=n, f=f)))
    correct, byzantine = [f"e{k}" for k in range(m)], [f"b{k}" for k in range(f)]
    score = Form({}, {"S": Fraction(-1)})
    for name in correct + byzantine:
        score.add(square({name: Fraction(1)}))
    target = square({name: Fraction(1, m) for name in correct}).add(Form({}, {"S": -c}))
    text = f"||Kr - mean||^2 <= S/{m} for n = {n}, f = {f}"
    statement = Statement((*correct, *byzantine), ("S",), (), target, (Premise("score", score),), (), text)
    return Proof(statement, (Use("premise", "score", (), c),))


@check(krum.DETERMINISTIC, level=Level.CERTIFIED)
def jensen_in_the_kernel(ctx: Context) -> Iterator[Evidence]:
    """Kernel proofs that a score of at most S puts the mean of the correct neighbours within the bound, ten sizes."""
    for n, f in ((3, 0), (5, 1), (6, 1), (7, 2), (9, 2), (11, 2), (11, 4), (15, 5), (20, 6), (20, 8)):
        yield jensen(ctx.claim, n, f)


@certifier(krum.DETERMINISTIC)
def certify_deterministic(*, S_min: Fraction = Fraction(1), n: Any, f: Any) -> tuple[Proof, dict[str, str]]:
    """The kernel proof at n and f; the bound is proportional to S_min."""
    bound = krum.DETERMINISTIC.bound(S_min=S_min, n=n, f=f)
    return jensen(krum.DETERMINISTIC, int(n), int(f)), {"bound": str(bound)}


@control(krum.DETERMINISTIC, drops="tolerated")
def as_many_colluders_as_neighbours(ctx: Context) -> Iterator[Evidence]:
    """At n = 2f + 1 colluders win from any distance: even the constant of n = 2f + 3, the largest there is, fails."""
    correct, f = [(Fraction(x),) for x in (0, 1, 2, 4)], 3
    for far in (100, -1000):
        V = [*correct, *[(Fraction(far),)] * f]
        s = scores(V, f)
        nearest = min((V[s.index(min(s))][0] - v[0]) ** 2 for v in correct)
        bound = ctx.claim.bound(S_min=least_correct_sum(correct, f), n=2 * f + 3, f=f)
        yield Measurement(measured=nearest, bound=bound, parameters={"B": far})


# --- no gain from averaging ----------------------------------------------------------------------------------------------


@check(krum.NO_AVERAGING_GAIN, level=Level.SYMBOLIC)
def majority_of_three(ctx: Context) -> Iterator[Evidence]:
    """The eight outcomes, each selected by its scores; the squared bias is the square of the claimed one."""
    a, p = krum.a.symbol, krum.p.symbol
    mean, second = sp.Integer(0), sp.Integer(0)
    for bits in product((0, 1), repeat=3):
        chosen = bits[select([(b,) for b in bits], 0)]
        weight = p ** sum(bits) * (1 - p) ** (3 - sum(bits))
        mean, second = mean + weight * a * chosen, second + weight * a**2 * (chosen - p) ** 2
    yield Identity((mean - a * p) ** 2 - ctx.claim.expression**2, "squared bias")
    yield Identity(second.subs(p, sp.Rational(1, 2)) - a**2 / 4, "at p = 1/2 the variance is that of one worker")


@check(krum.NO_AVERAGING_GAIN, level=Level.EXACT)
def enumerated_bias(ctx: Context) -> Iterator[Evidence]:
    """E Kr - g by enumeration at six probabilities and two values."""
    for q in (Fraction(1, 5), Fraction(1, 3), Fraction(1, 2), Fraction(3, 4), Fraction(99, 100)):
        for a in (Fraction(1), Fraction(7, 2)):
            mean, _ = exact_moments(law_of((0, 1 - q), (a, q)), 3, 0)
            yield Measurement(measured=abs(mean[0] - a * q), bound=ctx.claim.bound(a=a, p=q), parameters={"p": str(q)})


@control(krum.NO_AVERAGING_GAIN, drops="two_points: the mean instead of Krum")
def the_mean_is_unbiased(ctx: Context) -> Iterator[Evidence]:
    """The mean of three has no bias."""
    yield Measurement(measured=0, bound=ctx.claim.bound(a=1, p=Fraction(1, 5)))
