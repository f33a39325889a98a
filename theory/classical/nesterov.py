"""Nesterov's accelerated gradient method, with the momenta (k-1)/(k+2) and (1-sqrt(mu/L))/(1+sqrt(mu/L))."""

import sympy as sp

from gradproof.theory.classical._words import CONVEX, MINIMISER, MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="nesterov",
    authors=("Nesterov",),
    year=1983,
    family="classical",
    title="A method for solving the convex programming problem with convergence rate $O(1/k^2)$",
    venue="Soviet Mathematics Doklady 27",
)
_mu, _L, _N = mu.symbol, L.symbol, N.symbol

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ accelerated steps, convex case",
    "f(x_N)-f_*",
    2 * _L / (_N**2 + 5 * _N + 6),
    r"\|x_0-x_*\|^2",
    (L, N),
    (CONVEX, SMOOTH, MINIMISER),
    tight=True,
    source="Taylor, Hendrickx, Glineur (2017), arXiv:1512.07516, Table 1",
    confidence="recalled",
)
STRONGLY_CONVEX_CASE = rate(
    PAPER,
    "strongly-convex",
    "Function value after $N$ accelerated steps with constant momentum",
    "f(x_N)-f_*",
    (1 - sp.sqrt(_mu / _L)) ** _N,
    r"(f(x_0)-f_*+\frac\mu2\|x_0-x_*\|^2)",
    (mu, L, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L),
    tight=False,
    source="d'Aspremont, Scieur, Taylor (2021), arXiv:2101.09545, Corollary 4.15",
    remark=r"for $\mu/L$ the square of a rational the momentum is rational; elsewhere it is rounded by the gallery",
)
register(FUNCTION_VALUE, STRONGLY_CONVEX_CASE)
