"""The claims on stale gradients: all evidence good, all controls caught, false variants refuted; the queue is right."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, certifier_of
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.experiments.sampling.stale_sgmcmc import measures, measures_server, methods
from gradproof.experiments.sampling.stale_sgmcmc.server import gradient_of, serve
from gradproof.solvers.gaussian import Delay
from gradproof.solvers.gaussian.line import sum_over_lags
from gradproof.theory import registry
from gradproof.theory.errors import DomainError, ParameterError, ProofRejected
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.proof import check
from gradproof.theory.sampling import stale_sgmcmc as paper

CLAIMS = registry.claims("stale-sgmcmc")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = {t.check.name: (t.check.level, run_task(t).verdict) for t in plan([claim])}
    assert all(v.outcome.good for _, v in rows.values()), {k: str(v) for k, (_, v) in rows.items()}
    levels = {level for level, _ in rows.values()}
    assert Level.CONTROL in levels
    assert len(levels - {Level.CONTROL}) >= 2 or (
        claim.confidence == "recalled" and "one kind of evidence" in claim.remark
    )


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_one_percent_off_is_refuted(claim, factor):
    if claim is paper.ORDERS and factor < 1:
        pytest.skip("a smaller exponent is true")
    mutant = claim.with_bound(claim.expression * factor)
    outcomes = {
        run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome
        for t in plan([claim])
        if t.check.level is Level.EXACT
    }
    assert outcomes == {Outcome.REFUTED}


def test_certificates():
    make = certifier_of(paper.STABILITY)
    check(make(tau=2, a=Fraction(3, 5)))
    with pytest.raises(DomainError, match="a_max"):
        make(tau=2, a=Fraction(5, 8))
    for bad in (
        {"tau": Fraction(5, 2), "a": Fraction(1, 2)},
        {"tau": -1, "a": 1},
        {"tau": "x", "a": 1},
        {"a": 1},
        {"tau": 1, "b": 1, "a": 1},
    ):
        with pytest.raises(ParameterError) as caught:
            make(**bad)
        assert "\n" not in str(caught.value)
    proof = make(tau=1, a=Fraction(1, 2))
    broken = proof.statement.target.copy()
    key = next(k for k in broken.quadratic if k[0].startswith("y"))
    broken.quadratic[key] = -broken.quadratic[key]
    with pytest.raises(ProofRejected):
        check(replace(proof, statement=replace(proof.statement, target=broken)))


def test_the_bracket_contains_the_threshold():
    for tau in (0, 3, 9):
        found = measures.threshold(tau)
        assert found.low <= paper.STABILITY.bound(tau=tau) <= found.high
        assert found.high - found.low < Fraction(1, 10**17)


@pytest.mark.parametrize("random", [False, True])
def test_the_step_reads_the_right_age(random):
    method = methods.stale(lambda x: x, 0.1, 2, sigma=1.0, random=random)
    history = np.array([[[[1.0], [10.0], [100.0]]]])
    state = methods.State(history, np.zeros((1, 1, 1)))
    noise = methods.Draw(np.ones((1, 1, 1)), 2 * np.ones((1, 1, 1)), np.array([[[[1]]]]))
    new = method.step(state, noise)
    expected = 1 - 0.1 * (10 if random else 100) + np.sqrt(0.2) + 0.1 * 2
    assert new.history.ravel() == pytest.approx([expected, 1, 10])
    assert new.total.item() == pytest.approx(expected)
    first = method.init(np.full((1, 1, 1), 3.0))
    assert first.history.ravel() == pytest.approx([3, 3, 3])


def test_a_server_with_one_process_takes_the_steps_in_order():
    h, L, x = 0.1, 20, np.full(3, 2.0)
    found = serve({"lam": 1.5}, x, h, 1, L, np.random.default_rng(3))
    rng, total = np.random.default_rng(3), 0
    for _ in range(L):
        x = x - h * 1.5 * x + np.sqrt(2 * h) * rng.standard_normal(3)
        total = total + x
    assert found.mean == pytest.approx(total / L, rel=1e-12)
    assert (found.delays == 0).all()
    assert (found.held == 0).all()


def test_a_slow_worker_is_late():
    found = serve({"lam": 1.0, "rest": [0.01, 0.2]}, np.zeros(2), 0.01, 2, 60, np.random.default_rng(0))
    assert found.delays.max() > 1  # measured, not a constant
    assert found.delays.sum() + found.held.sum() == 60


def test_the_gradient_of_a_worker_is_that_of_the_posterior():
    task, problem = measures_server.logistic_task(), measures_server.data.projected()
    x = np.linspace(-1, 1, 5)
    assert gradient_of(task)(x) == pytest.approx(problem.gradient(x), rel=1e-12)


def test_orders_of_workers():
    assert measures_server.ages((0, 1, 2), 7) == ([0, 1, 2, 2, 2, 2, 2], 0 + 1 + 2)
    found, held = measures_server.ages((0, 0, 1), 6)
    assert (found, held) == ([0, 0, 2, 1, 0, 2], 1)
    assert set(measures_server.total_response(Fraction(1, 10), [2, 2, 2])) == {Fraction(10)}


def test_the_variance_given_measured_delays():
    law = Delay(1.0, 0.1, 3)
    delays = np.minimum(np.arange(50), 3)  # a history of zeros
    found = 2 * 0.1 * measures_server.variance_given(delays, 0.1) / 50**2
    assert found == pytest.approx(law.average_variance_from_zero(50), rel=1e-12)


def test_the_bound_of_the_second_moment():
    for tau in (0, 1, 3):
        bound = measures_server.second_moment(0.02, 1.0, 1.0, tau, 1)
        assert Delay(1.0, 0.02, tau).variance < bound < 3
    with pytest.raises(DomainError, match="too long"):
        measures_server.second_moment(0.5, 1.0, 1.0, 5, 1)


def test_logistic_servers_in_small():
    """The run of budget gpu, with fewer servers and steps."""
    context = Context(paper.GRADIENT, "gpu", 0, "numpy", "small")
    ((sample, at),) = measures_server.logistic_servers(4, 300, 10, partial(context.keys, "small"), "numpy")
    assert 0.5 < sample.numbers.mean() * at["h"] / 2 < 1.5
    low, high = sample.interval(1e-6).low, sample.interval(1e-6).high
    assert low <= paper.GRADIENT.bound(h=at["h"]) <= high


def test_the_sum_over_lags_needs_a_law():
    with pytest.raises(ParameterError, match="tau = 2"):
        sum_over_lags(lambda x: x, 0.1, 2, centre=0.0, reach=9.0)
    with pytest.raises(DomainError, match="widen"):
        sum_over_lags(lambda x: x, 0.3, 1, centre=0.0, reach=2.0)
    value, error = sum_over_lags(lambda x: 2 * x, 0.2, 1, centre=0.0, reach=8.0)
    assert abs(value - 4 * float(Delay(2.0, 0.2, 1).long_run(1))) <= error < 1e-5


def test_the_best_number_of_workers():
    """About (lam h)^{-1} R^{-1/3}: the leading order of MSE at P* is that of the claim."""
    Q, h = Fraction(7, 2), Fraction(1, 50)
    rounds = 1 / (h**3 * Q**2 * (Q - Fraction(1, 2)))
    least = (Q - Fraction(1, 2)) ** 2 * h**2 + 2 / (h * Q * rounds)
    assert paper.OPTIMAL.bound(Q=Q, h=h) == least
    assert float(Q) == pytest.approx(float(1 / h) * float(rounds) ** (-1 / 3), rel=0.1)


@pytest.mark.slow
def test_averages_for_six_delays():
    tasks = plan([paper.INDEPENDENT], budget="full")
    (task,) = [t for t in tasks if t.check.name == "averages_for_six_delays"]
    assert run_task(task).verdict.outcome is Outcome.CONSISTENT
