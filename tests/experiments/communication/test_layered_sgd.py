"""Layered SGD's claims: all evidence good, all controls caught, false variants refuted; digits, other backends."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.communication.layered_sgd import measures, measures_runs, methods
from gradproof.experiments.communication.layered_sgd.methods import in_groups, iterates
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.solvers.summation import consecutive, mean_of_means
from gradproof.theory import registry
from gradproof.theory.communication import layered_sgd as ls
from gradproof.theory.evidence import Level, Outcome

CLAIMS = registry.claims("layered-sgd")
GROUPS = consecutive([3, 3, 2])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tight], ids=lambda c: c.id)
def test_false_variants(claim, false_variants_are_caught):
    false_variants_are_caught(claim)


def refuted(variant, claim):
    """Does a measure of the claim refute the variant?"""
    tasks = [t for t in plan([claim]) if t.check.level is Level.EXACT]
    rows = (run_task(replace(t, claim=variant, context=replace(t.context, claim=variant))) for t in tasks)
    return any(row.verdict.outcome is Outcome.REFUTED for row in rows)


_h, _B = ls.FLOAT.parameter("h").symbol, ls.CONVERGENCE.parameter("B_tot").symbol
_eta, _T = (ls.ROUNDING_DRIFT.parameter(n).symbol for n in ("eta", "T"))


@pytest.mark.parametrize(
    ("claim", "expression"),
    [
        # as if the division did not round
        (ls.FLOAT, ls.FLOAT.expression.subs(_h, _h - 1)),
        # as if rounding errors added up like random ones
        (ls.ROUNDING_DRIFT, ls.ROUNDING_DRIFT.expression / _T),
        (ls.ROUNDING_DRIFT, ls.ROUNDING_DRIFT.expression / _eta),
        # as if the reduction were free
        (ls.TIME, ls.TIME.expression + ls.TIME.parameter("R").symbol),
        (ls.CONVERGENCE, ls.CONVERGENCE.expression.subs(_B, 2 * _B)),
        (ls.STRAGGLER, ls.STRAGGLER.parameter("tau").symbol * (1 + sp.log(ls.STRAGGLER.parameter("N").symbol))),
    ],
)  # fmt: skip
def test_plausible_and_false(claim, expression):
    assert refuted(claim.with_bound(expression), claim)


def test_reference_trajectory():
    def end(aggregate, **options):
        return iterates(measures.reference, 8, lambda t: F(1, 10), 12, F(3), aggregate, **options)[-1]

    layered = end(in_groups(GROUPS))
    assert layered == end(lambda values: sum(values) / 8)
    assert float(layered) == pytest.approx(1.496775303, abs=5e-10)
    assert float(end(lambda values: mean_of_means(values, GROUPS))) == pytest.approx(1.498539327, abs=5e-10)


def test_one_step_old_gradients_halve_the_stable_steps():
    """x+ = x - eta h x_{-1}: of spectral radius sqrt(eta h) beyond the double root, stable iff eta h < 1."""

    def shrinks(step):
        xs = iterates(lambda i, t, x: x, 1, lambda t: step, 400, 1.0, in_groups([[0]]), stale=1)
        return abs(xs[-1]) < 1e-2

    assert shrinks(0.95)
    assert not shrinks(1.05)
    assert max(abs(np.roots([1, -1, 1.2]))) == pytest.approx(1.0954451150, abs=5e-11)
    assert iterates(lambda i, t, x: x, 1, lambda t: F(19, 10), 200, F(1), in_groups([[0]]))[-1] < F(1, 10**6)


def test_digits_in_double_precision():
    """200 steps of 64 workers: the same iterates to 1e-12 of their size, whatever the groups."""
    X, error, _ = measures_runs.digits_in_layers(64, 4, 200, "numpy", [0, 200])
    end = X[:, -1]
    assert len(end) == 5
    assert np.abs(end - end[0]).max() <= 1e-12 * np.linalg.norm(end[0])
    assert error < 1e-9
    assert methods.digits(64).loss(end[0]) < 0.6


def test_gradients_of_softmax_regression():
    P, rng = methods.digits(16, rows=200), np.random.default_rng(0)
    x, e = rng.standard_normal((1, 1, P.dim)) / 10, 1e-5 * rng.standard_normal(P.dim)
    slope = float((P.loss(x + e) - P.loss(x - e))[0, 0]) / 2
    assert slope == pytest.approx(float(P.gradient(x)[0, 0] @ e), rel=1e-6)
    whole = np.arange(16 * P.m).reshape(1, 1, 16, P.m)
    np.testing.assert_allclose(P.gradients(x, whole).mean(axis=2), P.gradient(x), rtol=1e-9, atol=1e-12)
    rows = [P.in_order(3)(t) for t in range(4)]
    assert (np.concatenate(rows, axis=-1)[0, 0, :, :12] == whole[0, 0][:, :12]).all()
    for at in (x, 10 * x):  # the bounds on smoothness and variance
        single = P.gradients(at, np.arange(16 * P.m).reshape(1, 1, -1, 1))[0, 0]
        assert ((single - single.mean(axis=0)) ** 2).sum(axis=1).mean() <= P.sigma2
        step = 1e-3 * rng.standard_normal(P.dim)
        assert np.linalg.norm(P.gradient(at + step) - P.gradient(at)) <= P.L * np.linalg.norm(step)


def test_rounding_of_long_vectors_in_small():
    """The run of budget gpu, 2000 entries in pieces: within the bound, and not far below it."""
    stream = lambda *names: keys(*names, settings=[0], seeds=[0])  # noqa: E731
    for sizes in ((16,), (4, 4, 4, 4)):
        value, at = measures_runs.rounding_of_normal_vectors(sizes, 2000, 500, stream, "numpy")
        bound = float(ls.FLOAT.bound(**at))
        assert bound / 100 < value.high <= bound


@pytest.mark.parametrize(
    "name", [*(pytest.param(n, marks=pytest.mark.slow) for n in ("torch", "jax")), "array-api-strict"]
)
def test_other_backends(on_backend, name):
    on, P = on_backend(name), methods.digits(8, rows=80)
    rules, record = [in_groups(g) for g in (consecutive([8]), GROUPS)], {"x": lambda s: s.x}
    x0 = start(np.zeros(P.dim), settings=2)
    here = run(methods.layered_sgd(P, 0.1, rules), x0, 5, record=record, draw=P.in_order(2)).x.values
    moved = on.move(P)
    there = run(
        methods.layered_sgd(moved, 0.1, rules), on.asarray(x0), 5, record=record, draw=moved.in_order(2)
    ).x.values
    np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-12)
    claims = (ls.FLOAT, ls.STRAGGLER) if name == "jax" else (ls.FLOAT, ls.ROUNDING_DRIFT, ls.STRAGGLER)  # compiles long
    tasks = [t for c in claims for t in plan([c]) if t.check.level is Level.EMPIRICAL]
    for t in tasks:
        verdict = run_task(replace(t, context=replace(t.context, backend=name))).verdict
        assert verdict.outcome is Outcome.CONSISTENT, str(verdict)
