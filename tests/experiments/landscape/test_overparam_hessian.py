"""Checks of the Hessian's claims: every claim is held, every control caught, and no false variant let through."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.landscape.overparam_hessian import instances, measures, measures_runs, methods
from gradproof.solvers.exact.inertia import inertia
from gradproof.solvers.two_layer_hessian import quadratic_form
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.landscape import overparam_hessian as paper

ALL = registry.claims(paper.PAPER.key)
CLAIMS = [c for c in ALL if not c.false_as_published]
CHECKS = [(c, k) for c in CLAIMS for k in checks_of(c, "quick")]
EXPECTED = {
    Level.SYMBOLIC: Outcome.PROVED,
    Level.EXACT: Outcome.CONFIRMED,
    Level.EMPIRICAL: Outcome.CONSISTENT,
    Level.CONTROL: Outcome.CONFIRMED,
}
TIGHT = [c for c in CLAIMS if c.tight]


def outcome(check, claim):
    return judge(check.level, claim.relation, check.run(Context(claim, scope=check.name)))


@pytest.mark.parametrize(("claim", "check"), CHECKS, ids=[k.id for _, k in CHECKS])
def test_every_check_comes_out_as_expected(claim, check):
    verdict, expected = outcome(check, claim), EXPECTED[check.level]
    assert verdict.outcome is (Outcome.CHECKED if check.name == "one_active_unit" else expected), verdict.reason


def test_without_correlation_the_residual_part_need_not_vanish():
    claim = paper.UNCORRELATED_ALONE
    assert [c for c in ALL if c.false_as_published] == [claim]
    for k in checks_of(claim, "quick"):
        verdict = judge(k.level, claim.relation, k.run(Context(claim, scope=k.name)), known_false=True)
        assert verdict.outcome is (Outcome.CONFIRMED if k.level is Level.CONTROL else Outcome.REFUTED), verdict.reason


@pytest.mark.parametrize("claim", TIGHT, ids=lambda c: c.id)
def test_a_claim_one_percent_too_good_is_not_let_through(claim):
    """The bound moved by a hundredth to the wrong side (both sides for equalities): some exact check must refute it."""
    factors = {Relation.LE: ["0.99"], Relation.GE: ["1.01"]}.get(claim.relation, ["0.99", "1.01"])
    for factor in factors:
        mutant = claim.with_bound(sp.Rational(factor) * claim.expression)
        verdicts = [outcome(k, mutant).outcome for k in checks_of(claim, "quick") if k.level is Level.EXACT]
        assert Outcome.REFUTED in verdicts


n, d, s, K, c = (p.symbol for p in paper.NO_OUTLIER.parameters + paper.RANK.parameters[1:])
gamma, trace, theta = (sp.Symbol(name, positive=True) for name in ("gamma", "trace", "theta"))
#: a wrong constant, a wrong exponent, an assumption's term left out
VARIANTS = [
    (paper.RANK, n * (K - c) - 1),
    (paper.RANK, n * (K - 1)),
    (paper.RANK, sp.sqrt(n) * (K - c)),
    (paper.ZEROS, paper.ZEROS.expression + 1),
    (paper.OUTLIERS, paper.OUTLIERS.expression / 2),
    (paper.OUTLIERS, sp.sqrt(paper.OUTLIERS.expression) / 10),
    (paper.RESIDUAL_MEAN, paper.RESIDUAL_MEAN.expression**2),
    (paper.SYMMETRY_FLAT, sp.sqrt(paper.SYMMETRY_FLAT.expression)),
    (paper.BBP, (1 + s) * (1 + sp.Symbol("gamma", positive=True) / (1 + s))),
    (paper.BBP, 1 + s),
    (paper.BBP_UPPER, sp.sqrt(1 + s)),
    (paper.BBP_UPPER, sp.Rational(9, 10) * paper.BBP_UPPER.expression),
    (paper.NO_OUTLIER, 1 + (d - 1) / n),
    (paper.NO_OUTLIER, sp.Rational(9, 10) * paper.NO_OUTLIER.expression),
    (paper.OUTLIER, sp.Rational(102, 100) + 0 * s),
    (paper.MP_BULK, sp.Rational(8, 10) * paper.MP_BULK.expression),
    (paper.MP_BULK, sp.Symbol("gamma", positive=True)),
    (paper.WIDTH, 2 * paper.WIDTH.expression),
    (paper.BATCHES, sp.Rational(3, 2) * paper.BATCHES.expression),
    (paper.BATCHES, 4 * paper.BATCHES.expression**2),
    (paper.LANCZOS, paper.LANCZOS.expression / 2),
    (paper.INERTIA_NEGATIVE, paper.INERTIA_NEGATIVE.expression - 1),
    (paper.INERTIA_POSITIVE, paper.INERTIA_POSITIVE.parameter("rank_G").symbol),
    (paper.SYMMETRY_ZEROS, paper.SYMMETRY_ZEROS.expression + 1),
]


@pytest.mark.parametrize(("claim", "expression"), VARIANTS, ids=lambda v: str(getattr(v, "id", v))[:40])
def test_false_variants_are_refuted(claim, expression):
    mutant = claim.with_bound(expression)
    levels = (Level.EXACT, Level.EMPIRICAL)
    verdicts = [outcome(k, mutant).outcome for k in checks_of(claim, "quick") if k.level in levels]
    assert Outcome.REFUTED in verdicts


def test_guarantees_are_looked_at():
    assert "twice_differentiable" not in instances.KINKS[0].guarantees
    assert "interpolating" in instances.FITTED[0].guarantees
    assert "interpolating" not in instances.NETS[0].guarantees
    assert "homogeneous_units" not in instances.BENT[0].guarantees
    assert {"stationary", "uncorrelated"} <= instances.SADDLE.guarantees
    assert "uncorrelated" not in instances.CORRELATED.guarantees
    assert all("stationary" in net.guarantees and net.n > net.P for net in instances.RESTING)


def test_second_differences_are_the_hessian_where_there_is_one():
    net = instances.NETS[0]
    small = dataclasses.replace(net)
    assert small.differences() == net.H
    v = measures.direction(net, 1)
    assert net.along(v, instances.STEP)[1] == quadratic_form(net.H, v)


def test_a_step_is_gradient_descent_on_the_loss():
    problem = methods.digits(3)
    x0 = problem.start(5, np.random.default_rng(0))
    state = methods.train(problem, x0, 0.0, 0)[0]
    gradient = methods.Spectrum(problem, state).parts.gradient
    moved = methods.train(problem, x0, 0.5, 1)[0]
    assert methods.flat(moved) - x0[0, 0] == pytest.approx(-0.5 * gradient, abs=1e-14)
    assert methods.loss(problem, x0)[0, 0] == pytest.approx(methods.Spectrum(problem, state).parts.loss, rel=1e-14)


def test_the_width_sweep():
    """Few outliers, far below n(K - 1), and a bulk that grows: what the card reports, from other starts."""
    for classes in (2, 3):
        ends = [methods.spectra(classes, m)[-1] for m in (4, 8, 16)]
        for at in ends:
            assert 1e-4 < at.parts.loss < 2e-2
            above = int((at.H[0] > at.rho[0]).sum())
            assert classes <= above <= 3 * classes + 1 < 60 * (classes - 1)
            assert (at.G[0] > at.within[0]).sum() <= classes**2
        shares = [at.near_zero()[0] / len(at.H[0]) for at in ends]
        assert shares == sorted(shares)


def test_more_eigenvalues_leave_the_residual_part_after_large_batches():
    """Not equally many, as the paper has it by eye, but on both sides no more than groups of G beyond what is within them."""
    for start in (0, 1):
        small, large = (methods.batched(start, 4, batch, methods.ETA, "numpy") for batch in (10, 512))
        few, many = (int((at.H[0] > at.rho[0]).sum()) for at in (small, large))
        assert 0 < few < many < 60
        assert all((at.G[0] > at.within[0]).sum() <= 100 for at in (small, large))
        assert large.parts.loss < small.parts.loss


def test_clusters_have_labels_in_order():
    problem = methods.clusters(3, np.random.default_rng(0), each=2, d=4)
    assert problem.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert problem.X.shape == (6, 4)


def test_lanczos_on_all_digits_at_a_reduced_size(on_backend):
    """Asked for by name, for a GPU; run here with four units."""
    on_backend("torch")
    claim = paper.LANCZOS
    assert "eigenvalue_beyond_lanczos_on_all_digits" in {k.name for k in checks_of(claim, "gpu")}
    found = list(
        measures_runs.eigenvalue_beyond_lanczos_on_all_digits(4, 5, np.random.default_rng(0), "torch", steps=8)
    )
    assert len(found) == 3
    for value, at in found:
        assert 0 < value.low <= value.high < at["trace"] - at["theta"]


def test_ghosts_are_not_orthonormal():
    q = measures.orthonormal(4, 2)
    assert [[sum(a * b for a, b in zip(u, v, strict=True)) for u in q] for v in q] == [[1, 0], [0, 1]]
    assert measures.repeated(4, 2)[0] == measures.repeated(4, 2)[1]


def test_inertia_of_a_symmetric_flat_point():
    assert all(inertia(net.H).zero >= net.m for net in instances.RESTING)
    assert Fraction(0) == max(abs(g) for g in instances.RESTING[0].gradient)
