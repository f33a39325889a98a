"""Worst cases against closed forms; certificates are at or above the truth and near it; refusals are refusals."""

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest

from gradproof.solvers.pep import (
    CertificateUnavailable,
    Contractive,
    Convex,
    Indicator,
    Monotone,
    PepError,
    Problem,
    Quadratic,
    SmoothConvex,
    SmoothStronglyConvex,
    Status,
    StronglyMonotone,
    proximal,
)
from gradproof.solvers.pep.certify.counterexample import NoCounterexample, evaluate
from gradproof.solvers.pep.certify.cycles import NoCycle, find_cycle, heavy_ball
from gradproof.theory.axioms import ONE
from gradproof.theory.errors import ProofRejected
from gradproof.theory.proof import Proof, check
from gradproof.theory.proof_json import read_proof, write_proof

SETTINGS = [
    (L, kappa, step, N)
    for L in (1, 100)
    for kappa in (2, 10, 100)
    for step in (Fraction(1, 2), Fraction(1), Fraction(3, 2))
    for N in (1, 2)
]


def gradient_descent(mu, L, gamma, N, metric="distance", **options):
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    what = (x - x_star) ** 2 if metric == "distance" else f(x) - f(x_star)
    return p, f, x0, p.worst_case(what, per=(x0 - x_star) ** 2, **options)


@pytest.mark.parametrize(("L", "kappa", "step", "N"), SETTINGS)
def test_the_certified_contraction_is_never_below_the_truth(L, kappa, step, N):
    mu, gamma = Fraction(L, kappa), step / L
    *_, worst = gradient_descent(mu, L, gamma, N)
    truth = max((1 - gamma * mu) ** 2, (1 - gamma * L) ** 2) ** N
    certificate = worst.certify()
    assert truth <= certificate.bound <= truth * (1 + Fraction(1, 10**6))
    assert check(certificate.proof).statement.target == certificate.accepted.statement.target
    assert worst.status is Status.SOLVED


@pytest.mark.parametrize(("L", "kappa", "step", "N"), SETTINGS[::5])
def test_the_exact_optimum_is_proved_and_nothing_below_it(L, kappa, step, N):
    mu, gamma = Fraction(L, kappa), step / L
    *_, worst = gradient_descent(mu, L, gamma, N)
    truth = max((1 - gamma * mu) ** 2, (1 - gamma * L) ** 2) ** N
    assert worst.certify(bound=truth).bound == truth
    assert worst.certify(bound=truth * 2).bound == truth * 2
    with pytest.raises(CertificateUnavailable, match="solver's value"):
        worst.certify(bound=truth * (1 - Fraction(1, 10**6)))


@pytest.mark.parametrize("N", [1, 2, 4])
def test_floats_and_fractions_give_the_same_bound(N):
    *_, exact = gradient_descent(0, 1, Fraction(1, 2), N, "value")
    *_, floats = gradient_descent(0.0, 1.0, 0.5, N, "value")
    assert exact.bound == floats.bound
    # relative gap asked of the solver: 1e-9
    assert exact.bound == pytest.approx(1 / (2 * (2 * N * 0.5 + 1)), rel=1e-7)


def test_the_worst_function_replays_to_the_worst_value():
    _, f, x0, worst = gradient_descent(0, 1, 1, 3, "value")
    instance = worst.instance
    assert instance.dimension == 1
    h = instance.function(f)
    x = instance.at(x0)
    for _ in range(3):
        x = x - h.gradient(x)
    # the Gram matrix is exact to about the square root of the solver's 1e-9
    assert h(x) - h(np.zeros(1)) == pytest.approx(1 / 14, rel=1e-4)


def test_multipliers_are_those_of_the_textbook_where_they_are_unique():
    p = Problem()
    f = p.function(Convex())
    x_star, x0 = f.minimiser(), p.point("x0")
    x = proximal(f, x0, 1)
    worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
    assert worst.multipliers["interpolation f(*, 0)"] == pytest.approx(1, abs=1e-6)
    assert worst.multipliers["per per"] == pytest.approx(1 / 4, abs=1e-8)


def test_results_are_frozen_and_show_themselves():
    *_, worst = gradient_descent(1, 10, Fraction(1, 10), 1)
    with pytest.raises(FrozenInstanceError):
        worst.bound = 0
    shown = replace(worst, text="<script>", reason="a < b")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "a &lt; b" in shown
    for part in ("worst case", "bound", "relative gap", "interpolation f(0, *)", f"{worst.bound:.9g}", "clarabel"):
        assert part in shown
    assert {"equalities", "inequalities", "gap"} <= set(worst.residuals)
    assert worst.seconds > 0


def test_a_solve_that_stops_early_is_undecided():
    *_, worst = gradient_descent(1, 10, Fraction(1, 10), 2)
    from gradproof.solvers.pep.solve import programs
    from gradproof.solvers.pep.solve.relaxation import solve_dual

    original = programs.solve_dual
    programs.solve_dual = lambda *a, **k: solve_dual(*a, **k, max_iter=3)
    try:
        *_, early = gradient_descent(1, 10, Fraction(1, 10), 2, solver="clarabel")
        *_, again = gradient_descent(1, 10, Fraction(1, 10), 2)
    finally:
        programs.solve_dual = original
    assert early.status is Status.UNDECIDED
    assert "MaxIterations" in early.reason
    assert (again.status, again.solver) == (Status.SOLVED, "low-rank")  # unless asked for Clarabel, the other is tried
    assert again.bound == pytest.approx(worst.bound, rel=1e-6)
    assert worst.status is Status.SOLVED


def test_nothing_is_certified_from_nan():
    *_, worst = gradient_descent(1, 10, Fraction(1, 10), 1)
    with pytest.raises(CertificateUnavailable, match="nan"):
        replace(worst, bound=float("nan")).certify()


def test_premises_with_constants():
    p = Problem()
    f = p.function(SmoothConvex(2))
    x_star, x = f.minimiser(), p.point("x")
    p.assume((x - x_star) ** 2 <= 9)
    certificate = p.worst_case(f(x) - f(x_star)).certify(bound=9)
    assert certificate.proof.statement.target.linear[ONE] == -9


def test_quadratics_use_the_matrix_inequality():
    p = Problem()
    f = p.function(Quadratic(0, 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(3):
        x = x - f.gradient(x)
    certificate = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2).certify()
    truth = Fraction(6, 7) ** 6 / 14
    assert truth <= certificate.bound <= truth * (1 + Fraction(1, 10**6))
    assert "spectrum" in certificate.accepted.axioms


def test_compressors_are_used_call_by_call():
    p = Problem()
    C = p.operator(Contractive(Fraction(1, 4)), "C")
    x = p.point("x")
    assert p.worst_case((C(x) - x) ** 2, per=x**2).certify(bound=Fraction(1, 4)).bound == Fraction(1, 4)


def corrupted(proof: Proof, rng):
    """One change to one number of a proof that makes its statement or its identity false."""
    k = int(rng.integers(3))
    eps = Fraction(int(rng.integers(1, 10)), 10**6)
    if k == 0:
        i = int(rng.integers(len(proof.uses)))
        u = proof.uses[i]
        return replace(proof, uses=(*proof.uses[:i], replace(u, multiplier=-u.multiplier - eps), *proof.uses[i + 1 :]))
    if k == 1:
        i = int(rng.integers(len(proof.uses)))
        return replace(proof, uses=proof.uses[:i] + proof.uses[i + 1 :])
    target = proof.statement.target.copy()
    target.quadratic["x0", "x0"] += Fraction(1, 10**3)
    return replace(proof, statement=replace(proof.statement, target=target))


def test_corrupted_certificates_are_rejected():
    *_, worst = gradient_descent(0, 1, 1, 3, "value")
    proof = worst.certify(bound=Fraction(1, 14)).proof
    assert check(read_proof(write_proof(proof)))
    rng = np.random.default_rng(7)
    for _ in range(100):
        with pytest.raises(ProofRejected):
            check(corrupted(proof, rng))


def test_heavy_ball_with_polyaks_tuning_cycles():
    cycle = find_cycle(SmoothStronglyConvex(1, 25), heavy_ball(Fraction(1, 9), Fraction(4, 9)), 3)
    assert cycle.margin >= 0
    x = cycle.points
    for k in range(3):
        for d in range(len(x[0])):
            step = x[k][d] - cycle.gradients[k][d] / 9 + Fraction(4, 9) * (x[k][d] - x[k - 1][d])
            assert step == x[(k + 1) % 3][d]
    h = cycle.function()
    before, y = np.array(x[-1], float), np.array(x[0], float)
    for _ in range(30):
        before, y = y, y - h.gradient(y) / 9 + 4 / 9 * (y - before)
    # 30 evaluations of a quadratic program solved to 1e-12 in the squared scale
    assert y == pytest.approx(np.array(x[0], float), abs=1e-3)


def test_no_cycle_is_claimed_where_the_method_converges():
    with pytest.raises(NoCycle, match="margin"):
        find_cycle(SmoothStronglyConvex(1, 4), heavy_ball(Fraction(4, 9), Fraction(1, 9)), 3)


def test_a_missing_solver_is_named_with_the_way_out(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "clarabel", None)
    with pytest.raises(PepError, match="pip install clarabel"):
        gradient_descent(1, 10, Fraction(1, 10), 1)


@pytest.mark.parametrize(("mu", "gamma", "N"), [(0, Fraction(1), 2), (Fraction(1, 2), Fraction(3, 2), 1)])
def test_a_rational_instance_bounds_the_worst_case_from_below(mu, gamma, N):
    _, f, _, worst = gradient_descent(mu, 1, gamma, N)
    truth = max((1 - gamma * mu) ** 2, (1 - gamma) ** 2) ** N
    found = worst.counterexample()
    assert truth * (1 - Fraction(1, 10**4)) <= found.value <= truth
    assert found.margin >= 0
    assert all(isinstance(c, Fraction) for v in found.vectors.values() for c in v)
    assert evaluate(worst.per.form, found.vectors, found.values) > 0
    assert (
        evaluate(worst.metric.form, found.vectors, found.values) / evaluate(worst.per.form, found.vectors, found.values)
        == found.value
    )
    for k in range(1, len(f.samples)):  # the function is at least its value at the minimiser
        assert evaluate((f.samples[k].f - f.samples[0].f).form, found.vectors, found.values) >= 0


def test_where_no_instance_can_be_written_the_reason_is_named():
    p = Problem()
    f = p.function(Quadratic(0, 1))
    x = p.point("x")
    with pytest.raises(NoCounterexample, match="matrix inequalities"):
        p.worst_case(f.gradient(x) ** 2, per=x**2).counterexample()
    p = Problem()
    A = p.operator(StronglyMonotone(Fraction(1, 2), 1), "A")
    A.minimiser()
    x = p.point("x")
    with pytest.raises(NoCounterexample, match="necessary only"):
        p.worst_case(A(x) ** 2, per=x**2).counterexample()


def test_a_quadratic_in_a_sum_is_not_centred_at_the_minimiser_of_the_sum():
    """Both at the origin would be a special case, with a smaller value."""
    p = Problem()
    f, h = p.function(Quadratic(Fraction(1, 2), 1)), p.function(Convex())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    with pytest.raises(PepError, match="unbounded"):
        p.worst_case((f.minimiser() - x_star) ** 2, per=(x0 - x_star) ** 2)
    p = Problem()
    f, h = p.function(Quadratic(Fraction(1, 2), 1)), p.function(Indicator())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    p.assume((x0 - x_star) ** 2 <= 1)
    p.assume(f.gradient(x_star) ** 2 <= 4)
    x = proximal(h, x0, 1)
    # on the half-line x >= 0, with f(x) = (x + 2)^2 / 2: f(1) - f(0) = 5/2
    assert p.worst_case(f(x) - f(x_star)).certify().bound >= Fraction(5, 2)


def two_runs(N):
    """Douglas-Rachford on two monotone operators from two starts: nothing fixes where the two runs are."""
    p = Problem()
    A, B = p.operator(StronglyMonotone(Fraction(1, 5))), p.operator(Monotone())
    w, v = p.point("w"), p.point("v")
    start = (w - v) ** 2
    for _ in range(N):
        moved = []
        for z in (w, v):
            x = proximal(B, z, 1)
            moved.append(z + proximal(A, 2 * x - z, 1) - x)
        w, v = moved
    return p.worst_case((w - v) ** 2, per=start)


def test_two_runs_that_can_be_shifted_together_are_solved():
    worst = two_runs(1)
    assert worst.status is Status.SOLVED, worst.reason
    assert worst.arrays.fixed
    certificate = worst.certify()
    # firmly nonexpansive, and not better: Lions, Mercier (1979)
    assert 1 - 1e-7 <= float(certificate.bound) <= 1 + 1e-7
    assert check(read_proof(write_proof(certificate.proof)))


def test_what_is_written_later_does_not_reach_an_answer():
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x = f.minimiser(), p.point("x")
    p.assume((x - x_star) ** 2 <= 4)
    worst = p.worst_case(f(x) - f(x_star))
    p.assume((x - x_star) ** 2 <= 1)
    f(x - f.gradient(x))
    certificate = worst.certify()
    assert 2 <= certificate.bound <= 2 + Fraction(1, 10**6)
    assert len(certificate.proof.statement.premises) == 1
