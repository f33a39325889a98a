"""Exact numbers that no float holds are measured, shown and searched like others."""

from fractions import Fraction

import pytest
import sympy as sp
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.theory.arguments import as_float, digits, quotient

MINE = """
import sympy as sp
from gradproof import Assumption, Claim, Paper, Parameter, Relation, cases, measure, register, without

a, N = Parameter("a", "factor"), Parameter("N", "steps", sp.S.Naturals)
POWERS = Claim(
    id="mine.powers", title="Powers", paper=Paper(key="mine", authors=("Me",), title="Notes", year=2026, family="own"),
    statement="they shrink", parameters=(a, N), relation=Relation.LE, quantity="a^(200 N)", expression=a.symbol ** (100 * N.symbol),
    assumptions=(Assumption("small", "a is at most one", sp.Le(a.symbol, 1)),), confidence="own",
)
register(POWERS)


@measure(POWERS, cases(a=[sp.Rational(1, 2), sp.Integer(1)], N=[1, 3, 10]))
def power(a, N):
    return a ** (200 * N)


without(POWERS, "small", power, cases(a=[sp.Integer(5)], N=[3]))
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return str(path)


def said(*arguments):
    result = CliRunner().invoke(main, list(arguments))
    assert "Traceback" not in result.output, result.output
    return result


def test_a_control_is_caught_and_the_claim_confirmed(mine):
    assert said("verify", mine, "--jobs", "1").exit_code == 0


def test_without_its_assumption_it_falls(mine):
    result = said("falsify", mine, "--drop", "small", "--seconds", "5")
    assert result.exit_code == 1
    assert "e+" in result.output
    assert said("falsify", mine, "--seconds", "3").exit_code == 0
    assert "small: needed" in said("necessity", mine).output
    assert said("mutants", mine).exit_code == 0


@pytest.mark.parametrize("big", [10**400, Fraction(10**401, 7), sp.Integer(10) ** 400, -(10**400)])
def test_numbers_as_floats_and_as_text(big):
    assert as_float(big) == (float("inf") if big > 0 else -float("inf"))
    assert quotient(big, 2 * big) == 0.5
    assert quotient(1, big) == 0
    mantissa, exponent = digits(big, 6).split("e+")
    assert abs(float(mantissa)) < 10
    assert int(exponent) in (399, 400)
