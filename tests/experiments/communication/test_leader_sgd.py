"""Leader SGD's claims: all evidence good, all controls caught, known false variants refuted; the method, and its runs."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.communication.leader_sgd import instances, measures, measures_runs, methods
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.solvers import ellipsoid
from gradproof.theory import registry
from gradproof.theory.communication import leader_sgd as paper
from gradproof.theory.evidence import Level, Outcome

CLAIMS = registry.claims("leader-sgd")


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not c.false_as_published], ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


def test_what_is_false_as_published_is_refuted_and_its_repair_holds():
    found = {t.check.name: run_task(t).verdict.outcome for t in plan([paper.STATIONARITY])}
    assert found == {"gradient_of_the_best": Outcome.REFUTED, "gradient_of_the_best_instead": Outcome.CONFIRMED}


@pytest.mark.parametrize(
    "claim", [paper.SELECTION, paper.FIXED_POINTS, paper.MONOTONE, paper.HALF_VOLUME], ids=lambda c: c.id
)
def test_false_variants(claim, false_variants_are_caught):
    false_variants_are_caught(claim)


# --- three false variants by hand: constant, exponent, assumption -------------------------------------------------------------


def refuted(claim, changed):
    """Does some check of the claim refute the changed statement?"""
    for check in checks_of(claim, "quick"):
        if check.measured is not None and check.level is not Level.CONTROL:
            made = check.measured.evidence(Context(changed, "quick", scope=check.name))
            if judge(check.level, changed.relation, made).outcome is Outcome.REFUTED:
                return True
    return False


_eta, _lam, _M, _m, _d, _h = (sp.Symbol(n, **f) for n, f in (
    ("eta", {"positive": True}), ("lam", {"nonnegative": True}), ("M", {"positive": True}), ("m", {"positive": True}),
    ("d", {"positive": True, "integer": True}), ("h", {"nonnegative": True})))  # fmt: skip
VARIANTS = {
    "one-step: half of the noise": (paper.ONE_STEP, lambda e: e.subs(paper.ONE_STEP.parameter("sigma2").symbol, 0)),
    "one-step: twice the pull": (paper.ONE_STEP, lambda e: e - 2 * _eta * _lam * paper.ONE_STEP.parameter("lead").symbol),
    "rate: no floor": (paper.RATE, lambda e: e.subs(paper.RATE.parameter("sigma2").symbol, 0)),
    "rate: the square": (paper.RATE, lambda e: e.subs(paper.RATE.parameter("N").symbol, 3 * paper.RATE.parameter("N").symbol)),
    "selection: two workers fewer": (paper.SELECTION, lambda e: e * sp.sqrt(1 - 1 / paper.SELECTION.parameter("p").symbol)),
    "selection: variance": (paper.SELECTION, lambda e: e**2 / 2),
    "exact: M + lam": (paper.EXACT_CONVEX, lambda e: sp.Max(1, (1 - _eta * (_M + _lam)) ** 2)),
    "exact: not squared": (paper.EXACT_CONVEX, lambda e: sp.Max(1, sp.Abs(1 - _eta * (_M + 2 * _lam)))),
    "weak: one percent": (paper.EXACT_STRONG, lambda e: e * sp.Rational(99, 100)),
    "exact: one percent": (paper.EXACT_CONVEX, lambda e: e * sp.Rational(99, 100)),
    "combination: one percent": (paper.COMBINATION, lambda e: e * sp.Rational(99, 100)),
    "weak: cubed": (paper.EXACT_STRONG, lambda e: (1 - _m * _eta) ** 3),
    "weak: 2 m": (paper.EXACT_STRONG, lambda e: (1 - 2 * _m * _eta) ** 2),
    "between: the parabola doubled": (paper.BETWEEN, lambda e: 2 * e),
    "combination: cubed": (paper.COMBINATION, lambda e: e - paper.COMBINATION.parameter("gap_x").symbol / 50),
    "fixed: twice the pull": (paper.FIXED_POINTS, lambda e: e.subs(_lam, 2 * _lam)),
    "easgd: three quarters": (paper.EASGD, lambda e: sp.Rational(3, 4)),
    "monotone: doubled": (paper.MONOTONE, lambda e: 2 * e),
    "half: d for d + 1": (paper.HALF_VOLUME, lambda e: e.subs(_d, _d + 1)),
    "half: h for its square": (paper.HALF_VOLUME, lambda e: e.subs(_h, sp.sqrt(_h))),
    "factors: a quarter": (paper.FACTORS, lambda e: e / 4),
    "factors: squared": (paper.FACTORS, lambda e: e**2),
    "large: all": (paper.LARGE_ANGLE, lambda e: sp.Integer(1)),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_false_variant_is_refuted(name):
    claim, change = VARIANTS[name]
    changed = change(claim.expression)
    assert changed != claim.expression
    assert refuted(claim, replace(claim, id=f"{claim.id}~hand", expression=changed))


def test_the_formula_of_the_two_regimes_is_refuted_between_them():
    """max{(1 - m eta)^2, (1 - eta(M + 2 lam))^2} for all lam: exact over quadratics, not over functions."""
    formula = sp.Max((1 - _m * _eta) ** 2, (1 - _eta * (_M + 2 * _lam)) ** 2)
    weak = tuple(a for a in paper.EXACT_STRONG.assumptions if a.name != "weak_pull")
    wide = replace(paper.EXACT_STRONG, id="leader-sgd.exact-weak-pull~hand", expression=formula, assumptions=weak)
    at = measures.in_the_band(F(1, 2), F(1, 10), F(1, 4))
    known = {k: at[k] for k in ("eta", "lam", "M", "m")}
    f, z = instances.bent(F(1), at["m"], F(1, 2)), -F(1, 2) - at["T"]
    assert f.at(z)[0] == f.at(F(1))[0]
    assert measures.factor(f, F(1), z, at["eta"], at["lam"]) == F(1, 4) > wide.bound(**known)
    assert float(measures.supremum(measures.solved(**known)).low) > 0.251


# --- the method ----------------------------------------------------------------------------------------------------------------


def test_a_run_is_the_recursion_by_hand():
    x0 = np.array([[1.0, -2.0], [0.5, 0.5], [3.0, 0.0]])
    f, eta, lam = methods.Bowl(np.array([1.0, 0.25]), 0.0), 0.3, 0.4
    words = methods.stream("test", settings=1, seeds=1)
    out = methods.trace(methods.leader_sgd, f, x0, 3, eta=eta, lam=lam, shape=(2,), law="normal", words=words, at=[0, 1, 2, 3],
                        iterates=True, best=np.zeros(2))  # fmt: skip
    x = x0
    for k in range(1, 4):
        z = x[np.argmin((x * x * f.h).sum(axis=1))]
        x = x - eta * f.h * x - eta * lam * (x - z)
        np.testing.assert_allclose(out["x"].values[0, 0, k], x, rtol=1e-14)
    assert out["helped"].values[0, 0, 0] == 0
    assert set(out["helped"].values[0, 0, 1:].round(6)) <= {0.0, 0.5, 1.0}


def test_pulls_come_at_every_tau_th_step():
    x0, words = np.array([[1.0], [2.0]]), methods.stream("test", settings=1, seeds=1)
    flat = methods.Bowl(np.array([1e-12]), 0.0)
    for make in (methods.leader_sgd, methods.elastic_averaging):
        out = methods.trace(make, flat, x0, 8, eta=1.0, lam=0.25, shape=(1,), law="normal", words=words, tau=4, at=list(range(9)),
                            iterates=True)["x"].values[0, 0, :, 1, 0]  # fmt: skip
        moves = np.abs(np.diff(out)) > 1e-6
        assert moves.tolist() == [True, False, False, False, True, False, False, False]


def test_the_quadratic_of_the_card():
    """diag(.1, 1), four workers, 200 steps: the mean of f with a leader, and without; both far below the bound."""
    words = methods.stream("card", settings=2, seeds=600)
    f = methods.Bowl(np.array([0.1, 1.0]), 0.5 / np.sqrt(2))
    out = methods.trace(methods.leader_sgd, f, np.ones((4, 2)), 200, eta=0.3, lam=np.array([0.1, 0.0]), shape=(2,), law="normal",
                        words=words, best=np.zeros(2))  # fmt: skip
    end = out["mean"].values[:, :, -1]
    error = end.std(axis=1) / np.sqrt(600)
    assert abs(end[0].mean() - 0.0155) < 3 * error[0] + 0.0002
    assert abs(end[1].mean() - 0.0207) < 3 * error[1] + 0.0002
    bound = paper.RATE.bound(eta=0.3, lam=0.1, M=1, m=0.1, nu=0, sigma2=0.25, N=200, gap=0.55)
    assert bound == pytest.approx(0.376, abs=1e-3)
    assert (end.mean(axis=1) + 3.1 * error < bound).all()
    assert out["helped"].values[0, :, -1].mean() > 0.5 > out["helped"].values[1, :, -1].mean()


def test_leaders_leave_wells_where_averages_stay():
    out = methods.escapes(8, 0.25, seeds=30, steps=320)
    error = (out.leader - out.elastic).std() / np.sqrt(30)
    assert float((out.leader - out.elastic).mean() + 3 * error) < 0
    assert abs(float((out.elastic - out.alone).mean())) < 0.1


def test_where_a_centre_gets_stuck_a_leader_does_not():
    """A rank-one target: X and -X are both factors, and the workers of a centre stay between them; the leader's are done."""
    f, x0 = measures_runs.factors(20, 1, 0)
    led, drawn = (
        measures_runs.best_of(make, f, x0, 0.2, 0.1, 200, "numpy")
        for make in (methods.leader_sgd, methods.elastic_averaging)
    )
    assert led < 1e-20 < 1e-2 < drawn


def test_factors_have_the_gradient_of_their_values():
    f, x0 = measures_runs.factors(5, 2, 0)
    x, v = x0[0], np.cos(np.arange(10.0))
    slope = (f.values(x + 1e-6 * v) - f.values(x - 1e-6 * v)) / 2e-6
    assert slope == pytest.approx(f.gradients(x) @ v, rel=1e-6)
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    assert f.values((x.reshape(5, 2) @ turn).ravel()) == pytest.approx(f.values(x))


def test_the_minimum_of_a_regression_is_bounded_from_below():
    problem, x, least = measures_runs.logistic("breast_cancer")
    assert np.linalg.norm(problem.gradient(x)) < 1e-12
    assert least <= float(problem(x)) < least + 1e-12
    for direction in np.eye(problem.d)[:5]:
        assert float(problem(x + 0.1 * direction)) > least + problem.ridge * 0.1**2 / 2 * (1 - 1e-6)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_many_workers_in_a_smaller_dimension(on_backend, name):
    """The run for a GPU at a reduced size: consistent, and a floor that is a thousand times lower is refuted."""
    on_backend(name)
    check = next(c for c in checks_of(paper.RATE, "gpu") if c.name == "many_workers_in_high_dimension")
    assert check not in checks_of(paper.RATE, "full")
    small = measures.cases(
        problem="quadratic", p=8, d=50, far=3.0, N=[20, 100], sigma=1.0, share=0.8, pull=0.9, seeds=40
    )
    made = replace(check.measured, cases=small.guaranteeing(*measures_runs.EXACT))
    for claim, outcome in (
        (paper.RATE, Outcome.CONSISTENT),
        (paper.RATE.with_bound(paper.RATE.expression / 100), Outcome.REFUTED),
    ):
        found = judge(
            Level.EMPIRICAL, claim.relation, made.evidence(Context(claim, "gpu", backend=name, scope=check.name))
        )
        assert found.outcome is outcome


# --- geometry and laws -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kappa", [2, 5, 20, 100])
def test_the_exact_share_at_an_infinite_pull_is_that_of_points(kappa):
    bowl = instances.two_curvatures(2, float(kappa))
    points = ellipsoid.mc_fraction(bowl.A, bowl.x, bowl.centre, np.inf, 100_000)
    exact = float(measures.share_at_an_infinite_pull(F(kappa))[0].high)
    assert abs(points.value - exact) < 5 * points.error


@pytest.mark.parametrize("p", [2, 5, 10, 17])
def test_the_extremal_law_is_a_law_of_estimates(p):
    law = instances.extremal(p, F(3, 2))
    assert sum(q for q, _ in law.law) == 1
    for i in range(p):
        assert sum(q * e[i] for q, e in law.law) == 0
        assert sum(q * e[i] ** 2 for q, e in law.law) == F(9, 4)


def test_functions_on_the_line_are_what_they_say():
    for f in (
        instances.bowl(F(2)),
        instances.bent(F(2), F(1), F(1, 2)),
        instances.wells(F(2)),
        instances.ledge(F(2), F(5)),
    ):
        for x in (F(-7), F(-1), F(-1, 3), F(1, 4), F(2)):
            step = F(1, 10**9)
            slope = (f.at(x + step)[0] - f.at(x - step)[0]) / (2 * step)
            assert abs(slope - f.at(x)[1]) < F(1, 10**8)
    assert instances.wells(F(2)).at(F(-1)) == (0, 0) == instances.wells(F(2)).at(F(1))
    assert instances.ledge(F(1), F(10)).at(F(-10))[0] == instances.ledge(F(1), F(10)).at(F(1))[0]


def test_minors_of_the_reference():
    assert [v.subs(sp.Symbol("lam"), sp.Rational(1, 2)) for v in measures.minors(sp.Symbol("lam"))] == [
        1,
        1,
        sp.Rational(1, 2),
    ]


def test_runs_on_every_library_agree(on_backend):
    on_backend("torch")
    words = methods.stream("agree", settings=1, seeds=2)
    ends = [
        methods.trace(methods.leader_sgd, methods.Wells(0.05, 0.3), np.cos(np.arange(6.0)).reshape(3, 2), 20, eta=0.1, lam=0.5,
                      shape=(2,), law="normal", words=words, on=name, sigma_f=0.1)["mean"].values
        for name in ("numpy", "torch")
    ]  # fmt: skip
    np.testing.assert_allclose(*ends, rtol=1e-10)
