"""Spiked tensors entry by entry, and enclosures of polynomial flows, against closed forms."""

import math
from fractions import Fraction as F

import pytest

from gradproof.solvers import polynomial_flow, spiked_tensor
from gradproof.theory.errors import ParameterError


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_noise_is_a_multiple_of_the_identity_and_a_square(k):
    x = [F(1), F(-2), F(1, 2)]
    R2 = sum(a * a for a in x)
    V = spiked_tensor.noise_covariance(x, k)
    for i in range(3):
        for j in range(3):
            assert V[i][j] == 4 * k * (R2 ** (k - 1) * (i == j) + (k - 1) * R2**k / R2**2 * x[i] * x[j])


def test_symmetric_noise_has_twice_the_covariance():
    x = [F(1), F(-2), F(1, 2)]
    V, twice = spiked_tensor.noise_covariance(x, 2), spiked_tensor.noise_covariance(x, 2, symmetric=True)
    assert twice == [[2 * a for a in row] for row in V]


def test_fixed_points_appear_where_the_card_says():
    for k, c, value in ((3, F(1), 3.07920143568), (4, F(1), 6.75)):
        low, high = spiked_tensor.critical_signal(k, c, width=F(1, 10**9))
        assert low <= value + 1e-10
        assert value - 1e-10 <= high
    assert [spiked_tensor.fixed_signals(3, lam, F(1)) for lam in (F(3), F(4))] == [0, 2]
    assert spiked_tensor.fixed_signals(2, F(3, 2), F(1)) == 1


def test_what_is_refused():
    with pytest.raises(ParameterError, match="k=2"):
        spiked_tensor.critical_signal(2, F(1), width=F(1))
    with pytest.raises(ParameterError, match="not listed"):
        spiked_tensor.slots([F(1)] * 30, 4)


def test_a_flow_with_a_closed_form_and_one_that_blows_up():
    ((low, high),) = polynomial_flow.flow(lambda y: [y[0] * (1 - y[0])], [F(1, 4)], F(2))
    assert low <= F(1 / (1 + 3 * math.exp(-2))) + F(1, 10**15)
    assert F(1 / (1 + 3 * math.exp(-2))) - F(1, 10**15) <= high
    assert high - low < F(1, 10**12)
    with pytest.raises(polynomial_flow.NotEnclosed):
        polynomial_flow.flow(lambda y: [y[0] * y[0]], [F(1)], F(2))
