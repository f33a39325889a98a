"""Utility on quadratics: second moments in rationals for short runs, in balls for long ones; error of the estimator; descent."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Sample, cases, instead, measure, without
from gradproof.experiments.engine.run import run
from gradproof.experiments.privacy.diff2 import instances as at
from gradproof.experiments.privacy.diff2 import methods
from gradproof.solvers.difference_estimator import mean_gradient_of_periods, since_restart
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.private_descent import best, best_descent, private_descent, private_run
from gradproof.theory.privacy import diff2 as paper

Found = tuple[Any, dict[str, Any]]
BITS = 160
CARD = {"quadratic": at.THREE, "eta": F(1, 2), "R": 40, "T": 10, "sigma_1": F(1, 5), "tau": F(3, 10)}

# --- the estimator ----------------------------------------------------------------------------------------------------

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


instead(paper.ESTIMATOR_STEP, "noise of one size on all differences", next_error, cases(run=[CARD], fixed=True))


def next_error_clipped(radius: F, tau: F) -> Found:
    """The same on the line from an exact estimate, after a step of 1, where the difference is clipped."""
    return (1 - radius) ** 2 + tau**2, {"d": 1, "e2": 0, "q": 1}


without(
    paper.ESTIMATOR_STEP, "unclipped", next_error_clipped,
    cases(radius=F(1, 2), tau=F(1, 10)).guaranteeing("gaussian-noise"),
)  # fmt: skip


@measure(
    paper.ESTIMATOR_STEP, cases(tau=[0.1, 2.0], step=[0.01, 3.0], size=2000).guaranteeing("unclipped", "gaussian-noise")
)
def drawn_error(tau: float, step: float, size: int, keys: Any, backend: str) -> Found:
    r"""$\mathbb E\|e_r\|^2$ of the method itself after one step from an exact estimate: squares of normal numbers."""
    on, d = array_library(backend), 3
    problem = on.move(methods.Quadratic(np.array([1.0, 0.5, 0.1]), np.zeros((1, d))))
    old, new = np.ones((1, size, d)), np.ones((1, size, d)) + step * np.array([2, -1, 2]) / 3
    words = on.asarray(split(keys(seeds=1)[:, 0], size))
    with on.scope():
        method = methods.diff2(problem, 0.0, 10, 0.0, tau, 1e9, 1e9)
        x, x_prev = on.asarray(new), on.asarray(old)
        state = methods.State(x, x_prev, methods.gradient(problem, x_prev), 0 * x[..., :1] + 3)
        v = method.step(state, methods.noise(Draws(words, 0), d)).v - methods.gradient(problem, x)
    q = float(((new - old)[0, 0] ** 2).sum())
    return Sample(d * to_numpy(v).ravel() ** 2, law="square of normal"), {"d": d, "e2": 0.0, "q": q}


@measure(paper.ESTIMATOR_ERROR, ESTIMATES.guaranteeing("restarts"))
def error_since_restart(
    quadratic: at.Quadratic, eta: F, R: int, T: int, sigma_1: F, tau: F, period: int = 0, first: int = 0
) -> Iterator[Found]:
    r"""$\mathbb E\|e_r\|^2$ of every round, in rationals: the sawtooth."""
    m = quadratic.moments(eta, R, period or T, sigma_1**2, tau**2)
    for r in range(first, R):
        yield m.error[r], {"d": quadratic.d, "steps": since_restart(m.step, r, T)}


without(paper.ESTIMATOR_ERROR, "restarts", error_since_restart, cases(run=[CARD], period=41, first=39))


@measure(
    paper.ESTIMATOR_ERROR, cases(run=[CARD], size=40_000).guaranteeing("restarts"), budget="full", name="all_chains"
)
@measure(paper.ESTIMATOR_ERROR, cases(run=[CARD], size=2_000).guaranteeing("restarts"))
def chains(
    quadratic: at.Quadratic, eta: F, R: int, T: int, sigma_1: F, tau: F, size: int, keys: Any, backend: str
) -> Iterator[Found]:
    r"""$\mathbb E\|e_r\|^2$ of the method itself before a restart, in the middle of a period and after a restart."""
    m, wanted = quadratic.moments(eta, R, T, sigma_1**2, tau**2), [5, 9, 10]
    on = array_library(backend)
    problem = on.move(methods.Quadratic(np.array(quadratic.h, float), np.zeros((1, quadratic.d))))
    words = on.asarray(split(keys(seeds=1)[:, 0], size))
    with on.scope():
        method = methods.diff2(problem, float(eta), T, float(sigma_1), float(tau), 1e9, 1e9)
    x0 = on.asarray(np.broadcast_to(np.array(quadratic.y0, float), (1, size, quadratic.d)).copy())
    record = {"v": lambda s: s.v - methods.gradient(problem, s.x_prev)}
    out = run(
        method, x0, 11, draw=lambda t: methods.noise(Draws(words, t), quadratic.d), record=record,
        at=[r + 1 for r in wanted],
    )  # fmt: skip
    for k, r in enumerate(wanted):
        e = out.v.values[0, :, k]
        known = {"steps": float(since_restart(m.step, r, T)), "sigma_1": float(sigma_1), "tau": float(tau)}
        restarted = Sample(quadratic.d * e.ravel() ** 2, law="square of normal")  # nothing but the noise of its round
        yield restarted if r % T == 0 else Sample((e**2).sum(axis=1)), {"d": quadratic.d, **known}


# --- one step ---------------------------------------------------------------------------------------------------------

SADDLE = at.Quadratic("diag(1, -1)", (F(1), F(-1)), (F(1), F(2)))
POINTS = cases(
    quadratic=[at.ONE, at.THREE, SADDLE], v=[(F(1), F(1), F(1)), (F(-3), F(2), F(1, 2))], eta=[F(1, 5), F(1), F(3)]
)


@measure(paper.DESCENT, POINTS)
def change_of_value(quadratic: at.Quadratic, v: tuple[F, ...], eta: F) -> Found:
    r"""$f(x - \eta v) - f(x)$ in rationals, on quadratics that need not be convex."""
    triples = list(zip(quadratic.h, quadratic.y0, v, strict=False))
    change = sum((h * ((y - eta * w) ** 2 - y * y) / 2 for h, y, w in triples), F(0))
    known = {"g2": sum((h * y) ** 2 for h, y, _ in triples), "v2": sum(w * w for _, _, w in triples)}
    return change, {"L": quadratic.L, **known, "w2": sum((w - h * y) ** 2 for h, y, w in triples)}


without(paper.DESCENT, "smooth", change_of_value, cases(quadratic=at.STEEP, v=[(F(1),)], eta=F(1)))

# --- utility in rationals ---------------------------------------------------------------------------------------------

LOUD, STEADY = {"sigma_1": F(1, 100), "tau": F(2)}, {"sigma_1": F(1, 2), "tau": F(1, 10)}
NOISES, QUADRATICS = [STEADY, LOUD], [at.THREE, at.TWO, at.ONE]
SQUARES = [{"quadratic": at.THREE, "T": 3}, {"quadratic": at.THREE, "T": 12}, {"quadratic": at.ONE, "T": 4}]


@measure(paper.UTILITY, cases(of=SQUARES, noise=NOISES, R=[2, 24]).guaranteeing("restarts", "own-step"))
@measure(
    paper.ANY_STEP,
    cases(quadratic=QUADRATICS, noise=NOISES, T=[1, 4], R=[3, 16], short=[F(1), F(1, 3)]).guaranteeing("restarts"),
)
@measure(paper.PERIOD, cases(quadratic=QUADRATICS, noise=NOISES, R=[1, 6, 16], short=[F(1), F(1, 3)]))
def mean_of_a_run(
    quadratic: at.Quadratic,
    sigma_1: F,
    tau: F,
    R: int,
    T: int = 0,
    short: F = F(1),
    fixed: bool = False,
    period: int = 0,
) -> Found:
    r"""The mean squared gradient in rationals, at a share of the step $1/(L + \tau\lceil\sqrt{dT}\rceil)$."""
    root = next(k for k in range(10**6) if k * k >= quadratic.d * (T or R))
    eta = short / (quadratic.L + tau * root)
    m = quadratic.moments(eta, R, period or T or R, sigma_1**2, tau**2, fixed=fixed)
    return m.mean_gradient, {"L": quadratic.L, "Delta": quadratic.Delta, "d": quadratic.d, "eta": eta}


for claim, held, T in (
    (paper.PERIOD, (), 0),
    (paper.ANY_STEP, ("restarts",), 4),
    (paper.UTILITY, ("restarts", "own-step"), 4),
):
    of = {"noise": [STEADY], "R": 16, "T": T}
    without(claim, "smooth", mean_of_a_run, cases(quadratic=at.STEEP, **of).guaranteeing(*held))
    longer = cases(quadratic=at.ONE, **of, short=F(4)).guaranteeing(*held[:1])
    without(claim, "own-step" if claim is paper.UTILITY else "step-size", mean_of_a_run, longer)
    one_size = cases(quadratic=at.ONE, **of | {"noise": [LOUD | {"tau": F(1)}]}, fixed=True).guaranteeing(*held)
    instead(claim, "noise of one size on all differences", mean_of_a_run, one_size)
    if held:
        never = cases(quadratic=at.ONE, noise=[LOUD | {"tau": F(3)}], R=60, T=1, period=61).guaranteeing(*held[1:])
        without(claim, "restarts", mean_of_a_run, never)

# --- at a privacy, in balls -------------------------------------------------------------------------------------------


PLAIN = {"L": F(1), "G": F(1), "Delta": F(1), "d": 1, "mu": F(1)}
OTHER = {"L": F(2), "G": F(3), "Delta": F(1, 2), "d": 30, "mu": F(1, 2)}
PRIVATE = ("smooth", "lower-bounded", "unclipped", "gaussian-noise", "restarts", "own-step", "calibrated")


@measure(
    paper.PRIVATE_UTILITY,
    cases(sizes=[PLAIN, OTHER], n=[100, 10_000], periods=[1, 4, 25], T=[1, 40, 4000]).guaranteeing(*PRIVATE),
)
def mean_at_a_privacy(L: F, G: F, Delta: F, d: int, mu: F, n: int, periods: int, T: int, longer: int = 1) -> Found:
    r"""The mean squared gradient of calibrated runs on $L\|x\|^2/2$, in balls."""
    with flint.ctx.workprec(BITS):
        return private_run(L, G, Delta, d, n, mu, T, periods, longer=longer), {"s": F(1, periods), "R": T * periods}


but = tuple(a for a in PRIVATE if a != "own-step")
without(
    paper.PRIVATE_UTILITY, "own-step", mean_at_a_privacy,
    cases(sizes=[PLAIN], n=10_000, periods=25, T=40, longer=3).guaranteeing(*but),
)  # fmt: skip


@measure(paper.DPGD, cases(sizes=[PLAIN, OTHER], sigma=[F(1, 100), F(1)], R=[1, 10, 300]).guaranteeing(
    "smooth", "lower-bounded", "unclipped", "gaussian-noise", "fresh-gradients", "own-step"))  # fmt: skip
def mean_of_descent(L: F, Delta: F, d: int, sigma: F, R: int, claimed: F = F(0)) -> Found:
    r"""The mean squared gradient of private gradient descent on $L\|x\|^2/2$, in balls."""
    with flint.ctx.workprec(BITS):
        eta = 1 / ball(claimed or L)
        return mean_gradient_of_periods(L, 2 * Delta / L, d, eta, 1, R, sigma**2, 0), {"L": claimed or L}


unsmooth = cases(sizes=[{**PLAIN, "L": F(3)}], sigma=F(1), R=10, claimed=F(1))
without(
    paper.DPGD, "smooth", mean_of_descent,
    unsmooth.guaranteeing("lower-bounded", "unclipped", "gaussian-noise", "fresh-gradients", "own-step"),
)  # fmt: skip


@measure(
    paper.PAPER_THEOREM,
    cases(L=[F(1), F(2)], G=[F(1), F(3)], d=[1, 4], k=[1, 4, 16], n=1000).guaranteeing(*PRIVATE, "paper-rounds"),
)
def mean_at_the_papers_rounds(L: F, G: F, d: int, k: int, n: int) -> Found:
    r"""The mean squared gradient for the paper's $R$ and $T = R/k$: $k^{3/2} = Ln\mu/(G^2\sqrt d)$."""
    mu = at.isqrt(k) ** 3 * G**2 * at.isqrt(d) / L / n
    R = 1 + k * k * G**2 / L + k  # L/eps_opt and the third term, with that k
    with flint.ctx.workprec(BITS):
        return private_run(L, G, F(1), d, n, mu, -int(-R // k), k), {"mu": mu}


def mean_of_dpgd_at_the_papers_rounds(L: F, G: F, d: int, k: int, n: int) -> Found:
    """Private gradient descent for as many rounds."""
    mu = at.isqrt(k) ** 3 * G**2 * at.isqrt(d) / L / n
    with flint.ctx.workprec(BITS):
        return private_descent(L, G, F(1), d, n, mu, int(1 + k * k * G**2 / L + k)), {"mu": mu}


as_long = cases(L=F(1), G=F(3), d=4, k=16, n=1000).guaranteeing(*PRIVATE, "paper-rounds")
instead(paper.PAPER_THEOREM, "private gradient descent", mean_of_dpgd_at_the_papers_rounds, as_long)

# --- at the best time between restarts --------------------------------------------------------------------------------

KEYS = ("L", "G", "Delta", "d", "mu")
LONG = 10**6


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


instead(paper.SLOPE, "private gradient descent", lambda n, sizes: slope(best_descent, n, sizes), cases(
    n=600, sizes={"plain": PLAIN}).guaranteeing(*EIGENVALUE, "long-run"), name="slope_of_descent_instead")  # fmt: skip
short_run = cases(n=20, sizes={"plain": PLAIN}).guaranteeing(*EIGENVALUE)
without(paper.SLOPE, "long-run", slope_of_diff2, short_run)

BOTH = (*EIGENVALUE, "dpgd-calibrated", "best-of-both")


@measure(
    paper.ADVANTAGE,
    cases(n=[10, 40, 300], sizes={"plain": PLAIN, "G = 2, L = 3": {**PLAIN, "G": F(2), "L": F(3)}}).guaranteeing(*BOTH),
)
def ratio_of_the_best(n: int, sizes: dict[str, Any]) -> Found:
    r"""$U_{DIFF2}/U_{DPGD}$, each at its best, in balls."""
    values = tuple(sizes[k] for k in KEYS)
    with flint.ctx.workprec(BITS):
        return best(n, values) / best_descent(n, values), sizes


def ratio_without_restarts(n: int, sizes: dict[str, Any]) -> Found:
    """DIFF2 with the restart of the first round alone."""
    values = tuple(sizes[k] for k in KEYS)
    with flint.ctx.workprec(BITS):
        L, G, Delta, d, mu = values
        return private_run(L, G, Delta, d, n, mu, LONG, 1) / best_descent(n, values), sizes


without(paper.ADVANTAGE, "restarts", ratio_without_restarts, cases(n=300, sizes={"plain": PLAIN}).guaranteeing(
    *(a for a in BOTH if a != "restarts")))  # fmt: skip
