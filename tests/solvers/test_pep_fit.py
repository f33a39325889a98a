"""Closed forms are recovered from exact multipliers, and data without one are refused."""

from fractions import Fraction

import pytest
import sympy as sp

from gradproof.solvers.pep import PepError, Problem, SmoothStronglyConvex
from gradproof.solvers.pep.certify.fit import NoFit, fit


def multiplier(mu, L, gamma):
    """Of the pair (x_0, x_*) in a proof of the exact contraction of one gradient step."""
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, L))
    x_star, x = f.minimiser(), p.point("x0")
    worst = p.worst_case((x - gamma * f.gradient(x) - x_star) ** 2, per=(x - x_star) ** 2)
    proof = worst.certify(bound=(1 - gamma * mu) ** 2).proof
    return next(u.multiplier for u in proof.uses if u.points == ("0", "*"))


def test_the_multiplier_of_gradient_descent_is_found_from_certificates():
    """2 gamma (1 - gamma mu), whatever L is: the one of ``theory.classical._gd_proofs.contraction``."""
    grid = [(Fraction(m), Fraction(1, g)) for m in (1, 2, 3, 4) for g in (15, 17, 19, 21, 23)]
    mu, gamma = sp.symbols("mu gamma")
    found = fit({p: multiplier(p[0], Fraction(8), p[1]) for p in grid}, ["mu", "gamma"], degree=3)
    assert sp.expand(found - 2 * gamma * (1 - gamma * mu)) == 0


def test_rational_functions_of_two_variables():
    points = {(Fraction(k), Fraction(n)): Fraction(k, 2 * n + 1 - k) for n in range(3, 8) for k in range(1, n)}
    k, n = sp.symbols("k n")
    assert sp.simplify(fit(points, ["k", "n"]) - k / (2 * n + 1 - k)) == 0


def test_what_has_no_closed_form_is_refused():
    points = {(Fraction(k),): Fraction(2) ** k for k in range(12)}
    with pytest.raises(NoFit, match="degree 3"):
        fit(points, ["k"], degree=3)
    with pytest.raises(NoFit, match="too few"):
        fit(dict(list(points.items())[:4]), ["k"])
    with pytest.raises(PepError, match="coordinate"):
        fit(points, ["k", "n"])
