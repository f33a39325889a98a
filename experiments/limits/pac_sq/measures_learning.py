"""Parities from examples: elimination by enumeration and at random, and training of networks with rounded gradients."""

from fractions import Fraction as F
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.limits.pac_sq.methods import Batch, parity_sgd, predict
from gradproof.solvers import gf2, walsh
from gradproof.theory.limits import pac_sq as paper

LEARN = ("uniform_inputs", "iid_examples", "noiseless")
HALF = F(1, 2)

# --- elimination ---------------------------------------------------------------------------------------------------------


@cache
def outcomes(n: int, m: int, up: F = HALF, wrong: F = F(0), distinct: int = 0) -> tuple[F, F, F]:
    """By enumeration of all inputs (and wrong labels): P(S is found), E #{S' != S that agree}, P(S is not the only one left).

    Args:
        up: probability of a bit 0. wrong: of a wrong label. distinct: number of different examples; they are repeated up to m.
    """
    k = distinct or m
    rows = np.array(list(product(range(2**n), repeat=k)))
    ones = np.bitwise_count(rows).sum(axis=1)
    chance = [up ** int(n * k - c) * (1 - up) ** int(c) for c in ones]
    found, others, more = F(0), F(0), F(0)
    for flips in product((0, 1), repeat=k) if wrong else [(0,) * k]:
        weight = wrong ** sum(flips) * (1 - wrong) ** (k - sum(flips))
        solved = gf2.solve(rows, np.tile(flips, (len(rows), 1)), n)  # the labels of S = 0 are its flips
        alone = (solved.rank == n) & solved.consistent & (solved.solution == 0)
        left = np.where(solved.consistent, 2 ** (n - solved.rank), 0) - (not any(flips))
        for p, a, c in zip(chance, alone, left, strict=True):
            found += weight * p * int(a)
            others += weight * p * int(c)
            more += weight * p * int(not a)
    return found, others, more


SMALL = cases(size=[{"n": 1, "m": 3}, {"n": 2, "m": 2}, {"n": 2, "m": 4}, {"n": 3, "m": 3}, {"n": 3, "m": 2}])


@measure(paper.PAC_PARITY, SMALL.guaranteeing(*LEARN))
def found_of_all_samples(n, m, **how):
    """The share of all sequences of inputs on which elimination ends with S alone."""
    return outcomes(n, m, **how)[0], {"n": n, "m": m}


@measure(paper.CONSISTENT, SMALL.guaranteeing(*LEARN))
def others_left_in_all_samples(n, m, **how):
    """The other parities that agree with the examples, averaged over all sequences of inputs (and of wrong labels)."""
    return outcomes(n, m, **how)[1], {"W": 2**n - 1, "m": m}


@measure(paper.PAC_PARITY_BOUND, SMALL.guaranteeing(*LEARN))
def failures_of_all_samples(n, m, **how):
    """The share of all sequences of inputs on which S is not the only parity left."""
    return outcomes(n, m, **how)[2], {"W": 2**n - 1, "m": m}


@measure(
    paper.PAC_PARITY_BOUND, cases(n=[10, 40], more=[0, 5, 20]).let(m=lambda n, more: n + more).guaranteeing(*LEARN)
)
def failures_by_ranks(n, m):
    """One minus the probability of full rank."""
    return 1 - gf2.full_rank_probability(n, m), {"W": 2**n - 1, "m": m}


measure(paper.CONSISTENT, cases(n=2, m=3, wrong=F(1, 8)).guaranteeing(*LEARN), name="others_left_with_wrong_labels")(
    others_left_in_all_samples
)
for claim, function in (
    (paper.PAC_PARITY, found_of_all_samples),
    (paper.CONSISTENT, others_left_in_all_samples),
    (paper.PAC_PARITY_BOUND, failures_of_all_samples),
):
    breaking(claim, "uniform_inputs", function, n=2, m=4, up=F(7, 8))
    breaking(claim, "iid_examples", function, n=2, m=4, distinct=2)
for claim, function in ((paper.PAC_PARITY, found_of_all_samples), (paper.PAC_PARITY_BOUND, failures_of_all_samples)):
    breaking(claim, "noiseless", function, n=2, m=4, wrong=F(1, 4))

DRAWN = cases(size=[{"n": 10, "m": 10}, {"n": 20, "m": 22}, {"n": 60, "m": 61}], runs=600)


@measure(paper.PAC_PARITY, DRAWN.guaranteeing(*LEARN))
@measure(paper.PAC_PARITY, cases(n=[10, 20, 30, 60], more=10, runs=100_000).let(m=lambda n, more: n + more).guaranteeing(*LEARN),
         budget="full", name="found_with_ten_more")  # fmt: skip
def found_in_runs(n, m, runs, rng):
    """The share of drawn samples in which elimination finds a drawn S."""
    rows = rng.integers(0, 2**n, (runs, m))
    S = rng.integers(0, 2**n, (runs, 1))
    solved = gf2.solve(rows, np.bitwise_count(rows & S) % 2, n)
    return Sample(((solved.rank == n) & (solved.solution == S[:, 0])).astype(float), at_most=1.0)


# --- training ------------------------------------------------------------------------------------------------------------

UNITS, STEP = 32, 0.3


def accuracies(n: int, b: int, steps: int, seeds: int, rng: Any, backend: str, rho: Any = None) -> np.ndarray:
    """Share of all 2^n inputs on which trained networks have the sign of the full parity, (setting, seed).

    Batches of b; from more than 2^n examples on, a batch is given as the share of each input. ``rho``: one precision or several,
    a setting each, of the same networks (W of N(0, 1)/sqrt(n), c of N(0, 1), a of N(0, 1)/sqrt(32)) and batches.
    """
    on = array_library(backend)
    inputs = walsh.signs(n).astype(float)
    labels = inputs.prod(axis=1)
    W, c, a = (rng.normal(size=(1, seeds, k)) for k in (UNITS * n, UNITS, UNITS))
    start = np.concatenate([W / np.sqrt(n), c, a / np.sqrt(UNITS)], axis=-1)
    start = np.broadcast_to(start, (np.size(rho), *start.shape[1:])).copy()
    block = min(500, steps)
    made: dict[int, Any] = {}

    def draw(t: int) -> Batch:
        if t // block not in made:
            made.clear()
            if b > 2**n:
                new = table, parity, on.asarray(rng.multinomial(b, np.full(2**n, 2.0**-n), size=(block, 1, seeds)) / b)
            else:
                drawn = rng.integers(0, 2**n, (block, 1, seeds, b))
                new = on.asarray(inputs[drawn]), on.asarray(labels[drawn]), even
            made[t // block] = new
        x, y, share = made[t // block]
        k = t % block
        return Batch(x, y, share[k, ...]) if b > 2**n else Batch(x[k, ...], y[k, ...], share)

    with on.scope():
        table, parity, even = on.asarray(inputs), on.asarray(labels), on.asarray(np.full((1, seeds, b), 1 / b))
        fine = None if rho is None else on.asarray(np.reshape(np.asarray(rho, float), (-1, 1, 1)))
        method = parity_sgd(UNITS, STEP, fine)
        out = run(method, on.asarray(start), steps, record={"w": lambda s: s.w}, draw=draw, at=[steps])
    f, *_ = predict(out.w.values[:, :, 0], inputs, UNITS)
    return (np.sign(f) == labels).mean(axis=-1)


COARSE = [{"n": 3, "rho": 0.5, "steps": (100, 100)}]
FINER = [{"n": 6, "rho": 0.125, "steps": (10_000, 3000)}]


@measure(paper.PRECISION, cases(at=COARSE, seeds=30, sizes=[(8, 1024)]).guaranteeing("coarse_rounding"))
@measure(
    paper.PRECISION,
    cases(at=FINER, seeds=10, sizes=[(8, 1024)]).guaranteeing("coarse_rounding"),
    budget="full",
    name="six_bits",
)
@measure(
    paper.PRECISION,
    cases(at=FINER, seeds=1000, sizes=[(8, 1024)]).guaranteeing("coarse_rounding"),
    budget="gpu",
    name="thousand_runs",
)
def gain_of_small_batches(n, rho, steps, seeds, sizes, rng, backend):
    """The accuracies of networks trained with small batches, less those of others trained with large ones."""
    small, large = (accuracies(n, b, t, seeds, rng, backend, rho)[0] for b, t in zip(sizes, steps, strict=True))
    return Sample(small - large, at_least=-1.0, at_most=1.0)


def rounded_finely(n, rho, steps, seeds, sizes, rng, backend):
    """The same with a precision of 2^-20."""
    return gain_of_small_batches(n, 2.0**-20, steps, seeds, sizes, rng, backend)


breaking(paper.PRECISION, "coarse_rounding", rounded_finely, at=COARSE, seeds=240, sizes=[(8, 1024)])


@measure(paper.TRAINING, cases(bits=[(4, 10)], steps=400, seeds=15).guaranteeing("same_budget"))
@measure(paper.TRAINING, cases(bits=[(6, 12)], steps=15_000, seeds=10).guaranteeing("same_budget"),
         budget="full", name="six_and_twelve_bits")  # fmt: skip
def gain_of_short_parities(bits, steps, seeds, rng, backend, longer=1):
    """The accuracies on a short parity, less those of other networks on a long one."""
    short, long = (
        accuracies(n, 32, t, seeds, rng, backend) for n, t in zip(bits, (steps, longer * steps), strict=True)
    )
    return Sample(short - long, at_least=-1.0, at_most=1.0)


breaking(paper.TRAINING, "same_budget", gain_of_short_parities, bits=[(3, 4)], steps=4, seeds=50, longer=75)
