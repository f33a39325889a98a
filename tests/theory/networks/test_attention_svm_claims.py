"""Claims of attention-svm: bounds at known points, assumptions that bite."""

from fractions import Fraction

import pytest

from gradproof.theory.errors import DomainError
from gradproof.theory.networks import attention_svm


def test_bounds_at_known_points():
    half = [Fraction(1, 2), Fraction(1, 2)]
    assert attention_svm.GRADIENT.bound(s=half, gamma=[1, 0], x=[3, 1]) == Fraction(1, 2)
    assert attention_svm.NO_STATIONARY.bound(slope=[1, 1], s_opt=half, lead=[1, 3]) == Fraction(1, 2)
    assert attention_svm.FLOW_CLOSED_FORM.bound(c=Fraction(17, 10), t=50) == 85


def test_the_reference_path_bounds():
    Xi = (119 / 38) ** 0.5
    values = [attention_svm.PATH_FINITE_R.bound(n=3, T=2, kappa=1, R=float(R), Xi=Xi) for R in (10, 20, 40)]
    assert values == pytest.approx([0.8987, 0.9494, 0.9747], abs=1e-4)


def test_assumptions_bite():
    with pytest.raises(DomainError, match="large_radius"):
        attention_svm.PATH_FINITE_R.bound(n=3, T=2, kappa=1, R=0.1, Xi=1.0)
    with pytest.raises(DomainError, match="overparametrised"):
        attention_svm.FEASIBILITY.bound(n=4, T=3, d=3)
    with pytest.raises(DomainError, match="softmax"):
        attention_svm.GRADIENT.bound(s=[Fraction(1, 2), Fraction(1, 3)], gamma=[1, 0], x=[3, 1])
    with pytest.raises(DomainError, match="slope"):  # a loss that may be flat has stationary points
        attention_svm.NO_STATIONARY.bound(slope=[0, 1], s_opt=[Fraction(1, 2)] * 2, lead=[1, 1])


def test_the_direction_is_reached_where_the_norm_diverges():
    """The bound lies between 0 and 1, and tends to 1 as ln(rho)/rho."""
    at = {"n": 3, "T": 2, "kappa": 1, "Xi": (119 / 38) ** 0.5, "p": 0.5, "h": 0.1}
    values = [attention_svm.GD_DIRECTION.bound(rho=rho, **at) for rho in (1e-3, 1.0, 1e3, 1e6)]
    assert values == sorted(values)
    assert values[0] > 0
    assert 1 - 1e-4 < values[-1] < 1
