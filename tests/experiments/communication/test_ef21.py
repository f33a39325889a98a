"""EF21 in numbers: methods, reference trajectories, checks, controls, and mutants of the claims."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.communication.ef21 import averages, instances, methods
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances import data
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.theory.communication import ef21
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.registry import claims

CLAIMS = claims("ef21")


def numeric(claim, budget="quick"):
    """The checks of a claim other than computer algebra."""
    return [c for c in checks_of(claim, budget) if c.level not in (Level.SYMBOLIC, Level.CERTIFIED)]


CHECKS = [pytest.param(claim, c, id=c.id) for claim in CLAIMS for c in numeric(claim)]


def verdict(claim, check, **context):
    return judge(check.level, claim.relation, check.run(Context(claim, scope=check.name, **context)))


# --- reference trajectories ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sine_run():
    P = instances.sine()
    steps = instances.Constants.of(P).steps(0.2)
    gammas = np.array([steps["qm"], steps["am"], steps["sharp"]])
    x0 = start(np.ones(5), settings=3)
    return gammas, run(methods.ef21(P, gammas, C.TopK(1)), x0, 500, record={"grad2": methods.grad2})


def test_synthetic_reference_trajectories(sine_run):
    gammas, out = sine_run
    assert gammas == pytest.approx([3.589037931e-3, 9.714445276e-3, 0.9 * 1.037175495e-2], rel=1e-9)
    grad2 = out.grad2.values[:, 0]
    assert grad2[:, 0] == pytest.approx([421.7819403] * 3, rel=1e-9)
    assert grad2[:, -1] == pytest.approx([0.103939297, 7.49667362e-3, 8.74737980e-3], rel=1e-8)
    assert grad2[1, :-1].mean() == pytest.approx(5.08640104, rel=1e-8)


def test_the_trajectory_is_insensitive_to_small_perturbations(sine_run):
    gammas, out = sine_run
    moved = start(np.ones(5) * (1 + 1e-10), settings=3)
    again = run(methods.ef21(instances.sine(), gammas, C.TopK(1)), moved, 500, record={"grad2": methods.grad2})
    assert again.grad2.values[..., -1] == pytest.approx(out.grad2.values[..., -1], rel=1e-6)


# --- methods ---------------------------------------------------------------------------------------------------------


def test_without_compression_everything_is_gradient_descent():
    P, x0, whole = instances.breast_cancer(), start(np.ones(30)), C.TopK(30)
    uniform = np.full(P.n, 1 / P.n)
    algorithms = (
        methods.gd(P, 0.1),
        methods.ef21(P, 0.1, whole),
        methods.ef21_w(P, 0.1, whole, uniform),
        methods.classical_ef(P, 0.1, whole),
        methods.compressed_gd(P, 0.1, whole),
    )
    paths = [run(m, x0, 20, record={"x": lambda s: s.x}).x.values for m in algorithms]
    for path in paths[1:]:
        assert np.allclose(path, paths[0], rtol=1e-12, atol=1e-13)


def test_ef21_by_hand():
    P = Quadratics(np.array([[[1.0]], [[-0.5]]]))
    out = run(
        methods.ef21(P, 0.1, C.Scalar(0.5)), start(np.ones(1)), 2, record={"x": lambda s: s.x, "g": lambda s: s.g}
    )
    x1 = 1 - 0.1 * 0.5 * (0.5 - 0.25)
    g1 = np.array([0.5 + 0.5 * (x1 - 0.5), -0.25 + 0.5 * (-0.5 * x1 + 0.25)])
    assert out.x.values[0, 0, 1:, 0] == pytest.approx([x1, x1 - 0.1 * g1.mean()], rel=1e-15)


def test_exact_runs_agree_with_floating_point():
    h, gamma = [[5, 1], [-1, 2]], Fraction(1, 8)
    exact = instances.exact_ef21(h, (Fraction(3, 2), Fraction(1, 2)), gamma, 12)
    P = Quadratics(np.array([np.diag(row) for row in h], float))
    t = instances.trace(
        P, 12, compressor=C.PerClient((C.Scalar(1.5), C.Scalar(0.5))), gammas={"g": 0.125}, x0=np.ones(2)
    )
    assert t.grad2[0, 0] == pytest.approx([float(v) for v in exact.grad2], rel=1e-12)
    assert t.e2[0, 0] == pytest.approx(np.array(exact.e2, float), rel=1e-11)
    assert (exact.L, exact.L_i) == (2, (5, 2))


def test_partial_participation_is_ef21_with_a_bernoulli_compressor():
    P, p = instances.breast_cancer(), 0.4
    u = np.random.default_rng(0).random((30, 1, 5, P.n))
    x0 = start(np.zeros(P.d), seeds=5)
    record = {"x": lambda s: s.x}
    one = run(methods.ef21_pp(P, 0.02, C.TopK(3), p, exact_start=True), x0, 30, record=record, draw=lambda t: u[t])
    two = run(methods.ef21(P, 0.02, C.Bernoulli(p, C.TopK(3))), x0, 30, record=record, draw=lambda t: u[t])
    assert np.array_equal(one.x.values, two.x.values)


def test_batches_are_independent_runs():
    P, gammas = instances.breast_cancer(), np.array([0.001, 0.01])
    both = run(methods.ef21(P, gammas, C.TopK(1)), start(np.ones(30), settings=2), 30, record={"x": lambda s: s.x})
    alone = run(methods.ef21(P, 0.01, C.TopK(1)), start(np.ones(30)), 30, record={"x": lambda s: s.x})
    assert np.allclose(both.x.values[1], alone.x.values[0], rtol=1e-10)


def test_bad_weights_and_probabilities():
    P = instances.breast_cancer()
    with pytest.raises(ParameterError, match="sum 1"):
        methods.ef21_w(P, 0.1, C.TopK(1), np.ones(10))
    with pytest.raises(ParameterError, match="p=0"):
        methods.ef21_pp(P, 0.1, C.TopK(1), 0)


# --- every check, every control --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claim", "check"), CHECKS)
def test_every_check_holds_and_every_control_is_caught(claim, check):
    found = verdict(claim, check)
    assert found.outcome in (Outcome.CONFIRMED, Outcome.CONSISTENT), found.reason


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_every_claim_has_two_kinds_of_evidence_a_control_and_a_tightness(claim):
    rows = checks_of(claim, "quick")
    assert len({c.level for c in rows} - {Level.CONTROL}) >= 2
    assert any(c.level is Level.CONTROL for c in rows)
    tight = [verdict(claim, c).tightness for c in numeric(claim) if c.level is not Level.CONTROL]
    assert max(t for t in tight if t is not None) > 0.1
    assert all(t is None or t <= 1 + 1e-9 for t in tight)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("claim", [ef21.SGD, ef21.PARTIAL_PARTICIPATION, ef21.COMPRESSORS], ids=str)
def test_other_seeds(claim, seed):
    for check in numeric(claim):
        assert verdict(claim, check, seed=seed).outcome in (Outcome.CONFIRMED, Outcome.CONSISTENT)


MUTANTS = {
    "ef21.compressors": lambda b: b * sp.Rational(99, 100),
    "ef21.young-optimal": lambda b: b * sp.Rational(101, 100),
    "ef21.distortion": lambda b: b * sp.Rational(99, 100),
    "ef21.stepsize-root": lambda b: b * sp.Rational(101, 100),
    "ef21.sharp-threshold": lambda b: b * sp.Rational(101, 100),
    "ef21.tight-single-worker": lambda b: b * sp.Rational(99, 100),
    "ef21.smoothness-constants": lambda b: b * sp.Rational(99, 100),
    "ef21.w-equivalence": lambda b: b + 1,
    "ef21.cloning": lambda b: b * sp.Rational(9, 10),
    "ef21.lyapunov-am": lambda b: b - sp.Rational(1, 2),
    "ef21.nonconvex-qm": lambda b: b * sp.Rational(7, 10),
    "ef21.nonconvex-am": lambda b: b * sp.Rational(7, 10),
    "ef21.pl": lambda b: b / 2,
    "ef21.pl-refined": lambda b: b / 2,
    "ef21.rare-features": lambda b: b * sp.Rational(2, 5),
    "ef21.hetero-compressors": lambda b: b / 4,
    "ef21.partial-participation": lambda b: b / 3,
    "ef21.sgd": lambda b: b / 4,
}


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_false_bound_is_refuted(claim):
    """The bound made too good by a stated factor, with the same instances: some check must refute it."""
    wrong = replace(claim, expression=MUTANTS[claim.id](claim.expression))
    outcomes = [verdict(wrong, c).outcome for c in numeric(claim) if c.level is not Level.CONTROL]
    assert Outcome.REFUTED in outcomes


def test_no_error_feedback_grows_at_the_known_rate():
    a = np.array([[-3.0, 2.0, 2.0], [2.0, -3.0, 2.0], [2.0, 2.0, -3.0]])
    P = Quadratics(2 * a[:, :, None] * a[:, None, :] + 0.5 * np.eye(3))
    gamma = 0.01
    x0 = start(np.ones(3))
    out = run(methods.compressed_gd(P, gamma, C.TopK(1)), x0, 40, record={"x": lambda s: s.x})
    assert out.x.values[0, 0, -1] == pytest.approx(np.full(3, (1 + 11 * gamma / 6) ** 40), rel=1e-12)
    fed_back = run(methods.ef21(P, gamma, C.TopK(1)), x0, 2000, record={"grad2": methods.grad2})
    assert fed_back.grad2.values[0, 0, -1] < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", averages.SIZES)
def test_larger_sets_with_20_and_100_and_1000_clients(name):
    if not data.available(name):
        pytest.skip(f"{name} is not on this machine; set {data.VARIABLE}")
    rows = data.load(name)
    for n in (20, 100, 1000):
        for claim in (ef21.NONCONVEX_QM, ef21.NONCONVEX_AM):
            m = averages.average_of(Context(claim), averages.run_on(rows, n, "numpy"))
            assert m.measured + m.error <= m.bound
