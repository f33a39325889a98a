"""Claims of convex-relu: bounds at known points, the ADMM proof and its corruptions, assumptions that bite."""

import pytest
import sympy as sp

from gradproof.theory.errors import DomainError, ProofRejected
from gradproof.theory.networks import convex_relu
from gradproof.theory.proof import check


def test_bounds_at_known_points():
    assert convex_relu.ARRANGEMENT_COUNT.bound(n=6, r=2) == 12
    assert convex_relu.ARRANGEMENT_COUNT.bound(n=6, r=3) == 32
    at = {"y2": 7, "c_plus": 7, "c_minus": 1, "z_plus": 10, "z_minus": 5, "beta": sp.Rational(1, 2)}
    assert convex_relu.D1_CLOSED_FORM.bound(**at) == sp.Rational(13625, 10000)
    assert convex_relu.SAMPLED_PATTERNS.bound(n=6, P_s=32) == sp.Rational(6, 33)
    assert convex_relu.ROBUST_HINGE.bound(margin=2, eps=0, l1=5) == 0


def test_the_decrease_of_admm_is_accepted_and_nothing_more():
    assert check(convex_relu.admm_decrease()).axioms == ("monotone",)
    with pytest.raises(ProofRejected):
        check(convex_relu.admm_decrease(kept=2))


def test_too_few_samples_are_outside_the_claim():
    with pytest.raises(DomainError, match="enough_samples"):
        convex_relu.SAMPLE_SIZE.bound(n=6, P_s=5, xi=0.5, psi=0.5)
    assert convex_relu.SAMPLE_SIZE.confidence == "recalled"
