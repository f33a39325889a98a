"""Claims: evaluation exact and in floats, domains, assumptions, mutants."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import gradproof
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim, no_real_number
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, Parameter, parse_number

PAPER = Paper(key="demo", authors=("A",), title="T", year=2020, family="classical")
L, gamma, N = Parameter("L", "smoothness"), Parameter("gamma", "step"), Parameter("N", "steps", COUNT)
w = Parameter("w", "weights", size="n")
i, n = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)


def make(expression, parameters=(L, gamma, N), assumptions=()):
    return Claim(
        id="demo.rate",
        paper=PAPER,
        title="t",
        statement="s",
        parameters=parameters,
        assumptions=assumptions,
        quantity="f",
        relation=Relation.LE,
        expression=expression,
    )


STEP = Assumption("step_size", "short", sp.Le(gamma.symbol, 1 / L.symbol))
RATE = make(L.symbol / (2 * gamma.symbol * N.symbol), assumptions=(STEP, Assumption("smooth", "f is smooth")))


def test_exact_in_exact_out():
    value = RATE.bound(L=3, gamma=Fraction(1, 4), N=2)
    assert isinstance(value, sp.Rational)
    assert value == 3


def test_float_in_float_out():
    value = RATE.bound(L=3.0, gamma=Fraction(1, 4), N=2)
    assert isinstance(value, float)
    assert value == 3.0


def test_arrays_broadcast():
    np.testing.assert_array_equal(RATE.bound(L=1.0, gamma=np.array([0.5, 1.0]), N=1), [1.0, 0.5])
    with pytest.raises(DomainError, match=r"-1\.0"):
        RATE.bound(L=1.0, gamma=np.array([0.5, -1.0]), N=1)


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"gama": 1}, ParameterError, "did you mean gamma"),
        ({"N": None}, ParameterError, "not a number"),
        ({"N": 0}, DomainError, "outside {1, 2, 3, ...}"),
        ({"N": 1.5}, DomainError, "outside"),
        ({"L": -1}, DomainError, "outside"),
        ({"L": float("nan")}, DomainError, "nan"),
        ({"L": float("inf")}, DomainError, "outside"),
        ({"L": True}, ParameterError, "truth value"),
        ({"L": sp.Symbol("x")}, ParameterError, "substitute"),
        ({"gamma": 2}, DomainError, "step_size"),
    ],
)
def test_bad_values_are_named(values, error, text):
    with pytest.raises(error, match=text) as caught:
        RATE.bound(**({"L": 1, "gamma": 1, "N": 1} | values))
    assert "\n" not in str(caught.value)


def test_missing_parameters_are_explained():
    with pytest.raises(ParameterError, match=r"needs gamma \(step\); N \(steps\)"):
        RATE.bound(L=1)


def test_an_assumption_can_be_dropped():
    assert RATE.bound(L=1, gamma=2, N=1, drop=["step_size"]) == sp.Rational(1, 4)
    with pytest.raises(ParameterError, match="it has step_size, smooth"):
        RATE.bound(L=1, gamma=2, N=1, drop=["step"])


def test_a_float_on_the_boundary_is_inside():
    RATE.bound(L=3.0, gamma=1 / 3.0, N=1)
    with pytest.raises(DomainError):
        RATE.bound(L=3.0, gamma=1 / 3.0 * (1 + 1e-9), N=1)


def test_vectors_and_their_length():
    mean = make(sp.Sum(w.symbol[i], (i, 1, n)) / n, parameters=(w,))
    assert mean.bound(w=(1, 2, 6)) == 3
    assert mean.bound(w=[1.0, 2.0]) == 1.5
    assert mean.bound(w=(1, 2), n=2) == sp.Rational(3, 2)
    with pytest.raises(DomainError, match="2 entries but n = 3"):
        mean.bound(w=(1, 2), n=3)
    with pytest.raises(ParameterError, match="empty"):
        mean.bound(w=())
    with pytest.raises(ParameterError, match="list"):
        mean.bound(w=3)


def test_a_claim_is_frozen_and_checks_itself():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RATE.title = "x"
    with pytest.raises(ParameterError, match="no parameter declares"):
        make(sp.Symbol("z") * L.symbol)
    with pytest.raises(ParameterError, match="must start with"):
        dataclasses.replace(RATE, id="other.rate")
    with pytest.raises(ParameterError, match="confidence"):
        dataclasses.replace(RATE, confidence="sure")


def test_a_mutant_is_another_claim():
    mutant = RATE.with_bound(RATE.expression / 2)
    assert mutant.bound(L=1, gamma=1, N=1) == RATE.bound(L=1, gamma=1, N=1) / 2
    assert mutant.id == "demo.rate~mutant"
    assert mutant != RATE


def test_it_renders():
    assert r"\le" in RATE.latex
    assert "demo.rate" in RATE._repr_html_()
    assert "step_size" in RATE.show()


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("3/4", Fraction(3, 4)), ("0.1", Fraction(1, 10)), ("1e-3", Fraction(1, 1000))]
)
def test_numbers_are_read_exactly(text, value):
    assert parse_number(text) == value


def test_lists_and_bad_numbers():
    assert parse_number("1,1,100") == (1, 1, 100)
    for bad in ("x", "1/0", "", "1..2"):
        with pytest.raises(ParameterError):
            parse_number(bad)


@pytest.mark.parametrize("paper", [p.key for p in gradproof.papers()])
def test_bounds_of_the_library_may_be_real_numbers(paper):
    """Of users' claims this is asked when they are stated; of the library's, here."""
    for claim in gradproof.claims(paper):
        assert not no_real_number(claim.expression), claim.id


def test_what_is_no_real_number_is_refused_when_stated():
    for expression in (sp.log(-L.symbol), sp.nan, sp.zoo, sp.I * L.symbol):
        with pytest.raises(ParameterError, match="state a real, finite expression"):
            make(expression)


def test_a_false_statement_is_said_to_be_refuted():
    assert gradproof.claim("diffgrad.paper-regret").standing == "refuted by this library"
    assert "[refuted by this library]" in gradproof.claim("diffgrad.paper-regret").show()
    assert gradproof.claim("ef21.nonconvex-am").standing.startswith("checked")
