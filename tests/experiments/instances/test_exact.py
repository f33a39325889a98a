"""Exact numbers: rationals stay exact, roots become balls that contain the truth, floats are refused."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.experiments.instances.exact import Exact, Inexact, convert, exact, generic, precision, sqrt

finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(finite, finite)
def test_arithmetic_is_that_of_fractions(a, b):
    x, y = Exact.of(a), Exact.of(b)
    assert (x + y).fraction() == Fraction(a) + Fraction(b)
    assert (x - y * 3).fraction() == Fraction(a) - Fraction(b) * 3
    assert (x * y).fraction() == Fraction(a) * Fraction(b)
    assert (x < y) == (a < b)
    if b:
        assert (x / y).fraction() == Fraction(a) / Fraction(b)


@given(st.integers(0, 10**6))
def test_roots_of_squares_are_rational_and_others_are_balls(n):
    assert sqrt(Exact.of(n * n)).fraction() == n
    root = sqrt(Exact.of(n * n + 1))
    if n:
        assert not root.rational
        assert Exact.of(n) < root < Exact.of(n + 1)


def test_an_open_comparison_is_refused_not_guessed():
    two = Exact.of(2)
    with precision(64), pytest.raises(Inexact, match="open at this precision"):
        bool(sqrt(two) * sqrt(two) == two)


def test_floats_are_refused():
    with pytest.raises(Inexact):
        float(Exact.of(1))
    with pytest.raises(Inexact):
        Exact.of(math.inf)
    with pytest.raises(Inexact):
        Exact.of(1) + math.nan
    with pytest.raises(ZeroDivisionError):
        Exact.of(1) / 0


def test_numpy_works_on_them():
    x = exact(np.array([3.0, 4.0]))
    assert np.linalg.norm(x).fraction() == 5
    assert (np.maximum(x - 3.5, 0) @ x).fraction() == 2
    assert np.eye(2)[0] @ x == 3


def measure_with_math(x):
    return float(math.sqrt(x) + math.exp(0 * x))


def test_math_functions_of_the_users_module_accept_them_inside_the_block_only():
    with generic(measure_with_math):
        assert measure_with_math(Exact.of(4)) == 3
        assert measure_with_math(4.0) == 3.0
    with pytest.raises(Inexact):
        measure_with_math(Exact.of(4))


def test_conversion_reaches_into_objects():
    class Thing:
        def __init__(self):
            self.a, self.b = np.array([0.5]), {"c": (1.5, 2, "x")}

    new = convert(Thing(), lambda v: v + 1)
    assert new.a[0] == 1.5
    assert new.b == {"c": (2.5, 2, "x")}
