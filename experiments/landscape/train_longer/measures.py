"""Updates: second moments of batch means and of short paths by enumeration, steps by bisection, second moments on quadratics."""

from collections.abc import Iterator
from fractions import Fraction as F
from itertools import product
from math import isqrt, prod
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Bracket, Sample, Supremum, cases, measure
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.landscape.train_longer import instances as data
from gradproof.experiments.landscape.train_longer import methods
from gradproof.solvers import batch_covariance as batch
from gradproof.solvers.gaussian import moments
from gradproof.theory.landscape import train_longer as paper

# --- covariances of a batch mean --------------------------------------------------------------------------------------------


def of_samples(g: Any, M: int) -> dict[str, Any]:
    """The parameters that the samples determine."""
    return {**batch.moments(g), "n": len(g), "M": M}


def spread(g, M, law):
    r"""$\mathbb E\|\hat g - \bar g\|^2$ over every batch, in rational arithmetic."""
    return batch.trace(batch.enumerated(g, M, law(len(g), M))), of_samples(g, M)


SAMPLED = cases(g=data.SAMPLES, M=[1, 2, 3]).where(lambda g, M: len(g) ** M < 2000)
WR = SAMPLED.let(law=lambda: batch.with_replacement).guaranteeing("with_replacement")
WOR = SAMPLED.let(law=lambda: batch.without_replacement).guaranteeing("without_replacement")
KEPT = SAMPLED.let(law=lambda: batch.independent_inclusion).guaranteeing("independent_inclusion")
measure((paper.WITH_REPLACEMENT, paper.WR_PUBLISHED), WR)(spread)
measure((paper.WITHOUT_REPLACEMENT, paper.WOR_PUBLISHED), WOR)(spread)
measure(paper.POISSON_SAMPLING, KEPT)(spread)


@measure(
    (paper.ACROSS_BATCHES, paper.ACROSS_PUBLISHED),
    cases(g=data.SAMPLES, M=[1, 2], pairs=data.PAIRS).guaranteeing("disjoint_batches"),
)
def across(g, M, pairs):
    r"""$\mathbb E\langle\hat g_1 - \bar g, \hat g_2 - \bar g\rangle$ over every pair of batches."""
    return batch.across(g, pairs(len(g), M), M), of_samples(g, M)


#: factors of mean 1 and variance v: 1 - s, 1 + s
NOISY = (
    cases(g=data.SAMPLES, M=[1, 2], s=[F(1, 2), F(2)])
    .where(lambda g, M: (2 * len(g)) ** M < 2000)
    .let(v=lambda s: s * s)
    .guaranteeing("with_replacement")
)


@measure(paper.MULTIPLICATIVE_NOISE, NOISY.let(alone=lambda: True).guaranteeing("independent_factors"))
def spread_with_factors(g, M, s, alone):
    r"""$\mathbb E\|\frac1M\sum z_ig_i - \bar g\|^2$ over every batch and all factors $1 \pm s$, one for each sample."""
    n, total = len(g), F(0)
    mean = [sum(map(F, column)) / n for column in zip(*g, strict=True)]
    signs = [*product((1 - s, 1 + s), repeat=M)] if alone else [(z,) * M for z in (1 - s, 1 + s)]
    for which in product(range(n), repeat=M):
        for z in signs:
            u = [sum(F(c) * g[i][a] for c, i in zip(z, which, strict=True)) / M - y for a, y in enumerate(mean)]
            total += sum(x * x for x in u)
    return total / (n**M * len(signs)), of_samples(g, M)


# --- paths on a flat potential ----------------------------------------------------------------------------------------------


def over_paths(g: Any, M: int, eta: F, t: int, *, same: bool = False) -> F:
    r"""$\mathbb E\|w_t - w_0 + \eta t\bar g\|^2$ over every path of batches drawn with replacement; ``same``: of one batch."""
    mean = [sum(map(F, column)) / len(g) for column in zip(*g, strict=True)]
    moves = [
        ([sum(c * F(r[a]) for c, r in zip(counts, g, strict=True)) / M - y for a, y in enumerate(mean)], p)
        for counts, p in batch.with_replacement(len(g), M)
    ]
    paths = ((move,) * t for move in moves) if same else product(moves, repeat=t)
    total = F(0)
    for path in paths:
        weight: Any = path[0][1] if same else prod((p for _, p in path), start=F(1))
        total += weight * sum((sum((u[a] for u, _ in path), F(0)) ** 2 for a in range(len(mean))), F(0))
    return eta**2 * total


FLAT = cases(g={"line": data.LINE, "centred": data.CENTRED}, M=[1, 2], eta=F(1, 5), t=[1, 2, 3]).where(
    lambda M, t: M * t <= 6
)


@measure(paper.FLAT_SPREAD, FLAT.let(same=lambda: False).guaranteeing("flat_potential"))
def spread_over_paths(g, M, eta, t, same):
    """By enumeration of the paths; the covariance of an update by enumeration of the batches."""
    V = batch.trace(batch.enumerated(g, M, batch.with_replacement(len(g), M)))
    return over_paths(g, M, eta, t, same=same), {"V": V}


RULES = cases(g={"line": data.LINE}, size=[{"m": 1, "M": 4}, {"m": 4, "M": 9}], eta=F(1, 5), t=[1, 2])
RULES = RULES.where(lambda M, t: M * t <= 9).guaranteeing("with_replacement")
SQRT = RULES.let(power=lambda: 1, same=lambda: False, updates=lambda t: t)


@measure(paper.SQRT_RULE, SQRT.guaranteeing("flat_potential", "equal_updates"))
def spread_by_a_rule(g, m, M, eta, power, updates, same):
    r"""The spread of the large batch, over its paths, with the step $\eta\sqrt{M/m}$ (``power`` 1) or $\eta M/m$ (2)."""
    scale = F(isqrt(M), isqrt(m)) ** power
    return over_paths(g, M, eta * scale, updates, same=same), batch.moments(g)


@measure(paper.FLAT_SPREAD, cases(M=[1, 4], eta=[0.1], t=[16]).guaranteeing("flat_potential"))
def spread_of_runs(M, eta, t, keys, backend):
    """Runs of SGD where each loss is linear, on the five points; no path is longer than t steps of the longest gradient."""
    on, rows, n = array_library(backend), np.asarray(data.FIVE, float), 1500
    moved, words = on.move((rows, split(keys(seeds=1)[:, 0], n)))
    which = methods.uniform_batches(len(rows), M)
    out = run(
        methods.sgd_flat(moved, eta), on.asarray(start(np.zeros(2), seeds=n)), t, at=[t],
        record={"w": lambda s: s.w}, draw=lambda k: which(Draws(words, k)),
    )  # fmt: skip
    off = out.w.values[0, :, 0] + eta * t * rows.mean(0)
    V = batch.trace(batch.closed_form(data.FIVE, M, "wr"))
    return Sample((off**2).sum(-1), at_most=(eta * t * 2 * np.linalg.norm(rows, axis=1).max()) ** 2), {"V": V}


# --- the step that keeps the covariance --------------------------------------------------------------------------------------

SIZES = [{"m": 1, "M": 2}, {"m": 2, "M": 3}, {"m": 1, "M": 3}]  # of five points: M + 1 has a ratio too
LAWS = {"subsets": batch.without_replacement, "kept": batch.independent_inclusion}


@measure(paper.EXACT_RATIO, cases(g={"five points": data.FIVE}, size=SIZES, law=LAWS).guaranteeing("finite_sampling"))
def largest_ratio(g, m, M, law):
    """The largest squared ratio of steps at which no update of the large batch is noisier: bisection, in fractions."""
    small, large = (batch.trace(batch.enumerated(g, size, law(len(g), size))) for size in (m, M))
    low, high = F(0), F(256)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * large <= small else (low, middle)
    return Bracket(low, high), {"n": len(g)}


# --- a quadratic ------------------------------------------------------------------------------------------------------------


def stationary(eta: F, h: F, variance: F) -> F:
    """The stationary variance of w+ = (1 - eta h) w - eta x, from its linear equation in fractions."""
    left, right = (np.array([[x]], dtype=object) for x in (1 - (1 - eta * h) ** 2, eta**2 * variance))
    return moments.stationary(left, right).matrix[0, 0]


QUADRATIC = cases(eta=[F(1, 10), F(2, 5), F(8, 5)], h=[F(1), F(1, 3)], M=[1, 16], s2=F(4))


@measure(paper.STATIONARY, QUADRATIC.guaranteeing("fresh_noise"))
def stationary_variance(eta, h, M, s2):
    r"""$\sup_t\mathbb Ew_t^2$: from the minimum the variance increases to the stationary one."""
    return Supremum(stationary(eta, h, s2 / M))


def variance_over_paths(eta, h, M, s2, t, sign):
    r"""$\mathbb Ew_t^2$ over all $2^t$ paths of noise $\pm s/\sqrt M$; ``sign`` $-1$: noise that takes itself back at once."""
    total = F(0)  # of unit noise; w is proportional to it
    for path in product((1, -1), repeat=t):
        w = F(0)
        for k in range(t):
            x = path[k] if sign > 0 else path[0] * (-1) ** k
            w = (1 - eta * h) * w - eta * x
        total += w * w
    return s2 / M * total / 2**t


SHORT = cases(eta=[F(1, 10), F(8, 5)], h=[F(1), F(1, 3)], M=[1, 16], s2=F(4), t=[1, 2, 7]).where(lambda t: t <= 10)
measure(paper.SETTLING, SHORT.let(sign=lambda: 1).guaranteeing("fresh_noise"))(variance_over_paths)

STEPS = [{"eta_m": F(1, 10), "eta_M": x} for x in (F(1, 10), F(2, 5), F(8, 5))]


@measure(
    paper.SQRT_VS_LINEAR,
    cases(step=STEPS, size=[{"m": 1, "M": 16}], h=[F(1), F(1, 7)], grow=F(0)).guaranteeing("fresh_noise"),
)
def ratio_of_variances(eta_m, eta_M, m, M, h, grow):
    """Each variance from its linear equation; ``grow``: noise of variance (1 + grow w^2)/M."""

    def variance(eta, size):
        return (
            eta**2 / size / (1 - (1 - eta * h) ** 2 - grow * eta**2 / size) if grow else stationary(eta, h, F(1, size))
        )

    return variance(eta_M, M) / variance(eta_m, m)


#: rows a with mean a a' = diag(11, 3)/4, and residuals r at the minimiser, sum r a = 0
ROWS, RESIDUALS, LARGEST = ((3, 0), (1, 1), (1, -1), (0, 1)), (-1, 2, 1, -1), F(11, 4)


def off_by(M, t, share, power):
    r"""$|\text{ratio} - 1|$ of the exact spreads, with the step $\eta_0\sqrt M$ (``power`` 1) or $\eta_0M$ (2)."""
    eta0 = share / (20 * t * isqrt(M) * LARGEST)
    one, many = (methods.least_squares_spread(ROWS, RESIDUALS, eta0 * isqrt(s) ** power, s, t) for s in (1, M))
    return abs(many / one - 1), {"eta0": eta0, "lam_max": LARGEST}


NEAR = (
    cases(M=[4, 16, 64], t=[1, 2, 20], share=F(1), power=1)
    .where(lambda M, t: isqrt(M) ** 2 == M and t <= 50)
    .guaranteeing("starts_at_minimum")
)
measure(paper.NEAR_MINIMUM, NEAR)(off_by)


# --- ghost batches -----------------------------------------------------------------------------------------------------------

GHOSTS = {
    "two of three": ((1, 2, 6), (-1, 0, F(1, 2))), "three of two": ((5, 1), (0, 0), (2, F(7, 3))), "singles": ((1,), (4,), (-2,)),
}  # fmt: skip
FIRST, LAM = F(3), [F(1, 10), F(1, 2)]


def variance(x: Any) -> F:
    mean = sum(map(F, x)) / len(x)
    return sum((a - mean) ** 2 for a in x) / F(len(x))


@measure(paper.GHOST_BN, cases(x=GHOSTS).guaranteeing("equal_sizes"))
def mean_of_variances(x):
    """The mean of the variances of the ghost batches; the others from all activations, and from the means."""
    out = methods.ghost_bn([[F(a) for a in row] for row in x], F(0), F(1, 2), 1.0)
    both = {"total": variance([a for row in x for a in row]), "between": variance(out.means)}
    return sum(out.variances) / len(x), both


@measure(
    paper.GHOST_VARIANCE,
    cases(values=[(0, 1), (1, 2, 6)], m=[1, 2, 4], paired=False)
    .where(lambda m: m <= 6)
    .guaranteeing("iid_activations"),
)
def expected_variance(values, m, paired):
    r"""$\mathbb Ev_g$ over all ghost batches of values drawn uniformly; ``paired``: each with its mirror image about the mean."""
    mean = sum(map(F, values)) / len(values)
    half = m // 2 if paired else m
    drawn = [(*x, *(2 * mean - a for a in x if paired)) for x in product(map(F, values), repeat=half)]
    return sum(map(variance, drawn)) / len(drawn), {"sigma2": variance(values)}


@measure(paper.GHOST_NORMALISED, cases(x=GHOSTS, eps=[F(1, 100), F(2)], own=True).guaranteeing("own_statistics"))
def second_moment(x, eps, own) -> Iterator[Any]:
    """The mean square of each normalised ghost batch; not ``own``: by the statistics of the next one."""
    out = methods.ghost_bn([[F(a) for a in row] for row in x], F(0), F(1, 2), float(eps))
    for k, row in enumerate(x):
        by = k if own else (k + 1) % len(x)
        squares = [(F(a) - out.means[by]) ** 2 / (out.variances[by] + eps) for a in row]
        yield sum(squares) / len(row), {"v_g": out.variances[by]}


def of_means(means: Any, lam: F) -> dict[str, Any]:
    """The parameters that the means of the ghost batches determine."""
    discounted = sum(mean / (1 - lam) ** g for g, mean in enumerate(means, 1))
    return {"start": FIRST, "G": len(means), "discounted": discounted, "mu": tuple(means)}


@measure((paper.RUNNING_MEAN, paper.RUNNING_MEAN_PUBLISHED), cases(x=GHOSTS, lam=LAM).guaranteeing("sequential"))
def running_mean(x, lam):
    """Updated once for each ghost batch."""
    out = methods.ghost_bn([[F(a) for a in row] for row in x], FIRST, lam, 1.0)
    return out.running, {**of_means(out.means, lam), "m": len(x[0])}
