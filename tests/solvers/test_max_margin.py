"""Max-margin matrices: reference values, certificates of both answers, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradproof.experiments.networks.attention_svm.instances import layer
from gradproof.solvers.max_margin import (
    Inseparable,
    constraints,
    exact_frobenius,
    exact_inseparable,
    frobenius,
    nuclear,
)
from gradproof.theory.errors import GradproofError, ParameterError

LINE = constraints(np.array([[[1.0], [0.0]], [[0.0], [1.0]]]), np.ones((2, 1)), [0, 0])


def _rows(G):
    return [[int(v) for v in g.ravel()] for g in G]


@pytest.mark.parametrize(
    ("name", "square", "norm", "L_W"),
    [("A", Fraction(38, 119), 0.7844752, 20 / 3), ("B", Fraction(1, 2), 0.9855986, 3.5844005)],
)
def test_reference_values(name, square, norm, L_W):
    found = layer(name)
    exact = exact_frobenius(_rows(found.G))
    assert exact.norm_squared == square == sum(w * w for w in exact.W)
    assert found.svm.lower**2 <= square <= found.svm.upper**2
    assert found.svm.upper - found.svm.lower < 1e-12
    assert found.svm_nuclear.lower <= found.svm_nuclear.upper < found.svm_nuclear.lower + 1e-7
    assert found.svm_nuclear.upper == pytest.approx(norm, abs=1e-7)
    assert found.smoothness == pytest.approx(L_W, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=1, max_size=5))
def test_one_of_two_certificates(rows):
    G = np.array(rows, float)[:, None, :]
    try:
        exact = exact_frobenius(rows)
    except Inseparable:
        lam = exact_inseparable(rows)
        assert min(lam) >= 0
        assert sum(lam) == 1
        assert all(sum(a * row[j] for a, row in zip(lam, rows, strict=True)) == 0 for j in range(3))
    else:
        assert all(sum(a * b for a, b in zip(row, exact.W, strict=True)) >= 1 for row in rows)
        found = frobenius(G)
        assert found.lower <= float(exact.norm_squared) ** 0.5 * (1 + 1e-12)
        assert found.upper >= float(exact.norm_squared) ** 0.5 * (1 - 1e-12)


def test_inseparable_data_are_refused_with_a_proof():
    for solve in (frobenius, nuclear):
        with pytest.raises(Inseparable) as caught:
            solve(LINE)
        assert caught.value.size < 1e-12
        assert caught.value.multipliers.min() >= 0
    assert exact_inseparable(_rows(LINE)) == (Fraction(1, 2), Fraction(1, 2))
    with pytest.raises(Inseparable):
        exact_frobenius(_rows(LINE))
    with pytest.raises(Inseparable):
        frobenius(np.zeros((1, 2, 2)))
    with pytest.raises(ParameterError, match="separable"):
        exact_inseparable([[1, 0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: frobenius(np.zeros((0, 2, 2))),
        lambda: frobenius(np.full((1, 2, 2), np.nan)),
        lambda: constraints(np.ones((1, 1, 2)), np.ones((1, 2)), [0]),
        lambda: constraints(np.ones((1, 2, 2)), np.ones((2, 2)), [0]),
        lambda: constraints(np.full((1, 2, 2), np.inf), np.ones((1, 2)), [0]),
        lambda: constraints(np.ones((1, 2, 2)), np.ones((1, 2)), [2]),
        lambda: exact_frobenius([[0.5, float("nan")]]),
        lambda: exact_frobenius([]),
        lambda: exact_frobenius([[1, 2], [3]]),
        lambda: exact_inseparable([]),
        lambda: constraints(np.ones((1, 2, 2)), np.ones((1, 2)), [0.5]),
        lambda: constraints(np.ones((1, 2, 2)), np.ones((1, 2)), [-1]),
    ],
)
def test_bad_input(call):
    with pytest.raises(ParameterError) as caught:
        call()
    assert issubclass(caught.type, GradproofError)
    assert "\n" not in str(caught.value)
