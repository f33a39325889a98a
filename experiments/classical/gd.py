"""Gradient descent in the gallery: exact worst cases and certificates of the rates in ``theory.classical.gd``."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import (
    PolyakLojasiewicz,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    Vector,
    WorstCase,
)
from gradproof.solvers.pep.problem import Mapping
from gradproof.theory.classical import gd


def descend(f: Mapping, x: Vector, gamma, N) -> Vector:
    """N gradient steps."""
    for _ in range(int(N)):
        x = x - gamma * f.gradient(x)
    return x


@gallery(gd.CONTRACTION, {"mu": 1, "L": 10, "gamma": "1/10", "N": 2}, {"mu": 1, "L": 10, "gamma": "2/11", "N": 1},
         {"mu": 1, "L": 100, "gamma": "3/200", "N": 2}, {"mu": 0, "L": 1, "gamma": "5/2", "N": 1},
         broken={"mu": "1/2"}, drops="strongly-convex")
def wc_gradient_descent_contraction(*, mu, L, gamma, N) -> WorstCase:
    """||x_N - x_*||^2 per ||x_0 - x_*||^2 over F(mu, L)."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    x = descend(f, x0, gamma, N)
    f.sample(x)
    return problem.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)


@gallery(gd.FUNCTION_VALUE, {"L": 1, "gamma": 1, "N": 1}, {"L": 1, "gamma": 1, "N": 5}, {"L": 2, "gamma": "1/4", "N": 3},
         {"L": 1, "gamma": "3/2", "N": 2}, {"L": 1, "gamma": "19/10", "N": 3}, broken={"L": 2}, drops="smooth")
def wc_gradient_descent(*, L, gamma, N) -> WorstCase:
    """f_N - f_* per ||x_0 - x_*||^2 over smooth convex functions."""
    problem = Problem()
    f = problem.function(SmoothConvex(L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(gd.FUNCTION_VALUE_STRONG, {"mu": "1/10", "L": 1, "gamma": 1, "N": 2}, {"mu": 1, "L": 4, "gamma": "1/5", "N": 3},
         broken={"mu": "1/100"}, drops="strongly-convex")
def wc_gradient_descent_strong(*, mu, L, gamma, N) -> WorstCase:
    """f_N - f_* per ||x_0 - x_*||^2 over F(mu, L)."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(gd.FUNCTION_CONTRACTION, {"mu": "1/10", "L": 1, "gamma": 1, "N": 2}, {"mu": 1, "L": 5, "gamma": "3/10", "N": 1},
         broken={"mu": "1/100"}, drops="strongly-convex")
def wc_gradient_descent_values(*, mu, L, gamma, N) -> WorstCase:
    """f_N - f_* per f_0 - f_* over F(mu, L)."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=f(x0) - f(x_star))


@gallery(gd.GRADIENT_CONTRACTION, {"mu": "1/10", "L": 1, "gamma": 1, "N": 2}, {"mu": 1, "L": 5, "gamma": "7/20", "N": 2},
         broken={"mu": "1/100"}, drops="strongly-convex")
def wc_gradient_descent_gradients(*, mu, L, gamma, N) -> WorstCase:
    """||grad f(x_N)||^2 per ||grad f(x_0)||^2 over F(mu, L)."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    f.minimiser()
    x0 = problem.point("x0")
    return problem.worst_case(f.gradient(descend(f, x0, gamma, N)) ** 2, per=f.gradient(x0) ** 2)


@gallery(gd.GRADIENT_CONVEX, {"L": 1, "gamma": 1, "N": 2}, {"L": 2, "gamma": "3/4", "N": 2}, broken={"L": 2}, drops="smooth")
def wc_gradient_descent_gradient_norm(*, L, gamma, N) -> WorstCase:
    """||grad f(x_N)||^2 per ||x_0 - x_*||^2 over smooth convex functions."""
    problem = Problem()
    f = problem.function(SmoothConvex(L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f.gradient(descend(f, x0, gamma, N)) ** 2, per=(x0 - x_star) ** 2)


@gallery(gd.GRADIENT_NONCONVEX, {"L": 1, "gamma": 1, "N": 1}, {"L": 1, "gamma": 1, "N": 4}, {"L": 2, "gamma": "2/3", "N": 2},
         broken={"L": 3}, drops="smooth")
def wc_gradient_descent_nonconvex(*, L, gamma, N) -> WorstCase:
    """min ||grad f(x_k)||^2 per f_0 - inf f over smooth functions."""
    problem = Problem()
    f = problem.function(Smooth(L))
    x = x0 = problem.point("x0")
    best = problem.value("best", scale=float(L))
    for k in range(int(N) + 1):
        problem.assume(best <= f.gradient(x) ** 2)
        if k < N:
            x = x - gamma * f.gradient(x)
    return problem.worst_case(best, per=f(x0) - f.lower_bound())


@gallery(gd.QUADRATICS, {"L": 1, "gamma": 1, "N": 1}, {"L": 1, "gamma": 1, "N": 3}, {"L": 2, "gamma": "19/20", "N": 2},
         broken={"gamma": "1/2"}, drops="the step size of the bound", proves=False)
def wc_gradient_descent_quadratics(*, L, gamma, N) -> WorstCase:
    """f_N - f_* per ||x_0 - x_*||^2 over convex quadratics."""
    problem = Problem()
    f = problem.function(Quadratic(0, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(gd.PL, {"mu": "1/10", "L": 1, "gamma": 1, "N": 1}, {"mu": "1/5", "L": 2, "gamma": "1/4", "N": 3},
         broken={"mu": "1/100"}, drops="pl")
def wc_gradient_descent_pl(*, mu, L, gamma, N) -> WorstCase:
    """f_N - f_* per f_0 - f_* under the Polyak-Lojasiewicz inequality."""
    problem = Problem()
    f = problem.function(PolyakLojasiewicz(mu, L))
    f.minimiser()
    x0 = problem.point("x0")
    low = f.lower_bound()
    return problem.worst_case(f(descend(f, x0, gamma, N)) - low, per=f(x0) - low)
