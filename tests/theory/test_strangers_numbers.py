"""Numbers, names and domains of strangers: read as what they are, or refused in one line."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from gradproof.own import own_claim
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.parameter import REAL, Parameter, as_number

n = sp.Symbol("n")
PLAIN = Parameter("x", "a number", REAL)


@pytest.mark.parametrize(
    "value",
    [
        np.array(2.7),
        xr.DataArray(2.7),
        xr.Dataset({"a": 2.7}).a.values,
        np.float64(2.7),
        sp.Float(2.7),
        np.array(2.7)[()],
    ],
    ids=lambda v: type(v).__name__,
)
def test_an_array_of_no_dimension_is_its_number(value):
    assert as_number(value) == 2.7
    assert isinstance(as_number(value), float)
    assert PLAIN.read(value) == 2.7


@pytest.mark.parametrize("value", [np.array(3), np.int8(3), xr.DataArray(3), sp.Integer(3), np.uint64(3)])
def test_integers_of_any_library_are_exact(value):
    assert as_number(value) == sp.Integer(3)
    assert isinstance(as_number(value), sp.Integer)


def test_exact_numbers_stay_exact():
    assert as_number(Decimal("0.1")) == sp.Rational(1, 10)
    assert as_number(np.array(Fraction(1, 3))) == sp.Rational(1, 3)
    assert as_number(np.float32(0.1)) == float(np.float32(0.1))


@pytest.mark.parametrize(
    "value",
    [True, np.bool_(True), np.array(True), xr.DataArray(False), np.array([True, False]), np.array([1j]), 1j, np.array(1j), "2.7",
     np.array("2.7"), np.ma.masked, None, np.datetime64("2026-01-01"), np.timedelta64(3, "s"), np.array([None, 1.0]),
     np.array(["1"]), sp.I, sp.Symbol("y"), [1.0], {}, b"2", object()],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_what_is_no_number_is_refused_in_one_line(value):
    with pytest.raises(ParameterError) as caught:
        PLAIN.read(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), np.array(np.nan), np.array([1.0, np.nan]), Decimal("NaN"), float("inf"), Decimal("-Infinity")],
)
def test_what_is_no_real_number_is_outside(value):
    with pytest.raises(DomainError):
        PLAIN.read(value)


# --- domains ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "domain", [sp.EmptySet, sp.S.Complexes, sp.FiniteSet(n), sp.Interval(sp.Symbol("a", real=True), 1)], ids=str
)
def test_domains_without_real_numbers_or_with_symbols_are_refused(domain):
    with pytest.raises(ParameterError, match="the domain"):
        Parameter("x", "m", domain)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (sp.FiniteSet(1, 2, 5), [1, 2.0, np.array([1.0, 5.0])], [3, 1.5, np.array([1.0, 3.0]), float("inf")]),
        (sp.FiniteSet(sp.Rational(1, 3), sp.sqrt(2)), [Fraction(1, 3), 1 / 3, 2**0.5, sp.sqrt(2)], [1, Fraction(7, 5)]),
        (sp.ImageSet(sp.Lambda(n, 1 / n), sp.S.Naturals), [1, Fraction(1, 7), 0.25, 1 / 3], [Fraction(2, 7), 0.3, 2]),
        (
            sp.Union(sp.Interval(0, 1), sp.Interval(2, 3)),
            [0.5, 2, 2.5, np.array([0.25, 3.0])],
            [1.5, np.array([0.5, 1.5])],
        ),
        (sp.Range(0, 10, 2), [4, 4.0], [5, 10, 4.5, np.array([4, 5])]),
        (sp.S.Integers, [-3, 2.0], [0.5, np.array([0.5])]),
    ],
    ids=str,
)
def test_sets_of_every_kind_admit_their_elements_alone(domain, inside, outside):
    p = Parameter("x", "m", domain)
    assert p.symbol.is_real
    for value in inside:
        p.read(value)
    for value in outside:
        with pytest.raises(DomainError, match="outside"):
            p.read(value)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"), [("\N{MICRO SIGN}", "μ"), ("\N{GREEK LUNATE EPSILON SYMBOL}", "ε"), ("ﬁ", "fi"), ("λ", "λ")]
)
def test_letters_with_two_codes_are_one(typed, kept):
    assert Parameter(typed, "m").name == kept
    claim = own_claim(f"strangers.{typed}", parameters={typed: "a constant", "L": "another"}, bound=f"{typed}*L/2",
                      quantity="q", assumptions={"order": f"{typed} <= L"})  # fmt: skip
    assert claim.bound(**{typed: 1, "L": 4}) == claim.bound(**{kept: 1, "L": 4}) == 2
    assert claim.parameter(typed).name == kept
    with pytest.raises(DomainError):
        claim.bound(**{typed: 5, "L": 4})


def test_one_name_for_two_parameters_is_refused():
    with pytest.raises(ParameterError, match="one name"):
        own_claim(
            "strangers.twice",
            parameters={"\N{MICRO SIGN}": "a", "\N{GREEK SMALL LETTER MU}": "b"},
            bound="1",
            quantity="q",
        )


def test_a_square_is_no_digit_of_a_name():
    with pytest.raises(ParameterError, match="x², which is no parameter"):
        own_claim("strangers.square", parameters={"x": "a", "x2": "b"}, bound="x²", quantity="q")
