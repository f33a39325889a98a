"""Exact laws: Schur-Cohn brackets, rational Yule-Walker solutions, random staleness, extrapolation to h = 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian import Delay
from gradproof.solvers.gaussian.delay import companion
from gradproof.solvers.gaussian.moments import EPS, identity, random_matrices, solve
from gradproof.theory.axioms import Form
from gradproof.theory.errors import DomainError
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.proof import Proof, Statement
from gradproof.theory.sampling import stale_sgmcmc as paper

F = Fraction
DIGITS = 50


def decimals(bound: Any) -> tuple[Fraction, Fraction]:
    """A bound to 50 digits as a rational, and what that leaves off."""
    value = Fraction(str(sp.N(bound, DIGITS)))
    return value, abs(value) / 10 ** (DIGITS - 10)


def bracket(tau: int, bits: int = 60) -> tuple[Fraction, Fraction]:
    """a_max by bisection, each step decided by the Schur-Cohn recursion in rationals."""
    low, high = F(0), F(3)
    for _ in range(bits):
        middle = (low + high) / 2
        low, high = (middle, high) if gaussian.is_stable(middle, tau) else (low, middle)
    return low, high


# --- stability -------------------------------------------------------------------------------------------------------


@check(paper.STABILITY, level=Level.EXACT)
def schur_cohn_bisection(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..6: the threshold by rational bisection to 2^-60, beside the claimed one."""
    for tau in range(7):
        low, high = bracket(tau)
        bound, cut = decimals(ctx.claim.bound(tau=tau))
        yield Measurement(
            measured=(low + high) / 2, bound=bound, error=(high - low) / 2 + cut, error_source="rational bracket",
            parameters={"tau": tau},
        )  # fmt: skip


@check(paper.STABILITY, level=Level.CERTIFIED)
def lyapunov_certificates(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..4, a within one percent below the claimed threshold: the kernel accepts a quadratic Lyapunov function."""
    for tau in range(5):
        a = Fraction(f"{float(ctx.claim.bound(tau=tau)) * 0.99:.4f}")
        try:
            yield lyapunov_proof(a, tau)
        except DomainError:  # a is not stable, so the claimed threshold is too large
            low, high = bracket(tau)
            yield Measurement(measured=(low + high) / 2, bound=a, error=high - low, parameters={"tau": tau})


def lyapunov_proof(a: Fraction, tau: int) -> Proof:
    """Proof that V = w'Xw does not increase by more than -|w|^2 a step and is nonnegative, X - A'XA = I over the rationals.

    Raises:
        DomainError: the step is past stability.
    """
    A = companion(a, tau, tau + 1)
    if not gaussian.is_stable(a, tau):
        raise DomainError(f"a = {a} is not below a_max({tau}) = {float(gaussian.critical(tau)[0]):.9g}")
    X = gaussian.stationary(random_matrices([1], [A.T]), identity(tau + 1, A)).matrix
    n = tau + 1
    drop = A.T @ X @ A - X + identity(n, A)  # zero
    target: dict[tuple[str, str], Any] = {}
    for name, matrix in (("w", drop), ("y", -X)):
        for i in range(n):
            for j in range(i, n):
                value = matrix[i, j] * (1 if i == j else 2)
                if value:
                    target[(f"{name}{i:02d}", f"{name}{j:02d}")] = value
    names = tuple(f"{k}{i:02d}" for k in "wy" for i in range(n))
    text = f"x+ = x - {a} x_(-{tau}): V(Aw) - V(w) + |w|^2 - V(y) <= 0 for all w, y, with V(w) = w'Xw"
    return Proof(Statement(names, (), (), Form(target, {}), (), (), text), (), None)


@certifier(paper.STABILITY)
def certificate(*, tau: Any, a: Any) -> Proof:
    """Proof that x_{l+1} = x_l - a x_{l-tau} is stable, at rational a."""
    return lyapunov_proof(Fraction(str(a)), int(tau))


# --- the stationary law ------------------------------------------------------------------------------------------------


@check(paper.VARIANCE, level=Level.EXACT)
def rational_laws(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..8, three steps each up to 0.97 of the threshold, with and without noise of the gradient, in rationals."""
    for tau in range(9):
        for share, lam, noise in ((0.1, F(1), 0), (0.6, F(2), 1), (0.97, F(1, 3), 0)):
            h = Fraction(f"{share * float(gaussian.critical(tau)[0]):.5f}") / lam
            law = Delay(lam, h, tau, noise)
            bound, cut = decimals(ctx.claim.bound(lam=lam, h=h, tau=tau, sigma=noise))
            yield Measurement(
                measured=law.variance, bound=bound, error=cut, error_source="50 digits",
                parameters={"tau": tau, "h": h, "lam": lam, "sigma": noise},
            )  # fmt: skip


def limit(values: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Value at h = 0 of a power series in h known at h, h/2, h/4, ..., and the last change as its error."""
    table, before = list(values), values[-1]
    for k in range(1, len(values)):
        before = table[-1]
        table = [(2**k * y - x) / (2**k - 1) for x, y in pairwise(table)]
    return table[0], abs(table[0] - before)


LAWS: dict[str, list[Fraction]] = {
    "fixed, 3": [F(0), F(0), F(0), F(1)],
    "uniform on 0..4": [F(1, 5)] * 5,
    "geometric": [F(8, 15), F(4, 15), F(2, 15), F(1, 15)],
    "0 or 5": [F(1, 2), F(0), F(0), F(0), F(0), F(1, 2)],
}


@check(paper.BIAS, level=Level.EXACT)
def random_staleness(ctx: Context) -> Iterator[Evidence]:
    """Four laws of independent staleness: (E x^2 - 1/lam)/h in rationals at h = 2^-6 .. 2^-10, extrapolated to 0."""
    for name, law in LAWS.items():
        mean = sum((k * p for k, p in enumerate(law)), F(0))
        found = []
        for k in range(6, 11):
            h = F(1, 2**k)
            found.append((gaussian.random_delay(1, h, law).matrix[0, 0] - 1) / h)
        value, error = limit(found)
        yield Measurement(
            measured=value, bound=ctx.claim.bound(mean_tau=mean), error=error, error_source="extrapolation",
            parameters={"law": name, "mean_tau": mean},
        )  # fmt: skip


@check(paper.BIAS, level=Level.EXACT)
def cyclic_staleness(ctx: Context) -> Iterator[Evidence]:
    """Delays that repeat a cycle, such as those of workers of unequal speed: the same limit of the mean of E x^2 over a cycle."""
    for cycle in ((0, 1, 2, 3, 4), (0, 5), (3, 0, 0, 1)):
        mean, found = F(sum(cycle), len(cycle)), []
        for k in range(6, 11):
            h = F(1, 2**k)
            laws = gaussian.cyclic_delay(1, h, cycle)
            found.append((sum((law.matrix[0, 0] for law in laws), F(0)) / len(laws) - 1) / h)
        value, error = limit(found)
        yield Measurement(
            measured=value, bound=ctx.claim.bound(mean_tau=mean), error=error, error_source="extrapolation",
            parameters={"delays": str(cycle), "mean_tau": mean},
        )  # fmt: skip


@check(paper.INDEPENDENT, level=Level.EXACT)
def long_run_variance(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..8, two curvatures: the sum of all autocovariances in rationals; finite averages come near from L = 1000 on."""
    for tau in range(9):
        for lam, h in ((F(1), F(1, 20)), (F(3), F(1, 30))):
            law = Delay(lam, h, tau)
            bound = ctx.claim.bound(lam=lam, h=h)
            where = {"tau": tau, "lam": lam, "h": h}
            yield Measurement(measured=law.long_run(1), bound=bound, parameters=where)


@check(paper.TRANSIENT, level=Level.EXACT)
def sums_of_means(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..8: the sum of the means, by the resolvent in rationals; and 4000 plain steps in floats."""
    for tau in range(9):
        a = F(1, 10)
        A = companion(a, tau, tau + 1)
        start = np.array([F(3)] * (tau + 1), dtype=object)
        total, _ = solve(identity(tau + 1, A) - A, start)
        bound = ctx.claim.bound(lam=2, h=a / 2, tau=tau, x0=3)
        yield Measurement(measured=total[0], bound=bound, parameters={"tau": tau})
        path = [3.0] * (tau + 1)
        for _ in range(4000):
            path.append(path[-1] - 0.1 * path[-1 - tau])
        plain = float(np.sum(path[tau:]))
        # 4000 roundings of numbers of size 3 or less; what is left after 4000 steps is below them
        yield Measurement(
            measured=plain, bound=bound, error=4000 * 3 * 4.5e-16 * 10, error_source="rounding", what="plain sum",
            parameters={"tau": tau},
        )  # fmt: skip


@check(paper.SPEEDUP, level=Level.EXACT)
def workers_and_rounds(ctx: Context) -> Iterator[Evidence]:
    """P = 1, 2, 4, 8: the limit in rationals; and R Var over P R updates at R = 512 and 1024, extrapolated in 1/R."""
    lam, h = F(1), F(1, 10)
    for P in (1, 2, 4, 8):
        bound = ctx.claim.bound(lam=lam, h=h, P=P)
        limit_ = Delay(lam, h, P - 1).long_run(1) / P
        yield Measurement(measured=limit_, bound=bound, what="limit", parameters={"P": P})
        law = Delay(1.0, 0.1, P - 1)
        # R Var = V/P + c/(P R) + exponentially small
        one, two = (R * float(law.average_variance(P * R)) for R in (512, 1024))
        # the recursion passes errors of r_0..r_tau on, times the size of the powers of its matrix, and adds roundings
        A = companion(0.1, P - 1, P)
        growth = max(float(np.abs(np.linalg.matrix_power(A, k)).sum(axis=1).max()) for k in range(200))
        error = 3 * 1024 * growth * (law.error + P * 1024 * EPS * float(law.variance))
        yield Measurement(
            measured=2 * two - one,
            bound=bound,
            error=error,
            error_source="rounding",
            parameters={"P": P, "rounds": 1024},
        )


# --- the orders --------------------------------------------------------------------------------------------------------


@check(paper.ORDERS, level=Level.EXACT)
def exponents(ctx: Context) -> Iterator[Evidence]:
    """Fixed tau: exponents of h in the bias of E x^2 and its square, and in what of the variance depends on tau."""
    for tau in (0, 1, 5):
        laws = [Delay(1, F(1, 2**k), tau) for k in (8, 9)]
        bias = [law.variance - 1 for law in laws]
        for k in (1, 2):
            slope = float(np.log2(float(bias[0] ** k / bias[1] ** k)))
            yield Measurement(
                measured=slope, bound=ctx.claim.bound(power=k), error=1e-14, error_source="rounding",
                parameters={"tau": tau, "power": k},
            )  # fmt: skip
    fresh, stale = ([law.long_run(2) * law.h for law in (Delay(1, F(1, 2**k), t) for k in (8, 9))] for t in (0, 5))
    parts = [s / f - 1 for s, f in zip(stale, fresh, strict=True)]
    yield Measurement(
        measured=float(np.log2(float(parts[0] / parts[1]))), bound=ctx.claim.bound(power=1), error=1e-14,
        error_source="rounding", relation=Relation.GE, what="exponent of the change of L h Var(x^2) by tau = 5",
    )  # fmt: skip
