"""Proximal and projected gradient in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import (
    Convex,
    FunctionClass,
    Indicator,
    Problem,
    SmoothConvex,
    SmoothStronglyConvex,
    WorstCase,
    proximal,
)
from gradproof.theory.classical import proximal_gradient


def _contraction(other: FunctionClass, mu, L, gamma, N) -> WorstCase:
    problem = Problem()
    f, h = problem.function(SmoothStronglyConvex(mu, L)), problem.function(other)
    x_star, x = problem.minimiser(f, h), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(h, x - gamma * f.gradient(x), gamma)
    return problem.worst_case((x - x_star) ** 2, per=start)


@gallery(
    proximal_gradient.CONTRACTION,
    {"mu": 1, "L": 10, "gamma": "1/10", "N": 1},
    {"mu": 1, "L": 4, "gamma": "9/20", "N": 2},
    broken={"mu": "1/2"},
    drops="strongly-convex",
)
def wc_proximal_gradient(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$."""
    return _contraction(Convex(), mu, L, gamma, N)


@gallery(
    proximal_gradient.PROJECTED,
    {"mu": 1, "L": 10, "gamma": "1/10", "N": 1},
    {"mu": 1, "L": 2, "gamma": "2/3", "N": 2},
    broken={"mu": "1/2"},
    drops="strongly-convex",
)
def wc_projected_gradient(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$, with a projection."""
    return _contraction(Indicator(), mu, L, gamma, N)


@gallery(proximal_gradient.FUNCTION_VALUE, {"L": 1, "N": 1}, {"L": 2, "N": 3}, broken={"L_f": 2}, drops="smooth")
def wc_proximal_gradient_values(*, L, N, L_f=None) -> WorstCase:
    r"""$F(x_N) - F_*$ per $\|x_0 - x_*\|^2$ with steps $1/L$."""
    problem = Problem()
    f, h = problem.function(SmoothConvex(L_f or L)), problem.function(Convex())
    x_star, x = problem.minimiser(f, h), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(h, x - f.gradient(x) / L, 1 / L)
    return problem.worst_case(f(x) + h(x) - f(x_star) - h(x_star), per=start)
