"""Normalised steps and their momentum: in rational numbers, over all paths of coins, and in runs of the whole method."""

from fractions import Fraction as F
from itertools import product

import numpy as np

# isort: off
from gradproof.experiments.adaptive.bilevel_unbounded.instances import smooth
from gradproof.experiments.adaptive.bilevel_unbounded.measures_lower import KP, smooth_runs
from gradproof.experiments.adaptive.bilevel_unbounded.methods import bo_rep
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import Sample, cases, measure, rounded
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.bilevel import Bilevel
from gradproof.theory.adaptive import bilevel_unbounded as paper
# isort: on

# --- one step -----------------------------------------------------------------------------------------------------------

#: functions of (x, y) with their gradients; the quartic has K1 = 1 and K0 = 225/16 within 5/4
PARABOLA = {"f": lambda x, y: x * x / 2, "slope": lambda x, y: (x, F(0)), "K0": F(1), "K1": F(0), "R": F(100)}
QUARTIC = {"f": lambda x, y: x**4 / 4, "slope": lambda x, y: (x**3, F(0)), "K0": F(225, 16), "K1": F(1), "R": F(5, 4)}
#: momenta of rational length whose distance from the gradient (g, 0) is rational: 0, or against it, or askew
TURNS = {
    "exact": lambda g: (g, F(0), F(0)),
    "against": lambda g: (-g / 999, F(0), g * F(1000, 999)),
    "askew": lambda g: (g, g * F(3, 4), g * F(3, 4)),
}
STEP = ("k0_k1_smooth", "normalized")


WITHIN = lambda eta, R: eta <= R  # noqa: E731
STEPS = cases(of=[PARABOLA, QUARTIC], turn=TURNS, x=[F(1), F(5, 2)], eta=[F(1, 8), F(5, 4)]).where(WITHIN)


@measure(paper.NORMALIZED_DESCENT, STEPS.guaranteeing(*STEP))
def change_of_a_step(f, slope, turn, x, eta, power=0):
    """Phi(x_{t+1}) - Phi(x_t) in rational numbers; ``power``: of the length of m in the step."""
    g, _ = slope(x, F(0))
    m1, m2, err = turn(g)
    size = m1 * F(5, 4) if m2 else abs(m1)  # of (4, 3)/4
    along = [c / size * size**power for c in (m1, m2)]
    return f(x - eta * along[0], -eta * along[1]) - f(x, F(0)), {"G": abs(g), "err": abs(err)}


CONTROLS = {
    "step_radius": QUARTIC | {"x": F(1, 100), "eta": F(20)}, "k0_k1_smooth": PARABOLA | {"K0": F(1, 3), "x": F(1), "eta": F(5, 4)},
    "normalized": QUARTIC | {"x": F(5, 2), "eta": F(5, 4), "power": 1},
}  # fmt: skip
for _name, _case in CONTROLS.items():
    breaking(paper.NORMALIZED_DESCENT, _name, change_of_a_step, of=[_case], turn={"exact": TURNS["exact"]})


RUNS = cases(of=[PARABOLA, QUARTIC], x=[F(21, 10), F(51, 10)], eta=[F(1, 4), F(1)], T=[1, 40]).where(WITHIN)


@measure(paper.NORMALIZED_AVERAGE, RUNS.guaranteeing(*STEP, "lower_bounded"))
def mean_gradient(f, slope, x, eta, T, normalised=True, share=1):
    """The mean gradient of normalised steps on a line, in rational numbers; ``share``: what is said of Delta."""
    total, at = F(0), {"Delta": f(x, F(0)) * share, "err": F(0)}
    for _ in range(T):
        g, _ = slope(x, F(0))
        total += abs(g)
        x = x - eta * ((g > 0) - (g < 0) if normalised else g)
    return total / T, at


CONTROLS = {
    "lower_bounded": PARABOLA | {"x": F(9), "eta": F(1, 100), "T": 40, "share": F(1, 100)},
    "k0_k1_smooth": QUARTIC | {"K0": F(1, 9), "x": F(1, 2), "eta": F(1), "T": 40},
    "normalized": QUARTIC | {"x": F(5), "eta": F(1, 10), "T": 4, "normalised": False},
}
for _name, _case in CONTROLS.items():
    breaking(paper.NORMALIZED_AVERAGE, _name, mean_gradient, of=[_case])

#: of the closed form: within R = 1/5 for L_x1 = 1, kappa = 4, M = root 3
CONSTANTS = {
    "L_x0": float(paper.quartic_K0(1.0, 0.2)), "L_x1": 1.0, "L_y0": 1.0, "L_y1": 0.0, "M": 3**0.5, "kappa": 4.0,
    "mu": 1.0, "l_g2": 0.0,
}  # fmt: skip
K0 = float(paper.smooth_factor(**CONSTANTS, gradient=0.0))
K1 = float(paper.smooth_factor(**CONSTANTS, gradient=1.0)) - K0


def fall(x0):
    """A bound on Phi(x_0) - inf Phi: Phi is at least 3."""
    return float(smooth(array_library("numpy")).value(np.asarray(x0))) - 3 + 1e-9


ONE_RUN = cases(eta=[0.02], T=[1000], x0=[(5.0, -4.0)]).where(lambda eta: 0 < eta <= 0.0485)


@measure(paper.NORMALIZED_AVERAGE, ONE_RUN.guaranteeing(*STEP, "lower_bounded"))
def mean_gradient_of_a_run(eta, T, x0, backend):
    """The mean gradient of T steps against the exact hypergradient on the closed form; err is what rounding does."""
    out = smooth_runs(backend, [1], 20, eta, T, x0=x0, beta=0.0)
    gradient = out.gradient.values[0, 0, :T]
    at = {"K0": K0, "K1": K1, "Delta": fall(x0), "err": KP * 1e-3}  # 20 lower steps: 0.75^20 of a lag below 1/5
    return rounded(float(gradient.mean()), 10**4, float(gradient.max())), at


# --- momentum ---------------------------------------------------------------------------------------------------------------

RUN = tuple(a.name for a in paper.MOMENTUM_BOUND.assumptions if a.structural)
#: no momentum is 0 on these: 11/10 and dyadic numbers
PATHS = cases(x=[F(11, 10), F(31, 10)], eta=[F(1, 16), F(1, 2)], beta=[F(0), F(1, 2)], sigma=[F(1, 8), F(1)], T=[1, 7])


@measure(paper.MOMENTUM_BOUND, PATHS.guaranteeing(*RUN))
def mean_over_all_paths(x, eta, beta, sigma, T, shift=F(0), m0=None, share=1, K0=F(1), held=False, normalised=True):
    """E |Phi'| for Phi = x^2/2 over all paths of fair coins, in rational numbers.

    ``shift``: bias, without coins then, as in a run from the momentum ``m0``, which may be ``held``; ``share``: of Delta.
    """
    paths = list(product((1, -1), repeat=T)) if not shift and m0 is None else [(0,) * T]
    total = F(0)
    for path in paths:
        z, m = x, m0
        for sign in path:
            total += abs(z)
            g = z + sigma * sign + shift
            m = g if m is None else m if held else beta * m + (1 - beta) * g
            z = z - eta * ((m > 0) - (m < 0) if normalised else m)
    at = {"K0": K0, "K1": F(0), "Delta": x * x / 2 * share, "d0": sigma, "b": F(0)}
    return total / (T * len(paths)), at


CONTROLS = {
    "unbiased": {"x": F(0), "T": 40, "shift": F(10**3)}, "bounded_bias": {"x": F(0), "T": 40, "shift": F(10**3)},
    "bounded_start": {"x": F(0), "T": 150, "m0": F(9**9), "beta": F(9, 10)}, "lower_bounded": {"x": F(99), "T": 6, "share": F(0)},
    "normalized": {"x": F(1), "T": 8, "normalised": False, "eta": F(3)},
    "k0_k1_smooth": {"x": F(1, 2), "T": 40, "m0": F(1, 2), "K0": F(1, 1000)},
    "momentum": {"x": F(0), "T": 40, "m0": F(1, 1000), "held": True},
}  # fmt: skip
ALONE = {"eta": F(1), "beta": F(0), "sigma": F(1, 1000)}
for _name, _case in CONTROLS.items():
    breaking(paper.MOMENTUM_BOUND, _name, mean_over_all_paths, of=[ALONE | _case])


def mean_of_a_walk(T, spread, rng):
    """The same in 200 runs of coins so large that x walks at random, steps of 1."""
    x, total = np.zeros(200), np.zeros(200)
    for _ in range(T):
        total += np.abs(x)
        x = x - np.sign(x + spread * rng.choice([-1.0, 1.0], x.size))
    return Sample(total / T, bias=1e-9), {"K0": 1, "K1": 0, "eta": 1, "beta": 0, "Delta": 0, "d0": spread, "b": 0}


breaking(paper.MOMENTUM_BOUND, "bounded_variance", mean_of_a_walk, T=[3000], spread=[1000.5], sigma=[0.001])


def first_of_a_steep_slope(x, eta):
    """|Phi'(x)| for Phi = cosh x, a mean over one step; K0 and K1 hold within eta."""
    at = {"K0": float(np.sinh(eta) / eta), "K1": float(np.expm1(eta) / eta), "Delta": float(np.cosh(x)) - 1, "T": 1}
    return rounded(float(np.sinh(x)), 10), at | {"err": 0.0, "beta": 0.0, "sigma": 1e-3, "d0": 0.0, "b": 0.0}


breaking(paper.NORMALIZED_AVERAGE, "small_steps", first_of_a_steep_slope, x=[12.0], eta=[4.0])
breaking(paper.MOMENTUM_BOUND, "slow", first_of_a_steep_slope, x=[12.0], eta=[4.0])


def mean_gradient_of_runs(beta, N, period, sigma, T, keys, backend, x0=(5.0, -4.0)):
    """The mean gradient of BO-REP on the closed form: two normal numbers a step, of the mean square sigma^2."""
    eta, rho = (1 - beta) / (8 * K1), 0.75**N
    words = keys(settings=[period], seeds=6)
    out = smooth_runs(backend, [period], N, eta, T, x0=x0, beta=beta, keys=words, sd=sigma / 2**0.5)
    # the bias: |A^-1 B| times the lower error, as grad_x f has no y and the curvature of f in y is at most 1
    bias = KP**2 * eta * period / (1 - rho)
    at = {"K0": K0, "K1": K1, "eta": eta, "Delta": fall(x0), "d0": sigma + bias, "b": bias}
    return Sample(out.gradient.values[0, :, :T].mean(-1), bias=1e-9), at


for _budget, _T, _name in (("quick", 600, ""), ("full", 4000, "mean_gradient_of_long_runs")):
    _where = cases(beta=[0.9], N=[5], period=[2], sigma=[0.5], T=[_T]).guaranteeing(*RUN)
    measure(paper.MOMENTUM_BOUND, _where, budget=_budget, name=_name)(mean_gradient_of_runs)

# --- the accuracy is reached --------------------------------------------------------------------------------------------------


def parabola_runs(x0, share, eps, T, keys, backend):
    """|x_t| of BO-REP on Phi = x^2/2, of which half is in the lower level y_* = x; sigma = share eps."""
    on, sigma = array_library(backend), share * eps
    problem = Bilevel(
        upper_x=lambda x, y: x / 2, upper_y=lambda x, y: y / 2, lower=lambda x, y: y - x, curve=lambda x, y, v: v,
        cross=lambda x, y, v: -v, y0=on.asarray(np.zeros(1)), L=1.0, solve=lambda x, y, v: v,
    )  # fmt: skip
    rest = eps**2 / (400 * sigma**2)
    words = keys(settings=[x0], seeds=SEEDS)
    draw = ahead(on.asarray(words), lambda d: sigma * d.normal((1,)), block=64)
    method = bo_rep(problem, eps * rest / 25, beta=1 - rest, period=1, lower=1, refine=1)
    return run(method, on.asarray(np.full((1, SEEDS, 1), x0)), T, record={"x": lambda s: s.x[..., 0]}, draw=draw)


SEEDS = 40
REACHED = cases(of=[{"x0": 2.0, "share": 0.05, "T": 600}, {"x0": 1.0, "share": 0.07, "T": 600}], eps=[1.0])


@measure(paper.PAPER_THEOREM, REACHED.guaranteeing("momentum_run"))
def mean_distance(x0, share, eps, T, keys, backend, later=0):
    """The mean of |x_t| over the first T steps; no bias is left. ``later``: what is said of T beyond them."""
    out = parabola_runs(x0, share, eps, T, keys, backend)
    sigma = share * eps
    at = {"K0": 1.0, "sigma": sigma, "Delta": x0 * x0 / 2, "d0": sigma, "b": 0.0, "T": T + later}
    return Sample(np.abs(out.x.values[0, :, :T]).mean(-1), bias=1e-9), at


EARLY = {"of": [{"x0": 9.0, "share": 0.05, "T": 40}], "eps": [1.0]}
breaking(paper.PAPER_THEOREM, "long", mean_distance, **EARLY)
breaking(paper.PAPER_THEOREM, "momentum_run", mean_distance, **EARLY, later=[10**5])


def biased_distance(share, eps, T, shift, keys, backend):
    """The same from the minimiser, with a bias in each hypergradient that displaces it."""
    out = parabola_runs(shift, share, eps, T, keys, backend)
    return Sample(np.abs(out.x.values[0, :, :T] - shift).mean(-1), bias=1e-9), {
        "K0": 1.0, "sigma": share * eps, "Delta": 0.0, "d0": share * eps + shift, "b": shift,
    }  # fmt: skip


breaking(paper.PAPER_THEOREM, "tracked", biased_distance, share=[0.05], T=[600], eps=[1.0], shift=[5.0])
