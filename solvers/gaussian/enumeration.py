"""Moments after one step of a Langevin sampler on a finite sum, by enumeration of every batch: rationals in, rationals out.

A second way to what ``langevin`` solves: no formula for the noise of minibatches is used.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from gradproof.solvers.gaussian.langevin import FiniteSum


def mean_step(problem: FiniteSum, mean: np.ndarray, gamma: Any, p: int, *, among: int | None = None) -> np.ndarray:
    """E delta+ of SGLD from the mean delta, over every batch of the first ``among`` samples (all by default)."""
    n = problem.N if among is None else among
    prior = problem.prior @ mean - problem.gradients.sum(axis=0)
    total = 0 * mean
    for batch in product(range(n), repeat=p):
        each = sum((problem.hessians[i] @ mean + problem.gradients[i] for i in batch), start=0 * mean)
        total = total + mean - gamma * (prior + problem.N * each / p)
    return total / Fraction(n**p)


def one_step(problem: FiniteSum, C: np.ndarray, gamma: Any, method: str, p: int, *, replacement: bool = True) -> Any:
    """E delta+ delta+' over every batch, from E delta delta' = C and mean zero; exact for fractions."""
    unit = np.array([[Fraction(int(i == j)) for j in range(problem.d)] for i in range(problem.d)], dtype=object)
    if method == "lmc":
        A = unit - gamma * problem.H
        return A @ C @ A + 2 * gamma * unit
    total, count = 0 * C, 0
    prior = -problem.gradients.sum(axis=0)  # the prior's gradient at the minimiser
    for batch in product(range(problem.N), repeat=p):
        if not replacement and len(set(batch)) < p:
            continue
        count += 1
        A = unit - gamma * sum((problem.per_sample[i] for i in batch), start=0 * C) / p
        total = total + A @ C @ A
        if method != "sgldfp":
            g = prior + problem.N * sum((problem.gradients[i] for i in batch), start=0 * prior) / p
            total = total + gamma**2 * np.outer(g, g)
    return total / Fraction(count) + (0 if method == "sgd" else 2 * gamma) * unit
