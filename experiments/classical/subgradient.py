"""The subgradient method in the gallery."""

from gradproof.experiments.classical._gallery import gallery, rational_root
from gradproof.solvers.pep import ConvexLipschitz, Problem, WorstCase
from gradproof.theory.classical import subgradient


@gallery(
    subgradient.FIXED_STEP,
    {"M": 1, "R": 1, "gamma": "1/2", "N": 2},
    {"M": 2, "R": 1, "gamma": "1/10", "N": 3},
    broken={"R_0": 2},
    drops="start",
)
def wc_subgradient_fixed_step(*, M, R, gamma, N, R_0=None) -> WorstCase:
    r"""$\min_k f(x_k) - f_*$ for $\|x_0 - x_*\| \le R$."""
    problem = Problem()
    f = problem.function(ConvexLipschitz(M))
    x_star, x = f.minimiser(), problem.point("x0")
    problem.assume((x - x_star) ** 2 <= (R_0 or R) ** 2)
    best = problem.value("best")
    for k in range(int(N) + 1):
        problem.assume(best <= f(x) - f(x_star))
        if k < N:
            x = x - gamma * f.gradient(x)
    return problem.worst_case(best)


@gallery(subgradient.BEST_VALUE, {"M": 1, "R": 1, "N": 3}, {"M": 2, "R": 3, "N": 3}, broken={"R_0": 2}, drops="start")
def wc_subgradient(*, M, R, N, R_0=None) -> WorstCase:
    r"""$\min_k f(x_k) - f_*$ for $\|x_0 - x_*\| \le R$, steps $R/(M \sqrt{N+1})$; $N + 1$ must be a square."""
    return wc_subgradient_fixed_step(M=M, R=R, gamma=R / (M * rational_root(N + 1)), N=N, R_0=R_0)
