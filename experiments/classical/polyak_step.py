"""Polyak's step in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import polyak_step


@gallery(
    polyak_step.DISTANCE,
    {"mu": 1, "L": 4, "gamma": "2/5"},
    {"mu": "1/10", "L": 1, "gamma": 2},
    broken={"mu": "1/10"},
    drops="strongly-convex",
    instance=False,
)
def wc_polyak_step(*, mu, L, gamma) -> WorstCase:
    r"""$\|x_1 - x_*\|^2$ per $\|x_0 - x_*\|^2$, given that the step was $\gamma$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x = f.minimiser(), problem.point("x0")
    problem.assume((gamma * f.gradient(x) ** 2).equals(2 * (f(x) - f(x_star))), name="polyak")
    return problem.worst_case((x - gamma * f.gradient(x) - x_star) ** 2, per=(x - x_star) ** 2)
