"""Checks of gradient-normalized-smoothness: every claim is held, every control is caught, false variants are not let through."""

from fractions import Fraction as F

import flint
import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.adaptive.gradient_normalized_smoothness import (
    measures_rates,
    measures_runs,
    methods,
    problems,
)
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import LINES, line_step
from gradproof.experiments.engine.backend import backend
from gradproof.theory import registry
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper

CLAIMS = registry.claims(paper.PAPER.key)
ON = backend("numpy")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


E = {c.id.split(".")[1]: c.expression for c in CLAIMS}
LESS, MORE = sp.Rational(99, 100), sp.Rational(101, 100)


def symbol(claim, name):
    return claim.parameter(name).symbol


#: a constant, an exponent, and what an assumption gives: three false variants of each claim
FALSE = {
    "step-radius": [E["step-radius"] * LESS, E["step-radius"] / 2, sp.sqrt(E["step-radius"])],
    "descent-step": [E["descent-step"] * MORE, E["descent-step"] * 2, E["descent-step"] ** 2],
    "next-gradient": [E["next-gradient"] * LESS, E["next-gradient"] / 4, sp.sqrt(E["next-gradient"])],
    "descent": [E["descent"] * MORE, E["descent"] * 4, E["descent"] * symbol(paper.DESCENT, "gp2")],
    "descent-convex": [E["descent-convex"] * MORE, E["descent-convex"] ** 2, E["descent-convex"] * 2],
    "descent-constant": [E["descent-constant"] * MORE, E["descent-constant"] ** 2, sp.Rational(1, 8)],
    "lipschitz-hessian": [E["lipschitz-hessian"] * MORE, E["lipschitz-hessian"] ** 2, E["lipschitz-hessian"] * 2],
    "first-order": [E["first-order"] * MORE, E["first-order"] ** 2, E["first-order"] * 2],
    "harmonic": [E["harmonic"] * MORE, 1 / symbol(paper.HARMONIC, "gamma2"), E["harmonic"] * 2],
    "logistic-radius": [sp.Rational(1147, 1000), E["logistic-radius"] ** 2, sp.Integer(4)],
    "progress-sum": [E["progress-sum"] * LESS, E["progress-sum"] / 4, sp.sqrt(E["progress-sum"])],
    "nonconvex-rate": [E["nonconvex-rate"] / 20, E["nonconvex-rate"] ** sp.Rational(1, 10) / 4, sp.Integer(0)],
    "nonconvex-count": [E["nonconvex-count"] / 8, sp.sqrt(E["nonconvex-count"]) / 4, sp.Integer(0)],
    "convex-rate": [E["convex-rate"] / 8, sp.sqrt(E["convex-rate"]), sp.Integer(0)],
    "convex-contraction": [E["convex-contraction"] * LESS, E["convex-contraction"] ** 2, E["convex-contraction"] ** 8],
    "convex-count": [E["convex-count"] / 2, sp.sqrt(E["convex-count"]), sp.Integer(0)],
    "table": [E["table"] / 8, sp.sqrt(E["table"]), sp.Integer(0)],
    "search-radius": [E["search-radius"] * MORE, E["search-radius"] * 2, symbol(paper.SEARCH_RADIUS, "gamma0")],
    "search-cost": [E["search-cost"] + 1, E["search-cost"] ** 2, E["search-cost"] / 2],
    "logsumexp-gn": [E["logsumexp-gn"] * MORE, E["logsumexp-gn"] ** 2, sp.Integer(0)],
    "logistic-fisher": [E["logistic-fisher"] * LESS, E["logistic-fisher"] ** 2, sp.Integer(0)],
    "fisher-power": [E["fisher-power"] * LESS, sp.sqrt(E["fisher-power"]), E["fisher-power"] / 2],
    "gauss-newton-power": [E["gauss-newton-power"] * LESS, sp.sqrt(E["gauss-newton-power"]), sp.Integer(0)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted(name, refuted):
    claim = registry.claim(f"{paper.PAPER.key}.{name}")
    for wrong in FALSE[name]:
        assert refuted(claim, wrong), wrong


def test_every_claim_has_false_variants():
    assert set(FALSE) == set(E)


@pytest.mark.parametrize(("kind", "steps"), [("exact", 4), ("gauss-newton", 8)])
def test_the_log_sum_exp(kind, steps):
    found, least = measures_runs.searched(measures_runs.partial(problems.small_lse, kind=kind), "numpy")
    assert found.f[0] - least == pytest.approx(1.689578139, abs=5e-10)
    assert len(found.gamma) == steps


def test_the_cubic_of_the_norm():
    cubic = measures_rates.shrinking(10)
    assert cubic.g[10] == 25 * F(2, 3) ** 20
    assert float(cubic.g[10]) == pytest.approx(0.007518216496, abs=5e-13)


def test_fifty_radii():
    step = line_step(LINES["log cosh"], F(3, 2), over=F(50))
    assert float(step.fall) == pytest.approx(-64.5325247, abs=5e-8)


def accepted_in_balls(problem, rows, found, mu=F(1, 2)):
    """The test of acceptance at the floats of each step, in balls: f and g of log-sum-exp anew."""
    rows = [[flint.arb(float(c)) for c in row] for row in rows]

    def value_and_slope(x):
        z = [sum((c * flint.arb(float(t)) for c, t in zip(row, x, strict=True)), flint.arb(0)) * 2 for row in rows]
        e = [s.exp() for s in z]
        total = sum(e, flint.arb(0))
        g = [sum((w * row[j] for w, row in zip(e, rows, strict=True)), flint.arb(0)) / total for j in range(len(x))]
        return total.log() / 2, sum((c * c for c in g), flint.arb(0)).sqrt()

    with flint.ctx.workprec(120):
        seen = [value_and_slope(x) for x in found.x]
        for (f, g), (f_next, g_next), gamma in zip(seen, seen[1:], found.gamma, strict=False):
            yield bool((f - f_next) * 8 * g >= flint.arb(float(gamma)) * g_next**2)


@pytest.mark.parametrize("kind", ["exact", "gauss-newton", "gradient"])
def test_the_search_never_violates_its_own_acceptance(kind):
    start = problems.small_lse(ON, kind)
    found = methods.walk(start.problem, start.x0, lambda f, g: f <= start.until)
    assert len(found.gamma) >= 4
    assert all(accepted_in_balls(start.problem, problems.small_rows(), found))


MAKERS = [*measures_runs.QUICK.values(), measures_runs.partial(problems.digit_regression, rows=30)]


@pytest.mark.parametrize("make", MAKERS, ids=range(len(MAKERS)))
def test_gradients_are_those_of_the_values(make):
    problem, x0, *_ = make(ON)
    rng = np.random.default_rng(0)
    x, v, h = (x0 + 0.1 * rng.normal(size=x0.size))[None], rng.normal(size=x0.size), 1e-6
    slope = (problem.value(x + h * v) - problem.value(x - h * v))[0, 0] / (2 * h)
    assert slope == pytest.approx(float(problem.gradient(x)[0] @ v), rel=1e-5, abs=1e-9)
    H = problem.hessian(x)[0]
    np.testing.assert_allclose(H, H.T, atol=1e-9 * (1 + np.abs(H).max()))
    assert np.linalg.eigvalsh(H).min() >= -1e-9 * (1 + np.abs(H).max())


@pytest.mark.parametrize("name", ["log-sum-exp", "breast_cancer"])
def test_exact_hessians_are_those_of_the_gradients(name):
    problem, x0, *_ = measures_runs.QUICK[name](ON)
    v, h = np.random.default_rng(1).normal(size=x0.size), 1e-5
    slope = (problem.gradient(x0 + h * v) - problem.gradient(x0 - h * v)) / (2 * h)
    np.testing.assert_allclose(problem.hessian(x0[None])[0] @ v, slope, atol=1e-7)


@pytest.mark.slow
def test_the_gpu_runs_in_small():
    for make in (
        measures_runs.partial(problems.digit_regression, rows=60),
        measures_runs.partial(problems.published_lse, size=5, rows=200),
    ):
        value, at = measures_runs.sum_of_a_run(make, 0.5, "numpy")
        assert float(value.high) <= float(paper.PROGRESS_SUM.bound(**at))
