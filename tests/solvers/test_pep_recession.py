"""Worst cases approached along instances without bound: facial reduction gives them an interior, and so a proof."""

from collections.abc import Callable
from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.pep import (
    Convex,
    Indicator,
    Monotone,
    Problem,
    SmoothConvex,
    Status,
    StronglyMonotone,
    WorstCase,
    linear_minimiser,
    proximal,
)
from gradproof.solvers.pep.solve.programs import confine
from gradproof.solvers.pep.solve.recession import confined
from gradproof.theory.proof import check
from gradproof.theory.proof_json import read_proof, write_proof


def two_runs(N: int) -> WorstCase:
    """Douglas-Rachford from two starts. The operators may differ by any constant, at every step by another one."""
    p = Problem()
    A, B = p.operator(Monotone()), p.operator(StronglyMonotone(F(1, 5)))
    w, v = p.point("w"), p.point("v")
    start = (w - v) ** 2
    for _ in range(N):
        moved = []
        for z in (w, v):
            x = proximal(B, z, F(1, 2))
            moved.append(z + proximal(A, 2 * x - z, F(1, 2)) - x)
        w, v = moved
    return p.worst_case((w - v) ** 2, per=start)


def projected_splitting(N: int) -> WorstCase:
    """The gradient at the minimiser over a set has no bound, and the start is as far away as it is."""
    p = Problem()
    f, h = p.function(SmoothConvex(1)), p.function(Indicator())
    x_star, w = p.minimiser(f, h), p.point("w0")
    p.assume((w - (x_star - F(1, 3) * f.gradient(x_star))) ** 2 <= 1)
    for _ in range(N):
        x = proximal(h, w, F(1, 3))
        y = proximal(f, 2 * x - w, F(1, 3))
        w = w + y - x
    return p.worst_case((x - y) ** 2)


def frank_wolfe(N: int) -> WorstCase:
    """Jaggi (2013): at most 2 / (N + 2)."""
    p = Problem()
    f, h = p.function(SmoothConvex(1)), p.function(Indicator(1))
    x_star, x = p.minimiser(f, h), h.contains(p.point("x0"))
    for k in range(N):
        x = x + F(2, k + 2) * (linear_minimiser(h, f.gradient(x)) - x)
    return p.worst_case(f(x) - f(x_star))


@pytest.mark.parametrize(
    ("method", "N", "low", "high"),
    [
        (two_runs, 2, 1.0, 1.0),
        (two_runs, 4, 1.0, 1.0),
        # |x - y|^2 is the square of a step of a firmly nonexpansive map, at most 1/N: He, Yuan (2015)
        (projected_splitting, 2, 0.0, 1 / 2),
        (projected_splitting, 4, 0.0, 1 / 4),
        (frank_wolfe, 4, 0.0, 2 / 6),
        (frank_wolfe, 6, 0.0, 2 / 8),
    ],
)
def test_they_are_solved_and_proved(method: Callable[[int], WorstCase], N: int, low: float, high: float) -> None:
    worst = method(N)
    assert worst.status is Status.SOLVED, worst.reason
    certificate = worst.certify()
    # 1e-6: the solver's value is known to 1e3 times the gap of 1e-9 asked of it
    assert abs(float(certificate.bound) / worst.primal - 1) <= 1e-6
    assert low * (1 - 1e-9) <= float(certificate.bound) <= high * (1 + 1e-6)
    assert check(read_proof(write_proof(certificate.proof))) == certificate.accepted


def test_the_reduced_program_has_the_same_value_and_a_rational_face() -> None:
    worst = projected_splitting(2)
    reduced = confine(worst)
    assert reduced is not None
    assert reduced.bound == pytest.approx(worst.bound, rel=1e-6)
    assert len(reduced.arrays.vectors) < len(worst.arrays.vectors)
    (direction,) = reduced.arrays.null
    assert direction["f.g0"] / direction["w0"] in (F(-3), F(3))  # the start moves with the gradient, by gamma = 1/3
    for k, instance in enumerate(worst.arrays.instances):  # no inequality bounds the direction
        v = np.array([float(direction.get(name, 0)) for name in worst.arrays.vectors])
        assert v @ worst.arrays.quadratic[k] @ v <= 1e-12, instance


def test_where_nothing_goes_for_ever_nothing_is_reduced() -> None:
    p = Problem()
    f, h = p.function(SmoothConvex(1)), p.function(Convex())
    x_star, x0 = p.minimiser(f, h), p.point("x0")
    x = proximal(h, x0 - f.gradient(x0), 1)
    worst = p.worst_case(f(x) + h(x) - f(x_star) - h(x_star), per=(x0 - x_star) ** 2)
    assert confined(worst.arrays, worst.objective, worst.scaling, 1e-3) is None
