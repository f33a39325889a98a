"""Arguments for Krum's claims: parts of their proofs for all parameters, and certificates at given sizes."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from gradproof.experiments.communication._proofs import descent_under_pl, nonnegative, young
from gradproof.experiments.communication.krum.instances import settings
from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.experiments.engine.measure import Provable, cases, measure
from gradproof.solvers.order_statistics import select
from gradproof.theory.axioms import Form, combine, inner, square
from gradproof.theory.communication import krum
from gradproof.theory.evidence import Level
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Premise, Proof, Statement, Use
from gradproof.theory.symbolic import Identity, Inequality

n, f, v = krum.n.symbol, krum.f.symbol, krum.variance.symbol


@check(krum.LINEAR_HIJACK, level=Level.SYMBOLIC)
def hijacked_for_all_weights(ctx: Context) -> Iterator[Evidence]:
    r"""The rule at the attacker's vector is $U$, whatever the others add up to."""
    others, weight = sp.symbols("others weight")
    yield Identity(others + weight * (krum.U.symbol - others) / weight - ctx.claim.expression, "the attacker's vector")


@check(krum.NEIGHBOUR_COUNTS, level=Level.SYMBOLIC)
def counting(ctx: Context) -> Iterator[Evidence]:
    """Of n - f - 2 neighbours at most f are Byzantine, i itself not among them: f = b + own + rest, b of them neighbours."""
    size, b, own, rest = sp.symbols("n b own rest")
    claimed = ctx.claim.expression.subs({n: size, f: b + own + rest, krum.own.symbol: own})
    domain = (*nonnegative("b", "own", "rest"), Interval("n", "2*b + 2*own + 2*rest + 2"))
    yield Inequality(size - (b + own + rest) - 2 - b - claimed, domain, what="correct neighbours")


def jensen(n: int, f: int, constant: Fraction) -> Proof:
    """||Kr - mean||^2 <= constant S from ``s(i*) <= S``, with the fewest correct neighbours: e_k, b_k point to neighbours."""
    m = n - 2 * f - 2
    correct, byzantine = [f"e{k}" for k in range(m)], [f"b{k}" for k in range(f)]
    score = Form({(x, x): Fraction(1) for x in correct + byzantine}, {"S": Fraction(-1)})
    target = square({name: Fraction(1, m) for name in correct}).add(Form({}, {"S": -constant}))
    text = f"||Kr - mean||^2 <= {constant} S for n = {n}, f = {f}"
    statement = Statement((*correct, *byzantine), ("S",), (), target, (Premise("score", score),), (), text)
    return Proof(statement, (Use("premise", "score", (), constant),))


TEN = settings("n f", (3, 0), (5, 1), (6, 1), (7, 2), (9, 2), (11, 2), (11, 4), (15, 5), (20, 6), (20, 8))


@measure(krum.DETERMINISTIC, cases(size=TEN, S_min=1).guaranteeing("at_most_f"), level=Level.CERTIFIED)
def jensen_in_the_kernel(n: int, f: int) -> Provable:
    """Kernel proofs that a score of at most S puts the mean of the correct neighbours within the bound, ten sizes."""
    return Provable(lambda bound: jensen(n, f, Fraction(str(bound))))


@certifier(krum.DETERMINISTIC)
def certify_deterministic(*, S_min: Fraction = Fraction(1), n: Any, f: Any) -> tuple[Proof, dict[str, str]]:
    """The kernel proof at n and f; the bound is proportional to S_min."""
    constant = Fraction(1, int(n) - 2 * int(f) - 2)
    return jensen(int(n), int(f), constant), {"bound": str(constant * Fraction(S_min))}


@check(krum.NO_AVERAGING_GAIN, level=Level.SYMBOLIC)
def majority_of_three(ctx: Context) -> Iterator[Evidence]:
    """The eight outcomes, each selected by its scores; the squared bias is the square of the claimed one."""
    a, p = krum.a.symbol, krum.p.symbol
    mean = second = sp.S.Zero
    for bits in product((0, 1), repeat=3):
        chosen = bits[select([(b,) for b in bits], 0)]
        weight = p ** sum(bits) * (1 - p) ** (3 - sum(bits))
        mean, second = mean + weight * a * chosen, second + weight * a**2 * (chosen - p) ** 2
    yield Identity((mean - a * p) ** 2 - ctx.claim.expression**2, "squared bias")
    yield Identity(second.subs(p, sp.Rational(1, 2)) - a**2 / 4, "at p = 1/2 the variance is that of one worker")


def all_but_the_largest() -> Inequality:
    """The m - 2 least of m - 1 distances add to at most (m - 2)/(m - 1) of all: S, and a largest of S/(m - 2) + t."""
    S, t, m = sp.symbols("S t m")
    domain = (*nonnegative("S", "t"), Interval("m", "2"))
    return Inequality((m - 2) / (m - 1) * (S + S / (m - 2) + t) - S, domain, what="all but the largest distance")


@check(krum.MEAN_SQUARE, level=Level.SYMBOLIC)
def minkowski(ctx: Context) -> Iterator[Evidence]:
    """Both parts of Kr - g = (Kr - mean) + (mean - g), by expectations and Jensen; Young at the best t adds them up."""
    m, k, g = n - f, n - 2 * f - 2, sp.Symbol("g")
    pair = 2 * (v + g**2) - 2 * g**2  # E(X - Y)^2, X and Y independent of mean g and variance v
    yield all_but_the_largest()
    first, second = (m - 2) / (m - 1) * (m - 1) * pair / k, m * v / k
    yield young()
    t, A, B = sp.symbols("t A B", positive=True)
    best = (sp.sqrt(A) + sp.sqrt(B)) ** 2 + (sp.sqrt(A * t) - sp.sqrt(B / t)) ** 2
    yield Identity((1 + t) * A + (1 + 1 / t) * B - best, "the best t is sqrt(B/A)")
    # (sqrt(first) + sqrt(second))^2, the common factor v/k taken out of the roots
    total = (sp.sqrt(sp.cancel(first * k / v)) + sp.sqrt(sp.cancel(second * k / v))) ** 2 * v / k
    yield Identity(ctx.claim.expression - total, "the claimed constant")


@check(krum.MOMENTS, level=Level.SYMBOLIC)
def from_all_correct_vectors(ctx: Context) -> Iterator[Evidence]:
    """||Kr||^2 <= c^2 sum ||V_j||^2 without probability, by Young and averages; m of them have the expectation of one."""
    m, b, x, y = sp.symbols("m b x y", positive=True)
    yield all_but_the_largest()
    yield Identity((x - y) ** 2 - x**2 - y**2 + 2 * x * y, "summed over all pairs: 2 m sum V^2 - 2 (sum V)^2")
    # some S_i is at most (m - 2)/(m - 1) of the mean row of the 2 m sum ||V||^2 of all distances: b^2 times the sum
    share = (m - 2) / (m - 1) * 2 * m / m
    yield young()
    yield Identity((1 + 1 / b) * b**2 + (1 + b) - (1 + b) ** 2, "Young at t = 1/b")
    c2 = (1 + sp.sqrt(share.subs(m, n - f))) ** 2 / (n - 2 * f - 2)
    r, moment = krum.r.symbol, krum.moment.symbol
    yield Identity(ctx.claim.expression.subs(r, 2) - c2 * (n - f) * moment, "the sum has m equal expectations")


@check(krum.MOMENTS, level=Level.CERTIFIED)
def tangents_of_three_powers(ctx: Context) -> Iterator[Evidence]:
    """At r = 2, 3, 4 the power r/2 lies above its tangent, so that (sum ||V||^2)^(r/2) <= m^(r/2 - 1) sum ||V||^r."""
    r, moment, y = krum.r.symbol, krum.moment.symbol, sp.Symbol("y")
    for order in (2, 3, 4):
        half = sp.Rational(order, 2)
        above = y**order - half * y**2 + (half - 1)
        yield Inequality(above, nonnegative("y"), what=f"tangent of the power {half}")
        root = ctx.claim.expression.subs(r, order) ** 2 / (ctx.claim.expression.subs(r, 2) / moment) ** order
        yield Identity(root - moment**2, f"C^{order}")


@check(krum.SHARPER, level=Level.SYMBOLIC)
def eight_ninths_for_all_sizes(ctx: Context) -> Iterator[Evidence]:
    """(a + b)^2 <= 2(a^2 + b^2) on the two square roots, then a rational inequality in k = n - 2f - 2 >= 1 and f >= 1."""
    yield from above_the_derived(ctx.claim.expression, "8/9 of the paper's constant")


def above_the_derived(eta2: sp.Expr, what: str) -> Iterator[Inequality]:
    """The derived constant is at most ``eta2`` for all f >= 1 and n > 2f + 2."""
    a, b, k, f_ = sp.symbols("a b k f")
    yield Inequality(2 * (a**2 + b**2) - (a + b) ** 2, (Interval("a"), Interval("b")), what="mean of squares")
    claimed = eta2.subs(n, k + 2 * f + 2).subs(f, f_)
    domain = (Interval("k", "1", closed_low=True), Interval("f", "1", closed_low=True))
    yield Inequality(claimed - 2 * (2 * (k + f_) + (k + f_ + 2)) / k, domain, what=what)


def cone() -> Proof:
    """||m - g|| <= r and ||g|| = G give <m, g> >= G^2 - rG, for all r, G > 0."""
    domain = (Interval("r", "0"), Interval("G", "0"))
    field = Functions(domain)
    r, G, one = field["r"], field["G"], field.one
    near = square(combine((one, {"m": one}), (-one, {"g": one}))).add(Form({}, {"1": -r * r}))
    length = square({"g": one}).add(Form({}, {"1": -G * G}))
    target = Form({}, {"1": G * G - r * G}).add(inner({"m": one}, {"g": one}), -one)
    premises = (Premise("near", near), Premise("length", length, equality=True))
    uses = (Use("premise", "near", (), G / (2 * r)), Use("premise", "length", (), r / (2 * G) - one))
    return Proof(Statement(("m", "g"), (), (), target, premises, domain, "the cone"), uses)


@check(krum.RESILIENCE_SHARP, level=Level.SYMBOLIC)
def cone_from_mean_square(ctx: Context, eta2: sp.Expr = krum.ETA2_SHARP) -> Iterator[Evidence]:
    """The kernel proves the cone from ||E Kr - g|| <= r; r^2 is the bound on the mean square."""
    yield cone()
    G, claimed = krum.g_norm.symbol, ctx.claim.expression.replace(sp.Max, sp.Add)  # where it is positive
    yield Identity((G - claimed / G) ** 2 - eta2 * v, "r is eta times the standard deviation")


@check(krum.RESILIENCE, level=Level.SYMBOLIC)
def cone_with_the_larger_constant(ctx: Context) -> Iterator[Evidence]:
    """The same cone; the paper's constant is larger than the derived one for f >= 1, and 2n > n bounds f = 0."""
    yield from cone_from_mean_square(ctx, krum.ETA2)
    yield from above_the_derived(krum.ETA2, "the paper's constant")
    yield Identity(krum.ETA2.subs(f, 0) - 2 * n, "without attack the constant is 2n")


@check(krum.SGD_BALL, level=Level.SYMBOLIC)
def descent_and_sum(ctx: Context) -> Iterator[Evidence]:
    """The kernel proves one step for all L, mu, gamma; the bound solves the recursion that follows."""
    yield descent_under_pl()
    claimed, T, gamma, mu = ctx.claim.expression, krum.T.symbol, krum.gamma.symbol, krum.mu.symbol
    after = (1 - gamma * mu) * claimed + gamma / 2 * krum.ETA2_SHARP * v
    yield Identity(claimed.subs(T, T + 1) - after, "one more step")
    start = krum.gap0.symbol + krum.ETA2_SHARP * v / (2 * mu)
    yield Identity(claimed.subs(T, 0) - start, "the start is below the bound")
