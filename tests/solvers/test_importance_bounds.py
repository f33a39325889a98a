"""Bounds by enumeration against sums over all tuples, and a ring and normal estimators against quadrature."""

import itertools
import math
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.solvers.gaussian_estimators import mean_and_variance, slope
from gradproof.solvers.importance_bounds import chi_square, hierarchical, iwelbo, mean_over_draws, reverse_chi_square
from gradproof.solvers.noisy_ring import NoisyRing, integral
from gradproof.theory.errors import ParameterError

JOINT, Q = [0.02, 0.3, 0.11], [0.25, 0.5, 0.25]
AUX, GIVEN, BACK = [0.4, 0.6], np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]])


@pytest.mark.parametrize("K", [1, 2, 4])
def test_iwelbo_is_the_sum_over_all_tuples(K):
    value, error = iwelbo(JOINT, Q, K)
    tuples = itertools.product(range(3), repeat=K)
    true = math.fsum(math.prod(Q[z] for z in zs) * math.log(sum(JOINT[z] / Q[z] for z in zs) / K) for zs in tuples)
    assert abs(value - true) <= error + 1e-14


@pytest.mark.parametrize("K", [0, 1, 3])
def test_the_hierarchical_bound_is_the_sum_over_all_tuples(K):
    value, error = hierarchical(JOINT[:2], AUX, GIVEN, BACK, K)
    true = 0.0
    for z, u0 in itertools.product(range(2), repeat=2):
        for us in itertools.product(range(2), repeat=K):
            weight = AUX[u0] * GIVEN[u0, z] * math.prod(BACK[z, u] for u in us)
            a = [AUX[u] * GIVEN[u, z] / BACK[z, u] for u in (u0, *us)]
            true += weight * (math.log(JOINT[z]) - math.log(sum(a) / (K + 1)))
    assert abs(value - true) <= error + 1e-14


def test_chi_squares():
    w = np.array(JOINT) / Q / sum(JOINT)
    assert chi_square(JOINT, Q) == pytest.approx(np.array(Q) @ w**2 - 1)
    exact = AUX * GIVEN.T / (AUX @ GIVEN)[:, None]
    assert reverse_chi_square(AUX, GIVEN, exact) == pytest.approx(0, abs=1e-15)


def test_what_is_refused():
    with pytest.raises(ParameterError, match="positive"):
        mean_over_draws([1.0, 0.0], [0.5, 0.5], 2, np.log)
    with pytest.raises(ParameterError, match="fewer particles"):
        iwelbo(JOINT * 10, Q * 10, 90)
    with pytest.raises(ParameterError, match="100"):
        iwelbo(JOINT, Q, 101)
    with pytest.raises(ParameterError, match="must be positive"):
        NoisyRing(1.0, 0.0)
    with pytest.raises(ParameterError, match="give reparam"):
        mean_and_variance("enum", [1], 0, 1)


def test_a_ring_is_what_its_draws_are():
    ring = NoisyRing(2.0, 0.7)
    assert ring.mean(lambda r: 1.0)[0] == pytest.approx(1, abs=1e-10)
    assert ring.mean(lambda r: r)[0] == pytest.approx(4 + 2 * 0.49, abs=1e-9)
    x, y = 1.3, -0.4
    known = lambda a: math.exp(-((x - 2 * math.cos(a)) ** 2 + (y - 2 * math.sin(a)) ** 2) / 0.98) / (0.98 * math.pi)  # noqa: E731
    assert ring.log_marginal(x * x + y * y) == pytest.approx(
        math.log(integral(known, 0, 2 * math.pi)[0] / (2 * math.pi)), abs=1e-9
    )
    flat = lambda r: -r  # noqa: E731
    gap = ring.elbo(flat)[0] - ring.plain(flat)[0]
    assert gap == pytest.approx(ring.divergence()[0], abs=1e-8)
    drawn = ring.hierarchical(flat, 3, np.random.default_rng(0), 20_000)
    assert ring.plain(flat)[0] < drawn.mean() < ring.elbo(flat)[0]


def test_normal_estimators_of_a_square():
    known = {"reparam": 4, "reinforce": 30, "mvd": 16 / sp.pi - 4}
    for strategy, v in known.items():
        assert mean_and_variance(strategy, [0, 0, 1], 1, 1) == (2, sp.expand(v))
    quintic = [1, -2, 0, F(1, 3), 1, F(-1, 7)]
    assert {mean_and_variance(s, quintic, F(1, 2), 3)[0] for s in known} == {slope(quintic, F(1, 2), 3)}
