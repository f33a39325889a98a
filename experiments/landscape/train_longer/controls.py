"""Controls: with one assumption broken, and no other, each claim's bound is violated; what the published formulas do describe."""

from fractions import Fraction as F

import numpy as np

from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.experiments.landscape.train_longer import instances as data
from gradproof.experiments.landscape.train_longer import measures, measures_walks, methods
from gradproof.solvers import batch_covariance as batch
from gradproof.theory.landscape import train_longer as paper

five = cases(g={"five points": data.FIVE}, M=2)

# --- updates -----------------------------------------------------------------------------------------------------------------

without(paper.WITH_REPLACEMENT, "with_replacement", measures.spread, five.let(law=lambda: data.repeated))
without(paper.WITHOUT_REPLACEMENT, "without_replacement", measures.spread, five.let(law=lambda: batch.with_replacement))
without(paper.POISSON_SAMPLING, "independent_inclusion", measures.spread, five.let(law=lambda: data.all_or_none))
without(paper.ACROSS_BATCHES, "disjoint_batches", measures.across, five.let(pairs=lambda: data.independent_pairs))
shared = cases(g={"five points": data.FIVE}, M=2, s=F(1, 2), v=F(1, 4), alone=False).guaranteeing("with_replacement")
without(paper.MULTIPLICATIVE_NOISE, "independent_factors", measures.spread_with_factors, shared)

instead(
    paper.WR_PUBLISHED,
    "samples kept independently",
    measures.spread,
    five.let(law=lambda: batch.independent_inclusion).guaranteeing("with_replacement"),
)
random_size = five.let(law=lambda: data.size_one_or_four).guaranteeing("without_replacement")
instead(paper.WOR_PUBLISHED, "subsets of a random size with E K(K - 1) = M^2", measures.spread, random_size)
one_size = five.let(pairs=lambda: data.pairs_of_one_random_size).guaranteeing("disjoint_batches")
instead(paper.ACROSS_PUBLISHED, "subsets independent given a common random size", measures.across, one_size)

path = cases(g={"line": data.LINE}, M=1, eta=F(1, 5), t=3)
without(paper.FLAT_SPREAD, "flat_potential", measures.spread_over_paths, path.let(same=lambda: True))
rule = cases(g={"line": data.LINE}, m=1, M=4, eta=F(1, 5), t=2).guaranteeing("with_replacement")
flat = rule.guaranteeing("flat_potential")
once = rule.let(power=lambda: 1, same=lambda: True, updates=lambda t: t).guaranteeing("equal_updates")
without(paper.SQRT_RULE, "flat_potential", measures.spread_by_a_rule, once)
epochs = cases(g={"line": data.LINE}, m=1, M=4, eta=F(1, 5), t=8, power=1, same=False, updates=2)
without(
    paper.SQRT_RULE,
    "equal_updates",
    measures.spread_by_a_rule,
    epochs.guaranteeing("with_replacement", "flat_potential"),
)
linear = flat.let(power=lambda: 2, same=lambda: False, updates=lambda t: t).guaranteeing("equal_updates")
instead(paper.SQRT_RULE, "a step that grows like the batch", measures.spread_by_a_rule, linear)
drawn = cases(g={"five points": data.FIVE}, m=1, M=4, law=batch.with_replacement)
without(paper.EXACT_RATIO, "finite_sampling", measures.largest_ratio, drawn)

# --- a quadratic -------------------------------------------------------------------------------------------------------------


def variance_of_lasting_noise(eta, h, M, s2):
    r"""$w_\infty^2$ where one draw of the noise stays: $w = -x/h$."""
    return s2 / M / h**2


quadratic = cases(eta=F(2, 5), h=F(1), M=16, s2=F(4))
without(paper.STATIONARY, "fresh_noise", variance_of_lasting_noise, quadratic)


def variance_after(eta, h, M, s2, t):
    r"""$\mathbb Ew_t^2$ by its recursion in fractions."""
    value = F(0)
    for _ in range(t):
        value = (1 - eta * h) ** 2 * value + eta**2 * s2 / M
    return value


without(
    paper.STATIONARY,
    "stable_step",
    variance_after,
    cases(eta=F(5, 2), h=F(1), M=16, s2=F(4), t=20).guaranteeing("fresh_noise"),
)
back = cases(eta=F(1, 10), h=F(1), M=16, s2=F(4), t=6, sign=-1)
without(paper.SETTLING, "fresh_noise", measures.variance_over_paths, back)
growing = cases(eta_m=F(1, 10), eta_M=F(8, 5), m=1, M=16, h=F(1), grow=F(1, 10))
without(paper.SQRT_VS_LINEAR, "fresh_noise", measures.ratio_of_variances, growing)
long = cases(M=[4, 64], t=20, share=F(10), power=1).guaranteeing("starts_at_minimum")
without(paper.NEAR_MINIMUM, "short_time", measures.off_by, long)
steep = cases(M=[4, 16], t=20, share=F(1), power=2).guaranteeing("starts_at_minimum")
instead(paper.NEAR_MINIMUM, "a step that grows like the batch", measures.off_by, steep)

# --- walks -------------------------------------------------------------------------------------------------------------------

CHAIN = measures_walks.CHAIN
lazy = cases(rho={name: data.CHAINS[name] for name in ("period three", "flat")}, rest=F(1, 2)).let(
    L=lambda rho: len(rho) + 1
)
without(paper.HITTING_TIME, CHAIN, measures_walks.time_by_the_linear_system, lazy)
without(paper.CROSSING_SUM, CHAIN, measures_walks.crossing_by_the_linear_system, lazy)
flat_lazy = lazy.where(lambda rho: rho is data.CHAINS["flat"]).let(share=lambda: F(1))
without(paper.CROSSING_TIME, CHAIN, measures_walks.time_of_the_last_edge, flat_lazy.guaranteeing("climb"))
without(paper.BARRIER_BOUND, CHAIN, measures_walks.time_under_barriers, flat_lazy.guaranteeing("barrier"))
ridge = cases(rho={"up": data.CHAINS["ridge"][:4]}, rest=F(0), share=F(1, 27)).let(L=lambda rho: len(rho) + 1)
without(paper.CROSSING_TIME, "climb", measures_walks.time_of_the_last_edge, ridge.guaranteeing(CHAIN))
without(paper.BARRIER_BOUND, "barrier", measures_walks.time_under_barriers, ridge.guaranteeing(CHAIN))
wall = cases(rho={"up": data.CHAINS["ridge"][:4]}, rest=F(0), wall=True, share=F(1))
without(paper.BARRIER_LOWER, CHAIN, measures_walks.time_beyond_the_top, wall.guaranteeing("climb_attained"))
high = cases(rho={"up": data.CHAINS["ridge"][:4]}, rest=F(0), wall=False, share=F(3)).guaranteeing(CHAIN)
without(paper.BARRIER_LOWER, "climb_attained", measures_walks.time_beyond_the_top, high)
bump = cases(rho=F(2), L=7, rest=F(0), bump=F(3))
without(paper.LINEAR_POTENTIAL, "constant_ratio", measures_walks.time_on_a_slope, bump.guaranteeing(CHAIN))
slow = cases(rho=F(2), L=7, rest=F(1, 2), bump=F(1))
without(paper.LINEAR_POTENTIAL, CHAIN, measures_walks.time_on_a_slope, slow.guaranteeing("constant_ratio"))
uphill = cases(r=F(1, 2), L=30, first=F(200), rest=F(0))
without(paper.DOWNHILL, "downhill", measures_walks.time_downhill, uphill.guaranteeing(CHAIN))

rests = cases(r=F(1, 2), L=30, first=F(1, 2), rest=F(1, 2)).guaranteeing("downhill")
without(paper.DOWNHILL, CHAIN, measures_walks.time_downhill, rests)


def barriers_of_bounded_potentials(alpha, L, n, rng):
    """Independent heights of variance 1/2: neighbours differ as they should, and the potential stays bounded in law."""
    return measures_walks.barriers(alpha, L, n, rng, lambda *_: np.sqrt(0.5) * rng.standard_normal((n, L)))


def barriers_of_random_slopes(alpha, L, n, rng):
    """V_k = Z k: neighbours differ as they should, and distant heights by far more."""
    return measures_walks.barriers(alpha, L, n, rng, lambda *_: rng.standard_normal((n, 1)) * np.arange(L), 6 * L)


without(
    paper.ULTRA_SLOW,
    "stationary_increments",
    barriers_of_bounded_potentials,
    cases(alpha=1.6, L=2048, levels=11, n=600),
)
without(
    paper.ULTRA_SLOW_UPPER,
    "stationary_increments",
    barriers_of_random_slopes,
    cases(alpha=1.0, L=2**13, levels=13, n=200),
)


def walk_on_a_flat_potential(n, sites):
    """Without barriers the walk diffuses: a power of t fits better."""
    return measures_walks.compared(np.ones((n, sites - 1)))


flat_walk = cases(n=1, sites=600).guaranteeing(CHAIN, "many_potentials")  # all drawn potentials are this one
without(paper.SINAI, "sinai_potential", walk_on_a_flat_potential, flat_walk)


def distance_of_a_free_walk(t):
    """A distance like the square root of the number of updates."""
    return measures_walks.fitted(np.sqrt(np.asarray(methods.TIMES, float)))


without(paper.LOG_DISTANCE, "trained", distance_of_a_free_walk, cases(t=[methods.TIMES]))

# --- ghost batches -----------------------------------------------------------------------------------------------------------

uneven = cases(x={"4 and 1": ((0, 10, 0, 10), (5,))})
without(paper.GHOST_BN, "equal_sizes", measures.mean_of_variances, uneven)
paired = cases(values=[(0, 1), (1, 2, 6)], m=[2, 4], paired=True)
without(paper.GHOST_VARIANCE, "iid_activations", measures.expected_variance, paired)
others = cases(x={"two of three": measures.GHOSTS["two of three"]}, eps=F(1, 100), own=False)
without(paper.GHOST_NORMALISED, "own_statistics", measures.second_moment, others)


def running_mean_at_once(x, lam):
    """One update, with the mean of the means."""
    out = methods.ghost_bn([[F(a) for a in row] for row in x], F(0), lam, 1.0)
    once = (1 - lam) * measures.FIRST + lam * sum(out.means) / len(x)
    return once, measures.of_means(out.means, lam)


def running_mean_in_reverse(x, lam):
    """The ghost batches in reverse order, then one of zeros; the formula has m = G + 1."""
    zeros = [F(0)] * len(x[0])
    out = methods.ghost_bn([*([F(a) for a in row] for row in reversed(x)), zeros], measures.FIRST, lam, 1.0)
    return out.running, {"start": measures.FIRST, "mu": tuple(out.means[-2::-1]), "m": len(x) + 1}


ghosts = cases(x={"two of three": measures.GHOSTS["two of three"]}, lam=F(1, 10))
without(paper.RUNNING_MEAN, "sequential", running_mean_at_once, ghosts)
instead(
    paper.RUNNING_MEAN_PUBLISHED,
    "the reverse order, and zeros",
    running_mean_in_reverse,
    ghosts.guaranteeing("sequential"),
)
