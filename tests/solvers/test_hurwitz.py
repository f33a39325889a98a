"""Routh's array against eigenvalues, on the axis, and where families first fail."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers.hurwitz import characteristic, first_instability, is_hurwitz
from gradproof.theory.errors import DomainError, ParameterError


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.integers(-6, 3), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_agrees_with_the_eigenvalues(rows):
    top = np.linalg.eigvals(np.array(rows, float)).real.max()
    if abs(top) > 1e-2:  # multiple eigenvalues are known to a root of the rounding only
        assert is_hurwitz(characteristic(rows)) == (top < 0)


def test_roots_on_the_axis_are_not_stable():
    assert not is_hurwitz([1, 0])
    assert not is_hurwitz([1, 0, 1])
    assert not is_hurwitz([1, 1, 1, 1])
    assert is_hurwitz([-1, -2])
    assert is_hurwitz([3])


def test_where_families_fail():
    low, high = first_instability(lambda t: [[2 * t, -3 * t], [F(1), F(-1)]])
    assert low <= F(1, 2) <= high
    low, high = first_instability(lambda t: [[t * t - 2]], degree=2, width=F(1, 10**20))
    assert low**2 <= 2 <= high**2
    assert high - low <= F(1, 10**20)
    assert first_instability(lambda t: [[-t, F(1)], [F(0), F(-1)]]) is None


def test_bad_input():
    with pytest.raises(DomainError, match="small t"):
        first_instability(lambda t: [[1 - t]])
    with pytest.raises(DomainError, match="every t"):
        first_instability(lambda t: [[F(0), t], [-t, F(0)]])
    with pytest.raises(DomainError, match="no t"):
        first_instability(lambda t: [[t + 1]])
    for bad in ([[1, 2]], [[1.0]], []):
        with pytest.raises(ParameterError):
            characteristic(bad)
    for bad in ([], [0, 1], [1.0, 2]):
        with pytest.raises(ParameterError):
            is_hurwitz(bad)
