"""Covariance of the mean gradient of a random batch: closed forms, and every law by enumeration in exact arithmetic.

A law yields how often each of the n samples is taken, with its probability; the batch mean is sum counts g / M. Samples are rows of
exact numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import comb
from typing import Any, Literal

from gradproof.theory.errors import DomainError, ParameterError

Counts = tuple[int, ...]
Law = Iterable[tuple[Counts, Fraction]]
Sampling = Literal["wr", "wor", "poisson"]
Rows = Sequence[Sequence[Any]]
Matrix = list[list[Fraction]]


def with_replacement(n: int, M: int) -> Iterator[tuple[Counts, Fraction]]:
    """M independent uniform samples: n^M batches."""
    for batch, times in Counter(tuple(sorted(b)) for b in product(range(n), repeat=M)).items():
        yield _counts(batch, n), Fraction(times, n**M)


def without_replacement(n: int, M: int) -> Iterator[tuple[Counts, Fraction]]:
    """Uniform subsets of M samples."""
    for batch in combinations(range(n), M):
        yield _counts(batch, n), Fraction(1, comb(n, M))


def independent_inclusion(n: int, M: int) -> Iterator[tuple[Counts, Fraction]]:
    """Each sample with probability M/n, independently: 2^n batches, M samples on average."""
    p = Fraction(M, n)
    for kept in product((0, 1), repeat=n):
        yield kept, p ** sum(kept) * (1 - p) ** (n - sum(kept))


def of_random_size(n: int, sizes: Sequence[tuple[int, Fraction]]) -> Iterator[tuple[Counts, Fraction]]:
    """A uniform subset whose size is random: (size, probability)."""
    for size, weight in sizes:
        for counts, p in without_replacement(n, size):
            yield counts, weight * p


LAWS: dict[str, Callable[[int, int], Law]] = {
    "wr": with_replacement, "wor": without_replacement, "poisson": independent_inclusion,
}  # fmt: skip


def enumerated(g: Rows, M: int, law: Law) -> Matrix:
    """cov of (sum counts g)/M under a law, (d, d), about the mean of all rows.

    Raises:
        ParameterError: the probabilities do not add to 1, or the batch mean is biased.
    """
    rows = _rows(g)
    mean = _mean(rows)
    d = len(mean)
    out = [[Fraction(0)] * d for _ in range(d)]
    total, first = Fraction(0), [Fraction(0)] * d
    for counts, weight in law:
        total += weight
        u = [
            sum((c * row[a] for c, row in zip(counts, rows, strict=True)), Fraction(0)) / M - mean[a] for a in range(d)
        ]
        for a in range(d):
            first[a] += weight * u[a]
            for b in range(d):
                out[a][b] += weight * u[a] * u[b]
    if total != 1 or any(first):
        raise ParameterError(
            f"probabilities add to {total}, and the mean is off by {[str(x) for x in first]}; need 1 and 0"
        )
    return out


def closed_form(g: Rows, M: int, sampling: Sampling) -> Matrix:
    """The same for the three samplings: C/M, (n - M)/(M (n - 1)) C, (1/M - 1/n) S with S = mean g g', C = S - gbar gbar'.

    Raises:
        ParameterError: another sampling.
        DomainError: M outside 1..n (1 and more with replacement).
    """
    rows = _rows(g)
    n, mean = len(rows), _mean(rows)
    if M < 1 or (n < M and sampling != "wr"):
        raise DomainError(f"a batch of M = {M} out of n = {n} samples; need 1 <= M" + " <= n" * (sampling != "wr"))
    d = len(mean)
    S = [[sum((row[a] * row[b] for row in rows), Fraction(0)) / n for b in range(d)] for a in range(d)]
    if sampling == "poisson":
        scale, centre = Fraction(1, M) - Fraction(1, n), 0
    elif sampling in ("wr", "wor"):
        scale, centre = Fraction(1, M), 1
        if sampling == "wor":
            scale = Fraction(n - M, M * (n - 1)) if n > 1 else Fraction(0)
    else:
        raise ParameterError(f"sampling {sampling!r} is none of {', '.join(LAWS)}")
    return [[scale * (S[a][b] - centre * mean[a] * mean[b]) for b in range(d)] for a in range(d)]


def across(g: Rows, pairs: Iterable[tuple[Counts, Counts, Fraction]], M: int) -> Fraction:
    """E<ghat_1 - gbar, ghat_2 - gbar> for pairs of batches, each with its probability."""
    rows = _rows(g)
    mean, out = _mean(rows), Fraction(0)

    def deviation(counts: Counts) -> list[Fraction]:
        return [sum((c * r for c, r in zip(counts, column, strict=True)), Fraction(0)) / M - y
                for column, y in zip(zip(*rows, strict=True), mean, strict=True)]  # fmt: skip

    for first, second, weight in pairs:
        out += weight * sum((x * y for x, y in zip(deviation(first), deviation(second), strict=True)), Fraction(0))
    return out


def disjoint(n: int, M: int) -> Iterator[tuple[Counts, Counts, Fraction]]:
    """Two disjoint uniform subsets of M samples each."""
    ways = comb(n, M) * comb(n - M, M)
    for first in combinations(range(n), M):
        for second in combinations([i for i in range(n) if i not in first], M):
            yield _counts(first, n), _counts(second, n), Fraction(1, ways)


def trace(matrix: Matrix) -> Fraction:
    """The sum of the diagonal."""
    return sum((matrix[a][a] for a in range(len(matrix))), Fraction(0))


def moments(g: Rows) -> dict[str, Fraction]:
    """Tr S, the trace of the centred second moment, and ||gbar||^2, by the names of the claims: S, C, g2."""
    rows = _rows(g)
    S = sum((x * x for row in rows for x in row), Fraction(0)) / len(rows)
    g2 = sum((x * x for x in _mean(rows)), Fraction(0))
    return {"S": S, "C": S - g2, "g2": g2}


def _counts(batch: Iterable[int], n: int) -> Counts:
    times = Counter(batch)
    return tuple(times[i] for i in range(n))


def _rows(g: Rows) -> list[list[Fraction]]:
    rows = [[Fraction(x) for x in row] for row in g]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ParameterError("need one sample or more, all of the same length >= 1")
    return rows


def _mean(rows: list[list[Fraction]]) -> list[Fraction]:
    return [sum(column, Fraction(0)) / len(rows) for column in zip(*rows, strict=True)]
