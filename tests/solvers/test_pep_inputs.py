"""What people write: numbers of other libraries, sums of points, chained comparisons, a class with mu = L."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.pep import (
    Convex,
    PepError,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    StronglyConvex,
    Vector,
    exact,
    line_search,
    proximal,
)
from gradproof.solvers.pep.certify.structured import gradient_descent
from gradproof.theory.proof import check
from gradproof.theory.proof_json import read_proof, write_proof


def test_a_chained_comparison_is_refused_with_the_way_to_write_it() -> None:
    p = Problem()
    f = p.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), p.point("x0")
    d = (x0 - x_star) ** 2
    with pytest.raises(PepError, match="x >= a and x <= b"):
        p.assume(0.25 <= d <= 1)  # type: ignore[arg-type]
    with pytest.raises(PepError, match="premise"):
        assert d <= 1
    with pytest.raises(PepError, match="equals"):
        p.assume(d == 1)  # type: ignore[arg-type]
    p.assume(d >= 0.25)
    p.assume(d <= 1)
    assert p.worst_case(f(x0) - f(x_star)).bound == pytest.approx(0.5, rel=1e-6)


def test_points_and_values_are_summed() -> None:
    p = Problem()
    f = p.function(SmoothConvex(1))
    points = [p.point(f"x{k}") for k in range(3)]
    mean = sum(points) / 3
    assert isinstance(mean, Vector)
    assert mean.terms == {f"x{k}": F(1, 3) for k in range(3)}
    assert sum(f(x) for x in points).form.linear == {f"f({k})": 1 for k in range(3)}
    for wrong in (1, None, "0", 0.5):
        with pytest.raises(PepError, match="vector is needed"):
            wrong + points[0]


@pytest.mark.parametrize(
    "make", [np.int64, np.int8, np.float64, np.float32, np.asarray, np.float16], ids=lambda m: m.__name__
)
def test_numbers_of_numpy_on_either_side(make) -> None:
    p = Problem()
    f = p.function(SmoothStronglyConvex(make(1), make(2)))
    x_star, x0 = f.minimiser(), p.point("x0")
    two = make(2)
    for v in (two * x0, x0 * two):
        assert isinstance(v, Vector)
        assert v.terms == {"x0": 2}
    d = two * (x0 - x_star) ** two
    assert d.form.quadratic == {("x0", "x0"): 2}
    assert (two + d).form.linear == (d + two).form.linear == {"1": 2}
    assert (two - d).form.quadratic == {("x0", "x0"): -2}
    assert (two >= d).scalar.form.linear == (d <= two).scalar.form.linear == {"1": -2}
    assert exact(make(3)) == 3


def test_gradient_descent_takes_them_too_in_any_units() -> None:
    for N, gamma, L in ((np.int64(3), np.float64(1), np.int32(1)), (3, np.array(0.5), np.asarray(2))):
        assert gradient_descent(N, gamma, L).bound == pytest.approx(float(exact(L)) / 14, rel=1e-9)
    for L in (F(10) ** 27, F(1, 10**27)):
        assert gradient_descent(3, 1 / L, L).bound == pytest.approx(float(L) / 14, rel=1e-9)
    for wrong in (True, 2.0, np.bool_(True), np.int64(0)):
        with pytest.raises(PepError, match="needs an integer"):
            gradient_descent(wrong, 1)


def test_arrays_without_dimension_are_numbers_and_others_are_not() -> None:
    assert exact(np.array(2.75)) == F(11, 4)
    assert exact(np.array(2**60 + 1)) == 2**60 + 1
    x = Problem().point("x0")
    assert (np.array(0.5) * x).terms == {"x0": F(1, 2)}
    for wrong in (np.array([2.0]), np.ones((2, 2))):
        with pytest.raises(PepError, match=r"array of shape"):
            wrong * x
        with pytest.raises(PepError, match=r"array of shape"):
            SmoothConvex(wrong)
    for wrong in (np.bool_(True), np.array(True), np.array(np.nan), np.array("a"), np.array(None)):
        with pytest.raises(PepError):
            exact(wrong)


@pytest.mark.parametrize("cls", [SmoothStronglyConvex(2, 2), Quadratic(2, 2), Smooth(2, 2)], ids=repr)
def test_mu_equal_to_l_is_the_one_quadratic(cls) -> None:
    for N, gamma in ((1, F(1, 4)), (3, F(3, 4)), (2, F(3, 8))):
        p = Problem()
        f = p.function(cls)
        x_star, x0 = f.minimiser(), p.point("x0")
        x = x0
        for _ in range(N):
            x = x - gamma * f.gradient(x)
        truth = (1 - 2 * gamma) ** (2 * N)
        worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
        certificate = worst.certify()
        assert truth <= certificate.bound <= truth + F(1, 10**6)
        assert check(read_proof(write_proof(certificate.proof))) == certificate.accepted


def test_a_sum_with_the_one_quadratic_is_as_with_a_class_next_to_it() -> None:
    """Proximal gradient on f + h with f = ||x - c||^2 / 2, any c: the rate (1 - gamma)^2 of the squared distance."""

    def worst(cls):
        p = Problem()
        f, h = p.function(cls), p.function(Convex())
        x_star, x0 = p.minimiser(f, h), p.point("x0")
        x = proximal(h, x0 - F(1, 2) * f.gradient(x0), F(1, 2))
        return p.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)

    one = worst(SmoothStronglyConvex(1, 1))
    assert one.bound == pytest.approx(0.25, rel=1e-6)
    assert one.certify().bound >= F(1, 4)
    assert worst(SmoothStronglyConvex(F(999, 1000), 1)).bound == pytest.approx(one.bound, rel=1e-2)
    x = one.instance
    f = one.problem.mappings[0]
    data, g, values = x.data(f)
    member = x.function(f)
    for a, b, c in zip(data, g, values, strict=True):
        assert member(a) == pytest.approx(c, abs=1e-6)
        assert member.gradient(a) == pytest.approx(b, abs=1e-6)


def test_implicit_steps_and_sums_of_the_one_quadratic() -> None:
    p = Problem()
    f = p.function(SmoothStronglyConvex(1, 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = proximal(f, x0, 3)
    assert x.terms == {"x0": F(1, 4)}
    assert p.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2).bound == pytest.approx(1 / 16, rel=1e-6)
    p = Problem()
    f, h = p.function(SmoothStronglyConvex(1, 1)), p.function(SmoothStronglyConvex(3, 3))
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    x = x0 - F(1, 8) * (f.gradient(x0) + h.gradient(x0))
    assert (f.gradient(x_star) + h.gradient(x_star)).terms == {}
    assert p.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2).bound == pytest.approx(1 / 4, rel=1e-6)
    p = Problem()
    f = p.function(SmoothStronglyConvex(1, 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = line_search(f, x0, f.gradient(x0))
    assert p.worst_case(f(x) - f(x_star), per=f(x0) - f(x_star)).bound <= 1e-6
    with pytest.raises(PepError, match="mu = L = 1"):
        f.declare(x0, p.point("g"))


def test_strong_convexity_below_smoothness_is_needed_elsewhere() -> None:
    for make in (lambda: SmoothStronglyConvex(3, 2), lambda: Smooth(1, 2), lambda: Quadratic(2, 1)):
        with pytest.raises(PepError, match="mu <= L"):
            make()
    with pytest.raises(PepError, match="mu > 0"):
        StronglyConvex(0)
