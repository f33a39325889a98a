"""The proximal point method in the gallery."""

from collections.abc import Iterator

from gradproof.experiments.classical._gallery import gallery, same_bound
from gradproof.experiments.engine.check import Certificate, Context, Evidence, check
from gradproof.solvers.pep import Convex, Problem, StronglyConvex, WorstCase, proximal
from gradproof.theory.classical import prox
from gradproof.theory.classical._gd_proofs import proximal_point
from gradproof.theory.evidence import Level


@check(prox.FUNCTION_VALUE, level=Level.CERTIFIED)
def function_value_for_all_steps(ctx: Context) -> Iterator[Evidence]:
    r"""Proofs over $\mathbb{Q}(\gamma)$ of $N = 1, \ldots, 5$ proximal steps of any size; the bounds are the claim's."""
    for n in range(1, 6):
        proof = proximal_point(n)
        yield Certificate(proof, {"N": n})
        yield same_bound(ctx.claim, proof, N=n)


@gallery(
    prox.FUNCTION_VALUE,
    {"gamma": 1, "N": 1},
    {"gamma": 1, "N": 3},
    {"gamma": "5/2", "N": 5},
    broken={"gamma": "1/2"},
    other="shorter steps than the bound is for",
)
def wc_proximal_point(*, gamma, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$ over convex functions."""
    problem = Problem()
    f = problem.function(Convex())
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case(f(x) - f(x_star), per=start)


@gallery(
    prox.GRADIENT,
    {"gamma": 1, "N": 1},
    {"gamma": "1/2", "N": 4},
    broken={"gamma": "1/4"},
    other="shorter steps than the bound is for",
)
def wc_proximal_point_gradient(*, gamma, N) -> WorstCase:
    r"""$\|g_N\|^2$ per $\|x_0 - x_*\|^2$ over convex functions."""
    problem = Problem()
    f = problem.function(Convex())
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case(f.gradient(x) ** 2, per=start)


@gallery(
    prox.CONTRACTION,
    {"mu": 1, "gamma": 1, "N": 1},
    {"mu": "1/3", "gamma": 2, "N": 3},
    broken={"mu": "1/2"},
    drops="strongly-convex",
)
def wc_proximal_point_contraction(*, mu, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$ over strongly convex functions."""
    problem = Problem()
    f = problem.function(StronglyConvex(mu))
    x_star, x = f.minimiser(), problem.point("x0")
    start = (x - x_star) ** 2
    for _ in range(int(N)):
        x = proximal(f, x, gamma)
    return problem.worst_case((x - x_star) ** 2, per=start)
