"""Evidence on small starts: every claim is held and controlled, false variants are refuted, sensing does what the paper says."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.draws import keys
from gradproof.experiments.landscape.small_init import instances, measures, measures_runs, methods
from gradproof.solvers.low_rank import descend
from gradproof.theory import registry
from gradproof.theory.landscape import small_init as paper

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


def _variants():
    """Three false variants of each claim: constants, exponents, parameters."""
    e = {c.id.split(".")[1]: (c, c.expression, {p.name: p.symbol for p in c.parameters if not p.size}) for c in CLAIMS}
    for name, make in {
        "norm-invariant": lambda x, p: (x * 0.99, x**2 / 2, x / (1 + p["mu"] * x)),
        "norm-growth": lambda x, p: (x * 0.9, x**0.9, x.subs(p["lam"], p["lam"] * 0.8)),
        "power-phase": lambda x, p: (x * 0.99, x * p["n0"], x.subs(p["t"], p["t"] - 1)),
        "signal-growth": lambda x, p: (x * 1.01, x.subs(p["t"], p["t"] + 1), x.subs(p["lam_r"], 2 * p["lam_r"])),
        "power-alignment": lambda x, p: (x * 0.99, x.subs(p["t"], p["t"] + 1), x / (1 + p["mu"])),
        "null-monotone": lambda x, p: (x * 0.99, x**2, x / 2),
        "null-decay": lambda x, p: (x * 0.99, x.subs(p["mu"], 2 * p["mu"]), x * p["q"]),
        "null-floor": lambda x, p: (x * 1.01, x.subs(p["t"], p["t"] - 1), x.subs(p["mu"], p["mu"] / 2)),
        "decoupled": lambda x, p: (x * 1.0001, x.subs(p["mu"], p["mu"] * 0.99), x - p["mu"] * p["s"] ** 3 / 100),
        "escape": lambda x, p: (x * 1.1, x.subs(p["t"], p["t"] + 1), x.subs(p["mu"], 2 * p["mu"])),
        "escape-not-before": lambda x, p: (x * 1.05, x + 5, x.subs(p["mu"], p["mu"] * 0.9)),
        "escape-not-after": lambda x, p: (
            x * 0.5,
            x.subs(p["mu"], 2 * p["mu"]) - 2,
            x.subs(p["alpha"], 2 * p["alpha"]) * 0.6,
        ),
        "settling": lambda x, p: (x * 0.99, x.subs(p["t"], p["t"] + 1), x.subs(p["mu"], 2 * p["mu"])),
        "flow-closed-form": lambda x, p: (x * 1.0001, x**2, x + 1e-6),
        "sensing-theorem": lambda x, p: (x / 15, p["alpha"] / 3, p["alpha"] ** sp.Rational(21, 16)),
        "nuclear-norm": lambda x, p: (x * 1.01, x**2, x + 0.1),
    }.items():
        claim, expression, symbols = e[name]
        for k, variant in enumerate(make(expression, symbols)):
            yield pytest.param(claim, sp.nsimplify(variant, rational=True), id=f"{name}-{k}")


VARIANTS = list(_variants())


@pytest.mark.parametrize(("claim", "variant"), VARIANTS)
def test_false_variants_are_refuted(claim, variant, refuted):
    assert refuted(claim, variant)


def test_all_claims_have_variants():
    assert {p.values[0].id for p in VARIANTS} == {c.id for c in CLAIMS}


def test_the_ball_is_invariant_up_to_twice_the_step_of_a_singular_value_argument():
    """A bound by singular values alone needs mu lam <= 1/3; random pairs at 1/2 stay inside, some nearly on the sphere."""
    rng, largest = np.random.default_rng(0), 0.0
    for _ in range(200):
        turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        W = (turn * rng.choice([0, 1, rng.uniform()], size=4)) @ turn.T
        step = np.eye(4) + 0.5 * (np.diag(rng.choice([0.0, 1.0], size=4)) - W)
        largest = max(largest, float(np.linalg.eigvalsh(step @ W @ step)[-1]))
    assert 0.99 < largest < 1 + 1e-12


def test_methods_agree_with_the_descent_in_balls():
    start = instances.gaussian(8, 0.1)
    method = methods.factored_descent(methods.Population(np.diag(np.array(start.eigenvalues, float))), 0.1)
    state = method.init(np.asarray(start.U0)[None, None])
    for _ in range(10):
        state = method.step(state)
    assert state.U[0, 0] == pytest.approx(start.path[10].U[0], abs=1e-13)


def test_sensing_is_the_gradient_of_its_loss():
    problem = methods.draw_sensing(measures_runs.array_library("numpy"), keys("t", settings=[0], seeds=[0])[0], 4, 1, 7)
    A, M = problem.A[0][0].reshape(7, 4, 4), problem.M[0]
    U = np.random.default_rng(1).normal(size=(4, 3))
    loss = lambda X: np.sum(np.tensordot(A, X @ X.T - M, 2) ** 2) / (4 * 7)  # noqa: E731
    moved = methods.factored_descent(problem, 1.0).step(methods.Factor(U[None, None])).U[0, 0]
    h = 1e-6 * np.eye(12).reshape(12, 4, 3)
    slope = np.array([(loss(U + d) - loss(U - d)) / 2e-6 for d in h]).reshape(4, 3)
    assert U - moved == pytest.approx(slope, abs=1e-6)


def test_a_smaller_start_ends_nearer_to_the_nuclear_norm_solution():
    problem = instances.measurements()
    Z = measures_runs.program(problem).Z
    ends = [measures_runs.descend(problem, a, 600) for a in (1.0, 0.1, 0.01, 0.001)]
    distance = [np.linalg.norm(U @ U.T - Z) for U in ends]
    assert all(2 * b < a for a, b in pairwise(distance))
    assert distance[-1] < 0.01
    assert distance[0] > 0.1


def test_a_direction_that_the_start_misses_is_never_learned():
    *_, last = descend(np.diag([2.0, 1.0, 0.0]), np.diag([0.1, 0.0, 0.1]), F(1, 10), 200)
    assert (last.U[0][1] == 0).all()
    assert last.U[0][0, 0] ** 2 == pytest.approx(2, abs=1e-9)


def test_lengths_of_rational_vectors():
    assert measures.length(np.array([F(3, 5), F(4, 5)], dtype=object)) == 1
    with pytest.raises(ValueError, match="no rational"):
        measures.length(np.array([F(1), F(1)], dtype=object))
