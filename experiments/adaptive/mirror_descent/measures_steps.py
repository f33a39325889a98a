"""Sums over the steps, and vertices in finite time: over all paths of the noise on a line, and in closed form."""

from collections.abc import Callable
from fractions import Fraction as F
from itertools import product
from typing import Any

import flint
import sympy as sp

# isort: off
from gradproof.experiments.adaptive.mirror_descent.instances import (
    Euclid, Paths, constant, dot, free, harmonic, interval, signs, simplex, softmax,
)  # fmt: skip
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, around, cases, measure
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.theory.adaptive import mirror_descent as paper
# isort: on

RUN = ("mirror_map", "strongly_convex", "dual_norm", "dual_averaging", "unbiased", "bounded_moment")
STEPS: dict[str, Callable[[int], list[F]]] = {"1/k": harmonic, "constant": constant}


def ends(p: Paths, F1: F, V2: F) -> dict[str, Any]:
    """What the bounds are about: the start's coupling, K = 1, V, and the sums of the steps."""
    return {"F1": F1, "K": 1, "V": sp.sqrt(sp.Rational(V2)), "B_n": p.squares(), "A_n": sum(p.alphas)}


# --- on [0, 1] with fair coins ------------------------------------------------------------------------------------------

UNIT = Euclid(lambda y: [interval(y[0])])
COINS = cases(n=[1, 4, 8], c=[F(1), F(1, 3)], s=[F(1), F(1, 4)], Y1=[F(1), F(-1, 3)], alphas=STEPS)
SOME = cases(n=[1, 6], c=[F(1), F(1, 3)], s=[F(1)], Y1=[F(1), F(-1, 3)], alphas=STEPS)


def line(n: int, c: F, s: F, Y1: F, alphas: Callable[[int], list[F]], **other: Any) -> Paths:
    """g = c x on [0, 1], and fair coins."""
    given: dict[str, Any] = {
        "slope": lambda x: c,
        "mirror": interval,
        "start": Y1,
        "alphas": alphas(n),
        "noise": signs(s),
    }
    return Paths(**given | other)


def on_the_line(p: Paths, c: F, s: F) -> dict[str, Any]:
    return ends(p, UNIT.coupling([F(0)], [p.start]), c * c + s * s)


@measure(paper.ERGODIC, COINS.guaranteeing(*RUN))
def gaps_over_all_paths(n, c, s, Y1, alphas):
    """The weighted sum of the expected gaps on [0, 1], over all paths of fair coins."""
    p = line(n, c, s, Y1, alphas)
    return p.weighted(), on_the_line(p, c, s)


@measure(paper.BEST_ITERATE, SOME.guaranteeing(*RUN))
def least_gap(n, c, s, Y1, alphas):
    """The least expected gap on [0, 1]."""
    p = line(n, c, s, Y1, alphas)
    return min(p.gaps()), on_the_line(p, c, s)


@measure(paper.ERGODIC_AVERAGE, SOME.guaranteeing(*RUN, "convex"))
def average_iterate(n, c, s, Y1, alphas):
    """E g of the average iterate for g = (c/2 + c x/2) x, over all paths."""
    p = line(n, c, s, Y1, alphas, slope=lambda x: c / 2 + c * x)
    value, A = F(0), sum(p.alphas)
    for chance, ys in p.walks():
        x = dot(p.alphas, [interval(y) for y in ys[:-1]]) / A
        value += chance * (c * x + c * x * x) / 2
    return value, on_the_line(p, F(3, 2) * c, s)


@measure(paper.MAXIMAL, cases(q=[F(1, 4), F(1, 200)], b=[F(1), F(1, 3)]).guaranteeing(*RUN, "coherent"))
def level_by_a_skew_coin(q, b):
    """P(F >= b^2/2) for one step on g = x^2/2 from its minimiser, with noise that is -b with the chance q."""
    p = Paths(lambda x: x, interval, F(0), [F(1)], ((-b, q), (b * q / (1 - q), 1 - q)))
    return p.end(lambda y: y >= b), {"lam": b * b / 2, **ends(p, F(0), b * b * q / (1 - q))}


def chance_uphill(n, a, lam):
    """The same for g = -x with x_* = 0, which is not its minimiser, without noise."""
    p = line(n, F(-1), F(0), F(0), lambda n: [a] * n, noise=((F(0), F(1)),))
    (_, ys), *_ = p.walks()
    return F(max(UNIT.coupling([F(0)], [y]) for y in ys) >= lam), ends(p, F(0), F(1))


breaking(paper.MAXIMAL, "coherent", chance_uphill, cases(n=[20], a=[F(1, 10)], lam=[F(3, 2)]))

# --- on the whole line, without noise: the last step ends at the minimiser -----------------------------------------------


def descent(n: int, G: F, alphas: Callable[[int], list[F]], curvature: F = F(1), **other: Any) -> Paths:
    """g = G |x| with Q(y) = y/curvature, from where the n steps lead to 0."""
    steps = alphas(n)
    slope = lambda x: G * ((x > 0) - (x < 0))  # noqa: E731
    given: dict[str, Any] = {
        "slope": slope,
        "mirror": lambda y: y / curvature,
        "start": G * sum(steps),
        "alphas": steps,
    }
    return Paths(**given | other)


def averaged(p: Paths, G: F) -> F:
    """G |average iterate|."""
    (_, ys), *_ = p.walks()
    return G * abs(dot(p.alphas, [p.mirror(y) for y in ys[:-1]])) / sum(p.alphas)


QUANTITIES: dict[str, Callable[[Paths, F], F]] = {
    "ergodic": lambda p, G: p.weighted(), "best-iterate": lambda p, G: min(p.gaps()), "ergodic-average": averaged,
}  # fmt: skip


def to_the_minimiser(n, G, alphas, of, curvature=F(1), share=F(1)):
    """Steps that end at the minimiser of G |x|, from where the bound is attained."""
    p = descent(n, G, alphas, curvature)
    return of(p, G), ends(p, Euclid(free, curvature).coupling([F(0)], [p.start]), G * G * share)


for _claim, _n in ((paper.ERGODIC, [1, 5, 12]), (paper.BEST_ITERATE, [1]), (paper.ERGODIC_AVERAGE, [1, 5, 12])):
    _of = {"of": {_claim.id: QUANTITIES[_claim.id.split(".")[1]]}}
    measure(_claim, cases(n=_n, G=[F(1), F(3, 2)], alphas=STEPS, **_of).guaranteeing(*RUN, "convex"))(to_the_minimiser)
    for _name, _more in (("bounded_moment", {"share": [F(3, 4)]}), ("strongly_convex", {"curvature": [F(1, 2)]})):
        breaking(_claim, _name, to_the_minimiser, cases(n=[1], G=[F(1)], alphas=STEPS, **_of, **_more))


def against(n, G, alphas):
    """The weighted gaps where the steps go along the gradient."""
    p = descent(n, G, alphas)
    x, total = p.start, F(0)
    for a in p.alphas:
        total, x = total + a * G * x, x + a * G
    return total, ends(p, p.start**2 / 2, G * G)


breaking(paper.ERGODIC, "unbiased", against, cases(n=[5], G=[F(1)], alphas=STEPS))


def on_a_plateau(n, alphas):
    """g = min(|x|, 1) from 2, where its gradient is 0 in all steps; of V any number is right."""
    p = descent(n, F(0), alphas, start=F(2))
    return min(averaged(p, F(1)), F(1)), ends(p, F(2), F(1, 100))


breaking(paper.ERGODIC_AVERAGE, "convex", on_a_plateau, cases(n=[200], alphas={"constant": constant}))

# --- exact accounts -----------------------------------------------------------------------------------------------------

FREE = ("unconstrained", "dual_averaging", "unbiased")
LOSSES = {"square": lambda x: x, "sharp": lambda x: F((x > 0) - (x < 0)), "uphill": lambda x: F(1, 3) - x}


@measure(
    paper.ACCOUNTS,
    cases(n=[1, 5], loss=LOSSES, Y1=[F(2), F(-1, 3)], s=[F(1), F(1, 4)], alphas=STEPS).guaranteeing(*FREE),
)
def books(n, loss, Y1, s, alphas, mirror=free, bias=0, at=F(1, 5)):
    """Gaps, squares and the last distance over all paths, for x_* = 1/5."""
    noise = tuple((xi + bias, q) for xi, q in signs(s))
    p = Paths(loss, lambda y: mirror([y])[0], Y1, alphas(n), noise, at)
    *laws, last = p.levels()
    spent = sum((a * a * p.moment(law) for a, law in zip(p.alphas, laws, strict=True)), F(0))
    left = sum((q * (p.mirror(y) - at) ** 2 for y, q in last), F(0))
    return p.weighted() - spent / 2 + left / 2, {"D1": (p.mirror(p.start) - at) ** 2}


ONCE: dict[str, Any] = {"n": [4], "loss": {"square": LOSSES["square"]}, "Y1": [F(2)], "s": [F(1)], "alphas": STEPS}
breaking(paper.ACCOUNTS, "unconstrained", books, cases(**ONCE, mirror=[lambda y: [interval(y[0])]]))
breaking(paper.ACCOUNTS, "unbiased", books, cases(**ONCE, bias=[F(1, 10)]))

# --- finite time --------------------------------------------------------------------------------------------------------

SHARP = ("euclidean", "sharp_vertex", "dual_averaging", "sharp_slope", "bounded_variance", "start")


def off_zero(p: Paths) -> F:
    """P(X_{n+1} != 0) for the projection onto [0, 1]."""
    return p.end(lambda y: y > 0)


def past(n: int, c: F, Y1: F, alphas: Callable[[int], list[F]]) -> bool:
    return c * sum(alphas(n)) > Y1


LATE = cases(n=[2, 5, 9], c=[F(1), F(1, 2)], s=[F(1), F(1, 2)], Y1=[F(1), F(1, 2)], alphas=STEPS).where(past)


#: one step with the noise just above what would be too little to matter
NEAR = [
    {"c": F(1, 2), "s": F(1, 4), "Y1": F(13, 50)},
    {"c": F(49, 10), "s": F(4), "Y1": F(1)},
    {"c": F(1), "s": F(1, 2), "Y1": F(13, 100)},
]
ALL_LATE = LATE + cases(n=[1], size=NEAR, alphas=STEPS).where(past)


@measure(paper.FINITE_LINE, ALL_LATE.guaranteeing("line", "dual_averaging", "fair_coins"))
def off_the_end(n, c, s, Y1, alphas, share=1):
    """P(X_{n+1} != 0) on [0, 1] over all paths."""
    p = line(n, c, s, Y1, alphas)
    return off_zero(p), {"c": c, "s": s * share, "Y1": Y1, "A_n": sum(p.alphas), "B_n": p.squares()}


@measure(paper.FINITE_MOMENTS, LATE.guaranteeing(*SHARP))
def off_the_end_by_moments(n, c, s, Y1, alphas, share=1, more=0):
    """P(X_{n+1} != 0) on [0, 1], which has one edge at 0."""
    p = line(n, c, s, Y1, alphas)
    at = {"m": 1, "c": c + more, "theta": Y1, "sigma": s * share}
    return off_zero(p), at | {"A_n": sum(p.alphas), "B_n": p.squares()}


@measure(paper.FINITE_MOMENTS, cases(q=[F(1, 4), F(1, 50)], t=[F(1, 4), F(3)]).guaranteeing(*SHARP))
def skew_coin(q, t, less=0):
    """One step with noise that is just below -t with the chance q: nearly the worst law."""
    b = t * F(1001, 1000)
    p = Paths(lambda x: F(1) + t, interval, F(1), [F(1)], ((-b, q), (b * q / (1 - q), 1 - q)))
    sigma = sp.sqrt(sp.Rational(b * b * q / (1 - q)))
    return off_zero(p), {"m": 1, "c": 1 + t, "theta": 1 - less, "sigma": sigma, "A_n": 1, "B_n": 1}


@measure(paper.FINITE_MOMENTS, cases(n=[2, 3], gap=[(F(2), F(3)), (F(1), F(5))]).guaranteeing(*SHARP))
def off_the_vertex(n, gap, s=F(1, 2)):
    """P(X_{n+1} != e_1) on the simplex with two edges at e_1, coins in each of three coordinates, steps 1/k."""
    alphas, count = harmonic(n), 0
    for path in product((1, -1), repeat=3 * n):
        y = [
            -sum((a * (c + s * path[3 * k + j]) for k, a in enumerate(alphas)), F(0))
            for j, c in enumerate((F(0), *gap))
        ]
        count += simplex(y)[0] != 1
    c = min(gap)
    return F(count, 2 ** (3 * n)), {
        "m": 2, "c": c, "theta": 1, "sigma": s * sp.sqrt(2), "A_n": sum(alphas), "B_n": dot(alphas, alphas),
    }  # fmt: skip


def inside_always(n, c, s, Y1, alphas):
    """P(X_{n+1} != 0) for the entropy of (x, 1 - x) on [0, 1]: counted over all paths, x in balls."""
    p = line(n, c, s, Y1, alphas, mirror=lambda y: F(1))
    found = p.end(lambda y: bool(softmax([y, F(0)])[0] > 0))
    return found, {
        "m": 1, "c": c, "theta": Y1, "sigma": s, "s": s, "Y1": Y1, "A_n": sum(p.alphas), "B_n": p.squares(),
    }  # fmt: skip


ONE = {"n": [5], "c": [F(1)], "s": [F(1)], "Y1": [F(1)], "alphas": {"1/k": harmonic}}
SURE = {"n": [2], "c": [F(1)], "s": [F(1, 9)], "Y1": [F(2)], "alphas": {"constant": constant}}
breaking(paper.FINITE_LINE, "line", inside_always, cases(**ONE))
breaking(paper.FINITE_LINE, "fair_coins", off_the_end, cases(**ONE, share=[F(1, 4)]))
breaking(paper.FINITE_LINE, "past_the_start", off_the_end, cases(**SURE))
breaking(paper.FINITE_MOMENTS, "euclidean", inside_always, cases(**ONE))
breaking(paper.FINITE_MOMENTS, "bounded_variance", off_the_end_by_moments, cases(**ONE, share=[F(1, 4)]))
breaking(paper.FINITE_MOMENTS, "sharp_slope", off_the_end_by_moments, cases(**ONE, more=[F(3)]))
breaking(paper.FINITE_MOMENTS, "start", skew_coin, cases(q=[F(1, 4)], t=[F(1)], less=[F(1, 2)]))
breaking(paper.FINITE_MOMENTS, "far_enough", off_the_end_by_moments, cases(**SURE))

# --- two vertices and Gaussian noise: the error function -------------------------------------------------------------------

GAUSSIAN = ("euclidean_simplex", "dual_averaging", "linear_program", "gaussian_noise")


TWO_VERTICES = cases(n=[3, 60], gap=[F(1), F(1, 2)], s=[F(1), F(1, 4)], alphas=STEPS) + cases(
    size=[{"gap": F(2), "s": F(1)}, {"gap": F(7, 5), "s": F(1, 4)}, {"gap": F(3), "s": F(4)}], n=[3, 60], alphas=STEPS
)  # fmt: skip


@measure(paper.FINITE_SIMPLEX, TWO_VERTICES.guaranteeing(*GAUSSIAN))
def off_one_of_two(n, gap, s, alphas, share=1):
    """P(X_{n+1} != e_1) for two vertices in closed form: Y_1 - Y_2 is normal."""
    steps = alphas(n)
    A, B = sum(steps), dot(steps, steps)

    def of() -> flint.arb:
        return ((ball(gap * A - 1) / (2 * ball(s) * ball(B).sqrt())).erfc()) / 2

    return Enclosed(*enclose(of, width=F(1, 10**60)), "rounding"), {"gaps": (gap,), "s": s * share, "A_n": A, "B_n": B}


def never_at_a_vertex(n, gap, s, alphas):
    """The same for the softmax, which is inside at every Y, so at its mean."""
    steps = alphas(n)
    A, B = sum(steps), dot(steps, steps)
    inside = bool(softmax([F(0), -gap * A])[0] < 1)
    return F(inside), {"gaps": (gap,), "s": s, "A_n": A, "B_n": B}


TWO = {"n": [60], "gap": [F(1)], "s": [F(1, 4)], "alphas": STEPS}
breaking(paper.FINITE_SIMPLEX, "euclidean_simplex", never_at_a_vertex, cases(**TWO))
MORE = {"n": [10], "gap": [F(1)], "s": [F(1)], "alphas": STEPS, "share": [F(1, 3)]}
breaking(paper.FINITE_SIMPLEX, "gaussian_noise", off_one_of_two, cases(**MORE))

# --- steps that the theorem excludes ----------------------------------------------------------------------------------------


@measure(paper.CONSTANT_STEP, cases(a=[F(1, 2), F(1, 10), F(3, 2)], sigma2=[F(1), F(4)], x1=[F(0), F(3)]).guaranteeing(
    "quadratic", "white_noise"))  # fmt: skip
def stationary(a, sigma2, x1, curvature=F(1)):
    """E X_n^2 on x^2/2 by its recursion, 160 steps; what is to come is a geometric series."""
    rho, moment, before = (1 - a * curvature) ** 2, F(x1) ** 2, F(0)
    for _ in range(160):
        moment, before = rho * moment + a * a * sigma2, moment
    return around(moment, abs(moment - before) * rho / (1 - rho), "truncation")


def with_the_same_noise(a, sigma2):
    """E X_n^2 where the noise is plus or minus sigma, the same in each step: 160 steps from 0."""
    x = F(0)
    for _ in range(160):
        x = x - a * (x + 1)
    return around(x * x * sigma2, 2 * sigma2 * abs(1 - a) ** 160, "truncation")


breaking(paper.CONSTANT_STEP, "white_noise", with_the_same_noise, cases(a=[F(1, 2)], sigma2=[F(1)]))
breaking(
    paper.CONSTANT_STEP, "quadratic", stationary, cases(a=[F(1, 2)], sigma2=[F(1)], x1=[F(0)], curvature=[F(1, 2)])
)


@measure(paper.SUMMABLE_STEPS, cases(n=[1, 7, 300], x1=[F(1), F(-2, 3)]).guaranteeing("quadratic", "fast_steps"))
def half_way(n, x1, power=2, curvature=1):
    """X_{n+1}/X_1 on x^2/2 with the steps (k + 1)^-power."""
    x = F(x1)
    for k in range(1, n + 1):
        x = x - curvature * F(1, (k + 1) ** power) * x
    return x / x1


breaking(paper.SUMMABLE_STEPS, "fast_steps", half_way, cases(n=[7], x1=[F(1)], power=[1]))
breaking(paper.SUMMABLE_STEPS, "quadratic", half_way, cases(n=[7], x1=[F(1)], curvature=[2]))
