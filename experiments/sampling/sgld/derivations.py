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
from gradproof.theory.proof import Proof
from gradproof.theory.sampling import sgld as paper
from gradproof.theory.symbolic import Identity


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
