"""Closed-form proofs for all parameters: accepted on their domains, at concrete points, and not beyond."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gradproof.theory.axioms import square
from gradproof.theory.classical import gd
from gradproof.theory.classical._gd_proofs import LONG, SHORT, contraction, function_value, proximal_point
from gradproof.theory.errors import DomainError, ProofRejected
from gradproof.theory.field import Interval
from gradproof.theory.proof import check


@pytest.mark.parametrize("domain", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("N", [1, 2])
def test_contraction_for_all_parameters(domain, N):
    assert check(contraction(N, domain=domain)).axioms == ("interpolation",)


@pytest.mark.parametrize("gamma", [Fraction(1, 10), Fraction(2, 11), Fraction(1, 5), Fraction(3)])
@pytest.mark.parametrize("N", [1, 7])
def test_contraction_at_a_point_has_the_claims_bound(gamma, N):
    proof = contraction(N, mu=Fraction(1), L=Fraction(10), gamma=gamma)
    check(proof)
    bound = gd.CONTRACTION.bound(mu=1, L=10, gamma=gamma, N=N)
    rate = 1 - proof.statement.target.quadratic.get(("x0", "x0"), 0)  # x_N has coefficient 1 on x_0
    assert rate == Fraction(int(bound.p), int(bound.q))


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_function_values_and_proximal_points_for_all_parameters(N):
    for proof in (function_value(N), proximal_point(N)):
        check(proof)
        better = proof.statement.target.copy()
        slightly = better.quadratic["x0", "x0"] * Fraction(999, 1000)
        better.quadratic["x0", "x0"] = slightly
        with pytest.raises(ProofRejected):
            check(replace(proof, statement=replace(proof.statement, target=better)))


def test_the_contraction_fails_outside_its_regime():
    """With the multipliers of the short steps, a domain of longer steps is refused."""
    proof = contraction(1, domain=SHORT)
    longer = (*SHORT[:2], Interval("gamma", "0", "3/(L + mu)", closed_high=True))
    with pytest.raises(ProofRejected):
        check(replace(proof, statement=replace(proof.statement, domain=longer)))


def test_a_proof_at_a_point_of_the_domain():
    proof = function_value(2).at(L=2, gamma=Fraction(1, 4))
    check(proof)
    assert proof.statement.target.quadratic == square({"x0": Fraction(1)}).quadratic | {("x0", "x0"): Fraction(-1, 3)}
    with pytest.raises(ProofRejected, match="outside"):
        function_value(2).at(L=2, gamma=1)
    with pytest.raises(DomainError, match="1/L"):
        function_value(2, L=Fraction(1), gamma=Fraction(3, 2))
