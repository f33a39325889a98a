"""EF21 in numbers: methods, reference trajectories, checks, controls, and mutants of the claims."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.communication.ef21 import instances, measures, measures_runs, methods
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import confront
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances import data
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.solvers import ef_exact
from gradproof.solvers.ef_lyapunov import L_rf, cloning_mean_square, overlap
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
    exact, constants = ef_exact.exact_ef21(h, (Fraction(3, 2), Fraction(1, 2)), gamma, 12), measures.constants(h)
    P = Quadratics(np.array([np.diag(row) for row in h], float))
    t = instances.trace(
        P, 12, compressor=C.PerClient((C.Scalar(1.5), C.Scalar(0.5))), gammas={"g": 0.125}, x0=np.ones(2)
    )
    assert t.grad2[0, 0] == pytest.approx([float(v) for v in exact.grad2], rel=1e-12)
    assert t.e2[0, 0] == pytest.approx(np.array(exact.e2, float), rel=1e-11)
    assert (constants["L"], constants["L_i"], constants["L_AM"]) == (2, (5, 2), Fraction(7, 2))


def test_second_moments_are_those_of_all_patterns():
    """Two workers that take part at random: the recursion against the enumeration of 4^T patterns."""
    h, r, gamma, T = (Fraction(5), Fraction(-1)), (Fraction(5, 4), Fraction(3, 4)), Fraction(1, 5), 4
    law = measures.independent(Fraction(4, 5))
    paths, total = [(Fraction(1), Fraction(1), (r[0] * h[0], r[1] * h[1]))], Fraction(0)
    for _ in range(T):
        total += sum(w * (2 * x) ** 2 for w, x, _ in paths)
        moved = [(w, x - gamma * (g[0] + g[1]) / 2, g) for w, x, g in paths]
        paths = [
            (w * p, x, tuple(g[i] + who[i] * r[i] * (h[i] * x - g[i]) for i in range(2)))
            for w, x, g in moved
            for p, who in law
        ]
    assert measures.expected_average(law, gamma, T)[0] == total / T


def test_the_constant_of_rare_features_lies_between():
    """L <= L_rf <= min(L_AM, sqrt(c/n) L_QM) on breast_cancer with six features a client."""
    P, supports = instances.rare_breast_cancer()
    at, (c, _) = instances.Constants.of(P), overlap(supports)
    assert at.L <= L_rf(at.L_i, supports) <= min(at.L_AM, (c / P.n) ** 0.5 * at.L_QM)


@pytest.mark.parametrize("L_i", measures.MANY, ids=str)
def test_clones_are_few_and_their_mean_is_at_least_the_arithmetic(L_i):
    N_i = measures.copies(L_i)
    assert len(L_i) <= sum(N_i) <= 2 * len(L_i)
    assert cloning_mean_square(L_i, N_i) >= Fraction(sum(L_i), len(L_i)) ** 2


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


#: the bound is made wrong by this factor (w-equivalence, whose bound is 0: by as much), and a measure must refute it
FACTORS = {
    "ef21.compressors": 0.99, "ef21.young-optimal": 1.01, "ef21.distortion": 0.99, "ef21.stepsize-root": 1.01,
    "ef21.sharp-descent": 0.99, "ef21.sharp-threshold": 1.01, "ef21.tight-single-worker": 0.99, "ef21.cloning": 0.92,
    "ef21.smoothness-constants": 0.99, "ef21.w-equivalence": 1.0, "ef21.lyapunov-am": 0.99, "ef21.nonconvex-qm": 0.7,
    "ef21.nonconvex-am": 0.7, "ef21.pl": 0.7, "ef21.pl-refined": 0.7, "ef21.rare-features": 0.4,
    "ef21.hetero-compressors": 0.35, "ef21.partial-participation": 0.5, "ef21.sgd": 0.3,
}  # fmt: skip
#: further false variants, of constants, exponents and terms, each refuted by some measure
VARIANTS = {
    "ef21.compressors": lambda e, s: [e**2, (1 - s["alpha"] / 2) * e],
    "ef21.young-optimal": lambda e, s: [sp.sqrt(e), e + sp.Rational(1, 50)],
    "ef21.distortion": lambda e, s: [e.subs(s["u2"], 0), e.subs(s["e2"], s["e2"] / 2)],
    "ef21.lyapunov-am": lambda e, s: [e.subs(s["L_AM"], 0), e - s["gamma"] * s["grad2"] / 2, e - s["dx2"] / s["gamma"]],
    "ef21.nonconvex-qm": lambda e, s: [e / s["T"], e.subs(s["f0"], s["f_inf"]), e * s["gamma"]],
    "ef21.nonconvex-am": lambda e, s: [e / s["T"], e.subs(s["f0"], s["f_inf"]), e * s["gamma"]],
    "ef21.stepsize-root": lambda e, s: [e.subs(s["L_AM"], s["L"]), 1 / s["L"], e**2],
    "ef21.hetero-compressors": lambda e, s: [e / s["T"], e.subs(s["f0"], s["f_inf"])],
    "ef21.sharp-descent": lambda e, s: [e.subs(s["L_AM"], 0), e.subs(s["L"], 0), e - s["dx2"] / s["gamma"]],
    "ef21.sharp-threshold": lambda e, s: [e.subs(s["L_AM"], s["L"]), e / s["alpha"], 1 / s["L"]],
    "ef21.pl": lambda e, s: [e.subs(s["T"], 2 * s["T"]), e.subs(s["T"], s["T"] + 2), e / 2],
    "ef21.pl-refined": lambda e, s: [e.subs(s["T"], 2 * s["T"]), e.subs(s["T"], s["T"] + 2), e / 2],
    "ef21.tight-single-worker": lambda e, s: [e**2, e.subs(s["mu"], 2 * s["mu"]), 1 - s["mu"] / s["L"]],
    "ef21.cloning": lambda e, s: [e / sp.sqrt(2)],
    "ef21.rare-features": lambda e, s: [e / s["T"], e.subs(s["f0"], s["f_inf"])],
    "ef21.partial-participation": lambda e, s: [e / s["T"], e.subs(s["f0"], s["f_inf"])],
    "ef21.sgd": lambda e, s: [e.subs(s["sigma2"], 0), e / s["T"]],
    "ef21.smoothness-constants": lambda e, s: [e.subs(s["lam"], 0), e.subs(s["c"], 2 * s["c"]), e * s["m"]],
}


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_false_bound_is_refuted(claim):
    measured = [c for c in numeric(claim) if c.level is not Level.CONTROL]
    taken = [(c, list(c.measured.take(Context(claim, scope=c.name)))) for c in measured]

    def refuted(expression):
        wrong = replace(claim, expression=expression)
        found = (judge(c.level, claim.relation, confront(wrong, c.measured, values)) for c, values in taken)
        return any(v.outcome is Outcome.REFUTED for v in found)

    e = claim.expression
    assert not refuted(e)
    assert refuted(e * sp.Rational(str(FACTORS[claim.id])) if e != 0 else sp.Integer(1))
    for k, wrong in enumerate(VARIANTS.get(claim.id, lambda e, s: [])(e, {p.name: p.symbol for p in claim.parameters})):
        assert refuted(wrong), f"variant {k}"


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
@pytest.mark.parametrize("name", measures_runs.SIZES)
def test_larger_sets_with_20_and_100_and_1000_clients(name):
    if not data.available(name):
        pytest.skip(f"{name} is not on this machine; set {data.VARIABLE}")
    for n in (20, 100, 1000):
        for claim, step in ((ef21.NONCONVEX_QM, "qm"), (ef21.NONCONVEX_AM, "am")):
            value, at = measures_runs.average_gradient_on_larger_sets(name, n, step, "numpy")
            assert value.high <= claim.bound(**{p.name: at[p.name] for p in claim.parameters})
