"""Symbolic evidence: the identities behind the claims, for all parameters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.landscape.sgd_stability.instances import batches
from gradproof.theory.evidence import Level
from gradproof.theory.landscape import sgd_stability as paper
from gradproof.theory.symbolic import Identity

eta, p = sp.symbols("eta p", positive=True)


def _expression(ctx: Context, **values: Any) -> Any:
    """The claim's bound with symbols put in for its parameters."""
    return ctx.claim.expression.subs({ctx.claim.parameter(k).symbol: v for k, v in values.items()}, simultaneous=True)


def _symmetric(name: str) -> sp.Matrix:
    a, b, c = sp.symbols(f"{name}a {name}b {name}c", real=True)
    return sp.Matrix([[a, b], [b, c]])


def _mean(matrices: list[Any]) -> Any:
    return sum(matrices[1:], matrices[0]) / len(matrices)


def _frobenius(X: sp.Matrix) -> Any:
    return (X * X.T).trace()


@check(paper.SECOND_MOMENT_OPERATOR, level=Level.SYMBOLIC)
def all_batches_of_three_samples(ctx: Context) -> Iterator[Evidence]:
    """Enumeration of all batches of two of n = 3 generic 2 x 2 Hessians, and the pair counts that give p for every n and B."""
    H = [_symmetric(f"h{i}") for i in range(3)]
    H_mean, delta = _mean(H), sp.Matrix(sp.symbols("d1 d2", real=True))
    stats = {
        "x0": delta.dot(delta),
        "x1": delta.dot(H_mean * delta),
        "x2": (H_mean * delta).dot(H_mean * delta),
        "xi2": _mean([(h * delta).dot(h * delta) for h in H]),
    }
    for B, replacement in ((2, False), (2, True)):
        steps = [delta - eta * _mean([H[i] for i in b]) * delta for b in batches(3, B, replacement)]
        weight = paper.noise_weight(3, B, replacement=replacement)
        how = "with" if replacement else "without"
        brute = _mean([s.dot(s) for s in steps])
        yield Identity(brute - _expression(ctx, eta=eta, p=weight, **stats), f"n = 3, B = {B} {how} replacement")
    n, B = sp.symbols("n B", positive=True)
    # E H_b X H_b = B^-2 [single * sum_i H_i X H_i + pair * sum_{i != j} H_i X H_j]
    for replacement, pair in ((False, B * (B - 1) / (n * (n - 1))), (True, B * (B - 1) / n**2)):
        single = B / n + (pair if replacement else 0)  # with replacement the pairs i = j count too
        weight = paper.noise_weight(n, B, replacement=replacement)
        yield Identity((single - pair) * n / B**2 - weight, f"weight of mean H_i X H_i, replacement={replacement}")
        yield Identity(pair * n**2 / B**2 - (1 - weight), f"weight of HXH, replacement={replacement}")


@check(paper.MIXTURE, level=Level.SYMBOLIC)
def mixture_of_two_steps(ctx: Context) -> Iterator[Evidence]:
    """The second moment of the mixture, for every n and d."""
    x0, x1, x2, xi2 = sp.symbols("x0 x1 x2 xi2", real=True)
    full = x0 - 2 * eta * x1 + eta**2 * x2
    single = x0 - 2 * eta * x1 + eta**2 * xi2
    claimed = _expression(ctx, eta=eta, p=p, x0=x0, x1=x1, x2=x2, xi2=xi2)
    yield Identity((1 - p) * full + p * single - claimed, "mixture")


@check(paper.BATCH_MONOTONE, level=Level.SYMBOLIC)
def noise_grows_with_p_on_semidefinite_matrices(ctx: Context) -> Iterator[Evidence]:
    """``<X, mean H_iXH_i - HXH>`` is a mean of squares for X = LL'; p falls as B grows."""
    H = [_symmetric("h0"), _symmetric("h1")]
    a, b, c = sp.symbols("l1:4", real=True)
    L = sp.Matrix([[a, 0], [b, c]])
    X, H_mean = L * L.T, _mean(H)
    excess = _mean([(X * h * X * h).trace() for h in H]) - (X * H_mean * X * H_mean).trace()
    squares = _mean([_frobenius(L.T * (h - H_mean) * L) for h in H])
    yield Identity(excess - squares, "excess of single samples over their mean")
    n, B = sp.symbols("n B", positive=True)
    fall = paper.noise_weight(n, B, replacement=False) - paper.noise_weight(n, B + 1, replacement=False)
    yield Identity(fall - n / (B * (B + 1) * (n - 1)), "p(B) - p(B + 1) > 0")


@check(paper.NECESSARY, level=Level.SYMBOLIC)
def quotients_at_identity_and_rank_one(ctx: Context) -> Iterator[Evidence]:
    """``<X, DX>/<X, CX>`` at X = I and X = vv', two generic 2 x 2 Hessians."""
    H = [_symmetric("h0"), _symmetric("h1")]
    H_mean, v = _mean(H), sp.Matrix(sp.symbols("v1 v2", real=True))

    def quotient(X: sp.Matrix) -> tuple[Any, Any]:
        """<X, DX> and <X, CX>, expanded."""
        D = (1 - p) * H_mean * X * H_mean + p * _mean([h * X * h for h in H])
        return sp.expand((X * D).trace()), sp.expand((X * H_mean * X).trace())

    h2, hi2 = _frobenius(H_mean), _mean([_frobenius(h) for h in H])
    top, bottom = quotient(sp.eye(2))
    yield Identity(top - ((1 - p) * h2 + p * hi2), "<I, DI>")
    yield Identity(bottom - H_mean.trace(), "<I, CI>")
    q, qi = v.dot(H_mean * v), [v.dot(h * v) for h in H]
    top, bottom = quotient(v * v.T)
    yield Identity(top - ((1 - p) * q**2 + p * _mean([x**2 for x in qi])), "<vv', D vv'>")
    yield Identity(bottom - q * v.dot(v), "<vv', C vv'>")
    a, b = sp.symbols("a b", positive=True)  # v'H_i v
    claimed = (a + b) / 2 + p * _mean([(x - (a + b) / 2) ** 2 for x in (a, b)]) / ((a + b) / 2)
    yield Identity(((1 - p) * ((a + b) / 2) ** 2 + p * (a**2 + b**2) / 2) / ((a + b) / 2) - claimed, "R_1")


@check(paper.TRACE, level=Level.SYMBOLIC)
def rank_one_trace(ctx: Context) -> Iterator[Evidence]:
    """For rank one, mean ||H_i||_F^2 - (Tr H)^2 is the variance of the squared row norms; equality for equal norms."""
    t = sp.symbols("t1:5", positive=True)
    h2 = sp.Symbol("h2", positive=True)
    average = sum(t) / 4
    from_quotient = ((1 - p) * h2 + p * sum(x**2 for x in t) / 4) / average
    stated = p * average + (1 - p) * h2 / average
    variance = sum((x - average) ** 2 for x in t) / 4
    yield Identity(
        from_quotient - stated - p * variance / average, "the quotient exceeds the stated bound by a variance"
    )
    n, B, a = sp.symbols("n B a", positive=True)
    weight = paper.noise_weight(n, B, replacement=False)
    left = weight * a**2 + (1 - weight) * (n * (a**2 / n) ** 2) / a**2
    yield Identity(left - _expression(ctx, eta=2 * B / a**2), "equality for the orthogonal design, every n and B")


@check(paper.SUFFICIENT, level=Level.SYMBOLIC)
def identity_condition(ctx: Context) -> Iterator[Evidence]:
    """``T(I) = (I - eta H)^2 + eta^2 p (mean H_i^2 - H^2)``, two generic Hessians; the bound is the smaller eigenvalue's."""
    H = [_symmetric("h0"), _symmetric("h1")]
    H_mean, one = _mean(H), sp.eye(2)
    D_I = (1 - p) * H_mean**2 + p * _mean([h**2 for h in H])
    T_I = one - 2 * eta * H_mean + eta**2 * D_I
    stated = (one - eta * H_mean) ** 2 + eta**2 * p * (_mean([h**2 for h in H]) - H_mean**2)
    for a, b in product(range(2), repeat=2):
        yield Identity((T_I - stated)[a, b], f"entry {a}{b} of T(I)")


@check(paper.GAUSSIAN, level=Level.SYMBOLIC)
def isserlis_and_the_isotropic_root(ctx: Context) -> Iterator[Evidence]:
    """``E (J'XJ) JJ' = 2HXH + Tr(XH) H`` (d = 2); for every d the claimed equation is eta D(X) = 2 C(X) for a diagonal X; H = I."""
    X = _symmetric("x")
    s = sp.symbols("s1 s2", positive=True)
    z = sp.symbols("z1 z2", real=True)
    J = sp.Matrix([s[0] * z[0], s[1] * z[1]])
    H = sp.diag(s[0] ** 2, s[1] ** 2)
    fourth = (J.dot(X * J) * J * J.T).applyfunc(lambda e: _gaussian_mean(sp.expand(e), z))
    target = 2 * H * X * H + (X * H).trace() * H
    for a, b in product(range(2), repeat=2):
        yield Identity((fourth - target)[a, b], f"entry {a}{b} of E (J'XJ) JJ'")
    B, d, lam = sp.symbols("B d lam", positive=True)
    x = eta / B / (2 - (1 + 1 / B) * eta * lam)  # x_j, with sum_k lam_k x_k = 1, which is the claimed equation
    balance = eta * ((1 + 1 / B) * lam**2 * x + lam / B) - 2 * lam * x
    yield Identity(balance, "eta D(X) = 2 C(X) in each coordinate")
    vector = ctx.claim.parameter("lam_j").symbol
    summand = ctx.claim.expression.replace(
        lambda e: isinstance(e, sp.Indexed) and e.base == vector, lambda e: sp.Integer(1)
    )
    one = ctx.claim.expression.function.subs(
        {ctx.claim.parameter("eta").symbol: eta, ctx.claim.parameter("B").symbol: B}
    ).replace(lambda e: isinstance(e, sp.Indexed) and e.base == vector, lambda e: lam)
    yield Identity(one * eta - lam * x, "a term of the claimed sum is lam_j x_j/eta")
    root = 2 * B / (d + B + 1)
    whole = summand.doit().subs(
        {ctx.claim.parameter("eta").symbol: root, ctx.claim.parameter("B").symbol: B, sp.Symbol("d"): d},
        simultaneous=True,
    )
    yield Identity(whole - 1 / root, "isotropic features")


def _gaussian_mean(e: sp.Expr, z: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Mean of a polynomial in independent standard normal variables: E z^k = (k - 1)!! for even k."""
    terms = sp.Poly(e, *z).terms()
    return sum(c * sp.prod([0 if k % 2 else sp.factorial2(k - 1) if k else 1 for k in powers]) for powers, c in terms)


@check(paper.STATIONARY_COVARIANCE, level=Level.SYMBOLIC)
def fixed_point_in_one_dimension(ctx: Context) -> Iterator[Evidence]:
    """d = 1, any n: the claimed variance is the fixed point of the recursion with additive noise."""
    h, m, g2 = sp.symbols("h m g2", positive=True)  # mean h_i, mean h_i^2, mean g_i^2
    kept = 1 - 2 * eta * h + eta**2 * ((1 - p) * h**2 + p * m)
    claimed = _expression(ctx, eta=eta, p=p, y=g2 / (2 * h - eta * ((1 - p) * h**2 + p * m)))
    yield Identity(kept * claimed + eta**2 * p * g2 - claimed, "fixed point")


@check(paper.LOSS_FROBENIUS, level=Level.SYMBOLIC)
def loss_after_one_step(ctx: Context) -> Iterator[Evidence]:
    """``T(H) = (I - eta H) H (I - eta H) + eta^2 p N``, two generic rows: the first part is PSD, N >= mu0 ||H||_F^2 H."""
    J = [sp.Matrix(sp.symbols(f"j{i}1 j{i}2", real=True)) for i in range(2)]
    Hs = [j * j.T for j in J]
    H, one = _mean(Hs), sp.eye(2)
    N = _mean([j * j.dot(H * j) * j.T for j in J]) - H**3
    T_H = H - 2 * eta * H**2 + eta**2 * ((1 - p) * H**3 + p * _mean([h * H * h for h in Hs]))
    for a, b in ((0, 0), (0, 1), (1, 1)):
        split = ((one - eta * H) * H * (one - eta * H) + eta**2 * p * N)[a, b]
        yield Identity(T_H[a, b] - split, f"entry {a}{b}")
    h2, mu0, quad = sp.symbols("h2 mu0 quad", positive=True)  # quad = delta'H delta = 2 L
    claimed = _expression(ctx, eta=eta, p=p, mu0=mu0, h2=h2, loss=quad / 2)
    yield Identity(eta**2 * p * mu0 * h2 * quad / 2 - claimed, "half of delta'N delta at its lower bound")


@check(paper.RELU_PATHNORM, level=Level.SYMBOLIC)
def one_neuron_on_a_symmetric_pair(ctx: Context) -> Iterator[Evidence]:
    """One neuron at x and -x, d = 3: the squared gradient averages to half of (w'x)^2 + a^2 |x|^2; and the mean inequality."""
    a = sp.Symbol("a", real=True)
    w, x = sp.Matrix(sp.symbols("w1:4", real=True)), sp.Matrix(sp.symbols("x1:4", real=True))
    active = w.dot(x) ** 2 + a**2 * x.dot(x)  # relu^2 + |a relu' x|^2 where w'x > 0; both vanish at -x
    claimed = _expression(ctx, wSw=w.dot(x) ** 2, a2=a**2, trS=x.dot(x))
    yield Identity(active / 2 - claimed, "mean over the pair")
    s, d, size, weight = sp.symbols("s d size weight", positive=True)  # size = |w|, weight = |a|
    claimed = _expression(ctx, wSw=s * size**2, a2=weight**2, trS=s * d)
    path = s * sp.sqrt(d) * weight * size
    yield Identity(claimed - path - s / 2 * (size - sp.sqrt(d) * weight) ** 2, "Tr H exceeds the path norm by a square")


@check(paper.DIAGONAL_L1, level=Level.SYMBOLIC)
def trace_of_a_diagonal_network(ctx: Context) -> Iterator[Evidence]:
    """d = 2, E xx' = I: the gradient's mean square is ||a||^2 + ||b||^2, and it exceeds 2 |a_j b_j| by squares."""
    a, b = sp.symbols("a1 a2", real=True), sp.symbols("b1 b2", real=True)
    x = sp.symbols("x1 x2", real=True)
    f = sum(ai * bi * xi for ai, bi, xi in zip(a, b, x, strict=True))
    squares = sp.expand(sum(sp.diff(f, q) ** 2 for q in (*a, *b)))
    mean_square = squares.subs({x[0] ** 2: 1, x[1] ** 2: 1})
    claimed = _expression(ctx, tr=sum(q**2 for q in (*a, *b)))
    yield Identity(mean_square - claimed, "Tr H")
    u, v = sp.symbols("u v", nonnegative=True)  # |a_j|, |b_j|
    yield Identity(u**2 + v**2 - 2 * u * v - (u - v) ** 2, "each coordinate's excess is a square")


@check(paper.DUAL_THRESHOLD, level=Level.SYMBOLIC)
def kernel_entries_are_nonnegative(ctx: Context) -> Iterator[Evidence]:
    """``n K_ij = 2 int_0^oo (J_i' e^{-Ht} J_j)^2 dt``, since 1/(w_a + w_b) integrates exp(-(w_a + w_b) t)."""
    w, u = sp.symbols("w1 w2", positive=True), sp.symbols("u1 u2", real=True)  # u_a = J_ia J_ja in H's eigenbasis
    t, rate = sp.symbols("t rate", positive=True)
    total = sp.integrate(sp.exp(-rate * t), (t, 0, sp.oo))
    square = sp.expand(sum(ua * sp.exp(-wa * t) for ua, wa in zip(u, w, strict=True)) ** 2)
    integral = sum(term.subs(t, 0) * total.subs(rate, -sp.diff(sp.log(term), t)) for term in square.args)
    entry = sum(u[a] * u[b] * 2 / (w[a] + w[b]) for a, b in product(range(2), repeat=2))
    yield Identity(entry - 2 * integral, "an entry of n K")
