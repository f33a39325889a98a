"""EF21: constants and step sizes against their reference values, proofs for all parameters, and what they refuse."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.communication import ef21
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.errors import DomainError, ParameterError, ProofRejected
from gradproof.theory.proof import check
from gradproof.theory.proof_json import read_proof, write_proof

L_I = (1, 1, 1, 100)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ef21.theta(0.1), "0.0513167019"),
        (ef21.beta(0.1), "17.53814968"),
        (ef21.xi(0.1), "18.48683298"),
        (ef21.xi(0.15), "11.81302964"),
        (ef21.step_size_qm(1.0, L_I, 0.1), "1.080520040e-3"),
        (ef21.step_size_am(1.0, L_I, 0.1), "2.096278072e-3"),
        (ef21.step_size_root(1.0, L_I, 0.1), "2.098476412e-3"),
        (ef21.step_size_sharp(1.0, L_I, 0.1), "3.940328466e-3"),
        (float(ef21.cloning_mean(L_I, (1, 1, 1, 2))), "39.54032751"),
        (float(ef21.cloning_mean(L_I, (1, 1, 1, 4))), "33.09172857"),
        (float(ef21.cloning_mean(L_I, (1, 1, 1, 1))), "50.00749944"),
        (ef21.contraction_rate(0.1, 1.0, 0.75), "0.8848082906"),
        (ef21.step_size_pl(0.1, 1.0, 1.0, 0.75), "0.4142135624"),
        (ef21.step_size_pl_refined(0.1, 1.0, 1.0, 0.75), "0.5962912018"),
    ],
)
def test_reference_values(value, expected):
    last_digit = Decimal(1).scaleb(int(Decimal(expected).as_tuple().exponent))
    assert abs(Decimal(float(value)) - Decimal(expected)) <= last_digit


def test_exact_in_exact_out():
    assert ef21.step_size_sharp(Fraction(1, 4), (Fraction(3, 4),), Fraction(3, 4)) == sp.Rational(24, 17)
    assert ef21.xi(Fraction(3, 4)) == 1
    assert isinstance(ef21.step_size_am(1, L_I, sp.Rational(3, 4)), sp.Rational)
    assert ef21.contraction_rate(1, 3, sp.Rational(3, 4)).is_number


def test_symbols_and_arrays():
    a = sp.Symbol("alpha", positive=True)
    assert sp.simplify(ef21.xi(a) ** 2 - ef21.beta(a) / ef21.theta(a)) == 0
    assert ef21.step_size_am(sp.Symbol("L"), sp.symbols("l1 l2"), a).has(sp.Symbol("l2"))
    np.testing.assert_allclose(ef21.theta(np.array([0.1, 1.0])), [0.0513167019, 1.0], rtol=1e-9)


def test_small_alpha_does_not_cancel():
    exact = sp.N(1 - sp.sqrt(1 - sp.Rational(1, 10**12)), 30)
    assert ef21.theta(1e-12) == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ef21.theta(0), DomainError),
        (lambda: ef21.xi(1.5), DomainError),
        (lambda: ef21.xi(float("nan")), DomainError),
        (lambda: ef21.step_size_am(-1, L_I, 0.1), DomainError),
        (lambda: ef21.step_size_am(1, (), 0.1), ParameterError),
        (lambda: ef21.step_size_am(1, (1, 0), 0.1), DomainError),
        (lambda: ef21.step_size_am(1, "12", 0.1), ParameterError),
        (lambda: ef21.contraction_rate(2, 1, 0.5), DomainError),
        (lambda: ef21.cloning_mean((1, 2), (1,)), ParameterError),
        (lambda: ef21.cloning_mean((1, 2), (1, 0)), ParameterError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_order_of_the_step_sizes():
    rng = np.random.default_rng(1)
    for _ in range(200):
        L_i = rng.uniform(0.1, 10, size=rng.integers(1, 6)).tolist()
        L = rng.uniform(0.01, 1) * sum(L_i) / len(L_i)
        alpha = rng.uniform(0.01, 0.99)
        sizes = [
            f(L, L_i, alpha) for f in (ef21.step_size_qm, ef21.step_size_am, ef21.step_size_root, ef21.step_size_sharp)
        ]
        slack = 1e-12  # rounding of a dozen operations
        assert sizes[0] <= sizes[1] * (1 + slack)
        assert sizes[1] <= sizes[2] * (1 + slack)
        assert sizes[2] <= sizes[3] * (1 + slack)
        assert sizes[3] <= 2 * sizes[1] * (1 + slack)


def test_claims_know_their_step_sizes():
    claim = registry.claim("ef21.nonconvex-am")
    values = {"L": 1.0, "L_AM": 25.75, "alpha": 0.1, "T": 100, "f0": 2.0, "f_inf": 0.0, "G0": 3.0}
    gamma = ef21.step_size_am(1.0, L_I, 0.1)
    assert claim.bound(gamma=gamma, **values) == pytest.approx(
        2 * 2 / (gamma * 100) + 3 / (0.0513167019 * 100), rel=1e-9
    )
    with pytest.raises(DomainError, match="step_size"):
        claim.bound(gamma=ef21.step_size_root(1.0, L_I, 0.1), **values)


PROOFS = (proofs.sharp, proofs.tight_single_worker, proofs.summed)


@pytest.mark.parametrize("make", PROOFS, ids=lambda f: f.__name__)
def test_proofs_for_all_parameters(make):
    accepted = check(make())
    assert check(read_proof(write_proof(make()))) == accepted


@pytest.mark.parametrize("make", PROOFS, ids=lambda f: f.__name__)
def test_every_multiplier_and_square_is_needed(make):
    proof = make()
    for k in range(len(proof.uses)):
        with pytest.raises(ProofRejected):
            check(replace(proof, uses=proof.uses[:k] + proof.uses[k + 1 :]))
    for k in range(len(proof.blocks)):
        with pytest.raises(ProofRejected):
            check(replace(proof, blocks=proof.blocks[:k] + proof.blocks[k + 1 :]))


def test_concrete_certificates():
    proof = proofs.sharp().at(q=Fraction(1, 2), L=Fraction(1, 4), L_AM=Fraction(3, 4), gamma=1)
    assert check(proof).statement.domain == ()
    with pytest.raises(ProofRejected, match="q"):
        proofs.sharp().at(q=1, L=1, L_AM=1, gamma=1)
    with pytest.raises(ProofRejected, match="needs"):
        proofs.sharp().at(q=Fraction(1, 2), L=1, L_AM=1)


def test_no_larger_threshold_is_accepted():
    """At L = L_AM = 1 and q = 1/2 the threshold is 2/3: (1/gamma - 3/2 + delta) cannot be proved with these multipliers."""
    from gradproof.theory.axioms import square

    proof = proofs.sharp().at(q=Fraction(1, 2), L=1, L_AM=1, gamma=1)
    for delta in (Fraction(1, 10), Fraction(1, 10**6)):
        target = proof.statement.target.copy().add(square({"e": Fraction(1), "h": Fraction(1)}), delta)
        with pytest.raises(ProofRejected):
            check(replace(proof, statement=replace(proof.statement, target=target), blocks=None))
