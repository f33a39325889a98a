"""Strategies keep their promises exactly: checked on rationals, on Hypothesis's draws and on the tape's."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import gradproof.testing as gt
from gradproof.experiments.instances.exact import exact, precision
from gradproof.experiments.instances.tape import Rejected, play

FEW = settings(max_examples=40, deadline=None)
MU, L = 0.3, 1.7  # not dyadic: rounding would show


@pytest.mark.parametrize("mu", [0.0, MU, -L])
@FEW
@given(data=st.data())
def test_smooth_functions_lie_between_their_curvatures(mu, data):
    f = data.draw(gt.smooth(mu, L))
    x, y = (exact(data.draw(gt.points(f))) for _ in range(2))
    f = exact(f)
    inner, squared = (f.gradient(x) - f.gradient(y)) @ (x - y), (x - y) @ (x - y)
    assert Fraction(mu) * squared.fraction() <= inner.fraction() if squared else True
    assert inner <= squared * L
    # the gradient is the derivative: Taylor's remainder is between the curvature bounds
    rest = f(y) - f(x) - f.gradient(x) @ (y - x)
    assert squared * mu <= 2 * rest <= squared * L
    assert all(f.gradient(f.minimizer) == 0)
    assert f.minimum <= f(x)


@FEW
@given(gt.smooth(MU, L), st.floats(0.1, 10), st.data())
def test_the_prox_solves_its_equation(f, gamma, data):
    f, x, gamma = exact(f), exact(data.draw(gt.points(f))), exact(gamma)
    u = f.prox(x, gamma)
    assert all(u + gamma * f.gradient(u) == x)


@FEW
@given(gt.finite_sums(MU, L))
def test_the_minimizer_of_a_finite_sum_is_stationary(f):
    f = exact(f)
    assert all(f.gradient(f.minimizer) == 0)


@FEW
@given(gt.finite_sums(MU, L, interpolation=True), st.data())
def test_parts_that_interpolate_share_their_stationary_point(f, data):
    f, x = exact(f), exact(data.draw(gt.points(f)))
    assert all(p.gradient(f.minimizer) @ p.gradient(f.minimizer) == 0 for p in f.parts)
    assert f(x) >= f.minimum


def test_parts_that_interpolate_need_not_commute():
    def apart(f):
        (g, h), x = f.parts[:2], np.array([1.0, 2.0])
        return abs(g.gradient(h.gradient(x)) - h.gradient(g.gradient(x))).max() > 1e-3

    assert find(
        gt.finite_sums(0.0, 1.0, interpolation=True, pieces=1, n=2, max_dim=2).filter(lambda f: f.dim == 2), apart
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_rare_large_values_have_either_sign(sign):
    assert find(
        gt.noise_laws(1.0, heavy=False), lambda law: any(sign * v > 5 and 0 < p < 0.05 for v, p in law.outcomes)
    )


@FEW
@given(gt.lipschitz_convex(1.3), st.data())
def test_lipschitz_functions(f, data):
    x, y = (exact(data.draw(gt.points(f))) for _ in range(2))
    f = exact(f)
    g = f.gradient(x)
    assert g @ g <= Fraction(1.3) ** 2
    assert f(x) >= 0 == f(f.minimizer)
    assert f(y) >= f(x) + g @ (y - x)


@pytest.mark.parametrize("alpha", [1.0, 0.7, 0.3, 0.01])
@FEW
@given(data=st.data())
def test_compressors_contract(alpha, data):
    d = data.draw(st.integers(1, 3))
    C, x = data.draw(gt.compressors(alpha, dim=d)), exact(data.draw(gt.points(dim=d)))
    # balls are needed where the compressor takes a norm: compare with their radius on the safe side
    e = exact(C)(x) - x
    difference = (1 - Fraction(alpha)) * (x @ x) - e @ e
    assert difference.v >= 0 if difference.rational else difference.v > -1e-12


@FEW
@given(gt.mixing_matrices())
def test_mixing_matrices_are_doubly_stochastic(W):
    assert (W == W.T).all()
    assert (W >= 0).all()
    assert all(sum(map(Fraction, row)) == 1 for row in W)
    assert np.linalg.eigvalsh(W)[-2] < 1
    assert (np.diag(W) > 0).all()


def test_some_mixing_matrices_have_eigenvalues_near_minus_one():
    find(gt.mixing_matrices(), lambda W: np.linalg.eigvalsh(W)[0] < -0.8)


@FEW
@given(gt.coverage_functions(), st.data())
def test_coverage_is_monotone_and_submodular(f, data):
    f = exact(f)
    S = data.draw(st.sets(st.integers(0, f.n - 1)))
    T = S | data.draw(st.sets(st.integers(0, f.n - 1)))
    j = data.draw(st.integers(0, f.n - 1))
    assert f(()) == 0
    assert f(S) <= f(T)
    assert f(S | {j}) - f(S) >= f(T | {j}) - f(T)


@FEW
@given(gt.noise_laws(2.0, heavy=False))
def test_two_point_noise(law):
    law = exact(law)
    assert law.variance <= 2
    assert abs(law.mean) < 2**-40


@FEW
@given(gt.noise_laws(2.0, two_point=False))
def test_heavy_tailed_noise_can_be_sampled(law):
    assert law.sample(np.random.default_rng(0), 5).shape == (5,)


@FEW
@given(gt.step_sizes(0.7), st.integers(0, 50))
def test_schedules_stay_below_their_limit(schedule, k):
    assert 0 < schedule(k) <= 0.7


@FEW
@given(gt.least_squares(), st.data())
def test_least_squares_gradient(f, data):
    f, x, y = exact(f), exact(data.draw(gt.points(f))), exact(data.draw(gt.points(f)))
    with precision(256):  # the constant is a ball where it is irrational: compare with its radius on the safe side
        room = f.L * ((y - x) @ (y - x)) / 2 - (f(y) - f(x) - f.gradient(x) @ (y - x))
    assert room.v >= 0 if room.rational else room.v > -1e-60
    assert f(y) >= f(x) + f.gradient(x) @ (y - x)
    assert all(sum(f.part_gradient(i, x) for i in range(f.n)) == f.n * f.gradient(x))


@FEW
@given(gt.logistic(lam=0.1), st.data())
def test_logistic_gradient(f, data):
    x, y = data.draw(gt.points(f)), data.draw(gt.points(f))
    gap = f(y) - f(x) - f.gradient(x) @ (y - x)
    squared, rounding = (y - x) @ (y - x), 1e-10 * (1 + abs(f(x)) + abs(f(y)) + f.L * 100)
    assert 0.05 * squared - rounding <= gap <= f.L * squared / 2 + rounding


@FEW
@given(gt.gaussian_targets(MU, L))
def test_gaussian_targets(target):
    assert ((target.precision >= MU) & (target.precision <= L)).all()
    assert target.wasserstein2_squared(target.mean, 1 / target.precision) < 1e-28  # rounding of the two square roots


def test_spectrum():
    f = play(gt.quadratics_with_spectrum([1, 3]), (True, 1.5)).value
    H = np.array([f.gradient(e) for e in np.eye(2)])
    assert np.linalg.eigvalsh(H) == pytest.approx([1, 3], rel=1e-14)


def test_mean_over_paths():
    assert gt.mean_over_paths(2, 3, lambda path: sum(path)) == 1.5
    with pytest.raises(ValueError, match="too many to enumerate"):
        gt.mean_over_paths(10, 10, sum)


@st.composite
def mixed(draw):
    n = draw(st.integers(1, 3))
    return draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)), draw(st.text(max_size=2)), draw(gt.smooth(0.0, 1.0))


def test_a_tape_replays_any_strategy():
    rng = random.Random(3)
    for _ in range(30):
        first = play(mixed(), (), rng)
        again = play(mixed(), first.tape)
        assert again.choices == first.choices
        assert again.value[:2] == first.value[:2]


def test_a_tape_respects_filters():
    with pytest.raises(Rejected):
        play(st.integers(0, 5).filter(lambda k: k > 7))
    assert play(st.floats(0, 1), (0.25,)).value == 0.25
    assert play(st.floats(0, 1), (25.0,)).value == 1.0
