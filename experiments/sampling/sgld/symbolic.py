"""Identities by computer algebra, and the kernel's proof of the contraction."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.sampling import sgld as paper
from gradproof.theory.symbolic import Identity, Inequality

_N, _P = 3, 2  # samples and indices a step of the symbolic enumerations


def _symbols() -> tuple[sp.Expr, list[sp.Expr], list[sp.Expr]]:
    """H_0, the H_i, and the g_i = U_i'(theta*) of a one-dimensional quadratic finite sum."""
    H0 = sp.Symbol("H_0", positive=True)
    return H0, list(sp.symbols(f"H_1:{_N + 1}", positive=True)), list(sp.symbols(f"g_1:{_N + 1}", real=True))


def _batches() -> list[tuple[int, ...]]:
    return list(product(range(_N), repeat=_P))


def _estimates(delta: sp.Expr) -> dict[str, list[sp.Expr]]:
    """The gradients of each method at theta* + delta, one a batch; U_0'(theta*) = -sum g_i."""
    H0, H, g = _symbols()
    scale = sp.Rational(_N, _P)
    sgld = [H0 * delta - sum(g) + scale * sum(H[i] * delta + g[i] for i in b) for b in _batches()]
    anchor = [-sum(g) + scale * sum(g[i] for i in b) for b in _batches()]
    full = H0 * delta + sum(H) * delta
    return {"lmc": [full], "sgld": sgld, "sgldfp": [a - b for a, b in zip(sgld, anchor, strict=True)], "sgd": sgld}


@check(paper.MEAN, level=Level.SYMBOLIC)
def mean_of_a_step(ctx: Context) -> Iterator[Evidence]:
    """One dimension, three samples, two indices a step: the mean over all batches, for each method; then the claimed power."""
    delta = sp.Symbol("delta", real=True)
    gamma, h, t, start = (ctx.claim.parameter(n).symbol for n in ("gamma", "h", "t", "delta0"))
    H0, H, _ = _symbols()
    one = ctx.claim.expression.subs({t: 1, h: H0 + sum(H), start: delta})
    for name, values in _estimates(delta).items():
        yield Identity(delta - gamma * sum(values) / len(values) - one, f"{name}: mean of one step")
    nothing = ctx.claim.expression.subs(t, 0)
    again = ctx.claim.expression.subs(start, ctx.claim.expression.subs(t, 1)).subs(t, 2)
    yield Identity(nothing - start, "no step")
    yield Identity(sp.expand(again - ctx.claim.expression.subs(t, 3)), "two steps more")


@check(paper.STATIONARITY, level=Level.SYMBOLIC)
def expected_increment(ctx: Context) -> Iterator[Evidence]:
    """Any functions: the mean increment of each method is -gamma U'(theta), which is 0 under an invariant law."""
    f = sp.symbols(f"f_0:{_N + 1}", real=True)  # U_i'(theta)
    a = sp.symbols(f"a_1:{_N + 1}", real=True)  # U_i'(theta*), with U_0'(theta*) = -sum
    scale, n = sp.Rational(_N, _P), len(_batches())
    plain = sum(f[0] + scale * sum(f[i + 1] for i in b) for b in _batches()) / n
    anchored = plain - sum(-sum(a) + scale * sum(a[i] for i in b) for b in _batches()) / n
    for name, mean in (("sgld, sgd", plain), ("sgldfp", anchored)):
        yield Identity(mean - sum(f) - ctx.claim.expression, name)


@check(paper.COVARIANCE, level=Level.SYMBOLIC)
def second_moment_of_a_step(ctx: Context) -> Iterator[Evidence]:
    """One dimension, three samples, two indices a step: E delta+^2 over all batches, for each method."""
    delta, c = sp.symbols("delta c")
    H0, H, g = _symbols()
    h = H0 + sum(H)
    T = (_N * sum(x**2 for x in H) - sum(H) ** 2) * c / _P
    M = (_N * sum(x**2 for x in g) - sum(g) ** 2) / sp.Integer(_P)
    gamma, hch, tT, m, d, w = (ctx.claim.parameter(n).symbol for n in ("gamma", "hch", "tT", "m", "d", "w"))
    noise = {"lmc": (0, 0, 1), "sgldfp": (T, 0, 1), "sgld": (T, M, 1), "sgd": (T, M, 0)}
    for name, values in _estimates(delta).items():
        t, a, warm = noise[name]
        square = sp.expand(sum((delta - gamma * v) ** 2 for v in values) / len(values) + 2 * gamma * warm)
        after = square.coeff(delta, 2) * c + square.coeff(delta, 0)  # E delta = 0, E delta^2 = c
        claimed = ctx.claim.expression.subs({hch: h**2 * c, tT: t, m: a, d: 1, w: warm})
        yield Identity(after - (c - 2 * gamma * h * c + gamma * claimed), name)


@check(paper.ADDITIVITY, level=Level.SYMBOLIC)
def the_equation_is_linear(ctx: Context) -> Iterator[Evidence]:
    """Three unknowns (two dimensions), any operator: solutions add up with their right-hand sides; what E solves; signs."""
    L = sp.Matrix(3, 3, sp.symbols("l_1:10"))
    a, b = sp.Matrix(sp.symbols("a_1:4")), sp.Matrix(sp.symbols("b_1:4"))
    fp, sgd = (ctx.claim.parameter(n).symbol for n in ("c_fp", "c_sgd"))
    trace = sp.Matrix([[1, 0, 1]]) * L.adjugate()
    x, y, z = ((trace * r)[0] / L.det() for r in (2 * a, b, 2 * a + b))
    yield Identity(z - ctx.claim.expression.subs({fp: x, sgd: y}), "traces of the solutions")
    h, t, g = sp.symbols("h t gamma", positive=True)
    c_fp, c_lmc = 2 / (2 * h - g * (h**2 + t)), 2 / (2 * h - g * h**2)
    yield Identity((2 * h - g * h**2) * (c_fp - c_lmc) - g * t * c_fp, "the equation of E, in one dimension")
    below = Interval("gamma", "0", "2*h/(h**2 + t)")
    domain = (Interval("h"), Interval("t", closed_low=True), below)
    yield Inequality(c_fp - c_lmc, domain, what="E >= 0, in one dimension")


@check(paper.STABILITY, level=Level.SYMBOLIC)
def threshold_on_the_line(ctx: Context) -> Iterator[Evidence]:
    """One dimension: the factor of E delta^2 is below 1 iff gamma is below the claimed threshold, and that is <= 2/h."""
    h, t, g = sp.symbols("h t gamma", positive=True)
    claimed = ctx.claim.expression.subs(ctx.claim.parameter("lam").symbol, (h**2 + t) / (2 * h))
    factor = (1 - g * h) ** 2 + g**2 * t
    yield Identity(factor - 1 - g * (h**2 + t) * (g - claimed), "sign of the factor minus one")
    yield Inequality(2 / h - claimed, (Interval("h"), Interval("t", closed_low=True)), what="at most 2/h")


@check(paper.LMC_EXACT, level=Level.SYMBOLIC)
def one_eigenvalue(ctx: Context) -> Iterator[Evidence]:
    """The claimed variance solves its equation; the distance of two centred normal laws is the difference of their deviations."""
    h, g = sp.Symbol("h", positive=True), ctx.claim.parameter("gamma").symbol
    c = 1 / (h * (1 - g * h / 2))
    yield Identity(2 * h * c - g * h**2 * c - 2, "variance")
    claimed = ctx.claim.expression.subs(sp.Symbol("d", integer=True, positive=True), 1).doit()
    claimed = claimed.subs(ctx.claim.parameter("h_j").symbol[1], h)
    a = sp.Symbol("a", positive=True)  # a^2 = 1 - gamma h/2
    yield Identity(
        (claimed - (c + 1 / h - 2 * sp.sqrt(c / h))).subs(g, 2 * (1 - a**2) / h), "A + B - 2 (A^{1/2} B A^{1/2})^{1/2}"
    )


@check(paper.GAUSSIAN_MEAN, level=Level.SYMBOLIC)
def solve_the_equations(ctx: Context) -> Iterator[Evidence]:
    """h = N, gamma = eta/N, T = 0, M = N^2 s^2/p in the covariance equations; LMC's part falls as 1/N, SGD's does not."""
    N, eta, p, s2 = (ctx.claim.parameter(n).symbol for n in ("N", "eta", "p", "s2"))
    g, M = eta / N, N**2 * s2 / p
    lmc, sgd = 2 / (N * (2 - eta)), eta * s2 / (p * (2 - eta))
    yield Identity(2 * N * lmc - g * N**2 * lmc - 2, "LMC and SGLDFP")
    yield Identity(2 * N * sgd - g * N**2 * sgd - g * M, "SGD")
    yield Identity(ctx.claim.expression - lmc - sgd, "SGLD is their sum")


@check(paper.CONTRACTION, level=Level.SYMBOLIC)
def co_coercivity(ctx: Context) -> Iterator[Evidence]:
    """Kernel proofs for one to three minibatches; and for any number: D, S, Q stand for |d|^2, <d, dG>, E|dg|^2."""
    for n in (1, 2, 3):
        yield paper.contraction_proof(n)
    g, mu, L = (ctx.claim.parameter(n).symbol for n in ("gamma", "mu", "L_h"))
    D, S, Q = sp.symbols("D S Q", positive=True)
    after = D - 2 * g * S + g**2 * Q
    left = ctx.claim.expression * D - after
    yield Identity(left - 2 * g * (1 - g * L / 2) * (S - mu * D) - g**2 * (L * S - Q), "two inequalities, weighted")
    domain = (Interval("L_h"), Interval("gamma", "0", "2/L_h"))
    yield Inequality(1 - g * L / 2, domain, strict=True, what="the first weight")


@check(paper.BIAS, level=Level.SYMBOLIC)
def expand_the_mean_gradient(ctx: Context) -> Iterator[Evidence]:
    """0 = E U'(theta) to second order with LMC's variance; in the plane, the d-dimensional form on a turned product."""
    u2, u3, eta = (ctx.claim.parameter(n).symbol for n in ("u2", "u3", "eta"))
    N = sp.Symbol("N", positive=True)
    c = 2 / (2 * N * u2 - (eta / N) * (N * u2) ** 2)
    mean = ctx.claim.expression / N
    yield Identity(N * u2 * mean + N * u3 * c / 2, "first order of E U'")
    s, v2, v3 = sp.symbols("s v2 v3", real=True)
    q = sp.Matrix([[1 - s**2, -2 * s], [2 * s, 1 - s**2]]) / (1 + s**2)  # columns: any two orthonormal directions
    curvatures, thirds = (u2, v2), (u3, v3)
    other = {u2: v2, u3: v3}
    lines = (ctx.claim.expression, ctx.claim.expression.subs(other, simultaneous=True))
    # with H = Q diag(u2, v2) Q', C = Q diag Q', D^3 U = sum of thirds times cubes: H b = -(1/2) D^3U[C]
    C = q * sp.diag(*(2 / (2 * k - eta * k**2) for k in curvatures)) * q.T
    cubed = sum((thirds[k] * (q[:, k].T * C * q[:, k])[0] * q[:, k] for k in range(2)), start=sp.zeros(2, 1))
    bias = sum((lines[k] * q[:, k] for k in range(2)), start=sp.zeros(2, 1))
    H = q * sp.diag(*curvatures) * q.T
    for k in range(2):
        yield Identity(sp.together((H * bias + cubed / 2)[k]), f"component {k + 1} in the plane")
