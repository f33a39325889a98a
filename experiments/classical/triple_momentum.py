"""The triple momentum method in the gallery."""

from gradproof.experiments.classical._gallery import gallery, rational_root
from gradproof.solvers.pep import Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import triple_momentum


@gallery(
    triple_momentum.FUNCTION_VALUE,
    {"mu": 1, "L": 4, "N": 2},
    {"mu": 1, "L": 9, "N": 3},
    broken={"L_f": 16},
    drops="smooth",
)
def wc_triple_momentum(*, mu, L, N, L_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L_f or L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    rho = 1 - rational_root(mu / L)
    beta = rho**2 / (2 - rho)
    gamma, delta = beta / (1 + rho), rho**2 / (1 - rho**2)
    before = now = y = out = x0
    for _ in range(int(N)):
        now, before = (1 + beta) * now - beta * before - (1 + rho) / L * f.gradient(y), now
        y = (1 + gamma) * now - gamma * before
        out = (1 + delta) * now - delta * before
    return problem.worst_case(f(out) - f(x_star), per=(x0 - x_star) ** 2)
