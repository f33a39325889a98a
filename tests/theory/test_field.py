"""Numbers of proofs: parsing without evaluation, and signs of rational functions that are true."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.field import Functions, Interval, Rationals

F = Functions((Interval("q", "0", "1"), Interval("L"), Interval("M", "L", closed_low=True)))


@pytest.mark.parametrize("text", ["1 - q^2", "(1-q)/(q*L)", "M - L/2", "q^2 - q + 1", "-(q - 2)*L", "(M-L)^2 + L^2"])
def test_positive(text):
    assert F.positive(F.read(text))


@pytest.mark.parametrize("text", ["M - L", "(q - 1/2)^2", "(M - 2*L)^2*q", "0"])
def test_nonnegative_but_not_positive(text):
    assert F.nonnegative(F.read(text))
    assert not F.positive(F.read(text))


@pytest.mark.parametrize("text", ["q - 1", "-1", "q - 1/2", "L - M", "1 - L", "(q-1)/L"])
def test_not_nonnegative(text):
    assert not F.nonnegative(F.read(text))


points = st.tuples(st.fractions("1/50", "49/50"), st.fractions("1/9", 9), st.fractions(0, 9))
coefficients = st.lists(st.integers(-3, 3), min_size=6, max_size=6)


@given(coefficients, coefficients, points)
def test_a_proved_sign_holds_at_every_point(top, bottom, point):
    monomials = ["1", "q", "L", "M", "q*L", "q^2*M"]
    num = F.read("+".join(f"({c})*{m}" for c, m in zip(top, monomials, strict=True)))
    den = F.read("+".join(f"({c})*{m}" for c, m in zip(bottom, monomials, strict=True)))
    if den == 0:
        return
    e = num / den
    q, low, extra = point
    values = {"q": q, "L": low, "M": low + extra}
    try:
        F.admit(e)
    except ProofRejected:
        return
    value = F.at(e, values)
    assert not F.nonnegative(e) or value >= 0
    assert not F.positive(e) or value > 0


@pytest.mark.parametrize(
    "domain",
    [
        (),
        (Interval("a b"),),
        (Interval(""),),
        (Interval("a", "2", "1"),),
        (Interval("a", "1", "1", closed_low=True),),
        (Interval("a", "0", "0"),),
        (Interval("a"), Interval("b", "0", "1 - a")),
        (Interval("a"), Interval("a")),
        tuple(Interval(f"a{k}") for k in range(3000)),
    ],
)
def test_domains_that_are_empty_or_unreadable_are_refused(domain):
    with pytest.raises(ProofFormatError):
        Functions(domain)


def test_univariate_signs_by_root_counting():
    G = Functions((Interval("x", "0", "", closed_low=True),))
    assert G.positive(G.read("x^4 - 2*x + 3"))
    assert not G.nonnegative(G.read("x^2 - 3*x + 2"))
    assert G.nonnegative(G.read("x^3 + x"))


def test_a_denominator_that_may_vanish_is_refused():
    with pytest.raises(ProofRejected, match="nonzero"):
        F.admit(F.read("1/(q - 1/2)"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "q.real",
        "1;2",
        "q^99",
        "q^-1",
        "2**(3)",
        "(" * 200 + "1" + ")" * 200,
        "1/0",
        "x",
        "",
        "1 2",
        "(1",
        "--" * 99 + "1",
        "1e5",
        "0x1",
    ],
)
def test_hostile_coefficients_are_refused(text):
    with pytest.raises(ProofFormatError):
        F.read(text)


def test_floats_are_refused():
    for field in (F, Rationals()):
        with pytest.raises(ProofFormatError, match="exact"):
            field.read(0.5)


@given(st.fractions())
def test_rationals_round_trip(x):
    field = Rationals()
    assert field.read(field.show(x)) == x


def test_points_outside_the_domain_are_named():
    good = {"q": Fraction(1, 2), "L": Fraction(1), "M": Fraction(1)}
    assert F.contains(good) == ""
    assert "q" in F.contains(good | {"q": Fraction(1)})
    assert "M" in F.contains(good | {"M": Fraction(1, 2)})
