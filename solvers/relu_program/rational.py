"""Bounds of the ReLU program's value in rational arithmetic, for small rational data: nothing is left to rounding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.solvers.exact.balls import sqrt_between
from gradproof.solvers.exact.nonnegative import nonnegative_least_squares
from gradproof.solvers.exact.rounding import exact_number
from gradproof.solvers.relu_program.patterns import Patterns
from gradproof.solvers.relu_program.program import Program, cone_norms
from gradproof.theory.errors import GradproofError, ParameterError

Vector = list[Fraction]
_WIDTH = Fraction(1, 10**25)  # of the enclosures of norms, relative
#: How far outside its cone a block may be, relative to the sizes of the row and the block: some products and their sum.
_ROUNDING = Fraction(1, 2**40)


class NoCertificate(GradproofError):
    """Blocks that do not certify anything."""


def rational_data(X: Sequence[Sequence[Any]], y: Sequence[Any]) -> tuple[list[Vector], Vector]:
    """Data as fractions; a float stands for the shortest decimal that prints it.

    Raises:
        ParameterError: shapes that do not fit, or an entry that is no rational.
    """
    rows, targets = [[exact_number(v, "X") for v in row] for row in X], [exact_number(v, "y") for v in y]
    if not rows or len(rows) != len(targets) or any(len(r) != len(rows[0]) for r in rows):
        raise ParameterError(f"need one target for each of the {len(rows)} rows of X, got {len(targets)}")
    return rows, targets


def rational_dual_point(
    X: Sequence[Sequence[Any]], y: Sequence[Any], beta: Any, patterns: Patterns, nu: Any, multipliers: Any
) -> Vector:
    """A rational dual point that the multipliers, taken as the binary fractions that they are, prove feasible: t nu with
    t M <= beta, and t best within that."""
    rows, targets = rational_data(X, y)
    beta = exact_number(beta, "beta")
    point = _binary(nu)
    most = Fraction(0)
    for i, s in enumerate(patterns.S):
        for k, sign in enumerate((1, -1)):
            lam = [max(v, Fraction(0)) for v in _binary(multipliers[k][i])]
            weights = [sign * int(bit) * v + (2 * int(bit) - 1) * w for bit, v, w in zip(s, point, lam, strict=True)]
            most = max(most, sum((_dot(weights, column) ** 2 for column in zip(*rows, strict=True)), Fraction(0)))
    inner, square = _dot(point, targets), _dot(point, point)
    if square == 0 or inner <= 0:
        return [Fraction(0)] * len(targets)
    t = inner / square
    if most:
        t = min(t, beta / _root(most))
    return [t * v for v in point]


def rational_lower_bound(
    X: Sequence[Sequence[Any]], y: Sequence[Any], beta: Any, patterns: Patterns, nu: Any, multipliers: Any
) -> Fraction:
    """A rational <= p*: the dual value of ``rational_dual_point``."""
    point, targets = rational_dual_point(X, y, beta, patterns, nu, multipliers), rational_data(X, y)[1]
    return _dot(point, targets) - _dot(point, point) / 2


def rational_upper_bound(
    X: Sequence[Sequence[Any]], y: Sequence[Any], beta: Any, patterns: Patterns, blocks: Any
) -> Fraction:
    """A rational >= p*, from blocks (2, P, d), moved into their cones where rounding left them just outside.

    Raises:
        NoCertificate: a block lies outside its cone by more than rounding, or a pattern's direction is not inside.
    """
    rows, targets = rational_data(X, y)
    beta = exact_number(beta, "beta")
    prediction, size = [Fraction(0)] * len(rows), Fraction(0)
    for i, s in enumerate(patterns.S):
        signs = [2 * int(bit) - 1 for bit in s]
        for k, sign in enumerate((1, -1)):
            x = _moved_inside(rows, signs, _binary(blocks[k][i]), _binary(patterns.U[i]), i)
            outputs = [_dot(row, x) for row in rows]
            prediction = [p + sign * int(bit) * v for p, bit, v in zip(prediction, s, outputs, strict=True)]
            size += _root(_dot(x, x))
    loss = sum(((p - v) ** 2 for p, v in zip(prediction, targets, strict=True)), Fraction(0)) / 2
    return loss + beta * size


def _moved_inside(rows: Sequence[Vector], signs: Sequence[int], x: Vector, inside: Vector, i: int) -> Vector:
    """x, plus the least multiple of the direction inside its cone that makes up for what rounding lacks."""
    more = Fraction(0)
    for row, sign in zip(rows, signs, strict=True):
        lack = -sign * _dot(row, x)
        if lack <= 0:
            continue
        if lack > _ROUNDING * sum(map(abs, row)) * max(map(abs, x)):
            raise NoCertificate(f"block {i} lies outside its cone by more than rounding; take blocks of a solution")
        depth = sign * _dot(row, inside)
        if depth <= 0:
            raise NoCertificate(f"the direction of pattern {i} is not inside its cone; enumerate the patterns anew")
        more = max(more, lack / depth)
    return [v + more * u for v, u in zip(x, inside, strict=True)] if more else x


def exact_cone_norm_squared(c: Sequence[Fraction], A: Sequence[Sequence[Fraction]]) -> Fraction:
    """``||Pi_K(c)||^2``, K = {u : A u >= 0}, exactly: by Moreau the least ``|c + A' lam|^2`` over lam >= 0."""
    _, projection = nonnegative_least_squares([[-v for v in row] for row in A], list(c))
    return _dot(projection, projection)


def exact_beta_max_squared(X: Sequence[Sequence[Any]], y: Sequence[Any], patterns: Patterns) -> Fraction:
    """``M(y)^2`` exactly: the square of the least weight decay that makes the zero network optimal."""
    rows, targets = rational_data(X, y)
    most = Fraction(0)
    for s in patterns.S:
        bits = [int(b) for b in s]
        A = [[(2 * b - 1) * v for v in row] for b, row in zip(bits, rows, strict=True)]
        c = [_dot([b * v for b, v in zip(bits, targets, strict=True)], column) for column in zip(*rows, strict=True)]
        most = max(most, exact_cone_norm_squared(c, A), exact_cone_norm_squared([-v for v in c], A))
    return most


def _dot(a: Iterable[Fraction], b: Iterable[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _binary(values: Any) -> Vector:
    """Floats as the fractions that they are."""
    return [Fraction(float(v)) for v in values]


def _root(square: Fraction) -> Fraction:
    """A rational just above the square root, in any units."""
    unit = Fraction(2) ** ((square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    return unit * sqrt_between(square / unit**2, width=_WIDTH)[1] if square else square


def beta_max_between(X: Sequence[Sequence[Any]], y: Sequence[Any], patterns: Patterns) -> tuple[Fraction, Fraction]:
    """Rational weight decays: an explicit neuron in the cones of these patterns still helps below the first, and from the second on
    rounded multipliers prove that the zero network is optimal."""
    rows, targets = rational_data(X, y)
    program = Program(X, [float(v) for v in targets], 1.0, patterns)
    norms, lam = cone_norms(program, program.y)
    k, i = np.unravel_index(int(norms.argmax()), norms.shape)
    u = _binary(program.transpose(program.y)[k, i] + (program.signs[i] * lam[k, i]) @ program.X)
    # the projection lies on the boundary of its cone: outside it the neuron would be one of other patterns
    u = _moved_inside(rows, [2 * int(bit) - 1 for bit in patterns.S[i]], u, _binary(patterns.U[i]), int(i))
    z = [max(_dot(row, u), Fraction(0)) for row in rows]
    gain = abs(_dot(z, targets)) / _root(_dot(u, u))
    low = gain or Fraction(1)  # y, shortened until it is feasible there: a larger decay need not shorten it
    point = rational_dual_point(X, y, low, patterns, targets, lam)
    return gain, low * max(v / w for v, w in zip(targets, point, strict=True) if w)


def line_optimum(x: Sequence[Any], y: Sequence[Any], beta: Fraction) -> tuple[Fraction, Fraction, Vector]:
    """One input: dual and primal value, equal at an optimum, and dual point, of the network whose two sides are soft thresholds."""
    plus, minus = ([max(s * Fraction(v), Fraction(0)) for v in x] for s in (1, -1))
    nu, size = list(map(Fraction, y)), Fraction(0)
    for z in (plus, minus):
        c = _dot(z, list(map(Fraction, y)))
        weight = (1 if c > 0 else -1) * max(abs(c) - beta, Fraction(0)) / _dot(z, z)
        nu = [v - weight * w for v, w in zip(nu, z, strict=True)]
        size += abs(weight)
    norm = max(abs(_dot(z, nu)) for z in (plus, minus))
    point = [min(Fraction(1), beta / norm) * v for v in nu] if norm else nu
    return _dot(point, list(map(Fraction, y))) - _dot(point, point) / 2, _dot(nu, nu) / 2 + beta * size, point
