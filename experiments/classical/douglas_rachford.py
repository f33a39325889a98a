"""Douglas-Rachford splitting in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Convex, Problem, SmoothStronglyConvex, StronglyMonotone, WorstCase, proximal
from gradproof.theory.classical import douglas_rachford


@gallery(
    douglas_rachford.CONTRACTION,
    {"mu": "1/10", "L": 1, "gamma": 3, "N": 1},
    {"mu": 1, "L": 2, "gamma": "1/2", "N": 2},
    broken={"mu": "1/20"},
    drops="strongly-convex",
)
def wc_douglas_rachford_contraction(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|w_N - w_*\|^2$ per $\|w_0 - w_*\|^2$, $w_*$ the fixed point."""
    problem = Problem()
    f, h = problem.function(SmoothStronglyConvex(mu, L)), problem.function(Convex())
    x_star = problem.minimiser(f, h)
    w_star = x_star + gamma * h.gradient(x_star)
    w = w_star + problem.point("w0-w*")
    start = (w - w_star) ** 2
    for _ in range(int(N)):
        x = proximal(h, w, gamma)
        w = w + proximal(f, 2 * x - w, gamma) - x
    return problem.worst_case((w - w_star) ** 2, per=start)


@gallery(douglas_rachford.RESIDUAL, {"N": 1}, {"N": 2}, broken={"mu": "-1/10"}, drops="monotone")
def wc_douglas_rachford_residual(*, N, mu=0) -> WorstCase:
    r"""$\|w_{N+1} - w_N\|^2$ per $\|w_0 - w_*\|^2$."""
    problem = Problem()
    A, B = problem.operator(StronglyMonotone(mu), "A"), problem.operator(StronglyMonotone(mu), "B")
    x_star = problem.minimiser(A, B)
    w_star = x_star + B(x_star)
    w = w_star + problem.point("w0-w*")
    start, before = (w - w_star) ** 2, w
    for _ in range(int(N) + 1):
        x = proximal(B, w, 1)
        w, before = w + proximal(A, 2 * x - w, 1) - x, w
    return problem.worst_case((w - before) ** 2, per=start)
