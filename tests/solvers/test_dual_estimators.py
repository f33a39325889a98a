"""Estimators of programs: dual arithmetic, lists against draws, and what is refused."""

import itertools
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.solvers.dual_estimators import (
    Drawn,
    Exact,
    exp,
    gradient,
    inputs,
    log,
    mean,
    sigmoid,
    sin,
    variance,
)
from gradproof.theory.errors import ParameterError

THREE = ("enum", "reinforce", "mvd")


def program(first, second):
    def run(on, t):
        p = t[0] / (1 + t[0])
        return on.flip(
            first, p, lambda z: on.flip(second, (1 + z) * t[1] / 3, lambda y: (z - 2 * y) ** 3 * t[0] + z / t[1])
        )

    return run


def test_dual_arithmetic_is_that_of_derivatives():
    x, y = sp.symbols("x y", positive=True)
    for f in (
        lambda a, b: (a - 3) ** 3 / b + 2 / a - (-b),
        lambda a, b: exp(a * b) * log(a + b) + sigmoid(a - b) * 2,
        lambda a, b: 1 - sin(a) * (5 - b),
    ):
        found, plain = f(*inputs([x, y])), f(x, y)
        assert sp.simplify(found.value - plain) == 0
        assert [sp.simplify(d - plain.diff(v)) for d, v in zip(found.slope, (x, y), strict=True)] == [0, 0]


@pytest.mark.parametrize("strategies", list(itertools.product(THREE, repeat=2))[::2])
def test_every_pair_is_unbiased_for_all_parameters(strategies):
    """The list's mean is the gradient as rational functions of the parameters."""
    t = sp.symbols("a b", positive=True)
    law = program(*strategies)(Exact(), inputs(t))
    true = gradient(program("enum", "enum"), t).value
    assert sp.simplify(sum(q for q, _ in law) - 1) == 0
    assert [sp.cancel(d - true.diff(v)) for d, v in zip(mean(law).slope, t, strict=True)] == [0, 0]


@pytest.mark.parametrize(
    "strategies", [("reinforce", "mvd"), ("mvd", "enum"), ("enum", "reinforce"), ("straight-through", "enum")]
)
def test_draws_have_the_mean_and_variance_of_the_list(strategies):
    rng, at, n = np.random.default_rng(3), (0.8, 1.1), 40_000
    law = program(*strategies)(Exact(), inputs(at))
    d = program(*strategies)(Drawn(lambda slot: rng.uniform(size=n)), inputs(at))
    for x, m, v in zip(d.slope, mean(law).slope, variance(law), strict=True):
        assert np.mean(x) == pytest.approx(float(m), abs=5 * np.sqrt(float(v) / n) + 1e-12)
        assert np.var(x) == pytest.approx(float(v), rel=0.1, abs=1e-12)


def test_a_baseline_keeps_the_mean_and_the_best_one_removes_the_variance():
    site = lambda base: Exact().flip("reinforce", inputs([F(1, 3)])[0], lambda b: F(5) if b else F(-1), base)  # noqa: E731
    assert mean(site(0)).slope == mean(site(F(7))).slope == (6,)
    assert variance(site(F(2, 3) * 5 - F(1, 3)))[0] == 0 < variance(site(0))[0] == F(81, 2)


@pytest.mark.parametrize("strategy", ["reparam", "reinforce"])
def test_normal_draws_have_the_gradient_of_mean_and_deviation(strategy):
    """E x^2 = mu^2 + s^2."""
    rng, n = np.random.default_rng(5), 100_000
    d = (lambda on, t: on.normal(strategy, t[0], t[1], lambda x: x * x))(
        Drawn(lambda slot: rng.uniform(size=n)), inputs([0.5, 1.5])
    )
    for x, true in zip(d.slope, (1.0, 3.0), strict=True):
        assert np.mean(x) == pytest.approx(true, abs=5 * np.std(x) / np.sqrt(n))


def test_what_is_refused():
    p = inputs([0.5])[0]
    with pytest.raises(ParameterError, match="none of enum, reinforce"):
        Exact().flip("gumbel", p, lambda b: p)
    with pytest.raises(ParameterError, match="no list of outcomes"):
        Exact().normal("reparam", p, 1.0, lambda x: x)
    wide = [(1e-4, p)] * 10_000
    with pytest.raises(ParameterError, match="use fewer sites"):
        Exact().flip("mvd", p, lambda b: wide)
    with pytest.raises(ParameterError, match="give a number as its standard deviation"):
        Drawn(lambda slot: np.full(3, 0.4)).normal("mvd", p, p, lambda x: x)
