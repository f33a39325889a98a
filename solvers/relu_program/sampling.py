"""Patterns sampled by Gaussian directions: their probabilities, which of them help, and the law of what is left to gain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from gradproof.solvers.relu_program.interior import train
from gradproof.solvers.relu_program.patterns import DEPTH, Patterns, data_matrix
from gradproof.solvers.relu_program.program import Program, Solution, cone_norms
from gradproof.theory.errors import ParameterError

Chosen = tuple[int, ...]


def plane_probabilities(X: Any, every: Patterns) -> np.ndarray:
    """Probability of each pattern of data in the plane, (P,), under a Gaussian direction: its angle over 2 pi.

    Raises:
        ParameterError: the data is not in the plane.
    """
    X = data_matrix(X)
    if X.shape[1] != 2:
        raise ParameterError(f"angles need data in the plane, got {X.shape[1]} columns")
    edges = np.sort(np.concatenate([np.arctan2(X[:, 0], -X[:, 1]), np.arctan2(-X[:, 0], X[:, 1])]) % (2 * np.pi))
    widths = np.diff(np.r_[edges, edges[0] + 2 * np.pi])
    cells = widths > DEPTH  # parallel rows have one edge, twice
    edges, widths = edges[cells], widths[cells]
    middles = edges + widths / 2
    S = (np.c_[np.cos(middles), np.sin(middles)] @ X.T > 0).astype(float)
    probability = np.zeros(len(every))
    np.add.at(probability, [int(np.flatnonzero((s == every.S).all(axis=1))[0]) for s in S], widths / (2 * np.pi))
    return probability


def helpful(every: Program, sampled: Patterns, found: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Which patterns of ``every``, added to the ``sampled`` ones, lower the optimal value: surely, and possibly; (P,) each.

    ``found`` solves the program over ``sampled``. Its nu is within r = sqrt(2 (upper - lower)) of the exact one, as the primal is
    strongly convex in the prediction, so that a cone norm errs by r ||D_i X|| at most: the pattern surely helps if its norm exceeds
    beta by more, and surely not if it is below beta by more. What is left are neighbours that share the face of an active neuron.
    The exact maximiser over their cone lies on that face where the face's multipliers and the other rows' slacks are beyond
    their errors; if a sampled pattern has the same face, then the norm is beta at most.
    """
    radius = np.sqrt(2 * max(found.upper - found.lower, 0.0)) * (1 + 1e-9)
    norms, lam = cone_norms(every, found.nu)
    c = every.transpose(found.nu)
    lengths = np.linalg.norm(every.X, axis=1)
    known = {s.tobytes() for s in np.asarray(sampled.S, np.int8)}
    surely, possibly = (np.zeros(len(every.S), bool) for _ in range(2))
    for i, s in enumerate(np.asarray(every.S, np.int8)):
        if s.tobytes() in known:
            continue
        error = radius * np.linalg.norm(every.S[i][:, None] * every.X, 2) * (1 + 1e-9) + 1e-12 * every.beta
        A = every.signs[i][:, None] * every.X
        for k in range(2):
            surely[i] |= norms[k, i] > every.beta + error
            if norms[k, i] < every.beta - error:
                continue
            slack = A @ (c[k, i] + lam[k, i] @ A)
            on = slack <= 2 * error * lengths  # rows that may have a multiplier; of the others the slack is positive
            least = np.linalg.svd(A[on], compute_uv=False).min(initial=np.inf) if 0 < on.sum() <= A.shape[1] else 0.0
            on_face = on & (lam[k, i] * least > 2 * error)
            faces = (np.where(flip, 1 - s, s) for flip in _subsets(on_face))
            possibly[i] |= not any(f.astype(np.int8).tobytes() in known for f in faces)
    return surely, possibly | surely


def _subsets(mask: np.ndarray) -> Iterator[np.ndarray]:
    """All nonempty subsets of a mask."""
    where = np.flatnonzero(mask)
    for size in range(1, len(where) + 1):
        for chosen in combinations(where, size):
            yield np.isin(np.arange(len(mask)), chosen)


def left_to_gain(every: Program, weight: np.ndarray, *, gap: float = 1e-9) -> dict[Chosen, tuple[float, float]]:
    """Ends of the probability, under ``weight`` (P,), that one more pattern helps, after each nonempty set of patterns."""
    after = {}
    for size in range(1, len(weight) + 1):
        for chosen in combinations(range(len(weight)), size):
            subset = every.patterns.take(list(chosen))
            surely, possibly = helpful(every, subset, train(Program(every.X, every.y, every.beta, subset), gap=gap))
            after[chosen] = float(weight[surely].sum()), float(weight[possibly].sum())
    return after


def law_of_samples(weight: np.ndarray, draws: int) -> dict[Chosen, float]:
    """Probability that ``draws`` independent patterns of these probabilities are exactly a set, by inclusion and exclusion."""
    sets = [c for k in range(1, len(weight) + 1) for c in combinations(range(len(weight)), k)]
    total = {c: float(weight[list(c)].sum()) ** draws for c in sets}

    def signed(c: Sequence[int]) -> Iterator[float]:
        for k in range(1, len(c) + 1):
            yield from ((-1) ** (len(c) - k) * total[sub] for sub in combinations(c, k))

    return {c: sum(signed(c)) for c in sets}


def mean_over_samples(
    after: dict[Chosen, tuple[float, float]], weight: np.ndarray, draws: int, of: Callable[[float], float] = float
) -> tuple[float, float]:
    """Ends of the mean of an increasing function of what is left to gain, over all samples of ``draws`` patterns."""
    law = law_of_samples(weight, draws)
    low, high = (sum(law[c] * of(ends[k]) for c, ends in after.items()) for k in range(2))
    return low - 1e-12, high + 1e-12  # some hundred products and sums of numbers of at most 1
