"""Mixing matrices and their gaps, exact averages of D-PSGD, stationary laws: reference values, certificates, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers import gossip
from gradproof.theory.errors import DomainError, ParameterError

HALF = Fraction(1, 2)


@pytest.mark.parametrize(("n", "s"), [(4, 0.3333333333), (8, 0.8047378541), (16, 0.9492530217), (32, 0.9871901869)])
def test_reference_gaps_of_rings(n, s):
    gap = gossip.second_eigenvalue(gossip.ring(n))
    assert gap.low <= gap.high < gap.low + Fraction(1, 10**10)
    assert float(gap.low) == pytest.approx(s, abs=1e-10)


def test_the_gap_of_a_ring_closes_as_stated():
    for n in (64, 128):
        s = np.sort(np.abs(np.linalg.eigvalsh(gossip.ring(n).astype(float))))[-2]
        assert (1 - s) * 3 * n**2 / (4 * np.pi**2) == pytest.approx(1, abs=4 / n**2)


def test_reference_stationary_law():
    b = np.array([Fraction(k) for k in range(8)])
    mean, S = gossip.stationary(gossip.ring(8), Fraction(1), b, Fraction(1, 10), Fraction(1))
    assert float(((mean - mean.sum() / 8) ** 2).sum() / 8) == pytest.approx(0.4136809985, rel=1e-9)
    assert S.sum() / 64 == Fraction(1, 152)  # 0.006578947368
    assert float(S[1, 1]) == pytest.approx(0.01837886823, rel=1e-9)
    floats = gossip.stationary(gossip.ring(8).astype(float), 1.0, b.astype(float), 0.1, 1.0)
    np.testing.assert_allclose(floats[1], S.astype(float), rtol=1e-9)
    np.testing.assert_allclose(floats[0], mean.astype(float), rtol=1e-9)


def test_reference_averages():
    out = gossip.quadratic_run(gossip.ring(8).astype(float), 1.0, np.sin(np.arange(8)), 0.05, 1.0, 200, 2.0)
    assert out.gradient == pytest.approx(0.1942163810, rel=1e-9)
    assert out.consensus == pytest.approx(0.01637196853, rel=1e-9)
    gap2 = (2 - np.sin(np.arange(8)).mean()) ** 2
    assert gossip.common_average(1.0, 0.05, 8, 1.0, 200, gap2) == pytest.approx(out.gradient, rel=1e-12)


def test_exact_and_float_runs_agree_and_match_simulation():
    W, h, b = (
        gossip.ring(5),
        np.array([Fraction(k, 3) for k in (1, 2, 3, 2, 1)]),
        np.array([Fraction(k) for k in (0, 1, -1, 2, 3)]),
    )
    exact = gossip.quadratic_run(W, h, b, Fraction(1, 4), Fraction(1, 2), 4, Fraction(1))
    floats = gossip.quadratic_run(W.astype(float), h.astype(float), b.astype(float), 0.25, 0.5, 4, 1.0)
    for name in ("gradient", "mean_gradient", "consensus"):
        assert isinstance(getattr(exact, name), Fraction)
        assert float(getattr(exact, name)) == pytest.approx(getattr(floats, name), rel=1e-12)
    rng, x, seen = np.random.default_rng(0), np.ones((40_000, 5)), []
    h, b = h.astype(float), b.astype(float)
    for _ in range(4):
        seen.append(((x - x.mean(axis=1, keepdims=True)) ** 2).mean(axis=1))
        x = x @ W.astype(float) - 0.25 * (h * (x - b) + np.sqrt(0.5) * rng.standard_normal(x.shape))
    seen = np.mean(seen, axis=0)
    assert abs(seen.mean() - floats.consensus) < 6 * seen.std() / np.sqrt(len(seen))


@given(st.integers(2, 8), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12))
def test_metropolis_weights_mix(n, pairs):
    edges = [(i % n, j % n) for i, j in pairs if i % n != j % n]
    W = gossip.check_mixing(gossip.metropolis(n, edges))
    parts = gossip.components(W)
    assert sorted(i for part in parts for i in part) == list(range(n))
    if len(parts) == 1:
        gap = gossip.second_eigenvalue(W)
        s = np.sort(np.abs(np.linalg.eigvalsh((W - Fraction(1, n)).astype(float))))[-1]
        assert float(gap.low) - 1e-9 <= s <= float(gap.high) + 1e-9
        assert gap.high < 1
    else:
        with pytest.raises(DomainError, match="components"):
            gossip.second_eigenvalue(W)


@pytest.mark.parametrize("W", [gossip.torus(3, 4), gossip.exponential(9), gossip.complete(1), gossip.ring(3)])
def test_graphs_are_mixing_and_regular(W):
    gossip.check_mixing(W)
    assert len({W[i, i] for i in range(len(W))}) == 1


RING = gossip.ring(4).astype(float)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: gossip.check_mixing([]), ParameterError),
        (lambda: gossip.check_mixing(np.ones((2, 3))), ParameterError),
        (lambda: gossip.check_mixing(np.full((2, 2), np.nan)), ParameterError),
        (lambda: gossip.check_mixing([[0.5, 0.5], [0.4, 0.6]]), DomainError),
        (lambda: gossip.check_mixing([[0.5, 0.4], [0.4, 0.6]]), DomainError),
        (lambda: gossip.check_mixing([[1.5, -0.5], [-0.5, 1.5]]), DomainError),
        (lambda: gossip.second_eigenvalue(RING), ParameterError),
        (lambda: gossip.second_eigenvalue(gossip.ring(6, HALF)), DomainError),
        (lambda: gossip.second_eigenvalue(gossip.ring(6, Fraction(0))), DomainError),
        (lambda: gossip.ring(2), DomainError),
        (lambda: gossip.ring(5, Fraction(3, 4)), DomainError),
        (lambda: gossip.complete(0), DomainError),
        (lambda: gossip.metropolis(3, [(0, 3)]), ParameterError),
        (lambda: gossip.metropolis(3, [(1, 1)]), ParameterError),
        (lambda: gossip.quadratic_run(RING, 1.0, np.ones(3), 0.1, 1.0, 5, 0.0), ParameterError),
        (lambda: gossip.quadratic_run(RING, 1.0, np.ones(4), float("nan"), 1.0, 5, 0.0), ParameterError),
        (lambda: gossip.quadratic_run(RING, 1.0, np.ones(4), 0.1, 1.0, 0, 0.0), ParameterError),
        (lambda: gossip.stationary(RING, 1.0, np.ones(4), 1.5, 1.0), DomainError),
        (lambda: gossip.stationary(gossip.ring(6, HALF).astype(float), 1.0, np.ones(6), 0.01, 1.0), DomainError),
        (lambda: gossip.common_average(1.0, 2.0, 4, 1.0, 10, 1.0), DomainError),
        (lambda: gossip.common_average(1.0, 0.1, 4, float("nan"), 10, 1.0), DomainError),
        (lambda: gossip.common_average(1.0, 0.1, 0, 1.0, 10, 1.0), DomainError),
        (lambda: gossip.common_average(1.0, 0.1, 4, 1.0, 0, 1.0), DomainError),
        (lambda: gossip.stationary(np.full((2, 2), np.nan), 1.0, np.ones(2), 0.1, 1.0), ParameterError),
        (lambda: gossip.stationary(np.zeros((0, 0)), 1.0, np.ones(0), 0.1, 1.0), ParameterError),
        (lambda: gossip.stationary(RING, 1.0, np.ones(3), 0.1, 1.0), ParameterError),
        (lambda: gossip.stationary(RING, 1.0, np.array([1, 2, 3, np.nan]), 0.1, 1.0), ParameterError),
        (lambda: gossip.stationary(RING, 1.0, np.ones(4), float("nan"), 1.0), ParameterError),
        (lambda: gossip.stationary(RING, 1.0, np.ones(4), 0.1, -1.0), DomainError),
        (lambda: gossip.quadratic_run(RING, 1.0, np.ones(4), 0.1, -1.0, 3, 0.0), DomainError),
        (lambda: gossip.quadratic_run(RING, 1.0, np.ones(4), 0.1, 1.0, 3, np.ones(3)), ParameterError),
        (lambda: gossip.metropolis(0, []), DomainError),
        (lambda: gossip.torus(0, 3), DomainError),
        (lambda: gossip.exponential(0), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_largest_stable_step():
    low, high = gossip.largest_stable_step(gossip.ring(6))
    assert low < Fraction(2, 3) < high < low + Fraction(1, 10**8)
    assert gossip.largest_stable_step(gossip.ring(6, HALF))[0] == 0  # no step is stable
    low, high = gossip.largest_stable_step(gossip.ring(4), np.array([HALF, Fraction(3, 2)] * 2))
    radius = [
        max(abs(np.linalg.eigvalsh(gossip.ring(4).astype(float) - float(g) * np.diag([0.5, 1.5] * 2))))
        for g in (low, high)
    ]
    assert radius[0] <= 1 <= radius[1]
    with pytest.raises(ParameterError):
        gossip.largest_stable_step(gossip.ring(6), width=Fraction(0))


def test_the_lazy_complete_graph():
    assert gossip.second_eigenvalue(gossip.lazy_complete(5, Fraction(1, 3))).low == Fraction(2, 3)
