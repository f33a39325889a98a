"""A statement that is known to be false: refuted as expected, and never passed by silence."""

import pytest
import sympy as sp

import gradproof
from gradproof.experiments.attack.mutants import mutants_of
from gradproof.experiments.engine.measure import around, cases, instead, measure
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Outcome, Relation
from gradproof.theory.paper import Paper

PAPER = Paper(key="squares", authors=("A. Nonymous",), title="On squares", year=2026, family="own")


def false_claim(name, measured, repaired=0.5, **more):
    """A claim that says ``measured <= 1`` and is marked as false."""
    with registry.capture():
        claim = Claim(
            id=f"squares.{name}", paper=PAPER, title="x^2 <= 1", statement="x^2 <= 1", parameters=(), assumptions=(),
            quantity="x^2", relation=Relation.LE, expression=sp.Integer(1), false_as_published="true for |x| <= 1 only",
            **more,
        )  # fmt: skip
        registry.register(claim)

        @measure(claim, cases())
        def evaluated():
            """The square of a number."""
            return around(measured, 0.0)

        def small():
            """The square of a small number."""
            return around(repaired, 0.0)

        instead(claim, "small numbers", small, cases())

    return claim


@pytest.mark.parametrize(
    ("measured", "repaired", "outcome", "code"),
    [
        (4, 0.5, Outcome.REFUTED, 0),
        (0.5, 0.5, Outcome.MISSED, 1),
        (4, 4, Outcome.MISSED, 1),
        (float("nan"), 0.5, Outcome.UNDECIDED, 3),
    ],
)
def test_only_a_refutation_that_spares_the_repaired_statement_counts(tmp_path, measured, repaired, outcome, code):
    name = f"case-{measured}-{repaired}".replace(".", "-")
    found = gradproof.verify(false_claim(name, measured, repaired), ledger=tmp_path / "l.sqlite")
    assert found[0].outcome is outcome
    assert found.exit_code == code
    assert found[0].as_claimed == (code == 0)
    assert "known to be false" in found[0].note


def test_it_says_why_and_has_no_mutants():
    claim = false_claim("shown", 4)
    assert "true for |x| <= 1 only" in claim.show()
    assert mutants_of(claim) == []
