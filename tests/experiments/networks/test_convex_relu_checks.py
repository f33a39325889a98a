"""convex-relu: all evidence good, all controls caught, false variants refuted by the same checks."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.instances.two_layer import Training
from gradproof.experiments.networks.convex_relu.instances import LABELS, PLANE, SPACE, patterns, program, solution
from gradproof.experiments.networks.convex_relu.measures_robust import attacked, trained_network
from gradproof.experiments.networks.convex_relu.methods import AdmmState, Splitting, admm, residual, splitting
from gradproof.solvers.relu_program import one_neuron, without_cones
from gradproof.solvers.relu_program.robust import robust_train
from gradproof.theory import registry
from gradproof.theory.evidence import Outcome, Relation

CLAIMS = registry.claims("convex-relu")
#: Attained, so that a bound one percent tighter is false on the instances themselves.
SHARP = [c for c in CLAIMS if c.tight]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", SHARP, ids=lambda c: c.id)
def test_one_percent_too_good_is_refuted(claim, outcomes):
    factor = sp.Rational(99, 100) if claim.relation is Relation.LE else sp.Rational(101, 100)
    assert Outcome.REFUTED in outcomes(claim, claim.with_bound(claim.expression * factor))


def variant(name, change):
    """A claim and the same with ``change(bound, symbols of the parameters)`` in the place of its bound."""
    claim = registry.claim(f"convex-relu.{name}")
    return claim, claim.with_bound(change(claim.expression, *(p.symbol for p in claim.parameters)))


VARIANTS = {
    "n - 1 neurons": variant("width", lambda bound, n: n - 1),
    "samples, cubed": variant("sampled-patterns", lambda bound, n, P_s: n / (P_s + 1) ** 3),
    "half the samples": variant("sampled-patterns", lambda bound, n, P_s: bound / 2),
    "psi / 14": variant("sample-size", lambda bound, n, P_s, xi, psi: psi / 14),
    "psi cubed, 8 samples": variant("sample-size", lambda bound, n, P_s, xi, psi: psi**3 / P_s),
    "V0 / N^3, a thousandth": variant("admm", lambda bound, V0, N: V0 / N**3 / 1000),
    "V0 / (25 N)": variant("admm", lambda bound, V0, N: bound / 25),
    "no y in the dual": variant("duality", lambda bound, y2, d2: y2 / 2 - d2 / 4),
    "threshold squared": variant("beta-max", lambda bound, M: M**2 / 3),
    "threshold without its square": variant(
        "d1-closed-form", lambda bound, *_: bound.replace(sp.Pow, lambda b, e: b if e == 2 else b**e)
    ),
    "rank + 1": variant("arrangement-count", lambda bound, n, r: bound.subs(r, r - 1)),
    "half the box": variant("robust-hinge", lambda bound, margin, eps, l1: bound.subs(eps, eps / 2)),
    "no absolute value": variant("robust-squared", lambda bound, residual, eps, l1: (residual + eps * l1) ** 2 / 2),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variants_are_refuted(name, outcomes):
    assert Outcome.REFUTED in outcomes(*VARIANTS[name])


def test_a_flipped_relation_is_refuted(outcomes):
    flip = {Relation.LE: Relation.GE, Relation.GE: Relation.LE}
    for claim in CLAIMS:
        if claim.relation in flip:
            variant = replace(claim, id=f"{claim.id}~flipped", relation=flip[claim.relation], tight=False)
            assert Outcome.REFUTED in outcomes(claim, variant), claim.id


def steps(p, count):
    """Squared residuals and the last state of a run from zero."""
    method, squares = admm(p), []
    state = method.init(np.zeros(2 * p.S.shape[0] * p.X.shape[1]))
    for _ in range(count):
        state = method.step(state, None)
        squares.append(float(residual(p, state)))
    return np.array(squares), state


def test_admm_reaches_1e_9_after_about_530_steps_and_its_limit_is_optimal():
    squares, state = steps(splitting(program(PLANE, 0.5)), 1500)
    assert 400 < int(np.argmax(squares < 1e-18)) + 1 < 700
    found = solution(PLANE, 0.5)
    assert program(PLANE, 0.5).objective(state.v) == pytest.approx(found.lower, abs=found.upper - found.lower + 1e-10)


def jacobian(p: Splitting, q: AdmmState) -> np.ndarray:
    """Derivative of one step with respect to (v, s, lam, nu) at a single state, (2P(d + n) * 2) squared. On NumPy.

    The threshold of an active group is smooth, (1 - tau/||z||) I + (tau/||z||^3) z z', and not linear unless d = 1.
    """
    P, n = p.S.shape
    d = p.X.shape[1]
    signs = 2 * p.S - 1
    F = np.concatenate([(p.S[i][:, None] * p.X) * sign for sign in (1, -1) for i in range(P)], axis=1)
    blocks = [signs[i][:, None] * p.X for i in range(P)] * 2
    G = np.zeros((2 * P * n, 2 * P * d))
    for b, A in enumerate(blocks):
        G[b * n : (b + 1) * n, b * d : (b + 1) * d] = A
    inverse = np.linalg.inv(np.eye(2 * P * d) + F.T @ F / p.rho + G.T @ G)
    U = inverse @ np.concatenate([np.eye(2 * P * d), G.T, -np.eye(2 * P * d), -G.T], axis=1)
    a, m = 2 * P * d, 2 * P * n
    pick = np.eye(2 * (a + m))
    lam_now, nu_now = pick[a + m : 2 * a + m], pick[2 * a + m :]
    z = (q.u + _lam_before(p, q)).reshape(2 * P, d)
    D = np.zeros((a, a))
    tau = p.beta / p.rho
    for b, v in enumerate(z):
        size = np.linalg.norm(v)
        if size > tau:
            D[b * d : (b + 1) * d, b * d : (b + 1) * d] = (1 - tau / size) * np.eye(d) + tau / size**3 * np.outer(v, v)
    on = (q.s.reshape(m) > 0).astype(float)[:, None]
    Z, T = U + lam_now, G @ U + nu_now
    V, S = D @ Z, on * T
    return np.concatenate([V, S, lam_now + p.gamma * (U - V), nu_now + p.gamma * (G @ U - S)])


def _lam_before(p: Splitting, q: AdmmState) -> np.ndarray:
    return q.lam - p.gamma * (q.u - q.v)


def test_the_rate_of_admm_is_the_largest_eigenvalue_below_one():
    p = splitting(program(PLANE, 0.1))
    squares, state = steps(p, 1500)
    moduli = np.abs(np.linalg.eigvals(jacobian(p, state)))
    largest = moduli[moduli < 1 - 1e-6].max()  # those at one belong to optima that are not unique
    slope = np.exp(np.polyfit(np.arange(600, 780), np.log(squares[600:780]) / 2, 1)[0])
    assert largest == pytest.approx(0.976727, abs=1e-6)
    assert slope == pytest.approx(largest, abs=2e-5)


def test_reference_values_of_the_controls():
    y = [float(v) for v in PLANE.y]
    found = one_neuron(PLANE.X, y, 0.1)
    assert found.lower <= 3.69108 <= found.upper + 1e-5
    assert without_cones(program(PLANE, 0.1)).upper == pytest.approx(0.56220, abs=1e-5)
    assert without_cones(program(PLANE, 0.5)).lower == pytest.approx(2.03080, abs=1e-5)
    assert [len(patterns(PLANE)), len(patterns(SPACE))] == [12, 32]
    for eps, under_attack, robust in (("1/10", 0.24698, 0.08818), ("1/5", 0.43365, 0.15990)):
        box, beta = Fraction(eps), Fraction(1, 100)
        assert float(attacked(Fraction(0), box, beta)[0]) == pytest.approx(under_attack, abs=2e-5)
        solved = robust_train(PLANE.X, LABELS, 0.01, float(box), patterns(PLANE))
        # the blocks that stay exactly inside their cones lose nothing
        assert float(trained_network(box, beta).robust_objective(box, beta)) == pytest.approx(solved.value, abs=1e-5)
        assert solved.value == pytest.approx(robust, abs=2e-5)


def test_gradients_are_those_of_the_objective():
    problem = program(PLANE, 0.1)
    p = Training(problem.X, problem.y, 0.1, m=3)
    w = np.random.default_rng(0).standard_normal((2, 9))
    h = 1e-6
    numeric = np.stack([(p.objective(w + h * e) - p.objective(w - h * e)) / (2 * h) for e in np.eye(9)], axis=-1)
    assert p.gradient(w) == pytest.approx(numeric, abs=1e-8 * 100)
