"""The low-rank program: the values of the full one and of closed forms, complete searches, certificates, refusals."""

from collections.abc import Callable
from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep import (
    CertificateUnavailable,
    Convex,
    ConvexLipschitz,
    LipschitzOperator,
    Monotone,
    PepError,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    Status,
    WorstCase,
    line_search,
    proximal,
)
from gradproof.solvers.pep.certify.counterexample import NoCounterexample
from gradproof.solvers.pep.solve import lowrank
from gradproof.theory import proof as kernel
from gradproof.theory.proof_json import read_proof, write_proof


def gradient(N: int, h: F = F(1), solver: str = "low-rank") -> WorstCase:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - h * f.gradient(x)
    return p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2, solver=solver)


def heavy_ball(N: int, solver: str) -> WorstCase:
    p = Problem()
    f = p.function(SmoothStronglyConvex(F(1, 10), 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    before = x = x0
    for _ in range(N):
        before, x = x, x - f.gradient(x) + F(1, 4) * (x - before)
    return p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2, solver=solver)


def nesterov(N: int, solver: str) -> WorstCase:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    y = x = x0
    for k in range(N):
        before, x = x, y - f.gradient(y)
        y = x + F(k, k + 3) * (x - before)
    return p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2, solver=solver)


def proximal_point(N: int, solver: str) -> WorstCase:
    """f(x_N) - f_* <= 1 / (4 gamma N): Taylor, Hendrickx, Glineur (2017)."""
    p = Problem()
    f = p.function(Convex())
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = proximal(f, x, F(1, 2))
    return p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2, solver=solver)


def resolvent(N: int, solver: str) -> WorstCase:
    """(1 - 1/N)^(N - 1) / N: Gu, Yang (2020)."""
    p = Problem()
    A = p.operator(Monotone())
    x_star, x0 = A.minimiser(), p.point("x0")
    before = x = x0
    for _ in range(N):
        before, x = x, proximal(A, x, 1)
    return p.worst_case((x - before) ** 2, per=(x0 - x_star) ** 2, solver=solver)


def nonconvex(N: int, solver: str) -> WorstCase:
    """4 / (3 N + 2): Abbaszadehpeivasti, de Klerk, Zamani (2022); the start's square occurs nowhere."""
    p = Problem()
    f = p.function(Smooth(1))
    x0, t = p.point("x0"), p.value("t")
    x, first = x0, f(x0)
    for _ in range(N):
        p.assume(t <= f.gradient(x) ** 2)
        x = x - f.gradient(x)
    p.assume(t <= f.gradient(x) ** 2)
    return p.worst_case(t, per=first - f.lower_bound(), solver=solver)


def halpern(N: int, solver: str) -> WorstCase:
    """4 / (N + 1)^2: Lieder (2021)."""
    p = Problem()
    T = p.operator(LipschitzOperator(1))
    x_star, x0 = T.fixed_point(), p.point("x0")
    x = x0
    for k in range(N):
        x = (x0 + (k + 1) * T(x)) / (k + 2)
    return p.worst_case((x - T(x)) ** 2, per=(x0 - x_star) ** 2, solver=solver)


def subgradient(N: int, solver: str) -> WorstCase:
    p = Problem()
    f = p.function(ConvexLipschitz(1))
    x_star, x0, t = f.minimiser(), p.point("x0"), p.value("t")
    p.assume((x0 - x_star) ** 2 <= 1)
    x = x0
    for _ in range(N):
        p.assume(t <= f(x) - f(x_star))
        x = x - F(1, 10) * f.gradient(x)
    p.assume(t <= f(x) - f(x_star))
    return p.worst_case(t, solver=solver)


def exact_line_search(N: int, solver: str) -> WorstCase:
    """((L - mu) / (L + mu))^(2 N): de Klerk, Glineur, Taylor (2017); its equalities have multipliers of any sign."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(F(1, 10), 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x, first = x0, f(x0)
    for _ in range(N):
        x = line_search(f, x, f.gradient(x))
    return p.worst_case(f(x) - f(x_star), per=first - f(x_star), solver=solver)


METHODS = [heavy_ball, nesterov, proximal_point, resolvent, nonconvex, halpern, subgradient, exact_line_search]
KNOWN: list[tuple[Callable[[int, str], WorstCase], int, float]] = [
    (proximal_point, 12, 1 / 24),
    (resolvent, 12, (1 - 1 / 12) ** 11 / 12),
    (nonconvex, 12, 4 / 38),
    (halpern, 10, 4 / 121),
    (exact_line_search, 6, (0.9 / 1.1) ** 12),
]


@pytest.mark.parametrize("method", METHODS)
def test_it_agrees_with_the_program_of_all_inequalities(method: Callable[[int, str], WorstCase]) -> None:
    """To 1e-6: both are solved to a relative gap of 1e-9, and the other's equations hold to about that."""
    few, all_ = method(6, "low-rank"), method(6, "clarabel")
    assert few.status is Status.SOLVED, few.reason
    assert abs(few.bound / all_.bound - 1) <= 1e-6
    assert len(few.multipliers) <= len(all_.multipliers)
    assert set(few.multipliers) <= set(all_.multipliers)


@pytest.mark.parametrize(("method", "N", "truth"), KNOWN)
def test_values_and_certificates_against_closed_forms(
    method: Callable[[int, str], WorstCase], N: int, truth: float
) -> None:
    worst = method(N, "low-rank")
    assert worst.status is Status.SOLVED, worst.reason
    assert abs(worst.bound / truth - 1) <= 1e-7
    certificate = worst.certify()
    assert -1e-14 <= float(certificate.bound) / truth - 1 <= 1e-8  # 1e-14: the closed form is a float
    read = read_proof(write_proof(certificate.proof))
    assert kernel.check(read) == fast_check.check(read) == certificate.accepted


def test_many_points_are_given_to_it_unasked() -> None:
    worst = gradient(24, solver="auto")
    assert worst.solver == "low-rank"
    assert abs(worst.bound * 98 - 1) <= 1e-9
    assert gradient(4, solver="auto").solver == "clarabel"


def test_a_bound_above_the_worst_case_is_proved_and_one_below_is_not() -> None:
    worst = gradient(8)
    assert worst.certify(bound=F(1, 33)).bound == F(1, 33)
    with pytest.raises(CertificateUnavailable, match="1/35"):
        worst.certify(bound=F(1, 35))


def test_the_search_adds_the_inequalities_that_neighbours_leave_out() -> None:
    """Just below the best step the neighbours alone allow more than any function does."""
    N, h = 8, F(9, 5)
    truth = (1 - float(h)) ** (2 * N) / 2
    truth = max(truth, 1 / (2 * (2 * N * float(h) + 1)))
    worst = gradient(N, h)
    assert worst.status is Status.SOLVED, worst.reason
    assert abs(worst.bound / truth - 1) <= 1e-6
    program = lowrank.Program(worst.problem, worst.metric, worst.per)
    start = {f.key: lowrank.neighbours(f) for f in program.families}
    assert worst.searched is not None
    alone = program.solve(start, worst.searched.scaling, 1e-9)
    assert alone.dual > 1.3 * truth
    found, largest = program._violated(alone, start, worst.searched.scaling)
    assert found
    assert largest > 1e-2


def test_an_incomplete_search_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowrank, "ROUNDS", 1)
    worst = gradient(8, F(9, 5))
    assert worst.status is Status.UNDECIDED
    assert "violated" in worst.reason


def test_all_left_hand_sides_are_those_of_the_kernel() -> None:
    """The tables of violations, against the dense forms at a random Gram matrix."""
    worst = gradient(5, F(3, 4), "clarabel")
    program = lowrank.Program(worst.problem, worst.metric, worst.per)
    rng = np.random.default_rng(0)
    n, p = len(worst.arrays.vectors), len(worst.arrays.values)
    X = rng.standard_normal((n, n))
    gram, values = X @ X.T, rng.standard_normal(p)
    (family,) = program.families
    table = family.values(gram, values)
    at = {s.label: k for k, s in enumerate(family.mapping.samples)}
    for k, instance in enumerate(worst.arrays.instances[:-1]):
        dense = np.vdot(worst.arrays.quadratic[k], gram) + worst.arrays.linear[k] @ values
        i, j = (at[q] for q in instance.points)
        assert table[i, j] == pytest.approx(dense, rel=1e-11, abs=1e-11)


def test_an_instance_needs_all_inequalities() -> None:
    with pytest.raises(NoCounterexample, match="solver='clarabel'"):
        gradient(4).counterexample()


def test_problems_that_are_not_of_low_rank_are_refused_or_left_to_clarabel() -> None:
    p = Problem()
    f = p.function(Quadratic(F(1, 10), 1))
    x = x0 = p.point("x0")
    for _ in range(2):
        x = x - f.gradient(x)
    with pytest.raises(PepError, match="solver='clarabel'"):
        p.worst_case(x**2, per=x0**2, solver="low-rank")
    assert p.worst_case(x**2, per=x0**2).solver == "clarabel"


def test_an_unbounded_metric_is_refused() -> None:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0 - f.gradient(x0)
    with pytest.raises(PepError, match="unbounded"):
        p.worst_case(f(x) - 2 * f(x_star) + f(x0) * 3, per=(x0 - x_star) ** 2, solver="low-rank")


@pytest.mark.slow
def test_a_hundred_steps_of_three_methods() -> None:
    assert abs(gradient(100).bound * 402 - 1) <= 1e-9
    assert abs(proximal_point(100, "low-rank").bound * 200 - 1) <= 1e-8
    found = nesterov(100, "low-rank")
    assert found.status is Status.SOLVED, found.reason
    assert found.bound <= 2 / 101**2  # Beck, Teboulle (2009)


def proximal_gradient(N: int) -> WorstCase:
    """1 / (4 N): Taylor, Hendrickx, Glineur (2017), conjectured there and observed exact."""
    p = Problem()
    f, h = p.function(SmoothConvex(1)), p.function(Convex())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    x = x0
    for _ in range(N):
        x = proximal(h, x - f.gradient(x), 1)
    return p.worst_case(f(x) + h(x) - f(x_star) - h(x_star), per=(x0 - x_star) ** 2)


@pytest.mark.slow
def test_a_composite_problem_on_which_clarabel_stalls_is_settled_by_it() -> None:
    worst = proximal_gradient(16)
    assert worst.status is Status.SOLVED, worst.reason
    assert worst.solver == "low-rank"
    assert abs(worst.bound * 64 - 1) <= 1e-6
    assert 1 - 1e-14 <= float(worst.certify().bound) * 64 <= 1 + 1e-6
