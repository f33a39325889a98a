"""Decentralised gradient descent in the gallery, on two agents."""

from typing import Any

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import dgd


@gallery(
    dgd.CONTRACTION,
    {"mu": "1/10", "L": 1, "gamma": "1/2", "w": "1/2", "N": 1},
    {"mu": 1, "L": 3, "gamma": "1/2", "w": 0, "N": 2},
    {"mu": 1, "L": 2, "gamma": "2/3", "w": "-1/3", "N": 1},
    broken={"mu": "1/100"},
    drops="each",
)
def wc_decentralised_gradient_descent(*, mu, L, gamma, w, N) -> WorstCase:
    r"""Sum of $\|x_i^N - x_i^*\|^2$ per the same at the start, two agents with mixing weights $(1+w)/2$, $(1-w)/2$."""
    problem = Problem()
    fs = [problem.function(SmoothStronglyConvex(mu, L), name) for name in ("f0", "f1")]

    def mixed(x: list[Any]) -> list[Any]:
        return [(1 + w) / 2 * x[i] + (1 - w) / 2 * x[1 - i] for i in (0, 1)]

    fixed = [problem.anchor("0*"), problem.anchor("1*")]
    for f, star, y in zip(fs, fixed, mixed(fixed), strict=True):
        f.declare(star, (y - star) / gamma, label="*")  # at the fixed point the mixing undoes the gradient step
    apart = [problem.point("x0-x0*"), problem.point("x1-x1*")]
    x = [a + b for a, b in zip(fixed, apart, strict=True)]
    for _ in range(int(N)):
        x = [y - gamma * f.gradient(old) for f, old, y in zip(fs, x, mixed(x), strict=True)]
    far = [(a - b) ** 2 for a, b in zip(x, fixed, strict=True)]
    return problem.worst_case(far[0] + far[1], per=apart[0] ** 2 + apart[1] ** 2)
