"""Class imbalance: bounds against their reference values, and what they refuse."""

from fractions import Fraction

import numpy as np
import pytest

from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.errors import DomainError, ParameterError


def test_reference_values():
    assert paper.TIME_TO_LOSS.bound(c=100, pi=1.0, eps=0.1) == pytest.approx(16.18206405, rel=1e-9)
    assert float(paper.SIGN_FLOW.bound(c=3, t=1)) == pytest.approx(0.2395447662, rel=1e-9)
    assert paper.SIGN_FLOW.bound(c=100, t=3.423644156) == pytest.approx(0.1, rel=1e-8)
    assert paper.SIGN_TIME.bound(c=100, eps=0.1) == pytest.approx(3.423644156, rel=1e-9)
    assert paper.GF_CONSERVATION.bound(c=10, pi=Fraction(1, 2), t=4) == 21
    assert paper.HESSIAN.bound(c=10, pi=Fraction(1, 2)) == Fraction(1, 20)


def test_the_bounds_of_the_flow_bracket_and_meet_at_zero():
    for c in (2, 10, 1000):
        for t in (0.0, 0.3, 5.0, 1e4):
            assert paper.GF_LOWER.bound(c=c, pi=0.5, t=t) <= paper.GF_UPPER.bound(c=c, pi=0.5, t=t)
        assert paper.GF_LOWER.bound(c=c, pi=0.5, t=0.0) == pytest.approx(np.log(c))


def test_the_average_is_a_sum_over_classes():
    pi = [Fraction(6, 11), Fraction(3, 11), Fraction(2, 11)]
    each = [float(p) * paper.GF_LOWER.bound(c=3, pi=float(p), t=7.0) for p in pi]
    assert paper.ZIPF_AVERAGE.bound(pi=[float(p) for p in pi], t=7.0) == pytest.approx(sum(each), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: paper.GF_UPPER.bound(c=1, pi=0.5, t=1.0), DomainError),
        (lambda: paper.GF_UPPER.bound(c=2.5, pi=0.5, t=1.0), DomainError),
        (lambda: paper.GF_UPPER.bound(c=3, pi=0, t=1.0), DomainError),
        (lambda: paper.GF_UPPER.bound(c=3, pi=0.5, t=-1.0), DomainError),
        (lambda: paper.TIME_TO_LOSS.bound(c=3, pi=0.5, eps=2.0), DomainError),
        (lambda: paper.TIME_TO_LOSS.bound(c=3, pi=0.5, eps=0), DomainError),
        (lambda: paper.SIGN_TIME.bound(c=3, eps=2.0), DomainError),
        (lambda: paper.GD_DESCENT.bound(loss=1, eta=8, pi_max=Fraction(1, 2), grad2=1), DomainError),
        (lambda: paper.ZIPF_AVERAGE.bound(pi=[], t=1), ParameterError),
        (lambda: paper.ZIPF_AVERAGE.bound(pi=[0.5, 0.4], t=1), DomainError),
        (lambda: paper.ZIPF_AVERAGE.bound(pi=[Fraction(1, 2), Fraction(1, 3)], t=1), DomainError),
        (lambda: paper.ZIPF_AVERAGE.bound(pi=[0.5, float("nan")], t=1), DomainError),
        (lambda: paper.SIGN_DESCENT.bound(eta=0.1, n=-1), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
