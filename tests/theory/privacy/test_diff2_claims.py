"""The claims on DIFF2 as data, their derivations, and false variants that no derivation ends in."""

from dataclasses import replace

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.privacy import diff2 as paper
from gradproof.theory.privacy.diff2 import formulas
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
DERIVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_seven_of_ten_are_derived_with_all_their_assumptions():
    assert len(DERIVED) == 19 >= 0.7 * len(CLAIMS)
    for claim in DERIVED:
        accepted = check_derivation(derivation_of(claim), claim)
        assert accepted.unused == ()
        assert set(accepted.facts) <= {"expectation", "tower"}


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_no_derivation_ends_in_a_false_variant(claim):
    flip = {Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.EQ: Relation.LE, Relation.IFF: Relation.LE}
    times = sp.Rational(100, 99) if claim.relation is Relation.GE else sp.Rational(99, 100)
    variants = [claim.with_bound(claim.expression * times), replace(claim, relation=flip[claim.relation])]
    variants.append(replace(claim, assumptions=claim.assumptions[1:]))
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation_of(claim), variant)


def test_reference_values():
    sizes = {"L": 1, "G": 1, "Delta": 1, "d": 100, "n": 10**5, "mu": 1}
    n_mu = 10.0**5
    A, B = 4 * 200**0.5 / n_mu, 800 / n_mu**2
    assert float(paper.OPTIMAL.bound(A=A, B=B, s=1.0)) ** (1 / 3) == pytest.approx(5.569906600e-5, rel=1e-9)
    assert float(paper.DPGD_RATE.bound(**sizes)) == pytest.approx(5.656854249e-4, rel=1e-9)
    assert float(paper.CROSSOVER.bound(L=1, G=1, Delta=1, d=100)) == pytest.approx(95.45941546, rel=1e-9)
    at = {"L": 1, "Delta": sp.Rational(39, 20), "d": 3, "sigma_1": sp.Rational(1, 2), "tau": sp.Rational(1, 10)}
    assert float(paper.UTILITY.bound(**at, T=20, R=200)) == pytest.approx(0.7846046351, rel=1e-9)
    assert float(paper.CONVERSION.bound(eps=1.0, mu=0.2680511232)) == pytest.approx(1e-5, rel=1e-8)
    assert float(paper.RENYI.bound(mu=0.2680511232, ell=sp.log(10**5).evalf())) == pytest.approx(1.322175963, rel=1e-9)


def test_calibrations():
    assert formulas.restart_variance(1, 1000, 0.25, 20) ** 0.5 == pytest.approx(0.02529822128, rel=1e-9)
    assert formulas.difference_variance(1, 1000, 0.25, 400) ** 0.5 == pytest.approx(0.1131370850, rel=1e-9)
    assert [formulas.published_order(eps, 1e-5) for eps in (3, 5)] == [9, 6]


def test_twelve_is_the_constant_of_the_rate():
    L, G, D, d, m = sp.symbols("L G Delta d m", positive=True)
    A, B = paper.OPTIMAL.parameter("A").symbol, paper.OPTIMAL.parameter("B").symbol
    cube = paper.OPTIMAL.expression.subs({A: 4 * sp.sqrt(2 * d) * D * L / m, B: 8 * d * G**2 / m**2})
    assert sp.simplify(cube - 12**3 * (D * L * G * d) ** 2 / m**4) == 0


def test_short_steps_are_asked_for():
    at = {"L": 1, "Delta": 1, "d": 4, "sigma_1": 1, "tau": 1, "R": 10}
    assert paper.ANY_STEP.bound(**at, eta=sp.Rational(1, 5), T=4) == 5
    with pytest.raises(DomainError, match="step-size"):
        paper.ANY_STEP.bound(**at, eta=sp.Rational(1, 2), T=4)
