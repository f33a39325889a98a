"""Sparsification: optimal by duality, reference values, exact and float agree, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.experiments.communication.gradient_sparsification.measures import code_length
from gradproof.solvers.sparsification import greedy, minimal_density, minimal_variance
from gradproof.theory.errors import DomainError, ParameterError

HALF = Fraction(1, 2)
LAM = (5, 3, 1, HALF, HALF)
POWERS = np.array([8, 4, 2, 1, 0.5, 0.25, 0.125, 0.125])


def test_reference_values():
    two, three = minimal_variance(LAM, 2), minimal_variance(LAM, 3)
    assert two.p == [1, Fraction(3, 5), Fraction(1, 5), Fraction(1, 10), Fraction(1, 10)]
    assert (two.second_moment, three.second_moment) == (50, 38)
    assert three.p == [1, 1, HALF, Fraction(1, 4), Fraction(1, 4)]
    g = (3, -4, 0, 12)
    assert minimal_variance(g, Fraction(19, 13)).second_moment == 247
    assert minimal_variance(g, Fraction(19, 12)).second_moment == 228
    quarter, one = minimal_density(POWERS, 0.25), minimal_density(POWERS, 1.0)
    assert (quarter.kept, one.kept) == (1, 0)
    assert [quarter.density, quarter.p[1]] == pytest.approx([2.499542376, 0.7497711879], rel=1e-9)
    assert [one.density, one.p[1]] == pytest.approx([1.499816917, 0.3749542292], rel=1e-9)
    p, rescalings = greedy(POWERS, 0.25)
    assert rescalings == 0
    assert p.sum() == pytest.approx(2)
    assert (POWERS**2 / p).sum() / (POWERS @ POWERS) == pytest.approx(1.499816917, rel=1e-9)
    law = np.arange(1, 1001) ** -1.5
    rho = law[10:].sum() / law[:10].sum()
    assert rho == pytest.approx(0.2775517370, rel=1e-9)
    assert minimal_density(law, rho).density == pytest.approx(5.480589644, rel=1e-9)
    assert code_length(minimal_density(law, rho), 1000) == pytest.approx(150.6183741, rel=1e-9)


def test_spectral_reference_values():
    i, j = np.arange(1, 5)[:, None], np.arange(1, 7)[None, :]
    X = np.sin(i * j) + (i == j)
    sigma = np.linalg.svd(X, compute_uv=False)
    assert [np.abs(X).sum(), sigma.sum()] == pytest.approx([16.97274935, 7.559540626], rel=1e-9)
    assert minimal_variance(sigma, 2.0).second_moment == pytest.approx(28.57332724, rel=1e-9)
    assert minimal_variance(X.ravel(), 2.0).second_moment == pytest.approx(144.0371102, rel=1e-9)


def test_triplets_never_need_more_than_entries():
    """Random matrices, sparse and dense, of all ranks, at budgets that are balanced and not."""
    rng = np.random.default_rng(0)
    for k in range(200):
        X = np.round(rng.standard_normal((rng.integers(1, 6), rng.integers(1, 6))) * rng.choice([0, 1, 5], 1), 1)
        X = X * (rng.random(X.shape) < (k % 4 + 1) / 4)
        if X.any():
            sigma = np.linalg.svd(X, compute_uv=False)
            for s in (0.3, 1.0, 1.7, 3.0, 8.0):
                entries = minimal_variance(X.ravel(), s).second_moment
                assert minimal_variance(sigma, s).second_moment <= entries * (1 + 1e-12)


coefficients = st.lists(st.fractions(-100, 100, max_denominator=50), min_size=1, max_size=12).filter(any)


@given(coefficients, st.fractions("1/20", 13))
def test_no_gap_in_rational_arithmetic(lam, s):
    best = minimal_variance(lam, s)
    assert best.dual == best.second_moment
    assert all(0 <= p <= 1 and (p > 0) == (x != 0) for p, x in zip(best.p, lam, strict=True))
    assert sum(best.p) <= s or best.second_moment == sum(x * x for x in lam)
    floats = minimal_variance(np.array(lam, float), float(s))
    assert floats.second_moment == pytest.approx(float(best.second_moment), rel=1e-9)


@given(coefficients, st.fractions("1/20", 13))
def test_the_lower_bound_is_attained_by_balanced_vectors_alone(lam, s):
    l1, least = sum(map(abs, lam)), minimal_variance(lam, s).second_moment
    assert (least == l1**2 / s) == (max(map(abs, lam)) * s <= l1)
    assert least >= l1**2 / s


@given(coefficients, st.fractions("1/20", 5))
def test_no_gap_in_density(g, eps):
    best = minimal_density(g, eps)
    assert best.dual == best.density
    assert best.second_moment == (1 + eps) * sum(x * x for x in g)
    assert minimal_density(np.array(g, float), float(eps)).density == pytest.approx(float(best.density), rel=1e-9)


@given(coefficients, st.data())
def test_no_other_probabilities_do_better(lam, data):
    lam = [x for x in lam if x]
    weights = data.draw(st.lists(st.fractions("1/10", 1, max_denominator=20), min_size=len(lam), max_size=len(lam)))
    assert (
        sum(x * x / p for x, p in zip(lam, weights, strict=True)) >= minimal_variance(lam, sum(weights)).second_moment
    )


@given(coefficients, st.integers(1, 12))
def test_at_most_the_top_s_are_kept_for_certain(g, s):
    """At eps = rho(s), the share of what is outside the s largest."""
    top = sorted(map(abs, g), reverse=True)
    rho = sum(top[s:]) / sum(top[:s])
    if rho:
        best = minimal_density(g, rho)
        assert best.kept <= s
        assert best.density <= (1 + rho) * s


@given(coefficients, st.fractions("1/20", "19/20"))
def test_the_greedy_scheme_is_exact_for_exact_input(g, kappa):
    p, rescalings = greedy(g, kappa)
    best = minimal_variance(g, kappa * len(g))
    assert p.tolist() == best.p
    assert rescalings <= len(g)
    assert all(sum(greedy(g, kappa, rescalings=most)[0]) <= kappa * len(g) for most in range(3))


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40), st.floats(0.05, 0.95))
def test_the_greedy_scheme_ends_at_the_optimum(g, kappa):
    g = np.array(g)
    p, rescalings = greedy(g, kappa)
    assert rescalings <= g.size
    assert (g**2 / p).sum() == pytest.approx(minimal_variance(g, kappa * g.size).second_moment, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: minimal_variance([], 1), ParameterError),
        (lambda: minimal_variance([0, 0], 1), ParameterError),
        (lambda: minimal_variance(np.array([1.0, np.nan]), 1.0), ParameterError),
        (lambda: minimal_variance(np.ones((2, 2)), 1.0), ParameterError),
        (lambda: minimal_variance([1, 2], 0), DomainError),
        (lambda: minimal_variance([1, 2], float("nan")), DomainError),
        (lambda: minimal_density([1, 2], -1), DomainError),
        (lambda: minimal_density([np.inf, 2.0], 1), ParameterError),
        (lambda: greedy([1.0, 2.0], 1.5), DomainError),
        (lambda: greedy([1, 2, 3], 0.5, rescalings=-1), DomainError),
        (lambda: minimal_variance(["a"], 1), ParameterError),
        (lambda: greedy([1, 2], float("nan")), DomainError),
        (lambda: greedy([], 0.5), ParameterError),
        (lambda: greedy([1.0, np.nan], 0.5), ParameterError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
