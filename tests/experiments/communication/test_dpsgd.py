"""D-PSGD's claims: all evidence good, all controls caught, known false variants refuted; the method on data."""

from fractions import Fraction

import numpy as np
import pytest

from gradproof.experiments.communication.dpsgd import instances, methods
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.minibatches import Minibatches, NoisyQuadratics
from gradproof.solvers import gossip
from gradproof.theory import registry

CLAIMS = registry.claims("dpsgd")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tight], ids=lambda c: c.id)
def test_false_variants(claim, false_variants_are_caught):
    false_variants_are_caught(claim)


@pytest.mark.parametrize("sort", [False, True])
def test_gradients_at_the_nodes_own_points(sort):
    """The full ones are those of the problem; samples have them as their mean, and a variance below the bound."""
    nodes, rng = Minibatches(methods.split_rows(5, sort=sort), 2), np.random.default_rng(0)
    x = 0.2 * rng.standard_normal((5, 30))
    full = nodes.gradients(x)
    for i in range(5):
        np.testing.assert_allclose(full[i], nodes.problem.gradients(x[i])[i], rtol=1e-9, atol=1e-12)
    G = nodes.sample(np.broadcast_to(x, (4000, 5, 30)), rng.random((4000, 5, 2)))
    variance = np.sum((G - full) ** 2, axis=-1).mean(axis=0)
    assert (variance < nodes.sigma2).all()
    assert (np.sum((G.mean(axis=0) - full) ** 2, axis=-1) < 6 * variance / 4000).all()


def test_sorted_labels_differ_more():
    x = np.zeros(30)
    spread = [np.var(methods.split_rows(8, sort=s).gradients(x), axis=0).sum() for s in (False, True)]
    assert spread[1] > 2 * spread[0]


@pytest.mark.parametrize("sort", [False, True])
def test_the_heterogeneity_is_bounded_everywhere(sort):
    """At random points near and far, and where the slopes of all rows of half the nodes are saturated."""
    P, rng = methods.split_rows(8, sort=sort), np.random.default_rng(0)
    directions = [*rng.standard_normal((20, 30)), *(P.A[:, :, None] * P.b[..., None, None]).mean(axis=1)[:, 0]]
    for direction in directions:
        for size in (0.0, 0.1, 1.0, 10.0, 1000.0):
            assert np.var(P.gradients(size * direction), axis=0).sum() <= P.heterogeneity


def test_a_run_is_the_exact_recursion():
    """1000 noisy runs against the exact mean and variance of the last iterate."""
    n, K, gamma = 4, 20, 0.2
    h, b, W = np.array([0.5, 1.0, 1.5, 2.0]), np.array([0.0, 1.0, 3.0, -2.0]), gossip.ring(4).astype(float)
    nodes, rng = NoisyQuadratics(h[:, None], b[:, None], 0.7), np.random.default_rng(0)
    noise = rng.standard_normal((K, 1, 1000, n, 1))
    out = run(
        methods.dpsgd(nodes, W, gamma),
        start(np.ones(1), seeds=1000),
        K,
        record={"x": lambda s: s.x},
        draw=lambda t: noise[t],
    )
    last = out.x.values[0, :, -1, :, 0]
    A, m, S = W - gamma * np.diag(h), np.ones(n), np.zeros((n, n))
    for _ in range(K):
        m, S = A @ m + gamma * h * b, A @ S @ A.T + (0.7 * gamma) ** 2 * np.eye(n)
    deviation = np.abs(last.mean(axis=0) - m) / np.sqrt(np.diag(S) / 1000)
    assert deviation.max() < 6
    assert np.diag(S) == pytest.approx(last.var(axis=0), rel=6 * np.sqrt(2 / 1000))


@pytest.mark.parametrize("graph", [*instances.RATIONAL_RINGS, instances.PATH3], ids=lambda g: g.name)
def test_spectra_are_those_of_the_matrices(graph):
    """Exact powers have the trace that the eigenvalues and their multiplicities say."""
    power = np.diag([Fraction(1)] * graph.n)
    for k in range(4):
        assert np.trace(power) == sum(times * x**k for x, times in graph.spectrum.items())
        power = power @ graph.W


@pytest.mark.parametrize("graph", instances.RATIONAL_RINGS, ids=lambda g: g.name)
def test_powers_of_rings_are_their_spectral_sums(graph):
    """On a graph that looks alike from every node each v_j(i)^2 summed over an eigenspace is its multiplicity over n."""
    for k in (0, 1, 2, 5):
        power = np.linalg.matrix_power(graph.W, k) if k else np.diag([Fraction(1)] * graph.n)
        claimed = (sum(times * x ** (2 * k) for x, times in graph.spectrum.items()) - 1) / graph.n
        assert all(v == claimed for v in ((power - Fraction(1, graph.n)) ** 2).sum(axis=0))


def test_what_matrices_guarantee():
    for graph in (*instances.GRAPHS, *instances.OTHERS, instances.PAIRS):
        gossip.check_mixing(graph.W)
        assert {"mixing", "doubly_stochastic"} <= graph.guarantees
        assert ("connected" in graph.guarantees) == (len(gossip.components(graph.W)) == 1)
    for graph in (instances.NILPOTENT, instances.mixed_permutations(4), instances.mixed_permutations(7)):
        assert (graph.W.sum(axis=0) == 1).all()
        assert (graph.W.sum(axis=1) == 1).all()
        assert (graph.W != graph.W.T).any()
        assert "mixing" not in graph.guarantees
    assert (instances.listeners(4).W.sum(axis=1) == 1).all()
    assert (instances.listeners(4).W.sum(axis=0) != 1).any()


def test_disconnected_nodes_do_not_agree():
    nodes = Minibatches(methods.split_rows(8, sort=True), 4)
    apart = np.kron(np.eye(2), gossip.ring(4).astype(float))
    gamma = 0.5 / float(np.max(nodes.problem.L_i))
    ends = [
        float(methods.trace(nodes, W, gamma, 60, seeds=1, stream=("t",)).consensus[0, 0, -1])
        for W in (gossip.ring(8).astype(float), apart)
    ]
    assert ends[1] > 5 * ends[0]
