"""Mixing matrices of graphs, drawn."""

from __future__ import annotations

import numpy as np

from gradproof.experiments.instances.source import Source, built

Array = np.ndarray
#: What every matrix drawn here satisfies: a matrix is an array, and cannot say so itself.
GUARANTEES = frozenset({"mixing", "doubly_stochastic", "connected"})


@built
def mixing_matrices(draw: Source, *, max_n: int = 5) -> Array:
    """Symmetric doubly stochastic matrices of random connected graphs, from lazy ones to those with eigenvalues near -1.

    Weights are multiples of a power of 1/2 and the diagonal, which is positive, completes the rows: every row sums to 1 exactly.
    """
    n = draw.integer(2, max_n)
    edges = {(i, i + 1) for i in range(n - 1)}  # a path keeps it connected
    edges |= {(i, j) for i in range(n) for j in range(i + 2, n) if draw.boolean()}
    W = np.zeros((n, n))
    for i, j in sorted(edges):
        W[i, j] = W[j, i] = draw.integer(1, 8)
    parts = max(64, 4 * 2 ** (n - 1).bit_length())
    share = (
        draw.integer(n, parts - n) / W.sum(axis=1).max()
    )  # the busiest row gives so many parts away, and keeps one at least
    W = np.where(W > 0, np.maximum(1, np.floor(share * W)), 0) / parts
    return W + np.diag(1 - W.sum(axis=1))
