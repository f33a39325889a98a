"""Lyapunov functions, spectral radii and averages of smoothness constants of error feedback."""

import itertools
from fractions import Fraction
from math import ceil, sqrt

import numpy as np
import pytest

from gradproof.solvers import ef_lyapunov as ef
from gradproof.theory.errors import ParameterError

GRID = list(itertools.product((0.25, 0.5, 0.75, 0.9), (1.0, 0.5, 0.1)))


def gamma_sharp(L: float, L_AM: float, q: float) -> float:
    return 2 * (1 - q * q) / ((1 + q * q) * L + 2 * q * L_AM)


def gamma_am(L: float, L_AM: float, q: float) -> float:
    return 1 / (L + L_AM * q / (1 - q))


@pytest.mark.parametrize(("q", "L"), GRID)
def test_the_sdp_finds_the_closed_form_threshold_and_its_lyapunov_function(q, L):
    found = ef.lyapunov_sdp(L=L, L_AM=1.0, q=q)
    assert found.error < 1e-8
    assert abs(found.value - gamma_sharp(L, 1.0, q)) <= found.error + 1e-14
    assert found.c == pytest.approx(1 / (2 * q), rel=1e-4)


def test_the_threshold_scales_as_one_over_L():
    one, thousand = ef.lyapunov_sdp(L=0.3, L_AM=1.0, q=0.5), ef.lyapunov_sdp(L=300, L_AM=1000, q=0.5)
    assert thousand.value == pytest.approx(one.value / 1000, rel=1e-12)


def test_best_delta_reference_value():
    found = ef.best_delta(0.5, L=1.0, L_AM=1.0, q=0.5)
    assert found.value == pytest.approx(0.32978723, abs=5e-9)
    assert found.value > 0.25  # the paper's gamma/2


@pytest.mark.parametrize(("q", "L"), GRID)
def test_the_paper_decrease_is_within_a_third_of_the_best(q, L):
    gamma = gamma_am(L, 1.0, q)
    found = ef.best_delta(gamma, L=L, L_AM=1.0, q=q)
    assert 1.08 <= found.value / (gamma / 2) <= 1.32
    sweep = [ef.best_delta(g, L=L, L_AM=1.0, q=q).value for g in np.linspace(gamma, gamma_sharp(L, 1.0, q), 40)[:-1]]
    assert 1.1 <= max(sweep) / (gamma / 2) <= 1.81


def test_no_decrease_is_left_at_the_threshold():
    near = ef.best_delta(gamma_sharp(0.5, 1.0, 0.5) * 0.9999, L=0.5, L_AM=1.0, q=0.5)
    beyond = ef.best_delta(gamma_sharp(0.5, 1.0, 0.5) * 1.01, L=0.5, L_AM=1.0, q=0.5)
    assert 0 < near.value < 2e-3
    assert not beyond.value > 0


@pytest.mark.parametrize(
    "bad",
    [
        {"L": 2, "L_AM": 1, "q": 0.5},
        {"L": 0, "L_AM": 1, "q": 0.5},
        {"L": 1, "L_AM": 1, "q": 1},
        {"L": 1, "L_AM": 1, "q": 0},
    ],
)
def test_arguments_outside_the_domain_are_named(bad):
    with pytest.raises(ParameterError, match=r"need 0 < L|must lie in"):
        ef.lyapunov_sdp(**bad)
    with pytest.raises(ParameterError, match="gamma"):
        ef.best_delta(0.0, L=1, L_AM=1, q=0.5)


def test_spectral_radius_reference_value_and_threshold():
    h, s = ef.sharp_instance(0.25, 0.75)
    assert ef.spectral_radius(1.05 * 24 / 17, q=0.5, h=h, s=s) == pytest.approx(1.031945672, abs=5e-10)
    assert ef.stability_threshold(q=0.5, h=h, s=s, upper=4.0) == pytest.approx(24 / 17, rel=1e-12)


def test_smoothness_of_f_alone_does_not_bound_the_step_size():
    h, s = (1.0, -0.9), (1, -1)
    assert np.mean(h) == pytest.approx(0.05)  # so 1/L = 20
    assert ef.stability_threshold(q=0.5, h=h, s=s, upper=20.0) == pytest.approx(1.4815, abs=5e-5)
    assert ef.spectral_radius(20.0, q=0.5, h=h, s=s) > 10


def test_the_matrix_is_the_algorithm():
    rng = np.random.default_rng(0)
    q, gamma, h, s = 0.6, 0.3, rng.uniform(-1, 2, 3), np.array([1.0, -1.0, 0.3])
    x, g = 0.7, rng.standard_normal(3)
    x_new = x - gamma * g.mean()
    g_new = g + (1 + s * q) * (h * x_new - g)
    assert ef.iteration_matrix(gamma, q=q, h=h, s=s) @ [x, *g] == pytest.approx([x_new, *g_new], rel=1e-14)


def test_stability_threshold_edges():
    assert ef.stability_threshold(q=0.5, h=(1.0,), s=(1,), upper=0.1) == 0.1
    with pytest.raises(ParameterError, match="must be positive"):
        ef.stability_threshold(q=0.5, h=(1.0, -2.0), s=(1, 1), upper=1.0)


def test_cloning_reference_values():
    L_i = (1, 1, 1, 100)
    assert sqrt(ef.cloning_mean_square(L_i, (1, 1, 1, 1))) == pytest.approx(50.00749944, abs=1e-8)
    assert sqrt(ef.cloning_mean_square(L_i, (1, 1, 1, 2))) == pytest.approx(39.54032751, abs=1e-8)
    mean = Fraction(sum(L_i), 4)
    assert sqrt(ef.cloning_mean_square(L_i, [ceil(l / mean) for l in L_i])) == pytest.approx(33.09172857, abs=1e-8)
    assert ef.best_cloning(L_i, 5) == ((1, 1, 1, 2), Fraction(25015, 16))


@pytest.mark.parametrize("L_i", [(1, 1, 1, 100), (3, 7, 2), (Fraction(1, 3), 5, 5, 1)])
def test_greedy_cloning_equals_enumeration(L_i):
    n, N_max = len(L_i), 10
    every = (N for N in itertools.product(range(1, N_max + 1), repeat=n) if sum(N) <= N_max)
    assert ef.best_cloning(L_i, N_max)[1] == min(ef.cloning_mean_square(L_i, N) for N in every)
    with pytest.raises(ParameterError, match="every client"):
        ef.best_cloning(L_i, n - 1)


def test_rare_features_reference_values():
    L_i, supports = (1, 2, 3, 4, 10), [{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}]
    assert ef.L_rf(L_i, supports) == Fraction(14, 5)
    c, r = ef.overlap(supports)
    assert (c, r) == (2, 2)
    assert sqrt(Fraction(c, 5)) * sqrt(Fraction(sum(l * l for l in L_i), 5)) == pytest.approx(3.224903099, abs=5e-10)
    assert ef.L_rf(L_i, supports) < min(Fraction(c, 5) * max(L_i), Fraction(sum(L_i), 5))
    with pytest.raises(ParameterError, match="nonempty support"):
        ef.L_rf(L_i, supports[:-1])
