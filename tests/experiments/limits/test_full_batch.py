"""Checks of full-batch: every claim is held, every control is caught, false variants are not let through."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.limits.full_batch import instances, measures_upper, measures_walk
from gradproof.experiments.limits.full_batch.instances import JWalk, exactly, fraction, lattice
from gradproof.experiments.limits.full_batch.methods import Loss
from gradproof.theory import registry
from gradproof.theory.errors import ParameterError
from gradproof.theory.limits import full_batch as paper

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


T, n, eta, gamma, b, L = (paper.GD_UPPER.parameter(x).symbol if x in "TnL" else sp.Symbol(x, positive=True)
                          for x in ("T", "n", "eta", "gamma", "b", "L"))  # fmt: skip
E = {c.id.split(".")[1]: c.expression for c in CLAIMS}
#: a constant, an exponent, and what an assumption gives: three false variants of each claim
FALSE = {
    "gd-walk": [E["gd-walk"] * sp.Rational(101, 100), E["gd-walk"] * eta, E["gd-walk"] + eta * b],
    "empirical-risk": [E["empirical-risk"] / 2, E["empirical-risk"] / T, E["empirical-risk"] * b],
    "gd-excess": [E["gd-excess"] * sp.Rational(99, 100), E["gd-excess"] * eta, E["gd-excess"].subs(gamma, 0)],
    "masked-norm": [E["masked-norm"] * sp.Rational(101, 100), E["masked-norm"] ** 2, E["masked-norm"] * sp.sqrt(2)],
    "mean-root": [E["mean-root"] * sp.Rational(99, 100), E["mean-root"] ** sp.Rational(9, 10), E["mean-root"] / sp.sqrt(2)],
    "gd-lower": [E["gd-lower"] * sp.Rational(11, 10), E["gd-lower"] ** 2 * 4, E["gd-lower"].subs(eta, 8 * eta)],
    "gd-rate": [E["gd-rate"] * 3, sp.sqrt(E["gd-rate"]), E["gd-rate"] * sp.sqrt(T)],
    "gd-average": [E["gd-average"] * sp.Rational(5, 4), E["gd-average"] * sp.sqrt(T), E["gd-average"] / eta],
    "lipschitz": [E["lipschitz"] * sp.Rational(99, 100), sp.sqrt(E["lipschitz"]), sp.Integer(2)],
    "bad-set": [E["bad-set"] / 5, E["bad-set"] ** 3, sp.Integer(0)],
    "sgd-upper": [E["sgd-upper"] * sp.Rational(99, 100), E["sgd-upper"] / T, E["sgd-upper"].subs(eta, 2 * eta)],
    "gd-stability": [E["gd-stability"] * sp.Rational(98, 100), E["gd-stability"] / sp.sqrt(T), 2 * L * eta * sp.sqrt(T)],
    "gd-upper": [E["gd-upper"] / 2, E["gd-upper"] / T, E["gd-upper"] - 2 * L**2 * eta * (sp.sqrt(T) + T / n)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted(name, refuted):
    claim = registry.claim(f"full-batch.{name}")
    for wrong in FALSE[name]:
        symbols = {str(s): s for s in claim.expression.free_symbols}
        wrong = wrong.subs({s: symbols[str(s)] for s in wrong.free_symbols if str(s) in symbols})
        assert refuted(claim, wrong), wrong


def test_the_run_is_the_closed_form():
    for found, at in measures_walk.coordinates_of_a_run(0.05, 0.005, 1e-7, "numpy", "quick"):
        assert (found.low + found.high) / 2 == pytest.approx(
            paper.GD_WALK.bound(eta=0.05, gamma=0.005, b=1e-7, **at), abs=1e-12
        )


def test_the_average_and_its_bound():
    at = {"T": 64, "n": 4, "eta": 0.05, "gamma": 0.005, "b": 1e-14}
    size = measures_walk.size_of_the_average(**at)
    assert paper.GD_AVERAGE.bound(U=480.0, A=size, **at) == pytest.approx(0.0973054010035, abs=1e-12)
    mean = measures_walk.gradient_descent(4, 64, 0.05, 0.005, 1e-7, "numpy")["mean"].values[0, 0, 0]
    value = Loss(4, 0.005, 1e-7).value(mean, np.random.default_rng(0).integers(0, 2, (1000, 1024))).mean()
    assert value == pytest.approx(0.137, abs=0.002)


def test_several_passes_over_the_sample_walk_again():
    """Nearly as far as gradient descent, at 0.252: the median of eight runs."""
    from gradproof.experiments.engine.backend import backend
    from gradproof.experiments.engine.draws import ahead, keys
    from gradproof.experiments.engine.run import run, start
    from gradproof.experiments.limits.full_batch.methods import descent

    loss, on, rng = Loss(4, 0.005, 1e-7), backend("numpy"), np.random.default_rng(0)
    value = {}
    for draws in (measures_upper.repeated, measures_upper.fresh):
        draw = ahead(keys("passes", settings=[0], seeds=range(8)), draws(4, 64, on), block=8)
        out = run(
            descent(loss, 0.05), start(np.zeros(1024), seeds=8), 64, record={"w": lambda s: s.w}, draw=draw, at=[64]
        )
        value[draws.__name__] = np.median(
            [loss.value(w, rng.integers(0, 2, (100, 1024))) for w in out.w.values[0, :, 0]]
        )
    assert value["repeated"] == pytest.approx(0.246, abs=0.005)
    assert value["fresh"] < 0.05


def test_floats_and_rationals_take_the_same_subgradients():
    V = lattice(2, 4)
    walk, w = JWalk(V, F(1, 16), F(1, 50)), np.zeros(16)
    for exact in list(walk.descend(6, F(1, 4)))[1:]:
        w = w - 0.25 * Loss(2, 1 / 16, 1 / 50).subgradient(w, np.array(V))
        np.testing.assert_allclose(w, [float(fraction(x)) for x in exact], atol=1e-15)


def test_roots_that_are_irrational_are_refused():
    assert instances.exact_root(exactly(F(9, 4))) == exactly(F(3, 2))
    with pytest.raises(ParameterError, match="irrational"):
        instances.exact_root(exactly(2))


@pytest.mark.slow
def test_the_gpu_run_in_small(monkeypatch):
    monkeypatch.setitem(measures_walk.RUNS, "gpu", (5, 40))
    found = list(measures_walk.coordinates_of_a_run(0.05, 0.005, 1e-6, "numpy", "gpu"))
    assert len(found) == 24
    for value, at in found:
        assert value.low <= paper.GD_WALK.bound(eta=0.05, gamma=0.005, b=1e-6, **at) <= value.high
