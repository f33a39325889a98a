"""Jury's test against roots, on the boundary, and on bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers.jury import is_stable, stability_boundary
from gradproof.theory.errors import DomainError, ParameterError

fractions = st.fractions(-3, 3, max_denominator=20)


@given(st.lists(fractions, min_size=2, max_size=6).filter(lambda a: a[0] != 0))
def test_agrees_with_the_roots(a):
    radius = max(np.abs(np.roots([float(c) for c in a])), default=0.0)
    if abs(radius - 1) > 1e-3:  # multiple roots are known to the cube root of the rounding only
        assert is_stable(a) == (radius < 1)


def test_roots_on_the_circle_are_not_stable():
    assert not is_stable([1, -1])
    assert not is_stable([1, 0, 1])
    assert not is_stable([1, 2, 1])
    assert is_stable([7])
    assert is_stable([1, 0, 0])
    assert is_stable([1, Fraction(-999999, 10**6)])
    assert not is_stable([1, Fraction(-1000001, 10**6)])


def test_long_polynomials():
    for a, stable in ((Fraction(1, 30), True), (Fraction(1, 20), False)):  # z^41 - z^40 + a: the limit is 0.0388
        assert is_stable([1, -1, *[0] * 39, a]) is stable


def test_boundary():
    low, high = stability_boundary(lambda c: [1, c - 1], 1, 5, width=Fraction(1, 10**9))
    assert low < 2 <= high
    assert high - low <= Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: is_stable([]), ParameterError),
        (lambda: is_stable([0, 1]), ParameterError),
        (lambda: is_stable([1.0, 0.5]), ParameterError),
        (lambda: is_stable([1, float("nan")]), ParameterError),
        (lambda: is_stable([True, 0]), ParameterError),
        (lambda: stability_boundary(lambda c: [1, c], 0, Fraction(1, 2), width=Fraction(1, 10)), DomainError),
        (lambda: stability_boundary(lambda c: [1, c], 2, 3, width=Fraction(1, 10)), DomainError),
        (lambda: stability_boundary(lambda c: [1, c], 0, 2, width=Fraction(0)), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
