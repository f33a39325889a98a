"""Claims and kernel proofs of Laplacian smoothing: reference values, domains, corrupted proofs."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gradproof.theory import registry
from gradproof.theory.errors import DomainError, ProofRejected
from gradproof.theory.landscape import laplacian_smoothing as ls
from gradproof.theory.landscape.laplacian_smoothing import proofs
from gradproof.theory.proof import check
from gradproof.theory.proof_json import read_proof, write_proof

SCHEDULE = [ls.mlsgd_schedule(k) for k in range(5)]
PROOFS = {
    "metric": proofs.interpolation_in_metric(),
    "convex": proofs.mlsgd_convex(Fraction(3, 2), SCHEDULE),
    "convex, one step": proofs.mlsgd_convex(1, [0]),
}


def test_reference_values():
    assert float(ls.BETA1.bound(n=10, sigma=1)) == pytest.approx(0.447272727272727, abs=1e-15)
    assert float(ls.BETA2.bound(n=10, sigma=1)) == pytest.approx(0.268628099173554, abs=1e-15)
    assert float(ls.VARIANCE.bound(n=10, sigma=1, kappa=3)) == pytest.approx(0.756209366391, abs=5e-13)
    at = {"n": 100, "eta": 0.1, "c": 1, "s2": 1}
    assert ls.STATIONARY.bound(sigma=0, **at) == pytest.approx(2.63157894736842, abs=1e-14)
    assert ls.STATIONARY.bound(sigma=10, **at) == pytest.approx(0.400821725203, abs=5e-13)
    assert [ls.ROBUST_DIMENSION.bound(n=n) for n in range(2, 13)] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert ls.ROBUST_DIMENSION_MANY.bound(g=6) == 2
    assert ls.POINTWISE_DIMENSION.bound(n=12, n_neg=1) == 11
    ratio = ls.MLSGD_CONVEX.bound(L=2, K=1, sigma_0=Fraction(1, 2), sigma_last=1, D=1)
    assert ratio == Fraction(5, 3)
    assert [ls.mlsgd_schedule(k) for k in range(3)] == [Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)]


def test_every_claim_is_registered_under_its_paper():
    claims = registry.claims("laplacian-smoothing")
    assert len(claims) == 17
    assert [c for c in claims if c.false_as_published] == [ls.LITERAL_DIMENSION]
    assert all(c.paper is ls.PAPER for c in claims)


def test_parameters_outside_their_domain_are_refused():
    with pytest.raises(DomainError, match="sigma = -1"):
        ls.BETA1.bound(n=4, sigma=-1)
    with pytest.raises(DomainError, match="stable_step"):
        ls.STATIONARY.bound(n=4, sigma=1, eta=3, c=1, s2=1)
    with pytest.raises(DomainError, match="nondecreasing_sigma"):
        ls.MLSGD_CONVEX.bound(L=1, K=3, sigma_0=2, sigma_last=1, D=1)
    with pytest.raises(DomainError, match="at_most_all_negative"):
        ls.POINTWISE_DIMENSION.bound(n=1, n_neg=3)
    with pytest.raises(DomainError, match="n = 0"):
        ls.ROBUST_DIMENSION.bound(n=0)
    with pytest.raises(DomainError, match="non-decreasing"):
        proofs.mlsgd_convex(1, [2, 1])
    with pytest.raises(DomainError, match="K = 0"):
        proofs.mlsgd_convex(1, [])
    with pytest.raises(DomainError, match="L = -1"):
        proofs.mlsgd_convex(-1, [1, 2])


@pytest.mark.parametrize("name", PROOFS)
def test_proofs_are_accepted_also_from_their_file(name):
    accepted = check(PROOFS[name])
    assert check(read_proof(write_proof(PROOFS[name]))) == accepted


@pytest.mark.parametrize("name", PROOFS)
def test_every_corruption_is_refused(name):
    """Drop any axiom or premise, or turn its multiplier's sign."""
    proof = PROOFS[name]
    for i, use in enumerate(proof.uses):
        if use.multiplier == 0:
            continue
        for instead in ((), (replace(use, multiplier=-use.multiplier),)):
            with pytest.raises(ProofRejected):
                check(replace(proof, uses=proof.uses[:i] + instead + proof.uses[i + 1 :]))


def test_a_better_bound_is_refused():
    statement = PROOFS["convex"].statement
    better = statement.target.copy()
    better.quadratic[("d", "y0")] += abs(better.quadratic[("d", "y0")]) / 100
    with pytest.raises(ProofRejected):
        check(replace(PROOFS["convex"], statement=replace(statement, target=better)))
