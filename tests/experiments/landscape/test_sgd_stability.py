"""Checks of SGD stability: every claim is held, every control is caught, false variants of the claims are not let through."""

import contextlib
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, certifier_of, checks_of
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.landscape.sgd_stability import controls, instances, measures, methods
from gradproof.solvers import moments
from gradproof.theory import registry
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.landscape import sgd_stability as paper
from gradproof.theory.proof import check as kernel_check

ALL = registry.claims(paper.PAPER.key)
CLAIMS = [c for c in ALL if not c.false_as_published]
CHECKS = [(c, k) for c in CLAIMS for k in checks_of(c, "quick")]
EXPECTED = {
    Level.SYMBOLIC: Outcome.CHECKED,
    Level.CERTIFIED: Outcome.CERTIFIED,
    Level.EXACT: Outcome.CONFIRMED,
    Level.EMPIRICAL: Outcome.CONSISTENT,
    Level.CONTROL: Outcome.CONFIRMED,
}


def outcome(check, claim):
    return judge(check.level, claim.relation, check.run(Context(claim, scope=check.name)))


@pytest.mark.parametrize(("claim", "check"), CHECKS, ids=[k.id for _, k in CHECKS])
def test_every_check_comes_out_as_expected(claim, check):
    verdict = outcome(check, claim)
    expected = Outcome.PROVED if check.name == "derivation" else EXPECTED[check.level]
    assert verdict.outcome is expected, verdict.reason


def test_a_stable_minimum_has_a_non_uniformity_that_the_box_excludes():
    """The published reading is refuted; inside the threshold of T(I) <= I it holds."""
    claim = paper.NON_UNIFORMITY
    assert [c for c in ALL if c.false_as_published] == [claim]
    s, at = measures.non_uniformity(instances.NON_UNIFORM, Fraction(11, 50))
    assert s.low <= sp.sqrt(371) / 4 <= s.high
    t = moments.stability_threshold(instances.NON_UNIFORM.floats, batch_size=1)
    assert float(s.low) * t.value == pytest.approx(1.09965, abs=1e-5)
    assert 1 / float(s.low) < float(at["eta"]) < t.value
    for k in checks_of(claim, "quick"):
        verdict = judge(k.level, claim.relation, k.run(Context(claim, scope=k.name)), known_false=True)
        assert verdict.outcome is (Outcome.CONFIRMED if k.level is Level.CONTROL else Outcome.REFUTED), verdict.reason
    # a true variant, which allows a fifth more than the largest s eta of these rows, is not refuted by the same check
    repaired = claim.with_bound(sp.Rational(12, 10) * claim.expression)
    (k,) = [k for k in checks_of(claim, "quick") if k.level is Level.EXACT]
    assert judge(k.level, claim.relation, k.run(Context(repaired, scope=k.name))).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_no_argument_holds_of_another_bound(claim):
    """Every argument ends in the claim's own expression: with -7 in its place it falls."""
    other = claim.with_bound(sp.Integer(-7))
    for k in checks_of(claim, "quick"):
        if k.level is Level.SYMBOLIC:
            with contextlib.suppress(ValueError, AttributeError):  # the bound has no arms, or no sum
                assert not outcome(k, other).outcome.good


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_claim_one_percent_too_good_is_not_let_through(claim):
    """The bound moved by a hundredth to the wrong side (both sides for equalities): some exact check must refute it."""
    factors = {Relation.LE: ["0.99"], Relation.GE: ["1.01"]}.get(claim.relation, ["0.99", "1.01"])
    for factor in factors:
        mutant = claim.with_bound(sp.Rational(factor) * claim.expression)
        levels = (Level.EXACT, Level.CERTIFIED)
        verdicts = [outcome(k, mutant).outcome for k in checks_of(claim, "quick") if k.level in levels]
        assert Outcome.REFUTED in verdicts


def test_paths_and_moments_part_ways():
    """h in {1, 4}, eta = 0.9: E delta^2 grows by 3.385 a step while the median path tends to 0."""
    factors = 1 - 0.9 * np.random.default_rng(0).choice([1.0, 4.0], (1001, 200))
    assert moments.spectral_radius([[1.0], [2.0]], 0.9, batch_size=1) == pytest.approx(3.385, abs=1e-12)
    assert np.exp(np.median(np.log(np.abs(factors)).sum(axis=1))) < 1e-6
    assert controls.almost_surely_stable_step(instances.TWO)[0] == sp.Rational(5, 4)


def test_almost_sure_stability_may_be_disconnected():
    """h in {1, 9}: stable below (5 - sqrt 7)/9 and between (5 + sqrt 7)/9 and 10/9."""
    eta = sp.Symbol("eta", positive=True)
    factor = (1 - eta) * (1 - 9 * eta)
    ends = sorted(sp.solve(factor - 1, eta) + sp.solve(factor + 1, eta))
    assert ends == [sp.Rational(5, 9) - sp.sqrt(7) / 9, sp.sqrt(7) / 9 + sp.Rational(5, 9), sp.Rational(10, 9)]
    inside = [abs(factor.subs(eta, x)) < 1 for x in (sp.Rational(1, 5), sp.Rational(1, 2), sp.Rational(9, 10))]
    assert inside == [True, False, True]


def test_D_is_not_ordered_on_all_symmetric_matrices():
    """mean H_iXH_i - HXH is negative on some indefinite X, although it is positive on semidefinite ones."""
    H = np.array([[[1.0, 0], [0, 0]], [[0, 0], [0, 1.0]]])
    mean, X = H.mean(axis=0), np.array([[0.0, 1], [1, 0]])
    excess = sum(np.trace(X @ h @ X @ h) for h in H) / 2 - np.trace(X @ mean @ X @ mean)
    assert excess == -0.5


def test_identical_samples_have_the_frobenius_threshold_of_any_batch():
    rows = [[1, 2]] * 3
    for B in (1, 2, 3):
        assert moments.stability_threshold(rows, batch_size=B).value == pytest.approx(2 / 5, rel=1e-14)


def test_chains_begin_at_the_start():
    sizes = methods.chains(instances.R4, [1, -1, 1], 0.15, 8, 2000, keys(0, settings=[0], seeds=[0]))
    assert sizes.shape == (9, 2000)
    assert (sizes[0] == 3).all()
    assert (np.diff(sizes, axis=0) <= 0).all()  # no step of any chain is longer: what the test of their mean rests on


def test_guarantees_are_those_of_the_data():
    assert instances.R4.guarantees >= {"interpolating", "rank_one_hessians", "psd_hessians", "iid_uniform_batches"}
    assert "rank_one_hessians" not in instances.F3.guarantees
    assert {"regular"} == instances.F3_NOISY.guarantees & {"regular", "interpolating"}
    assert "iid_uniform_batches" not in controls.STAR.guarantees
    inputs = [[1, 2], [-1, -2]]
    assert "symmetric_inputs" in instances.Network([[1, 1]], [1], inputs).guarantees
    assert "symmetric_inputs" not in instances.Network([[2, -1]], [1], inputs).guarantees  # on the neuron's boundary


@pytest.mark.parametrize("values", [measures.NORMAL])
def test_features_have_the_moments_of_the_normal_law(values):
    rows, (variance,) = measures.features(values, 1)
    fourth = Fraction(sum(x**4 for (x,) in rows), len(rows))
    assert fourth == 3 * variance**2
    assert sum(x**3 for (x,) in rows) == sum(x for (x,) in rows) == 0


def test_isserlis_in_two_dimensions():
    """E (J'XJ) JJ' = 2HXH + Tr(XH) H, from E z^k = (k - 1)!! for even k: what D(X) of Gaussian features rests on."""
    X = sp.Matrix(2, 2, sp.symbols("x0 x1 x1 x2", real=True))
    s, z = sp.symbols("s1 s2", positive=True), sp.symbols("z1 z2", real=True)
    J, H = sp.Matrix([s[0] * z[0], s[1] * z[1]]), sp.diag(s[0] ** 2, s[1] ** 2)

    def expected(e):
        terms = sp.Poly(sp.expand(e), *z).terms()
        return sum(c * sp.prod([0 if k % 2 else sp.factorial2(k - 1) for k in powers]) for powers, c in terms)

    fourth = (J.dot(X * J) * J * J.T).applyfunc(expected)
    assert sp.expand(fourth - 2 * H * X * H - (X * H).trace() * H) == sp.zeros(2, 2)


def test_quotients_of_the_kernel_matrix_enclose_its_top():
    """Entries are >= 0, so min (Kq)_i/q_i <= 2/eta* <= max (Kq)_i/q_i for q > 0 (Collatz, Wielandt)."""
    G = instances.R4.floats
    C = np.kron(G.T @ G / 4, np.eye(3)) / 2 + np.kron(np.eye(3), G.T @ G / 4) / 2
    V = np.array([np.outer(J, J).ravel() for J in G])
    K = V @ np.linalg.solve(C, V.T) / 4
    assert (K >= 0).all()
    top = 2 / moments.stability_threshold(G, batch_size=1).value
    for q in np.random.default_rng(0).uniform(0.1, 1, (5, 4)):
        ratios = K @ q / q
        assert ratios.min() <= top <= ratios.max()


def test_jacobians_are_derivatives():
    rng = np.random.default_rng(0)
    relu = methods.Relu(rng.standard_normal((5, 3)), rng.standard_normal((5, 2)), width=4)
    state = relu.init(rng, 1)
    J, h = relu.jacobian(state, 0), 1e-6

    def outputs(A, W):
        return np.maximum(relu.X @ W.T, 0) @ A.T

    A, W = state.a[0], state.b[0]
    numeric = []
    for table, wrt_W in ((W, True), (A, False)):
        for at in np.ndindex(table.shape):
            moved = [table.copy(), table.copy()]
            moved[0][at] += h
            moved[1][at] -= h
            up, down = (outputs(A, t) if wrt_W else outputs(t, W) for t in moved)
            numeric.append((up - down) / (2 * h))
    assert np.allclose(np.stack(numeric, axis=2), J, atol=1e-8)


def test_a_step_is_gradient_descent_on_the_loss():
    rng = np.random.default_rng(1)
    for problem in (methods.one_neuron_teacher(rng, n=20, d=5, width=6), methods.sparse_regression(rng, 6, 8)):
        state = problem.init(rng, 1)
        J = problem.jacobian(state, 0)
        n = len(problem.X)
        everything = np.arange(n)[None]
        new = problem.step(state, problem.X[everything], problem.y[everything], 0.1)
        if isinstance(problem, methods.Relu):
            f = np.maximum(problem.X @ state.b[0].T, 0) @ state.a[0].T
            gradient = np.einsum("no,nop->p", f - problem.y, J) / n
            moved = np.concatenate([(new.b - state.b)[0].ravel(), (new.a - state.a)[0].ravel()])
        else:
            f = problem.X @ (state.a[0] * state.b[0])
            gradient = J.T @ (f - problem.y) / n
            moved = np.concatenate([(new.a - state.a)[0], (new.b - state.b)[0]])
        assert np.allclose(moved, -0.1 * gradient, atol=1e-12)


@pytest.mark.slow
def test_jax_runs_reach_the_same_kind_of_minimum(optional):
    optional("jax")
    problem = methods.sparse_regression(np.random.default_rng(0))
    state = methods.train(problem, (0.04,), 1, 12_000, 4_000, np.random.default_rng(1), backend="jax")
    (end,) = methods.end_points(problem, state, (0.04,), 1)
    assert end.loss < 1e-8
    assert end.threshold.curvatures.trace <= 2 / 0.04


def test_certificates_on_request():
    certify = certifier_of(paper.EXACT_THRESHOLD)
    rows = tuple(Fraction(x) for row in instances.R4.curvatures for x in row)
    for eta, side in ((Fraction(1, 3), "stable"), (Fraction(7, 20), "unstable")):
        proof, facts = certify(rows=rows, d=3, eta=eta)
        assert facts == {"side": side}
        assert side in kernel_check(proof).statement.text
    with pytest.raises(ParameterError, match="multiple of d"):
        certify(rows=rows, d=5, eta=1)
