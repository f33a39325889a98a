"""Closed forms for multipliers: the rational function of least degree through exact samples on a grid.

A certificate at one point of the parameters has exact rational multipliers. Sampled over a grid they are fitted by
linear algebra over Q; what is held out must agree exactly. A fit is a guess: the proof written with it is checked by the
kernel for all parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import sympy as sp

from gradproof.solvers.exact.linear import null_space
from gradproof.solvers.pep.model.expressions import PepError
from gradproof.theory.errors import GradproofError

Point = tuple[Fraction, ...]


class NoFit(GradproofError):
    """No rational function within the degree goes through the samples."""


def fit(samples: Mapping[Point, Fraction], names: Sequence[str], *, degree: int = 4) -> sp.Expr:
    """The rational function of least total degree through exact samples, in lowest terms.

    Args:
        samples: value at each point; a fit of k coefficients needs at least k + 2 of them, so that some are held out.
        names: of the coordinates.
        degree: largest total degree of numerator and denominator.

    Raises:
        PepError: the points and names do not match.
        NoFit: no function of that degree agrees with all samples, or there are too few of them.
    """
    if not samples or any(len(p) != len(names) for p in samples):
        raise PepError(f"{len(samples)} samples over {len(names)} names; give one coordinate for each name")
    symbols = sp.symbols(list(names))
    for d in range(degree + 1):
        for top, bottom in sorted(((a, b) for a in range(d + 1) for b in range(d + 1) if max(a, b) == d), key=sum):
            up, down = _monomials(len(names), top), _monomials(len(names), bottom)
            if len(up) + len(down) + 1 > len(samples):
                raise NoFit(
                    f"{len(samples)} samples are too few for degree {d} in {', '.join(names)}; sample a larger grid"
                )
            rows = [[*(_power(p, e) for e in up), *(-v * _power(p, e) for e in down)] for p, v in samples.items()]
            vectors = null_space(rows, len(rows[0]))
            if not vectors:
                continue
            kernel = vectors[0]
            numerator, denominator = (
                sum(
                    (
                        sp.Rational(c.numerator, c.denominator) * sp.prod(s**k for s, k in zip(symbols, e, strict=True))
                        for c, e in zip(part, monomials, strict=True)
                    ),
                    sp.Integer(0),
                )
                for part, monomials in ((kernel[: len(up)], up), (kernel[len(up) :], down))
            )
            if denominator != 0:
                return sp.factor(sp.cancel(numerator / denominator))
    raise NoFit(
        f"no rational function of degree {degree} in {', '.join(names)} goes through the {len(samples)} samples"
    )


def _monomials(count: int, degree: int) -> list[tuple[int, ...]]:
    return [e for e in itertools.product(range(degree + 1), repeat=count) if sum(e) <= degree]


def _power(p: Point, e: tuple[int, ...]) -> Fraction:
    value = Fraction(1)
    for x, k in zip(p, e, strict=True):
        value *= x**k
    return value
