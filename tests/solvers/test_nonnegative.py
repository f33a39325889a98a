"""Nonnegative least squares: optimal in rationals whatever floats proposed, and in floats whatever scipy did."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradproof.solvers.exact import nonnegative
from gradproof.solvers.exact.nonnegative import nonnegative_least_squares, nonnegative_least_squares_in_floats

COLUMNS = st.lists(st.lists(st.integers(-3, 3).map(Fraction), min_size=3, max_size=3), min_size=1, max_size=6)
TARGET = st.lists(st.integers(-3, 3).map(Fraction), min_size=3, max_size=3)


@settings(max_examples=150, deadline=None)
@given(COLUMNS, TARGET, st.none() | st.sets(st.integers(0, 5)))
def test_optimal_in_rationals_whatever_was_proposed(columns, target, proposed):
    with pytest.MonkeyPatch.context() as patch:
        if proposed is not None:
            patch.setattr(nonnegative, "_guess", lambda *_: [k for k in sorted(proposed) if k < len(columns)])
        x, left = nonnegative_least_squares(columns, target)
    assert left == [t - sum(v * a[j] for v, a in zip(x, columns, strict=True)) for j, t in enumerate(target)]
    gains = [sum(a * r for a, r in zip(column, left, strict=True)) for column in columns]
    assert min(x) >= 0
    assert max(gains) <= 0
    assert all(v * g == 0 for v, g in zip(x, gains, strict=True))


def _cycling(*_):
    raise RuntimeError("Maximum number of iterations reached.")


def _dependent(*_):
    raise np.linalg.LinAlgError("Matrix is singular.")


def _stopping_short(columns, target):
    return np.zeros(columns.shape[1]), float(np.linalg.norm(target))


@pytest.mark.parametrize("scipys", [_cycling, _dependent, _stopping_short])
def test_where_scipy_fails(monkeypatch, scipys):
    rng = np.random.default_rng(0)
    columns, target = rng.standard_normal((4, 9)), rng.standard_normal(4)
    expected = nonnegative_least_squares_in_floats(columns, target)
    monkeypatch.setattr(nonnegative, "nnls", scipys)
    x, distance = nonnegative_least_squares_in_floats(columns, target)
    assert distance == pytest.approx(expected[1], abs=1e-12)
    assert x.min() >= 0
