"""Krum's distance to the gradient in mean square, its constants, and the cone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.krum.laws import (
    LAWS,
    SIZES,
    distance_to,
    mean_of,
    shifted,
    variance_of,
    worst_on_a_grid,
)
from gradproof.experiments.communication.krum.methods import (
    ATTACKS,
    problem,
    train,
)
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.eprocess import e_value
from gradproof.solvers.order_statistics import (
    colluders,
    exact_moments,
    farthest_accepted,
    scores,
    select,
)
from gradproof.solvers.order_statistics import krum as krum_rule
from gradproof.theory.axioms import Form, combine, inner, square
from gradproof.theory.claim import Claim
from gradproof.theory.communication import krum
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Premise, Proof, Statement, Use
from gradproof.theory.symbolic import Identity, Inequality

LEVEL = 1e-6


@check(krum.MEAN_SQUARE, level=Level.EXACT)
def enumerated_laws(ctx: Context) -> Iterator[Evidence]:
    """E||Kr - g||^2 by enumeration of three laws against the worst colluders on a grid, four sizes."""
    for name, law in LAWS.items():
        g, v = mean_of(law), variance_of(law)
        for n, f in SIZES:
            if len(law) ** (n - f) < 100:
                _, second = exact_moments(law, n, f, worst_on_a_grid(f, distance_to(g)))
                bound = ctx.claim.bound(variance=v, n=n, f=f)
                yield Measurement(measured=second, bound=bound, parameters={"law": name, "n": n, "f": f})


def young() -> Proof:
    """||u + v||^2 <= (1 + t)||u||^2 + (1 + 1/t)||v||^2 for all t > 0."""
    domain = (Interval("t", "0"),)
    t = Functions(domain)["t"]
    target = square({"u": t / t, "v": t / t}).add(square({"u": t / t}), -1 - t).add(square({"v": t / t}), -1 - 1 / t)
    return Proof(Statement(("u", "v"), (), (), target, (), domain, "Young's inequality"), ())


def all_but_the_largest() -> Inequality:
    """The m - 2 least of m - 1 distances add to at most (m - 2)/(m - 1) of all: S, and a largest of S/(m - 2) + t."""
    S, t, m = sp.symbols("S t m")
    domain = (Interval("S", closed_low=True), Interval("t", closed_low=True), Interval("m", "2"))
    return Inequality((m - 2) / (m - 1) * (S + S / (m - 2) + t) - S, domain, what="all but the largest distance")


@check(krum.MEAN_SQUARE, level=Level.SYMBOLIC)
def minkowski(ctx: Context) -> Iterator[Evidence]:
    """Both parts of Kr - g = (Kr - mean) + (mean - g), by expectations and Jensen; Young at the best t adds them up."""
    n, f, v = krum.n.symbol, krum.f.symbol, krum.variance.symbol
    m, k, g = n - f, n - 2 * f - 2, sp.Symbol("g")
    pair = 2 * (v + g**2) - 2 * g**2  # E(X - Y)^2, X and Y independent of mean g and variance v
    yield all_but_the_largest()
    first, second = (m - 2) / (m - 1) * (m - 1) * pair / k, m * v / k
    yield young()
    ratio, A, B = sp.symbols("ratio A B", positive=True)
    yield Identity((1 + ratio) * A + (1 + 1 / ratio) * B - (sp.sqrt(A) + sp.sqrt(B)) ** 2
                   - (sp.sqrt(A * ratio) - sp.sqrt(B / ratio)) ** 2, "the best t is sqrt(B/A)")  # fmt: skip
    # (sqrt(first) + sqrt(second))^2, the common factor v/k taken out of the roots
    total = (sp.sqrt(sp.cancel(first * k / v)) + sp.sqrt(sp.cancel(second * k / v))) ** 2 * v / k
    yield Identity(ctx.claim.expression - total, "the claimed constant")


def _sequential(x: np.ndarray, bound: float, ctx: Context, **parameters: Any) -> Measurement:
    """Numbers >= 0, each of conditional expectation at most ``bound``: an e-process along them."""
    return Measurement(
        measured=float(x.mean()), bound=float(bound), error=float(x.std() / np.sqrt(x.size)), error_source="statistical",
        parameters=parameters, seed=ctx.seed, n=x.size, e_value=e_value(x.ravel(), float(bound)), level=LEVEL,
    )  # fmt: skip


@check(krum.MEAN_SQUARE, level=Level.EMPIRICAL)
def gaussians_under_attack(ctx: Context) -> Iterator[Evidence]:
    """1000 draws (300 of 20 workers) of N(0, I) against colluders at the farthest accepted place along one axis."""
    for n, f, d in ((9, 2, 3), (20, 6, 3), (20, 8, 10)):
        ratio = attacked_gaussians(n, f, d, 1000 if n < 10 else 300, ctx.rng(n, f))
        yield _sequential(ratio, ctx.claim.bound(variance=1.0, n=n, f=f), ctx, n=n, f=f, d=d)


def attacked_gaussians(n: int, f: int, d: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """||Kr||^2/d of N(0, I), (draws,), with the f others at the farthest accepted multiple of 1/5 along the first axis."""
    G = rng.standard_normal((draws, n - f, d))
    B = farthest_accepted(G, f, np.eye(d)[0], np.arange(0.2, 6, 0.2)) if f else G[..., 0, :]
    out = krum_rule(np.concatenate([G, colluders(B, f)], axis=-2), f)
    return np.asarray(np.sum(out**2, axis=-1)) / d


@check(krum.MEAN_SQUARE, level=Level.EMPIRICAL)
def minibatches_of_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """20 workers with batches of 8, f = 0, 3, 6, 8, three attacks: the error of every step over its exact variance."""
    yield from _minibatches(ctx, "breast_cancer", 300 if ctx.at_least("full") else 15)


@check(krum.MEAN_SQUARE, level=Level.EMPIRICAL, budget="full")
def minibatches_of_digits(ctx: Context) -> Iterator[Evidence]:
    """The same on the digits, 5-9 against 0-4, 300 steps."""
    yield from _minibatches(ctx, "digits", 300)


def _minibatches(ctx: Context, data: str, steps: int) -> Iterator[Measurement]:
    oracle = problem(data=data)
    for f in (0, 3, 6, 8):
        for name, attack in ATTACKS.items() if f else [("none", ATTACKS["noise"])]:
            stream = (ctx.claim.id.split("~")[0], ctx.scope, ctx.seed, name)
            out = train(
                oracle, 20, f, attack, krum_rule, gamma=0.1, steps=steps, seeds=3, stream=stream, on=ctx.backend
            )
            x = out.ratio.values[0, :, 1:]
            yield _sequential(x, ctx.claim.bound(variance=1.0, n=20, f=f), ctx, data=data, f=f, attack=name)


@control(krum.MEAN_SQUARE, drops="tolerated: the mean instead of Krum")
def the_mean_under_attack(ctx: Context) -> Iterator[Evidence]:
    """One attacker moves the mean of 20 vectors of variance one by 10^4: no constant bounds that."""
    moved = Fraction(200_000, 20)
    yield Measurement(measured=moved**2, bound=ctx.claim.bound(variance=1, n=20, f=1))


@control(krum.MEAN_SQUARE, drops="iid_correct")
def workers_with_different_means(ctx: Context) -> Iterator[Evidence]:
    """Seven workers without noise whose gradients differ: Krum returns one of them, not their mean."""
    V = [(Fraction(x),) for x in (0, 0, 0, 0, 0, 7, 7)]
    measured = (V[select(V, 1)][0] - 2) ** 2
    yield Measurement(measured=measured, bound=ctx.claim.bound(variance=0, n=7, f=1))


@check(krum.SHARPER, level=Level.SYMBOLIC)
def eight_ninths_for_all_sizes(ctx: Context) -> Iterator[Evidence]:
    """(a + b)^2 <= 2(a^2 + b^2) on the two square roots, then a rational inequality in k = n - 2f - 2 >= 1 and f >= 1."""
    yield from _above_the_derived(ctx.claim.expression, "8/9 of the paper's constant")


def _above_the_derived(eta2: sp.Expr, what: str) -> Iterator[Inequality]:
    """The derived constant is at most ``eta2`` for all f >= 1 and n > 2f + 2."""
    a, b, k, f = sp.symbols("a b k f")
    yield Inequality(2 * (a**2 + b**2) - (a + b) ** 2, (Interval("a"), Interval("b")), what="mean of squares")
    claimed = eta2.subs(krum.n.symbol, k + 2 * krum.f.symbol + 2).subs(krum.f.symbol, f)
    domain = (Interval("k", "1", closed_low=True), Interval("f", "1", closed_low=True))
    yield Inequality(claimed - 2 * (2 * (k + f) + (k + f + 2)) / k, domain, what=what)


@check(krum.SHARPER, level=Level.EXACT)
def both_constants(ctx: Context) -> Iterator[Evidence]:
    """Both constants in exact arithmetic for n up to 14, and (20, 6); equal up to the factor at (5, 1)."""
    sizes = [(n, f) for n in range(5, 15) for f in range(1, (n - 1) // 2)]
    for n, f in [*sizes, (20, 6)]:
        yield Measurement(measured=_constant(n, f), bound=ctx.claim.bound(n=n, f=f), parameters={"n": n, "f": f})


@control(krum.SHARPER, drops="attacked")
def three_workers_without_attack(ctx: Context) -> Iterator[Evidence]:
    """At n = 3, f = 0 the paper's constant is the smaller one: 6 against 9.9."""
    yield Measurement(measured=_constant(3, 0), bound=ctx.claim.bound(drop=["attacked"], n=3, f=0))


def _constant(n: int, f: int) -> Any:
    return krum.MEAN_SQUARE.bound(variance=1, n=n, f=f)


@check(krum.RESILIENCE, level=Level.EXACT)
@check(krum.RESILIENCE_SHARP, level=Level.EXACT)
def enumerated_inner_products(ctx: Context) -> Iterator[Evidence]:
    """<E Kr, g> by enumeration of three laws, moved to a mean far above the noise, against the worst colluders on a grid."""
    for name, law in LAWS.items():
        g = Fraction(12)
        v = variance_of(law)
        for n, f in SIZES:
            if len(law) ** (n - f) < 100:
                mean = _least_mean(name, n, f) + g - mean_of(law)  # selection and attack move with the law
                bound = ctx.claim.bound(g_norm=g, variance=v, n=n, f=f)
                yield Measurement(measured=mean * g, bound=bound, parameters={"law": name, "n": n, "f": f})


@cache
def _least_mean(name: str, n: int, f: int) -> Fraction:
    """E Kr of a law under the colluders that pull it down."""
    (mean,), _ = exact_moments(LAWS[name], n, f, worst_on_a_grid(f, lambda y: -y))
    return mean


def _cone_proof() -> Proof:
    """||m - g|| <= r and ||g|| = G give <m, g> >= G^2 - rG, for all r, G > 0."""
    domain = (Interval("r", "0"), Interval("G", "0"))
    field = Functions(domain)
    r, G, one = field["r"], field["G"], field.one
    near = square(combine((one, {"m": one}), (-one, {"g": one}))).add(Form({}, {"1": -r * r}))
    length = square({"g": one}).add(Form({}, {"1": -G * G}))
    target = Form({}, {"1": G * G - r * G}).add(inner({"m": one}, {"g": one}), -one)
    statement = Statement(
        ("m", "g"),
        (),
        (),
        target,
        (Premise("near", near), Premise("length", length, equality=True)),
        domain,
        "the cone",
    )
    uses = (Use("premise", "near", (), G / (2 * r)), Use("premise", "length", (), r / (2 * G) - one))
    return Proof(statement, uses)


def _claimed_radius(claim: Claim, eta2: sp.Expr) -> Identity:
    G, v = krum.g_norm.symbol, krum.variance.symbol
    return Identity((G - claim.expression / G) ** 2 - eta2 * v, "the radius is eta times the standard deviation")


@check(krum.RESILIENCE_SHARP, level=Level.SYMBOLIC)
def cone_from_mean_square(ctx: Context) -> Iterator[Evidence]:
    """The kernel proves the cone from ||E Kr - g|| <= r; r^2 is the bound on the mean square."""
    yield _cone_proof()
    yield _claimed_radius(ctx.claim, krum.ETA2_SHARP)


@check(krum.RESILIENCE, level=Level.SYMBOLIC)
def cone_with_the_larger_constant(ctx: Context) -> Iterator[Evidence]:
    """The same cone; the paper's constant is larger than the derived one for f >= 1, and 2n > n bounds f = 0."""
    yield _cone_proof()
    yield _claimed_radius(ctx.claim, krum.ETA2)
    yield from _above_the_derived(krum.ETA2, "the paper's constant")
    yield Identity(krum.ETA2.subs(krum.f.symbol, 0) - 2 * krum.n.symbol, "without attack the constant is 2n")


@control(krum.RESILIENCE, drops="gradient_above_noise")
@control(krum.RESILIENCE_SHARP, drops="gradient_above_noise")
def noise_above_the_gradient(ctx: Context) -> Iterator[Evidence]:
    """A law of mean 1/16 and variance about one: colluders turn the mean of Krum against the gradient."""
    g = Fraction(1, 16)
    law = shifted(LAWS["symmetric"], g)
    mean, _ = exact_moments(law, 5, 1, worst_on_a_grid(1, lambda y: -y))
    yield Measurement(measured=mean[0] * g, bound=0, what="<E Kr, g>, which condition (i) wants positive")


@control(krum.RESILIENCE, drops="tolerated")
@control(krum.RESILIENCE_SHARP, drops="tolerated")
def colluders_pull_the_cone(ctx: Context) -> Iterator[Evidence]:
    """At n = 2f + 1 colluders win from any distance: the bound of n = 2f + 3 is violated for vectors around g = 100."""
    correct = [(Fraction(100 + x),) for x in (-2, -1, 1, 2)]
    V = [*correct, *[(Fraction(-1000),)] * 3]
    s = scores(V, 3)
    measured = V[s.index(min(s))][0] * 100
    yield Measurement(measured=measured, bound=ctx.claim.bound(g_norm=100, variance=Fraction(5, 2), n=9, f=3))
