"""The Frank-Wolfe method in the gallery."""

from fractions import Fraction

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Indicator, Problem, SmoothConvex, WorstCase, linear_minimiser
from gradproof.theory.classical import frank_wolfe


@gallery(
    frank_wolfe.FUNCTION_VALUE, {"L": 1, "D": 1, "N": 1}, {"L": 2, "D": 1, "N": 3}, broken={"D": 2}, drops="diameter"
)
def wc_frank_wolfe(*, L, D, N) -> WorstCase:
    r"""$f(x_N) - f_*$ over sets of diameter $D$."""
    problem = Problem()
    f, h = problem.function(SmoothConvex(L)), problem.function(Indicator(D))
    x_star, x = problem.minimiser(f, h), h.contains(problem.point("x0"))
    for k in range(int(N)):
        x = x + Fraction(2, k + 2) * (linear_minimiser(h, f.gradient(x)) - x)
    return problem.worst_case(f(x) - f(x_star))
