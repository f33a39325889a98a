"""D-PSGD on quadratics: stationary variances, the lasting disagreement, the largest stable step, the ring's spectrum."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from gradproof.experiments.communication.dpsgd.averaging import GRAPHS, lazy_complete, listeners
from gradproof.experiments.communication.dpsgd.methods import NoisyQuadratics
from gradproof.experiments.communication.dpsgd.methods import dpsgd as method
from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.engine.run import run, start
from gradproof.solvers import gossip
from gradproof.solvers.exact.definite import integer_matrix, is_positive_definite
from gradproof.theory.communication import dpsgd
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)

#: Rings with rational spectrum: n, w, the distinct eigenvalues with their multiplicities.
RATIONAL_RINGS = tuple(
    (n, w, {1 - 2 * w + 2 * w * c: times for c, times in cosines.items()})
    for w in (THIRD, Fraction(1, 5))
    for n, cosines in (
        (3, {Fraction(1): 1, -HALF: 2}),
        (4, {Fraction(1): 1, Fraction(0): 2, Fraction(-1): 1}),
        (6, {Fraction(1): 1, HALF: 2, -HALF: 2, Fraction(-1): 1}),
    )
)


def _numbers(n: int) -> Any:
    return np.array([Fraction(k * k - 2 * k, 3) for k in range(n)])


# --- stationary laws -----------------------------------------------------------------------------------------------------


@check(dpsgd.STATIONARY, level=Level.EXACT)
def lyapunov_of_the_mean(ctx: Context) -> Iterator[Evidence]:
    """The variance of the mean from the exact Lyapunov equation of all nodes, on four graphs, two step sizes."""
    for name in ("ring 4", "path 5", "star 6", "lazy complete 5"):
        W = GRAPHS[name]
        for gamma, h in ((Fraction(1, 10), Fraction(1)), (Fraction(1, 4), Fraction(3, 2))):
            _, S = gossip.stationary(W, h, _numbers(len(W)), gamma, Fraction(2))
            bound = ctx.claim.bound(gamma=gamma, h=h, n=len(W), sigma2=2)
            yield Measurement(
                measured=S.sum() / len(W) ** 2, bound=bound, parameters={"graph": name, "gamma": str(gamma)}
            )


@check(dpsgd.STATIONARY, level=Level.SYMBOLIC)
def fixed_point_of_the_mean(ctx: Context) -> Iterator[Evidence]:
    """v = (1 - gamma h)^2 v + gamma^2 sigma^2/n: the mean sees no W."""
    gamma, h, n, s2 = (p.symbol for p in (dpsgd.gamma, dpsgd.curvature, dpsgd.n, dpsgd.sigma2))
    v = ctx.claim.expression
    yield Identity((1 - gamma * h) ** 2 * v + gamma**2 * s2 / n - v, "stationary variance")


@control(dpsgd.STATIONARY, drops="mixing")
def rows_alone_sum_to_one(ctx: Context) -> Iterator[Evidence]:
    """Three nodes that all listen to the first: the mean has a larger variance."""
    W, gamma = listeners(3), Fraction(1, 10)
    _, S = gossip.stationary(W, Fraction(1), _numbers(3), gamma, Fraction(1))
    yield Measurement(measured=S.sum() / 9, bound=ctx.claim.bound(gamma=gamma, h=1, n=3, sigma2=1))


@check(dpsgd.STATIONARY_NODE, level=Level.EXACT)
def lyapunov_of_a_node(ctx: Context) -> Iterator[Evidence]:
    """Every diagonal entry of the exact covariance on rings of 3, 4 and 6 nodes, two weights."""
    gamma, h = Fraction(1, 10), Fraction(3, 2)
    for n, w, spectrum in RATIONAL_RINGS:
        _, S = gossip.stationary(gossip.ring(n, w), h, _numbers(n), gamma, Fraction(1))
        lam = [x for x, times in spectrum.items() for _ in range(times)]
        bound = ctx.claim.bound(gamma=gamma, h=h, sigma2=1, lam=lam)
        yield from (Measurement(measured=S[i, i], bound=bound, parameters={"n": n, "w": str(w)}) for i in range(n))


@check(dpsgd.STATIONARY_NODE, level=Level.SYMBOLIC)
def fixed_point_of_a_mode(ctx: Context) -> Iterator[Evidence]:
    """v_j = (lambda_j - gamma h)^2 v_j + gamma^2 sigma^2, averaged over two modes."""
    a, b = sp.symbols("a b")
    gamma, h, s2 = (p.symbol for p in (dpsgd.gamma, dpsgd.curvature, dpsgd.sigma2))
    entry = dpsgd.lam.symbol
    two = (
        ctx.claim.expression.subs(sp.Symbol("m", integer=True, positive=True), 2)
        .doit()
        .subs({entry[1]: a, entry[2]: b})
    )
    modes = [gamma**2 * s2 / (1 - (x - gamma * h) ** 2) for x in (a, b)]
    for x, v in zip((a, b), modes, strict=True):
        yield Identity((x - gamma * h) ** 2 * v + gamma**2 * s2 - v, "a mode")
    yield Identity(sum(modes) / 2 - two, "their mean")


@control(dpsgd.STATIONARY_NODE, drops="transitive")
def the_middle_of_a_path(ctx: Context) -> Iterator[Evidence]:
    """A path of three nodes, eigenvalues 1, 2/3, 0: the middle node is quieter than the formula, the ends are noisier."""
    W, gamma = gossip.metropolis(3, [(0, 1), (1, 2)]), Fraction(1, 10)
    _, S = gossip.stationary(W, Fraction(1), _numbers(3), gamma, Fraction(1))
    bound = ctx.claim.bound(gamma=gamma, h=1, sigma2=1, lam=[1, Fraction(2, 3), 0])
    yield from (Measurement(measured=S[i, i], bound=bound, parameters={"node": i}) for i in range(3))


def _components(W: Any, eigenvalues: list[Fraction], b: Any) -> list[Fraction]:
    """Squared norms of the projections of b on the eigenspaces, by Lagrange polynomials in W."""
    out = []
    for x in eigenvalues:
        v = b
        for y in eigenvalues:
            if y != x:
                v = (W @ v - y * v) / (x - y)
        out.append((v * v).sum())
    return out


@check(dpsgd.CONSENSUS_ERROR, level=Level.EXACT)
def fixed_points_on_rings(ctx: Context) -> Iterator[Evidence]:
    """The exact fixed point of the nodes against the spectral sum, rings of 3, 4 and 6 nodes, two weights, two steps."""
    for n, w, spectrum in RATIONAL_RINGS:
        W, b = gossip.ring(n, w), _numbers(n)
        lam, beta = list(spectrum), _components(W, list(spectrum), b)
        for gh in (Fraction(1, 10), Fraction(1, 100)):
            m, _ = gossip.stationary(W, Fraction(1), b, gh, Fraction(0))
            spread = ((m - m.sum() / n) ** 2).sum() / n
            bound = ctx.claim.bound(gh=gh, n=n, lam=lam[1:], beta=beta[1:])
            yield Measurement(measured=spread, bound=bound, parameters={"n": n, "w": str(w), "gh": str(gh)})


@check(dpsgd.CONSENSUS_ERROR, level=Level.SYMBOLIC)
def fixed_point_of_one_component(ctx: Context) -> Iterator[Evidence]:
    """y = lambda y - gamma h (y - b) along an eigenvector; one term of the sum, for one eigenvalue."""
    lam, gh, b, n = sp.symbols("lam"), dpsgd.gh.symbol, sp.symbols("b"), dpsgd.n.symbol
    y = gh * b / (1 - lam + gh)
    yield Identity(lam * y - gh * (y - b) - y, "fixed point")
    one = ctx.claim.expression.subs(sp.Symbol("m", integer=True, positive=True), 1).doit()
    yield Identity(
        one.subs({dpsgd.lam.symbol[1]: lam, dpsgd.beta.symbol[1]: b**2}) - y**2 / n, "its share of the error"
    )


@control(dpsgd.CONSENSUS_ERROR, drops="quadratics")
def different_curvatures(ctx: Context) -> Iterator[Evidence]:
    """Curvatures 1/2 and 3/2 around a ring of 4 with mean one: the error is another."""
    n, gh = 4, Fraction(1, 10)
    W, b = gossip.ring(n), _numbers(n)
    lam = [Fraction(1), THIRD, -THIRD]
    m, _ = gossip.stationary(W, np.array([HALF, Fraction(3, 2)] * 2), b, gh, Fraction(0))
    bound = ctx.claim.bound(gh=gh, n=n, lam=lam[1:], beta=_components(W, lam, b)[1:])
    yield Measurement(measured=((m - m.sum() / n) ** 2).sum() / n, bound=bound)


# --- stability -----------------------------------------------------------------------------------------------------------

WIDTH = Fraction(1, 10**9)


def _bracket(W: Any, h: Any) -> tuple[Fraction, Fraction] | None:
    """Step sizes 2e-9 apart, the lower stable and the upper not, both by exact arithmetic; None if the proof fails."""
    n = len(W)

    def at(gamma: Any) -> Any:
        return W - gamma * np.diag(np.broadcast_to(np.asarray(h), (n,)))

    def least(gamma: float) -> float:
        return float(np.linalg.eigvalsh(W.astype(float) - gamma * np.diag(np.broadcast_to(h, (n,)).astype(float)))[0])

    guess = brentq(lambda g: least(g) + 1, -1e-6, 4.0, xtol=1e-14)
    middle = Fraction(guess).limit_denominator(10**12)
    low, high = max(middle - WIDTH, Fraction(0)), middle + WIDTH
    eye = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)])
    if low > 0 and not all(is_positive_definite(integer_matrix((eye + sign * at(low)).tolist())) for sign in (1, -1)):
        return None
    v = np.array(
        [Fraction(x).limit_denominator(10**8) for x in np.linalg.eigh(at(high).astype(float))[1][:, 0].tolist()]
    )
    moved = at(high) @ v
    return (low, high) if moved @ moved >= v @ v else None


@check(dpsgd.STABILITY, level=Level.EXACT)
def bracketed_thresholds(ctx: Context) -> Iterator[Evidence]:
    """Rings, with zero self-weights too, and lazy complete graphs: the threshold between two rationals, both proved."""
    cases: list[tuple[str, Any, Fraction]] = [
        (f"ring {n}, w = {w}", gossip.ring(n, w), 1 - 4 * w) for n in (4, 6, 10) for w in (Fraction(1, 5), THIRD, HALF)
    ]
    cases += [(f"lazy complete 5, {a}", lazy_complete(5, a), 1 - a) for a in (Fraction(1, 3), Fraction(1))]
    for name, W, lam_min in cases:
        found = _bracket(W, Fraction(1))
        if found is None:
            yield Undecided(f"no proved bracket for {name}")
            continue
        low, high = found
        yield Measurement(
            measured=(low + high) / 2, error=(high - low) / 2, error_source="solver gap",
            bound=ctx.claim.bound(lam_min=lam_min), parameters={"graph": name},
        )  # fmt: skip


@check(dpsgd.STABILITY, level=Level.SYMBOLIC)
def inside_and_outside(ctx: Context) -> Iterator[Evidence]:
    """|lambda - x| < 1 for all lambda in (l, 1] below the claimed threshold, and not for lambda = l above it."""
    l, d, x = sp.symbols("l d x")
    t = str(ctx.claim.expression.subs(dpsgd.lam_min.symbol, l))
    least = Interval("l", "-1", "1")
    above, below = Interval("d", "0", "1 - l"), Interval("x", "0", t)
    yield Inequality(1 - (l - x) ** 2, (least, below), strict=True, what="the least eigenvalue, short steps")
    yield Inequality(1 - (l + d - x) ** 2, (least, above, below), strict=True, what="the others, short steps")
    yield Inequality(
        (l - x) ** 2 - 1, (least, Interval("x", t, closed_low=True)), what="the least eigenvalue, long steps"
    )


@check(dpsgd.STABILITY, level=Level.EMPIRICAL)
def growth_of_runs(ctx: Context) -> Iterator[Evidence]:
    """Noiseless D-PSGD on rings, a tenth above the threshold: it grows by 1.1 times the threshold minus lambda_min a step."""
    to = backend(ctx.backend)
    for n, w in ((6, THIRD), (8, Fraction(1, 5)), (6, HALF)):
        W = gossip.ring(n, w).astype(float)
        lam_min = 1 - 4 * w
        x = 1.1 * float(1 + lam_min) or 0.1
        nodes = NoisyQuadratics(np.ones((n, 1)), np.arange(n, dtype=float)[:, None] ** 2, 0.0)
        moved, gossip_matrix = to.move((nodes, W))
        out = run(
            method(moved, gossip_matrix, x), to.move(start(np.zeros(1))), 400, record={"x": lambda s: s.x},
            draw=lambda t: 0.0, at=[399, 400],
        ).x.values[0, 0]  # fmt: skip
        rate = float(np.linalg.norm(out[1]) / np.linalg.norm(out[0]))
        # what remains of the other modes has died out: 1e-9 is far above (|lambda_2 - x|/rate)^400 and rounding
        yield Measurement(
            measured=x + 1 - rate, bound=ctx.claim.bound(lam_min=lam_min), error=1e-9, error_source="rounding",
            parameters={"n": n, "w": str(w), "rate": rate},
        )  # fmt: skip


@control(dpsgd.STABILITY, drops="quadratics")
def unequal_curvatures(ctx: Context) -> Iterator[Evidence]:
    """Curvatures 1/2 and 3/2 in turn, mean one: the threshold lies below that of the mean curvature."""
    for n in (4, 6):
        found = _bracket(gossip.ring(n), np.array([HALF, Fraction(3, 2)] * (n // 2)))
        if found is None:
            yield Undecided("no proved bracket")
            continue
        low, high = found
        yield Measurement(
            measured=(low + high) / 2, error=(high - low) / 2, error_source="solver gap",
            bound=ctx.claim.bound(lam_min=-THIRD), parameters={"n": n},
        )  # fmt: skip


# --- the ring ------------------------------------------------------------------------------------------------------------


@check(dpsgd.RING, level=Level.SYMBOLIC)
def cosines_are_eigenvectors(ctx: Context) -> Iterator[Evidence]:
    """(W v)_i = lambda v_i for v_i = cos(2 pi k i/n), for all angles."""
    t, angle, w = sp.symbols("t angle w", real=True)
    wave = dpsgd.k.symbol / dpsgd.n.symbol
    claimed = ctx.claim.expression.subs(2 * sp.pi * wave, angle).subs(dpsgd.w.symbol, w)
    applied = (1 - 2 * w) * sp.cos(t) + w * (sp.cos(t + angle) + sp.cos(t - angle))
    yield Identity(sp.expand_trig(applied) - claimed * sp.cos(t), "an eigenvector")


@check(dpsgd.RING, level=Level.EXACT)
def computed_eigenvalues(ctx: Context) -> Iterator[Evidence]:
    """Sorted eigenvalues of symmetric matrices of up to 32 nodes, to the backward error of the solver."""
    for n in (3, 4, 7, 16, 32):
        for w in (0.2, 1 / 3, 0.5):
            found = np.linalg.eigvalsh(gossip.ring(n, w).astype(float))[::-1]
            claimed = sorted((ctx.claim.bound(w=w, k=k, n=n) for k in range(n)), reverse=True)
            for k in (0, 1, n // 2, n - 1):
                yield Measurement(
                    measured=float(found[k]), bound=claimed[k], error=8 * n * 2.0**-52, error_source="rounding",
                    parameters={"n": n, "w": w, "rank": k},
                )  # fmt: skip


@control(dpsgd.RING, drops="ring")
def an_open_ring(ctx: Context) -> Iterator[Evidence]:
    """A path, its ends not joined, mixes more slowly."""
    for n in (4, 8):
        found = np.linalg.eigvalsh(gossip.metropolis(n, [(i, i + 1) for i in range(n - 1)]).astype(float))
        yield Measurement(
            measured=float(found[-2]), bound=ctx.claim.bound(w=1 / 3, k=1, n=n), error=1e-12, error_source="rounding"
        )
