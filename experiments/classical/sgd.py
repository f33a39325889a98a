"""Stochastic gradient steps in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import sgd


@gallery(
    sgd.INTERPOLATION,
    {"mu": "1/10", "L": 1, "gamma": 1, "n": 2},
    {"mu": 1, "L": 3, "gamma": "3/5", "n": 3},
    broken={"mu": "1/20"},
    drops="each",
)
def wc_sgd_interpolation(*, mu, L, gamma, n) -> WorstCase:
    r"""$\mathbb{E} \|x_1 - x_*\|^2$ per $\|x_0 - x_*\|^2$ when all functions share a minimiser."""
    problem = Problem()
    fs = [problem.function(SmoothStronglyConvex(mu, L), f"f{i}") for i in range(int(n))]
    x_star, x = fs[0].minimiser(), problem.point("x0")
    for f in fs[1:]:
        f.declare(x_star, 0 * x, label="*")
    steps = [(x - gamma * f.gradient(x) - x_star) ** 2 for f in fs]
    return problem.worst_case(sum(steps[1:], start=steps[0]) / n, per=(x - x_star) ** 2)
