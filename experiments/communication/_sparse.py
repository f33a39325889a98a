"""Shared by the papers on sparsification: exact moments by enumeration, and many steps from one point of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Bracket, Sample
from gradproof.experiments.engine.run import Method, run
from gradproof.solvers.ef_exact import bisect
from gradproof.theory.errors import ParameterError

#: Coefficients of five kinds: spread, unbalanced, equal, with zeros, and a power law. Exact.
EXAMPLES: tuple[tuple[Fraction, ...], ...] = tuple(
    tuple(Fraction(x) for x in row)
    for row in (
        (5, 3, 1, Fraction(1, 2), Fraction(1, 2)),
        (100, 1, 1, 1),
        (1, 1, 1, 1, 1, 1),
        (3, -4, 0, 12),
        tuple(Fraction(1, k * k) for k in range(1, 8)),
    )
)

#: A power of two for each entry but the last, which repeats.
POWERS = tuple(Fraction(v) for v in (8, 4, 2, 1, "1/2", "1/4", "1/8", "1/8"))

Law = Callable[[Sequence[Any]], Iterator[tuple[tuple[int, ...], Any]]]


def norm2(g: Sequence[Any]) -> Any:
    """||g||^2."""
    return sum(x * x for x in g)


def second_moment(lam: Sequence[Any], p: Sequence[Any]) -> Any:
    """``sum lam_i^2/p_i`` over the nonzero entries."""
    return sum(x * x / q for x, q in zip(lam, p, strict=True) if x)


def feasible_second_moment(lam: Sequence[Any], p: Sequence[Any], s: Any) -> Any:
    """The same of probabilities of sum at most s; raises ``ParameterError`` for others."""
    if sum(p) > s or not all(0 <= q <= 1 for q in p):
        raise ParameterError(f"{p} are not probabilities of sum at most {s}")
    return second_moment(lam, p)


def independently(p: Sequence[Any]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every (t_1..t_N) in {0, 1}^N with its probability, t_i = 1 with probability p_i independently of the others."""
    for t in product((0, 1), repeat=len(p)):
        weight: Any = 1
        for keep, q in zip(t, p, strict=True):
            weight = weight * (q if keep else 1 - q)
        if weight:
            yield t, weight


def together(p: Sequence[Any]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The same where one uniform number u decides for all: t_i = 1 iff u < p_i."""
    for low, high in pairwise(sorted({0, *p, 1})):
        yield tuple(int(q > low) for q in p), high - low


def exact_moments(
    lam: Sequence[Any], p: Sequence[Any], atoms: Sequence[Sequence[Any]], law: Law = independently
) -> tuple[list[Any], Any]:
    """Mean and E||ghat - g||^2 of ``ghat = sum lam_i t_i / p_i a_i`` by enumeration; exact for exact input."""
    columns = list(zip(*atoms, strict=True))
    g = [sum(c * a for c, a in zip(lam, column, strict=True)) for column in columns]
    mean, variance = [0] * len(g), 0
    for t, weight in law(p):
        sent = [c * k / q if k else 0 for c, k, q in zip(lam, t, p, strict=True)]
        ghat = [sum(c * a for c, a in zip(sent, column, strict=True)) for column in columns]
        mean = [m + weight * v for m, v in zip(mean, ghat, strict=True)]
        variance += weight * sum((v - w) ** 2 for v, w in zip(ghat, g, strict=True))
    return mean, variance


def after_a_step(x: Sequence[Any], p: Sequence[Any], gamma: Any) -> Any:
    """E||x - gamma Q(x)||^2, entries of x kept with probability p (dependent or not); exact for exact input."""
    return sum(q * (v - gamma * v / q) ** 2 + (1 - q) * v * v for v, q in zip(x, p, strict=True) if v)


def exact_step(x, p, gamma):
    r"""$\mathbb E\|x^+\|^2$, over both outcomes of every entry."""
    return after_a_step(x, p, gamma), {"x2": norm2(x)}


def contraction_threshold(kept):
    """Where steps stop to shrink the mean squared norm from each of some x, sent with probabilities p; bisection in fractions."""
    return Bracket(*bisect(lambda g: all(after_a_step(x, p, g) < norm2(x) for x, p in kept), Fraction(1, 100), 8, 20))


def steps_from(
    make: Callable[[Any], Method], x0: np.ndarray, draws: tuple[int, ...], keys: Any, backend: str, n: int = 5000
) -> tuple[np.ndarray, np.ndarray]:
    """x after ten steps of one run from x0, (d,), and x+ of n independent steps from there, (n, d).

    ``make``: the method, made on an array library. ``draws``: shape of the uniform numbers of a step.
    """
    on = array_library(backend)
    with on.scope():
        method = make(on)

    def end(x: np.ndarray, words: np.ndarray, steps: int) -> np.ndarray:
        x, words = on.move((x, words))
        out = run(method, x, steps, record={"x": lambda s: s.x}, draw=lambda t: Draws(words, t).uniform(draws))
        return np.asarray(out.x.values[0, :, -1]).reshape(words.shape[1], -1)

    x = end(x0[None, None], keys("before"), 10)
    many = np.repeat(x.reshape(1, 1, *x0.shape), n, axis=1)
    return x[0], end(many, split(keys("after")[:, 0], n), 1)


def squares_after(x: np.ndarray, after: np.ndarray, p: np.ndarray, gamma: float) -> Sample:
    """||x+||^2 of steps from x with the entries kept with probability p."""
    sent = x - gamma * x / np.where(p > 0, p, 1)
    return Sample((after**2).sum(axis=1), at_most=float(np.maximum(x**2, sent**2).sum()) * (1 + 1e-12))
