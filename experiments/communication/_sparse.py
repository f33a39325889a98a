"""Shared by the papers on sparsification: exact moments by enumeration, and a two-sided test of a mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.engine.eprocess import e_value
from gradproof.theory.evidence import Measurement, Relation

LEVEL = 1e-6

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


def norm2(g: Sequence[Any]) -> Any:
    """||g||^2."""
    return sum(x * x for x in g)


def outcomes(p: Sequence[Any]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every (t_1..t_N) in {0, 1}^N with its probability."""
    for t in product((0, 1), repeat=len(p)):
        weight: Any = 1
        for keep, q in zip(t, p, strict=True):
            weight = weight * (q if keep else 1 - q)
        if weight:
            yield t, weight


def exact_moments(lam: Sequence[Any], p: Sequence[Any], atoms: Sequence[Sequence[Any]]) -> tuple[list[Any], Any, Any]:
    """Mean, E||ghat - g||^2 and E||ghat||^2 of ``sum lam_i t_i / p_i a_i`` by enumeration; exact for exact input."""
    d = len(atoms[0])
    g = [sum(c * a[j] for c, a in zip(lam, atoms, strict=True)) for j in range(d)]
    mean, variance, second = [0] * d, 0, 0
    for t, weight in outcomes(p):
        sent = [sum(c * k / q * a[j] for c, k, q, a in zip(lam, t, p, atoms, strict=True) if k) for j in range(d)]
        mean = [m + weight * v for m, v in zip(mean, sent, strict=True)]
        variance += weight * sum((v - w) ** 2 for v, w in zip(sent, g, strict=True))
        second += weight * sum(v * v for v in sent)
    return mean, variance, second


def after_a_step(x: Sequence[Any], p: Sequence[Any], gamma: Any) -> Any:
    """E||x - gamma Q(x)||^2 over all outcomes, entries of x kept with probability p; exact for exact input."""
    total = 0
    for t, weight in outcomes(p):
        total += weight * sum((v - gamma * v * k / q) ** 2 for v, k, q in zip(x, t, p, strict=True) if v)
    return total


def means_are(x: np.ndarray, value: Any, top: Any, *, what: str, **parameters: Any) -> Iterator[Measurement]:
    """E[X_i | the past] == value_i for 0 <= X_i <= top_i, each along a run: ``mean_is`` for X_i/value_i, predictable tops."""
    x, value, top = (np.asarray(v, float).ravel() for v in np.broadcast_arrays(x, value, top))
    random = ~(top <= value * (1 + 1e-9))  # where all is kept there is nothing to test; a NaN stays, and is refused
    if not random.any():
        return
    share, room = x[random] / value[random], (top / value)[random] - 1
    yield from mean_is(share, 1.0, top=room + 1, what=f"{what} over its claimed mean", **parameters)


def identity_atoms(n: int) -> list[list[int]]:
    """The coordinate vectors."""
    return [[int(i == j) for j in range(n)] for i in range(n)]


def mean_is(x: np.ndarray, value: float, *, top: Any, what: str, **parameters: Any) -> Iterator[Measurement]:
    """E[X] == value for samples with 0 <= X <= top, from both sides by e-processes (X, and top - X), level 1e-6 each.

    ``top``: a number, or one a sample, known before it; then (top - X)/(top - value) is tested against 1.
    """
    common: dict[str, Any] = {
        "parameters": parameters,
        "relation": Relation.LE,
        "n": len(x),
        "level": LEVEL,
        "error_source": "statistical",
    }
    spread = float(x.std() / np.sqrt(len(x)))
    yield Measurement(
        measured=float(x.mean()), bound=value, error=spread, what=what, e_value=e_value(x, value), **common
    )
    rest, low = np.maximum(top - x, 0), top - value
    if np.ndim(top):
        rest, low = rest / low, 1.0
    yield Measurement(
        measured=float(rest.mean()),
        bound=low,
        error=spread,
        what=f"largest possible minus {what}",
        e_value=e_value(rest, low),
        **common,
    )
