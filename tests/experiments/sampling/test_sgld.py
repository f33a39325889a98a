"""SGLD's claims: all evidence good, all controls caught, false variants refuted; the methods are what they should be."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import certifier_of
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.experiments.sampling.sgld import instances, measures_runs, methods
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.enumeration import one_step
from gradproof.theory import registry
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Outcome
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


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.expression != 0], ids=lambda c: c.id)
def test_one_percent_off_is_refuted(claim, factor):
    if claim is sgld.CONTRACTION and factor > 1:
        pytest.skip("a larger upper bound is true")
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
