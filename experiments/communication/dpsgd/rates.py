"""The rates of D-PSGD: one step in the kernel, exact averages on quadratics, logistic regression on graphs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.dpsgd.averaging import GRAPHS, listeners
from gradproof.experiments.communication.dpsgd.methods import split_rows, trace
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.eprocess import e_value
from gradproof.experiments.instances.minibatches import Minibatches
from gradproof.solvers import gossip
from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.claim import Claim
from gradproof.theory.communication import dpsgd
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Proof, Statement, Use
from gradproof.theory.symbolic import Identity, Inequality

LEVEL = 1e-6

#: Share of the longest step, and K: so many that the start still matters (without noise the rate is attained as K grows).
STEPS = ((0.02, 120), (0.3, 15), (0.95, 1), (0.95, 15))
RATES = (dpsgd.SHARPER, dpsgd.THEOREM1, dpsgd.CONSENSUS)


def left_side(claim: Claim, at: dict[str, Any], gradient: Any, mean_gradient: Any, consensus: Any) -> Any:
    """The claim's quantity from the three averages, and at the parameters, of a run."""
    which = claim.id.split("~")[0]
    if which == dpsgd.CONSENSUS.id:
        return consensus
    rest = 1 - at["gamma"] * at["L"]
    if which == dpsgd.SHARPER.id:
        return gradient + rest * mean_gradient
    symbols = {p.symbol: at[p.name] for p in dpsgd.THEOREM1.parameters}
    return rest / 2 * mean_gradient + float(dpsgd.D1.subs(symbols)) * gradient


def bound_at(claim: Claim, at: dict[str, Any]) -> Any:
    """The claim's bound; parameters that it does not have are left out."""
    return claim.bound(**{p.name: at[p.name] for p in claim.parameters})


def longest_step(claim: Claim, s: float, n: int) -> float:
    """sup of the step sizes that the claim admits for L = 1."""
    graph = (1 - s) / (6 * np.sqrt(n)) if claim.id.split("~")[0] == dpsgd.THEOREM1.id else (1 - s) / np.sqrt(2)
    return float(min(1.0, graph))


@check(dpsgd.SHARPER, level=Level.EXACT)
@check(dpsgd.THEOREM1, level=Level.EXACT)
@check(dpsgd.CONSENSUS, level=Level.EXACT)
def exact_averages_on_quadratics(ctx: Context) -> Iterator[Evidence]:
    """Exact recursions on seven graphs: with and without noise and differences, steps from 1/50 of the longest to nearly it."""
    for name, W in GRAPHS.items():
        n, s = len(W), float(gossip.second_eigenvalue(W).low)
        if name.endswith("complete 5"):
            continue
        for sigma2, size, (share, K) in product((0.0, 1.0), (0.0, 1.0), STEPS):
            if not sigma2 + size and ctx.claim.id.startswith(dpsgd.CONSENSUS.id):
                continue  # all nodes stay equal: zero on both sides
            b = size * np.sin(np.arange(n))
            gamma = share * longest_step(ctx.claim, s, n)
            out = gossip.quadratic_run(W.astype(float), 1.0, b, gamma, sigma2, K, 2.0)
            at = {
                "gamma": gamma, "L": 1.0, "n": n, "K": K, "s": s, "sigma2": sigma2,
                "zeta2": float(((b - b.mean()) ** 2).mean()), "Delta": float((2 - b.mean()) ** 2 / 2),
            }  # fmt: skip
            measured = left_side(ctx.claim, at, out.gradient, out.mean_gradient, out.consensus)
            # K steps of sums of n terms of the size of the state, which does not grow: |W - gamma h| <= 1
            rounding = 8 * K * n * 2.0**-52 * max(4.0, sigma2)
            yield Measurement(
                measured=float(measured), bound=bound_at(ctx.claim, at), error=rounding,
                error_source="rounding", parameters={"graph": name, **at},
            )  # fmt: skip


@check(dpsgd.SHARPER, level=Level.EMPIRICAL)
@check(dpsgd.THEOREM1, level=Level.EMPIRICAL)
@check(dpsgd.CONSENSUS, level=Level.EMPIRICAL)
def minibatches_on_graphs(ctx: Context) -> Iterator[Evidence]:
    """breast_cancer on 8 nodes, rows shuffled or sorted by label, batches of 4, ring and exponential graph, 60 seeds."""
    K, seeds = (100, 100) if ctx.at_least("full") else (12, 60)
    for sort, name in ((False, "exponential 8"), (True, "ring 8")):
        yield _minibatches(ctx, "breast_cancer", sort, name, GRAPHS[name], K, seeds)


@check(dpsgd.SHARPER, level=Level.EMPIRICAL, budget="full")
@check(dpsgd.THEOREM1, level=Level.EMPIRICAL, budget="full")
@check(dpsgd.CONSENSUS, level=Level.EMPIRICAL, budget="full")
def more_nodes_and_digits(ctx: Context) -> Iterator[Evidence]:
    """breast_cancer and digits on 4 to 32 nodes, rows shuffled or sorted, ring, torus, exponential, complete; 60 seeds."""
    graphs = {
        "complete 4": gossip.complete(4),
        "torus 2 x 4": gossip.torus(2, 4),
        "exponential 16": gossip.exponential(16),
        "ring 32": gossip.ring(32),
    }
    for data, sort, (name, W) in product(("breast_cancer", "digits"), (False, True), graphs.items()):
        yield _minibatches(ctx, data, sort, name, W, 60, 60)


def _minibatches(ctx: Context, data: str, sort: bool, name: str, W: Any, K: int, seeds: int) -> Measurement:
    """K steps of D-PSGD with batches of 4 at 4/5 of the longest step, the heterogeneity measured along the runs."""
    n, nodes = len(W), Minibatches(split_rows(len(W), sort=sort, data=data), 4)
    L, s = float(np.max(nodes.problem.L_i)), float(gossip.second_eigenvalue(W).high)
    gamma = 0.8 * longest_step(ctx.claim, s, n) / L
    stream = (ctx.claim.id.split("~")[0], ctx.scope, ctx.seed, name)
    out = trace(nodes, W.astype(float), gamma, K, seeds=seeds, stream=stream, on=ctx.backend)
    f0 = float(nodes.problem.values(np.zeros(nodes.problem.d)).mean())
    at = {
        "gamma": gamma, "L": L, "n": n, "K": K, "s": s, "sigma2": nodes.sigma2,
        "zeta2": float(out.heterogeneity.max()), "Delta": f0,
    }  # fmt: skip
    average = {v: out[v].values[0].mean(axis=-1) for v in ("gradient", "mean_gradient", "consensus")}
    x, bound = left_side(ctx.claim, at, **average), float(bound_at(ctx.claim, at))
    return Measurement(
        measured=float(x.mean()), bound=bound, error=float(x.std() / np.sqrt(seeds)), error_source="statistical",
        parameters={"data": data, "graph": name, "sorted": sort, **at}, n=seeds, seed=ctx.seed, e_value=e_value(x, bound),
        level=LEVEL,
    )  # fmt: skip


# --- the proof -----------------------------------------------------------------------------------------------------------


def descent() -> Proof:
    """f(x - gamma k) <= f - gamma/2 (||g||^2 + (1 - gamma L)||k||^2 - ||g - k||^2) for every vector k, all gamma, L > 0."""
    domain = (Interval("L", "0"), Interval("gamma", "0"))
    field = Functions(domain)
    L, gamma, one = field["L"], field["gamma"], field.one
    after = Point("1", combine((one, {"x": one}), (-gamma, {"k": one})), {"h": one}, {"f1": one})
    member = Member("f", "function", {"mu": -L, "L": L}, (Point("0", {"x": one}, {"g": one}, {"f0": one}), after))
    target = Form({}, {"f1": one, "f0": -one}).add(square({"g": one}), gamma / 2)
    target.add(square({"k": one}), gamma * (1 - gamma * L) / 2)
    target.add(square(combine((one, {"g": one}), (-one, {"k": one}))), -gamma / 2)
    statement = Statement(
        ("x", "g", "h", "k"), ("f0", "f1"), (member,), target, (), domain, "one step along any vector"
    )
    return Proof(statement, (Use("descent", "f", ("0", "1"), one),))


def contraction() -> Proof:
    """||u - v||^2 <= ||u||^2/s + ||v||^2/(1 - s): with ||u|| <= s ||X|| one step of the deviations, for all s in (0, 1)."""
    domain = (Interval("s", "0", "1"),)
    field = Functions(domain)
    s, one = field["s"], field.one
    target = square(combine((one, {"u": one}), (-one, {"v": one}))).add(square({"u": one}), -1 / s)
    target.add(square({"v": one}), -1 / (1 - s))
    return Proof(Statement(("u", "v"), (), (), target, (), domain, "Young's inequality"), ())


@check(dpsgd.CONSENSUS, level=Level.SYMBOLIC)
def recursion_of_the_deviations(ctx: Context) -> Iterator[Evidence]:
    """Young in the kernel, used at s and at 1/2; C solves (1 - s) C = gamma^2 (2 L^2 C + 2 zeta^2)/(1 - s) + gamma^2 sigma^2."""
    yield contraction()
    C, s, L, gamma = ctx.claim.expression, *(p.symbol for p in (dpsgd.s, dpsgd.L, dpsgd.gamma))
    pull = (2 * L**2 * C + 2 * dpsgd.zeta2.symbol) / (1 - s)
    yield Identity((1 - s) * C - gamma**2 * (pull + dpsgd.sigma2.symbol), "summed over the steps")


@check(dpsgd.SHARPER, level=Level.SYMBOLIC)
def descent_and_deviations(ctx: Context) -> Iterator[Evidence]:
    """The descent along the mean and Young's inequality in the kernel; their sum is the bound."""
    yield descent()
    yield contraction()
    gamma, L, n, K, s2, Delta = (p.symbol for p in (dpsgd.gamma, dpsgd.L, dpsgd.n, dpsgd.K, dpsgd.sigma2, dpsgd.Delta))
    # gamma/2 times the quantity <= Delta/K + L gamma^2 sigma^2/(2 n) + gamma/2 L^2 times the consensus error
    summed = Delta / K + L * gamma**2 * s2 / (2 * n) + gamma / 2 * L**2 * dpsgd.CONSENSUS.expression
    yield Identity(ctx.claim.expression * gamma / 2 - summed, "the bound")


@check(dpsgd.THEOREM1, level=Level.SYMBOLIC)
def theorem_from_the_sharper_rate(ctx: Context) -> Iterator[Evidence]:
    """Its quantity is at most half of the derived one's, as D_1 <= 1/2; half of the derived bound is below its bound."""
    gamma, L, n, K, s, x, z, Delta = (p.symbol for p in dpsgd.THEOREM1.parameters)
    p = sp.Symbol("p", positive=True)  # gamma^2 L^2/(1 - s)^2
    common = Delta / (gamma * K) + gamma * L * x / (2 * n)
    yield Identity(dpsgd.SHARPER.expression - 2 * common - gamma**2 * L**2 / dpsgd.D * dpsgd.GRAPH, "the derived bound")
    swap = {v: sp.Symbol(str(v), positive=True) for v in (n, s, x, z)} | {gamma: sp.sqrt(p) * (1 - s) / L}
    gap = ctx.claim.expression - common - gamma**2 * L**2 / dpsgd.D * dpsgd.GRAPH / 2
    domain = (
        Interval("n", "1", closed_low=True),
        Interval("s", "0", "1", closed_low=True),
        *(Interval(v, closed_low=True) for v in ("sigma2", "zeta2")),
        Interval("p", "0", "1/(18*n)"),
    )
    yield Inequality(sp.simplify(gap.subs(gamma, swap.pop(gamma))).subs(swap), domain, what="the graph's terms")
    half = sp.Rational(1, 2) - dpsgd.D1.subs(gamma, sp.sqrt(p) * (1 - s) / L)
    yield Inequality(sp.simplify(half).subs(swap), domain, what="1/2 - D_1")


# --- controls of the rates -----------------------------------------------------------------------------------------------


def _violation(
    claim: Claim, W: Any, s: float, b: Any, *, K: int = 3000, gamma: float = 0.01, **other: Any
) -> Measurement:
    """A noiseless run from the mean of b, with some of the parameters stated otherwise."""
    b, n = np.asarray(b, float), len(b)
    out = gossip.quadratic_run(np.asarray(W).astype(float), 1.0, b, gamma, 0.0, K, float(b.mean()))
    at = {
        "gamma": gamma, "L": 1.0, "n": n, "K": K, "s": s, "sigma2": 0.0,
        "zeta2": float(((b - b.mean()) ** 2).mean()), "Delta": 0.0,
    } | other  # fmt: skip
    measured = left_side(claim, at, out.gradient, out.mean_gradient, out.consensus)
    error = 8 * K * n * 2.0**-52 * float(np.max(b**2))
    return Measurement(measured=float(measured), bound=bound_at(claim, at), error=error, error_source="rounding")


@control(dpsgd.SHARPER, drops="mixing")
@control(dpsgd.THEOREM1, drops="mixing")
def listening_to_one_node(ctx: Context) -> Iterator[Evidence]:
    """Rows sum to one, columns do not: the nodes minimise the function of the one that all listen to."""
    yield _violation(ctx.claim, listeners(4), 0.5, [4, 0, 0, 0])


@control(dpsgd.CONSENSUS, drops="connected")
def two_components(ctx: Context) -> Iterator[Evidence]:
    """Two pairs that do not hear each other, with the gap of one pair: no consensus."""
    pair = np.full((2, 2), 0.5)
    W = np.block([[pair, 0 * pair], [0 * pair, pair]])
    yield _violation(ctx.claim, W, 0.0, [1, 1, -1, -1])


@control(dpsgd.CONSENSUS, drops="consensus_start")
def nodes_apart_at_the_start(ctx: Context) -> Iterator[Evidence]:
    """Four nodes at 1 and -1 in turn and one short step: they are as far apart as they began."""
    out = gossip.quadratic_run(gossip.ring(4), 1, np.zeros(4, int), Fraction(1, 100), 0, 1, np.array([1, -1, 1, -1]))
    bound = ctx.claim.bound(gamma=Fraction(1, 100), L=1, s=Fraction(1, 3), sigma2=0, zeta2=0)
    yield Measurement(measured=out.consensus, bound=bound)


@control(dpsgd.CONSENSUS, drops="heterogeneity")
def equal_functions_assumed(ctx: Context) -> Iterator[Evidence]:
    """Different minimisers and constant steps, without noise: the disagreement persists where zeta = 0 allows none."""
    yield _violation(ctx.claim, GRAPHS["ring 8"], 0.9, np.arange(8), zeta2=0.0)


# --- step sizes that depend on K -----------------------------------------------------------------------------------------


def _common(ctx: Context, gamma: float, n: int, K: int, sigma2: float, **where: Any) -> Measurement:
    """h = L = 1 and mean x_0 at distance 2: the average is a closed form."""
    measured = gossip.common_average(1.0, gamma, n, sigma2, K, 4.0)
    at = {"L": 1.0, "n": n, "K": K, "sigma2": sigma2, "Delta": 2.0, **where}
    bound = ctx.claim.bound(**{p.name: at[p.name] for p in ctx.claim.parameters})
    # logarithm and exponential of numbers up to K gamma
    error = measured * 2.0**-50 * (4 + K * gamma)
    return Measurement(measured=measured, bound=bound, error=error, error_source="rounding", parameters=at)


def _least_K(s: float, n: int, sigma2: float, zeta2: float) -> int:
    """The least K that the conditions of the corollary allow, L = 1 and Delta = 2."""
    A = sigma2 / (1 - s**2) + 9 * zeta2 / (1 - s) ** 2
    K = max(4 * n**5 * A**2 / (sigma2**3 * 9), 72 * n**2 / (sigma2 * (1 - s) ** 2))
    return int(np.ceil(K * (1 + 1e-9)))


@check(dpsgd.COROLLARY2, level=Level.EXACT)
def closed_forms_at_the_stated_step(ctx: Context) -> Iterator[Evidence]:
    """Exact averages on rings of 4, 8, 16 nodes, two variances, with and without differences, at the least K and 16 K."""
    for n, sigma2, zeta2 in product((4, 8, 16), (0.25, 4.0), (0.0, 1.0)):
        s = float(gossip.second_eigenvalue(gossip.ring(n)).high)
        for times in (1, 16):
            K = times * _least_K(s, n, sigma2, zeta2)
            gamma = 1 / (2 + np.sqrt(sigma2 * K / n))
            yield _common(ctx, gamma, n, K, sigma2, s=s, zeta2=zeta2)


@check(dpsgd.COROLLARY2, level=Level.SYMBOLIC)
def corollary_from_the_sharper_rate(ctx: Context) -> Iterator[Evidence]:
    """With t = sigma sqrt(K/n) the conditions on K bound the graph's terms; the derived rate is below the stated bound."""
    Delta, L, t, n, K = sp.symbols("Delta L t n K", positive=True)
    yield from _conditions_of_the_corollary(ctx.claim, Delta, L, t, n, K)
    claimed = ctx.claim.expression.subs({dpsgd.sigma2.symbol: t**2 * n / K}).subs(
        {dpsgd.Delta.symbol: Delta, dpsgd.L.symbol: L, dpsgd.n.symbol: n, dpsgd.K.symbol: K}
    )
    sharper = 2 * Delta * (2 * L + t) + L * t**2 / (2 * L + t) + 2 * t * (Delta + L) / n
    domain = (
        Interval("Delta", "0", closed_low=True),
        *(Interval(x) for x in ("L", "t", "K")),
        Interval("n", "1", closed_low=True),
    )
    yield Inequality(sp.simplify(claimed) - sharper / K, domain, what="the three terms, times K")
    s, x, z = sp.symbols("s x z")
    A, B = x / (1 - s**2) + 9 * z / (1 - s) ** 2, x / (1 - s) + 2 * z / (1 - s) ** 2
    gap = (Interval("s", "0", "1", closed_low=True), Interval("x", closed_low=True), Interval("z", closed_low=True))
    yield Inequality(2 * A - B, gap, what="the graph's terms")


def _conditions_of_the_corollary(claim: Claim, *positive: Any) -> Iterator[Evidence]:
    """Both conditions in t: D >= 1/2, and the graph's term, at most 4 K L^2 A/t^2, is at most 2 t (Delta + L)/n."""
    Delta, L, t, n, K = positive
    swap = {p.symbol: v for p, v in zip((dpsgd.Delta, dpsgd.L, dpsgd.n, dpsgd.K), (Delta, L, n, K), strict=True)}
    s, zeta2, sigma2 = dpsgd.s.symbol, dpsgd.zeta2.symbol, t**2 * n / K

    def room(name: str) -> Any:
        relation = claim.assumption(name).relation
        return (relation.lhs - relation.rhs).subs({dpsgd.sigma2.symbol: sigma2} | swap)

    A = sigma2 / (1 - s**2) + 9 * zeta2 / (1 - s) ** 2
    squares = (t**3 * (Delta + L)) ** 2 - (2 * L**2 * n * K * A) ** 2
    yield Identity(room("graph_forgotten") - n**3 / K**2 * squares, "A <= t^3 (Delta + L)/(2 L^2 n K)")
    largest = t**3 * (Delta + L) / (2 * L**2 * n * K)
    yield Identity(4 * K * L**2 * largest / t**2 - 2 * t * (Delta + L) / n, "the graph's term at that A")
    yield Identity(room("step_small") - n * (t**2 * (1 - s) ** 2 - 72 * L**2 * n), "t^2 >= 72 L^2 n/(1 - s)^2")
    l, m, gap, w = sp.symbols("L n gap w")  # gap = 1 - s, t^2 = 72 L^2 n/(1 - s)^2 + w, gamma <= 1/t
    domain = (
        Interval("L"),
        Interval("n", "1", closed_low=True),
        Interval("gap", "0", "1", closed_high=True),
        Interval("w", closed_low=True),
    )
    yield Inequality(sp.Rational(1, 2) - 2 * l**2 / (gap**2 * (72 * l**2 * m / gap**2 + w)), domain, what="D >= 1/2")


@control(dpsgd.COROLLARY2, drops="step")
def beyond_stability(ctx: Context) -> Iterator[Evidence]:
    """gamma = 21/10 at L = 1: the mean iterate diverges."""
    yield _common(ctx, 2.1, 4, _least_K(1 / 3, 4, 1.0, 0.0), 1.0, s=1 / 3, zeta2=0.0)


@check(dpsgd.LINEAR_SPEEDUP, level=Level.SYMBOLIC)
def solved_for_K(ctx: Context) -> Iterator[Evidence]:
    """With q = sqrt(n/K): D >= 1/2 doubles the graph's term at most, and it is at most the others iff q is small enough."""
    q, n, c, L, Delta, x, B = sp.symbols("q n c L Delta x B", positive=True)
    half = (Interval("u", "0", "1/4", closed_low=True),)
    u = sp.Symbol("u")
    yield Inequality(2 - 1 / (1 - 2 * u), half, what="1/D <= 2 where gamma^2 L^2/(1 - s)^2 <= 1/4")
    names = {dpsgd.n: n, dpsgd.c: c, dpsgd.L: L, dpsgd.Delta: Delta, dpsgd.sigma2: x}
    swap = {p.symbol: v for p, v in names.items()}
    claimed = sp.simplify(ctx.claim.expression.subs(dpsgd.K.symbol, dpsgd.n.symbol / q**2).subs(swap))
    noise = (2 * Delta / c + c * L * x) * q / n
    top = "(2*Delta/c + c*L*x)/(2*c^2*L^2*B*n)"
    domain = (*(Interval(v) for v in ("n", "c", "L", "B", "Delta", "x")), Interval("q", "0", top, closed_high=True))
    yield Inequality(claimed - noise - 2 * c**2 * q**2 * L**2 * B, domain, what="the graph's term")
    # both conditions are what the claim asks of K = n/q^2
    swap[dpsgd.K.symbol], gap = n / q**2, 1 - dpsgd.s.symbol
    forgotten, half_ = (ctx.claim.assumption(k).relation for k in ("graph_forgotten", "half"))
    graph, A = dpsgd.GRAPH.subs(swap), 2 * Delta / c + c * L * x
    room = n / q**2 * (A**2 - (2 * c**2 * L**2 * graph * n * q) ** 2)
    yield Identity((forgotten.lhs - forgotten.rhs).subs(swap) - room, "q is small enough")
    yield Identity((half_.lhs - half_.rhs).subs(swap) - n / q**2 * (gap**2 - 4 * (c * q * L) ** 2), "u <= 1/4")


@check(dpsgd.LINEAR_SPEEDUP, level=Level.EXACT)
def closed_forms_from_there_on(ctx: Context) -> Iterator[Evidence]:
    """Exact averages on rings of 4, 8, 16 nodes with c = 1/2 and 2, at the least K and at 100 K."""
    for n, c, zeta2, times in product((4, 8, 16), (0.5, 2.0), (0.0, 1.0), (1, 100)):
        s, sigma2 = float(gossip.second_eigenvalue(gossip.ring(n)).high), 1.0
        graph = sigma2 / (1 - s) + 2 * zeta2 / (1 - s) ** 2
        K = max(4 * c**2 * n / (1 - s) ** 2, n**3 * (2 * c**2 * graph / (4 / c + c * sigma2)) ** 2)
        K = times * int(np.ceil(K * (1 + 1e-9)))
        yield _common(ctx, c * np.sqrt(n / K), n, K, sigma2, s=s, zeta2=zeta2, c=c)


@control(dpsgd.LINEAR_SPEEDUP, drops="short_step")
def a_step_beyond_stability(ctx: Context) -> Iterator[Evidence]:
    """c so large that gamma = 21/10 at L = 1: the mean iterate diverges."""
    n, K = 4, 1000
    c = 2.1 * np.sqrt(K / n)
    measured = gossip.common_average(1.0, 2.1, n, 1.0, K, 4.0)
    at = {"c": c, "L": 1.0, "n": n, "K": K, "s": 0.0, "sigma2": 1.0, "zeta2": 0.0, "Delta": 2.0}
    bound = ctx.claim.bound(drop=("short_step", "half", "graph_forgotten"), **at)
    yield Measurement(measured=measured, bound=bound)
