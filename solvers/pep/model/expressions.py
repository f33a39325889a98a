"""Vectors, function values and inner products as expressions with exact coefficients.

A ``Vector`` is a linear combination of the named basis vectors of one problem; a ``Scalar`` is a quadratic form in them
plus a linear form in function values plus a constant. Both are immutable; all coefficients are ``Fraction``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gradproof.solvers.exact.rounding import exact_number
from gradproof.theory.axioms import ONE, Form, combine, inner
from gradproof.theory.errors import GradproofError, ParameterError


class PepError(GradproofError, ValueError):
    """A performance-estimation problem is written in a way that has no answer; the text says what to change."""


def exact(value: Any, name: str = "number") -> Fraction:
    """An exact number. Ints, fractions, sympy and flint rationals are kept; a float is the binary fraction that it holds.

    ``exact(0.1)`` is therefore not 1/10 but 3602879701896397/36028797018963968; use ``decimal(0.1)`` or ``"0.1"`` for
    the decimal that was typed.

    Raises:
        PepError: not a real number, NaN or infinite.
    """
    if hasattr(value, "ndim") and hasattr(value, "item"):  # an array, or a scalar of one
        if value.ndim:
            raise PepError(f"{name} is an array of shape {tuple(value.shape)}; one number is needed here")
        value = value.item()
    try:
        number = exact_number(value, name, floats="binary")
        float(number)
    except ParameterError as error:
        raise PepError(str(error)) from None
    except OverflowError:
        raise PepError(f"{name} is larger than 1e308, which no solver holds; measure in other units") from None
    return number


def decimal(value: float) -> Fraction:
    """The decimal number that a float prints as: ``decimal(0.1) == Fraction(1, 10)``."""
    return exact(str(value), "decimal")


def _same(a: Vector | Scalar, b: Vector | Scalar) -> int:
    if a.owner != b.owner and a.owner and b.owner:
        raise PepError("the two sides belong to different problems; build both in one Problem")
    return a.owner or b.owner


@dataclass(frozen=True, eq=False)
class Vector:
    """A linear combination of basis vectors: ``x - gamma * g``; ``x @ y`` is the inner product, ``x ** 2`` the square."""

    terms: Mapping[str, Fraction] = field(default_factory=dict)
    owner: int = 0  # identity of the problem, 0 for the zero vector
    __array_ufunc__ = None  # NumPy's numbers leave products with vectors to ``__rmul__``

    def __add__(self, other: Vector) -> Vector:
        if not isinstance(other, Vector):
            return _no_sum("vector", other)
        return Vector(combine((1, self.terms), (1, other.terms)), _same(self, other))

    def __radd__(self, other: Any) -> Vector:
        return self if isinstance(other, int) and other == 0 else _no_sum("vector", other)  # sum() starts at 0

    def __sub__(self, other: Vector) -> Vector:
        if not isinstance(other, Vector):
            return _no_sum("vector", other)
        return Vector(combine((1, self.terms), (-1, other.terms)), _same(self, other))

    def __mul__(self, scale: Any) -> Vector:
        if isinstance(scale, Vector):
            raise PepError("the product of two vectors is ambiguous; write x @ y for the inner product")
        c = exact(scale, "step size")
        return Vector({k: c * v for k, v in self.terms.items() if c}, self.owner)

    __rmul__ = __mul__

    def __truediv__(self, scale: Any) -> Vector:
        c = exact(scale, "divisor")
        if c == 0:
            raise PepError("a vector is divided by 0; check the step sizes")
        return self * (1 / c)

    def __neg__(self) -> Vector:
        return self * -1

    def __matmul__(self, other: Vector) -> Scalar:
        if not isinstance(other, Vector):
            return _no_sum("vector", other)
        return Scalar(inner(self.terms, other.terms), _same(self, other))

    def __pow__(self, power: Any) -> Scalar:
        if isinstance(power, bool | Vector | Scalar) or exact(power, "power") != 2:
            raise PepError(f"a vector to the power {power!r} has no meaning; x ** 2 is its squared norm")
        return self @ self

    def __repr__(self) -> str:
        return _terms(self.terms) or "0"


@dataclass(frozen=True, eq=False)
class Scalar:
    """A quadratic form in the basis vectors, plus function values, plus a constant. ``<=`` gives a ``Constraint``."""

    form: Form
    owner: int = 0
    __array_ufunc__ = None

    def _lift(self, other: Any) -> Scalar:
        if isinstance(other, Scalar):
            return other
        if isinstance(other, Vector):
            return _no_sum("number", other)
        c = exact(other)
        return Scalar(Form({}, {ONE: c} if c else {}))

    def __add__(self, other: Any) -> Scalar:
        b = self._lift(other)
        return Scalar(self.form.copy().add(b.form), _same(self, b))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Scalar:
        b = self._lift(other)
        return Scalar(self.form.copy().add(b.form, -1), _same(self, b))

    def __rsub__(self, other: Any) -> Scalar:
        return self._lift(other) - self

    def __mul__(self, scale: Any) -> Scalar:
        if isinstance(scale, Scalar | Vector):
            raise PepError("a product of two expressions is not quadratic in the vectors; multiply by numbers only")
        c = exact(scale, "factor")
        return Scalar(Form().add(self.form, c) if c else Form(), self.owner)

    __rmul__ = __mul__

    def __truediv__(self, scale: Any) -> Scalar:
        c = exact(scale, "divisor")
        if c == 0:
            raise PepError("an expression is divided by 0")
        return self * (1 / c)

    def __neg__(self) -> Scalar:
        return self * -1

    def __le__(self, other: Any) -> Constraint:
        return Constraint(self - other)

    def __ge__(self, other: Any) -> Constraint:
        return Constraint(self._lift(other) - self)

    def equals(self, other: Any) -> Constraint:
        """The constraint ``self == other``."""
        return Constraint(self - other, equality=True)

    def __repr__(self) -> str:
        quadratic = {f"<{a}, {b}>": c for (a, b), c in self.form.quadratic.items()}
        return _terms(quadratic | {("" if k == ONE else k): c for k, c in self.form.linear.items()}) or "0"


@dataclass(frozen=True, eq=False)
class Constraint:
    """``scalar <= 0``, or ``scalar == 0``."""

    scalar: Scalar
    equality: bool = False

    def __bool__(self) -> bool:
        """None: of ``a <= x <= b`` Python would drop the first half."""
        raise PepError(
            "a comparison of expressions is neither true nor false, it is a premise; "
            "instead of a <= x <= b write two premises, x >= a and x <= b"
        )


def _terms(terms: Mapping[str, Fraction]) -> str:
    return " + ".join(f"{c} {k}".strip() if c != 1 or not k else k for k, c in terms.items())


def _no_sum(needed: str, got: Any) -> Any:
    raise PepError(
        f"a {needed} is needed here, got {got!r}; points and gradients are vectors, squares and values numbers"
    )
