"""Methods for monotone inclusions in the gallery."""

from fractions import Fraction

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Cocoercive, Problem, StronglyMonotone, WorstCase, proximal
from gradproof.theory.classical import monotone


@gallery(monotone.PROXIMAL_POINT, {"N": 2}, {"N": 4}, broken={"mu": "-1/10"}, drops="monotone")
def wc_proximal_point_operator(*, N, mu=0) -> WorstCase:
    r"""$\|x_N - x_{N-1}\|^2$ per $\|x_0 - x_*\|^2$, step 1."""
    problem = Problem()
    A = problem.operator(StronglyMonotone(mu), "A")
    x_star, x0 = A.minimiser(), problem.point("x0")
    x = before = x0
    for _ in range(int(N)):
        x, before = proximal(A, x, 1), x
    return problem.worst_case((x - before) ** 2, per=(x0 - x_star) ** 2)


@gallery(
    monotone.CONTRACTION,
    {"mu": 1, "gamma": "1/2", "N": 1},
    {"mu": "1/5", "gamma": 1, "N": 3},
    broken={"mu": "1/10"},
    drops="strongly-monotone",
)
def wc_resolvent_contraction(*, mu, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    A = problem.operator(StronglyMonotone(mu), "A")
    x_star, x = A.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(A, x, gamma)
    return problem.worst_case((x - x_star) ** 2, per=start)


@gallery(monotone.ACCELERATED, {"N": 2}, {"N": 4}, broken={"mu": "-1/10"}, drops="monotone")
def wc_accelerated_proximal_point(*, N, mu=0) -> WorstCase:
    r"""$\|x_N - y_N\|^2$ per $\|x_0 - x_*\|^2$, step 1."""
    problem = Problem()
    A = problem.operator(StronglyMonotone(mu), "A")
    x_star, x0 = A.minimiser(), problem.point("x0")
    x = x_old = y = y_old = x0
    for k in range(int(N)):
        if k:
            step = Fraction(k - 1, k + 1)
            y, y_old = x + step * (x - x_old) - step * (x_old - y_old), y
        x, x_old = proximal(A, y, 1), x
    return problem.worst_case((x - y) ** 2, per=(x0 - x_star) ** 2)


@gallery(
    monotone.FORWARD,
    {"mu": "1/2", "L": 1, "gamma": "1/2", "N": 1},
    {"mu": 1, "L": 3, "gamma": "1/9", "N": 2},
    broken={"mu": "1/10"},
    drops="strongly-monotone",
    instance=False,
)
def wc_forward_step(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    A = problem.operator(StronglyMonotone(mu, L), "A")
    x_star, x = A.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = x - gamma * A(x)
    return problem.worst_case((x - x_star) ** 2, per=start)


@gallery(
    monotone.COCOERCIVE,
    {"beta": 1, "gamma": 1, "N": 2},
    {"beta": "1/2", "gamma": "1/4", "N": 3},
    broken={"beta": "1/4"},
    drops="cocoercive",
)
def wc_cocoercive_forward(*, beta, gamma, N) -> WorstCase:
    r"""$\|A x_N\|^2$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    A = problem.operator(Cocoercive(beta), "A")
    x_star, x = A.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = x - gamma * A(x)
    return problem.worst_case(A(x) ** 2, per=start)
