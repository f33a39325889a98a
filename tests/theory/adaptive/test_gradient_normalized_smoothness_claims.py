"""The claims of gradient-normalized-smoothness: the card's number, and derivations of these and of no better ones."""

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_most_claims_are_derived():
    assert {c.id.split(".")[1] for c in CLAIMS if c not in PROVED} == {
        "logistic-radius", "nonconvex-rate", "convex-rate", "table", "search-radius", "fisher-power", "gauss-newton-power",
    }  # fmt: skip


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_each_claim_and_in_no_better_one(claim):
    derivation = derivation_of(claim)
    accepted = check_derivation(derivation, claim)
    assert not accepted.unused
    factor = sp.Rational(101, 100) if claim.relation is Relation.GE else sp.Rational(99, 100)
    with pytest.raises(GradproofError):
        check_derivation(derivation, claim.with_bound(factor * claim.expression))


def test_the_rate_of_the_cubic():
    bound = paper.CONVEX_RATE.bound(M=1.0, alpha=0.5, D=5.0, F0=125 / 3, g0=25.0, eps=0.01)
    assert bound == pytest.approx(3076.943370, abs=5e-7)


def test_the_table_is_the_rate_by_logarithms():
    """1/c = 2 M (D/eps)^alpha D without errors of the Hessian."""
    at = {"M": 1.0, "alpha": 0.5, "D": 5.0, "F0": 125 / 3, "g0": 25.0, "eps": 0.01}
    a = (at["eps"] / at["D"]) ** 0.5
    count = paper.CONVEX_COUNT.bound(
        M=1.0, D=5.0, a=a, logF=float(sp.log(at["F0"] / at["eps"])), logG=float(sp.log(5 * 25 / 0.01))
    )
    assert paper.TABLE.bound(C1=0.0, C2=0.0, beta=0.0, **at) == pytest.approx(count, rel=1e-12)
