"""A parameter of a claim: symbol, domain, meaning, and a name that can be typed."""

import math
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import islice
from numbers import Real
from typing import Any

import sympy as sp

from gradproof.theory.arguments import fields_of_type, shown
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.text import plain

POSITIVE = sp.Interval.open(0, sp.oo)
NONNEGATIVE = sp.Interval(0, sp.oo)
REAL = sp.Interval.open(-sp.oo, sp.oo)
UNIT_LOPEN = sp.Interval.Lopen(0, 1)  # (0, 1]
UNIT_ROPEN = sp.Interval.Ropen(0, 1)  # [0, 1)
UNIT_OPEN = sp.Interval.open(0, 1)
FIRST = 1000  # elements of an infinite set of single numbers, among which a float is looked for
MAX_DIGITS = 4000  # of a number in text: 1e1000000000 would fill the memory
COUNT = sp.S.Naturals  # 1, 2, 3, ...


@lru_cache(maxsize=256)
def _facts(domain: sp.Set) -> dict[str, bool]:
    """What a number of the domain is known to be, in sympy's words. Many parameters share few domains."""
    facts = {"real": True}
    try:
        low = domain.inf
    except NotImplementedError:  # of a set that sympy knows by its rule alone
        low = -sp.oo
    if low >= 0:
        facts = {"positive": True} if low > 0 or 0 not in domain else {"nonnegative": True}
    if domain.is_subset(sp.S.Integers):
        facts["integer"] = True
    return facts


@dataclass(frozen=True)
class Parameter:
    """A quantity that a claim depends on.

    Args:
        name: as it is typed, ``L_AM``; letters with two codes are one, as Python has it (NFKC): the micro sign is the Greek mu.
        meaning: what it is, in words, with its unit where it has one.
        domain: the set of admitted values (of each entry, for a vector).
        latex: how it is typeset; by default sympy's rendering of the name.
        size: for a vector, the ASCII name of its length (``"n"``); empty for a scalar.
    """

    name: str
    meaning: str
    domain: sp.Set = field(default=POSITIVE)
    latex: str = ""
    size: str = ""

    def __post_init__(self) -> None:
        fields_of_type(self)
        object.__setattr__(self, "name", spelt(self.name))
        object.__setattr__(self, "size", spelt(self.size))
        if not self.name.isidentifier():
            raise ParameterError(
                f"parameter name {shown(self.name)} cannot be typed as a keyword; use letters, digits and _"
            )
        if not isinstance(self.domain, sp.Interval) or self.domain.free_symbols:
            self._check_domain()

    def _check_domain(self) -> None:
        said = f"the domain {pretty_set(self.domain)} of {self.name}"
        if self.domain.free_symbols:
            raise ParameterError(f"{said} has symbols; write numbers, and relations between parameters as assumptions")
        if self.domain.is_empty or self.domain.is_subset(sp.S.Reals) is False:
            raise ParameterError(
                f"{said} holds no real number; give e.g. Interval(0, 1), S.Naturals or FiniteSet(1, 2)"
            )

    @cached_property
    def symbol(self) -> Any:
        """The sympy symbol (an ``IndexedBase`` for a vector) carrying the signs that the domain implies."""
        facts = _facts(self.domain)
        return sp.IndexedBase(sp.Symbol(self.name, **facts)) if self.size else sp.Symbol(self.name, **facts)

    @property
    def typeset(self) -> str:
        """LaTeX of the symbol."""
        return self.latex or sp.latex(sp.Symbol(self.name))

    def read(self, value: Any) -> Any:
        """Return ``value`` as a sympy exact number, a float, a float array, or (vector) a tuple of numbers.

        Raises:
            ParameterError: not a number.
            DomainError: NaN, or outside the domain.
        """
        if self.size:
            try:
                entries = tuple(value)
            except TypeError:
                raise ParameterError(
                    f"{self.name} is a list of {self.size} numbers ({plain(self.meaning)}), got {shown(value)}"
                ) from None
            if not entries:
                raise ParameterError(f"{self.name} is empty; it needs one number for each of the {self.size} entries")
            return tuple(self._scalar(v) for v in entries)
        return self._scalar(value)

    def _scalar(self, value: Any) -> Any:
        number = as_number(value, self.name)
        if is_array(number):
            self._check_array(number)
        elif number != number:  # NaN
            raise DomainError(
                f"{self.name} = nan; {self.name} must lie in {pretty_set(self.domain)} ({plain(self.meaning)})"
            )
        elif not self._admits(number):
            raise DomainError(f"{self.name} = {number} is outside {pretty_set(self.domain)} ({plain(self.meaning)})")
        return number

    @cached_property
    def _ends(self) -> tuple[Fraction | float, Fraction | float] | None:
        """The ends of an interval whose ends are rational or infinite."""
        if not isinstance(self.domain, sp.Interval):
            return None
        low, high = _of_python(self.domain.start), _of_python(self.domain.end)
        return None if low is None or high is None else (low, high)

    def _admits(self, number: Any) -> bool:
        domain, x = self.domain, _of_python(number)
        if x is not None and self._ends is not None:  # Python compares numbers far faster than sympy
            low, high = self._ends
            return (x > low if domain.left_open else x >= low) and (x < high if domain.right_open else x <= high)
        if isinstance(domain, sp.Interval):  # sympy's own containment is slow on long vectors
            above = number > domain.start if domain.left_open else number >= domain.start
            below = number < domain.end if domain.right_open else number <= domain.end
            return bool(above) and bool(below)  # infinities are outside: the ends at infinity are open
        if not -math.inf < number < math.inf:
            return False
        if isinstance(number, float):
            if isinstance(domain, sp.FiniteSet | sp.ImageSet):  # a float is the element that it is nearest to
                return any(number == float(e) for e in islice(domain, FIRST) if e.is_real)
            number = sp.Rational(number)
        if domain is sp.S.Naturals or domain is sp.S.Naturals0:
            return number.is_Integer is True and number.p >= (domain is sp.S.Naturals)
        return domain.contains(number) is sp.true

    def _check_array(self, values: Any) -> None:
        if not isinstance(self.domain, sp.Interval):
            for x in sorted(set(values.reshape(-1).tolist())):
                self._scalar(x)
            return
        low, high = float(self.domain.inf), float(self.domain.sup)
        at_low, at_high = self.domain.contains(self.domain.inf), self.domain.contains(self.domain.sup)
        ok = (values >= low if at_low is sp.true else values > low) & (
            values <= high if at_high is sp.true else values < high
        )
        if not ok.all():
            bad = values[~ok].ravel()[0]
            raise DomainError(
                f"{self.name} has the entry {bad}, outside {pretty_set(self.domain)} ({plain(self.meaning)})"
            )


def _of_python(x: Any) -> Fraction | float | None:
    """A rational as a ``Fraction``, an infinity or a float as a float; None for any other number."""
    if isinstance(x, sp.Rational):
        return Fraction(x.p, x.q)
    if x is sp.oo or x is -sp.oo:
        return math.inf if x is sp.oo else -math.inf
    return x if isinstance(x, float) else None


def spelt(name: str) -> str:
    """A name as Python reads it in a program: in Unicode's normal form NFKC."""
    return unicodedata.normalize("NFKC", name)


def is_array(value: Any) -> bool:
    """True for a NumPy-like array of at least one dimension (known by its attributes: this room imports no arrays)."""
    return not isinstance(value, sp.Basic) and hasattr(value, "dtype") and getattr(value, "ndim", 0) > 0


def as_number(value: Any, name: str = "value") -> Any:
    """Exact input becomes an exact sympy number, floats stay floats, float arrays stay arrays.

    Raises:
        ParameterError: for anything that is not a real number.
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "dtype") and not isinstance(value, sp.Basic):
        if getattr(value, "mask", False):
            raise ParameterError(f"{name} is masked: there is no number")
        value = value.item()  # NumPy's scalars, arrays of no dimension, what xarray and pandas hand out
    if isinstance(value, bool):
        raise ParameterError(f"{name} = {value}: a number is needed, not a truth value")
    if isinstance(value, int):
        return sp.Integer(value)
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, Decimal):
        return sp.Rational(Fraction(value)) if value.is_finite() else float(value)
    if isinstance(value, sp.Float):
        return float(value)
    if isinstance(value, sp.Expr):
        if value is sp.nan:
            return math.nan
        if value.is_number and value.is_extended_real is not False:
            return value
        raise ParameterError(f"{name} = {value} is not a real number; substitute its symbols first")
    if is_array(value):
        if any(word in str(value.dtype) for word in ("bool", "complex", "object", "str", "U", "datetime", "timedelta")):
            raise ParameterError(f"{name} is an array of {value.dtype}; real numbers are needed")
        return value
    if isinstance(value, type):  # a class has what its instances have
        raise ParameterError(f"{name} = {shown(value)} is a class; give an int, Fraction or float")
    if hasattr(value, "numerator") and hasattr(value, "denominator") and not isinstance(value, Real):
        return sp.Rational(int(value.numerator), int(value.denominator))  # python-flint, gmpy2
    if hasattr(value, "p") and hasattr(value, "q"):
        return sp.Rational(int(value.p), int(value.q))  # flint.fmpq
    if hasattr(value, "__index__"):
        return sp.Integer(int(value))
    if isinstance(value, Real) or hasattr(value, "__float__"):
        return float(value)
    if isinstance(value, tuple | list):
        raise ParameterError(f"{name} = {', '.join(map(str, value))[:80]} is a list; give one number")
    raise ParameterError(
        f"{name} = {shown(value)} ({type(value).__name__}) is not a number; give an int, Fraction or float"
    )


def parse_number(text: str, name: str = "value") -> Any:
    """Read ``3``, ``3/4``, ``0.25``, ``1e-3`` (decimals are read exactly) or a comma-separated list of them."""
    if "," in text:
        return tuple(parse_number(part, name) for part in text.split(",") if part.strip())
    try:
        return read_fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ParameterError(
            f"{name}={text[:60]} is not a number; write an integer, a fraction 3/4, or a decimal 0.25"
        ) from None


def read_fraction(text: str) -> Fraction:
    """``Fraction(text)``, for texts of numbers with at most ``MAX_DIGITS`` digits before and after the point.

    Raises:
        ValueError: too long, or no number.
        ZeroDivisionError: for ``1/0``.
    """
    exponent = re.search(r"e([-+]?[0-9]+)\s*$", text[:MAX_DIGITS], re.IGNORECASE)
    if len(text) > MAX_DIGITS or (exponent and (len(exponent[1]) > 6 or abs(int(exponent[1])) > MAX_DIGITS)):
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    return Fraction(text.strip())


def pretty_set(domain: sp.Set) -> str:
    """A set as a reader would write it: ``(0, 1]``, ``{1, 2, 3, ...}``."""
    if domain == COUNT:
        return "{1, 2, 3, ...}"
    if domain == sp.S.Naturals0:
        return "{0, 1, 2, ...}"
    if isinstance(domain, sp.Range) and domain.step == 1 and domain.stop is sp.oo and domain.start.is_Integer:
        return f"{{{domain.start}, {domain.start + 1}, {domain.start + 2}, ...}}"
    if isinstance(domain, sp.Interval):
        left = "(" if domain.left_open else "["
        right = ")" if domain.right_open else "]"
        return f"{left}{domain.start}, {domain.end}{right}".replace("-oo", "-inf").replace("oo", "inf")
    return str(domain)
