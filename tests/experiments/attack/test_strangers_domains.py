"""Instances of claims whose parameters live in sets of every kind: drawn by element, or refused in one line."""

import pytest
import sympy as sp

from gradproof.experiments.attack import in_time
from gradproof.falsify import falsify
from gradproof.own import experiment, own_claim
from gradproof.theory.errors import ParameterError

n = sp.Symbol("n")
SETS = {
    "finite": sp.FiniteSet(1, 2, 5),
    "fractions": sp.FiniteSet(sp.Rational(1, 2), sp.Rational(3, 4)),
    "powers": sp.ImageSet(sp.Lambda(n, 2**n), sp.S.Naturals),
    "inverses": sp.ImageSet(sp.Lambda(n, 1 / n), sp.S.Naturals),
    "even": sp.Range(0, 10, 2),
    "pieces": sp.Union(sp.Interval(0, 1), sp.Interval(2, 3)),
    "with-minus-one": sp.Union(sp.FiniteSet(-1), sp.S.Naturals),
    "without-zero": sp.Complement(sp.S.Reals, sp.FiniteSet(0)),
}


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """A search in a copy of this process would leave no trace here of what was drawn."""
    monkeypatch.setattr(in_time, "can_fork", lambda: False)


@pytest.mark.parametrize("name", SETS)
def test_only_elements_are_drawn_and_many_of_them(name):
    seen = set()
    claim = own_claim(f"domains.{name}", parameters={"x": ("m", SETS[name])}, bound="x", quantity="x")

    @experiment(claim)
    def itself(x):
        seen.add(float(x))
        return x

    (found,) = falsify(claim, seconds=2)
    assert not found.violated
    assert found.tried > 0
    domain = claim.parameter("x")
    assert all(domain._admits(int(x) if x.is_integer() else x) for x in seen)
    assert len(seen) >= min(5, len(SETS[name]) if isinstance(SETS[name], sp.FiniteSet) else 5)


def test_a_violation_at_one_element_is_found():
    claim = own_claim("domains.needle", parameters={"x": ("m", sp.FiniteSet(*range(1, 60)))}, bound="1", quantity="q")

    @experiment(claim)
    def one_bad(x):
        return 2 if x == 37 else 0

    (found,) = falsify(claim, seconds=10)
    assert found.violated


def test_relations_hold_between_elements_and_are_overstepped_when_dropped():
    claim = own_claim("domains.relation", parameters={"x": ("m", sp.FiniteSet(1, 2, 5)), "y": ("m", sp.FiniteSet(1, 4))},
                      bound="1", quantity="q", assumptions={"order": "x <= y"})  # fmt: skip
    pairs = set()

    @experiment(claim)
    def measured(x, y):
        pairs.add((x, y))
        return 0

    falsify(claim, seconds=2)
    assert pairs == {(1, 1), (1, 4), (2, 4)}
    pairs.clear()
    falsify(claim, drop=("order",), seconds=2)
    assert pairs
    assert all(x > y for x, y in pairs if (x, y) not in {(1, 1), (1, 4), (2, 4)})


def test_a_set_that_only_a_rule_describes_is_refused():
    rule = sp.ConditionSet(n, sp.sin(n) > 0, sp.S.Reals)
    claim = own_claim("domains.rule", parameters={"x": ("m", rule)}, bound="1", quantity="q")

    @experiment(claim)
    def measured(x):
        return 0

    with pytest.raises(ParameterError, match=r"cannot be drawn .* give x="):
        falsify(claim, seconds=2)
