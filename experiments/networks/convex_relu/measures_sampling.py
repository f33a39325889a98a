"""Sampled patterns: how often one more would help, exactly on tiny instances and by repetition on a larger one."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure, without
from gradproof.experiments.networks.convex_relu.instances import SPACE, TINY, Instance, patterns, program
from gradproof.solvers.relu_program import Patterns, helpful, sample_patterns, train
from gradproof.theory.networks import convex_relu

DECAY = ("weight_decay_positive",)
GAUSSIAN = "gaussian_pattern_sampling"
GAP = 1e-9  # asked for; which patterns help is decided with the gap that is reached

# --- exactly, where all samples can be listed --------------------------------------------------------------------------


def gaussian(data: Instance) -> np.ndarray:
    """Probability of each pattern of data in the plane under a Gaussian direction: its angle over 2 pi."""
    X, every = np.asarray(data.X, float), patterns(data)
    edges = np.sort(np.concatenate([np.arctan2(X[:, 0], -X[:, 1]), np.arctan2(-X[:, 0], X[:, 1])]) % (2 * np.pi))
    widths = np.diff(np.r_[edges, edges[0] + 2 * np.pi])
    middles = edges + widths / 2
    S = (np.c_[np.cos(middles), np.sin(middles)] @ X.T > 0).astype(float)
    probability = np.zeros(len(every))
    np.add.at(probability, [int(np.flatnonzero((s == every.S).all(axis=1))[0]) for s in S], widths / (2 * np.pi))
    return probability


def one_cell(data: Instance) -> np.ndarray:
    """The same pattern always."""
    return np.eye(len(patterns(data)))[0]


@cache
def left_by(data: Instance, beta: float) -> dict[tuple[int, ...], tuple[float, float]]:
    """Ends of the probability that one more Gaussian pattern helps, after each set of patterns."""
    every, weight, after = patterns(data), gaussian(data), {}
    for size in range(1, len(every) + 1):
        for chosen in combinations(range(len(every)), size):
            subset = every.take(list(chosen))
            surely, possibly = helpful(program(data, beta), subset, train(program(data, beta, subset), gap=GAP))
            after[chosen] = float(weight[surely].sum()), float(weight[possibly].sum())
    return after


def law(weight: np.ndarray, sets: Any, draws: int) -> dict[tuple[int, ...], float]:
    """Probability that ``draws`` independent patterns are exactly a set, by inclusion and exclusion."""
    total = {c: float(weight[list(c)].sum()) ** draws for c in sets}
    signed = {
        c: [((-1) ** (len(c) - k), sub) for k in range(1, len(c) + 1) for sub in combinations(c, k)] for c in sets
    }
    return {c: sum(sign * total[sub] for sign, sub in parts) for c, parts in signed.items()}


def over_all_samples(data: Instance, beta: float, draws: int, weight: np.ndarray, of: Any) -> Enclosed:
    """Mean over all samples of an increasing function of what is left to gain."""
    after = left_by(data, beta)
    p = law(weight, after, draws)
    low, high = (sum(p[c] * of(after[c][k]) for c in after) for k in range(2))
    return Enclosed(low - 1e-12, high + 1e-12, "rounding" if low == high else "solver gap")


@measure(
    convex_relu.SAMPLED_PATTERNS,
    cases(instance=TINY, beta=[0.1, 0.5], P_s=[1, 2, 3, 5, 8, 12]).guaranteeing(*DECAY, GAUSSIAN),
)
def all_samples(instance, beta, P_s):
    """One and two points in the plane: the mean violation probability over all samples of 1 to 12 patterns, listed."""
    return over_all_samples(instance, beta, P_s, gaussian(instance), float), {"n": len(instance.y)}


def more_than_xi_left(instance, P_s, xi, directions):
    r"""One and two points in the plane: the exact probability that more than $\xi$ is left to gain."""
    return over_all_samples(instance, 0.1, P_s, directions(instance), lambda left: left > xi), {"n": len(instance.y)}


def samples(*triples):
    """Instance, P_s, xi and psi."""
    return cases(size=[{"instance": TINY[k], "P_s": P_s, "xi": xi, "psi": psi} for k, P_s, xi, psi in triples])


# the sizes are the least that the assumption allows, where most of the allowance is used
measure(
    convex_relu.SAMPLE_SIZE,
    samples((0, 11, 0.5, 0.5), (0, 15, 0.5, 0.5), (1, 4, 0.499, 0.802), (2, 8, 0.352, 0.947))
    .let(directions=lambda: gaussian)
    .guaranteeing(*DECAY, GAUSSIAN),
)(more_than_xi_left)
without(
    convex_relu.SAMPLE_SIZE, "enough_samples", more_than_xi_left,
    samples((0, 1, 0.1, 0.1), (1, 1, 0.4, 0.4), (2, 2, 0.3, 0.3)).let(directions=lambda: gaussian).guaranteeing(*DECAY, GAUSSIAN),
)  # fmt: skip
without(
    convex_relu.SAMPLE_SIZE, GAUSSIAN, more_than_xi_left,
    samples((0, 15, 0.2, 0.99), (2, 8, 0.352, 0.947)).let(directions=lambda: one_cell).guaranteeing(*DECAY),
)  # fmt: skip


# --- by repetition -----------------------------------------------------------------------------------------------------


def from_a_corner(X: Any, count: int, rng: np.random.Generator) -> Patterns:
    """Patterns of directions within a narrow cone."""
    every = patterns(SPACE)
    U = every.U[0] / np.linalg.norm(every.U[0]) + 1e-3 * rng.standard_normal((count, 3))
    S = (U @ np.array(X, float).T > 0).astype(float)
    first = np.unique(S, axis=0, return_index=True)[1]
    return Patterns(S[first], U[first])


@measure(
    convex_relu.SAMPLED_PATTERNS,
    cases(instance=[SPACE], P_s=[8, 16, 32], draw=[sample_patterns]).guaranteeing(*DECAY, GAUSSIAN),
)
def repetitions(instance, P_s, draw, rng, budget):
    """B, weight decay 0.1, 16 samples (60 when full): the share of 4000 fresh directions that help, about .27, .08, .06."""
    every, shares, unsure = program(instance, 0.1), [], []
    for _ in range(60 if budget != "quick" else 16):
        sampled = draw(instance.X, P_s, rng)
        surely, possibly = helpful(every, sampled, train(program(instance, 0.1, sampled), gap=GAP))
        bits = 1 << np.arange(len(instance.y))
        fresh = (rng.standard_normal((4000, every.X.shape[1])) @ every.X.T > 0) @ bits
        # what is not decided counts against the claim
        shares.append(float(np.isin(fresh, (every.S @ bits)[possibly]).mean()))
        unsure.append(shares[-1] - float(np.isin(fresh, (every.S @ bits)[surely]).mean()))
    return Sample(shares, at_most=1.0, bias=max(unsure)), {"n": len(instance.y)}


without(
    convex_relu.SAMPLED_PATTERNS,
    GAUSSIAN,
    repetitions,
    cases(instance=[SPACE], P_s=32, draw=[from_a_corner]).guaranteeing(*DECAY),
)
