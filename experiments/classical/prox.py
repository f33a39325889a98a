"""The proximal point method in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Convex, Problem, StronglyConvex, WorstCase, proximal
from gradproof.theory.classical import prox


@gallery(prox.FUNCTION_VALUE, {"gamma": 1, "N": 1}, {"gamma": 1, "N": 3}, {"gamma": "5/2", "N": 5}, broken={"gamma": "1/2"},
         drops="the step size of the bound")
def wc_proximal_point(*, gamma, N) -> WorstCase:
    """f_N - f_* per ||x_0 - x_*||^2 over convex functions."""
    problem = Problem()
    f = problem.function(Convex())
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case(f(x) - f(x_star), per=start)


@gallery(prox.GRADIENT, {"gamma": 1, "N": 1}, {"gamma": "1/2", "N": 4}, broken={"gamma": "1/4"}, drops="the step size of the bound")
def wc_proximal_point_gradient(*, gamma, N) -> WorstCase:
    """||g_N||^2 per ||x_0 - x_*||^2 over convex functions."""
    problem = Problem()
    f = problem.function(Convex())
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case(f.gradient(x) ** 2, per=start)


@gallery(prox.CONTRACTION, {"mu": 1, "gamma": 1, "N": 1}, {"mu": "1/3", "gamma": 2, "N": 3}, broken={"mu": "1/2"},
         drops="strongly-convex")
def wc_proximal_point_contraction(*, mu, gamma, N) -> WorstCase:
    """||x_N - x_*||^2 per ||x_0 - x_*||^2 over strongly convex functions."""
    problem = Problem()
    f = problem.function(StronglyConvex(mu))
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case((x - x_star) ** 2, per=start)
