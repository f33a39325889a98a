"""Problems written by their iterates: the same problem, tiny values settled and certified, refusals."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep import (
    CertificateUnavailable,
    Convex,
    ConvexLipschitz,
    Monotone,
    Problem,
    Scalar,
    SmoothConvex,
    SmoothStronglyConvex,
    Status,
    Vector,
    proximal,
)
from gradproof.solvers.pep.certify import worst_case
from gradproof.solvers.pep.certify.counterexample import NoCounterexample, evaluate
from gradproof.solvers.pep.solve import lowrank, programs
from gradproof.solvers.pep.solve.iterates import by_iterates
from gradproof.theory import proof as kernel
from gradproof.theory.proof_json import read_proof, write_proof

Asked = tuple[Problem, Scalar, Scalar]


def gradient(N: int, gamma: F = F(4, 3), value: bool = False) -> Asked:
    """max((1 - gamma mu)^2, (1 - gamma L)^2)^N of the squared distance, at kappa = 2."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(F(1, 2), 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    return p, f(x) - f(x_star) if value else (x - x_star) ** 2, (x0 - x_star) ** 2


def heavy_ball(N: int) -> Asked:
    p = Problem()
    f = p.function(SmoothStronglyConvex(F(1, 2), 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    before = x = x0
    for _ in range(N):
        before, x = x, x - f.gradient(x) + F(1, 10) * (x - before)
    return p, (x - x_star) ** 2, (x0 - x_star) ** 2


def nesterov(N: int) -> Asked:
    p = Problem()
    f = p.function(SmoothStronglyConvex(F(1, 4), 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    y = x = x0
    for _ in range(N):
        before, x = x, y - f.gradient(y)
        y = x + F(1, 3) * (x - before)
    return p, f(x) - f(x_star), (x0 - x_star) ** 2


def proximal_gradient(N: int) -> Asked:
    """The rate of gradient descent: Taylor, Hendrickx, Glineur (2018)."""
    p = Problem()
    f, h = p.function(SmoothStronglyConvex(F(1, 2), 1)), p.function(Convex())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    x = x0
    for _ in range(N):
        x = proximal(h, x - F(4, 3) * f.gradient(x), F(4, 3))
    return p, (x - x_star) ** 2, (x0 - x_star) ** 2


def fista(N: int) -> Asked:
    p = Problem()
    f, h = p.function(SmoothConvex(1)), p.function(Convex())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    y = x = x0
    for k in range(N):
        before, x = x, proximal(h, y - f.gradient(y), 1)
        y = x + F(k, k + 3) * (x - before)
    return p, f(x) + h(x) - f(x_star) - h(x_star), (x0 - x_star) ** 2


SETTINGS: list[tuple[Callable[..., Asked], tuple, F | None]] = [
    (gradient, (6,), F(1, 3) ** 12),
    (gradient, (8,), F(1, 3) ** 16),
    (gradient, (12,), F(1, 3) ** 24),
    (gradient, (12, F(1)), F(1, 2) ** 24),
    (gradient, (8, F(4, 3), True), None),
    (heavy_ball, (8,), None),
    (heavy_ball, (12,), None),
    (nesterov, (16,), None),
    (proximal_gradient, (8,), F(1, 3) ** 16),
    (fista, (12,), None),
]


@pytest.mark.parametrize(("method", "setting", "truth"), SETTINGS)
def test_values_that_cancel_in_the_gradients_are_settled_and_certified(
    method: Callable[..., Asked], setting: tuple, truth: F | None
) -> None:
    """Most are undecided by the other programs; which ones hangs on the last bits of a matrix product.

    1e-6: what ``certify`` admits, and the largest gap of a solved program.
    """
    p, metric, per = method(*setting)
    worst = p.worst_case(metric, per=per)
    assert worst.status is Status.SOLVED, worst.reason
    written = next(programs.written_by_iterates(worst, 1e-9, 0.0))
    assert written.bound == pytest.approx(worst.bound, rel=1e-6)
    certificate = worst.certify()
    assert abs(float(certificate.bound) / worst.bound - 1) <= 1e-6
    if truth is not None:
        assert abs(worst.bound / float(truth) - 1) <= 1e-6
        assert truth <= certificate.bound <= truth * (1 + F(1, 10**6))
    read = read_proof(write_proof(certificate.proof))
    assert read.statement.vectors == tuple(p.vectors)
    assert [m.points for m in read.statement.members] == [m.member().points for m in worst.problem.mappings]
    assert kernel.check(read) == fast_check.check(read) == certificate.accepted


def test_multipliers_and_bounds_are_in_the_units_of_the_problem() -> None:
    p, metric, per = gradient(8)
    worst = p.worst_case(metric, per=per)
    truth = F(1, 3) ** 16
    assert worst.multipliers["per per"] == pytest.approx(worst.bound, rel=1e-9)
    assert worst.certify(bound=2 * truth).bound == 2 * truth
    with pytest.raises(Exception, match="no proof of the bound"):
        worst.certify(bound=truth * F(99, 100))


def test_the_instance_is_one_of_the_problem() -> None:
    p, metric, per = gradient(8)
    worst = p.worst_case(metric, per=per)
    found = worst.instance
    assert set(found.vectors) == set(p.vectors)
    assert set(found.values) == set(worst.problem.values)
    # the Gram matrix is exact to about the square root of the solver's 1e-9
    assert found.at(metric) == pytest.approx(worst.bound, rel=1e-3)
    with pytest.raises(NoCounterexample, match="solver='clarabel'"):
        worst.counterexample()


@pytest.mark.parametrize("asked", [gradient(4), heavy_ball(4), nesterov(4), proximal_gradient(3), fista(3)])
def test_it_is_the_same_problem(asked: Asked) -> None:
    """At random rational coordinates of the new vectors: points, gradients, the metric and every inequality agree."""
    p, metric, per = asked
    how = by_iterates(p, metric, per)
    assert how is not None
    rng = np.random.default_rng(0)
    new = {v: tuple(F(int(c)) for c in rng.integers(-9, 9, 2)) for v in how.problem.vectors}
    old = {v: tuple(sum((c * new[u][k] for u, c in b.items()), F(0)) for k in range(2)) for v, b in how.basis.items()}
    values = {v: F(int(rng.integers(-9, 9))) if v in how.problem.values else F(0) for v in p.values}
    assert evaluate(metric.form, old, values) == how.unit * evaluate(how.metric.form, new, values)
    assert how.per is not None
    assert evaluate(per.form, old, values) == evaluate(how.per.form, new, values)

    def at(x: Vector, where: dict) -> tuple[F, ...]:
        return tuple(sum((c * where[v][k] for v, c in x.terms.items()), F(0)) for k in range(2))

    for before, after in zip(p.mappings, how.problem.mappings, strict=True):
        for s, t in zip(before.samples, after.samples, strict=True):
            assert s.label == t.label
            assert (at(s.x, old), at(s.g, old)) == (at(t.x, new), at(t.g, new))
            assert evaluate(s.f.form, old, values) == evaluate(t.f.form, new, values)


def test_sizes_are_those_of_the_iterates() -> None:
    p, metric, per = gradient(8)
    how = by_iterates(p, metric, per)
    assert how is not None
    for k in range(1, 8):
        assert how.problem.vectors[f"f@{k}"] == pytest.approx(3.0**-k, rel=1e-9)


def test_a_free_gradient_goes_only_where_nothing_depends_on_it() -> None:
    """The metric f + h does not change if <u, x> moves from one to the other; f alone, or a bound on h's gradients, does."""

    def left(cls: Convex | ConvexLipschitz, both: bool) -> tuple[set[str], set[str]]:
        p = Problem()
        f, h = p.function(SmoothConvex(1)), p.function(cls)
        x_star, x0 = p.minimiser(f, h), p.point("x0")
        x = proximal(h, x0 - f.gradient(x0), 1)
        metric = f(x) - f(x_star) + (h(x) - h(x_star) if both else 0)
        how = by_iterates(p, metric, (x0 - x_star) ** 2)
        assert how is not None
        return set(p.vectors) & {v for v, b in how.basis.items() if not b}, set(p.values) - set(how.problem.values)

    assert left(Convex(), True) == ({"f.g0"}, {"f(*)", "h(*)"})
    assert left(Convex(), False)[0] == set()
    assert left(ConvexLipschitz(1), True)[0] == set()


def test_a_value_stays_where_a_constant_would_show() -> None:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0 - f.gradient(x0)
    how = by_iterates(p, f(x) - 2 * f(x_star), (x0 - x_star) ** 2)
    assert how is not None
    assert set(how.problem.values) == set(p.values)


def test_without_iterates_there_is_nothing_to_write() -> None:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    assert by_iterates(p, f(x0) - f(x_star), (x0 - x_star) ** 2) is None


def test_a_search_judged_in_wrong_units_is_not_taken() -> None:
    """With the neighbours alone the program allows more; units a thousand times too large would hide what is violated."""
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(8):
        x = x - F(9, 5) * f.gradient(x)
    worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2, solver="low-rank")
    assert worst.searched is not None
    assert not programs._out_of_scale(worst)
    program = lowrank.Program(worst.problem, worst.metric, worst.per)
    start = {g.key: lowrank.neighbours(g) for g in program.families}
    alone = program.solve(start, worst.searched.scaling, 1e-9)
    assert programs._out_of_scale(replace(worst, searched=replace(worst.searched, chosen=start, solution=alone)))


@pytest.mark.parametrize("N", [4, 8])
def test_a_solved_worst_case_whose_margin_costs_too_much_is_certified(N: int) -> None:
    """Douglas-Rachford on monotone operators: (1 - 1/N)^(N - 1) / N, the resolvent's; Gu, Yang (2020)."""
    p = Problem()
    A, B = p.operator(Monotone()), p.operator(Monotone())
    x_star, z0 = p.minimiser(A, B), p.point("z0")
    z_star, z = x_star + A.gradient(x_star), z0
    for _ in range(N):
        x = proximal(A, z, 1)
        y = proximal(B, 2 * x - z, 1)
        before, z = z, z + y - x
    worst = p.worst_case((z - before) ** 2, per=(z0 - z_star) ** 2)
    truth = F(N - 1, N) ** (N - 1) / N
    assert worst.status is Status.SOLVED
    certificate = worst.certify()
    assert truth <= certificate.bound <= truth * (1 + F(1, 10**6))
    assert kernel.check(read_proof(write_proof(certificate.proof))) == certificate.accepted


def test_many_vectors_are_not_given_to_the_program_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise lowrank.NotLowRank("no")

    p, metric, per = gradient(4)
    worst = p.worst_case(metric, per=per)
    monkeypatch.setattr(programs, "by_low_rank", refuses)
    found = worst_case.by_iterates_of(worst, 1e-9, 0.0)
    assert found is not None
    assert found.bound == pytest.approx(float(F(1, 3) ** 8), rel=1e-6)
    monkeypatch.setattr(programs, "CLARABEL_UP_TO", 3)
    assert worst_case.by_iterates_of(worst, 1e-9, 0.0) is None


def test_what_is_not_proved_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    p, metric, per = gradient(8)
    assert not p.worst_case(metric, per=per).reason

    def none(*args: object, **options: object) -> None:
        raise CertificateUnavailable("none")

    monkeypatch.setattr(worst_case, "certify", none)
    assert p.worst_case(metric, per=per).status is Status.UNDECIDED


@pytest.mark.slow
def test_a_value_below_the_reach_of_the_digits_is_right_or_undecided() -> None:
    p, metric, per = gradient(20)
    worst = p.worst_case(metric, per=per)
    assert worst.reason or worst.certify().bound >= F(1, 3**40)
    assert worst.reason or worst.bound == pytest.approx(3.0**-40, rel=1e-6)
