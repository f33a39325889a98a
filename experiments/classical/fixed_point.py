"""Fixed-point iterations in the gallery."""

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import LipschitzOperator, Problem, WorstCase
from gradproof.theory.classical import fixed_point


@gallery(fixed_point.HALPERN, {"N": 1}, {"N": 4}, broken={"L": "11/10"}, drops="nonexpansive")
def wc_halpern(*, N, L=1) -> WorstCase:
    r"""$\|x_N - T x_N\|^2$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    T = problem.operator(LipschitzOperator(L), "T")
    x_star, x0 = T.fixed_point(), problem.point("x0")
    x = x0
    for k in range(int(N)):
        x = x0 / (k + 2) + (k + 1) * T(x) / (k + 2)
    return problem.worst_case((x - T(x)) ** 2, per=(x0 - x_star) ** 2)


@gallery(
    fixed_point.KRASNOSELSKII_MANN,
    {"gamma": "1/2", "N": 2},
    {"gamma": "3/4", "N": 3},
    broken={"L": "11/10"},
    drops="nonexpansive",
)
def wc_krasnoselskii_mann(*, gamma, N, L=1) -> WorstCase:
    r"""$\|x_N - T x_N\|^2/4$ per $\|x_0 - x_*\|^2$."""
    problem = Problem()
    T = problem.operator(LipschitzOperator(L), "T")
    x_star, x0 = T.fixed_point(), problem.point("x0")
    x = x0
    for _ in range(int(N)):
        x = (1 - gamma) * x + gamma * T(x)
    return problem.worst_case((x - T(x)) ** 2 / 4, per=(x0 - x_star) ** 2)


@gallery(
    fixed_point.CONTRACTIVE_HALPERN, {"c": "11/10", "N": 2}, {"c": 2, "N": 3}, broken={"c_T": 1}, drops="contraction"
)
def wc_contractive_halpern(*, c, N, c_T=None) -> WorstCase:
    r"""$\|x_N - T x_N\|^2$ per $\|x_0 - x_*\|^2$ for $1/c$-Lipschitz $T$."""
    problem = Problem()
    T = problem.operator(LipschitzOperator(1 / (c_T or c)), "T")
    x_star, x0 = T.fixed_point(), problem.point("x0")
    x = x0
    for k in range(int(N)):
        phi = sum((c ** (2 * i) for i in range(k + 2)), start=0 * c)  # (c^(2k+4) - 1) / (c^2 - 1)
        x = x0 / phi + (1 - 1 / phi) * T(x)
    return problem.worst_case((x - T(x)) ** 2, per=(x0 - x_star) ** 2)
