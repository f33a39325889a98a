"""SGLD's claims: all evidence good, all controls caught, false variants refuted; the methods are what they should be."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, certifier_of
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.experiments.sampling.sgld import instances, measures_runs, measures_spread, methods
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.enumeration import one_step
from gradproof.theory import registry
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.proof import check
from gradproof.theory.sampling import sgld

CLAIMS = registry.claims("sgld")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = {t.check.name: (t.check.level, run_task(t).verdict) for t in plan([claim])}
    assert all(v.outcome.good for _, v in rows.values()), {k: str(v) for k, (_, v) in rows.items()}
    levels = {level for level, _ in rows.values()}
    assert Level.CONTROL in levels
    assert len(levels - {Level.CONTROL}) >= 2


def _wrong(claim):
    """Factors that make the claim false: one percent, or six times where it is not attained."""
    factors = {Relation.LE: [sp.Rational(99, 100)], Relation.GE: [sp.Rational(101, 100)]}
    both = [sp.Rational(99, 100), sp.Rational(101, 100)]
    return factors.get(claim.relation, both) if claim.tight else [sp.Rational(1, 6)]


VARIANTS = [(c, f) for c in CLAIMS if c.expression != 0 for f in _wrong(c)]


@pytest.mark.parametrize(("claim", "factor"), VARIANTS, ids=lambda v: getattr(v, "id", str(v)))
def test_false_variants_are_refuted(claim, factor):
    mutant = claim.with_bound(claim.expression * factor)
    outcomes = {
        run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome
        for t in plan([claim])
        if t.check.level is Level.EXACT
    }
    assert Outcome.REFUTED in outcomes


def test_reference_value_of_the_bias():
    gradient = instances.bent(3.0, 1.0)
    s = 1 / (1 + np.exp(1 - 3 * instances.minimiser(gradient)))
    bound = sgld.BIAS.bound(u2=float(1 + 9 * s * (1 - s)), u3=float(27 * s * (1 - s) * (1 - 2 * s)), eta=0.2)
    assert float(bound) == pytest.approx(-0.3563474353, rel=1e-9)


def test_certificates():
    make = certifier_of(sgld.STABILITY)
    rows = [Fraction(1), Fraction(2), Fraction(3)]  # scalar: h = 15, t = 3 (1 + 16 + 81) - 196 = 98
    limit = Fraction(2 * 15, 15**2 + 98)
    for gamma, side in ((limit * Fraction(99, 100), "stable"), (limit * Fraction(101, 100), "unstable")):
        proof, facts = make(rows=rows, d=1, gamma=gamma)
        assert facts["side"] == side
        check(proof)
    for bad in ({"d": 2}, {"d": Fraction(3, 2)}, {"d": 1, "p": Fraction(3, 2)}, {"d": 1, "p": 0}):
        with pytest.raises(ParameterError):
            make(rows=rows, gamma=1, **bad)


@pytest.mark.parametrize("logistic", [False, True])
def test_gradients(logistic):
    rng = np.random.default_rng(0)
    b = rng.choice([-1.0, 1.0], 6)
    problem = methods.Posterior(rng.standard_normal((6, 2)), b, 0.7, logistic)
    theta = rng.standard_normal((4, 2))
    every = np.tile(np.arange(6), (4, 1))
    assert problem.estimate(theta, every) == pytest.approx(problem.gradient(theta), rel=1e-12)

    def value(x):
        z = problem.rows @ x
        loss = np.log1p(np.exp(-b * z)) if logistic else (z - b) ** 2 / 2
        return 0.35 * x @ x + loss.sum()

    for x, g in zip(theta, problem.gradient(theta), strict=True):
        numeric = [(value(x + e) - value(x - e)) / 2e-6 for e in 1e-6 * np.eye(2)]
        assert numeric == pytest.approx(g, rel=1e-6, abs=1e-7)
    assert problem.gradient(problem.mode()) == pytest.approx(np.zeros(2), abs=1e-12)


def test_enumeration_and_covariance_disagree_at_another_step():
    problem = instances.rational(4, 2)
    gamma = instances.window(problem)
    C = gaussian.covariance(problem, gamma, "sgld").matrix
    assert (one_step(problem, C, gamma, "sgld", 1) == C).all()
    assert (one_step(problem, C, gamma / 2, "sgld", 1) != C).any()


def test_coupled_chains_add_up():
    """SGLD minus SGLDFP is SGD minus theta*, path by path, with the same random numbers."""
    problem, quadratic = instances.diabetes(400.0)
    mode, rng = quadratic.mode, np.random.default_rng(0)
    four = methods.all_four(problem, gaussian.threshold(quadratic).value / 4, mode)
    states = {k: m.init(np.broadcast_to(mode, (1, 5, 10)).copy()) for k, m in four.items()}
    for _ in range(150):
        draw = methods.Draw(rng.integers(0, problem.N, (1, 5, 1)), rng.standard_normal((1, 5, 10)))
        states = {k: m.step(states[k], draw) for k, m in four.items()}
    gap = states["sgld"].theta - states["sgldfp"].theta - (states["sgd"].theta - mode)
    assert np.abs(gap).max() < 1e-12 < np.abs(states["sgd"].theta - mode).max()


def test_limits_hold_on_the_way():
    """A chain without Langevin noise stays within R; with it, a step contracts by c."""
    problem, quadratic, gamma = measures_runs.diabetes()
    known = measures_runs.limits(quadratic, gamma, "sgd")
    method, rng = methods.sgld(problem, gamma, temperature=0.0), np.random.default_rng(0)
    two = [method.init(quadratic.mode + x) for x in (np.zeros((1, 50, 10)), np.ones((1, 50, 10)))]
    for t in range(1, 30):
        draw = methods.Draw(rng.integers(0, problem.N, (1, 50, 1)), np.zeros((1, 50, 10)))
        two = [method.step(s, draw) for s in two]
        assert np.linalg.norm(two[0].theta - quadratic.mode, axis=-1).max() <= known.R
        assert np.linalg.norm(two[1].theta - two[0].theta, axis=-1).max() <= known.c**t * 10**0.5 * (1 + 1e-9)


def test_real_data_spread_of_order_one_and_of_order_one_over_n():
    """From 140 to 569 rows of breast cancer SGLDFP's spread falls by a factor near 4, and SGLD's by far less."""
    rng, spread = np.random.default_rng(0), {}
    for rows in (140, 569):
        problem = instances.projected(rows=rows)
        gamma, mode = 1 / (problem.prior + problem.N / 4), problem.mode()
        assert np.linalg.norm(problem.rows, axis=1) == pytest.approx(1)
        for name in ("sgld", "sgldfp"):
            method = methods.all_four(problem, gamma, mode)[name]
            state = method.init(np.broadcast_to(mode, (1, 400, 5)).copy())
            for _ in range(60):
                draw = methods.Draw(rng.integers(0, rows, (1, 400, 1)), rng.standard_normal((1, 400, 5)))
                state = method.step(state, draw)
            spread[name, rows] = float(((state.theta - mode) ** 2).sum(axis=-1).mean())
    assert spread["sgldfp", 140] / spread["sgldfp", 569] > 3
    assert spread["sgld", 140] / spread["sgld", 569] < 2
    assert spread["sgld", 569] > 10 * spread["sgldfp", 569]


def test_a_million_chains_in_small():
    """The runs of budget gpu, with fewer chains and rows."""
    context = Context(sgld.CONTROL_VARIATE, "gpu", 0, "numpy", "small")
    small = partial(instances.synthetic, 2_000, 8)
    sample, at = measures_spread.spread_of_logistic_chains(small, 300, 40, partial(context.keys, "small"), "numpy")
    assert 0.3 < sample.numbers.mean() / float(sgld.CONTROL_VARIATE.bound(**at)) < 1
    sgld_sample, _ = measures_spread.spread_of_logistic_chains(
        small, 300, 40, partial(context.keys, "small"), "numpy", method="sgld"
    )
    assert sgld_sample.interval(1e-6).low > float(sgld.CONTROL_VARIATE.bound(**at))
    parts = list(measures_runs.gradient_of_logistic_chains(small, 200, 1, partial(context.keys, "g"), "numpy"))
    assert len(parts) == 8
    assert all(p.interval(1e-6).low <= 0 <= p.interval(1e-6).high for p in parts)
