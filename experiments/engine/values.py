"""What a measure may return: numbers that carry their own error, and where it comes from.

Each value says where the truth lies: between ``low`` and ``high``, rigorously or at a stated level. An error is a property
of the measured number; nothing here knows of a bound, so that no tolerance can be made from one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any, Literal, Protocol, get_args

import numpy as np
import sympy as sp

from gradproof.experiments.engine.eprocess import e_value, lower_limit
from gradproof.theory.arguments import number, shown
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Relation
from gradproof.theory.proof import Proof

Source = Literal["rounding", "solver gap", "truncation", "quadrature"]
SOURCES: tuple[str, ...] = get_args(Source)
Law = Literal["", "normal", "square of normal"]

EPS = 2.0**-52

#: How the limits of an expectation were found, as the reason of a verdict names it.
E_PROCESS = "e-process"
STUDENT = "Student's t for normal numbers"
CHI_SQUARE = "chi-square for squares of normal numbers"


def _numeric(value: Any, name: str) -> None:
    """A real number, exact or a float, or an array of such.

    Raises:
        TypeError: anything else.
    """
    if hasattr(value, "dtype"):
        entries = np.asarray(value).ravel() if isinstance(value, np.ndarray | np.generic) else ()
        good = getattr(getattr(value, "dtype", None), "kind", "f") in "iuf" or (
            len(entries) > 0 and all(isinstance(x, Real) and not isinstance(x, bool) for x in entries)
        )
    elif isinstance(value, sp.Basic):
        good = isinstance(value, sp.Expr) and value.is_number and value.is_extended_real is not False
    else:
        good = (isinstance(value, Real) and not isinstance(value, bool)) or type(value).__module__.startswith("flint")
    if not good:
        raise TypeError(f"{name} is {shown(value)}; give a real number, or an array of real numbers")


def _exceeds(low: Any, high: Any, names: str) -> bool:
    """Is low > high anywhere?

    Raises:
        ParameterError: arrays of different shapes, or numbers that cannot be compared.
    """
    try:
        return bool(np.any(np.asarray(low > high, bool)))
    except Exception as error:
        raise ParameterError(f"{names} cannot be compared: {shown(str(error))}") from None


@dataclass(frozen=True)
class Interval:
    """Where the truth lies, as the engine sees every value: ``number`` is what is shown. All may be arrays of one shape."""

    number: Any
    low: Any
    high: Any
    source: str = "exact"
    n: int = 1
    level: float | None = None
    test: str = ""


@dataclass(frozen=True)
class Enclosed:
    """The quantity lies in [low, high]; numbers, or arrays of one shape (then each entry is a measurement).

    Args:
        source: ``rounding`` (from the arithmetic), ``solver gap`` (from primal and dual values), ``truncation`` (of a series, a
            horizon, a transient) or ``quadrature``.

    Raises:
        ParameterError: another source, or low > high.
    """

    low: Any
    high: Any
    source: Source

    def __post_init__(self) -> None:
        _numeric(self.low, "the lower end")
        _numeric(self.high, "the upper end")
        if not isinstance(self.source, str) or self.source not in SOURCES:
            raise ParameterError(f"error source {shown(self.source)} is none of {', '.join(SOURCES)}")
        if _exceeds(self.low, self.high, "the ends of an enclosure"):
            raise ParameterError(f"an enclosure [{shown(self.low)}, {shown(self.high)}] is empty; give low <= high")

    def interval(self, level: float) -> Interval:
        return Interval((self.low + self.high) / 2, self.low, self.high, self.source)


def around(value: Any, error: Any, source: Source = "rounding") -> Enclosed:
    """``value`` with a bound ``error`` >= 0 on its distance from the truth; numbers or arrays.

    Raises:
        ParameterError: a negative error.
        TypeError: what is no number.
    """
    _numeric(value, "the measured value")
    _numeric(error, "its error bound")
    if _exceeds(0, error, "an error bound and 0"):
        raise ParameterError(f"an error bound must be >= 0, got {shown(error)}")
    try:
        value - error
    except Exception as wrong:
        raise ParameterError(f"a value and its error bound do not fit each other: {shown(str(wrong))}") from None
    return Enclosed(value - error, value + error, source)


def enclosed(formula: Callable[[], Any]) -> Enclosed:
    """A formula in ball arithmetic (``flint.arb``), to thirty digits."""
    from gradproof.solvers.exact.balls import enclose

    return Enclosed(*enclose(formula, width=Fraction(1, 10**30)), "rounding")


def rounded(value: Any, operations: float, size: Any = None) -> Enclosed:
    """A float (or an array) that came out of at most ``operations`` roundings of numbers of at most ``size``.

    The error is operations * 2^-52 * size, the standard bound for sums and products; ``size`` is ``|value|`` unless given,
    which is right only where nothing cancels.
    """
    _numeric(value, "the rounded value")
    number(operations, "the number of roundings")
    if size is not None:
        _numeric(size, "the size of the rounded numbers")
    return around(value, operations * EPS * (abs(value) if size is None else size), "rounding")


@dataclass(frozen=True)
class Sample:
    """Independent observations (in their order) whose common expectation is the quantity, up to ``bias``.

    Args:
        numbers: (n,). Observations that are conditionally of that mean, given those before them, will do as well. Without
            ``at_most`` they may also be below the quantity in expectation: what is then refuted was too small.
        at_least: no observation is smaller. at_most: none is greater; without it an upper limit of the expectation cannot be
            had, so that ``>=`` and ``==`` cannot be refuted from below.
        law: ``normal`` where the observations are exactly normal (Student's t is then exact), ``square of normal`` where they are
            the squares of centred normal numbers of one variance (chi-square). Else nothing is assumed of the law: there is no
            normal approximation here, at no sample size. The limits carry the name of their test, and what it needs.
        bias: bound on ``|E[number] - quantity|``, a transient or a quadrature error, for instance.

    Raises:
        ParameterError: an observation outside the ends, or no observation.
    """

    numbers: Any
    at_least: float = 0.0
    at_most: float | None = None
    law: Law = ""
    bias: float = 0.0

    def __post_init__(self) -> None:
        try:
            x = np.asarray(self.numbers, float).ravel()
        except Exception:
            raise TypeError(f"the observations are {shown(self.numbers)}; give a list of real numbers") from None
        object.__setattr__(self, "numbers", x)
        for name in ("at_least", "bias") + ("at_most",) * (self.at_most is not None):
            object.__setattr__(self, name, number(getattr(self, name), name))
        if not isinstance(self.law, str) or self.law not in get_args(Law):
            raise ParameterError(
                f"law {shown(self.law)} is none of 'normal', 'square of normal'; leave it out where it is not known"
            )
        if x.size == 0:
            raise ParameterError("a sample without observations says nothing")
        if np.isnan(x).any():
            raise ParameterError("an observation is not a number")
        if self.law != "normal" and not (x >= self.at_least).all():
            raise ParameterError(f"an observation {x.min():.6g} is below at_least={self.at_least:g}")
        if self.at_most is not None and not (x <= self.at_most).all():
            raise ParameterError(f"an observation {x.max():.6g} is above at_most={self.at_most:g}")
        if self.bias < 0 or math.isnan(self.bias):
            raise ParameterError(f"bias={self.bias} must be >= 0")

    def interval(self, level: float) -> Interval:
        """Two limits that each fail with probability at most ``level``/2."""
        x, mean = self.numbers, float(self.numbers.mean())
        if self.law:
            low, high, test = _normal_limits(x, level) if self.law == "normal" else _square_limits(x, level)
        else:
            test = E_PROCESS
            low = self.at_least + lower_limit(x - self.at_least, level=level / 2)
            high = math.inf if self.at_most is None else self.at_most - lower_limit(self.at_most - x, level=level / 2)
        return Interval(mean, low - self.bias, high + self.bias, "statistics", n=x.size, level=level, test=test)

    def against(self, bound: float, relation: Relation, level: float) -> float | None:
        """E-value against ``expectation relation bound``, which refutes where it reaches 1/level: just beyond the limits.

        ``None`` where the law is known, and an exact test takes its place.
        """
        if self.law:
            return None
        x, up, down = self.numbers, 0.0, 0.0
        above, below = bound + self.bias - self.at_least, math.inf
        if relation is not Relation.GE:
            up = e_value(x - self.at_least, above, level=level / 2) if above >= 0 else math.inf
        if relation is not Relation.LE and self.at_most is not None:
            below = self.at_most - (bound - self.bias)
            down = e_value(self.at_most - x, below, level=level / 2) if below >= 0 else math.inf
        return (up + down) / 2


def _normal_limits(x: Any, level: float) -> tuple[float, float, str]:
    from scipy.stats import t

    if x.size < 2:
        raise ParameterError("Student's t needs two observations at least")
    if not np.ptp(x) > 0:
        raise ParameterError(
            f"all observations are {x[0]:.6g}: they are no sample of a normal law; give the number itself"
        )
    half = float(t.isf(level / 2, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size))
    return float(x.mean()) - half, float(x.mean()) + half, STUDENT


def _square_limits(x: Any, level: float) -> tuple[float, float, str]:
    from scipy.stats import chi2

    total = float(x.sum())
    return total / float(chi2.isf(level / 2, x.size)), total / float(chi2.ppf(level / 2, x.size)), CHI_SQUARE


@dataclass(frozen=True)
class Bracket:
    """A threshold: the property holds at ``low`` and fails at ``high``, each decided without error."""

    low: Any
    high: Any

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            _numeric(getattr(self, name), f"{name} of a bracket")
            if getattr(getattr(self, name), "ndim", 0):
                raise TypeError(f"{name} of a bracket is {shown(getattr(self, name))}; give a number")
        if _exceeds(self.low, self.high, "the ends of a bracket"):
            raise ParameterError(f"a bracket [{self.low}, {self.high}] of a threshold needs low <= high")

    def interval(self, level: float) -> Interval:
        return Interval((self.low + self.high) / 2, self.low, self.high, "bracket")


@dataclass(frozen=True)
class Holds:
    """A property holds, or fails, where the parameter that the claim is about takes the value ``at``.

    For a claim *property iff parameter <= bound*: one side of a bracket.
    """

    holds: bool
    at: Any

    def __post_init__(self) -> None:
        if not isinstance(self.holds, bool | np.bool_):
            raise ParameterError(f"Holds({shown(self.holds)}): True where the property holds, False where it fails")
        _numeric(self.at, "the place of a property")

    def interval(self, level: float) -> Interval:
        low, high = (self.at, math.inf) if self.holds else (-math.inf, self.at)
        return Interval(self.at, low, high, "bracket")


@dataclass(frozen=True)
class Supremum:
    """The exact worst case over the whole class: a tight claim's bound must equal it; another's is at least it."""

    value: Any

    def interval(self, level: float) -> Interval:
        return interval_of(self.value, level)


@dataclass(frozen=True)
class Provable:
    """An upper bound of the quantity that can be proved: ``prove(bound)`` makes the kernel's ``Proof`` of ``quantity <= bound``.

    The engine asks it for the claim's own bound; it raises a ``GradproofError`` where it finds no proof. What is asked for on
    demand may come out just above: then ``prove`` returns what says the ``bound`` that its ``proof`` has.
    """

    prove: Callable[[Any], Proof | Proved]


class Proved(Protocol):
    """A proof and the bound that it proves."""

    @property
    def proof(self) -> Proof: ...
    @property
    def bound(self) -> Fraction: ...


Value = Any  # an exact number, or one of the classes above


def interval_of(value: Any, level: float) -> Interval:
    """Where the truth lies. A bare float carries no error and is refused.

    Raises:
        ParameterError: the value is no number, or a float without an error.
    """
    if hasattr(value, "interval"):
        return value.interval(level)
    if isinstance(value, bool | np.bool_):
        raise ParameterError(f"a measure returned {value}; return Holds({value}, at=...) for a property")
    if isinstance(value, int | np.integer):
        return Interval(int(value), int(value), int(value))
    if isinstance(value, Fraction):
        return Interval(value, value, value)
    if isinstance(value, sp.Basic) and value.is_number and not value.has(sp.Float):
        if value is sp.nan:
            raise ParameterError("the measured quantity is not a number")
        return Interval(value, value, value)
    if type(value).__module__.startswith("flint") and hasattr(value, "p"):  # fmpq
        exact = Fraction(int(value.p), int(value.q))
        return Interval(exact, exact, exact)
    if type(value).__name__ == "arb":
        low, high = float(value.lower()), float(value.upper())
        return Interval((low + high) / 2, math.nextafter(low, -math.inf), math.nextafter(high, math.inf), "rounding")
    if isinstance(value, float | np.floating | np.ndarray):
        raise ParameterError(
            "a measure returned a float without its error; return Enclosed(low, high, source), around(value, error) or "
            "rounded(value, operations), or an exact number"
        )
    raise ParameterError(f"a measure returned {type(value).__name__}, which is no quantity")
