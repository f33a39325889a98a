"""Norms behind masks of coins against enumeration, and binomial tails against the sum."""

from fractions import Fraction as F
from itertools import product
from math import comb

import pytest

from gradproof.solvers.masked_norm import binomial_below, mean_masked_norm, mean_root_binomial
from gradproof.theory.errors import ParameterError


def test_by_enumeration():
    a = [F(1, 2), F(-5, 3), 4, F(1, 6), 0]
    norms = [sum(v * x * x for v, x in zip(V, a, strict=True)) for V in product((0, 1), repeat=5)]
    low, high = mean_masked_norm(a)
    assert high - low < F(1, 10**24)
    assert float(low) == pytest.approx(sum(float(s) ** 0.5 for s in norms) / 32, rel=1e-14)


def test_of_one_entry_and_of_none():
    low, high = mean_masked_norm([F(-7, 3)])
    assert low <= F(7, 6) <= high
    assert mean_masked_norm([]) == mean_masked_norm([0]) == mean_root_binomial(0) == (0, 0)


def test_the_mean_root_of_a_binomial_number():
    assert float(mean_root_binomial(63)[0]) == pytest.approx(5.60117903823, abs=1e-11)


def test_tails():
    p = F(2, 7)
    assert binomial_below(5, p, 3) == sum(comb(5, k) * p**k * (1 - p) ** (5 - k) for k in range(3))
    assert (binomial_below(5, p, 0), binomial_below(5, p, 9)) == (0, 1)
    assert float(binomial_below(2048, F(1, 16), 63)) == pytest.approx(2.3e-11, rel=0.05)


def test_what_cannot_be_counted_is_refused():
    for call in (
        lambda: mean_masked_norm([1, F(1, 1009)]),
        lambda: mean_root_binomial(-1),
        lambda: binomial_below(3, F(4, 3), 1),
    ):
        with pytest.raises(ParameterError):
            call()
