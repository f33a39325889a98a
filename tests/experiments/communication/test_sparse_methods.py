"""Batched schemes are those of the exact solver; sparsified SGD is unbiased and counts what it sends."""

import numpy as np
import pytest

from gradproof.experiments.communication import _sparse_methods as methods
from gradproof.experiments.communication.ef21.methods import compressed_gd
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.compressors import TopK
from gradproof.experiments.instances.finite_sums import LeastSquares, Quadratics
from gradproof.solvers.sparsification import minimal_density, minimal_variance

RNG = np.random.default_rng(0)
VECTORS = np.stack([*np.exp(2 * RNG.standard_normal((40, 8))), np.ones(8), np.r_[3.0, -4, 0, 12, 0, 0, 0, 0]])


@pytest.mark.parametrize("name", ["numpy", "torch", "jax", "array-api-strict"])
@pytest.mark.parametrize(
    ("scheme", "solver"), [(methods.least_variance, minimal_variance), (methods.least_density, minimal_density)]
)
@pytest.mark.parametrize("budget", [0.1, 0.5, 1.5, 3.0, 7.0, 20.0])
def test_schemes_are_those_of_the_solver(name, scheme, solver, budget, on_backend):
    on = on_backend(name)
    with on.scope():
        p = to_numpy(scheme(budget)(on.asarray(VECTORS)))
    best = np.stack([np.asarray(solver(v, budget).p, float) for v in VECTORS])
    assert np.abs(p - best).max() < 64 * np.finfo(float).eps  # sums of eight, then a ratio
    zero = np.zeros((2, 8))
    assert (scheme(budget)(zero) == 0).all()


def test_uniform_has_the_same_density():
    p = methods.uniform_like(methods.least_variance(2.0))(VECTORS)
    assert np.ptp(p, axis=-1).max() == 0
    assert np.allclose(p.sum(axis=-1), 2, rtol=1e-14)


def test_sparsified_gradients_are_unbiased_and_counted():
    """One step from 40000 seeds: the mean within six standard errors of the dense step."""
    H = np.stack([np.diag([1.0, 2.0, 3.0]), np.diag([5.0, 0.5, 1.0])])
    method = methods.sparsified_sgd(Quadratics(H), 0.1, methods.least_variance(1.5))
    words = keys("t", settings=[0], seeds=range(40_000))
    out = run(method, start([1.0, -1.0, 2.0], seeds=40_000), 1, record={"x": lambda s: s.x, "sent": lambda s: s.sent},
              draw=lambda t: Draws(words, t).uniform((2, 3)))  # fmt: skip
    x, sent = out.x.values[0, :, 1], out.sent.values[0, :, 1]
    dense = np.array([1.0, -1, 2]) * (1 - 0.1 * np.array([3.0, 1.25, 2.0]))
    assert (np.abs(x.mean(axis=0) - dense) < 6 * x.std(axis=0) / 200).all()
    assert abs(sent.mean() - 3) < 6 * sent.std() / 200


def test_the_largest_entries_undivided_stop_at_a_wrong_point():
    """Two workers that disagree: Top1 alone never reaches the optimum, the mean of sparsified runs does."""
    A, b = np.stack([np.eye(2), np.eye(2)]), np.array([[4.0, 1.0], [-4.0, 2.0]])
    problem = LeastSquares(A, b, 0.0)  # optimum: the mean of b, (0, 3/2)
    x0, T = start([0.0, 0.0], seeds=400), 400
    biased = run(compressed_gd(problem, 0.1, TopK(1)), x0, T, record={"x": lambda s: s.x}, at=[T]).x.values[0, :, 0]
    assert np.abs(biased[:, 1]).max() < 0.1  # the second coordinate, where nobody's gradient is largest, hardly moves
    words = keys("t", settings=[0], seeds=range(400))
    method = methods.sparsified_sgd(problem, 0.1, methods.least_variance(1.0))
    out = run(method, x0, T, record={"x": lambda s: s.x}, at=[T], draw=lambda t: Draws(words, t).uniform((2, 2)))
    x = out.x.values[0, :, 0]
    assert (np.abs(x.mean(axis=0) - [0, 1.5]) < 6 * x.std(axis=0) / 20).all()


@pytest.mark.parametrize("atoms", ["entries", "singular"])
def test_all_atoms_at_probability_one_is_gradient_descent(atoms):
    x0 = RNG.standard_normal((1, 2, 3, 4))
    method = methods.atomic_sgd(lambda x: x, 0.5, methods.everything, atoms=atoms)
    state = method.step(method.init(x0), np.full((1, 2, 12 if atoms == "entries" else 3), 0.999))
    assert np.allclose(state.x, x0 / 2, atol=1e-14)
    assert (state.sent == (12 if atoms == "entries" else 3)).all()


@pytest.mark.parametrize("scheme", [methods.least_variance(2.0), methods.least_density(0.5)])
def test_a_missing_gradient_entry_is_sent_not_lost(scheme):
    lam = np.array([1.0, np.nan, 0.5])
    kept, _ = methods.sparsify(lam, scheme(lam), np.full(3, 0.999))
    assert np.isnan(kept[1])
