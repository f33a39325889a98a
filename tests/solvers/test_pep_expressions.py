"""Expressions keep exact coefficients, and mistakes are refused where they are made."""

from decimal import Decimal
from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy as sp

from gradproof.solvers.pep import (
    Contractive,
    Convex,
    Indicator,
    PepError,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    decimal,
    exact,
    line_search,
    linear_minimiser,
    proximal,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, Fraction(3)),
        (Fraction(2, 7), Fraction(2, 7)),
        (sp.Rational(2, 7), Fraction(2, 7)),
        (flint.fmpq(2, 7), Fraction(2, 7)),
        ("2/7", Fraction(2, 7)),
        ("0.1", Fraction(1, 10)),
        (0.5, Fraction(1, 2)),
        (0.1, Fraction(3602879701896397, 36028797018963968)),
        (np.float64(0.25), Fraction(1, 4)),
        (np.int64(5), Fraction(5)),
    ],
)
def test_numbers_are_read_exactly(value, expected):
    assert exact(value) == expected


def test_decimal_reads_what_was_typed():
    assert decimal(0.1) == Fraction(1, 10)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, True, "abc", [1], sp.sqrt(2), "1/0"])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(PepError, match="gamma"):
        exact(value, "gamma")


def test_algebra_of_vectors_and_squares():
    p = Problem()
    x, y = p.point("x"), p.point("y")
    z = (x + 2 * y - x / 2) * Fraction(1, 3)
    assert z.terms == {"x": Fraction(1, 6), "y": Fraction(2, 3)}
    assert (x - x).terms == {}
    square = (x - y) ** 2 - x**2 - y**2 + 2 * (x @ y)
    assert not square.form.quadratic


def test_a_gradient_at_the_same_point_is_the_same_vector():
    p = Problem()
    f = p.function(SmoothConvex(1))
    x = p.point("x")
    y = x - Fraction(1, 2) * f.gradient(x)
    assert f.gradient(x + 0 * y) is f.gradient(x)
    assert f.gradient(y) is not f.gradient(x)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SmoothStronglyConvex(2, 1), "mu <= L.*mu = 2, L = 1"),
        (lambda: SmoothStronglyConvex(-1, 1), "mu >= 0.*mu = -1"),
        (lambda: SmoothConvex(float("nan")), "L = nan"),
        (lambda: SmoothConvex(0), "L > 0"),
        (lambda: Quadratic(2, 1), "mu <= L"),
        (lambda: Smooth(1, mu=-2), "-L <= mu"),
        (lambda: Contractive(-1), "q2 >= 0"),
        (lambda: Problem().function("convex"), "declared by its class"),
        (lambda: Problem().assume(3), "comparison"),
        (lambda: Problem().worst_case(), "performance metric"),
        (lambda: Problem().minimiser(), "at least one function"),
    ],
)
def test_bad_declarations_are_refused(make, words):
    with pytest.raises(PepError, match=words):
        make()


def test_bad_expressions_are_refused():
    p, other = Problem(), Problem()
    f, h = p.function(Convex()), p.function(Indicator())
    x, y = p.point("x"), other.point("y")
    for make, words in (
        (lambda: x + y, "different problems"),
        (lambda: x * x, "@"),
        (lambda: x**3, "power 3"),
        (lambda: x + 1, "vector is needed"),
        (lambda: x / 0, "divided by 0"),
        (lambda: (x**2) * (x**2), "not quadratic"),
        (lambda: x**2 + x, "number is needed"),
        (lambda: "a" * x, "step size = 'a'"),
        (lambda: f.gradient(3), "evaluated at a point"),
        (lambda: proximal(f, x, 0), "gamma > 0"),
        (lambda: proximal(f, x, None), "gamma = None"),
        (lambda: line_search(f, x), "direction"),
        (lambda: linear_minimiser(f, x), "Indicator"),
        (lambda: f.contains(x), "Indicator"),
        (lambda: h.lower_bound(), "no lower bound"),
        (lambda: p.point("x"), "already has a point"),
        (lambda: p.function(Convex(), "f"), "already has a function"),
        (lambda: p.worst_case(x), "performance metric is a number"),
        (lambda: p.worst_case(y**2), "another problem"),
        (lambda: p.worst_case(x**2, per=x**2 + 1), "constant"),
        (lambda: p.worst_case(x**2, per=x**2, solver="mosek"), "mosek"),
        (lambda: p.worst_case(x**2, per=x**2, tolerance=0), "tolerance"),
    ):
        with pytest.raises(PepError, match=words):
            make()


def test_an_unbounded_and_an_infeasible_problem_are_told_apart():
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x, y = f.minimiser(), p.point("x"), p.point("y")
    with pytest.raises(PepError, match="unbounded"):
        p.worst_case(f(y) - f(x_star), per=(x - x_star) ** 2)
    p.assume((x - x_star) ** 2 <= 1)
    p.assume((x - x_star) ** 2 >= 2)
    with pytest.raises(PepError, match="contradict"):
        p.worst_case(f(x) - f(x_star))


def test_problems_in_threads_do_not_meet():
    from concurrent.futures import ThreadPoolExecutor

    def bound(n):
        p = Problem()
        f = p.function(SmoothConvex(1))
        x_star, x0 = f.minimiser(), p.point("x0")
        x = x0
        for _ in range(n):
            x = x - f.gradient(x)
        return p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2).bound

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(bound, [1, 2, 3, 4] * 2))
    # the tolerance asked of the solver is 1e-9, relative
    assert found == pytest.approx([1 / (4 * n + 2) for n in [1, 2, 3, 4] * 2], rel=1e-7)


def test_a_point_of_another_problem_is_refused_where_it_is_used():
    p, other = Problem(), Problem()
    f, x = p.function(SmoothConvex(1)), p.point("x0")
    g, y = other.function(SmoothConvex(1)), other.point("x0")
    for use in (
        lambda: f(y),
        lambda: f.gradient(y),
        lambda: proximal(f, y, 1),
        lambda: line_search(f, y, x),
        lambda: linear_minimiser(p.function(Indicator()), y),
        lambda: p.minimiser(f, g),
        lambda: p.worst_case(x**2, per=y**2),
        lambda: p.assume(y**2 <= 1),
    ):
        with pytest.raises(PepError, match=r"another problem|different problems"):
            use()


@pytest.mark.parametrize("value", ["9" * 10**6, "1e1000000000", Decimal("1e400"), 10**400, Decimal("nan"), 1j, True])
def test_numbers_that_no_solver_holds_are_refused_at_once(value):
    with pytest.raises(PepError):
        exact(value)
    assert exact(Decimal("0.1")) == Fraction(1, 10)


@pytest.mark.parametrize("name", ["", "x y", "x~", "<x>", True, None, 1.5, "\u03be"])
def test_names_that_no_proof_file_admits_are_refused(name):
    p = Problem()
    with pytest.raises(PepError, match="cannot be called"):
        p.point(name)
    if name != "x~":  # a deviation is a vector
        with pytest.raises(PepError, match="cannot be called"):
            p.value(name)


@pytest.mark.parametrize("wrong", [None, 1.5, "x", True])
def test_what_is_no_function_point_or_tolerance_is_refused(wrong):
    p = Problem()
    f, x = p.function(SmoothConvex(1)), p.point("x")
    for use in (
        lambda: proximal(wrong, x, 1),
        lambda: proximal(f, wrong, 1),
        lambda: line_search(f, x, wrong),
        lambda: p.minimiser(wrong),
        lambda: p.worst_case(x**2, per=x**2, tolerance=wrong),
        lambda: p.worst_case(x**2, per=x**2).certify(gap=wrong if wrong != 1.5 else -1),
        lambda: p.worst_case(x**2, per=x**2, solver=wrong),
    ):
        with pytest.raises(PepError):
            use()


@pytest.mark.parametrize("searched", [False, True])
def test_a_step_that_is_relaxed_says_so(searched):
    """Points after an exact line search need not lie on the line: the value is an upper bound."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu=1, L=4))
    x_star, x0 = f.minimiser(), p.point("x0")
    g = f.gradient(x0)
    x = line_search(f, x0, g) if searched else x0 - g / 4
    assert p.worst_case(f(x) - f(x_star), per=f(x0) - f(x_star)).exact_class is not searched
