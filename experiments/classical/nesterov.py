"""Nesterov's accelerated gradient method in the gallery."""

from fractions import Fraction

from gradproof.experiments.classical._gallery import gallery, rational_root
from gradproof.solvers.pep import Problem, SmoothConvex, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import nesterov


@gallery(
    nesterov.FUNCTION_VALUE, {"L": 1, "N": 1}, {"L": 1, "N": 2}, {"L": 2, "N": 4}, broken={"L_f": 2}, drops="smooth"
)
def wc_accelerated_gradient(*, L, N, L_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$ with momentum $(k-1)/(k+2)$."""
    problem = Problem()
    f = problem.function(SmoothConvex(L_f or L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    x = y = x0
    for k in range(int(N)):
        x, before = y - f.gradient(y) / L, x
        y = x + Fraction(k, k + 3) * (x - before)
    return problem.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(
    nesterov.STRONGLY_CONVEX_CASE,
    {"mu": 1, "L": 16, "N": 3},
    {"mu": 1, "L": 9, "N": 1},
    broken={"mu_f": "1/100"},
    drops="strongly-convex",
)
def wc_accelerated_gradient_strongly_convex(*, mu, L, N, mu_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_* + \mu/2 \|x_0 - x_*\|^2$ with constant momentum."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu_f or mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    root = rational_root(mu / L)
    x = y = x0
    for _ in range(int(N)):
        x, before = y - f.gradient(y) / L, x
        y = x + (1 - root) / (1 + root) * (x - before)
    return problem.worst_case(f(x) - f(x_star), per=f(x0) - f(x_star) + mu / 2 * (x0 - x_star) ** 2)
