"""Error feedback in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Contractive, Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import ef


@gallery(
    ef.EF21,
    {"mu": "7/25", "L": 1, "q": "1/9"},
    {"mu": 7, "L": 25, "q": "1/9"},
    broken={"mu_f": "1/10"},
    drops="strongly-convex",
)
def wc_ef21(*, mu, L, q, mu_f=None) -> WorstCase:
    r"""$V^{t+1}$ per $V^t$ for EF21 with one worker."""
    problem = Problem()
    f, C = problem.function(SmoothStronglyConvex(mu_f or mu, L)), problem.operator(Contractive(q**2), "C")
    f.minimiser()
    x, g = problem.point("x"), problem.point("g", scale=float(L))
    eta = 2 * (1 - q) / ((L + mu) * (1 + q))
    moved = x - eta * g
    received = g + C(f.gradient(moved) - g)

    def lyapunov(x, g):
        return q * f.gradient(x) ** 2 + (g - f.gradient(x)) ** 2

    return problem.worst_case(lyapunov(moved, received), per=lyapunov(x, g))
