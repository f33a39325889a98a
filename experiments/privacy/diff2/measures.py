"""Accounting in rationals and balls: sensitivities, budgets of paths, conversions, and least values by tangents."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Holds, Sample, cases, instead, measure, rounded, without
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.experiments.privacy.diff2.methods import Quadratic, clipped
from gradproof.solvers.ef_exact import bisect
from gradproof.solvers.exact.balls import ball, sqrt_between
from gradproof.solvers.privacy_loss import gaussian_epsilon
from gradproof.theory.privacy import diff2 as paper
from gradproof.theory.privacy.diff2 import formulas

Found = tuple[Any, dict[str, Any]]
PAIRS = [at.LINES, at.STEEPER, at.ONE_SIDED, at.CUBES]
HALF = F(1, 2)

# --- sensitivity ------------------------------------------------------------------------------------------------------


@measure(
    paper.SENSITIVITY_DIFFERENCE, cases(pair=PAIRS, x=[F(6, 5), F(101)], x_prev=[F(1), F(100)], n=[1, 7, 1000]),
    name="moved_difference",
)  # fmt: skip
@measure(paper.SENSITIVITY, cases(pair=PAIRS, x=[HALF, F(100)], n=[1, 7, 1000]))
def moved_gradient(pair: at.Pair, x: F, n: int, x_prev: F | None = None) -> Found:
    r"""Squared distance of the releases on the line, of a gradient or of a difference, the replaced sample clipped."""
    known = {"G": pair.G} if x_prev is None else {"L": pair.L, "q": (x - x_prev) ** 2}
    return pair.moved(x, x_prev, n) ** 2, known


without(paper.SENSITIVITY, "bounded-gradients", moved_gradient, cases(pair=at.NOT_BOUNDED, x=F(3), n=7))
#: x^4/4 claimed to be 1-smooth: from 1 to 1.2 its gradient moves 3.64 times as far
quartic = cases(pair=at.NOT_SMOOTH, x=F(6, 5), x_prev=F(1), n=7)
without(paper.SENSITIVITY_DIFFERENCE, "samplewise-smooth", moved_gradient, quartic)


@measure(paper.SENSITIVITY, cases(n=[3, 40], d=5, G=[0.5, 2.0]).guaranteeing("one-replaced", "bounded-gradients"))
def moved_by_the_clipping_of_the_method(n: int, d: int, G: float, rng: Any) -> Found:
    r"""The same for `diff2`'s own clipping of long random gradients, a sample replaced by another one."""
    centres, other = 100 * rng.normal(size=(n, d)), 100 * rng.normal(size=(1, d))
    ends = []
    for first in (centres[:1], 0.3 * other - centres[:1]):
        problem = Quadratic(np.ones(d), np.concatenate([first, centres[1:]]))
        signals = problem.signals(np.zeros((1, 1, d)))
        ends.append(problem.mean(clipped(problem, signals, G + np.zeros((1, 1, 1))))[0, 0])
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
steep = cases(pair=at.NOT_SMOOTH, **SHORT).guaranteeing(*ACCOUNTED)
without(paper.PRIVACY, "samplewise-smooth", budget_of_a_path, steep)
unbounded = cases(pair=at.NOT_BOUNDED, **{**SHORT, "path": at.FAR}).guaranteeing(*ACCOUNTED)
without(paper.PRIVACY, "bounded-gradients", budget_of_a_path, unbounded)
often = cases(pair=at.LINES, **{**SHORT, "noise": [{"sigma_1": F(1, 9), "tau": F(1)}]}, period=1)
without(paper.PRIVACY, "restarts", budget_of_a_path, often.guaranteeing("gaussian-noise", "composition"))
long_steps = at.Path("steps of 10", (F(100), F(110)))
one_size = cases(pair=at.LINES, **{**SHORT, "path": long_steps}, fixed=True).guaranteeing(*ACCOUNTED)
instead(paper.PRIVACY, "noise of one size on all differences", budget_of_a_path, one_size)

WHOLE = (*ACCOUNTED, "whole-periods")
HALVES = cases(pair=PAIRS, n=50, mu=[HALF, F(2)], T=[1, 2, 10], R=[20, 40]).where(lambda T, R: R % T == 0)
ORDERS = [{"eps": F(eps), "alpha": F(formulas.published_order(eps, 1e-5))} for eps in at.PRIVACIES]
SPANS = [{"T": 1, "R": 40}, {"T": 4, "R": 40}, {"T": 40, "R": 200}]
PUBLISHED = cases(pair=at.LINES, order=ORDERS, u=[at.U, F(2)], span=SPANS, n=100)
OWN = cases(pair=at.LINES, order=ORDERS, u=at.U, T=[20, 200], R=at.ROUNDS, n=100)


@measure(paper.PUBLISHED, OWN.guaranteeing(*WHOLE), budget="full", name="budget_of_the_published_grid")
@measure(paper.PUBLISHED, PUBLISHED.guaranteeing(*WHOLE), name="budget_of_the_published_noise")
@measure(paper.CALIBRATION, HALVES.guaranteeing(*WHOLE))
def budget_of_a_calibrated_run(
    pair: at.Pair, n: int, T: int, R: int, mu: F = F(1), eps: F = F(0), alpha: F = F(1), u: F = F(2)
) -> Found:
    r"""$\mu_{tot}^2$ of a run whose noise is made for $R/T$ restarts, on a path that costs most."""
    mu2 = formulas.published_budget(eps, alpha) if eps else mu * mu
    sigma2 = formulas.restart_variance(pair.G, n, mu2, F(R, T), 1 / u)
    return at.budget(pair, at.FAR, n, R, T, sigma2, formulas.difference_variance(pair.L, n, mu2, R, 1 / u)), {}


eleven = cases(pair=at.LINES, n=50, mu=F(1), T=10, R=11).guaranteeing(*ACCOUNTED)
without(paper.CALIBRATION, "whole-periods", budget_of_a_calibrated_run, eleven)
sixty = cases(pair=at.LINES, order=ORDERS[:1], u=at.U, T=60, R=at.ROUNDS, n=100).guaranteeing(*ACCOUNTED)
without(paper.PUBLISHED, "whole-periods", budget_of_a_calibrated_run, sixty)

# --- conversions ------------------------------------------------------------------------------------------------------

LOGS = [{"eps": F(3), "ell": F(12)}, {"eps": F(5), "ell": F(35, 2)}, {"eps": F(3), "ell": F(np.log(1e5))}]
LOGS += [{"eps": HALF, "ell": F(7)}]
PUBLISHED_ORDER = {"alpha": lambda eps, ell: 1 - (-2 * ell // eps)}
SPENT = cases(at=LOGS, share=[F(1), F(3, 4)]).let(**PUBLISHED_ORDER)


@measure(paper.PUBLISHED_RENYI, SPENT.guaranteeing("budget"))
def published_conversion(eps: F, ell: F, alpha: F, share: F) -> Found:
    r"""$\alpha\mu^2/2 + \log(1/\delta)/(\alpha - 1)$ where a share of the budget is spent."""
    return alpha * share * formulas.published_budget(eps, alpha) / 2 + ell / (alpha - 1), {}


low = cases(at=LOGS[:2], share=F(1), alpha=2).guaranteeing("budget")
without(paper.PUBLISHED_RENYI, "order", published_conversion, low)
over = cases(at=LOGS[:2], share=F(5, 4)).let(**PUBLISHED_ORDER)
without(paper.PUBLISHED_RENYI, "budget", published_conversion, over)

TARGETS = [{"eps": F(eps), "delta": delta} for eps in ("1/2", "1", "3", "5", "8") for delta in (F(1, 1000), at.DELTA)]


@measure(paper.PUBLISHED_EPSILON, cases(target=TARGETS).guaranteeing("budget", "published-order"))
def epsilon_of_the_published_noise(eps: F, delta: F, alpha: int = 0) -> Any:
    r"""The least $\varepsilon'$ in balls, of all of the published budget: noise of $1/\mu$ sensitivities."""
    mu2 = formulas.published_budget(eps, F(alpha or formulas.published_order(float(eps), float(delta))))
    return Enclosed(*gaussian_epsilon(delta, sqrt_between(1 / mu2, width=F(1, 10**30))), "rounding")


second = cases(eps=[F(3), F(5)], delta=at.DELTA, alpha=2).guaranteeing("budget")
without(paper.PUBLISHED_EPSILON, "published-order", epsilon_of_the_published_noise, second)


@measure(paper.CONVERSION, cases(eps=[F(1, 8), F(1), F(3)], mu=[F(1, 4), F(1), F(2)]).guaranteeing("gaussian-noise"))
def largest_excess(eps: F, mu: F) -> Any:
    r"""$\int(p - e^\varepsilon q)_+$ by rigorous quadrature; beyond $\mu + 12$ lies less than 1e-32 of the mass of P."""
    with flint.ctx.workprec(120):
        e, m = flint.acb(ball(eps)), flint.acb(ball(mu))
        excess = lambda x, _: (-((x - m) ** 2) / 2).exp() - (e - x * x / 2).exp()  # noqa: E731
        inside = flint.acb.integral(excess, e / m + m / 2, m + 12).real
        return inside / (flint.arb.pi() * 2).sqrt() + flint.arb(0, 1e-32)


@measure(paper.CONVERSION, cases(eps=[0.1, 1.0], mu=2.0, size=1500).guaranteeing("gaussian-noise"))
def drawn_excess(eps: float, mu: float, size: int, rng: Any) -> Any:
    r"""$\mathbb E(1 - e^{\varepsilon - \text{loss}})_+$ over draws from $P$, the loss $\mu x - \mu^2/2$."""
    loss = mu * rng.normal(mu, 1, size) - mu * mu / 2
    return Sample(-np.expm1(np.minimum(eps - loss, 0)), at_most=1.0)


def excess_of_laplace(eps: F, mu: F) -> Any:
    """The same for Laplace noise of variance 1: 1 - exp((eps - sqrt(2) mu)/2) for eps below sqrt(2) mu."""
    return 1 - ((ball(eps) - flint.arb(2).sqrt() * ball(mu)) / 2).exp()


without(paper.CONVERSION, "gaussian-noise", excess_of_laplace, cases(eps=F(1, 8), mu=[F(1, 4), F(1)]))

# --- least values -----------------------------------------------------------------------------------------------------


def least(value: Callable[[F], F], slope: Callable[[F], F], low: F, high: F) -> Enclosed:
    """The least value of a convex function whose slope is negative at ``low`` and positive at ``high``: between tangents."""
    low, high = bisect(lambda t: slope(t) <= 0, low, high)
    return Enclosed(value(high) - slope(high) * (high - low), min(value(low), value(high)), "solver gap")


@measure(paper.RENYI, cases(mu=[F(1, 4), F(1), F(3)], ell=[F(2), F(7), F(23, 2)]).guaranteeing("orders"))
def best_order(mu: F, ell: F) -> Any:
    r"""The least of $\alpha\mu^2/2 + \log(1/\delta)/(\alpha - 1)$ in rationals."""
    slope = lambda a: mu * mu / 2 - ell / (a - 1) ** 2  # noqa: E731
    return least(lambda a: mu * mu * a / 2 + ell / (a - 1), slope, 1 + F(1, 1000), F(1000))


instead(
    paper.RENYI, "the order 32", lambda mu, ell: 16 * mu * mu + ell / 31, name="order_32_instead",
    where=cases(mu=[F(1, 4), F(3)], ell=F(7)).guaranteeing("orders"),
)  # fmt: skip


@measure(paper.SPLIT, cases(A=[F(1), F(3)], B=[F(1, 5), F(2)]).guaranteeing("bound"))
def best_split(A: F, B: F) -> Any:
    r"""The least of $\frac{27}{16}A^2B/(a(1-a))$ in rationals."""
    c = F(27, 16) * A * A * B
    return least(lambda a: c / (a * (1 - a)), lambda a: c * (2 * a - 1) / (a * (1 - a)) ** 2, F(1, 100), F(98, 100))


instead(
    paper.SPLIT, "four fifths for the restarts", lambda A, B: F(27, 16) * A * A * B / (F(4, 5) * F(1, 5)),
    name="published_split_instead", where=cases(A=F(3), B=F(2)).guaranteeing("bound"),
)  # fmt: skip


@measure(
    paper.OPTIMAL, cases(A=[F(2), F(3)], B=[F(1), F(8), F(1, 10)], root=[F(1, 5), F(1), F(6, 5), F(2)])
    .let(s=lambda root: root**2).guaranteeing("bound"),
)  # fmt: skip
def cube_of_the_bound(A: F, B: F, root: F, restarts: bool = True) -> F:
    r"""$(A\sqrt s + B/s)^3$ at rational roots of $s$, the best among them."""
    return (A * root + (B / root**2 if restarts else 0)) ** 3


free = cases(A=F(2), B=F(1), root=F(1, 5), s=F(1, 25), restarts=False).guaranteeing("bound")
instead(paper.OPTIMAL, "restarts that cost nothing", cube_of_the_bound, free)

SIZES = [{"L": F(1), "G": F(1), "Delta": F(1), "d": 1}, {"L": F(2), "G": F(3), "Delta": HALF, "d": 30}]


@measure(paper.DPGD_RATE, cases(sizes=SIZES, n=[100, 10_000], mu=[HALF, F(2)]).guaranteeing("calibrated"))
def best_number_of_rounds(L: F, G: F, Delta: F, d: int, n: int, mu: F) -> Any:
    r"""The least of $2L\Delta/R + d\sigma^2$ over real $R$, in rationals."""
    per_round = d * formulas.dpgd_variance(G, n, mu * mu, 1)
    slope = lambda R: per_round - 2 * L * Delta / R**2  # noqa: E731
    return least(lambda R: 2 * L * Delta / R + per_round * R, slope, F(1, 100), F(10**6))


after_a_round = lambda L, G, Delta, d, n, mu: 2 * L * Delta + d * formulas.dpgd_variance(G, n, mu * mu, 1)  # noqa: E731
once = cases(sizes=SIZES, n=10_000, mu=HALF).guaranteeing("calibrated")
instead(paper.DPGD_RATE, "a single round", after_a_round, once, name="a_single_round_instead")

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


later = cases(sizes=SIZES, share=F(11, 10), split=1 / at.U).guaranteeing("bounds")
instead(paper.CROSSOVER, "the published split of the budget", smaller_bound, later)
