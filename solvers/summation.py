"""Means in a stated order of operations, in any arithmetic: exact, rounded to p bits, or one that counts roundings.

Values are added one after the other inside each group, divided, and the groups' results are added one after the other. One group is
the flat order. Values are whatever the operations take: numbers, ``Fraction``, arrays of any library.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

from gradproof.theory.errors import ParameterError

Groups = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Arithmetic:
    """``add(a, b)`` and ``divide(a, count)``."""

    name: str
    add: Callable[[Any, Any], Any] = operator.add
    divide: Callable[[Any, int], Any] = operator.truediv


#: Exact on fractions; on floats and arrays each operation rounds as they do.
PLAIN = Arithmetic("plain")

#: Of whole numbers that count the roundings so far: 0 for an input.
DEPTH = Arithmetic("depth", lambda a, b: max(a, b) + 1, lambda a, count: a + 1)


def nearest(bits: int) -> Arithmetic:
    """Fractions rounded to ``bits`` significant bits, ties to even, without a limit of the exponent: unit roundoff 2^-bits."""
    return _rounded(f"nearest({bits})", lambda x: _to_bits(x, bits, round))


def chopped(bits: int) -> Arithmetic:
    """The same towards zero: the error of an operation is up to twice the unit roundoff 2^-bits."""
    return _rounded(f"chopped({bits})", lambda x: _to_bits(x, bits, int))


def outward(u: Fraction) -> Arithmetic:
    """The worst arithmetic that the standard model admits: every result times 1 + u."""
    return _rounded(f"outward({u})", lambda x: x * (1 + u))


def _rounded(name: str, to: Callable[[Fraction], Fraction]) -> Arithmetic:
    return Arithmetic(name, lambda a, b: to(Fraction(a) + b), lambda a, count: to(Fraction(a) / count))


def _to_bits(x: Fraction, bits: int, to: Callable[[Fraction], int]) -> Fraction:
    if x == 0:
        return x
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length() - bits
    scaled = x / Fraction(2) ** exponent
    if abs(scaled) >= 2**bits:
        exponent, scaled = exponent + 1, scaled / 2
    return to(scaled) * Fraction(2) ** exponent


def consecutive(sizes: Sequence[int]) -> list[list[int]]:
    """Groups of these sizes: the first workers, the next, ...

    Raises:
        ParameterError: a group without workers, or no group.
    """
    if not sizes or min(sizes) < 1:
        raise ParameterError(f"groups of sizes {list(sizes)}: every group needs a worker")
    ends = [sum(sizes[: g + 1]) for g in range(len(sizes))]
    return [list(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)]


def layered_mean(values: Sequence[Any], groups: Groups, arithmetic: Arithmetic = PLAIN) -> Any:
    """Each group's sum, divided by the number N of all values; then the sum of these.

    Raises:
        ParameterError: a value is in no group or in two, or a group is empty.
    """
    _check(values, groups)
    parts = [arithmetic.divide(_sum(values, g, arithmetic), len(values)) for g in groups]
    return reduce(arithmetic.add, parts)


def mean_of_means(values: Sequence[Any], groups: Groups, arithmetic: Arithmetic = PLAIN) -> Any:
    """The mean of the groups' means, which is the mean of all only for equal groups."""
    _check(values, groups)
    parts = [arithmetic.divide(_sum(values, g, arithmetic), len(g)) for g in groups]
    return arithmetic.divide(reduce(arithmetic.add, parts), len(groups))


def depth(groups: Groups) -> int:
    """Roundings in a row on the longest way from a value to the layered mean.

    At most max n_g + G - 1 <= N, attained where a largest group is the first.
    """
    return layered_mean([0] * sum(map(len, groups)), groups, DEPTH)


def weights_excess(sizes: Sequence[int]) -> Fraction:
    """chi^2 = mean (N w_i - 1)^2 = (N/G^2) sum 1/n_g - 1 for the weights w_i = 1/(G n_g) of a mean of means."""
    N, G = sum(sizes), len(sizes)
    return Fraction(N, G * G) * sum(Fraction(1, n) for n in sizes) - 1


def hard_to_add(groups: Groups, bits: int) -> list[Fraction]:
    """Inputs of ``bits`` bits, all of one sign, of which nearly every addition in this order rounds up by half a unit.

    1 first, and just more than half the spacing at 1 to be added to it: all of the first group, one value of each other group. For
    N values, N a power of two, the error comes near ((1 + u)^h - 1) (1/N) sum |x|, less the rounding of the division.
    """
    small = Fraction(2**bits + 2, 2 ** (2 * bits))
    values = [Fraction(0)] * sum(map(len, groups))
    for i in [*groups[0], *(g[0] for g in groups[1:])]:
        values[i] = small
    values[groups[0][0]] = Fraction(1)
    return values


def _sum(values: Sequence[Any], group: Sequence[int], arithmetic: Arithmetic) -> Any:
    return reduce(arithmetic.add, (values[i] for i in group))


def _check(values: Sequence[Any], groups: Groups) -> None:
    if not all(len(g) for g in groups) or sorted(i for g in groups for i in g) != list(range(len(values))):
        raise ParameterError(
            f"{len(groups)} groups of {[len(g) for g in groups][:8]} workers are no partition of {len(values)} values; "
            "put each worker into exactly one group"
        )
