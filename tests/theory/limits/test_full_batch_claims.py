"""The claims of full-batch: the card's numbers, and derivations that end in these claims and in no better ones."""

import numpy as np
import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.limits import full_batch as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)


def test_the_excess_of_gradient_descent_on_the_walk():
    found = paper.GD_EXCESS.bound(T=64, n=4, eta=0.05, gamma=0.005, b=1e-14, U=480.0, mean_root=5.60117903823)
    assert found == pytest.approx(0.25205305672, abs=1e-11)


def test_the_least_of_the_lower_bound():
    """The largest of c eta sqrt(T-1) and 1/(4 eta T) with c = 1/2: of the sum with c = 1/4, it is 1/sqrt 2."""
    rate = paper.GD_RATE.bound(T=10**4, n=4, d=10, eta=1e-3, gamma=1e-5, b=1e-9)
    assert (rate / 2) ** 0.5 == pytest.approx(0.0353544551427, abs=1e-13)
    etas = np.geomspace(1e-4, 1e-2, 4001)
    least = paper.GD_LOWER.bound(T=10**4, n=4, d=10, eta=etas, gamma=etas / 100, b=1e-9).min()
    assert least**2 == pytest.approx(float(rate), rel=1e-5)


def test_the_upper_bound_at_its_best_step():
    """The published constant of the last term, 4, is that of half as many samples."""
    etas = np.geomspace(1e-8, 1e-5, 20001)
    assert paper.GD_UPPER.bound(T=10**8, n=5000, eta=etas, L=1, D2=1).min() == pytest.approx(0.0346411604886, rel=1e-7)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_derivation_ends_in_each_claim_and_in_no_better_one(claim):
    derivation = derivation_of(claim)
    accepted = check_derivation(derivation, claim)
    assert not accepted.unused
    factor = sp.Rational(99, 100) if claim.relation is Relation.LE else sp.Rational(101, 100)
    with pytest.raises(GradproofError):
        check_derivation(derivation, claim.with_bound(factor * claim.expression))
