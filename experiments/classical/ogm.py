"""The optimised gradient methods in the gallery."""

from fractions import Fraction
from math import isqrt

from gradproof.experiments.classical._gallery import gallery
from gradproof.solvers.pep import Problem, SmoothConvex, WorstCase
from gradproof.theory.classical import ogm

#: The momenta are irrational from the second step on. So many bits after the point are kept that the worst case of the rounded
#: method differs from that of the method by far less than the solver's gap; a certificate would be of the rounded one.
BITS = 100


def thetas(N: int) -> list[Fraction]:
    """theta_0..theta_N of Kim and Fessler, roots rounded to ``BITS`` bits after the point."""
    theta = [Fraction(1)]
    for k in range(N):
        radicand = 1 + (8 if k == N - 1 else 4) * theta[-1] ** 2
        root = Fraction(isqrt(radicand.numerator * 4**BITS // radicand.denominator), 2**BITS)
        theta.append((1 + root) / 2)
    return theta


def optimised(L, N: int, L_f=None) -> WorstCase:
    """f_N - f_* per ||x_0 - x_*||^2 for the optimised gradient method."""
    problem = Problem()
    f = problem.function(SmoothConvex(L_f or L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    theta = thetas(N)
    x = y = x0
    for k in range(N):
        x, before = y - f.gradient(y) / L, x
        y = x + (theta[k] - 1) / theta[k + 1] * (x - before) + theta[k] / theta[k + 1] * (x - y)
    return problem.worst_case(f(y) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(ogm.ONE_STEP, {"L": 1}, {"L": 3}, broken={"L_f": 2}, drops="smooth")
def wc_optimized_step(*, L, L_f=None) -> WorstCase:
    r"""$f(x_1) - f_*$ per $\|x_0 - x_*\|^2$."""
    return optimised(L, 1, L_f)


@gallery(ogm.FUNCTION_VALUE, {"L": 1, "N": 2}, {"L": 2, "N": 4}, broken={"L_f": 2}, drops="smooth", proves=False)
def wc_optimized_gradient(*, L, N, L_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$."""
    return optimised(L, int(N), L_f)


@gallery(ogm.GRADIENT, {"L": 1, "N": 2}, {"L": 2, "N": 3}, broken={"L_f": 2}, drops="smooth", proves=False)
def wc_optimized_gradient_for_gradient(*, L, N, L_f=None) -> WorstCase:
    r"""$\|\nabla f(x_N)\|^2$ per $f(x_0) - f_*$."""
    problem = Problem()
    f = problem.function(SmoothConvex(L_f or L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    t = thetas(int(N))[::-1]
    x = y = x0
    for k in range(int(N)):
        y, before = x - f.gradient(x) / L, y
        x = (
            y
            + (t[k] - 1) * (2 * t[k + 1] - 1) / (t[k] * (2 * t[k] - 1)) * (y - before)
            + (2 * t[k + 1] - 1) / (2 * t[k] - 1) * (y - x)
        )
    return problem.worst_case(f.gradient(x) ** 2, per=f(x0) - f(x_star))
