"""Every check and control of the paper, its reference trajectories, attraction regions of users' Hessians, digits."""

from fractions import Fraction

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import solve_discrete_lyapunov

from gradproof.experiments.engine.check import Context, certifier_of, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.landscape import laplacian_smoothing as experiments
from gradproof.experiments.landscape.laplacian_smoothing.digits import even_against_odd
from gradproof.experiments.landscape.laplacian_smoothing.instances import signs
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import UndecidedSubspace, invariant_stable_subspace, stable_slope_enclosure
from gradproof.theory import registry
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.landscape import laplacian_smoothing as ls
from gradproof.theory.proof import check as kernel_check

matplotlib.use("Agg")
CLAIMS = registry.claims("laplacian-smoothing")


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_checks_and_controls_come_out_as_they_should(claim):
    rows = checks_of(claim)
    assert any(c.level is Level.CONTROL for c in rows)
    assert any(c.level is not Level.CONTROL for c in rows)
    for c in rows:
        known_false = bool(claim.false_as_published)
        verdict = judge(c.level, claim.relation, c.run(Context(claim, scope=c.name)), known_false=known_false)
        refuted = known_false and c.level is not Level.CONTROL
        assert verdict.outcome is Outcome.REFUTED if refuted else verdict.outcome.good, f"{c.id}: {verdict}"


def test_the_literal_dimension_is_refuted_and_the_true_one_is_not():
    claim = ls.LITERAL_DIMENSION
    true = claim.with_bound(ls.POINTWISE_DIMENSION.expression.subs(ls.POINTWISE_DIMENSION.parameter("n_neg").symbol, 1))
    for c in checks_of(claim):
        if c.level is not Level.CONTROL:
            assert judge(c.level, true.relation, c.run(Context(true, scope=c.name))).outcome is Outcome.CONFIRMED


def exact_orbit(slope, steps):
    """mLSGD on diag(1, -1) from (1, slope) with eta = 1/10, numerators and denominators kept apart (no gcds)."""
    x, y, denominator = slope.denominator, slope.numerator, slope.denominator
    for k in range(steps):
        # A^-1 = [[a, b], [b, a]] with a = (3k + 4)/(5k + 6), b = (2k + 2)/(5k + 6)
        a, b, d = 3 * k + 4, 2 * k + 2, 5 * k + 6
        x, y, denominator = 10 * d * x - (a * x - b * y), 10 * d * y - (b * x - a * y), 10 * d * denominator
    return Fraction(x, denominator), Fraction(y, denominator)


def test_a_start_on_the_enclosed_line_comes_to_the_saddle_and_its_neighbours_leave():
    low, high = stable_slope_enclosure(Fraction(1, 10), ls.mlsgd_schedule, 700)
    assert 0.34749503 < float(low) <= float(high) < 0.34749504
    # the attracted start lies between two that both come close: by convexity of the norm so does it
    assert max(abs(x) + abs(y) for x, y in (exact_orbit(m, 300) for m in (low, high))) < Fraction(1, 10**5)
    for side in (1, -1):
        x, y = exact_orbit(low + side * Fraction(1, 1000), 150)
        assert side * y > abs(x)  # beyond the diagonal f < 0, and it never returns


def test_runs_come_to_the_saddle_from_the_common_subspace_and_leave_it_elsewhere():
    rng = np.random.default_rng(0)
    for n, negatives in ((3, (2,)), (4, (3,)), (7, (6,)), (12, (11,)), (12, (0, 3, 6))):
        b = signs(n, negatives)
        basis = invariant_stable_subspace(b, [periodic_laplacian(n)]).astype(float)
        inside, outside = rng.normal(size=(200, len(basis))) @ basis, rng.normal(size=(200, n))
        # a start inside shrinks by 1 - eta/5 a step at least; rounding grows by 1 + eta a step at most, from n eps
        shrunk = (1 - 0.1 / 5) ** 200 + n * np.finfo(float).eps * 1.1**200
        for x0, attracted in ((inside, 200), (outside, 0)):
            last = experiments.norms_after(np.diag(b).astype(float), ls.mlsgd_schedule, 0.1, x0, 200)
            assert np.sum(last <= shrunk * np.linalg.norm(x0, axis=1)) == attracted


@pytest.mark.parametrize("n", [3, 6])
def test_mlsgd_takes_structured_starts_below_the_saddle(n):
    """From x_n = 0, where GD converges to the saddle, every one of 1000 random starts reaches f < 0."""
    x = np.random.default_rng(n).normal(size=(1000, n))
    x[:, -1] = 0
    method = experiments.smoothed_gd(lambda x: experiments.saddle(n) * x, 0.4, ls.mlsgd_schedule)
    state, escaped = method.init(x), np.zeros(1000, dtype=bool)
    while not escaped.all() and state.k < 5000:
        state = method.step(state, None)
        escaped |= np.sum(experiments.saddle(n) * state.x**2, axis=1) < 0
    assert escaped.all()


MUTANTS = [
    (ls.SPECTRUM, lambda e: e + Fraction(1, 10**6)),
    (ls.BETA1, lambda e: e * Fraction(101, 100)),
    (ls.BETA2, lambda e: e * Fraction(101, 100)),
    (ls.AVERAGING, lambda e: e * Fraction(99, 100)),
    (ls.MEAN, lambda e: e * Fraction(101, 100)),
    (ls.VARIANCE, lambda e: e * Fraction(99, 100)),
    (ls.STATIONARY, lambda e: e * Fraction(101, 100)),
    (ls.PRECONDITIONED_GD, lambda e: e * Fraction(99, 100)),
    (ls.DESCENT, lambda e: e * Fraction(101, 100)),
    (ls.DESCENT_RATE, lambda e: e * Fraction(99, 100)),
    (ls.MLSGD_CONVEX, lambda e: e * Fraction(49, 100)),  # not tight: a half is reached
    (ls.INERTIA, lambda e: e + 1),
    (ls.ROBUST_DIMENSION, lambda e: e + 1),
    (ls.ROBUST_DIMENSION_MANY, lambda e: e + 1),
    (ls.POINTWISE_DIMENSION, lambda e: e - 1),
    (ls.STABLE_LINE, lambda e: e * Fraction(1001, 1000)),
]


@pytest.mark.parametrize(("claim", "change"), MUTANTS, ids=[str(c) for c, _ in MUTANTS])
def test_a_false_variant_is_caught(claim, change):
    """Refuted by a measurement."""
    mutant = claim.with_bound(change(claim.expression))
    outcomes = [
        judge(c.level, claim.relation, c.run(Context(mutant, scope=c.name))).outcome
        for c in checks_of(claim)
        if c.level is not Level.CONTROL
    ]
    assert Outcome.REFUTED in outcomes


def test_a_certificate_is_of_the_claimed_bound():
    for claim in (ls.PRECONDITIONED_GD, ls.MLSGD_CONVEX):
        (c,) = (c for c in checks_of(claim) if c.level is Level.CERTIFIED)
        for factor, outcome in ((1, Outcome.CERTIFIED), (Fraction(999, 1000), Outcome.UNDECIDED)):
            stated = claim.with_bound(claim.expression * factor)
            assert judge(c.level, claim.relation, c.run(Context(stated, scope=c.name))).outcome is outcome


def test_certifiers_give_proofs_that_the_kernel_accepts():
    for claim, values in (
        (ls.PRECONDITIONED_GD, {"L": Fraction(2), "K": 3}),
        (ls.MLSGD_CONVEX, {"L": Fraction(2), "K": 3}),
        (ls.MLSGD_CONVEX, {"L": Fraction(2), "K": 3, "sigma_0": Fraction(0), "sigma_last": Fraction(5)}),
    ):
        kernel_check(certifier_of(claim)(**values))
    with pytest.raises(ParameterError, match="both sigma_0 and sigma_last"):
        certifier_of(ls.MLSGD_CONVEX)(L=1, K=3, sigma_0=1)


# --- reference trajectories ----------


def test_reference_trajectories():
    h = experiments.saddle(4)
    method = experiments.smoothed_gd(lambda x: h * x, 0.1, ls.mlsgd_schedule)
    for start, value in (([1, 0, 0, 0], -63182.9557879), ([1, 0, -1, 0], 0.00141736113551)):
        state = method.init(np.array(start, float))
        for _ in range(200):
            state = method.step(state, None)
        reached = np.sum(h * state.x**2) / 2 if value < 0 else np.linalg.norm(state.x)
        # on the second start rounding grows by 1.1^200 at most: 2e8 eps
        assert reached == pytest.approx(value, rel=1e-11, abs=1e-9 if value > 0 else 0)
    gd = experiments.norms_after(h, experiments.constant(0), 0.1, np.array([[1.0, 0, 0, 0]]), 200)
    assert gd[0] < 1e-9


def test_methods_are_pure_and_batched():
    h = experiments.saddle(5)
    method = experiments.smoothed_gd(lambda x: h * x, 0.3, experiments.constant(1))
    x = np.random.default_rng(0).normal(size=(3, 2, 5))
    state = method.init(x.copy())
    first, second = method.step(state, None), method.step(state, None)
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(state.x, x)
    one = method.step(method.init(x[1, 1]), None)
    assert_allclose(first.x[1, 1], one.x, rtol=1e-14)


def test_expected_loss_meets_simulation_and_stationarity():
    rng = np.random.default_rng(1)
    h = np.diag([1.0, 0.5, 0.25, 0.8])
    x0 = np.ones(4)
    exact = experiments.expected_loss(h, 2.0, 0.5, 0.04, x0, np.array([1, 20, 4000]))
    method = experiments.smoothed_sgd(lambda x, xi: x @ h + 0.2 * xi, 0.5, experiments.constant(2.0))
    state = method.init(np.tile(x0, (20_000, 1)))
    for k in range(1, 21):
        state = method.step(state, rng.normal(size=(20_000, 4)))
        if k in (1, 20):
            loss = np.sum(state.x @ h * state.x, axis=1) / 2
            # 5.3 standard errors: level 1e-7
            assert abs(loss.mean() - exact[(1, 20).index(k)]) < 5.3 * loss.std() / len(loss) ** 0.5
    p = np.linalg.inv(np.eye(4) - 2.0 * periodic_laplacian(4))
    covariance = solve_discrete_lyapunov(np.eye(4) - 0.5 * p @ h, 0.5**2 * 0.04 * p @ p)
    assert exact[-1] == pytest.approx(np.sum(h * covariance) / 2, rel=1e-9)


@pytest.mark.slow
def test_dimension_table_up_to_thirty():
    table = experiments.dimension_table(range(2, 31))
    assert table == {n: (n - 1, n - 1, n - 1, (n - 1) // 2) for n in range(2, 31)}


def test_dimension_table():
    table = experiments.dimension_table(range(2, 9), steps=200)
    assert table == {n: (n - 1, n - 1, n - 1, (n - 1) // 2) for n in range(2, 9)}


# --- attraction_region -----------------------------------------------------------------------------------------


def test_a_rational_hessian():
    region = experiments.attraction_region(np.diag([1, 1, 1, 1, 1, -1]), eta=0.4)
    assert (region.pointwise_dimension, region.robust_dimension) == (5, 2)
    assert region.robust_exact
    assert region.robust_basis[0, 0] == Fraction(1)
    assert region.pointwise.truncation <= 1e-10
    inside = region.robust_basis.astype(float)
    assert_allclose(inside @ region.pointwise.normals.T, 0, atol=1e-12)  # contained in the pointwise region
    assert np.max(region.norms(region.pointwise_basis, 60)) < 0.1
    assert np.min(region.norms(region.pointwise.normals, 60)) > 100


def test_fractions_floats_and_other_families():
    exact = [[Fraction(3, 2), Fraction(1, 2), 0], [Fraction(1, 2), 1, 0], [0, 0, -1]]
    path = [[1, -1, 0], [-1, 1, 0], [0, 0, 1]]
    region = experiments.attraction_region(exact, path)
    assert (region.pointwise_dimension, region.robust_dimension) == (2, 2)  # the family never mixes in coordinate 3
    floats = experiments.attraction_region(np.array(exact, dtype=float), path)
    assert not floats.robust_exact
    assert (floats.pointwise_dimension, floats.robust_dimension) == (2, 2)
    assert floats.eta == pytest.approx(1 / np.linalg.norm(np.array(exact, dtype=float), 2))
    generic = np.random.default_rng(2).normal(size=(4, 4))
    generic = generic + generic.T
    region = experiments.attraction_region(generic, eta=0.5 / np.linalg.norm(generic, 2))
    assert region.robust_dimension == 0
    assert region.pointwise_dimension == np.sum(np.linalg.eigvalsh(generic) > 0)
    irrational = experiments.attraction_region([[1, 2], [2, 0]], [[0, 0], [0, 0]], schedule=lambda k: 0)
    assert (irrational.robust_dimension, irrational.robust_exact) == (1, False)


def test_the_plot_shows_the_slices_of_both_regions():
    region = experiments.attraction_region(np.diag([1, 1, 1, -1]), eta=0.3)
    labels = [line.get_label() for line in region.plot((0, 3), steps=40).lines]
    assert labels == ["attracted by this schedule"]
    line = region.plot((0, 3), steps=40).lines[0].get_xydata()[1]
    assert abs(region.pointwise.normals[0][[0, 3]] @ line) < 1e-12
    with pytest.raises(ParameterError, match="two different numbers"):
        region.plot((1, 1))
    matplotlib.pyplot.close("all")


def test_bad_input():
    region = experiments.attraction_region
    with pytest.raises(DomainError, match="singular"):
        region([[1, 1], [1, 1]])
    with pytest.raises(ParameterError, match="not symmetric"):
        region([[1, 2], [0, 1]])
    with pytest.raises(ParameterError, match="square"):
        region([[1, 2]])
    with pytest.raises(DomainError, match="outside"):
        region([[1, 0], [0, -1]], eta=2.5)
    with pytest.raises(DomainError, match="n = 1"):
        region([[1]])
    with pytest.raises(ParameterError, match="unknown family"):
        region([[1, 0], [0, -1]], "dirichlet")
    with pytest.raises(ParameterError, match="positive definite"):
        region([[1, 0], [0, -1]], periodic_laplacian(2))
    with pytest.raises(UndecidedSubspace, match="sign is not decided"):
        region([[1.0, 0.0], [0.0, 1e-17]])
    with pytest.raises(UndecidedSubspace, match="too ill"):
        region([[1.0, 0.0], [0.0, -1e-7]], schedule=lambda k: 0)
    with pytest.raises(DomainError, match="sigma_0 = -1"):
        region([[1, 0], [0, -1]], schedule=lambda k: -1)


# --- digits ----------


def test_digits_gradient_and_smoothness():
    digits = even_against_odd()
    problem = digits.train
    rng = np.random.default_rng(3)
    w, u = rng.normal(size=(2, problem.d))
    step = 1e-5
    slope = (problem(w + step * u) - problem(w - step * u)) / (2 * step)
    assert slope == pytest.approx(problem.gradient(w) @ u, rel=1e-7)
    assert np.linalg.norm(problem.gradient(w) - problem.gradient(u)) <= problem.L * np.linalg.norm(w - u)
    assert_allclose(digits.grad(w, np.arange(problem.m)), problem.gradient(w), rtol=1e-12)


def test_comparison_on_digits():
    data = experiments.compare_on_digits(steps=60, seeds=2, every=20)
    assert list(data["method"].values) == ["gd", "ls-gd", "mls-gd", "sgd", "ls-sgd", "mls-sgd"]
    full = data.loss.isel(method=slice(0, 3))
    assert bool((full.diff("step") < 0).all())  # descent at every recorded step
    assert bool((data.loss.isel(step=-1) < np.log(2)).all())
    again = experiments.compare_on_digits(steps=60, seeds=2, every=20)
    assert data.identical(again)
