"""Transforms, elimination and rounding oracles against enumeration and reference values."""

from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

from gradproof.experiments.engine.backend import backend, to_numpy
from gradproof.solvers import gf2, rounding_oracle, walsh
from gradproof.theory.errors import ParameterError


@pytest.mark.parametrize("n", [0, 1, 3, 5, 9])
def test_the_transform_is_its_definition(n):
    table = np.random.default_rng(n).integers(-9, 10, (2, 2**n))
    by_definition = np.stack([table @ walsh.parity(S, n) for S in range(2**n)], axis=-1)
    for dtype in (int, float, object):
        np.testing.assert_array_equal(walsh.transform(table.astype(dtype)), by_definition)
    chi = [np.prod(walsh.signs(n)[:, [i for i in range(n) if S >> i & 1]], axis=1) for S in range(2**n)]
    np.testing.assert_array_equal(chi, [walsh.parity(S, n) for S in range(2**n)])


def test_the_transform_on_the_standard_alone_and_what_it_refuses():
    table, on = np.random.default_rng(0).normal(size=(3, 64)), backend("array-api-strict")
    np.testing.assert_allclose(to_numpy(walsh.transform(on.asarray(table))), walsh.transform(table), rtol=1e-14)
    with pytest.raises(ParameterError, match="12 entries"):
        walsh.transform(np.zeros(12))
    with pytest.raises(ParameterError, match="n = 3 is odd"):
        walsh.bent(3)


def test_the_rounding_of_the_transform_is_bounded():
    table = np.random.default_rng(1).normal(size=(5, 2**7)) * 10.0 ** np.arange(5)[:, None]
    exact = walsh.transform(np.vectorize(F, otypes=[object])(table))
    off = np.abs((walsh.transform(table) - exact.astype(float)) / 2**7).max(axis=1)
    assert (off <= walsh.rounding(table)).all()
    assert (walsh.rounding(table) < 1e-13 * np.abs(table).max(axis=1)).all()


def test_a_bent_function_of_four_bits():
    bits = (1 - walsh.signs(4)) // 2
    np.testing.assert_array_equal(walsh.bent(4), (-1) ** (bits[:, 0] * bits[:, 1] + bits[:, 2] * bits[:, 3]))
    assert set(np.abs(walsh.transform(walsh.bent(4)) / 16)) == {0.25}


def test_elimination_against_all_solutions():
    rng = np.random.default_rng(2)
    rows, right = rng.integers(0, 8, (300, 4)), rng.integers(0, 2, (300, 4))
    found = gf2.solve(rows, right, 3)
    for k in range(300):
        solutions = [
            t for t in range(8) if all(int(a & t).bit_count() % 2 == y for a, y in zip(rows[k], right[k], strict=True))
        ]
        assert found.consistent[k] == bool(solutions)
        if solutions:
            assert found.solution[k] in solutions
            assert len(solutions) == 2 ** (3 - found.rank[k])
    with pytest.raises(ParameterError, match="n = 2"):
        gf2.solve(rows, right, 2)


def test_the_law_of_the_rank():
    full = [gf2.solve(np.array([rows]), np.zeros((1, 3), int), 2).rank[0] == 2 for rows in product(range(4), repeat=3)]
    assert gf2.full_rank_probability(2, 3) == F(sum(full), 64)
    exact = F(39311514153990139331708521308225, 40564819207303340847894502572032)
    assert gf2.full_rank_probability(10, 15) == exact
    assert float(exact) == pytest.approx(0.969103645035165, abs=5e-16)
    assert gf2.full_rank_probability(3, 2) == 0


def test_legal_answers_and_what_they_reveal():
    assert list(rounding_oracle.legal_answers(F(3, 4), 1)) == [0, 1]
    assert list(rounding_oracle.legal_answers(F(0), F(1, 7))) == [0]
    for b in (1, 4, 10):
        low, high = rounding_oracle.revealing_precision(F(1, b))
        assert low < F(4, 3 * b) <= high < low + F(1, 10**8)
        counts = [F(j, b) for j in range(b + 1)]
        assert all(rounding_oracle.revealed(counts, F(k, 100 * b)) for k in range(1, 67))
    with pytest.raises(ParameterError, match="at no precision"):
        rounding_oracle.revealing_precision(F(1), slack=2)
    with pytest.raises(ParameterError, match="positive"):
        rounding_oracle.legal_answers(F(1), 0)


def test_batches_that_are_large_enough():
    assert rounding_oracle.examples_needed(0.05, 100 * 50, 0.01) == 11053
    assert float(rounding_oracle.coin_tail(200, F(3, 20))) == pytest.approx(0.0400, abs=5e-5)
    assert 0.5 < rounding_oracle.coin_tail(200, F(1, 20)) < 0.55
    assert rounding_oracle.coin_tail(2, 1, F(1, 4)) == F(1, 16)  # only 1 and 1 are that far from the mean -1/2
