"""Lyapunov functions: found where one exists, none where none does, never a guess in between."""

from fractions import Fraction

import pytest

from gradproof.solvers.lyapunov import OneStep, Outcome, best_rate, quadratic, search
from gradproof.solvers.pep import Contractive, PepError, Problem, SmoothConvex, SmoothStronglyConvex
from gradproof.theory.proof import check


def gradient_step(mu, L, gamma):
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, L))
    x_star, x = f.minimiser(), p.point("x")
    after = x - gamma * f.gradient(x)
    return OneStep(p, [x - x_star], [after - x_star], (x - x_star) ** 2)


def error_feedback(mu, L, q):
    """Classical error feedback with one worker."""
    p = Problem()
    f, C = p.function(SmoothStronglyConvex(mu, L)), p.operator(Contractive(q**2), "C")
    x_star, x, e = f.minimiser(), p.point("x"), p.point("e")
    wanted = e + 2 * (1 - q) / ((L + mu) * (1 + q)) * f.gradient(x)
    sent = C(wanted)
    y, left = x - sent, wanted - sent
    return OneStep(p, [x - x_star, f.gradient(x), e], [y - x_star, f.gradient(y), left], (x - x_star) ** 2)


def test_gradient_descent_contracts_at_its_rate_and_not_faster():
    step = gradient_step(1, 10, Fraction(1, 10))
    bracket = best_rate(step, tolerance=Fraction(1, 500))
    assert bracket.low < Fraction(81, 100) < bracket.high
    assert bracket.high - bracket.low <= Fraction(1, 500)
    assert not bracket.reason
    assert bracket.function.rate == bracket.high
    for certificate in (bracket.function.decrease, bracket.function.bound):
        check(certificate.proof)


def test_the_certificate_speaks_of_the_rounded_function():
    step = gradient_step(1, 10, Fraction(1, 10))
    answer = search(step, Fraction(9, 10))
    assert answer.outcome is Outcome.FOUND
    V = quadratic(step.state, answer.function.P, [], [])
    after = quadratic(step.after, answer.function.P, [], [])
    target = (after - Fraction(9, 10) * V).form
    assert answer.function.decrease.proof.statement.target.quadratic == target.quadratic


def test_error_feedback_has_the_rate_of_ef21():
    """Thomsen, Taylor, Dieuleveut (2025): the same rate for both, 4/9 at mu = 7/25, L = 1, q = 1/9."""
    step = error_feedback(Fraction(7, 25), Fraction(1), Fraction(1, 9))
    assert search(step, Fraction(4, 9) * Fraction(101, 100)).outcome is Outcome.FOUND
    assert search(step, Fraction(4, 9) * Fraction(9, 10)).outcome is not Outcome.FOUND


def test_none_is_found_below_the_rate():
    answer = search(gradient_step(1, 10, Fraction(1, 10)), Fraction(8, 10))
    assert answer.outcome is Outcome.NONE
    assert answer.function is None
    assert "floor" in answer.reason


def test_a_failed_solve_is_undecided(monkeypatch):
    from gradproof.solvers import lyapunov

    monkeypatch.setattr(lyapunov._Model, "solve", lambda self, share: ("NumericalError", float("nan"), None, None))
    answer = search(gradient_step(1, 10, Fraction(1, 10)), Fraction(9, 10))
    assert answer.outcome is Outcome.UNDECIDED
    assert "NumericalError" in answer.reason


def test_bad_input_is_refused():
    step = gradient_step(1, 10, Fraction(1, 10))
    with pytest.raises(PepError, match="rate = 0"):
        search(step, 0)
    with pytest.raises(PepError, match="rate = nan"):
        search(step, float("nan"))
    with pytest.raises(PepError, match="low < high"):
        best_rate(step, 1, 1)
    with pytest.raises(PepError, match="no Lyapunov function at the largest rate"):
        best_rate(step, 0, Fraction(1, 2))
    p = Problem()
    f = p.function(SmoothConvex(1))
    x = p.point("x")
    with pytest.raises(PepError, match="before the step"):
        OneStep(p, [x], [], f(x))
