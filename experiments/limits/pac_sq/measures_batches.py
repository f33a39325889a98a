"""Batches as statistical queries and as samples: exact tails, rounding and decoding by enumeration in rationals."""

from fractions import Fraction as F
from itertools import combinations, combinations_with_replacement, pairwise, product
from math import ceil, floor
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Bracket, Holds, Sample, cases, measure
from gradproof.solvers.rounding_oracle import SLACK, coin_tail, legal_answers, revealed, revealing_precision
from gradproof.theory.limits import pac_sq as paper

HALF = F(1, 2)

# --- the tail of a batch mean --------------------------------------------------------------------------------------------

LENGTHS = [{"T": 1, "p": 1}, {"T": 3, "p": 2}]
RUNS = cases(b=[1, 4, 25, 200], tau=[F(3, 20), HALF, F(1)], chance=[HALF, F(1, 4)], run=LENGTHS)
BATCHES = ("clipped_gradients", "iid_batch", "fresh_batches")


@measure(paper.SQ_SIMULATES_SGD, RUNS.guaranteeing(*BATCHES))
def some_coin_is_off(b, tau, T, p, chance=HALF, stretch=1, copies=1):
    """The exact probability for T p independent means of b signs; ``stretch`` times as large, or each example ``copies`` times."""
    return 1 - (1 - coin_tail(b // copies, F(tau) / stretch, chance)) ** (T * p)


@measure(paper.SQ_SIMULATES_SGD, cases(b=[8, 32], tau=HALF, run=LENGTHS[1:], runs=2000).guaranteeing(*BATCHES))
def runs_that_are_off(b, tau, T, p, runs, rng):
    """The share of drawn runs in which some mean of b signs is off."""
    sums = 2 * rng.binomial(b, 0.5, size=(runs, T * p)) - b
    return Sample((np.abs(sums) >= float(tau) * b).any(axis=1).astype(float), at_most=1.0)


def batch_read_out(b, tau, T=2, p=1, inputs=64):
    r"""The batch of the first step is used again: a query that is $-1$ on it and 1 elsewhere has the mean $-1$.

    Its expectation is $1 - 2d/M$, where d of the M inputs are in the batch: the probability that 2(1 - d/M) >= tau.
    """
    law: dict[int, F] = {0: F(1)}
    for _ in range(b):
        new: dict[int, F] = {}
        for d, chance in law.items():
            new[d] = new.get(d, F(0)) + chance * F(d, inputs)
            new[d + 1] = new.get(d + 1, F(0)) + chance * (1 - F(d, inputs))
        law = new
    return sum((chance for d, chance in law.items() if 2 * (1 - F(d, inputs)) >= tau), F(0))


breaking(paper.SQ_SIMULATES_SGD, "clipped_gradients", some_coin_is_off, b=25, tau=HALF, T=1, p=1, stretch=3)
breaking(paper.SQ_SIMULATES_SGD, "iid_batch", some_coin_is_off, b=25, tau=HALF, T=1, p=1, copies=25)
breaking(paper.SQ_SIMULATES_SGD, "fresh_batches", batch_read_out, b=10, tau=F(1), T=2, p=1)

#: laws of an example by value; e^lambda = s^2, so that r is rational for tau a multiple of 1/2
LAWS = {"coin": {-1: HALF, 1: HALF}, "lazy": {-1: F(1, 4), 0: HALF, 1: F(1, 4)}, "skew": {-1: F(1, 3), HALF: F(2, 3)}}
TILTS = [{"tau": HALF, "s": F(13, 10)}, {"tau": HALF, "s": F(2)}, {"tau": F(1), "s": F(8)}]


def upper_tail(law: dict[Any, F], b: int, tau: F) -> F:
    """P(mean of b examples >= tau), exactly."""
    sums = {F(0): F(1)}
    for _ in range(b):
        new: dict[F, F] = {}
        for (total, chance), (v, q) in product(sums.items(), law.items()):
            new[total + v] = new.get(total + v, F(0)) + chance * q
        sums = new
    return sum((chance for total, chance in sums.items() if total >= b * tau), F(0))


@measure(paper.BATCH_TAIL, cases(law=LAWS, b=[1, 2, 12, 30], tilt=TILTS).guaranteeing("iid_batch", "moment"))
def tail_of_a_mean(law, b, tau, s, copies=1, other=None):
    """Laws of mean 0, and r of that law (or of another one); a batch of copies is a smaller one."""
    r = sum((q * s ** int(2 * (v - tau)) for v, q in (other or law).items()), F(0))
    return upper_tail(law, b // copies, tau), {"r": r}


breaking(paper.BATCH_TAIL, "iid_batch", tail_of_a_mean, law={"coin": LAWS["coin"]}, b=12, tilt=TILTS[:1], copies=12)
breaking(
    paper.BATCH_TAIL, "moment", tail_of_a_mean, law={"coin": LAWS["coin"]}, b=12, tilt=TILTS, other={"0": {0: F(1)}}
)


@measure(paper.UNION, cases(b=[4, 9], tau=[HALF, F(1)], run=LENGTHS).guaranteeing("each_query", "fresh_batches"))
def off_in_a_run(b, tau, T, p, assumed=None):
    """T p independent means of b coins, with H their tail (or that of ``assumed`` coins)."""
    return some_coin_is_off(b, tau, T, p), {"H": coin_tail(assumed or b, tau)}


@measure(paper.UNION, cases(p=[1, 3, 7], inputs=[8, 20]).guaranteeing("each_query", "fresh_batches"))
def one_hot_is_off(p, inputs):
    """One step, batches of one example: coordinate i is 1 on input i alone, so that the events exclude each other."""
    tau, chance = HALF, F(1, inputs)
    off = [[abs((z == i) - chance) >= tau for i in range(p)] for z in range(inputs)]
    return F(sum(map(any, off)), inputs), {"T": 1, "H": F(sum(row[0] for row in off), inputs)}


def read_out_in_a_run(b, tau, T=2, p=1, inputs=16):
    """A batch that is used twice; H is the largest tail of a fixed query with the values -1 and 1."""
    fixed = max(coin_tail(b, tau, F(j, inputs)) for j in range(inputs + 1))
    return batch_read_out(b, tau, T, p, inputs), {"H": fixed}


breaking(paper.UNION, "each_query", off_in_a_run, b=4, tau=F(1), T=1, p=1, assumed=9)
breaking(paper.UNION, "fresh_batches", read_out_in_a_run, b=8, tau=F(1), T=2, p=1)

# --- rounding ------------------------------------------------------------------------------------------------------------

GRID = 24
SHARES = [{"tau": F(1, 8), "dev": F(1, 8)}, {"tau": F(0), "dev": F(1, 4)}, {"tau": F(1), "dev": F(2)}]
ROUNDED = cases(rho=[F(1, 3), F(2)], share=SHARES).let(tau=lambda rho, tau: rho * tau, dev=lambda rho, dev: rho * dev)


@measure(paper.LEGAL_ROUNDING, ROUNDED.guaranteeing("nearest", "sq_answer", "batch_within"))
def worst_rounding(rho, tau, dev, down=False, off=1, batch=1):
    """The largest |g - v| over expectations on a grid of [0, 2 rho), answers and means on either end, g each nearest multiple."""
    worst = F(0)
    for j, answer, mean in product(range(2 * GRID), (-off * tau, F(0), off * tau), (-batch * dev, batch * dev)):
        E = rho * F(j, GRID)
        place = (E + answer) / rho
        near = {floor(place)} if down else {k for k in (floor(place), ceil(place)) if abs(k - place) <= HALF}
        worst = max(worst, *(abs(k * rho - E - mean) for k in near))
    return worst


SOME = {"rho": F(1, 3), "tau": F(1, 24), "dev": F(1, 24)}
breaking(paper.LEGAL_ROUNDING, "nearest", worst_rounding, **SOME, down=True)
breaking(paper.LEGAL_ROUNDING, "sq_answer", worst_rounding, **SOME, off=2)
breaking(paper.LEGAL_ROUNDING, "batch_within", worst_rounding, **SOME, batch=2)

# --- what a batch reveals ------------------------------------------------------------------------------------------------

BITS = ("one_carrier", "rho_oracle")


@measure(paper.BIT_EXTRACTION, cases(b=[1, 4, 10, 37]).guaranteeing(*BITS))
def precision_that_reveals(b, carriers=1, slack=SLACK):
    """Two batch means, and all legal answers: the precision where they begin to overlap, by bisection."""
    return Bracket(*revealing_precision(F(carriers, b), slack=slack))


@measure(paper.BIT_EXTRACTION, cases(b=[1, 4, 10], twelfths=range(1, 33)).guaranteeing(*BITS))
def every_precision(b, twelfths):
    """Every multiple of 1/(12 b), the threshold among them."""
    rho = F(twelfths, 12 * b)
    return Holds(revealed([F(0), F(1, b)], rho), at=rho)


breaking(paper.BIT_EXTRACTION, "one_carrier", precision_that_reveals, b=[4, 10], carriers=2)
breaking(paper.BIT_EXTRACTION, "rho_oracle", precision_that_reveals, b=[4, 10], slack=HALF)

COUNTS = cases(b=[1, 4, 9, 12], times=[F(1, 3), F(2, 3), F(4, 3), F(2), F(4)]).let(rho=lambda b, times: times / b)


@measure(paper.COUNT_EXTRACTION, COUNTS.guaranteeing("rho_oracle"))
def farthest_with_one_answer(b, rho, slack=SLACK):
    """The largest distance between two of the means 0, 1/b, ..., 1 that have a legal answer in common."""
    answers = {F(j, b): set(legal_answers(F(j, b), rho, slack)) for j in range(b + 1)}
    return max([F(0), *(abs(v - w) for v, w in combinations(answers, 2) if answers[v] & answers[w])])


breaking(paper.COUNT_EXTRACTION, "rho_oracle", farthest_with_one_answer, b=12, rho=F(1, 3), slack=F(1))


def powers(B: int, c: int) -> int:
    return B**c


def linear(B: int, c: int) -> int:
    """The code itself."""
    return c


CODED = ("codes", "different_histograms")


@measure(
    paper.HISTOGRAM,
    cases(b=[1, 2, 4], K=[1, 2, 3], wider=[0, 1, 2]).let(B=lambda b, wider: max(2, b + wider)).guaranteeing(*CODED),
)
def nearest_batches(b, B, K, code=powers, same=False):
    """The least distance between the means of all batches with different histograms (or of a batch and itself)."""
    means = sorted(F(sum(code(B, c) for c in batch), b) for batch in combinations_with_replacement(range(K + 1), b))
    return F(0) if same else min(y - x for x, y in pairwise(means))


breaking(paper.HISTOGRAM, "codes", nearest_batches, b=3, B=4, K=2, code=linear)
breaking(paper.HISTOGRAM, "different_histograms", nearest_batches, b=3, B=4, K=2, same=True)
breaking(paper.HISTOGRAM, "base", nearest_batches, at=[{"b": 3, "B": 2}, {"b": 5, "B": 4}], K=2)
