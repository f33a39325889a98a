"""Worst cases in other units: the value scales exactly, and nothing is called unbounded or contradictory without a ray.

A problem is written with a unit of length p and a unit of value q: a radius is R p, an L is L q / p^2, a Lipschitz
constant M q / p, a step size gamma p^2 / q. Its worst case then is p^a q^b times the one at p = q = 1.
"""

from collections.abc import Callable
from fractions import Fraction as F
from itertools import product

import pytest

from gradproof.solvers.pep import (
    Cocoercive,
    Contractive,
    Convex,
    ConvexLipschitz,
    Indicator,
    Monotone,
    PolyakLojasiewicz,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    Status,
    StronglyMonotone,
    WorstCase,
    line_search,
    linear_minimiser,
    project,
    proximal,
)
from gradproof.solvers.pep.certify.certificate import exact_form
from gradproof.solvers.pep.certify.counterexample import evaluate
from gradproof.theory import proof as kernel
from gradproof.theory.proof_json import read_proof, write_proof

Setting = Callable[[F, F], WorstCase]


def gradient(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f = P.function(SmoothConvex(L))
    x_star, x0 = f.minimiser(), P.point("x0")
    P.assume((x0 - x_star) ** 2 <= p**2)
    x = x0
    for _ in range(3):
        x = x - f.gradient(x) / L
    return P.worst_case(f(x) - f(x_star))


def contraction(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f = P.function(SmoothStronglyConvex(L / 10, L))
    x_star, x0 = f.minimiser(), P.point("x0")
    x = x0 - F(3, 2) / L * f.gradient(x0)
    return P.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)


def nonconvex(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f = P.function(Smooth(L))
    x = x0 = P.point("x0")
    for _ in range(2):
        x = x - f.gradient(x) / L
    return P.worst_case(f.gradient(x) ** 2, per=f(x0) - f.lower_bound())


def subgradient(p: F, q: F) -> WorstCase:
    P, M = Problem(), q / p
    f = P.function(ConvexLipschitz(M))
    x_star, x0 = f.minimiser(), P.point("x0")
    P.assume((x0 - x_star) ** 2 <= p**2)
    x = x0
    for _ in range(2):
        x = x - p / M * f.gradient(x)
    return P.worst_case(f(x) - f(x_star))


def frank_wolfe(p: F, q: F) -> WorstCase:
    P = Problem()
    f, h = P.function(SmoothConvex(q / p**2)), P.function(Indicator(p))
    x_star, x = P.minimiser(f, h), h.contains(P.point("x0"))
    for k in range(2):
        x = x + F(2, k + 2) * (linear_minimiser(h, f.gradient(x)) - x)
    return P.worst_case(f(x) - f(x_star))


def proximal_point(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(Convex())
    x_star, x0 = f.minimiser(), P.point("x0")
    x = x0
    for _ in range(2):
        x = proximal(f, x, p**2 / q)
    return P.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)


def projected(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f, h = P.function(SmoothConvex(L)), P.function(Indicator())
    x_star, x0 = P.minimiser(f, h), P.point("x0")
    P.assume((x0 - x_star) ** 2 <= p**2)
    x = x0
    for _ in range(2):
        x = project(h, x - f.gradient(x) / L)
    return P.worst_case(f(x) - f(x_star))


def stochastic(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f = P.function(SmoothStronglyConvex(L / 4, L))
    x_star, x0, noise = f.minimiser(), P.point("x0"), P.point("noise")
    g = f.gradient(x0)
    P.assume((x0 - x_star) ** 2 <= p**2)
    P.assume(noise**2 <= (q / p) ** 2, name="variance")
    for other in (x0 - x_star, g):
        P.assume((noise @ other).equals(0))
    return P.worst_case((x0 - (g + noise) / (2 * L) - x_star) ** 2)


def douglas_rachford(p: F, q: F) -> WorstCase:
    P, step = Problem(), p**2 / q
    A, B = P.operator(Monotone()), P.operator(StronglyMonotone(q / p**2 / 5))
    w, v = P.point("w"), P.point("v")
    start = (w - v) ** 2
    moved = []
    for z in (w, v):
        x = proximal(B, z, step)
        moved.append(z + proximal(A, 2 * x - z, step) - x)
    return P.worst_case((moved[0] - moved[1]) ** 2, per=start)


def cocoercive(p: F, q: F) -> WorstCase:
    P, beta = Problem(), p**2 / q
    A = P.operator(Cocoercive(beta))
    x_star, x0 = A.minimiser(), P.point("x0")
    x = x0
    for _ in range(2):
        x = x - beta * A(x)
    return P.worst_case(A(x) ** 2, per=(x0 - x_star) ** 2)


def quadratic(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f = P.function(Quadratic(L / 10, L))
    x_star, x0 = f.minimiser(), P.point("x0")
    before = x = x0
    for _ in range(2):
        before, x = x, x - f.gradient(x) / L + (x - before) / 4
    return P.worst_case(f.gradient(x) ** 2, per=(x0 - x_star) ** 2)


def compressed(p: F, q: F) -> WorstCase:
    P, L = Problem(), q / p**2
    f, C = P.function(PolyakLojasiewicz(L / 10, L)), P.operator(Contractive(F(1, 2)))
    x0 = P.point("x0")
    x = x0 - C(f.gradient(x0)) / L
    return P.worst_case(f(x) - f.lower_bound(), per=f(x0) - f.lower_bound())


def searched(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothStronglyConvex(q / p**2 / 10, q / p**2))
    x_star, x0 = f.minimiser(), P.point("x0")
    P.assume(f(x0) - f(x_star) <= q)
    x = line_search(f, x0, f.gradient(x0))
    return P.worst_case(f(x) - f(x_star))


SETTINGS: list[tuple[Setting, int, int]] = [  # and the powers of p and q in the value
    (gradient, 0, 1),
    (contraction, 0, 0),
    (nonconvex, -2, 1),
    (subgradient, 0, 1),
    (frank_wolfe, 0, 1),
    (proximal_point, -2, 1),
    (projected, 0, 1),
    (stochastic, 2, 0),
    (douglas_rachford, 0, 0),
    (cocoercive, -4, 2),
    (quadratic, -4, 2),
    (compressed, 0, 0),
    (searched, 0, 1),
]
LARGE, SMALL = F(10) ** 9, F(1, 10**9)
CORNERS = [*product((LARGE, SMALL), repeat=2), (LARGE, F(1)), (F(1), SMALL), (F(10**6), F(1, 1000))]
GRID = list(product([F(10) ** k for k in range(-9, 10, 3)], repeat=2))


def stated_error(worst: WorstCase) -> float:
    """Of the value, relative: what the solver leaves open between its two values, and in its equations."""
    residuals = worst.residuals
    return residuals["gap"] + (residuals["primal error"] + residuals["dual error"]) / abs(worst.bound)


def check_scaling(setting: Setting, a: int, b: int, units: list[tuple[F, F]]) -> None:
    one = setting(F(1), F(1))
    assert one.status is Status.SOLVED, one.reason
    for p, q in units:
        worst = setting(p, q)
        assert worst.status is Status.SOLVED, (p, q, worst.reason)
        error = stated_error(worst) + stated_error(one)
        assert error <= 1e-5  # solved: 1e3 times the gap asked for, in each of three terms and two answers
        assert abs(worst.bound / float(p**a * q**b) / one.bound - 1) <= error, (p, q, worst.bound, one.bound)


@pytest.mark.parametrize(("setting", "a", "b"), SETTINGS, ids=lambda s: getattr(s, "__name__", None))
def test_the_value_scales_with_the_units(setting: Setting, a: int, b: int) -> None:
    check_scaling(setting, a, b, CORNERS)


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "a", "b"), SETTINGS, ids=lambda s: getattr(s, "__name__", None))
def test_the_value_scales_with_the_units_on_the_grid(setting: Setting, a: int, b: int) -> None:
    check_scaling(setting, a, b, GRID)


@pytest.mark.parametrize(("setting", "a", "b"), SETTINGS, ids=lambda s: getattr(s, "__name__", None))
def test_in_units_of_powers_of_two_every_bit_is_the_same(setting: Setting, a: int, b: int) -> None:
    """All operations on floats commute with powers of two, once the same program is solved."""
    values = {
        setting(F(2) ** i, F(2) ** j).bound / float(F(2) ** (i * a + j * b))
        for i, j in ((20, 31), (-33, 20), (25, -40))
    }
    assert len(values) == 1


@pytest.mark.parametrize("setting", [gradient, subgradient, frank_wolfe, stochastic, compressed, searched, quadratic])
def test_proofs_and_multipliers_are_those_of_the_problem_as_it_was_written(setting: Setting) -> None:
    one = setting(F(1), F(1)).certify()
    a, b = next((a, b) for s, a, b in SETTINGS if s is setting)
    for p, q in ((LARGE, SMALL), (F(1, 1000), LARGE)):
        worst = setting(p, q)
        certificate = worst.certify()
        assert float(certificate.bound / (p**a * q**b)) == pytest.approx(float(one.bound), rel=1e-5)
        assert certificate.gap <= 1e-6
        read = read_proof(write_proof(certificate.proof))
        assert kernel.check(read) == certificate.accepted
        assert read.statement.vectors == tuple(worst.problem.vectors)
        assert read.statement.members == tuple(m.member() for m in worst.problem.mappings)
        forms = [exact_form(worst, i).linear for i in worst.arrays.instances]
        multipliers = [worst.multipliers[str(i)] for i in worst.arrays.instances]
        for name in worst.metric.form.linear:  # the solver's multipliers give the metric
            terms = [x * float(form.get(name, 0)) for x, form in zip(multipliers, forms, strict=True)]
            assert sum(terms) == pytest.approx(float(worst.metric.form.linear[name]), abs=1e-6 * max(map(abs, terms)))


def test_instances_and_counterexamples_are_in_the_units_of_the_problem() -> None:
    for p, q in ((LARGE, LARGE), (SMALL, F(1))):
        worst = gradient(p, q)
        f = worst.problem.mappings[0]
        assert worst.instance.at(worst.metric) == pytest.approx(worst.bound, rel=1e-3)
        assert worst.instance.at(worst.problem.premises["premise 0"].scalar) == pytest.approx(0, abs=1e-3 * float(p**2))
        x, _, values = worst.instance.data(f)
        member = worst.instance.function(f)
        for at, value in zip(x, values, strict=True):
            assert member(at) == pytest.approx(value, abs=1e-4 * float(q))
        found = worst.counterexample()
        assert found.value == pytest.approx(worst.bound, rel=1e-4)
        assert evaluate(worst.metric.form, found.vectors, found.values) == found.value
        for instance in worst.arrays.instances:
            assert evaluate(exact_form(worst, instance), found.vectors, found.values) <= 0, instance


def test_operators_and_lower_bounds_are_translated_too() -> None:
    """Neither has a value that the problem mentions."""
    worst = cocoercive(LARGE, SMALL)
    found = worst.counterexample()
    assert found.value == pytest.approx(worst.bound, rel=1e-3)
    P = Problem()
    f, x = P.function(PolyakLojasiewicz(LARGE, 2 * LARGE)), P.point("x")
    worst = P.worst_case(f.gradient(x) ** 2, per=f(x) - f(x - f.gradient(x) / (2 * LARGE)))
    assert worst.certify().bound >= 4 * LARGE
    assert worst.instance.values["f(inf)"] <= min(worst.instance.values["f(0)"], worst.instance.values["f(1)"]) + 1e-3


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda: subgradient(F(1), F(10**4)), 1.2049999997e4),
        (lambda: gradient(F(10**6), F(10**12)), 1e12 / 14),
        (lambda: frank_wolfe(F(3 * 10**5), F(9 * 10**10)), 0.312616986 * 9e10),
        (lambda: proximal_point(F(1), SMALL), 1.25e-10),
        (lambda: proximal_point(F(1), LARGE), 1.25e8),
    ],
    ids=["M = 1e4", "radius 1e6", "D = 3e5", "gamma = 1e9", "gamma = 1e-9"],
)
def test_what_was_called_unbounded(make: Callable[[], WorstCase], value: float) -> None:
    assert make().bound == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("factor", [F(10**10), F(1, 10**10)])
def test_a_metric_in_other_units(factor: F) -> None:
    P = Problem()
    f = P.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), P.point("x0")
    P.assume((x0 - x_star) ** 2 <= 1)
    worst = P.worst_case(factor * (f(x0) - f(x_star)))
    assert worst.bound == pytest.approx(float(factor) / 2, rel=1e-6)
    assert worst.certify().bound >= factor / 2


@pytest.mark.parametrize("variance", [F(10**6), F(10**12), F(1, 10**12)])
def test_noise_of_any_variance(variance: F) -> None:
    """E ||x_1 - x_*||^2 = (1 - gamma mu)^2 + gamma^2 variance, at gamma = 1/2 and mu = 1/4."""
    P = Problem()
    f = P.function(SmoothStronglyConvex(F(1, 4), 1))
    x_star, x0, noise = f.minimiser(), P.point("x0"), P.point("noise")
    g = f.gradient(x0)
    P.assume((x0 - x_star) ** 2 <= 1)
    P.assume(noise**2 <= variance)
    for other in (x0 - x_star, g):
        P.assume((noise @ other).equals(0))
    worst = P.worst_case((x0 - (g + noise) / 2 - x_star) ** 2)
    assert worst.status is Status.UNDECIDED or worst.bound == pytest.approx(float(F(49, 64) + variance / 4), rel=1e-6)


def test_long_steps_of_a_divergent_method_are_bounded_or_undecided() -> None:
    """Steps of 3/L: (1 - 3)^(2 N) / 2."""
    for N in (8, 14):
        P = Problem()
        f = P.function(SmoothConvex(1))
        x_star, x0 = f.minimiser(), P.point("x0")
        x = x0
        for _ in range(N):
            x = x - 3 * f.gradient(x)
        worst = P.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
        assert worst.status is Status.UNDECIDED or worst.bound == pytest.approx(4**N / 2, rel=1e-5)
