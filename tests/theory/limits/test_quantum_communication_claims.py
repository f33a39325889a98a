"""The claims of quantum communication as data: reference values, domains, what is a citation only, false variants."""

from dataclasses import replace

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.limits import quantum_communication as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims("quantum-communication")
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_reference_values():
    assert paper.QUBIT_COUNT.bound(L=3, n=20, M=738) == 88560
    lower = float(paper.LINEAR_LOWER.bound(delta=sp.Rational(1, 20), gamma=sp.Rational(1, 10)))
    assert lower == pytest.approx(71.36030429, rel=1e-9)
    assert 1474 / lower == pytest.approx(20.655742, rel=1e-7)
    assert float(paper.ACCESS_CODE.bound(k=2)) == pytest.approx(0.853553391, abs=1e-9)
    assert float(paper.LINEAR_UPPER.bound(rho=0.1, gamma=0.1, m=1474)) <= 0.05
    assert float(paper.LINEAR_UPPER.bound(rho=0.1, gamma=0.1, m=1473)) > 0.05
    assert [paper.FREQUENCIES.bound(L=L) for L in (1, 2, 4)] == [3, 9, 81]
    assert paper.SMOOTHNESS.bound(beta2=4) == 16
    card = paper.SGD.bound(L=16, Lq0=0.3935897777, eta=1 / 16, T=60, sigma2=2 * 4 / 20)
    assert card == pytest.approx(1.14, abs=0.005)


def test_domains():
    with pytest.raises(DomainError, match="enough"):
        paper.SHOTS.bound(eps=0.1, delta=0.05, M=737)
    assert paper.SHOTS.bound(eps=0.1, delta=0.05, M=738) == 0.05
    with pytest.raises(DomainError, match="margin"):
        paper.LINEAR_UPPER.bound(rho=0.02, gamma=0.25, m=356)
    with pytest.raises(DomainError, match="step_size"):
        paper.SGD.bound(L=4, Lq0=0, eta=0.6, T=10, sigma2=0)
    for values in ({"delta": 0.5, "gamma": 0.1}, {"delta": 0, "gamma": 0.1}, {"delta": 0.1, "gamma": 1.5}):
        with pytest.raises(DomainError):
            paper.LINEAR_LOWER.bound(**values)


def test_the_classical_lower_bound_is_a_citation_without_evidence():
    cited = paper.CLASSICAL_LOWER_BOUND
    assert cited not in CLAIMS
    assert cited.confidence == "recalled"
    assert "source not verified" in cited.show()
    assert "without evidence" in cited.title
    assert derivation_of(cited) is None


def test_three_quarters_are_proved_from_named_facts_alone():
    assert len(PROVED) >= 0.75 * len(CLAIMS)
    for claim in PROVED:
        accepted = check_derivation(derivation_of(claim), claim)
        assert accepted.unused == ()
        assert set(accepted.facts) <= {"expectation", "tower"}


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_no_false_variant_keeps_its_proof(claim):
    flip = {Relation.LE: Relation.GE, Relation.EQ: Relation.LE}[claim.relation]
    variants = [claim.with_bound(claim.expression * sp.Rational(99, 100)), claim.with_bound(claim.expression + 1),
                replace(claim, relation=flip)]  # fmt: skip
    variants += [
        replace(claim, assumptions=tuple(a for a in claim.assumptions if a is not b)) for b in claim.assumptions
    ]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation_of(claim), variant)
