"""Identities by computer algebra, certificates on both sides of thresholds."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Certificate, Context, Evidence, certifier, check
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.solvers import gaussian
from gradproof.solvers.exact.rounding import rows_of, whole_number
from gradproof.solvers.gaussian.langevin import METHODS
from gradproof.solvers.moments.certificates import certify
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.proof import Proof
from gradproof.theory.sampling import sgld as paper
from gradproof.theory.symbolic import Identity, Inequality

_N, _p, _gamma = (sp.Symbol(k, positive=True) for k in ("N", "p", "gamma"))
# matrices of any size d: H_0, A = sum H_i, C, and sum H_i C H_i; vectors' outer products: sum g_i g_i', (sum g_i)(sum g_i)'
_H0, _A, _C, _HCH, _GG, _gg = sp.symbols("H_0 A C HCH GG gg", commutative=False)


def _sampled(total: sp.Expr) -> sp.Expr:
    """E (N/p) sum over the batch, for terms whose sum over all samples is ``total``: p indices, each uniform."""
    return _N / _p * _p * total / _N


def _sampled_pairs(singles: sp.Expr, product_of_sums: sp.Expr) -> sp.Expr:
    """E of ((N/p) sum over the batch) times the same: p equal and p (p - 1) independent pairs of indices."""
    return (_N / _p) ** 2 * (_p * singles / _N + _p * (_p - 1) * product_of_sums / _N**2)


@check(paper.COVARIANCE, level=Level.SYMBOLIC)
def second_moment_of_a_step(ctx: Context) -> Iterator[Evidence]:
    """Any N, p and d: E delta+ delta+' for each method, H_i and C as matrices that do not commute; the claim is its trace."""
    H = _H0 + _A
    T, M = (_N * _HCH - _A * _C * _A) / _p, (_N * _GG - _gg) / _p
    gamma, hch, tT, m, d, w = ctx.symbols()
    eye = sp.Symbol("eye", commutative=False)
    # E H_S C H_S, with H_S = H_0 + the batch's part; E delta = 0 leaves no cross terms with g_S
    seen = _H0 * _C * _H0 + _H0 * _C * _sampled(_A) + _sampled(_A) * _C * _H0 + _sampled_pairs(_HCH, _A * _C * _A)
    kick = _sampled_pairs(_GG, _gg) - _sampled(_gg) - _sampled(_gg) + _gg  # g_S = the batch's part - sum g_i
    for name, (bend, add, warm) in {
        "lmc": (H * _C * H, 0, 1), "sgldfp": (seen, 0, 1), "sgld": (seen, kick, 1), "sgd": (seen, kick, 0)
    }.items():  # fmt: skip
        after = _C - gamma * (H * _C + _C * H) + gamma**2 * (bend + add) + 2 * gamma * warm * eye
        terms = {hch: H * _C * H, tT: T if name != "lmc" else 0, m: M if add else 0, w: warm}
        claimed = ctx.claim.expression.subs(terms, simultaneous=True).subs(d, eye)
        yield Identity(sp.expand(after - (_C - gamma * (H * _C + _C * H) + gamma * claimed)), name)


@check(paper.ADDITIVITY, level=Level.CERTIFIED)
def entries_and_distances(ctx: Context) -> Iterator[Evidence]:
    """Rational regressions: all entries add up, E >= 0 solves its equation, and the traces are above Gelbrich's bounds."""
    for N, d, p in ((50, 3, 1), (20, 2, 3)):
        problem = data.rational(N, d)
        gamma, H = data.window(problem, p), problem.H
        C = {m: gaussian.covariance(problem, gamma, m, p).matrix for m in METHODS}
        E = C["sgldfp"] - C["lmc"]
        equation = H @ E + E @ H - gamma * H @ E @ H - gamma * problem.T(C["sgldfp"], p)
        for what, gap in (("entries", C["sgld"] - C["sgldfp"] - C["sgd"]), ("equation of E", equation)):
            yield Identity(sp.Integer(0) + sum(abs(sp.Rational(x)) for x in gap.ravel()), f"{what}, N = {N}")
        yield Identity(sp.Integer(not gaussian.semidefinite(E)), "E >= 0")
        for one, other, upper in (("sgld", "sgldfp", C["sgd"]), ("sgldfp", "lmc", E)):
            below = gaussian.bures_between(C[one], C[other])[1] <= np.trace(upper)
            yield Identity(sp.Integer(not below), f"W2^2({one}, {other})")


@check(paper.STABILITY, level=Level.SYMBOLIC)
def threshold_on_the_line(ctx: Context) -> Iterator[Evidence]:
    """One dimension: the factor of E delta^2 is below 1 iff gamma is below the claimed threshold, and that is <= 2/h."""
    (h, g), t = sp.symbols("h gamma", positive=True), sp.Symbol("t", nonnegative=True)
    claimed = ctx.claim.expression.subs(ctx.claim.parameter("lam").symbol, (h**2 + t) / (2 * h))
    factor = (1 - g * h) ** 2 + g**2 * t
    yield Identity(factor - 1 - g * (h**2 + t) * (g - claimed), "sign of the factor minus one")
    yield Inequality(2 / h - claimed, (Interval("h"), Interval("t", closed_low=True)), what="at most 2/h")


@check(paper.STABILITY, level=Level.CERTIFIED)
def certificates_on_both_sides(ctx: Context) -> Iterator[Evidence]:
    """Stable a billionth below the threshold of linearised SGD, unstable a billionth above it, and at LMC's, 2/lambda_max(H)."""
    for N, d, p in ((20, 2, 1), (20, 2, 4)):
        problem = data.rational(N, d)
        middle, near = Fraction(gaussian.threshold(problem, p).value), Fraction(1, 10**9)
        full = Fraction(2 / float(np.linalg.eigvalsh(problem.H.astype(float))[-1])).limit_denominator(10**6)
        for side, gamma in (("stable", middle * (1 - near)), ("unstable", middle * (1 + near)), ("unstable", full)):
            found = certify(problem.per_sample.tolist(), gamma, batch_size=p, replacement=True)
            if found.side != side:
                raise ParameterError(f"gamma = {float(gamma)} is proved {found.side}, N = {N}, d = {d}, p = {p}")
            yield Certificate(found.proof(), {"N": N, "p": p, "gamma": gamma})


@certifier(paper.STABILITY)
def certificate(
    *, rows: Any, d: Any, gamma: Any, p: Any = 1, noise: Any = 1, prior: Any = 1
) -> tuple[Proof, dict[str, Any]]:
    """Proof that SGLD's second moments settle at ``gamma``, or that they grow, for linear regression.

    Args:
        rows: N * d rational entries, row after row. noise: variance. prior: precision. p: indices a step.
    """
    X = gaussian.fractions(np.array([[str(v) for v in row] for row in rows_of(rows, d)]), Fraction)
    zero = np.zeros(len(X), dtype=int)
    problem = gaussian.regression(X, zero, noise=Fraction(str(noise)), prior=Fraction(str(prior)))
    B = whole_number(p, "p", least=1)
    found = certify(problem.per_sample.tolist(), Fraction(str(gamma)), batch_size=B, replacement=True)
    return found.proof(), {"side": found.side}


@check(paper.LMC_EXACT, level=Level.SYMBOLIC)
def one_eigenvalue(ctx: Context) -> Iterator[Evidence]:
    """The claimed variance solves its equation; the distance of two centred normal laws is the difference of their deviations."""
    h, g = sp.Symbol("h", positive=True), ctx.claim.parameter("gamma").symbol
    c = 1 / (h * (1 - g * h / 2))
    yield Identity(2 * h * c - g * h**2 * c - 2, "variance")
    claimed = ctx.claim.expression.subs(sp.Symbol("d", integer=True, positive=True), 1).doit()
    claimed = claimed.subs(ctx.claim.parameter("h_j").symbol[1], h)
    a = sp.Symbol("a", positive=True)  # a^2 = 1 - gamma h/2
    distance = claimed - (c + 1 / h - 2 * sp.sqrt(c / h))
    yield Identity(distance.subs(g, 2 * (1 - a**2) / h), "A + B - 2 (A^{1/2} B A^{1/2})^{1/2}")


@check(paper.BIAS, level=Level.CERTIFIED)
def expand_the_mean_gradient(ctx: Context) -> Iterator[Evidence]:
    """Formally: 0 = E U'(theta) to second order with LMC's variance; the remainder is bounded in `sgld.bias-expansion`."""
    u2, u3, eta = ctx.symbols("u2", "u3", "eta")
    N = sp.Symbol("N", positive=True)
    c = 2 / (2 * N * u2 - (eta / N) * (N * u2) ** 2)
    mean = ctx.claim.expression / N
    yield Identity(N * u2 * mean + N * u3 * c / 2, "first order of E U'")
