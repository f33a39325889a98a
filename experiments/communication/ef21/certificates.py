"""Certificates of the EF21 claims at concrete rational parameters, and a false one that the kernel must refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check, control
from gradproof.theory.axioms import square
from gradproof.theory.communication import ef21
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level
from gradproof.theory.parameter import as_number
from gradproof.theory.proof import Proof


def rational_q(alpha: Any) -> Fraction:
    """sqrt(1 - alpha) as a fraction.

    Raises:
        ParameterError: it is irrational; names the nearest alpha for which it is not.
    """
    exact = as_number(alpha, "alpha")
    beta = Fraction(1) - (
        Fraction(str(exact)) if not isinstance(exact, sp.Basic) else Fraction(int(exact.p), int(exact.q))
    )
    if not 0 <= beta < 1:
        raise ParameterError(f"alpha = {alpha} is outside (0, 1]")
    n, d = isqrt(beta.numerator), isqrt(beta.denominator)
    if n * n == beta.numerator and d * d == beta.denominator:
        return Fraction(n, d)
    near = Fraction(float(beta) ** 0.5).limit_denominator(100)
    raise ParameterError(
        f"a certificate needs a rational sqrt(1 - alpha); alpha = {alpha} has none, {1 - near**2} is near"
    )


def _exact(value: Any, name: str) -> Fraction:
    number = as_number(value, name)
    return Fraction(str(number)) if isinstance(number, float) else Fraction(int(number.p), int(number.q))


def _values(values: dict[str, Any], *names: str) -> dict[str, Fraction]:
    missing = [n for n in (*names, "alpha") if n not in values]
    extra = [n for n in values if n not in (*names, "alpha")]
    if missing or extra:
        need = ", ".join((*names, "alpha"))
        raise ParameterError(f"the certificate needs {need}; got {', '.join(values) or 'nothing'}")
    return {"q": rational_q(values["alpha"])} | {n: _exact(values[n], n) for n in names}


@certifier(ef21.DISTORTION)
def certify_distortion(**values: Any) -> Proof:
    """The distortion lemma at one alpha."""
    return proofs.distortion().at(**_values(values))


@certifier(ef21.LYAPUNOV_AM)
def certify_lyapunov(**values: Any) -> Proof:
    """The one-step inequality at concrete constants."""
    return proofs.lyapunov().at(**_values(values, "L", "L_AM", "gamma"))


@certifier(ef21.SHARP_THRESHOLD)
def certify_sharp(**values: Any) -> Proof:
    """V+ <= V - (1/gamma - 1/gamma*)||dx||^2 at concrete constants."""
    return proofs.sharp().at(**_values(values, "L", "L_AM", "gamma"))


@certifier(ef21.TIGHT_SINGLE_WORKER)
def certify_single_worker(**values: Any) -> Proof:
    """V+ <= rho' V with rho' above the tight rate by at most 1e-12, on a class that contains F(mu, L)."""
    exact = _values(values, "mu", "L")
    mu, L, q_ = exact["mu"], exact["L"], exact["q"]
    if not 0 < mu < L:
        raise ParameterError(f"need 0 < mu < L, got mu = {mu}, L = {L}")
    rho = sp.N(ef21.contraction_rate(mu, L, values["alpha"]), 40)
    z = Fraction(str(sp.sqrt(rho))).limit_denominator(10**15) + Fraction(1, 10**13)
    return proofs.tight_single_worker().at(z=min(z, (z + 1) / 2), q=q_, K=mu + L)


GRID = ((Fraction(1, 4), Fraction(3, 4)), (Fraction(1), Fraction(1)), (Fraction(1, 10), Fraction(5)))


@check(ef21.SHARP_THRESHOLD, level=Level.CERTIFIED)
def certified_below_threshold(ctx: Context) -> Iterator[Evidence]:
    """Certificates at rational (L, L_AM, alpha), at 9/10 of the threshold."""
    for L, L_AM in GRID:
        for alpha in (Fraction(3, 4), Fraction(7, 16), Fraction(19, 100)):
            gamma = Fraction(9, 10) * _exact(ctx.claim.bound(L=L, L_AM=L_AM, alpha=alpha), "gamma")
            yield certify_sharp(L=L, L_AM=L_AM, gamma=gamma, alpha=alpha)


@check(ef21.LYAPUNOV_AM, level=Level.CERTIFIED)
def certified_one_step(ctx: Context) -> Iterator[Evidence]:
    """Certificates at rational constants and at the paper's step size."""
    for L, L_AM in GRID:
        for alpha in (Fraction(3, 4), Fraction(9, 25)):
            gamma = _exact(ef21.step_size_am(L, (L_AM,), alpha), "gamma")
            yield certify_lyapunov(L=L, L_AM=L_AM, gamma=gamma, alpha=alpha)


@check(ef21.TIGHT_SINGLE_WORKER, level=Level.CERTIFIED)
def certified_rate(ctx: Context) -> Iterator[Evidence]:
    """Certificates of the tight rate, rounded up by at most 1e-12."""
    for mu, L in ((Fraction(1, 10), Fraction(1)), (Fraction(1, 2), Fraction(3))):
        for alpha in (Fraction(3, 4), Fraction(19, 100)):
            yield certify_single_worker(mu=mu, L=L, alpha=alpha)


@control(ef21.SHARP_THRESHOLD, drops="a threshold 1% too large")
def kernel_refuses_a_larger_threshold(ctx: Context) -> Iterator[Evidence]:
    """The same multipliers with 1/gamma* made 1% smaller: the kernel must refuse."""
    proof = certify_sharp(L=Fraction(1, 4), L_AM=Fraction(3, 4), gamma=1, alpha=Fraction(3, 4))
    better = proof.statement.target.copy().add(square({"e": Fraction(1), "h": Fraction(1)}), Fraction(1, 100))
    yield replace(proof, statement=replace(proof.statement, target=better), blocks=None)
