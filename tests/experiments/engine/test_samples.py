"""What turns runs into limits keeps its level at every sample size, says its name, and takes no constant from the runs it tests."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

import gradproof
from gradproof.experiments.engine.cases import Cases, cases
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.measure import Measured
from gradproof.experiments.engine.values import CHI_SQUARE, E_PROCESS, STUDENT, Sample
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Relation

LEVEL, RUNS = 0.1, 1500


def allowed(level, runs=RUNS):
    """So many misses or more have a probability below 1e-9, where each has at most ``level``."""
    return int(binom.isf(1e-9, runs, level))


def rare(rng, shape):
    return 20.0 * (rng.random(shape) < 0.05)


def dependent(rng, shape):
    """Mean 1 given the past: after a large observation the next ones are rare and huge."""
    mild, wild = rng.exponential(size=shape), rare(rng, shape)
    x = mild.copy()
    for i in range(1, shape[-1]):
        x[..., i] = np.where(x[..., i - 1] > 1, wild[..., i], mild[..., i])
    return x


#: laws of mean 1, with their upper ends: from nearly normal to without a variance
LAWS = {
    "uniform": (lambda rng, shape: 2 * rng.random(shape), 2.0),
    "rare": (rare, 20.0),
    "two points": (lambda rng, shape: 2.0 * rng.integers(0, 2, shape), 2.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), None),
    "without variance": (lambda rng, shape: (1 + rng.pareto(1.5, shape)) / 3, None),
    "dependent": (dependent, None),
}


@pytest.mark.parametrize("n", [1, 3, 30])
@pytest.mark.parametrize("law", LAWS)
def test_a_true_mean_is_lost_no_more_often_than_stated_whatever_the_law(law, n):
    draw, top = LAWS[law]
    missed = 0
    for x in draw(np.random.default_rng([1, n]), (RUNS, n)):
        missed += Sample(x, at_most=top).against(1.0, Relation.EQ, LEVEL) >= 1 / LEVEL
    assert missed <= allowed(LEVEL)


@pytest.mark.parametrize("law", LAWS)
def test_limits_and_tests_are_the_same_statement(law):
    draw, top = LAWS[law]
    for x in draw(np.random.default_rng(2), (20, 40)):
        sample = Sample(x, at_most=top)
        found = sample.interval(LEVEL)
        assert found.test == E_PROCESS
        assert found.low <= x.mean() <= found.high
        for mean in np.linspace(0.05, 2, 12):
            refuted = sample.against(mean, Relation.EQ, LEVEL) >= 1 / LEVEL
            assert refuted == (not found.low <= mean <= found.high)


@pytest.mark.parametrize("n", [2, 3, 30])
@pytest.mark.parametrize(("law", "name", "mean"), [("normal", STUDENT, 3.0), ("square of normal", CHI_SQUARE, 4.0)])
def test_limits_of_known_laws_are_exact(law, name, mean, n):
    z = np.random.default_rng([3, n]).standard_normal((RUNS, n))
    missed = 0
    for x in 3 + 0.5 * z if law == "normal" else (2 * z) ** 2:
        found = Sample(x, law=law).interval(LEVEL)
        missed += not found.low <= mean <= found.high
        assert found.test == name
    assert RUNS - int(binom.isf(1e-9, RUNS, 1 - LEVEL)) <= missed <= allowed(LEVEL)  # neither more nor fewer


def test_a_normal_approximation_would_be_seen_to_fail():
    missed = 0
    for x in rare(np.random.default_rng(4), (RUNS, 30)) + 1e-9 * np.random.default_rng(5).random((RUNS, 30)):
        found = Sample(x, law="normal").interval(LEVEL)
        missed += not found.low <= 1 <= found.high
    assert missed > allowed(LEVEL)


def test_a_bias_widens_the_limits_on_both_sides():
    x = np.random.default_rng(6).random(50)
    plain, wide = Sample(x, at_most=1.0).interval(0.1), Sample(x, at_most=1.0, bias=0.25).interval(0.1)
    assert (wide.low, wide.high) == pytest.approx((plain.low - 0.25, plain.high + 0.25))


def test_equal_numbers_are_no_sample_of_a_normal_law():
    with pytest.raises(ParameterError, match="no sample of a normal law"):
        Sample([0.1 + 0.2] * 5, law="normal").interval(0.1)


# --- constants of the bound ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Elsewhere(Context):
    """Other random numbers for what is tested, the same ones for the path to the instance on which it is tested."""

    def keys(self, *names, settings=(0,), seeds=1):
        on_the_way = {"before", "path"} & set(map(str, names))
        return Context.keys(
            Context(self.claim, self.budget, 0 if on_the_way else self.seed, self.backend, self.scope),
            *names, settings=settings, seeds=seeds,
        )  # fmt: skip


def constants(claim, name, measured, seed):
    """Parameters beside each sample, and the samples' numbers: none where every one is the same (an event of probability 0)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        taken = list(measured.take(Elsewhere(claim, "quick", seed, "numpy", name)))
    samples = [t for t in taken if isinstance(t.value, Sample)]
    return [repr((t.case.name, t.parameters)) for t in samples], [
        t.value.numbers.tolist() for t in samples if np.ptp(t.value.numbers) > 0
    ]


def from_the_runs(claim, name, measured):
    """Do the parameters of the bound change with the random numbers that are tested?"""
    (first, numbers), (second, others) = (constants(claim, name, measured, seed) for seed in (0, 1))
    assert not numbers or numbers != others
    return first != second


def test_a_constant_that_is_taken_from_the_runs_is_noticed():
    claim = gradproof.claim("krum.mean-square")

    def own_variance(rng):
        x = rng.random(20)
        return Sample(x), {"variance": float(x.var())}

    def given_variance(rng):
        return Sample(rng.random(20)), {"variance": 1 / 12}

    assert from_the_runs(claim, "own", Measured(claim, own_variance, cases()))
    assert not from_the_runs(claim, "given", Measured(claim, given_variance, cases()))


@pytest.mark.slow
@pytest.mark.parametrize("paper", [p.key for p in gradproof.papers()])
def test_no_constant_of_a_bound_is_taken_from_the_runs_that_it_tests(paper):
    for claim in gradproof.claims(paper):
        for check in checks_of(claim, "quick"):
            m = check.measured
            if m is not None and m.random and isinstance(m.cases, Cases):
                assert not from_the_runs(claim, check.name, m), check.id


def test_every_sample_states_its_ends():
    assert Sample([0.5, 1.0]).interval(0.1).high == math.inf
    with pytest.raises(ParameterError, match="above at_most"):
        Sample([0.5, 1.5], at_most=1.0)
