"""Utility on quadratics: second moments in rationals for short runs, in balls for long ones; error of the estimator; descent."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Sample, cases, instead, measure, without
from gradproof.experiments.engine.run import run
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.experiments.privacy.diff2 import methods
from gradproof.solvers.difference_estimator import mean_gradient_of_periods, since_restart
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.private_descent import best, best_descent, private_run
from gradproof.theory.privacy import diff2 as paper

Found = tuple[Any, dict[str, Any]]
BITS = 160
ONE_SIZE = "noise of one size on all differences"

# --- the estimator and one step -----------------------------------------------------------------------------------------

CARD = {"quadratic": at.THREE, "eta": F(1, 2), "R": 40, "T": 10, "sigma_1": F(1, 5), "tau": F(3, 10)}
ESTIMATES = cases(run=[CARD, {**CARD, "quadratic": at.TWO, "R": 12, "T": 5, "tau": F(2)}])


@measure(paper.ESTIMATOR_STEP, ESTIMATES)
def next_error(
    quadratic: at.Quadratic, eta: F, R: int, T: int, sigma_1: F, tau: F, fixed: bool = False
) -> Iterator[Found]:
    r"""$\mathbb E\|e_r\|^2$ of every round that is no restart, in rationals."""
    m = quadratic.moments(eta, R, T, sigma_1**2, tau**2, fixed=fixed)
    for r in range(1, R):
        if r % T:
            yield m.error[r], {"d": quadratic.d, "e2": m.error[r - 1], "q": m.step[r - 1]}


instead(paper.ESTIMATOR_STEP, ONE_SIZE, next_error, cases(run=[CARD], fixed=True))


#: on the line from an exact estimate, after a step of 1, the difference clipped at a half
clipped = lambda tau: (F(1, 4) + tau**2, {"d": 1, "e2": 0, "q": 1})  # noqa: E731
tenth = cases(tau=F(1, 10)).guaranteeing("gaussian-noise")
without(paper.ESTIMATOR_STEP, "unclipped", clipped, tenth, name="next_error_clipped")


@measure(paper.ESTIMATOR_ERROR, ESTIMATES.guaranteeing("restarts"))
def error_since_restart(
    quadratic: at.Quadratic, eta: F, R: int, T: int, sigma_1: F, tau: F, period: int = 0, first: int = 0
) -> Iterator[Found]:
    r"""$\mathbb E\|e_r\|^2$ of every round, in rationals: the sawtooth."""
    m = quadratic.moments(eta, R, period or T, sigma_1**2, tau**2)
    for r in range(first, R):
        yield m.error[r], {"d": quadratic.d, "steps": since_restart(m.step, r, T)}


without(paper.ESTIMATOR_ERROR, "restarts", error_since_restart, cases(run=[CARD], period=41, first=39))


SIZED = cases(run=[CARD], size=2_000).guaranteeing("restarts")


@measure(paper.ESTIMATOR_ERROR, SIZED.let(size=lambda: 40_000), budget="full", name="all_chains")
@measure(paper.ESTIMATOR_ERROR, SIZED)
def chains(
    quadratic: at.Quadratic, eta: F, T: int, sigma_1: F, tau: F, size: int, keys: Any, backend: str
) -> Iterator[Found]:
    r"""$\mathbb E\|e_r\|^2$ of the method itself in the middle of a period, before a restart, and after it."""
    m, on, d, wanted = (
        quadratic.moments(eta, 11, T, sigma_1**2, tau**2),
        array_library(backend),
        quadratic.d,
        [5, 9, 10],
    )
    problem = on.move(methods.Quadratic(np.array(quadratic.h, float), np.zeros((1, d))))
    words = on.asarray(split(keys(seeds=1)[:, 0], size))
    with on.scope():
        method = methods.diff2(problem, float(eta), T, float(sigma_1), float(tau), 1e9, 1e9)
    x0 = on.asarray(np.broadcast_to(np.array(quadratic.y0, float), (1, size, d)).copy())
    record = {"v": lambda s: s.v - methods.gradient(problem, s.x_prev)}
    draw = lambda t: methods.noise(Draws(words, t), d)  # noqa: E731
    out = run(method, x0, 11, draw=draw, at=[r + 1 for r in wanted], record=record)
    for k, r in enumerate(wanted):
        e = out.v.values[0, :, k]
        restarted = Sample(d * e.ravel() ** 2, law="square of normal")  # nothing but the noise of its round
        found = restarted if r % T == 0 else Sample((e**2).sum(axis=1))
        yield found, {"d": d, "steps": float(since_restart(m.step, r, T))}


DIRECTIONS = [(F(1), F(1), F(1)), (F(-3), F(2), F(1, 2))]


@measure(paper.DESCENT, cases(quadratic=[at.ONE, at.THREE, at.SADDLE], v=DIRECTIONS, eta=[F(1, 5), F(1), F(3)]))
def change_of_value(quadratic: at.Quadratic, v: tuple[F, ...], eta: F) -> Found:
    r"""$f(x - \eta v) - f(x)$ in rationals, on quadratics that need not be convex."""
    triples = list(zip(quadratic.h, quadratic.y0, v, strict=False))
    change = sum((h * ((y - eta * w) ** 2 - y * y) / 2 for h, y, w in triples), F(0))
    known = {"g2": sum((h * y) ** 2 for h, y, _ in triples), "v2": sum(w * w for _, _, w in triples)}
    return change, {"L": quadratic.L, **known, "w2": sum((w - h * y) ** 2 for h, y, w in triples)}


without(paper.DESCENT, "smooth", change_of_value, cases(quadratic=at.STEEP, v=[(F(1),)], eta=F(1)))

# --- utility in rationals ---------------------------------------------------------------------------------------------

LOUD, STEADY = {"sigma_1": F(1, 100), "tau": F(2)}, {"sigma_1": F(1, 2), "tau": F(1, 10)}
RUNS = {"quadratic": [at.THREE, at.TWO, at.ONE], "noise": [STEADY, LOUD], "short": [F(1), F(1, 3)]}
SQUARES = [{"quadratic": at.THREE, "T": 3}, {"quadratic": at.THREE, "T": 12}, {"quadratic": at.ONE, "T": 4}]


@measure(paper.UTILITY, cases(of=SQUARES, noise=[STEADY, LOUD], R=[2, 24]).guaranteeing("restarts", "own-step"))
@measure(paper.ANY_STEP, cases(**RUNS, T=[1, 4], R=[3, 16]).guaranteeing("restarts"))
@measure(paper.PERIOD, cases(**RUNS, R=[1, 6, 16]))
def mean_of_a_run(
    quadratic: at.Quadratic, sigma_1: F, tau: F, R: int, T: int = 0, short: F = F(1), fixed: bool = False, period: int = 0
) -> Found:  # fmt: skip
    r"""The mean squared gradient in rationals, at a share of the step $1/(L + \tau\lceil\sqrt{dT}\rceil)$."""
    root = next(k for k in range(10**6) if k * k >= quadratic.d * (T or R))
    eta = short / (quadratic.L + tau * root)
    m = quadratic.moments(eta, R, period or T or R, sigma_1**2, tau**2, fixed=fixed)
    return m.mean_gradient, {"L": quadratic.L, "Delta": quadratic.Delta, "d": quadratic.d, "eta": eta}


for claim, held, T in (
    (paper.PERIOD, (), 0), (paper.ANY_STEP, ("restarts",), 4), (paper.UTILITY, ("restarts", "own-step"), 4),
):  # fmt: skip
    of: dict[str, Any] = {"noise": [STEADY], "R": 16, "T": T}
    without(claim, "smooth", mean_of_a_run, cases(quadratic=at.STEEP, **of).guaranteeing(*held))
    longer = cases(quadratic=at.ONE, **of, short=F(4)).guaranteeing(*held[:1])
    without(claim, "own-step" if claim is paper.UTILITY else "step-size", mean_of_a_run, longer)
    one_size = cases(quadratic=at.ONE, **of | {"noise": [LOUD | {"tau": F(1)}]}, fixed=True).guaranteeing(*held)
    instead(claim, ONE_SIZE, mean_of_a_run, one_size)
    if held:
        never = cases(quadratic=at.ONE, noise=[LOUD | {"tau": F(3)}], R=60, T=1, period=61).guaranteeing(*held[1:])
        without(claim, "restarts", mean_of_a_run, never)

# --- at a privacy, in balls -------------------------------------------------------------------------------------------

PLAIN = {"L": F(1), "G": F(1), "Delta": F(1), "d": 1, "mu": F(1)}
OTHER = {"L": F(2), "G": F(3), "Delta": F(1, 2), "d": 30, "mu": F(1, 2)}
FRESH = ("smooth", "lower-bounded", "unclipped", "gaussian-noise", "own-step", "fresh-gradients")
PRIVATE = (*FRESH[:-1], "restarts", "calibrated")


@measure(
    paper.PRIVATE_UTILITY,
    cases(sizes=[PLAIN, OTHER], n=[100, 10_000], periods=[1, 4, 25], T=[1, 40, 4000]).guaranteeing(*PRIVATE),
)
def mean_at_a_privacy(L: F, G: F, Delta: F, d: int, mu: F, n: int, periods: int, T: int, longer: int = 1) -> Found:
    r"""The mean squared gradient of calibrated runs on $L\|x\|^2/2$, in balls."""
    with flint.ctx.workprec(BITS):
        return private_run(L, G, Delta, d, n, mu, T, periods, longer=longer), {"s": F(1, periods), "R": T * periods}


thrice = cases(sizes=[PLAIN], n=10_000, periods=25, T=40, longer=3)
without(
    paper.PRIVATE_UTILITY, "own-step", mean_at_a_privacy, thrice.guaranteeing(*(a for a in PRIVATE if a != "own-step"))
)


@measure(paper.DPGD, cases(sizes=[PLAIN, OTHER], sigma=[F(1, 100), F(1)], R=[1, 10, 300]).guaranteeing(*FRESH))
def mean_of_descent(L: F, Delta: F, d: int, sigma: F, R: int, claimed: F = F(0)) -> Found:
    r"""The mean squared gradient of private gradient descent on $L\|x\|^2/2$, in balls."""
    with flint.ctx.workprec(BITS):
        eta = 1 / ball(claimed or L)
        return mean_gradient_of_periods(L, 2 * Delta / L, d, eta, 1, R, sigma**2, 0), {"L": claimed or L}


unsmooth = cases(sizes=[{**PLAIN, "L": F(3)}], sigma=F(1), R=10, claimed=F(1)).guaranteeing(*FRESH[1:])
without(paper.DPGD, "smooth", mean_of_descent, unsmooth)

ACCURACY = {"Delta": [F(1), F(1, 5)], "mu": [F(1, 40), F(1)], "root": [F(1, 10), F(1, 3)], "n": 1000}
THEOREM = (*PRIVATE, "accuracy", "paper-period")


@measure(paper.PAPER_THEOREM, cases(L=[F(1), F(2)], d=[1, 4], k=[1, 3, 16], **ACCURACY).guaranteeing(*THEOREM))
def mean_at_the_papers_rounds(
    L: F, Delta: F, d: int, n: int, mu: F, root: F, k: int, T: int = 0, longer: int = 1
) -> Found:
    r"""The mean squared gradient of k periods, as many rounds as the paper asks for, at the G of an accuracy root^2."""
    eps_opt = root**2
    share = (n * mu * eps_opt / L) ** 2 / d  # (G^2 sqrt(d)/(L n mu))^(2/3)
    T = T or -int(-(1 + L / eps_opt + 1 / share) // k)
    with flint.ctx.workprec(BITS):
        found = private_run(L, (n * mu) ** 2 * root**3 / (L * d), Delta, d, n, mu, T, k, longer=longer)
    return found, {"eps_opt": eps_opt, "t": 1 / (k * share), "R": k * T}


of = {"L": F(1), "Delta": F(1), "d": 1, "n": 1000, "mu": F(1, 10), "root": F(1, 10)}
without(paper.PAPER_THEOREM, "paper-rounds", mean_at_the_papers_rounds, cases(of=[of], k=1, T=1).guaranteeing(*THEOREM))
long_steps = cases(of=[of], k=2, longer=4).guaranteeing(*(a for a in THEOREM if a != "own-step"))
without(paper.PAPER_THEOREM, "own-step", mean_at_the_papers_rounds, long_steps)

# --- at the best time between restarts --------------------------------------------------------------------------------

KEYS = ("L", "G", "Delta", "d", "mu")


def slope(utility: Any, n: int, sizes: dict[str, Any]) -> Any:
    """Distance from -4/3 of a slope between n and 2n."""
    values = tuple(sizes[k] for k in KEYS)
    with flint.ctx.workprec(BITS):
        return abs((utility(2 * n, values) / utility(n, values)).log() / flint.arb(2).log() + flint.arb(4) / 3)


EIGENVALUE = ("calibrated", "restarts", "one-eigenvalue")
LONG_RUNS = {"plain": PLAIN, "d = 4": {**PLAIN, "d": 4}}


@measure(paper.SLOPE, cases(n=[600, 1200], sizes=LONG_RUNS).guaranteeing(*EIGENVALUE, "long-run"))
def slope_of_diff2(n: int, sizes: dict[str, Any]) -> Any:
    r"""The slope of the exact utility of DIFF2, in balls."""
    return slope(best, n, sizes)


instead(
    paper.SLOPE, "private gradient descent", lambda n, sizes: slope(best_descent, n, sizes), name="slope_of_descent_instead",
    where=cases(n=600, sizes={"plain": PLAIN}).guaranteeing(*EIGENVALUE, "long-run"),
)  # fmt: skip
without(paper.SLOPE, "long-run", slope_of_diff2, cases(n=20, sizes={"plain": PLAIN}).guaranteeing(*EIGENVALUE))

BOTH = (*EIGENVALUE, "dpgd-calibrated", "best-of-both")
RATIOS = cases(n=[10, 40, 300], sizes={"plain": PLAIN, "G = 2, L = 3": {**PLAIN, "G": F(2), "L": F(3)}})


@measure(paper.ADVANTAGE, RATIOS.guaranteeing(*BOTH))
def ratio_of_the_best(n: int, sizes: dict[str, Any], restarts: bool = True) -> Found:
    r"""$U_{DIFF2}/U_{DPGD}$, each at its best, in balls; or DIFF2 with the restart of the first round alone."""
    values = tuple(sizes[k] for k in KEYS)
    with flint.ctx.workprec(BITS):
        L, G, Delta, d, mu = values
        ours = best(n, values) if restarts else private_run(L, G, Delta, d, n, mu, 10**6, 1)
        return ours / best_descent(n, values), sizes


once = cases(n=300, sizes={"plain": PLAIN}, restarts=False).guaranteeing(*(a for a in BOTH if a != "restarts"))
without(paper.ADVANTAGE, "restarts", ratio_of_the_best, once)
