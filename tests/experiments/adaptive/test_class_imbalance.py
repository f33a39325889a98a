"""Class imbalance: every claim's evidence and controls, mutants, runs against closed forms."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.adaptive.class_imbalance import instances, measures, methods, training, transformer
from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.engine.run import run
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.solvers import separable_ode
from gradproof.theory import registry
from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Outcome

CLAIMS = registry.claims("class-imbalance")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = [run_task(t) for t in plan([claim])]
    assert all(row.verdict.outcome.good for row in rows), {r.check: str(r.verdict) for r in rows}
    assert any(row.level is Level.CONTROL for row in rows)
    assert len([row for row in rows if row.level is not Level.CONTROL]) >= 2


def _outcomes(claim, mutant, levels):
    tasks = [t for t in plan([claim]) if t.check.level in levels]
    return {run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome for t in tasks}


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.relation.value == "=="], ids=lambda c: c.id)
def test_equalities_one_percent_off_are_refuted(claim, factor):
    assert Outcome.REFUTED in _outcomes(claim, claim.with_bound(claim.expression * factor), {Level.EXACT})


@pytest.mark.parametrize(
    "claim",
    [paper.GF_UPPER, paper.GF_LOWER, paper.GD_UPPER, paper.GD_LOWER, paper.SGD_LOWER, paper.ZIPF_AVERAGE],
    ids=lambda c: c.id,
)
def test_bounds_one_percent_too_good_are_refuted(claim):
    factor = sp.Rational(99, 100) if claim.relation.value == "<=" else sp.Rational(101, 100)
    assert Outcome.REFUTED in _outcomes(claim, claim.with_bound(claim.expression * factor), {Level.EXACT})


def test_other_exponents_of_sign_descent_are_refuted():
    c, t = paper.c.symbol, paper.t.symbol
    for rate in (c, sp.Rational(199, 100), sp.Rational(201, 100)):
        mutant = paper.SIGN_FLOW.with_bound(sp.log(1 + (c - 1) * sp.exp(-rate * t)))
        assert _outcomes(paper.SIGN_FLOW, mutant, {Level.EXACT, Level.EMPIRICAL}) == {Outcome.REFUTED}


def test_gradient_is_the_derivative_of_the_loss():
    rng = np.random.default_rng(0)
    pi, W = methods.zipf(4), rng.standard_normal((4, 4))
    g = methods.one_hot(pi, np.eye(4))(W)
    for i, k in np.ndindex(4, 4):
        shift = np.zeros((4, 4))
        shift[i, k] = 1e-6
        slope = (methods.losses(W + shift) - methods.losses(W - shift)) @ pi / 2e-6
        assert slope == pytest.approx(g[i, k], abs=1e-9)


def test_losses_do_not_overflow():
    W = np.array([[-800.0, 0.0], [0.0, 800.0]])
    assert methods.losses(W) == pytest.approx([800.0, 0.0])


def test_descent_follows_the_recursion_of_the_margin():
    at, W = instances.weights("gd", 30, 300)
    pi = methods.zipf(30)
    for k in (0, 29):
        u = methods.margins(W[-1])[np.arange(30) != k, k]
        assert np.ptp(u) < 1e-11
        v = 0.0
        for _ in range(at[-1]):
            v += 2 / pi[0] * pi[k] * 30 / (np.exp(v) + 29)
        assert u.mean() == pytest.approx(v, rel=1e-11)


def test_the_matrix_equation_follows_one_curve():
    flow = instances.matrix_flow()
    closed = separable_ode.losses(5, 6 * flow.t[:, None] * flow.pi)[0]
    assert (np.abs(flow.l - closed) <= 2 * flow.error).all()
    assert flow.error.max() < 1e-4


def test_the_loss_is_of_order_one_over_the_time():
    """$\\pi_k t l_k(t)$ tends to (c - 1)/c."""
    for c in (2, 3, 100):
        low, high = separable_ode.margin_flow(c - 1, c * Fraction(10) ** 9).loss
        assert float((low + high) / 2) * 1e9 == pytest.approx((c - 1) / c, abs=1e-6)


def test_adam_brings_the_classes_down_together():
    spread = {name: np.ptp(methods.losses(instances.weights(name, 30, 300)[1][-1])) for name in ("gd", "adam")}
    assert spread["adam"] < spread["gd"] / 100


def test_shared_input():
    stalled = instances.excess(methods.sign_descent(methods.bias_only(instances.SHARED), 0.1))
    assert stalled == pytest.approx(1.773e-3, abs=5e-7)
    assert (
        instances.excess(methods.gradient_descent(methods.bias_only(instances.SHARED), 1.0), steps=1500, last=10) < 1e-9
    )


def test_margins_grow_from_any_start():
    W0 = np.random.default_rng(1).standard_normal((1, 1, 5, 5))
    method = methods.sign_descent(methods.one_hot(methods.zipf(5), np.eye(5)), 0.25)
    W = run(method, W0, 12, record={"W": lambda s: s.x}).W.values[0, 0]
    grown = methods.margins(W[-1]) - methods.margins(W[0])
    assert np.abs(grown[~np.eye(5, dtype=bool)] - 2 * 0.25 * 12).max() < 1e-13


def test_rare_rows():
    drawn = training.rare_digits()
    assert drawn.Y.sum(axis=0).tolist() == [174, 87, 58, 43, 34, 29, 24, 21, 19, 17]
    assert drawn.X.shape == (506, 64)
    assert drawn.rare.sum() == 50
    assert drawn.Y[drawn.rare > 0].sum(axis=0)[7:].tolist() == [14, 19, 17]
    step = training.published(4)  # 64 rows of 15 classes, 80 inputs
    assert step.X.shape == (64, 80)
    assert sorted(step.Y.sum(axis=0)) == [2] * 8 + [4] * 4 + [8] * 2 + [16]
    wide = training.gaussian(50, 8)
    assert wide.weights @ wide.rare <= 0.1 < wide.weights @ wide.rare + wide.weights[49 - int(wide.rare.sum())]


def test_losses_and_gradients_of_linear_models():
    drawn, rng = training.gaussian(6, 4), np.random.default_rng(0)
    W, gradient = rng.standard_normal((6, 4)), methods.linear(drawn.X, drawn.Y, drawn.weights)
    U, h = rng.standard_normal((6, 4)), 1e-6
    slope = drawn.weights @ (training.losses(W + h * U, *drawn[:2]) - training.losses(W - h * U, *drawn[:2])) / (2 * h)
    assert slope == pytest.approx((gradient(W) * U).sum(), abs=1e-8)
    with pytest.raises(GradproofError, match="in 3 steps"):
        training.lag(training.rare_digits, "gd", steps=3)


def test_chosen_columns_are_those_of_the_whole_matrix():
    for name in ("gd", "sign", "adam"):
        (_, all_of_it), (_, some) = (instances.weights(name, 12, 30, classes=k) for k in (None, (0, 5, 11)))
        assert np.allclose(all_of_it[..., [0, 5, 11]], some, rtol=1e-13, atol=1e-15)
        assert (methods.margins(some, np.array([0, 5, 11])) == methods.margins(all_of_it)[..., [0, 5, 11]]).mean() > 0.9


SMALL = {"vocabulary": 30, "width": 4, "context": 4, "batch": 8, "tested": 32, "steps": 400, "every": 5}


def test_a_transformer_in_small():
    pytest.importorskip("torch")
    value, at = measures.ratio_of_a_transformer(0, share=0.97, **SMALL)
    assert 0.9 < value.low < 3
    assert 0.9 < at["lag"] < 3
    with pytest.raises(GradproofError, match="after 1 steps"):
        transformer.lag("gd", transformer.Sizes(**SMALL | {"steps": 1}), alpha=1.0)
    tokens = transformer.stream(np.random.default_rng(0), transformer.Sizes(**SMALL), 4000)
    assert np.abs(np.bincount(tokens[:, -1], minlength=30) / 4000 - methods.zipf(30)).max() < 0.03
    assert (tokens[:, 2:] == tokens[:, :-2]).mean() > 0.5


def test_a_vocabulary_in_small():
    """The measure of the greatest budget on 40 classes with Gaussian inputs in eight dimensions."""
    check = next(c for c in checks_of(paper.RARE_CLASSES, "gpu") if c.name == "ratio_of_a_vocabulary")
    value, at = check.measured.function(partial(training.gaussian, 40, 8), "adam", "numpy", steps=2000)
    assert value.high < at["lag"]


@pytest.mark.slow
def test_full_runs():
    for claim in (paper.GD_UPPER, paper.GD_LOWER, paper.SIGN_FLOW, paper.RARE_CLASSES):
        for t in plan([claim], budget="full"):
            assert run_task(t).verdict.outcome.good


@pytest.mark.slow
def test_rare_tokens_lag_behind_in_a_transformer():
    pytest.importorskip("torch")
    sizes = {"vocabulary": 200, "width": 32, "context": 16, "batch": 32, "tested": 64, "steps": 3000, "every": 10}
    value, at = measures.ratio_of_a_transformer(1, share=0.65, **sizes)
    assert value.high < at["lag"]
