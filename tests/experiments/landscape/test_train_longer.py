"""Checks of train-longer: every claim holds, every control is caught, false variants are not let through; and the "
"card's pass rules."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.landscape.train_longer import instances, methods
from gradproof.solvers import birth_death
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.landscape import train_longer as paper

ALL = registry.claims(paper.PAPER.key)
TRUE = [c for c in ALL if not c.false_as_published]
#: runs are slow; `gradproof verify` takes them all
CHECKS = [
    pytest.param(c, k, id=k.id, marks=[pytest.mark.slow] * (k.level is Level.EMPIRICAL))
    for c in ALL
    for k in checks_of(c, "quick")
]
EXPECTED = {
    Level.SYMBOLIC: (Outcome.PROVED, Outcome.CHECKED),
    Level.EXACT: (Outcome.CONFIRMED,),
    Level.EMPIRICAL: (Outcome.CONSISTENT,),
    Level.CONTROL: (Outcome.CONFIRMED,),
}


def outcome(check, claim, **more):
    return judge(check.level, claim.relation, check.run(Context(claim, scope=check.name)), **more)


@pytest.mark.parametrize(("claim", "check"), CHECKS)
def test_every_check_comes_out_as_expected(claim, check):
    false = bool(claim.false_as_published)
    verdict = outcome(check, claim, known_false=false)
    expected = (Outcome.REFUTED,) if false and check.level is not Level.CONTROL else EXPECTED[check.level]
    assert verdict.outcome in expected, verdict.reason


def refuted(claim, expression, *levels):
    """Does a check of the claim refute it with another bound?"""
    variant = claim.with_bound(expression)
    return any(outcome(k, variant).outcome is Outcome.REFUTED for k in checks_of(claim, "quick") if k.level in levels)


@pytest.mark.parametrize("claim", [c for c in TRUE if c.tight or c.relation is Relation.EQ], ids=lambda c: c.id)
def test_a_claim_one_percent_too_good_is_not_let_through(claim):
    factors = {Relation.LE: ["0.99"], Relation.GE: ["1.01"]}.get(claim.relation, ["0.99", "1.01"])
    if claim is paper.ACROSS_BATCHES:
        factors = ["1.01"]  # a negative bound
    for factor in factors:
        assert refuted(claim, sp.Rational(factor) * claim.expression, Level.EXACT)


EXPONENTS = [
    (paper.WITH_REPLACEMENT, "M", -1), (paper.WITHOUT_REPLACEMENT, "M", -1), (paper.POISSON_SAMPLING, "M", -1),
    (paper.ACROSS_BATCHES, "n", 1), (paper.MULTIPLICATIVE_NOISE, "M", "-1/2"), (paper.FLAT_SPREAD, "t", "-1/2"),
    (paper.SQRT_RULE, "t", -1), (paper.EXACT_RATIO, "M", 1), (paper.STATIONARY, "M", "-1/2"), (paper.SETTLING, "M", 1),
    (paper.SQRT_VS_LINEAR, "M", "1/2"), (paper.NEAR_MINIMUM, "M", "-1/2"), (paper.HITTING_TIME, "L", 1),
    (paper.CROSSING_TIME, "i", "-1/2"), (paper.BARRIER_BOUND, "L", -1), (paper.BARRIER_LOWER, "W", "1/2"),
    (paper.LINEAR_POTENTIAL, "L", "-1/2"), (paper.DOWNHILL, "L", "-1/2"), (paper.ULTRA_SLOW, "L", "1/2"),
    (paper.GHOST_VARIANCE, "m", -1),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "name", "power"), EXPONENTS, ids=[c.id for c, _, _ in EXPONENTS])
def test_a_wrong_exponent_is_refuted(claim, name, power):
    """The bound times a power of a parameter."""
    wrong = claim.expression * claim.parameter(name).symbol ** sp.sympify(power)
    assert refuted(claim, wrong, Level.EXACT)


def test_half_the_exponent_of_barriers_is_refuted():
    """E B_L at most the bound at alpha/4 instead of alpha: long drawn potentials exceed it."""
    alpha = paper.ULTRA_SLOW_UPPER.parameter("alpha").symbol
    wrong = paper.ULTRA_SLOW_UPPER.expression.subs(alpha, alpha / 4)
    assert refuted(paper.ULTRA_SLOW_UPPER, wrong, Level.EMPIRICAL)


def test_barriers_scale_with_the_hurst_exponent():
    """600 potentials a length: |slope - H| < 0.08 for log E B_L in log L."""
    lengths, rng = (128, 512, 2048), np.random.default_rng(0)
    for alpha in (0.5, 1.0, 1.6):
        means = [birth_death.barrier(instances.potentials(alpha, L, 600, rng)).mean() for L in lengths]
        slope = np.polyfit(np.log(lengths), np.log(means), 1)[0]
        assert abs(slope - alpha / 2) < 0.08


def test_log_times_lie_between_the_barriers():
    V = instances.potentials(1.0, 512, 200, np.random.default_rng(1))
    value, _ = instances.log_times(V)
    place = (value - birth_death.barrier(V)) / (2 * np.log(512))
    assert place.min() >= 0
    assert place.max() <= 1


def test_on_a_slope_the_logarithm_grows_linearly():
    times = [instances.log_times(0.5 * np.arange(L, dtype=float))[0] for L in (100, 200)]
    assert (times[1] - times[0]) / 100 == pytest.approx(0.5, abs=1e-3)


def test_bounded_potentials_diffuse_and_slopes_are_ballistic():
    """Alternating ratios 2, 1/2: E T_L of the order L^2; ratios 1/2: at most 3 L."""
    ratios = [F(2), F(1, 2)] * 200
    short, long = (birth_death.hitting_time(ratios[: L - 1]) for L in (100, 400))
    assert float(long / short) == pytest.approx(16, rel=0.05)
    assert birth_death.hitting_time([F(1, 2)] * 99) <= 300


def test_flat_chains_are_measured_by_their_linear_system():
    for rho in instances.CHAINS.values():
        assert instances.expected_times(instances.steps(rho))[0] == birth_death.hitting_time(rho)


def test_equal_updates_coincide_at_a_fixed_step():
    """On digits the drift decides: the curves of two batch sizes with one step agree within 5 %, and follow log t."""
    net = methods.digits_network()
    curves = [
        methods.distances(
            net, M, (0.05,), keys("test", settings=[0.05], seeds=[0]), np.random.default_rng(0), at=(100, 300)
        )[0, 0]
        for M in (16, 64)
    ]
    assert np.abs(curves[0] / curves[1] - 1).max() < 0.05
    assert curves[0] == pytest.approx([2.47, 4.71], rel=0.1)


def test_the_linear_rule_multiplies_the_spread():
    """At the minimiser and for a short time, (eta M, M) spreads M times as far as (eta, 1)."""
    eta = F(1, 10**5)
    one, many = (methods.least_squares_spread(((3,), (1,)), (1, -3), eta * M, M, 20) for M in (1, 16))
    assert float(many / one) == pytest.approx(16, rel=0.05)


def test_ghost_batch_normalisation_trains():
    """Ordinary and ghost batch normalisation both learn the digits; one activation a ghost batch is mapped to the shift."""
    net, rng = methods.digits_network(), np.random.default_rng(0)
    order = rng.permutation(len(net.X))
    train = methods.Network(net.X[order[:1300]], net.y[order[:1300]], 32)
    for m in (128, 16):
        trained = methods.train_normalised(train, 128, m, 0.2, 150, np.random.default_rng(1))
        assert methods.accuracy(trained, net.X[order[1300:]], net.y[order[1300:]]) > 0.9
    assert methods.ghost_bn([[3.0], [5.0]], 0.0, 0.1, 1.0).z == [[0.0], [0.0]]
    with pytest.raises(ValueError, match="divisor"):
        methods.train_normalised(train, 100, 16, 0.1, 1, rng)


def test_backpropagation_through_ghost_statistics():
    """One update against finite differences of the loss of a batch."""
    rng = np.random.default_rng(2)
    net = methods.Network(rng.standard_normal((8, 3)), np.eye(2)[rng.integers(2, size=8)], 4)
    eta, eps = 1e-3, 1e-5

    def loss(W, which):
        _, b, A, c = net.unflatten(net.init(np.random.default_rng(5)))
        before = (net.X[which] @ W.T).reshape(2, 4, -1)
        z = (before - before.mean(1, keepdims=True)) / np.sqrt(before.var(1, keepdims=True) + eps)
        logits = np.maximum(z.reshape(8, -1) + b, 0) @ A.T + c
        return -(net.y[which] * (logits - np.log(np.exp(logits).sum(1, keepdims=True)))).sum() / 8

    W = net.unflatten(net.init(np.random.default_rng(5))).W

    class Once:
        """Draws the batch of the test, and the same start."""

        def __init__(self):
            self.rng = np.random.default_rng(5)
            self.standard_normal = self.rng.standard_normal

        def integers(self, n, size):
            return np.arange(8)

    moved = methods.train_normalised(net, 8, 4, eta, 1, Once(), eps=eps).W
    slope = np.empty_like(W)
    for i in np.ndindex(*W.shape):
        step = np.zeros_like(W)
        step[i] = 1e-6
        slope[i] = (loss(W + step, np.arange(8)) - loss(W - step, np.arange(8))) / 2e-6
    assert (W - moved) / eta == pytest.approx(slope, abs=1e-7)
