"""Shares of a sublevel set that improve a direction: reference values, exact and by points; angles at which half always does."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from gradproof.solvers import ellipsoid as e
from gradproof.theory.errors import ParameterError

COUPLED = np.array([[2, 0.5, 0, 0], [0.5, 1, 0.2, 0], [0, 0.2, 4, 1], [0, 0, 1, 3]])
REFERENCE = [
    (np.diag([1.0, 10.0]), [2, 0.5], 0.9061383368),
    (np.diag([1.0, 3.0, 30.0]), [1, -1, 0.3], 0.8949269433),
    (COUPLED, [1, 2, 0, -1], 0.7449337117),
]


@pytest.mark.parametrize(("A", "x", "share"), REFERENCE)
def test_the_limit_share_of_the_reference(A, x, share):
    x = np.array(x, float)
    assert e.fraction(A, x, np.zeros_like(x)) == pytest.approx(share, abs=5e-11)
    assert e.fraction(A, x + 3, np.full_like(x, 3)) == pytest.approx(share, abs=1e-9)  # centred anywhere


@pytest.mark.parametrize(("lam", "share"), [(0.1, 0.737), (1, 0.690), (10, 0.355)])
def test_points_of_the_reference(lam, share):
    found = e.mc_fraction(COUPLED, np.array([1.0, 2, 0, -1]), np.zeros(4), lam, 100_000, np.random.default_rng(1))
    assert abs(found.value - share) < 0.003 + 4 * found.error
    assert found.error < 0.002


@pytest.mark.parametrize(
    ("kappa", "at_any_strength"), [(2.0, (0.449, 0.441)), (5.0, (0.834, 0.833)), (100.0, (0.905, 0.905))]
)
def test_large_angles_keep_half(kappa, at_any_strength):
    A, x, xs = np.diag([1.0, kappa]), np.array([np.sqrt(kappa), 1.0]), np.zeros(2)
    shares = [e.mc_fraction(A, x, xs, lam, 60_000).value for lam in (100, np.inf)]
    assert shares == pytest.approx(at_any_strength, abs=0.008)
    assert (e.tangent(A, x, xs) >= e.width(A, x, xs)) == (kappa > 2)


def test_the_width_is_the_largest_ratio_in_the_plane():
    A, x = np.array([[1.0, 0.3], [0.3, 4.0]]), np.array([1.5, -0.5])
    z = e.uniform(A, x, np.zeros(2), 200_000, np.random.default_rng(0))
    unit = x / np.linalg.norm(x)
    ratio = np.abs(z @ np.array([-unit[1], unit[0]])) / (np.linalg.norm(x) + np.abs(z @ unit))
    assert 0.98 * e.width(A, x, np.zeros(2)) < ratio.max() <= e.width(A, x, np.zeros(2))


@pytest.mark.parametrize("d", [1, 3, 5, 9])
def test_the_share_of_a_ball_by_its_polynomial(d):
    for h in (Fraction(0), Fraction(1, 3), Fraction(4, 5), Fraction(1)):
        assert float(e.share_exactly(h, d)) == pytest.approx(e.share_beyond(h * h, d), rel=1e-13)


def test_the_height_is_exact_for_exact_entries():
    A, x = np.array([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(10)]]), np.array([Fraction(2), Fraction(1, 2)])
    h2 = e.height2(A, x, x * 0)
    assert isinstance(h2, Fraction)
    assert float(h2) == pytest.approx(e.height2(A.astype(float), x.astype(float), np.zeros(2)), rel=1e-13)


def test_no_share_where_the_gradient_points_at_the_minimiser():
    A, x = np.eye(3), np.array([1.0, 0, 0])
    assert e.fraction(A, x, np.zeros(3)) == 0
    assert e.mc_fraction(A, x, np.zeros(3), 1e-6, 1000).value == 0


def test_every_set_shrinks_as_the_pull_grows():
    x = np.array([1.0, 2, 0, -1])
    z = e.uniform(COUPLED, x, np.zeros(4), 20_000, np.random.default_rng(2))
    sets = [e.improves(COUPLED, x, np.zeros(4), z, lam) for lam in (0, 0.1, 1, 10, np.inf)]
    for larger, smaller in pairwise(sets):
        assert not (smaller & ~larger).any()


def test_wrong_input_is_refused():
    with pytest.raises(ParameterError, match="positive definite"):
        e.fraction(np.diag([1.0, -1.0]), np.ones(2), np.zeros(2))
    with pytest.raises(ParameterError, match="minimiser"):
        e.fraction(np.eye(2), np.ones(2), np.ones(2))
    with pytest.raises(ParameterError, match="odd dimension"):
        e.share_exactly(Fraction(1, 2), 2)
    with pytest.raises(ParameterError, match="at least one"):
        e.mc_fraction(np.eye(2), np.ones(2), np.zeros(2), 1, 0)
