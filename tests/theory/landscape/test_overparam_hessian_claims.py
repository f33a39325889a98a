"""The claims on the Hessian as data: values at exact numbers, domains, and derivations that end in them and in nothing else."""

import dataclasses
from fractions import Fraction

import pytest
import sympy as sp

from gradproof.solvers.exact.derivation_check import check as second_check
from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.landscape import overparam_hessian as paper
from gradproof.theory.tie import check_derivation

DERIVED = [c for c in registry.claims(paper.PAPER.key) if derivation_of(c) is not None]


def test_values_at_exact_numbers():
    assert paper.RANK.bound(n=3, K=3, c=1) == 6
    assert paper.ZEROS.bound(P=40, n=5, K=2, c=0) == 30
    assert paper.BBP.bound(s=3, gamma=Fraction(1, 4)) == sp.Rational(13, 3)
    assert paper.BBP.bound(s=Fraction(1, 2), gamma=Fraction(1, 4)) == sp.Rational(9, 4)
    assert paper.MP_BULK.bound(gamma=4) == 2
    assert paper.INTERPOLATION.bound(x=2, P=3, n=1, K=1, kernel=5) == 20


def test_the_bound_at_finite_size_tends_to_the_limit():
    for s in (Fraction(1), Fraction(3)):
        limit = float(paper.BBP.bound(s=s, gamma=Fraction(1, 4)))
        found = [float(paper.BBP_UPPER.bound(n=n, d=n // 4, s=s)) ** 2 for n in (10**3, 10**5, 10**9)]
        assert found == sorted(found, reverse=True)
        assert found[-1] == pytest.approx(limit, rel=1e-3)


def test_at_the_threshold_both_bounds_are_one():
    at = {"n": 400, "d": 101, "s": Fraction(1, 2)}
    assert sp.simplify(paper.BBP_UPPER.bound(**at) - paper.NO_OUTLIER.bound(**at)) == 0


def test_domains_are_kept():
    with pytest.raises(DomainError, match="below_threshold"):
        paper.NO_OUTLIER.bound(n=400, d=100, s=1)
    with pytest.raises(DomainError, match="seen"):
        paper.OUTLIER.bound(n=400, d=100, s=Fraction(1, 2))
    with pytest.raises(DomainError, match="overparametrised"):
        paper.ZEROS.bound(P=6, n=10, K=1, c=0)
    with pytest.raises(DomainError):
        paper.RANK.bound(n=3, K=3, c=2)


def test_which_claims_are_derived():
    assert {c.id.split(".")[1] for c in DERIVED} == {
        "decomposition", "rank", "zeros", "weyl", "weyl-below", "negative-curvature", "residual-norm", "residual-mean",
        "outliers", "inertia-negative", "inertia-positive", "class-outliers", "symmetry-gradient", "symmetry-flat",
        "symmetry-zeros", "lanczos-missed", "connected",
    }  # fmt: skip


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_its_claim_and_in_no_stronger_one(claim):
    """The constant and an offset, by both checkers; the exponent by the first: the second takes bounds for affine in forms."""
    derivation, bound = derivation_of(claim), claim.expression
    assert not check_derivation(derivation, claim).unused
    second_check(derivation, claim)
    sign = -1 if claim.relation is Relation.GE else 1
    for stronger in (bound - sign * sp.Rational(1, 100), sp.Rational(100 - sign, 100) * bound, bound**2):
        for check in (check_derivation, second_check)[: 1 if stronger == bound**2 else 2]:
            with pytest.raises(GradproofError):
                check(derivation, claim.with_bound(stronger))


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_a_derivation_needs_each_assumption(claim):
    for dropped in claim.assumptions:
        kept = tuple(a for a in claim.assumptions if a is not dropped)
        with pytest.raises(GradproofError, match=f"{dropped.name}|does not state"):
            check_derivation(derivation_of(claim), dataclasses.replace(claim, assumptions=kept))


def test_counts_are_proved_from_the_dimension_formula():
    counts = (paper.ZEROS, paper.INERTIA_NEGATIVE, paper.INERTIA_POSITIVE, paper.SYMMETRY_ZEROS)
    assert all("dimension-formula" in check_derivation(derivation_of(c), c).facts for c in counts)


def test_no_count_without_positive_semidefiniteness():
    """The law that u'Gu >= 0 carries n_-(H) <= n_-(R): with the other sign nothing follows."""
    derivation = derivation_of(paper.INERTIA_NEGATIVE)
    method = derivation.formal.method
    turned = dataclasses.replace(method.laws["G"], terms=(("1", {"u": "1"}, {"g": "1"}),))
    other = dataclasses.replace(
        derivation.formal, method=dataclasses.replace(method, laws={**method.laws, "G": turned})
    )
    with pytest.raises(GradproofError):
        second_check(dataclasses.replace(derivation, formal=other), paper.INERTIA_NEGATIVE)
