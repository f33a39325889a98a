"""Walks: hitting times from linear systems in fractions, barriers and times in drawn potentials, and the distance in training."""

import math
from fractions import Fraction as F
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure, rounded
from gradproof.experiments.landscape.train_longer import instances as data
from gradproof.experiments.landscape.train_longer import methods
from gradproof.solvers import birth_death
from gradproof.theory.landscape import train_longer as paper

CHAIN = "birth_death_reflecting"
WALKS = cases(rho=data.CHAINS, rest=F(0)).let(L=lambda rho: len(rho) + 1)


def walk(rho: Any, rest: F) -> list[F]:
    """Expected times to L from each site below it; ``rest``: the chance to stay where one is, in each step."""
    P = data.steps(rho)
    lazy = [[(1 - rest) * x + rest * (i == j) for j, x in enumerate(row)] for i, row in enumerate(P)]
    return data.expected_times(lazy)


@measure(paper.HITTING_TIME, WALKS.guaranteeing(CHAIN))
def time_by_the_linear_system(rho, rest):
    r"""$\mathbb ET_L$ from $(I - P)h = 1$ in fractions; $\Sigma$ term by term."""
    e = data.heights(rho)
    pairs = sum((e[b] / e[a] for b in range(len(e)) for a in range(b)), F(0))
    return walk(rho, rest)[0], {"Sigma": pairs}


EDGES = WALKS.where(lambda rho: len(rho) > 0)


@measure(paper.CROSSING_SUM, EDGES.guaranteeing(CHAIN))
def crossing_by_the_linear_system(rho, rest):
    r"""$\mathbb ET_{i\to i+1}$ from $(I - P)h = 1$ in fractions; $\Sigma_i$ term by term."""
    *below, top = data.heights(rho)
    return walk(rho, rest)[-1], {"Sigma_i": sum((top / e for e in below), F(0))}


@measure(paper.CROSSING_TIME, EDGES.let(share=lambda: F(1)).guaranteeing(CHAIN, "climb"))
def time_of_the_last_edge(rho, rest, share):
    """From the linear system; W is ``share`` times the highest climb to the site."""
    return walk(rho, rest)[-1], {"i": len(rho), "W": share * birth_death.highest_climbs(rho)[-1]}


@measure(paper.BARRIER_BOUND, WALKS.let(share=lambda: F(1)).guaranteeing(CHAIN, "barrier"))
def time_under_barriers(rho, rest, share):
    """From the linear system; W is ``share`` times the highest climb."""
    return walk(rho, rest)[0], {"W": share * max(birth_death.highest_climbs(rho))}


CLIMBS = WALKS.where(lambda rho: max(rho, default=0) > 1).let(wall=lambda: False, share=lambda: F(1))


@measure(paper.BARRIER_LOWER, CLIMBS.guaranteeing(CHAIN, "climb_attained"))
def time_beyond_the_top(rho, rest, wall, share):
    """Until the highest climb is behind the walk, from the linear system; ``wall``: reflected at its top; W is ``share`` e^B."""
    _, b, W = data.steepest(rho)
    return F(1) if wall else walk(rho[:b], rest)[0], {"W": share * W}


SLOPES = cases(rho=[F(2), F(5, 4)], L=[1, 2, 7, 20], rest=F(0)).where(lambda L: L <= 60).let(bump=lambda: F(1))


@measure(paper.LINEAR_POTENTIAL, SLOPES.guaranteeing(CHAIN, "constant_ratio"))
def time_on_a_slope(rho, L, rest, bump):
    """From the linear system; the first ratio is ``bump`` times the others."""
    ratios = [rho] * (L - 1)
    return walk([bump * r for r in ratios[:1]] + ratios[1:], rest)[0]


@measure(
    paper.DOWNHILL,
    cases(r=[F(1, 2), F(9, 10)], L=[1, 6, 30], first=F(1, 3), rest=F(0))
    .where(lambda L: L <= 60)
    .guaranteeing(CHAIN, "downhill"),
)
def time_downhill(r, L, first, rest):
    """From the linear system; the ratios are r, but for the first."""
    return walk([first, *[r] * (L - 2)] if L > 1 else [], rest)[0]


# --- drawn potentials --------------------------------------------------------------------------------------------------------

ALPHAS, LENGTHS = [0.5, 1.0, 1.6], [{"L": 2**k, "levels": k} for k in (7, 9, 11)]
DRAWN = cases(alpha=ALPHAS, size=LENGTHS, n=200)
FULL = cases(alpha=ALPHAS, size=LENGTHS, n=600)


@measure(
    paper.BARRIER_BOUND,
    cases(alpha=ALPHAS, L=[2, 128], n=100).guaranteeing(CHAIN, "barrier"),
    name="times_in_drawn_potentials",
)
@measure(
    paper.BARRIER_LOWER,
    cases(alpha=ALPHAS, L=[128], n=100).guaranteeing(CHAIN, "climb_attained"),
    name="times_in_drawn_potentials",
)
def times_in_drawn_potentials(alpha, L, n, rng):
    """100 fractional Brownian potentials: expected times, with rounding errors, beside their highest climbs."""
    V = data.potentials(alpha, L, n, rng)
    (value, error), climb = data.log_times(V), birth_death.barrier(V)
    # ratios are formed from V, and climbs from sums of logarithms: L roundings of numbers of at most max |V|
    error = error + 4 * L * 2.0**-52 * (1 + np.abs(V).max())
    return Enclosed(np.exp(value - error), np.exp(value + error), "rounding"), {"W": np.maximum(np.exp(climb), 1.0)}


def ceiling(alpha: float, L: int) -> float:
    """Twice the sum over dyadic levels of what the largest increment of a level is expected to be at most."""
    levels = math.ceil(math.log2(L))
    terms = (2 ** ((levels - j) * alpha / 2) * math.sqrt(2 * math.log(1 + 2 ** (j - 1))) for j in range(1, levels + 1))
    return 2 * sum(terms)


def barriers(alpha: float, L: int, n: int, rng: Any, draw: Any = data.potentials, cap: float = 0.0) -> Sample:
    """Highest climbs of n potentials, capped.

    By concentration (Borell, TIS) a cap six deviations above the ceiling takes less than 3e-9 deviations from the mean.
    """
    deviation = (L - 1) ** (alpha / 2)
    most = cap or ceiling(alpha, L) + 6 * deviation
    return Sample(np.minimum(birth_death.barrier(draw(alpha, L, n, rng)), most), at_most=most, bias=3e-9 * deviation)


BOTH = (paper.ULTRA_SLOW, paper.ULTRA_SLOW_UPPER)


@measure(BOTH, DRAWN.guaranteeing("stationary_increments"))
@measure(BOTH, FULL.guaranteeing("stationary_increments"), budget="full", name="barriers_of_more_potentials")
def barriers_of_drawn_potentials(alpha, L, n, rng):
    """Highest climbs of fractional Brownian potentials."""
    return barriers(alpha, L, n, rng)


EDGE = cases(alpha=[F(1, 2), F(1), F(8, 5)], size=[{"L": 2, "levels": 1}])


@measure(BOTH, EDGE.guaranteeing("stationary_increments"))
def barrier_of_one_edge(L):
    r"""$\mathbb EZ_+$ for a standard normal number."""
    return 1 / sp.sqrt(2 * sp.pi)


@measure(paper.ULTRA_SLOW, cases(alpha=[F(1, 2), F(1), F(8, 5)], L=3).guaranteeing("stationary_increments"))
def barrier_of_two_edges(L):
    r"""The highest climb of two increments is $X_+ + Y_+$."""
    return 2 / sp.sqrt(2 * sp.pi)


# --- Sinai's walk --------------------------------------------------------------------------------------------------------------

DOUBLINGS = range(6, 17)


def mean_over_potentials(ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E|X_t| at t = 2^6, ..., 2^16, averaged over chains (n, L - 1), and bounds on the relative errors."""
    found = [birth_death.mean_distances(rho, DOUBLINGS[-1]) for rho in ratios]
    return np.mean([m for m, _ in found], axis=0)[DOUBLINGS[0] :], found[0][1][DOUBLINGS[0] :] + 2.0**-52 * len(ratios)


def unexplained(mean: np.ndarray) -> float:
    """(1 - R^2) of sqrt(E|X_t|) in log t, over that of log E|X_t| in log t."""
    log_t = np.log(2.0) * np.asarray(DOUBLINGS)
    return (1 - methods.determination(log_t, np.sqrt(mean))) / (1 - methods.determination(log_t, np.log(mean)))


def compared(ratios: np.ndarray) -> Enclosed:
    """The ratio of the unexplained shares; its error from moving each mean by its error, one at a time, and then some."""
    mean, error = mean_over_potentials(ratios)
    value = unexplained(mean)
    moved = [
        abs(unexplained(mean * (1 + s * error * (np.arange(len(mean)) == k))) - value)
        for k in range(len(mean))
        for s in (-1, 1)
    ]
    return around(value, 4 * sum(moved) + 1e-9 * abs(value))


def sinai_ratios(n: int, sites: int, rng: Any) -> np.ndarray:
    return np.exp(rng.standard_normal((n, sites - 1)))


IN_MANY = (CHAIN, "sinai_potential", "many_potentials")
MANY = cases(n=400, sites=128).where(lambda n, sites: n >= 400 and 128 <= sites <= 512).guaranteeing(*IN_MANY)


@measure(paper.SINAI, MANY)
@measure(paper.SINAI, cases(n=400, sites=256).guaranteeing(*IN_MANY), budget="full", name="walks_on_more_sites")
def walks_in_drawn_potentials(n, sites, rng):
    """The exact law of the walk at all times, by squaring, in drawn potentials."""
    return compared(sinai_ratios(n, sites, rng))


# --- training ------------------------------------------------------------------------------------------------------------------

LATE = slice(2, None)  # t = 100, 300, 1000, 3000


@measure(paper.LOG_DISTANCE, cases(M=[16]).guaranteeing("trained"))
@measure(paper.LOG_DISTANCE, cases(M=[64, 256]).guaranteeing("trained"), budget="full", name="larger_batches")
def training_on_digits(M, keys, rng, backend):
    """A 64-64-10 ReLU network on digits, steps 0.05 and 0.2: the distance after 100, 300, 1000 and 3000 updates."""
    net, etas = methods.digits_network(), (0.05, 0.2)
    for distance in methods.distances(net, M, etas, keys(settings=etas, seeds=1), rng, backend=backend)[:, 0]:
        yield fitted(distance)


def fitted(distance: np.ndarray) -> Enclosed:
    """R^2 of the fit to the distances of this run; its error is the rounding of the fit."""
    return rounded(methods.log_fit(methods.TIMES[LATE], distance[LATE]), 2**10)


@measure(paper.LOG_DISTANCE, cases(M=[256, 1024, 4096, 8192], width=1024).guaranteeing("trained"), budget="gpu")
def training_a_wide_network(M, width, keys, rng, backend):
    """The same with 1024 hidden units and batches of up to 8192."""
    net, etas = methods.digits_network(width), (0.05,)
    for distance in methods.distances(net, M, etas, keys(settings=etas, seeds=1), rng, backend=backend)[:, 0]:
        yield fitted(distance)


# --- activations --------------------------------------------------------------------------------------------------------------


@measure(paper.GHOST_VARIANCE, cases(m=[16]).guaranteeing("iid_activations"), budget="full")
def variances_in_a_trained_network(m, rng):
    r"""$v_g$ of ghost batches drawn uniformly from the digits, in a layer trained with ghost batches of 16; $\sigma^2$ of all."""
    net = methods.digits_network()
    trained = methods.train_normalised(net, 256, m, 0.2, 500, rng)
    hidden = net.X @ trained.W.T
    which = rng.integers(len(hidden), size=(4000, m))
    mean = hidden[which].var(axis=1).mean(axis=-1)  # over the layer
    return Sample(mean, at_most=float((np.ptp(hidden, axis=0) ** 2 / 4).mean())), {
        "sigma2": float(hidden.var(axis=0).mean())
    }
