"""Means in two layers: the order changes nothing exactly, depth and rounding as stated, simulated arithmetic is the machine's."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers.summation import (
    DEPTH,
    chopped,
    consecutive,
    depth,
    hard_to_add,
    layered_mean,
    mean_of_means,
    nearest,
    outward,
    weights_excess,
)
from gradproof.theory.errors import ParameterError

sizes = st.lists(st.integers(1, 5), min_size=1, max_size=5)
numbers = st.floats(-1e6, 1e6).map(lambda v: F(v) if abs(v) > 1e-6 else F(0))  # no underflow


@given(sizes, st.data())
def test_layers_change_nothing_exactly(sizes, data):
    groups, N, G = consecutive(sizes), sum(sizes), len(sizes)
    order = data.draw(st.permutations(range(N)))
    groups = [[order[i] for i in g] for g in groups]
    values = [data.draw(numbers) for _ in range(N)]
    mean = sum(values) / N
    assert layered_mean(values, groups) == mean
    weights = {i: F(1, G * len(g)) for g in groups for i in g}
    assert mean_of_means(values, groups) == sum(weights[i] * v for i, v in enumerate(values))
    assert weights_excess(sizes) == sum((N * w - 1) ** 2 for w in weights.values()) / N
    assert (weights_excess(sizes) == 0) == (len(set(sizes)) == 1)


@given(sizes)
def test_depth(sizes):
    assert depth(consecutive(sizes)) <= max(sizes) + len(sizes) - 1 <= sum(sizes)
    assert depth(consecutive(sorted(sizes, reverse=True))) == max(sizes) + len(sizes) - 1
    assert depth(consecutive([sum(sizes)])) == sum(sizes)


@given(sizes, st.data())
def test_errors_are_within_the_bound(sizes, data):
    groups = consecutive(sizes)
    values = [data.draw(numbers) for _ in range(sum(sizes))]
    mean, size = sum(values) / len(values), sum(map(abs, values)) / len(values)
    for bits, arithmetic in ((53, nearest(53)), (12, nearest(12))):
        inputs = [nearest(bits).add(v, 0) for v in values]
        mean, size = sum(inputs) / len(values), sum(map(abs, inputs)) / len(values)
        error = abs(layered_mean(inputs, groups, arithmetic) - mean)
        assert error <= ((1 + F(1, 2**bits)) ** depth(groups) - 1) * size


@given(numbers, numbers, st.integers(1, 100))
def test_arithmetic_of_53_bits_is_that_of_floats(a, b, count):
    assert nearest(53).add(a, b) == F(float(a) + float(b))
    assert nearest(53).divide(a, count) == F(float(a) / count)
    assert nearest(24).add(F(float(np.float32(a))), F(float(np.float32(b)))) == F(float(np.float32(a) + np.float32(b)))


def test_worst_arithmetic_and_worst_inputs():
    groups, u = consecutive([3, 3, 2]), F(1, 2**11)
    one = [F(1), *[F(0)] * 7]  # in the longest chain
    assert layered_mean(one, groups, outward(u)) - F(1, 8) == ((1 + u) ** 5 - 1) / 8
    for order in (groups, consecutive([8])):
        values = hard_to_add(order, 11)
        error = abs(layered_mean(values, order, nearest(11)) - sum(values) / 8)
        assert 0.75 < error / (((1 + u) ** depth(order) - 1) * sum(values) / 8) <= 1
    values = [F(1), F(2**11 - 1, 2**21)]  # what is cut off is nearly 2u
    assert abs(layered_mean(values, [[0, 1]], chopped(11)) * 2 - sum(values)) > F(3, 2) * u


def test_arrays():
    G = np.random.default_rng(0).standard_normal((8, 5))
    np.testing.assert_allclose(layered_mean(list(G), consecutive([3, 3, 2])), G.mean(axis=0), rtol=1e-13)
    assert layered_mean([0] * 4, consecutive([2, 2]), DEPTH) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda: consecutive([]),
        lambda: consecutive([2, 0]),
        lambda: layered_mean([1, 2], [[0]]),
        lambda: layered_mean([1, 2], [[0, 1], []]),
        lambda: mean_of_means([1, 2], [[0, 1], [1]]),
    ],
)
def test_bad_input(call):
    with pytest.raises(ParameterError) as caught:
        call()
    assert "\n" not in str(caught.value)
