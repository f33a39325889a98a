"""Recursions of averaged SGD: reference values, exactness, and the order of the bounds."""

from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import pytest

from gradproof.solvers.averaged_sgd import (
    bound,
    consensus_exact,
    exact_quadratic,
    fedac_quadratic,
    recursion_bound,
    relative_quadratic,
    steps,
)
from gradproof.solvers.averaging_times import equal_blocks, every, growing
from gradproof.theory.errors import ParameterError


def test_reference_quadratic():
    eta = steps(1, 3)
    assert float(exact_quadratic(200, eta, [1], [1], [1], 4)) == pytest.approx(8.271358622e-4, rel=5e-10)
    assert float(consensus_exact(200, (0,), eta, [1], [1], 4)) == pytest.approx(4.962807894e-3, rel=5e-10)


@pytest.mark.parametrize(
    ("times", "value"),
    [
        (growing(1000, 10), 2.772249771e-3),
        (growing(1000, 32), 1.174795945e-3),
        (equal_blocks(1000, 10), 3.193292107e-3),
    ],
)
def test_reference_bounds(times, value):
    assert float(bound(1000, times, 4, 2, 1, 1, 10, 1)) == pytest.approx(value, rel=5e-10)
    assert bound(1000, times, 4.0, 2.0, 1.0, 1.0, 10, 1.0) == pytest.approx(value, rel=5e-10)


@pytest.mark.parametrize("N", [1, 3, 100])
@pytest.mark.parametrize("times", [every(30, 1), (0,), growing(30, 4), (0, 1, 2, 29)])
def test_the_recursions_never_exceed_the_bound(times, N):
    for beta, L in ((4, 2), (Fraction(9), 2), (2, 1), (30, 15)):
        at = (30, times, beta, L, 1, Fraction(3, 2), N, 2)
        assert recursion_bound(*at) <= bound(*at)


def test_exact_against_all_signs_of_the_noise():
    """Two workers, three steps, F = x^2/2: all 64 outcomes, averaged once or always."""
    eta = steps(1, 3)
    for times in ((0,), (0, 1, 2)):
        error = spread = Fraction(0)
        for signs in product((-1, 1), repeat=6):
            x = [Fraction(2)] * 2
            for t in range(3):
                x = [sum(x) / 2] * 2 if t in times else x
                x = [y - eta(t) * (y + signs[2 * t + i]) for i, y in enumerate(x)]
            mean = sum(x) / 2
            error += mean**2 / 2
            spread += sum((y - mean) ** 2 for y in x) / 2
        assert error / 64 == exact_quadratic(3, eta, [1], [2], [1], 2)
        assert spread / 64 == consensus_exact(3, times, eta, [1], [1], 2)


def test_long_first_steps_are_refused():
    with pytest.raises(ParameterError, match="at least 2 L/mu"):
        bound(10, (0,), 3, 2, 1, 1, 4, 1)
    with pytest.raises(ParameterError, match="0 < mu <= L"):
        recursion_bound(10, (0,), 8, 1, 2, 1, 4, 1)


def test_second_moments_with_relative_noise_against_all_signs():
    """Two workers, two steps, averaged between them or not: noise of signs, 2 + 2 a step and worker, in rationals."""
    h, x0, s, r, eta, N = Fraction(3), Fraction(2), Fraction(1, 2), Fraction(1, 3), Fraction(1, 5), 2
    for taus in ((0,), (0, 1)):
        total = Fraction(0)
        for signs in product((-1, 1), repeat=8):
            x = [x0, x0]
            for t in range(2):
                x = [sum(x) / N] * N if t in taus else x
                x = [y - eta * (h * y * (1 + r * signs[4 * t + i]) + s * signs[4 * t + 2 + i]) for i, y in enumerate(x)]
            total += h * (sum(x) / N) ** 2 / 2
        exact = total / 2**8
        assert relative_quadratic(2, taus, lambda t: eta, h, x0, s**2, r**2, N) == exact
        same = SimpleNamespace(eta=eta, gamma=eta, alpha=Fraction(4), b=Fraction(7))
        assert fedac_quadratic(2, taus, same, h, x0, s**2, r**2, N) == (exact, exact)
