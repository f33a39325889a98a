"""Accounting in rationals and balls: sensitivities, budgets of paths, conversions, and least values by tangents."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Holds, Sample, cases, instead, measure, rounded, without
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.experiments.privacy.diff2.methods import Quadratic, clipped
from gradproof.solvers import gaussian_budget as accounting
from gradproof.theory.privacy import diff2 as paper
from gradproof.theory.privacy.diff2 import formulas

Found = tuple[Any, dict[str, Any]]
PAIRS = [at.LINES, at.STEEPER, at.ONE_SIDED, at.CUBES]
HALF = F(1, 2)

# --- sensitivity ------------------------------------------------------------------------------------------------------


@measure(paper.SENSITIVITY, cases(pair=PAIRS, x=[F(1, 2), F(100)], n=[1, 7, 1000]))
def moved_gradient(pair: at.Pair, x: F, n: int) -> Found:
    r"""$\|\nabla f - \nabla f'\|^2$ on the line, the replaced sample clipped."""
    return pair.moved(x, None, n) ** 2, {"G": pair.G}


without(paper.SENSITIVITY, "bounded-gradients", moved_gradient, cases(pair=at.NOT_BOUNDED, x=F(3), n=7))


@measure(paper.SENSITIVITY_DIFFERENCE, cases(pair=PAIRS, x=[F(6, 5), F(101)], x_prev=[F(1), F(100)], n=[1, 7, 1000]))
def moved_difference(pair: at.Pair, x: F, x_prev: F, n: int) -> Found:
    r"""$\|D - D'\|^2$ on the line."""
    return pair.moved(x, x_prev, n) ** 2, {"L": pair.L, "q": (x - x_prev) ** 2}


#: x^4/4 claimed to be 1-smooth: from 1 to 1.2 its gradient moves 3.64 times as far
without(
    paper.SENSITIVITY_DIFFERENCE, "samplewise-smooth", moved_difference,
    cases(pair=at.NOT_SMOOTH, x=F(6, 5), x_prev=F(1), n=7),
)  # fmt: skip


@measure(paper.SENSITIVITY, cases(n=[3, 40], d=5, G=[0.5, 2.0]).guaranteeing("one-replaced", "bounded-gradients"))
def moved_by_the_clipping_of_the_method(n: int, d: int, G: float, rng: Any) -> Found:
    r"""The same for `diff2`'s own clipping of long random gradients, a sample replaced by another one."""
    centres = 100 * rng.normal(size=(n, d))
    x, h = np.zeros((1, 1, d)), np.ones(d)
    ends = []
    other = -centres[:1] + 30 * rng.normal(size=(1, d))
    for first in (centres[:1], other):
        problem = Quadratic(h, np.concatenate([first, centres[1:]]))
        ends.append(problem.mean(clipped(problem, problem.signals(x), G + np.zeros((1, 1, 1))))[0, 0])
    return rounded(((ends[0] - ends[1]) ** 2).sum(), 30 * d * n, G * G), {}


# --- budgets ----------------------------------------------------------------------------------------------------------

ACCOUNTED = ("gaussian-noise", "restarts", "composition")
NOISE = {"sigma_1": F(1, 3), "tau": F(1, 5)}
RUNS = cases(pair=PAIRS, path=[at.FAR, at.NEAR], n=[10], T=[1, 3, 10], k_1=[1, 4], noise=[NOISE])


@measure(paper.PRIVACY, RUNS.guaranteeing(*ACCOUNTED))
def budget_of_a_path(
    pair: at.Pair, path: at.Path, n: int, T: int, k_1: int, sigma_1: F, tau: F, period: int = 0, fixed: bool = False
) -> Found:
    r"""$\mu_{tot}^2$ on a path: squared moves of the releases over the variances of their noises."""
    found = at.budget(pair, path, n, k_1 * T, period or T, sigma_1**2, tau**2, fixed=fixed)
    return found, {"G": pair.G, "L": pair.L}


SHORT = {"path": at.NEAR, "n": 10, "T": 10, "k_1": 2, "noise": [NOISE]}
without(
    paper.PRIVACY, "samplewise-smooth", budget_of_a_path, cases(pair=at.NOT_SMOOTH, **SHORT).guaranteeing(*ACCOUNTED)
)
unbounded = cases(pair=at.NOT_BOUNDED, **{**SHORT, "path": at.FAR})
without(paper.PRIVACY, "bounded-gradients", budget_of_a_path, unbounded.guaranteeing(*ACCOUNTED))
often = cases(pair=at.LINES, **{**SHORT, "noise": [{"sigma_1": F(1, 9), "tau": F(1)}]}, period=1)
without(paper.PRIVACY, "restarts", budget_of_a_path, often.guaranteeing("gaussian-noise", "composition"))


LONG_STEPS = at.Path("steps of 10", (F(100), F(110)))
one_size = cases(pair=at.LINES, **{**SHORT, "path": LONG_STEPS}, fixed=True).guaranteeing(*ACCOUNTED)
instead(paper.PRIVACY, "noise of one size on all differences", budget_of_a_path, one_size)

WHOLE = (*ACCOUNTED, "whole-periods")
HALVES = cases(pair=PAIRS, path=at.FAR, n=50, mu=[HALF, F(2)], T=[1, 2, 10], R=[20, 40]).where(lambda T, R: R % T == 0)


@measure(paper.CALIBRATION, HALVES.guaranteeing(*WHOLE))
def budget_of_halves(pair: at.Pair, path: at.Path, n: int, mu: F, T: int, R: int) -> Found:
    r"""$\mu_{tot}^2$ of the calibrated run, whose noise is made for $R/T$ restarts."""
    sigma2 = formulas.restart_variance(pair.G, n, mu, F(R, T))
    return at.budget(pair, path, n, R, T, sigma2, formulas.difference_variance(pair.L, n, mu, R)), {}


broken = cases(pair=at.LINES, path=at.FAR, n=50, mu=F(1), T=10, R=11).guaranteeing(*ACCOUNTED)
without(paper.CALIBRATION, "whole-periods", budget_of_halves, broken)

ORDERS = [{"eps": F(eps), "alpha": F(formulas.published_order(eps, 1e-5))} for eps in at.GRID["eps"]]  # type: ignore[attr-defined]
PUBLISHED_RUNS = cases(order=ORDERS, u=[F(5, 4), F(2)], T=[1, 4, 20, 40], R=[40, 200])
PUBLISHED_RUNS = PUBLISHED_RUNS.where(lambda T, R: R % T == 0)


@measure(paper.PUBLISHED, PUBLISHED_RUNS.guaranteeing(*WHOLE, "one-replaced", "bounded-gradients", "samplewise-smooth"))
def budget_of_the_published_noise(eps: F, alpha: F, u: F, T: int, R: int, n: int = 100) -> Found:
    r"""$\mu_{tot}^2$ of the published noise on the path that costs most."""
    mu2 = formulas.published_budget(eps, alpha)  # the formulas have mu in the square only
    sigma2, tau2 = 4 * u * F(R, T) / (n * n * mu2), 4 * u / (u - 1) * R / (n * n * mu2)
    return at.budget(at.LINES, at.FAR, n, R, T, sigma2, tau2), {}


GRANTED = ("one-replaced", "bounded-gradients", "samplewise-smooth", *ACCOUNTED)
sixty = cases(order=ORDERS[:1], u=at.GRID["u"], T=at.PUBLISHED_PERIODS[2], R=at.GRID["R"]).guaranteeing(*GRANTED)
without(paper.PUBLISHED, "whole-periods", budget_of_the_published_noise, sixty)
own = cases(order=ORDERS, u=at.GRID["u"], T=at.PUBLISHED_PERIODS[1::2], R=at.GRID["R"]).guaranteeing(
    *GRANTED, "whole-periods"
)
measure(paper.PUBLISHED, own, name="budget_of_the_published_grid", budget="full")(budget_of_the_published_noise)

# --- conversions ------------------------------------------------------------------------------------------------------

LOGS = [
    {"eps": F(3), "ell": F(12)},
    {"eps": F(5), "ell": F(35, 2)},
    {"eps": F(3), "ell": F(np.log(1e5))},
    {"eps": F(1, 2), "ell": F(7)},
]


@measure(
    paper.PUBLISHED_RENYI,
    cases(at=LOGS, share=[F(1), F(3, 4)]).let(alpha=lambda eps, ell: 1 - (-2 * ell // eps)).guaranteeing("budget"),
)
def published_conversion(eps: F, ell: F, alpha: F, share: F) -> Found:
    r"""$\alpha\mu^2/2 + \log(1/\delta)/(\alpha - 1)$ where a share of the budget is spent."""
    return alpha * share * formulas.published_budget(eps, alpha) / 2 + ell / (alpha - 1), {}


low = cases(at=LOGS[:2], share=F(1), alpha=2).guaranteeing("budget")
without(paper.PUBLISHED_RENYI, "order", published_conversion, low)
over = cases(at=LOGS[:2], share=F(5, 4)).let(alpha=lambda eps, ell: 1 - (-2 * ell // eps))
without(paper.PUBLISHED_RENYI, "budget", published_conversion, over)

TARGETS = [
    {"eps": F(eps), "delta": delta} for eps in ("1/2", "1", "3", "5", "8") for delta in (F(1, 1000), at.GRID["delta"])
]
PRIVACIES = cases(target=TARGETS)


@measure(paper.PUBLISHED_EPSILON, PRIVACIES.guaranteeing("budget", "published-order"))
def epsilon_of_the_published_noise(eps: F, delta: F, alpha: int = 0) -> Any:
    r"""The least $\varepsilon'$ in balls, of all of the published budget."""
    order = alpha or formulas.published_order(float(eps), float(delta))
    return Enclosed(*accounting.epsilon_between(formulas.published_budget(eps, F(order)), delta), "rounding")


second = cases(eps=[F(3), F(5)], delta=at.GRID["delta"], alpha=2).guaranteeing("budget")
without(paper.PUBLISHED_EPSILON, "published-order", epsilon_of_the_published_noise, second)

GAUSSIANS = cases(eps=[F(1, 8), F(1), F(3)], mu=[F(1, 4), F(1), F(2)])


@measure(paper.CONVERSION, GAUSSIANS.guaranteeing("gaussian-noise"))
def largest_excess(eps: F, mu: F) -> Any:
    r"""$\int(p - e^\varepsilon q)_+$ by rigorous quadrature."""
    return accounting.delta_by_quadrature(float(eps), float(mu))  # exact: binary fractions


@measure(paper.CONVERSION, cases(eps=[0.1, 1.0], mu=2.0, size=1500).guaranteeing("gaussian-noise"))
def drawn_excess(eps: float, mu: float, size: int, rng: Any) -> Any:
    r"""$\mathbb E(1 - e^{\varepsilon - \text{loss}})_+$ over draws from $P$, the loss $\mu x - \mu^2/2$."""
    loss = mu * rng.normal(mu, 1, size) - mu * mu / 2
    return Sample(-np.expm1(np.minimum(eps - loss, 0)), at_most=1.0)


def excess_of_laplace(eps: float, mu: float) -> Any:
    """The same for Laplace noise of variance 1: 1 - exp((eps - sqrt(2) mu)/2) for eps below sqrt(2) mu."""
    low, high = accounting.ends_of_laplace(eps, mu)
    return Enclosed(low, high, "rounding")


without(paper.CONVERSION, "gaussian-noise", excess_of_laplace, cases(eps=0.1, mu=[0.25, 1.0]))

# --- least values -----------------------------------------------------------------------------------------------------


def least(value: Callable[[F], F], slope: Callable[[F], F], low: F, high: F) -> Enclosed:
    """The least value of a convex function whose slope is negative at ``low`` and positive at ``high``: between tangents."""
    low, high = accounting.bisect(lambda t: slope(t) > 0, low, high, (high - low) / 2**30)
    below = value(high) - slope(high) * (high - low)
    return Enclosed(below, min(value(low), value(high)), "solver gap")


@measure(paper.RENYI, cases(mu=[F(1, 4), F(1), F(3)], ell=[F(2), F(7), F(23, 2)]).guaranteeing("orders"))
def best_order(mu: F, ell: F) -> Any:
    r"""The least of $\alpha\mu^2/2 + \log(1/\delta)/(\alpha - 1)$ in rationals."""
    slope = lambda a: mu * mu / 2 - ell / (a - 1) ** 2  # noqa: E731
    return least(lambda a: mu * mu * a / 2 + ell / (a - 1), slope, 1 + F(1, 1000), F(1000))


def at_order(mu: F, ell: F, alpha: F) -> F:
    """The value at one order."""
    return mu * mu * alpha / 2 + ell / (alpha - 1)


instead(paper.RENYI, "the order 32", at_order, cases(mu=[F(1, 4), F(3)], ell=F(7), alpha=F(32)).guaranteeing("orders"))


@measure(paper.SPLIT, cases(A=[F(1), F(3)], B=[F(1, 5), F(2)]).guaranteeing("bound"))
def best_split(A: F, B: F) -> Any:
    r"""The least of $\frac{27}{16}A^2B/(a(1-a))$ in rationals."""
    c = F(27, 16) * A * A * B
    return least(lambda a: c / (a * (1 - a)), lambda a: c * (2 * a - 1) / (a * (1 - a)) ** 2, F(1, 100), F(98, 100))


def cost_of_split(A: F, B: F, a: F) -> F:
    """The value at one split."""
    return F(27, 16) * A * A * B / (a * (1 - a))


published_split = cases(A=F(3), B=F(2), a=1 / at.GRID["u"]).guaranteeing("bound")  # type: ignore[operator]
instead(paper.SPLIT, "four fifths for the restarts", cost_of_split, published_split)


@measure(
    paper.OPTIMAL,
    cases(A=[F(2), F(3)], B=[F(1), F(8), F(1, 10)], root=[F(1, 5), F(1), F(6, 5), F(2)])
    .let(s=lambda root: root**2)
    .guaranteeing("bound"),
)
def cube_of_the_bound(A: F, B: F, root: F, restarts: bool = True) -> F:
    r"""$(A\sqrt s + B/s)^3$ at rational roots of $s$, the best among them."""
    return (A * root + (B / root**2 if restarts else 0)) ** 3


free = cases(A=F(2), B=F(1), root=F(1, 5), s=F(1, 25), restarts=False).guaranteeing("bound")
instead(paper.OPTIMAL, "restarts that cost nothing", cube_of_the_bound, free)

SIZES = [{"L": F(1), "G": F(1), "Delta": F(1), "d": 1}, {"L": F(2), "G": F(3), "Delta": F(1, 2), "d": 30}]


@measure(paper.DPGD_RATE, cases(sizes=SIZES, n=[100, 10_000], mu=[HALF, F(2)]).guaranteeing("calibrated"))
def best_number_of_rounds(L: F, G: F, Delta: F, d: int, n: int, mu: F) -> Any:
    r"""The least of $2L\Delta/R + d\sigma^2$ over real $R$, in rationals."""
    per_round = d * formulas.dpgd_variance(G, n, mu, 1)
    slope = lambda R: per_round - 2 * L * Delta / R**2  # noqa: E731
    return least(lambda R: 2 * L * Delta / R + per_round * R, slope, F(1, 100), F(10**6))


def after_rounds(L: F, G: F, Delta: F, d: int, n: int, mu: F, R: int) -> F:
    """The value after some rounds."""
    return 2 * L * Delta / R + d * formulas.dpgd_variance(G, n, mu, R)


once = cases(sizes=SIZES, n=10_000, mu=HALF, R=1).guaranteeing("calibrated")
instead(paper.DPGD_RATE, "a single round", after_rounds, once)

#: 9.5459 sqrt(Delta L d)/G, from near below to near above
NEAR_CROSSING = [F(9, 10), F(999, 1000), F(1001, 1000), F(11, 10), F(2)]


@measure(paper.CROSSOVER, cases(sizes=SIZES, share=NEAR_CROSSING).guaranteeing("bounds"))
def smaller_bound(L: F, G: F, Delta: F, d: int, share: F, split: F = HALF) -> Holds:
    r"""Whether private gradient descent has the smaller bound, by sixth powers."""
    guess = F(int(1e6 * 9.545941546 * float(Delta * L * d) ** 0.5 / float(G)), 10**6)
    nm = share * guess
    A2, B = 32 * Delta**2 * L**2 * d / nm**2 / (2 * (1 - split)), 8 * d * G**2 / nm**2 / (2 * split)
    ours, theirs = F(27, 4) * A2 * B, 32 * L * Delta * d * G**2 / nm**2
    return Holds(theirs**3 < ours**2, at=nm)


later = cases(sizes=SIZES, share=F(11, 10), split=1 / at.GRID["u"]).guaranteeing("bounds")  # type: ignore[operator]
instead(paper.CROSSOVER, "the published split of the budget", smaller_bound, later)
