"""The radius of a linearised gradient: the card's values, closed forms, and what is refused."""

from fractions import Fraction as F

import flint
import numpy as np
import pytest

from gradproof.experiments.adaptive.gradient_normalized_smoothness import LINES
from gradproof.solvers.normalized_smoothness import radius, radius_above
from gradproof.theory.errors import ParameterError


@pytest.mark.parametrize(
    ("name", "t", "value", "digits"),
    [
        ("logistic", -1, 2.60055540, 1e-6), ("logistic", 0, 3.92235950, 1e-6), ("logistic", -30, 1.146193221, 1e-8),
        ("log cosh", F(3, 2), 1.500740643, 1e-9), ("exponential", 5, 1.146193221, 1e-8), ("cubic", 7, 7.0, 1e-8),
    ],
)  # fmt: skip
def test_the_values_of_the_card(name, t, value, digits):
    f = LINES[name]
    found = radius(f.slope, f.curvature, t)
    assert found.low <= found.high <= found.low * F(10**9 + 10, 10**9)
    assert float(found.low) == pytest.approx(value, abs=digits)


def test_a_hessian_of_ones_own():
    """For t^2 with H = 1/2 the error is 3h/2 at every h."""
    found = radius(lambda t: 2 * t, lambda t: t * 0 + 2, 3, hessian=F(1, 2))
    assert found.low <= 4 <= found.high


@pytest.mark.parametrize(("t", "hessian"), [(0, None), (3, 2)])
def test_what_has_no_radius_is_refused(t, hessian):
    with pytest.raises(ParameterError):
        radius(lambda t: 2 * t, lambda t: t * 0 + 2, t, hessian=hessian)


def test_points_of_the_line_do_not_contradict_the_enclosure():
    f, found = LINES["logistic"], radius(LINES["logistic"].slope, LINES["logistic"].curvature, 1)
    above = radius_above(
        lambda x: 1 / (1 + np.exp(-x)), np.array([[float(f.curvature(flint.arb(1)))]]), np.array([1.0])
    )
    assert float(found.low) <= above * (1 + 1e-12) <= float(found.high) * (1 + 1e-6)


def test_the_plane():
    """|x|^3/3 with its Hessian: sqrt(2|g|/L_2) = |x| is attained along x."""

    def gradient(x):
        return np.linalg.norm(x, axis=-1, keepdims=True) * x

    x = np.array([3.0, 4.0])
    above = radius_above(gradient, 5 * np.eye(2) + np.outer(x, x) / 5, x)
    assert 5 - 1e-12 <= above <= 5.001
    with pytest.raises(ParameterError):
        radius_above(gradient, np.eye(4), np.ones(4))
