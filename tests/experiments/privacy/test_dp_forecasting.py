"""Checks of dp-forecasting: every claim holds, every control is caught, false variants are not let through; reference values."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import solve_discrete_lyapunov, toeplitz

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.privacy.dp_forecasting import instances, measures_risk, measures_runs, methods
from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DataUnavailable
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.privacy import dp_forecasting as paper
from gradproof.theory.tie import check_derivation

ALL = registry.claims(paper.PAPER.key)
TRUE = [c for c in ALL if not c.false_as_published]
#: runs are slow; `gradproof verify` takes them all
CHECKS = [
    pytest.param(c, k, id=k.id, marks=[pytest.mark.slow] * (k.level is Level.EMPIRICAL))
    for c in ALL
    for k in checks_of(c, "quick")
]
EXPECTED = {
    Level.SYMBOLIC: Outcome.PROVED, Level.EXACT: Outcome.CONFIRMED, Level.EMPIRICAL: Outcome.CONSISTENT,
    Level.CONTROL: Outcome.CONFIRMED,
}  # fmt: skip


def outcome(check, claim, **more):
    return judge(check.level, claim.relation, check.run(Context(claim, scope=check.name)), **more)


@pytest.mark.parametrize(("claim", "check"), CHECKS)
def test_every_check_comes_out_as_expected(claim, check):
    false = bool(claim.false_as_published)
    verdict = outcome(check, claim, known_false=false)
    expected = Outcome.REFUTED if false and check.level is not Level.CONTROL else EXPECTED[check.level]
    assert verdict.outcome is expected, verdict.reason


def refuted(claim, expression, *levels):
    """Does a check of the claim refute it with another bound?"""
    variant = claim.with_bound(expression)
    return any(outcome(k, variant).outcome is Outcome.REFUTED for k in checks_of(claim, "quick") if k.level in levels)


@pytest.mark.parametrize("claim", [c for c in TRUE if c.tight or c.relation is Relation.EQ], ids=lambda c: c.id)
def test_a_claim_one_percent_too_good_is_not_let_through(claim):
    for factor in {Relation.LE: ["0.99"], Relation.GE: ["1.01"]}.get(claim.relation, ["0.99", "1.01"]):
        assert refuted(claim, sp.Rational(factor) * claim.expression, Level.EXACT)


EXPONENTS = [
    (paper.EXACT, "s", 1), (paper.CLASSICAL, "eps", "1/2"), (paper.COMPOSITION, "T", -1), (paper.RDP, "q", "1/2"),
    (paper.CHI_SQUARE, "T", 1),
    (paper.REMOVE, "q", 1), (paper.ADD, "q", 1), (paper.FLOOR, "ell", 1), (paper.OPTIMAL_ORDER, "rho", "1/2"),
    (paper.IP_PUBLISHED, "eps_p", 1), (paper.CAP, "eps_p", 1), (paper.MICROBATCH, "C", -1), (paper.WINDOWS, "p", -1),
    (paper.IP_RISK, "r0", 1), (paper.ONE_LAG, "r0", 1), (paper.IP_PRICE, "s2", 1), (paper.IP_MONOTONE, "mse", "-1/2"),
    (paper.TARGET_NOISE, "s2", "1/2"), (paper.GP_MODE, "nu", -1), (paper.GP_RISK, "eta", 1),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "name", "power"), EXPONENTS, ids=[c.id for c, _, _ in EXPONENTS])
def test_a_wrong_exponent_is_refuted(claim, name, power):
    """The bound times a power of a parameter."""
    assert refuted(claim, claim.expression * claim.parameter(name).symbol ** sp.sympify(power), Level.EXACT)


def test_most_claims_are_proved():
    proved = [c for c in ALL if derivation_of(c) is not None and check_derivation(derivation_of(c), c)]
    assert len(proved) >= 0.6 * len(ALL)


def test_reference_values_of_the_risks():
    series = measures_risk.SMOOTH
    best = measures_risk.weights(series, 6, F(1, 4))
    assert float(measures_risk.noisy_risk(series, best, F(1, 4))) == pytest.approx(0.3005518105, abs=5e-11)
    assert measures_risk.clean_risk(series, measures_risk.weights(series, 6, F(0))) == F(19, 100)
    one = measures_risk.weights(series, 1, F(1, 4))
    assert measures_risk.noisy_risk(series, one, F(1, 4)) == F(352, 1000)
    R = toeplitz(0.9 ** np.arange(6))
    S = solve_discrete_lyapunov(np.eye(6) - 0.1 * R, (0.1 * 0.05) ** 2 * np.eye(6))
    bound = paper.GP_RISK.bound(eta=0.1, nu=0.05, lam_j=tuple(np.linalg.eigvalsh(R)))
    assert bound == pytest.approx(np.trace(R @ S), rel=1e-12)
    assert bound == pytest.approx(7.978231726e-4, abs=5e-14)


def test_gradients_of_the_recurrent_network_are_those_of_its_loss():
    rng, model = np.random.default_rng(0), methods.GRU(2, 3, 2)
    w, x, y = model.init(rng)[None, None], rng.standard_normal((1, 1, 4, 5, 2)), rng.standard_normal((1, 1, 4, 2))

    def loss(v):
        return 0.5 * ((model.forward(v, x)[0] - y) ** 2).sum(-1)

    numeric = [(loss(w + 1e-6 * e) - loss(w - 1e-6 * e)) / 2e-6 for e in np.eye(model.size)]
    assert model.gradients(w, x, y) == pytest.approx(np.stack(numeric, axis=-1), abs=1e-7)


def test_noisy_counts_are_rounded_and_not_clipped():
    noisy = instances.perturbed(np.zeros((1000, 6)), 160.0, np.random.default_rng(0))
    assert (noisy == np.rint(noisy)).all()
    assert noisy.min() < 0


def test_a_small_network_learns_privately():
    """DP-SGD of a GRU on synthetic counts, in small: better than at its start."""
    counts = instances.synthetic()
    data = instances.windows(counts, counts)
    common = {
        "batch": 32,
        "C": 2.0,
        "z": 1.0,
        "eta": 0.03,
        "keys": keys("test", settings=[0], seeds=[0]),
        "backend": "numpy",
    }
    first, last = (
        measures_runs.trained_rmse(methods.GRU(6, 4, 6), data, steps=n, rng=np.random.default_rng(0), **common)[0]
        for n in (1, 15)
    )
    assert last < 0.9 * first


def test_the_published_counts():
    try:
        counts = instances.published()
    except DataUnavailable as missing:
        pytest.skip(str(missing))
    assert counts.shape == (3456, 6)
    assert counts.mean(0) == pytest.approx([116777, 14307, 16274, 11758, 4166, 11559], rel=1e-3)
    data = instances.windows(counts, counts)
    assert data.rmse(data.test_lags[:, -1]) == pytest.approx(1503.6, abs=0.05)  # persistence, as printed
