"""Checks of bilevel-unbounded: every claim is held, every control is caught, false variants are not let through."""

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.adaptive.bilevel_unbounded import measures_lower, measures_steps, methods
from gradproof.experiments.adaptive.bilevel_unbounded.instances import CARD, floats, smooth
from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.bilevel import noisy_digits
from gradproof.theory import registry
from gradproof.theory.adaptive import bilevel_unbounded as paper

CLAIMS = registry.claims(paper.PAPER.key)
NUMPY = backend("numpy")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


PHI, ERR = "phi-relaxed-smooth", "hypergradient-error"
E = {c.id.split(".")[1]: c.expression for c in CLAIMS}
LESS, MORE = sp.Rational(99, 100), sp.Rational(101, 100)


def of(name, *symbols):
    return [registry.claim(f"bilevel-unbounded.{name}").parameter(s).symbol for s in symbols]


def without(name, **values):
    """The bound with other values of some parameters."""
    return E[name].subs({s: values[str(s)] for s in of(name, *values)})


#: a constant, an exponent, and what an assumption gives: three false variants of each claim
FALSE = {
    "hypergradient": [E["hypergradient"] * MORE, E["hypergradient"] ** 2, without("hypergradient", c=0)],
    "solution-lipschitz": [E["solution-lipschitz"] * LESS, sp.sqrt(E["solution-lipschitz"]), without("solution-lipschitz", mu=2)],
    PHI: [E[PHI] * LESS, without(PHI, L_y0=0), without(PHI, l_g2=0)],
    ERR: [E[ERR] * LESS, without(ERR, G=0), without(ERR, l_g2=0)],
    "error-grows": [E["error-grows"] * MORE, E["error-grows"] ** 2, without("error-grows", x=0)],
    "neumann-bias": [E["neumann-bias"] * LESS, E["neumann-bias"] ** 2, E["neumann-bias"] * of("neumann-bias", "mu")[0]],
    "lower-contraction": [E["lower-contraction"] * LESS, E["lower-contraction"] ** 2, sp.Integer(0)],
    "tracking": [E["tracking"] * LESS, E["tracking"] ** 2, without("tracking", E0=0)],
    "tracking-steady": [E["tracking-steady"] * MORE, E["tracking-steady"] ** 2, of("tracking-steady", "s")[0]],
    "tracking-between": [E["tracking-between"] * LESS, E["tracking-between"] ** 2, of("tracking-between", "s")[0]],
    "normalized-descent": [
        E["normalized-descent"] - abs(E["normalized-descent"]) / 100, without("normalized-descent", err=0),
        without("normalized-descent", K0=0),
    ],
    "normalized-average": [E["normalized-average"] / 4, without("normalized-average", Delta=0), E["normalized-average"] ** 2 / 9],
    "momentum-bound": [E["momentum-bound"] / 4, without("momentum-bound", Delta=0), sp.Integer(0)],
    "paper-theorem": [E["paper-theorem"] / 20, E["paper-theorem"] ** 4 / 20, sp.Integer(0)],
    "quartic-L0L1": [E["quartic-L0L1"] * MORE, sp.sqrt(-E["quartic-L0L1"]), sp.Integer(-4)],
    "quartic-radius": [E["quartic-radius"] * MORE, without("quartic-radius", R=0), -(E["quartic-radius"] ** 2)],
    "cosh-L0L1": [E["cosh-L0L1"] * LESS, E["cosh-L0L1"] ** sp.Rational(9, 10), E["cosh-L0L1"] - 1],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted(name, refuted):
    claim = registry.claim(f"bilevel-unbounded.{name}")
    for wrong in FALSE[name]:
        assert refuted(claim, wrong), wrong


def test_every_claim_has_false_variants():
    assert set(FALSE) == set(E)


def test_the_instance_of_the_card():
    x = np.array([1.0, -1.0])
    task = smooth(NUMPY)
    assert float(methods.length(task.gradient(x))[0]) == pytest.approx(1.638514877, abs=5e-10)
    steps = [(task.value(x + h) - task.value(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(task.gradient(x), steps, rtol=1e-7)
    assert pytest.approx((66.78306127, 4.123105626)) == (measures_steps.K0, measures_steps.K1)


def test_exact_steps_of_the_card():
    out = measures_lower.smooth_runs("numpy", [1], 40, 0.02, 1000, beta=0.0)
    assert float(out.gradient[0, 0, :1000].mean()) == pytest.approx(11.29334587, abs=5e-7)
    assert float(out.value[0, 0, 0] - out.value[0, 0, -1]) == pytest.approx(224.2763885, abs=5e-6)


def test_gradient_steps_leave_and_normalised_ones_do_not():
    out = measures_lower.smooth_runs("numpy", [1], 9, 0.1, 4, beta=0.0, normalised=False)
    assert np.abs(out.x.values[0, 0, -1]).max() > 1e6
    out = measures_lower.smooth_runs("numpy", [3], 1, 0.1, 40)
    np.testing.assert_allclose(np.linalg.norm(np.diff(out.x.values[0, 0], axis=0), axis=-1), 0.1, rtol=1e-12)


def test_runs_take_the_steps_of_the_method():
    """Three steps with a period of two, by hand."""
    B, a, x, y, m = floats(CARD.B), np.array([1, 2.5, 4]), np.array([1.0, 0.5]), np.zeros(3), None
    method = methods.bo_rep(smooth(NUMPY).problem, 0.1, beta=0.5, period=2, lower=1, refine=1)
    out = run(method, x[None, None], 3, record={"x": lambda s: s.x, "y": lambda s: s.y})
    y = y - (a * y - B @ x) / 4
    for t in range(3):
        y = y - (a * y - B @ x) / 4 if t == 2 else y
        g = x**3 + B.T @ ((y - 1) / np.sqrt(1 + (y - 1) ** 2) / a)
        m = g if m is None else (m + g) / 2
        x = x - 0.1 * m / np.linalg.norm(m)
    np.testing.assert_allclose(out.x.values[0, 0, -1], x, atol=1e-14)
    np.testing.assert_allclose(out.y.values[0, 0, -1], y, atol=1e-14)


def test_labels_of_digits_are_cleaned_by_normalised_steps_alone():
    data = noisy_digits()
    assert 0.2 < data.wrong.mean() < 0.4
    _, out = measures_lower.cleaning_run("numpy", 70, L=5.5, period=2, lower=10, every=70)
    x = out.x.values[0, 0, -1]
    assert x[~data.wrong].mean() > x[data.wrong].mean() + 1
    assert float(out.loss[0, 0, -1]) < 0.5 * float(out.loss[0, 0, 0])
    _, other = measures_lower.cleaning_run("numpy", 70, False, L=5.5, period=2, lower=10, every=70)
    assert not np.isfinite(np.exp(other.x.values[0, 0, -1])).all()


@pytest.mark.slow
def test_the_gpu_run_in_small():
    value, at = measures_lower.behind_on_digits("numpy", 12, 500)
    assert 0 < value.low < at["s"] / (1 - at["rho"])
