"""Local SGD: the evidence is good, false variants are refuted by the same measurements, and the methods do what they say."""

from dataclasses import replace
from fractions import Fraction as F
from functools import cache

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.communication.local_sgd import Bent, SharedRows, TwoSlopes, errors, means, ridge_logistic
from gradproof.experiments.communication.local_sgd.instances import RandomCurvature
from gradproof.experiments.communication.local_sgd.measures_runs import (
    fedac_of_the_paper,
    kinked_runs,
    quadratic_of_the_paper,
)
from gradproof.experiments.communication.local_sgd.methods import Fedac, counted, normal
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import confront
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.solvers.averaged_sgd import (
    consensus_exact,
    exact_quadratic,
    fedac_quadratic,
    recursion_bound,
    relative_quadratic,
    steps,
)
from gradproof.solvers.averaging_times import every, growing, growing_evenly
from gradproof.theory import registry
from gradproof.theory.communication import local_sgd as ls
from gradproof.theory.evidence import Level, Outcome, Relation

CLAIMS = registry.claims("local-sgd")


@cache
def measurements(claim_id):
    """What every quick measure of a claim returned, beside its check."""
    claim = registry.claim(claim_id)
    numeric = [c for c in checks_of(claim, "quick") if c.measured is not None]
    return [(c, list(c.measured.take(Context(claim, scope=c.name)))) for c in numeric]


def outcomes(variant, controls=False):
    for c, taken in measurements(variant.id.split("~")[0]):
        if (c.level is Level.CONTROL) == controls:
            yield c.name, judge(c.level, variant.relation, confront(variant, c.measured, taken, seed=0))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_is_good_and_every_control_is_caught(claim):
    for controls in (False, True):
        found = dict(outcomes(claim, controls))
        assert found
        assert all(v.outcome.good for v in found.values()), {k: str(v) for k, v in found.items()}


def refuted(claim, expression=None, relation=None):
    variant = replace(claim, id=f"{claim.id}~variant", relation=relation or claim.relation)
    if expression is not None:
        variant = replace(variant, expression=expression)
    return any(v.outcome is Outcome.REFUTED for _, v in outcomes(variant))


OBSERVED = (
    ls.LOWER_ROUNDS,
    ls.QUADRATIC_INVARIANCE,
    ls.FEDAC_UNACCELERATED,
)  # an observation with a factor of two in hand; bounds of zero


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c not in OBSERVED], ids=lambda c: c.id)
def test_false_constants_and_exponents_are_refuted(claim):
    e = claim.expression
    stronger = sp.Rational(1, 2) if claim.relation is Relation.LE else 2
    if claim.tight:
        stronger = sp.Rational(99, 100)
    assert refuted(claim, e * stronger)
    if claim.relation is Relation.EQ:
        assert refuted(claim, e / 2)
    else:
        assert refuted(claim, e**2) or refuted(claim, sp.sqrt(e))
        assert refuted(claim, relation=Relation.GE if claim.relation is Relation.LE else Relation.LE)


def one(claim, name):
    return claim.parameter(name).symbol


def _terms():
    """Variants in which a single term of a bound has another constant, or another power of the number of workers or steps."""
    relative = (ls.RELATIVE_RECURSION, ls.RELATIVE_CONSENSUS, ls.RELATIVE_SYNCHRONISED)
    for claim in (ls.RECURSION, ls.CONSENSUS, ls.MAIN, ls.SYNCHRONISED, ls.QUADRATIC_RATE, *relative):
        sigma2, n = one(claim, "sigma2"), one(claim, "n")
        yield f"{claim.id}: half the noise", claim, claim.expression.subs(sigma2, sigma2 / 2)
        if claim not in (ls.MAIN, ls.CONSENSUS, ls.RELATIVE_CONSENSUS):
            yield f"{claim.id}: a square of workers", claim, claim.expression.subs(n, n**2)
    V = one(ls.RECURSION, "V_t")
    yield "recursion: a hundredth of the spread", ls.RECURSION, ls.RECURSION.expression.subs(V, V / 100)
    for claim in (ls.DRIFT, ls.SPREAD):
        yield f"{claim.id}: half the block", claim, claim.expression.subs(one(claim, "H"), one(claim, "H") / 2)
    for claim in (ls.RELATIVE_CONSENSUS, ls.FLOOR):
        yield f"{claim.id}: half the relative part", claim, claim.expression.subs(one(claim, "c"), one(claim, "c") / 2)
    a_t = one(ls.RELATIVE_CONSENSUS, "a_t")
    yield (
        "relative consensus: no error in the spread",
        ls.RELATIVE_CONSENSUS,
        ls.RELATIVE_CONSENSUS.expression.subs(a_t, 0),
    )
    yield "floor: an eta too many", ls.FLOOR, ls.FLOOR.expression * one(ls.FLOOR, "eta")
    R = one(ls.FIXED_SCHEDULE, "R")
    yield "fixed: no logarithm", ls.FIXED_SCHEDULE, ls.FIXED_SCHEDULE.expression.subs(sp.log(R), 0)
    h, theta = one(ls.ONE_SHOT, "h"), one(ls.ONE_SHOT, "theta")
    yield "one-shot: another denominator", ls.ONE_SHOT, theta**2 * one(ls.ONE_SHOT, "sigma2") / (2 * theta * h)
    yield "bias: another sign", ls.ONE_SHOT_BIAS, -ls.ONE_SHOT_BIAS.expression
    yield "kink: variances in the place of deviations", ls.NECESSITY, ls.NECESSITY.expression.subs(sp.pi, 1)


VARIANTS = list(_terms())


@pytest.mark.parametrize(("claim", "expression"), [v[1:] for v in VARIANTS], ids=[v[0] for v in VARIANTS])
def test_a_false_term_is_refuted(claim, expression):
    assert refuted(claim, expression)


def test_a_small_distance_between_schedules_is_refuted_too():
    """What is 0 is not 1e-12, and is not above it."""
    for claim in (ls.QUADRATIC_INVARIANCE, ls.FEDAC_UNACCELERATED):
        assert refuted(claim, sp.Rational(1, 10**12), Relation.GE)
        assert refuted(claim, -sp.Rational(1, 10**12))


# --- methods and instances -------------------------------------------------------------------------------------------


def test_runs_on_a_parabola_have_the_moments_of_the_recursions():
    rng, T, n, seeds = np.random.default_rng(3), 40, 5, 4000
    schedules = [(0,), every(T, 1), growing(T, 4)]
    eta = steps(1.0, 4.0)
    out = errors(
        TwoSlopes(1.0, 1.0), n, lambda t: 2 / (t + 4.0), schedules, [2.0], normal(rng, 1, seeds, n, 1), T, seeds=seeds
    )
    error, spread = out["error"].values[:, :, -1], out["spread"].values[:, :, -1]
    assert np.allclose(error, error[:1], rtol=1e-9, atol=1e-12)  # the same path whatever the schedule
    exact = float(exact_quadratic(T, eta, [1.0], [2.0], [1.0], n))
    assert abs(error[0].mean() - exact) < 5 * error[0].std() / np.sqrt(seeds)
    for k, times in enumerate(schedules):
        V = float(consensus_exact(T, times, eta, [1.0], [1.0], n))
        assert abs(spread[k].mean() - V) < 5 * spread[k].std() / np.sqrt(seeds)


def test_growing_rounds_keep_the_errors_below_the_recursions_and_the_speed_up_linear():
    """R = N growing rounds: means plus 3.1 standard errors are below the recursions' bound, and fall like 1/N."""
    rng, T, sizes, found = np.random.default_rng(8), 300, (2, 8, 32), []
    problem, beta = Bent(), 4.0
    for n in sizes:
        seeds = 40_000 // n
        times = growing_evenly(T, n)
        out = errors(problem, n, lambda t: 2 / (t + beta), [times], [1.0], normal(rng, 1, seeds, n, 1), T, seeds=seeds)
        error = out["error"].values[0, :, -1]
        a0 = float(problem.excess(np.array([1.0])))
        assert error.mean() + 3.1 * error.std() / np.sqrt(seeds) <= recursion_bound(
            T, times, beta, 2.0, 1.0, 1.0, n, a0
        )
        found.append(error.mean())
    slope = np.polyfit(np.log(sizes), np.log(found), 1)[0]
    assert -1.1 < slope < -0.9


def test_exact_paths_and_runs_are_the_same_method():
    noise = np.random.default_rng(4).integers(-3, 4, (9, 3))
    times, problem = (0, 2, 5), TwoSlopes(F(4), F(1))
    path, last = means(problem, steps(F(1), F(8)), times, [F(2)] * 3, noise.tolist())
    floats = TwoSlopes(4.0, 1.0)
    out = errors(
        floats,
        3,
        lambda t: 2 / (t + 8.0),
        [times],
        [2.0],
        lambda t: noise[t].reshape(1, 1, 3, 1).astype(float),
        9,
        seeds=1,
    )
    assert float(problem.value(path[-1])) == pytest.approx(float(out["error"].values[0, 0, -1]), rel=1e-12)
    mean = sum(last) / 3
    assert float(sum((y - mean) ** 2 for y in last) / 3) == pytest.approx(
        float(out["spread"].values[0, 0, -1]), rel=1e-12
    )


def test_the_data_problem_is_near_its_minimum_and_its_noise_within_the_bound():
    problem = ridge_logistic("breast_cancer", 0.1)
    assert isinstance(problem, SharedRows)
    assert problem.sigma2 == pytest.approx(1)
    assert 0 <= float(problem.excess(problem.start)) < 1e-12
    rng, draw = np.random.default_rng(5), (np.arange(569)[:, None, None] + 0.5) / 569
    for x in (np.zeros(30), problem.start, rng.standard_normal(30)):
        rows = problem.sample(np.broadcast_to(x, (569, 1, 30)), draw)[:, 0]
        full = problem.problem.gradient(x)
        assert np.allclose(rows.mean(axis=0), full, atol=1e-12)
        assert np.mean(np.sum((rows - full) ** 2, axis=1)) <= problem.sigma2


def test_streams_and_generators_drive_the_same_method():
    stream = counted(keys("test", settings=[0], seeds=range(3)), 2, 1, "numpy")
    out = errors(Bent(), 2, lambda t: 2 / (t + 4.0), [(0,), every(20, 1)], [1.0], stream, 20, seeds=3)
    assert out["error"].shape == (2, 3, 1)
    assert (out["error"].values >= 0).all()


def test_wide_runs_are_the_quick_ones_in_large():
    """The measure of budget gpu, with fewer seeds."""
    gpu = [c for c in checks_of(ls.MAIN, "gpu") if c.name == "wide_runs"]
    assert len(gpu) == 1
    row = next(iter(gpu[0].measured.cases))
    assert row.values["n"] * row.values["seeds"] > 10**7
    small = gpu[0].measured.function(
        n=8, T=30, seeds=20, keys=lambda *names, seeds: keys(*names, settings=[0], seeds=range(seeds)), backend="numpy"
    )
    assert all((sample.numbers >= 0).all() for sample, _ in small)


def test_the_quadratic_of_the_paper():
    """Growing and one-shot averaging end beside synchronised SGD, near 3e-5 after 1000 steps; the means are close, not equal."""
    found = quadratic_of_the_paper(np.random.default_rng(7), T=1000, seeds=40)
    for name, error in found.items():
        assert 1.5e-5 < error.mean() < 6e-5, name
    assert not np.array_equal(found["growing"], found["once"])
    assert np.corrcoef(found["every step"], found["once"])[0, 1] > 0.9


TUNED = {  # printed by the code of the paper; exact expected errors
    False: ((0.028409693163223712, 0.028409693163223712, 35.199253798858265, 36.199253798858265), 2.826e-4),
    True: ((1 / 3, 1 / 3, 4.0, 10.333333333333334), 0.7371),
}


@pytest.mark.parametrize("second", [False, True], ids=["FedAC-I", "FedAC-II"])
def test_fedac_as_the_paper_tunes_it_is_local_sgd_with_a_constant_step(second):
    ac, times = fedac_of_the_paper(second)
    numbers, expected = TUNED[second]
    assert (ac.eta, ac.gamma, ac.alpha, ac.b) == pytest.approx(numbers, rel=1e-14)
    assert ac.gamma == ac.eta
    exact = [fedac_quadratic(1000, times, ac, h, 1.0, 0.25, 1.0, 20) for h in (1, 2, 3)]
    assert sum(v for _, v in exact) == pytest.approx(sum(w for w, _ in exact), rel=1e-9)
    assert sum(v for _, v in exact) == pytest.approx(expected, rel=2e-4)
    constant = [relative_quadratic(1000, times, lambda t: ac.eta, h, 1.0, 0.25, 1.0, 20) for h in (1, 2, 3)]
    assert sum(constant) == pytest.approx(expected, rel=2e-4)
    at_every_step = sum(fedac_quadratic(1000, range(1000), ac, h, 1.0, 0.25, 1.0, 20)[1] for h in (1, 2, 3))
    assert at_every_step == pytest.approx(5.058e-3 if second else 2.746e-4, rel=2e-4)


def test_runs_of_fedac_have_the_moments_of_its_recursion():
    """Accelerated: gamma > eta, two sequences, averaged now and then, on the paper's quadratic."""
    rng, T, n, seeds = np.random.default_rng(9), 30, 4, 4000
    ac, times, problem = Fedac(0.05, 0.2, 5.0, 6.0), (0, 7, 20), RandomCurvature()
    noise = normal(rng, 1, seeds, n, 2 * problem.d)
    error = errors(problem, n, lambda t: 0 * t, [times], [1.0] * 3, noise, T, seeds=seeds, ac=ac)["error"].values[
        0, :, -1
    ]
    exact = sum(fedac_quadratic(T, times, ac, h, 1.0, 0.25, 1.0, n)[1] for h in (1, 2, 3))
    assert abs(error.mean() - exact) < 5 * error.std() / np.sqrt(seeds)
    plain = sum(relative_quadratic(T, times, lambda t: ac.eta, h, 1.0, 0.25, 1.0, n) for h in (1, 2, 3))
    assert exact < 0.9 * plain  # it is faster there


def test_fedac_two_is_the_average_of_a_heavy_tail():
    """FedAC-II in the paper's simulation: the mean over 100 repetitions is near the figure's 0.02, far below the expected error."""
    ac, times = fedac_of_the_paper(True)
    noise = normal(np.random.default_rng(1), 1, 40, 20, 6)
    error = errors(RandomCurvature(), 20, lambda t: 0 * t, [times], [1.0] * 3, noise, 1000, seeds=40, ac=ac)[
        "error"
    ].values
    assert 0.005 < error.mean() < 0.2 < TUNED[True][1]


def test_what_was_plotted_for_the_kinked_example_is_half_the_speed_up():
    """The notebook of the paper divides by the median over the run of the errors, not by the last one: about the error at T/2."""
    rng, T = np.random.default_rng(6), 400
    out = kinked_runs(8, [growing_evenly(T, 8)], T, 300, rng)
    final = out["error"].values[0, :, -1].mean()
    rng = np.random.default_rng(6)
    at = list(range(10, T + 1, 10))
    noise = normal(rng, 1, 300, 8, 1)
    path = errors(
        TwoSlopes(2.0, 1.0, 8.0),
        8,
        lambda t: np.minimum(2 / (t + 1), 0.5),
        [growing_evenly(T, 8)],
        [2.0],
        noise,
        T,
        seeds=300,
        at=at,
    )
    median = float(np.median(path["error"].values[0].mean(axis=0)))
    assert final == pytest.approx(float(path["error"].values[0, :, -1].mean()), rel=1e-9)
    assert 1.5 < median / final < 2.7


def test_a_problem_must_be_near_its_minimum():
    P = Logistic(np.ones((1, 2, 1)), np.array([[1.0, -1.0]]), 0.0, 0.1)
    assert SharedRows(P, 0.0, 0.0, np.zeros(1)).mu == 0.1
