"""The gradient of a layer: its pairwise form, its Lipschitz constant, and its angle with the max-margin matrix."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm.instances import (
    TOKENS,
    Layer,
    contradiction,
    layer,
    local_selection,
    smoothness,
)
from gradproof.experiments.networks.attention_svm.methods import Attention, attention_gd, normalised_gd
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity, Inequality

EPS = float(np.finfo(float).eps)

# --- the pairwise form -------------------------------------------------------------------------------------------------


@check(attention_svm.GRADIENT, level=Level.SYMBOLIC)
def three_tokens(ctx: Context) -> Iterator[Evidence]:
    """Covariance of scores and coordinates under three probabilities; and the derivative of a softmax average."""
    a, b = sp.symbols("a b", positive=True)
    p = (a, b, 1 - a - b)
    g, x = sp.symbols("g1:4"), sp.symbols("x1:4")
    left = sum(q * u * v for q, u, v in zip(p, g, x, strict=True)) - sum(
        q * u for q, u in zip(p, g, strict=True)
    ) * sum(q * v for q, v in zip(p, x, strict=True))
    T = sp.Symbol("T", integer=True, positive=True)
    claimed = sp.sympify(ctx.claim.expression).subs(T, 3).doit()
    for name, values in (("s", p), ("gamma", g), ("x", x)):
        symbol = ctx.claim.parameter(name).symbol
        claimed = claimed.subs({symbol[k + 1]: v for k, v in enumerate(values)})
    yield Identity(left - claimed, "three tokens")
    h = sp.Symbol("h")
    weights = [q * sp.exp(h * v) for q, v in zip(p, x, strict=True)]  # probabilities along a coordinate
    average = sum(w * u for w, u in zip(weights, g, strict=True)) / sum(weights)
    yield Identity(sp.diff(average, h).subs(h, 0) - left, "derivative of the average score along x")


@check(attention_svm.GRADIENT, level=Level.EXACT)
def rational_probabilities(ctx: Context) -> Iterator[Evidence]:
    """Random rational probabilities, scores and tokens, up to seven tokens."""
    rng = ctx.rng()
    for T in (2, 3, 5, 7):
        w = [int(v) for v in rng.integers(1, 20, T)]
        s = [Fraction(v, sum(w)) for v in w]
        g, x = ([Fraction(int(v), 7) for v in rng.integers(-20, 20, T)] for _ in range(2))
        mean = sum(p * v for p, v in zip(s, x, strict=True))
        covariance = sum(p * u * (v - mean) for p, u, v in zip(s, g, x, strict=True))
        yield Measurement(measured=covariance, bound=ctx.claim.bound(s=s, gamma=g, x=x), parameters={"T": T})


def third_derivative(p: Attention, V: np.ndarray) -> float:
    """A bound on the third derivative of L along V, anywhere.

    With r the range of the scores and w that of h = X V z, an output has derivatives of at most r w/4, r w^2/4 and 19/16 r w^3 (its
    mixed cumulants), and the logistic loss 1, 1/4 and 1/10.
    """
    h = np.einsum("itd,de,ie->it", p.X, V, p.z)
    r, w = np.ptp(p.gamma, axis=1), np.ptp(h, axis=1)
    third = 19 / 16 * r * w**3
    if p.logistic:
        third = third + 3 / 4 * (r * w / 4) * (r * w**2 / 4) + (r * w / 4) ** 3 / 10
    return float(third.mean())


@check(attention_svm.GRADIENT, level=Level.EMPIRICAL)
def differences_of_the_loss(ctx: Context) -> Iterator[Evidence]:
    """Central differences of L on A and B, both losses, against the code's pairwise gradient."""
    for name in TOKENS:
        for logistic in (False, True):
            p = layer(name, logistic=logistic).problem
            W, V = ctx.rng(name).standard_normal((2, p.X.shape[2], p.X.shape[2])) / 2
            h = 1e-5
            numeric = float((p.excess(W + h * V) - p.excess(W - h * V)) / (2 * h))
            yield Measurement(
                measured=numeric,
                bound=float((p.gradient(W) * V).sum()),
                what="derivative along a random direction",
                error=h**2 / 6 * third_derivative(p, V) + 64 * EPS * float(np.ptp(p.gamma, axis=1).max()) / h,
                error_source="Taylor remainder, and rounding over h",
                parameters={"data": name, "logistic": logistic},
            )


@control(attention_svm.GRADIENT, drops="softmax")
def weights_that_do_not_sum_to_one(ctx: Context) -> Iterator[Evidence]:
    """With weights (1/2, 1) the two sides differ."""
    s, g, x = [Fraction(1, 2), Fraction(1)], [Fraction(1), Fraction(0)], [Fraction(2), Fraction(1)]
    left = sum(p * u * v for p, u, v in zip(s, g, x, strict=True)) - sum(
        p * u for p, u in zip(s, g, strict=True)
    ) * sum(p * v for p, v in zip(s, x, strict=True))
    yield Measurement(measured=left, bound=ctx.claim.bound(s=s, gamma=g, x=x, drop=("softmax",)))


# --- smoothness --------------------------------------------------------------------------------------------------------


@check(attention_svm.SMOOTH, level=Level.SYMBOLIC)
def second_derivative(ctx: Context) -> Iterator[Evidence]:
    """Second derivative of an average score, E[(gamma - mean)(h - mean)^2]; Var h <= ||h||^2/2 (three tokens); and descent."""
    a, b, e = sp.symbols("a b e", positive=True)
    p = (a, b, 1 - a - b)
    g, h = sp.symbols("g1:4"), sp.symbols("h1:4")
    weights = [q * sp.exp(e * v) for q, v in zip(p, h, strict=True)]
    average = sum(w * u for w, u in zip(weights, g, strict=True)) / sum(weights)
    mg, mh = (sum(q * v for q, v in zip(p, k, strict=True)) for k in (g, h))
    third = sum(q * (u - mg) * (v - mh) ** 2 for q, u, v in zip(p, g, h, strict=True))
    yield Identity(sp.diff(average, e, 2).subs(e, 0) - third, "second derivative")
    u, v = sp.symbols("u v", real=True)
    yield Identity(2 * (u**2 + v**2) - (u - v) ** 2 - (u + v) ** 2, "squared range at most 2 ||h||^2")
    low, high, m = sp.symbols("low high m", real=True)
    spread = sum(q * (high - x) * (x - low) for q, x in zip(p, h, strict=True))  # >= 0 for values in [low, high]
    variance = sum(q * (x - mh) ** 2 for q, x in zip(p, h, strict=True))
    yield Identity((high - mh) * (mh - low) - variance - spread, "variance against the mean's distances from the ends")
    half = (high - low) ** 2 / 4 - (high - m) * (m - low) - (m - (low + high) / 2) ** 2
    yield Identity(half, "these are at most a quarter of the squared range")
    eta, L, g2 = sp.symbols("eta L g2", positive=True)
    taylor = -eta * g2 + _claimed_constant(ctx, L) / 2 * eta**2 * g2
    yield Identity(taylor + eta * (1 - eta * L / 2) * g2, "a step of descent")


def _claimed_constant(ctx: Context, L: sp.Expr) -> sp.Expr:
    """The claimed bound at distance one."""
    values = {ctx.claim.parameter("L_W").symbol: L, ctx.claim.parameter("distance").symbol: 1}
    return ctx.claim.expression.subs(values, simultaneous=True)


@check(attention_svm.SMOOTH, level=Level.EXACT)
def pairs_of_points(ctx: Context) -> Iterator[Evidence]:
    """200 random pairs near and far on A and B: differences of gradients, rounding far below the margin."""
    for name in TOKENS:
        p = layer(name).problem
        d = p.X.shape[2]
        L = smoothness(p)
        rng = ctx.rng(name)
        W = rng.standard_normal((200, d, d)) * np.geomspace(0.01, 3, 200)[:, None, None]
        V = W + rng.standard_normal((200, d, d)) * np.geomspace(1e-3, 1, 200)[:, None, None]
        moved = np.linalg.norm(p.gradient(W) - p.gradient(V), axis=(1, 2))
        away = np.linalg.norm(W - V, axis=(1, 2))
        k = int(np.argmax(moved / away))
        yield Measurement(
            measured=float(moved[k]),
            bound=ctx.claim.bound(L_W=L, distance=float(away[k])),
            error=1e-13,
            error_source="rounding",
            parameters={"data": name},
            n=200,
        )
    # two opposite tokens on the line, d = 1: curvature 4 p (1 - p)(1 - 2 p), at its largest 2/(3 sqrt 3) of L_W = 1
    p = Attention(np.array([[[1.0], [-1.0]]]), np.ones((1, 1)), np.array([[1.0, 0.0]]))
    w = float(np.log(2 + np.sqrt(3))) / 2  # where p = (3 + sqrt 3)/6
    W, V = np.full((1, 1), w - 0.05), np.full((1, 1), w + 0.05)
    yield Measurement(
        measured=float(np.linalg.norm(p.gradient(W) - p.gradient(V))), bound=ctx.claim.bound(L_W=smoothness(p), distance=0.1),
        error=1e-14, error_source="rounding", parameters={"data": "two opposite tokens"},
    )  # fmt: skip


@check(attention_svm.SMOOTH, level=Level.EMPIRICAL)
def descent_is_monotone(ctx: Context) -> Iterator[Evidence]:
    """Gradient descent with step 1/L_W on A and B, 1000 steps: the loss never increases."""
    for name in TOKENS:
        p = layer(name).problem
        d = p.X.shape[2]
        step = 1 / float(ctx.claim.bound(L_W=smoothness(p), distance=1.0))
        data = run(attention_gd(p, step), np.zeros((1, 1, d, d)), 1000, record={"L": lambda q, p=p: p.excess(q.W)})  # type: ignore[misc]
        yield Measurement(
            measured=float(np.diff(data.L.values[0, 0]).max()),
            bound=0.0,
            what="largest increase",
            parameters={"data": name},
            n=1000,
        )


@control(attention_svm.SMOOTH, drops="fixed_head")
def a_longer_head(ctx: Context) -> Iterator[Evidence]:
    """A head fifty times as long has scores, and gradients, fifty times as large."""
    p = layer("A").problem
    longer = Attention(p.X, p.z, 50 * p.gamma)
    V = layer("A").svm.W
    moved = float(np.linalg.norm(longer.gradient(3 * V) - longer.gradient(0 * V)))
    away = float(np.linalg.norm(3 * V))
    yield Measurement(
        measured=moved, bound=ctx.claim.bound(L_W=smoothness(p), distance=away), error=1e-13, error_source="rounding"
    )


# --- no stationary point -----------------------------------------------------------------------------------------------


@check(attention_svm.NO_STATIONARY, level=Level.SYMBOLIC)
def pairs_with_the_optimal_token(ctx: Context) -> Iterator[Evidence]:
    """Equal other scores leave pairs with the optimal token only; margins of at least one give the claimed term."""
    o, a, e, f, g = sp.symbols("o a e f g", positive=True)  # probabilities o, a, 1 - o - a; margins 1 + e, 1 + f
    pairs = o * a * g * (1 + e) + o * (1 - o - a) * g * (1 + f)
    T = sp.Symbol("n", integer=True, positive=True)
    claimed = sp.sympify(ctx.claim.expression).subs(T, 1).doit()
    for name, value in (("slope", 1), ("s_opt", o), ("lead", g)):
        claimed = claimed.subs(ctx.claim.parameter(name).symbol[1], value)
    domain = (Interval("o", "0", "1"), Interval("a", "0", "1 - o"), Interval("e"), Interval("f"), Interval("g"))
    yield Inequality(sp.expand(pairs - claimed), domain, what="three tokens")


def _inner(p: Attention, W: np.ndarray, svm: np.ndarray) -> float:
    return -float((p.gradient(W) * svm).sum())


def _promised(ctx: Context, p: Attention, W: np.ndarray) -> float:
    s = p.attention(W)
    best = p.gamma.argmax(axis=1)
    rows = np.arange(len(best))
    others = (p.gamma.sum(axis=1) - p.gamma[rows, best]) / (p.gamma.shape[1] - 1)
    return float(
        ctx.claim.bound(
            slope=(-p.slopes(s)).tolist(), s_opt=s[rows, best].tolist(), lead=(p.gamma[rows, best] - others).tolist()
        )
    )


def _confront(ctx: Context, found: Layer, W: np.ndarray, **where: object) -> Measurement:
    measured = _inner(found.problem, W, found.svm.W)
    margins = (found.G * found.svm.W).sum(axis=(1, 2))
    return Measurement(
        measured=measured,
        bound=_promised(ctx, found.problem, W),
        # relative rounding of the pairwise form, and of 1 - s_opt, which the bound subtracts from one
        error=1e-12 * abs(measured) + 8 * EPS * float(np.ptp(found.problem.gamma, axis=1).max()),
        error_source="rounding",
        # where every constraint is active, all margins are one and the two sides are equal
        relation=Relation.EQ if (margins < 1 + 1e-9).all() else None,
        parameters={"data": found.name, **where},
    )


@check(attention_svm.NO_STATIONARY, level=Level.EXACT)
def random_weights(ctx: Context) -> Iterator[Evidence]:
    """A (two tokens) and B (two equal other scores), both losses, random W up to norm 6."""
    for name in TOKENS:
        for logistic in (False, True):
            found = layer(name, logistic=logistic)
            d = found.problem.X.shape[2]
            sizes = np.linspace(0.1, 1.5, 10)[:, None, None]
            for k, W in enumerate(ctx.rng(name, logistic).standard_normal((10, d, d)) * sizes):
                yield _confront(ctx, found, W, logistic=logistic, draw=k)


@check(attention_svm.NO_STATIONARY, level=Level.EMPIRICAL)
def along_a_run(ctx: Context) -> Iterator[Evidence]:
    """Normalised descent on A and B from zero: the inequality at every tenth of the first hundred iterates."""
    for name in TOKENS:
        found = layer(name)
        d = found.problem.X.shape[2]
        data = run(
            normalised_gd(found.problem, 0.05), np.zeros((1, 1, d, d)), 100, record={"W": lambda q: q.W}, every=10
        )
        for k, W in zip(data.step.values, data.W.values[0, 0], strict=True):
            yield _confront(ctx, found, W, step=int(k))


@control(attention_svm.NO_STATIONARY, drops="equal_nonopt_scores")
def a_local_selection(ctx: Context) -> Iterator[Evidence]:
    """Scores 1, 1/2, 0: at W = diag(5, 0) the gradient points away from the second token's matrix instead."""
    p, _, best = local_selection()
    W = np.diag([5.0, 0.0])
    yield Measurement(measured=_inner(p, W, best), bound=_promised(ctx, p, W), error=1e-12, error_source="rounding")


@control(attention_svm.NO_STATIONARY, drops="svm_feasible")
def contradicting_inputs(ctx: Context) -> Iterator[Evidence]:
    """Two inputs that ask for W >= 1 and -W >= 1: the gradient is zero everywhere, for any reference matrix."""
    p = contradiction()
    for w in (0.0, 1.0, -2.0):
        W = np.full((1, 1), w)
        yield Measurement(
            measured=_inner(p, W, np.ones((1, 1))), bound=_promised(ctx, p, W), error=1e-15, error_source="rounding"
        )
