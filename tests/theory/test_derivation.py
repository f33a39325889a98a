"""Derivations of the library end in their claims, and their files are read with care."""

import json
from dataclasses import replace

import pytest
import sympy as sp

from gradproof.solvers.exact.derivation_check import check as second_check
from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.derivation_json import MAX_BYTES, read_derivation, write_derivation
from gradproof.theory.errors import GradproofError, ProofFormatError
from gradproof.theory.facts import FACTS
from gradproof.theory.tie import _meanings, check_derivation

DERIVED = [c for c in registry.claims() if derivation_of(c) is not None]
#: papers whose derivations use every assumption
NEEDED = ("leader-sgd", "overparam-hessian")


def test_how_many_claims_are_derived():
    assert len([c for c in DERIVED if c.paper.family == "classical"]) >= 29
    assert len([c for c in DERIVED if c.paper.key == "ef21"]) >= 10
    assert len([c for c in DERIVED if c.paper.key == "krum"]) >= 8
    assert len([c for c in DERIVED if c.paper.key == "dpsgd"]) >= 8
    assert len([c for c in DERIVED if c.paper.key == "sgd-stability"]) >= 5
    assert len(DERIVED) >= 190
    assert {"sgld.contraction", "laplacian-smoothing.descent-rate", "convex-relu.amgm"} <= {c.id for c in DERIVED}


@pytest.mark.parametrize("check", [check_derivation, second_check])
@pytest.mark.parametrize("more", ["total**2 - total", "between**2 - between", "total*between"])
def test_a_bound_must_be_linear_in_what_stands_for_forms(check, more):
    """What is added is zero where a stand-in is 0, or 1 and the others 0."""
    claim = registry.claim("train-longer.ghost-bn")
    symbols = {p.name: p.symbol for p in claim.parameters}
    with pytest.raises(GradproofError, match="linear"):
        check(derivation_of(claim), replace(claim, expression=claim.expression + sp.sympify(more, symbols)))


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_its_claim_and_survives_json(claim):
    text = write_derivation(derivation_of(claim), claim.id)
    id, derivation = read_derivation(text)
    assert (id, derivation) == (claim.id, derivation_of(claim))
    accepted = check_derivation(derivation, claim)
    assert set(accepted.facts) <= set(FACTS)
    assert set(accepted.used) | set(accepted.unused) == {a.name for a in claim.assumptions}
    assert not accepted.unused or claim.paper.key not in NEEDED


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_the_second_checker_accepts_it(claim):
    assert second_check(derivation_of(claim), claim) >= 1


def test_unused_assumptions_are_reported():
    claim = registry.claim("monotone.cocoercive")  # gamma < 2 beta makes gamma <= 2 beta superfluous
    assert check_derivation(derivation_of(claim), claim).unused == ("step",)


def test_facts_are_listed():
    claim = registry.claim("fista.classical")
    assert check_derivation(derivation_of(claim), claim).facts == ("proximal-optimality", "sum-rule")


def test_a_claim_with_another_bound_is_not_proved():
    claim = registry.claim("gd.pl")
    with pytest.raises(GradproofError, match="not the claim"):
        check_derivation(derivation_of(claim), claim.with_bound(claim.expression * sp.Rational(99, 100)))


def test_a_constant_is_read_in_parameters_of_the_claim_alone():
    """With L let M/2, "smooth" would grant half the constant that the claim names M."""
    assert _meanings("smooth", "L", {"L", "M"}) == ["L"]
    assert _meanings("smooth", "mu", {"M"}) == ["-M"]
    assert _meanings("strongly_convex", "mu", {"m", "M"}) == ["m"]
    assert _meanings("smooth", "L", {"gamma"}) == _meanings("l_smooth", "L", {"M"}) == []
    assert _meanings("convex", "mu", set()) == ["0"]


def test_a_claim_of_no_derivation_has_none():
    assert derivation_of(registry.claim("nesterov.function-value")) is None


def _changed(change):
    claim = registry.claim("gd.pl")
    data = json.loads(write_derivation(derivation_of(claim), claim.id))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x.update(format="gradproof-proof-1"), "format"),
        (lambda x: x.update(more=1), "has format"),
        (lambda x: x["tree"].update({"is": "Proof"}), "of no known kind"),
        (lambda x: x["tree"].update({"is": "Case"}), "no entry"),
        (lambda x: x["formal"].update({"horizon": 3}), "printable text"),
        (lambda x: x["formal"]["method"].pop("step"), "needs the entry"),
        (lambda x: x["formal"].update({"words": {"a": "b\x00"}}), "printable text"),
        (lambda x: x["tree"].update({"on": "x" * 30_000}), "at most"),
        (lambda x: x["formal"].update({"by": ["a"] * 3000}), "at most"),
        (lambda x: x["tree"].update({"on": 0.5}), "float"),
    ],
)
def test_a_file_that_is_no_derivation_is_refused(change, says):
    with pytest.raises(ProofFormatError, match=says):
        read_derivation(_changed(change))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, " " * (MAX_BYTES + 1), '{"format": 1, "format": 1}']
)
def test_hostile_texts_are_refused(text):
    with pytest.raises(ProofFormatError):
        read_derivation(text)


@pytest.mark.parametrize(
    "text", ["__import__('os')", "mu.__class__", "9^9^9", "(mu+1)^64^64", "1/(mu-mu)", "(" * 90 + "mu" + ")" * 90]
)
def test_a_coefficient_is_not_evaluated(text):
    def change(x):
        x["tree"]["high"]["powers"]["P"] = text

    id, derivation = read_derivation(_changed(change))
    with pytest.raises(GradproofError):
        check_derivation(derivation, registry.claim(id))
