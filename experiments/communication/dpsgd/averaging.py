"""What averaging does: mixing, the mean iterate, and the complete graph."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.solvers import gossip
from gradproof.theory.claim import Claim
from gradproof.theory.communication import dpsgd
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


def lazy_complete(n: int, a: Fraction) -> Any:
    """(1 - a) I + a J: all eigenvalues but the one are 1 - a."""
    return (1 - a) * np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)]) + a * gossip.complete(n)


#: Connected graphs with exact weights.
GRAPHS = {
    "ring 4": gossip.ring(4),
    "ring 8": gossip.ring(8),
    "ring 7, w = 9/20": gossip.ring(7, Fraction(9, 20)),
    "path 5": gossip.metropolis(5, [(i, i + 1) for i in range(4)]),
    "star 6": gossip.metropolis(6, [(0, i) for i in range(1, 6)]),
    "torus 3 x 3": gossip.torus(3, 3),
    "exponential 8": gossip.exponential(8),
    "complete 5": gossip.complete(5),
    "lazy complete 5": lazy_complete(5, Fraction(1, 3)),
}

#: Doubly stochastic with all eigenvalues 0 but the one, not symmetric: it is not J.
NILPOTENT = gossip.complete(3) + np.array([[1, 1, -2], [-1, -1, 2], [0, 0, 0]]) * Fraction(1, 6)


def _distances(W: Any, k: int) -> list[Fraction]:
    """||1/n - W^k e_i||^2 for every i."""
    power = (
        np.linalg.matrix_power(W, k)
        if k
        else np.array([[Fraction(int(i == j)) for j in range(len(W))] for i in range(len(W))])
    )
    return list(((power - Fraction(1, len(W))) ** 2).sum(axis=0))


def _bound(claim: Claim, s: Any, k: int, n: int) -> Any:
    return claim.bound(s=s, k=k, **({"n": n} if any(p.name == "n" for p in claim.parameters) else {}))


@check(dpsgd.MIXING, level=Level.EXACT)
@check(dpsgd.MIXING_SHARP, level=Level.EXACT)
def powers_of_nine_graphs(ctx: Context) -> Iterator[Evidence]:
    """Exact powers against a certified lower bound of the gap's eigenvalue; the lazy complete graph attains (1 - 1/n)."""
    for name, W in GRAPHS.items():
        s, n = gossip.second_eigenvalue(W).low, len(W)
        for k in (0, 1, 2, 5):
            bound = _bound(ctx.claim, s, k, n)
            yield Measurement(measured=max(_distances(W, k)), bound=bound, parameters={"graph": name, "k": k})


@check(dpsgd.MIXING, level=Level.SYMBOLIC)
@check(dpsgd.MIXING_SHARP, level=Level.SYMBOLIC)
def spectral_sum(ctx: Context) -> Iterator[Evidence]:
    """sum x_j v_j^2 with x_j = lambda_j^2k at most S = s^2k and shares a, b, 1/n of one; then k = 0, 1, 2, 3 written out."""
    x, d, e, a, b, r = sp.symbols("x d e a b r")
    n, s, k = dpsgd.n.symbol, dpsgd.s.symbol, dpsgd.k.symbol
    domain = tuple(Interval(v, "0", closed_low=v != "r") for v in ("x", "d", "e", "a", "b", "r"))
    of_n = ctx.claim.expression.subs(n, (a + b + r) / r)
    # two groups of eigenvalues, x <= x + d <= x + d + e = S; a + b + r = 1 up to scale, r = 1/n
    every_k = (a + b + r) * of_n.subs(s ** (2 * k), x + d + e) - a * x - b * (x + d)
    yield Inequality(every_k, domain, what="every k")
    for power in (0, 1, 2, 3):
        claimed = of_n.subs(k, power).subs(s, x + d + e)
        rest = a * x ** (2 * power) + b * (x + d) ** (2 * power)
        yield Inequality((a + b + r) * claimed - rest, domain, what=f"k = {power}")


@control(dpsgd.MIXING, drops="mixing")
@control(dpsgd.MIXING_SHARP, drops="mixing")
def not_symmetric(ctx: Context) -> Iterator[Evidence]:
    """A doubly stochastic matrix whose other eigenvalues vanish and that needs two steps all the same."""
    yield Measurement(measured=max(_distances(NILPOTENT, 1)), bound=_bound(ctx.claim, 0, 1, 3))


def _doubly_stochastic(rng: Any, n: int) -> Any:
    """A mixture of five permutations, not symmetric."""
    weights = [Fraction(int(x), 100) for x in (10, 20, 30, 15, 25)]
    return sum(w * np.array(np.eye(n, dtype=int)[rng.permutation(n)], dtype=object) for w in weights)


@check(dpsgd.MEAN_ITERATE, level=Level.SYMBOLIC)
def any_doubly_stochastic_matrix(ctx: Context) -> Iterator[Evidence]:
    """Three nodes, every matrix with rows and columns that sum to one, any gradients."""
    a, b, c, d, gamma = sp.symbols("a b c d gamma")
    W = sp.Matrix([[a, b, 1 - a - b], [c, d, 1 - c - d], [1 - a - c, 1 - b - d, a + b + c + d - 1]])
    x, g = sp.Matrix(sp.symbols("x1:4")), sp.Matrix(sp.symbols("g1:4"))
    claimed = ctx.claim.expression.subs(
        {dpsgd.mean_x.symbol: sum(x) / 3, dpsgd.gradient.symbol: sum(g) / 3, dpsgd.gamma.symbol: gamma}
    )
    yield Identity(sum(W * x - gamma * g) / 3 - claimed, "the mean of one step")


def _steps(ctx: Context, W: Any) -> Iterator[Measurement]:
    """Six exact steps on quadratics with different curvatures and noise: the mean against the claim."""
    rng, n, gamma = ctx.rng(len(W)), len(W), Fraction(1, 5)
    h, b = (np.array([Fraction(int(v), 4) for v in rng.integers(1, 9, n)]) for _ in range(2))
    x = np.array([Fraction(int(v)) for v in rng.integers(-5, 6, n)])
    for k in range(6):
        g = h * (x - b) + np.array([Fraction(int(v), 8) for v in rng.integers(-8, 9, n)])
        bound = ctx.claim.bound(x=x.sum() / n, gamma=gamma, g=g.sum() / n)
        x = W @ x - gamma * g
        yield Measurement(measured=x.sum() / n, bound=bound, parameters={"n": n, "k": k})


@check(dpsgd.MEAN_ITERATE, level=Level.EXACT)
def exact_steps(ctx: Context) -> Iterator[Evidence]:
    """Rational steps on four graphs and on two matrices that are not symmetric."""
    for name in ("ring 4", "path 5", "star 6", "complete 5"):
        yield from _steps(ctx, GRAPHS[name])
    for n in (4, 7):
        yield from _steps(ctx, _doubly_stochastic(ctx.rng("matrix", n), n))


@control(dpsgd.MEAN_ITERATE, drops="doubly_stochastic")
def listening_to_one_node(ctx: Context) -> Iterator[Evidence]:
    """Rows sum to one, columns do not: the first step already moves the mean elsewhere."""
    yield next(_steps(ctx, listeners(4)))


def listeners(n: int) -> Any:
    """Node 0 hears nobody, the others hear it and themselves: row-stochastic, with the Perron vector e_0."""
    W = np.array([[Fraction(int(i == j)) / (2 if i else 1) for j in range(n)] for i in range(n)])
    W[1:, 0] = Fraction(1, 2)
    return W


# --- the complete graph --------------------------------------------------------------------------------------------------


def _complete_steps(ctx: Context, *, average_last: bool) -> Iterator[Measurement]:
    """Five exact steps of four nodes with different curvatures and noise, beside centralised SGD with the same noise."""
    rng, n, gamma = ctx.rng(), 4, Fraction(1, 3)
    J = gossip.complete(n)
    h, b = np.array([Fraction(v) for v in (1, 2, 3, 6)]), np.array([Fraction(v) for v in (0, 4, -2, 1)])
    x, z = np.array([Fraction(1)] * n), Fraction(1)
    for k in range(5):
        noise = np.array([Fraction(int(v), 8) for v in rng.integers(-8, 9, n)])
        moved = gamma * (h * (x - b) + noise)
        bound = ctx.claim.bound(x=z, gamma=gamma, g=(h * (z - b) + noise).sum() / n)
        x = J @ (x - moved) if average_last else J @ x - moved
        z = Fraction(str(z - gamma * (h * (z - b) + noise).sum() / n))
        if average_last:
            yield from (Measurement(measured=v, bound=bound, parameters={"k": k}) for v in x)
        elif k > 0:  # one step from a common start is the same in the mean
            yield Measurement(measured=x.sum() / n, bound=bound, what="mean iterate", parameters={"k": k})


@check(dpsgd.COMPLETE_GRAPH, level=Level.EXACT)
def beside_centralised_sgd(ctx: Context) -> Iterator[Evidence]:
    """Every node of the complete graph, averaged after the step, against centralised SGD, exactly."""
    yield from _complete_steps(ctx, average_last=True)


@check(dpsgd.COMPLETE_GRAPH, level=Level.SYMBOLIC)
def one_step_from_consensus(ctx: Context) -> Iterator[Evidence]:
    """(x 1 - gamma G) J has the entries x - gamma mean G: consensus is kept, so the gradients stay at the common point."""
    x, gamma = dpsgd.mean_x.symbol, dpsgd.gamma.symbol
    for n in (2, 3, 5):
        g = sp.symbols(f"g1:{n + 1}")
        claimed = ctx.claim.expression.subs(dpsgd.gradient.symbol, sum(g) / n)
        yield Identity(sum(x - gamma * v for v in g) / n - claimed, f"{n} nodes")


@control(dpsgd.COMPLETE_GRAPH, drops="average_last")
def averaged_first(ctx: Context) -> Iterator[Evidence]:
    """D-PSGD's own order on the complete graph: from the second step on even the mean is not that of centralised SGD."""
    yield from _complete_steps(ctx, average_last=False)
