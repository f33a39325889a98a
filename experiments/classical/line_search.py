"""Exact line search and inexact gradients in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Contractive, Problem, SmoothStronglyConvex, WorstCase
from gradproof.solvers.pep import line_search as search
from gradproof.theory.classical import line_search


@gallery(
    line_search.EXACT,
    {"mu": "1/10", "L": 1, "N": 1},
    {"mu": 1, "L": 3, "N": 2},
    broken={"mu": "1/20"},
    drops="strongly-convex",
    instance=False,
)
def wc_gradient_exact_line_search(*, mu, L, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x = f.minimiser(), problem.point("x0")
    start = f(x) - f(x_star)
    for _ in range(int(N)):
        x = search(f, x, f.gradient(x))
    return problem.worst_case(f(x) - f(x_star), per=start)


@gallery(
    line_search.INEXACT_STEP,
    {"mu": "1/10", "L": 1, "epsilon": "1/10", "N": 1},
    {"mu": 1, "L": 3, "epsilon": "1/5", "N": 2},
    broken={"mu_f": "1/20"},
    drops="strongly-convex",
)
def wc_inexact_gradient(*, mu, L, epsilon, N, mu_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$ along directions of relative error $\epsilon$."""
    problem = Problem()
    f, direction = problem.function(SmoothStronglyConvex(mu_f or mu, L)), problem.operator(Contractive(epsilon**2))
    x_star, x = f.minimiser(), problem.point("x0")
    start = f(x) - f(x_star)
    gamma = 2 / ((1 + epsilon) * L + (1 - epsilon) * mu)
    for _ in range(int(N)):
        x = x - gamma * direction(f.gradient(x))
    return problem.worst_case(f(x) - f(x_star), per=start)
