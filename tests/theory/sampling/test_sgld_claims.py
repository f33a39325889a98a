"""SGLD's claims as data: values, and domains."""

from fractions import Fraction

import pytest

from gradproof.theory.errors import DomainError
from gradproof.theory.sampling import sgld


def test_values():
    assert sgld.GAUSSIAN_MEAN.bound(N=10, eta=1, p=2, s2=3) == Fraction(17, 10)
    assert float(sgld.LMC_EXACT.bound(gamma=1, h_j=[1])) == pytest.approx((2**0.5 - 1) ** 2, rel=1e-12)
    assert sgld.CONTRACTION.bound(gamma=Fraction(1, 4), mu=2, L_h=4) == Fraction(1, 2)


def test_domains():
    with pytest.raises(DomainError, match="stable"):
        sgld.GAUSSIAN_MEAN.bound(N=10, eta=2, p=1, s2=1)
    with pytest.raises(DomainError, match="step_size"):
        sgld.CONTRACTION.bound(gamma=1, mu=1, L_h=2)
    with pytest.raises(DomainError, match="strongly_convex"):
        sgld.CONTRACTION.bound(gamma=Fraction(1, 9), mu=3, L_h=2)
