"""Margins of a softmax: reference values, enclosures against double precision and integration, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers.separable_ode import (
    NotEnclosed,
    euler_between,
    euler_sums,
    invert,
    losses,
    margin_flow,
    margin_steps,
    margins,
)
from gradproof.theory.errors import DomainError, ParameterError


def _mid(interval):
    return float(sum(interval) / 2)


def test_reference_values():
    assert _mid(margin_flow(99, Fraction(1000)).loss) == pytest.approx(0.2180613191, abs=1e-10)
    assert _mid(margin_flow(99, Fraction(100_000)).loss) == pytest.approx(1.000891250e-3, rel=1e-9)
    assert _mid(margin_steps(49, Fraction(3, 10), 300).loss) == pytest.approx(0.01180466761, abs=1e-11)
    pi = 1 / np.arange(1, 1001)
    pi /= pi.sum()
    value, error = losses(999, 1000 * pi * 1000)
    assert pi @ value == pytest.approx(2.825774097, abs=1e-9)
    assert pi @ error < 1e-13


@given(st.integers(1, 2000), st.fractions(0, 10**7, max_denominator=1000))
def test_double_precision_keeps_its_error(z, rt):
    exact = margin_flow(z, rt)
    u, error = margins(float(z), float(rt))
    loss, loss_error = losses(float(z), float(rt))
    # the argument itself is rounded to a double
    slack = float(rt) * 2**-52
    assert (
        exact.u[0] - Fraction(float(error) + slack) <= Fraction(float(u)) <= exact.u[1] + Fraction(float(error) + slack)
    )
    assert abs(_mid(exact.loss) - float(loss)) <= float(loss_error) + slack
    assert exact.u[1] - exact.u[0] <= Fraction(1, 10**25)


@given(st.integers(1, 200), st.fractions(0, 500, max_denominator=20))
def test_euler_sums_enclose_the_flow(z, rt):
    low, high = euler_between(z, rt, 200)
    u = margin_flow(z, rt).u
    assert low <= u[1]
    assert u[0] <= high


def test_euler_sums_of_another_slope():
    low, high = euler_sums(lambda u: 1 / (1 + u), Fraction(4), 1000)  # u + u^2/2 = 4
    assert low < 2 < high < low + Fraction(1, 100)


def test_euler_sums_close_in():
    widths = [float(high - low) for low, high in (euler_between(9, Fraction(20), n) for n in (100, 200, 400))]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.1)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.1)


def test_flow_solves_its_equation():
    z, h = 9, Fraction(1, 10**6)
    for rt in (Fraction(1), Fraction(50)):
        slope = _mid(margin_flow(z, rt + h).u) - _mid(margin_flow(z, rt - h).u)
        assert slope / float(2 * h) == pytest.approx(1 / (np.exp(_mid(margin_flow(z, rt).u)) + z), rel=1e-7)


def test_steps_follow_the_recursion():
    u = 0.0
    for _ in range(50):
        u += 0.3 * 10 / (np.exp(u) + 9)
    assert _mid(margin_steps(9, Fraction(3, 10), 50).u) == pytest.approx(u, rel=1e-13)


def test_large_times_and_the_start():
    assert margin_flow(3, Fraction(0)).u == (0, 0)
    assert margins(3.0, [0.0])[0] == 0
    huge = margin_flow(99, Fraction(10) ** 30)
    assert _mid(huge.loss) * 1e28 == pytest.approx(0.99, rel=1e-9)  # z/c over pi t
    assert losses(99.0, 1e30)[0] == pytest.approx(_mid(huge.loss), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: margins(9.0, []), ParameterError),
        (lambda: margins(9.0, [1.0, float("nan")]), ParameterError),
        (lambda: margins(9.0, float("inf")), ParameterError),
        (lambda: margins(9.0, -1.0), DomainError),
        (lambda: losses(0.0, 1.0), ParameterError),
        (lambda: margin_flow(0, Fraction(1)), ParameterError),
        (lambda: margin_flow(9, 1.5), ParameterError),
        (lambda: margin_flow(9, Fraction(-1)), DomainError),
        (lambda: margin_steps(9, Fraction(0), 3), DomainError),
        (lambda: margin_steps(9, Fraction(1), -1), ParameterError),
        (lambda: margin_steps(9, Fraction(1), 2.5), ParameterError),
        (lambda: euler_sums(lambda u: 1 / (1 + u), 1.5, 10), ParameterError),
        (lambda: euler_sums(lambda u: 1 / (1 + u), Fraction(-1), 10), DomainError),
        (lambda: euler_between(9, Fraction(1), 0), ParameterError),
        (
            lambda: invert(lambda x: x, lambda x: x * 0 + 1, Fraction(5), Fraction(0), Fraction(1), width=Fraction(1)),
            NotEnclosed,
        ),
        (
            lambda: invert(lambda x: x, lambda x: x * 0 + 1, Fraction(0), Fraction(1), Fraction(0), width=Fraction(1)),
            ParameterError,
        ),
        (
            lambda: invert(
                lambda x: x**3, lambda x: 3 * x * x, Fraction(0), Fraction(-1), Fraction(1), width=Fraction(0)
            ),
            ParameterError,
        ),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_vanishing_derivative_is_no_answer():
    with pytest.raises(NotEnclosed, match="is the derivative positive"):
        invert(lambda x: x * 0, lambda x: x * 0, Fraction(0), Fraction(-1), Fraction(1), width=Fraction(1, 10**9))
