"""Exact nonnegative least squares: optimality in rationals, whatever the floats proposed."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradproof.solvers.exact import least_squares
from gradproof.solvers.exact.least_squares import nonnegative_least_squares, nonnegative_least_squares_in_floats

ROWS = st.lists(st.lists(st.integers(-3, 3).map(Fraction), min_size=3, max_size=3), min_size=1, max_size=6)
TARGET = st.lists(st.integers(-3, 3).map(Fraction), min_size=3, max_size=3)


def _optimal(rows, target, lam):
    residual = [t - sum(v * row[j] for v, row in zip(lam, rows, strict=True)) for j, t in enumerate(target)]
    gains = [sum(a * r for a, r in zip(row, residual, strict=True)) for row in rows]
    return min(lam) >= 0 and max(gains) <= 0 and all(v * g == 0 for v, g in zip(lam, gains, strict=True))


@settings(max_examples=150, deadline=None)
@given(ROWS, TARGET)
def test_optimal_in_rationals(rows, target):
    assert _optimal(rows, target, nonnegative_least_squares(rows, target))


@settings(max_examples=60, deadline=None)
@given(ROWS, TARGET, st.sets(st.integers(0, 5)))
def test_optimal_whatever_was_proposed(rows, target, proposed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(least_squares, "_proposed", lambda *_: [k for k in sorted(proposed) if k < len(rows)])
        assert _optimal(rows, target, nonnegative_least_squares(rows, target))


def _cycling(*_):
    raise RuntimeError("Maximum number of iterations reached.")


@pytest.mark.parametrize(
    "scipys", [_cycling, lambda columns, target: (np.zeros(columns.shape[1]), 1.0)], ids=["gives up", "stops short"]
)
def test_where_scipy_fails(monkeypatch, scipys):
    rng = np.random.default_rng(0)
    columns, target = rng.standard_normal((4, 9)), rng.standard_normal(4)
    expected = nonnegative_least_squares_in_floats(columns, target)
    monkeypatch.setattr(least_squares, "nnls", scipys)
    multipliers, distance = nonnegative_least_squares_in_floats(columns, target)
    assert distance == pytest.approx(expected[1], abs=1e-12)
    assert multipliers.min() >= 0
