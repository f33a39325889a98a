"""FISTA in the gallery."""

from fractions import Fraction

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Convex, Problem, SmoothConvex, WorstCase, proximal
from gradproof.theory.classical import fista


@gallery(fista.FUNCTION_VALUE, {"L": 1, "N": 1}, {"L": 2, "N": 3}, broken={"L_f": 2}, drops="smooth")
@gallery(fista.CLASSICAL, {"L": 1, "N": 2}, {"L": 1, "N": 4}, broken={"L_f": 3}, drops="smooth")
def wc_accelerated_proximal_gradient(*, L, N, L_f=None) -> WorstCase:
    r"""$F(x_N) - F_*$ per $\|x_0 - x_*\|^2$ with momentum $(k-1)/(k+2)$."""
    problem = Problem()
    f, h = problem.function(SmoothConvex(L_f or L)), problem.function(Convex())
    x_star, x0 = problem.minimiser(f, h), problem.point("x0")
    x = y = x0
    for k in range(int(N)):
        x, before = proximal(h, y - f.gradient(y) / L, 1 / L), x
        y = x + Fraction(k, k + 3) * (x - before)
    return problem.worst_case(f(x) + h(x) - f(x_star) - h(x_star), per=(x0 - x_star) ** 2)
