"""Selection by nearest neighbours: reference values, exact and float agree, attacks, bad input."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers import order_statistics
from gradproof.solvers.order_statistics import (
    exact_moments,
    farthest_accepted,
    krum,
    largest_accepted,
    least_correct_sum,
    least_score,
    median,
    neighbours,
    outcomes_under_attack,
    scores,
    search_attack,
    select,
)
from gradproof.theory.errors import DomainError, ParameterError

LINE = [(x,) for x in (0, 1, 2, 4, 8, 3, 3)]
CORRECT = [Fraction(x) for x in ("-1", "-1/2", "0", "1/5", "2/5", "11/10", "3/2")]


def test_reference_values():
    assert scores(LINE, 1) == [23, 10, 7, 15, 102, 6, 6]
    assert scores(LINE, 2) == [14, 6, 3, 6, 66, 2, 2]
    assert select(LINE, 1) == select(LINE, 2) == 5
    mean, second = exact_moments([((0,), Fraction(4, 5)), ((1,), Fraction(1, 5))], 3, 0)
    assert mean == [Fraction(104, 1000)]
    assert (mean[0] - Fraction(1, 5)) ** 2 / Fraction(4, 25) == Fraction(576, 10000)
    assert second == Fraction(1024, 10000)
    assert largest_accepted(CORRECT, 2) == Fraction(11, 10)


def test_the_largest_accepted_place_is_the_largest():
    def accepted(B):
        V = [(x,) for x in CORRECT] + [(B,)] * 2
        return select(V, 2) >= len(CORRECT)

    assert accepted(Fraction(11, 10) - Fraction(1, 10**9))
    assert not any(accepted(Fraction(11, 10) + Fraction(k, 40)) for k in range(1, 200))


def test_an_irrational_end():
    correct, step = [(x,) for x in (3, 1, 7, 0, 6, 6, 9)], Fraction(1, 10**6)
    assert largest_accepted([v[0] for v in correct], 2) == 4 + sp.sqrt(3)
    end = Fraction(5732050807568877, 10**15)  # 4 + sqrt(3), from below
    assert select([*correct, (end,), (end,)], 2) >= 7
    assert select([*correct, (end + step,), (end + step,)], 2) < 7
    assert largest_accepted([0, 1, 2, 4, 9], 1) == -sp.oo


vectors = st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[st.integers(-20, 20)] * d), min_size=7, max_size=9))


@given(vectors, st.integers(0, 2))
def test_floats_and_fractions_agree(V, f):
    """Integers below 2^53: float scores are exact."""
    array = np.array(V, float)
    exact = scores(V, f)
    assert scores(array, f).tolist() == exact
    assert int(select(array, f)) == select(V, f)
    assert krum(array, f).tolist() == array[select(V, f)].tolist()
    for i in range(len(V)):
        total = sum(sum((a - b) ** 2 for a, b in zip(V[i], V[j], strict=True)) for j in neighbours(V, f, i))
        assert total == exact[i]


def test_large_batches_go_a_vector_at_a_time(monkeypatch):
    G = np.random.default_rng(2).standard_normal((3, 9, 5))
    whole = scores(G, 2)
    monkeypatch.setattr(order_statistics, "AT_ONCE", 0)
    np.testing.assert_array_equal(scores(G, 2), whole)


@given(vectors)
def test_moving_and_reordering(V):
    array = np.array(V, float)
    assert scores(array + 64, 1).tolist() == scores(array, 1).tolist()
    order = np.arange(len(V))[::-1]
    assert scores(array[order], 1).tolist() == scores(array, 1)[order].tolist()


def test_attackers_that_are_not_numbers_are_not_selected():
    V = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [np.nan], [np.inf]])
    assert select(V, 2) == 1
    assert krum(V, 2).tolist() == [1.0]
    assert np.isfinite(krum(V, 2, m=3)).all()


def test_multi_krum_with_all_vectors_is_the_mean():
    G = np.random.default_rng(0).standard_normal((4, 9, 3))
    np.testing.assert_allclose(krum(G, 2, m=9), G.mean(axis=-2), rtol=1e-12)


def test_attacks_stay_accepted_and_gain():
    rng = np.random.default_rng(1)
    G = rng.standard_normal((50, 7, 3))
    B = farthest_accepted(G, 2, np.eye(3)[0], np.arange(0.2, 6, 0.2))
    out = krum(np.concatenate([G, np.repeat(B[:, None], 2, axis=1)], axis=1), 2)
    moved = (G.mean(axis=1) != B).any(axis=-1)
    assert moved.mean() > 0.5
    assert (out[moved] == B[moved]).all()
    found = search_attack(G[0], 2, rng)
    assert np.linalg.norm(krum(np.vstack([G[0], found]), 2) - G[0].mean(axis=0)) > 0.3


def test_least_sums():
    assert least_correct_sum([(x,) for x in (0, 1, 1, 2, 2)], 1) == 2


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: scores([], 0), ParameterError),
        (lambda: scores([(1, 2), (1,)], 0), ParameterError),
        (lambda: scores([(0.5,), (1,), (2,)], 0), ParameterError),
        (lambda: scores(np.zeros(5), 1), ParameterError),
        (lambda: scores(np.zeros((5, 0)), 1), ParameterError),
        (lambda: scores(LINE, 5), DomainError),
        (lambda: scores(LINE, -1), DomainError),
        (lambda: select(LINE, 3), DomainError),
        (lambda: select(np.full((7, 2), np.nan), 1), ParameterError),
        (lambda: krum(np.zeros((4, 2)), 1), DomainError),
        (lambda: exact_moments([((0,), Fraction(1, 2))], 3, 0), ParameterError),
        (lambda: exact_moments([((0,), Fraction(1))], 5, 1), ParameterError),
        (lambda: largest_accepted([0, 1, 2], 2), DomainError),
        (lambda: largest_accepted([0, 1, 2], 0), DomainError),
        (lambda: largest_accepted([0, 1, 2, 3, float("nan")], 1), ParameterError),
        (lambda: largest_accepted([0, 1, 2, 3, "x"], 1), ParameterError),
        (lambda: exact_moments([], 3, 0), ParameterError),
        (lambda: exact_moments([((0,), Fraction(1))], 5, 1, lambda correct: []), ParameterError),
        (lambda: neighbours([(1,), (2,), (3,)], 0, 7), ParameterError),
        (lambda: krum(np.zeros((7, 2)), 1, m=0), DomainError),
        (lambda: krum(np.zeros((7, 2)), 1, m=8), DomainError),
        (lambda: scores(np.zeros((7, 2)), 1.5), DomainError),
        (lambda: farthest_accepted(np.full((1, 7, 2), np.nan), 2, np.eye(2)[0], [0.2]), ParameterError),
        (lambda: least_correct_sum([], 1), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_vector_of_least_score():
    assert least_score(LINE, 2) == LINE[5]
    assert least_score([(0,), (1,), (2,), (4,), (100,), (100,), (100,)], 3) == (100,)  # n = 2f + 1: colluders win


def test_more_vectors_than_f_may_be_arbitrary():
    correct = [(0,), (1,), (1,), (Fraction(5, 4),)]
    assert least_correct_sum(correct, 2) == Fraction(1, 16)
    assert least_correct_sum(correct, 1, 6) == Fraction(17, 16)  # three neighbours of six vectors


def test_medians_of_entries():
    V = np.array([[[1.0, 5.0], [3.0, 4.0], [2.0, 9.0], [8.0, 4.5]]])
    np.testing.assert_array_equal(median(V), [[2.5, 4.75]])


def test_colluders_on_a_grid_take_the_worst_place():
    law, grid = [((-1,), Fraction(1, 2)), ((1,), Fraction(1, 2))], [Fraction(k) for k in (-2, 0, 3)]
    mean = lambda V, f: (sum(v[0] for v in V) / Fraction(len(V)),)  # noqa: E731
    found = outcomes_under_attack(law, 3, 1, abs, grid, rule=mean)
    assert sorted(found) == [
        (Fraction(1, 4), y) for y in sorted([Fraction(-4, 3), Fraction(1), Fraction(1), Fraction(5, 3)])
    ]
    assert outcomes_under_attack(law, 3, 0, abs, grid) == [
        (w, y[0]) for w, y in order_statistics.exact_outcomes(law, 3, 0)
    ]
