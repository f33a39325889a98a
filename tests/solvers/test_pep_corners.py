"""Certified bounds over a table of settings with its corners: never below the exact truth, and next to it."""

from fractions import Fraction as F

import pytest

from gradproof.solvers.pep import Problem, SmoothStronglyConvex, Status
from gradproof.solvers.pep.certify.structured import gradient_descent


def truth(N: int, h: F, mu: F) -> F:
    """max of f(x_N) - f_* per ||x_0 - x_*||^2, L = 1: Taylor, Hendrickx, Glineur (2017)."""
    if mu == 0:
        short = 1 / (2 * N * h + 1)
    else:
        short = mu / (mu - 1 + (1 - mu * h) ** (-2 * N)) if mu * h != 1 else F(0)
    return max(short, (1 - h) ** (2 * N)) / 2


def near(bound: F, true: F, gap: F) -> bool:
    """At or above the truth, in rationals, and within the relative gap."""
    return true <= bound <= true * (1 + gap)


STEPS = (F(1, 100), F(1), F(3, 2), F(9, 5), F(199, 100), F(2))
LOCAL = [(N, mu, h) for N in (1, 3, 8) for mu in (F(0), F(1, 1000), F(1, 10), F(1, 2), F(9, 10)) for h in STEPS]
LARGE = [(40, mu, h) for mu in (F(0), F(1, 1000), F(1, 10)) for h in (*STEPS, F(19, 10))]
GENERAL = [
    (N, mu, h) for N in (1, 2, 5) for mu in (F(0), F(1, 10), F(1, 2)) for h in STEPS[1:] if (mu, h) != (F(1, 2), 2)
]


@pytest.mark.parametrize(
    ("N", "mu", "h"), [*LOCAL, *(pytest.param(*s, marks=pytest.mark.slow) for s in LARGE)], ids=str
)
def test_in_local_form(N: int, mu: F, h: F) -> None:
    worst = gradient_descent(N, h, 1, mu)
    assert worst.status is Status.SOLVED, worst.reason
    assert near(worst.certify().bound, truth(N, h, mu), F(1, 10**9))


@pytest.mark.parametrize(("N", "mu", "h"), GENERAL, ids=str)
def test_written_as_a_general_problem(N: int, mu: F, h: F) -> None:
    """1e-8: where the optimal slack has no margin, the general program is not solved to more digits."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - h * f.gradient(x)
    worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
    assert worst.status is Status.SOLVED, worst.reason
    assert near(worst.certify().bound, truth(N, h, mu), F(1, 10**8))


@pytest.mark.parametrize(("N", "mu"), [(8, F(1, 2)), (6, F(4, 5))])
def test_a_value_too_small_for_the_general_program_is_undecided_and_the_local_form_has_it(N: int, mu: F) -> None:
    """Written with x_0 and the gradients as a basis, x_N is a difference of large numbers; the residuals show it."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, 1))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - f.gradient(x)
    worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
    true = truth(N, F(1), mu)
    assert worst.status is Status.UNDECIDED or abs(worst.bound / float(true) - 1) <= 1e-5
    assert near(gradient_descent(N, 1, 1, mu).certify().bound, true, F(1, 10**9))
