"""Krum's constants: reference values, and what the claims refuse."""

from fractions import Fraction

import pytest

from gradproof.experiments.communication.krum.derivations import jensen
from gradproof.theory.communication import krum
from gradproof.theory.errors import DomainError, ProofRejected
from gradproof.theory.proof import check


@pytest.mark.parametrize(("n", "f", "paper", "derived"), [(20, 6, 208, 12.44343426), (11, 2, 36.4, 9.089988865)])
def test_reference_constants(n, f, paper, derived):
    assert float(krum.SHARPER.bound(n=n, f=f)) * 9 / 8 == pytest.approx(paper, rel=1e-12)
    assert float(krum.MEAN_SQUARE.bound(variance=1, n=n, f=f)) == pytest.approx(derived, rel=1e-9)


def test_the_constant_of_the_moments():
    assert krum.MOMENTS.bound(moment=1, r=2, n=3, f=0) == 12
    fourth, second = (krum.MOMENTS.bound(moment=1, r=r, n=20, f=6) for r in (4, 2))
    assert fourth.equals(second**2)


def test_the_two_constants_without_attack():
    derived = [float(krum.MEAN_SQUARE.bound(variance=1, n=n, f=0)) for n in (3, 4, 5)]
    assert derived == pytest.approx([9.898979486, 8, 7.318150383], rel=1e-9)  # the paper's: 6, 8, 10


@pytest.mark.parametrize(
    "call",
    [
        lambda: krum.MEAN_SQUARE.bound(variance=1, n=6, f=2),
        lambda: krum.MEAN_SQUARE.bound(variance=-1, n=9, f=2),
        lambda: krum.DETERMINISTIC.bound(S_min=float("nan"), n=9, f=2),
        lambda: krum.RESILIENCE_SHARP.bound(g_norm=1, variance=1, n=9, f=2),
        lambda: krum.SGD_BALL.bound(gamma=3, L=1, mu=1, T=5, gap0=1, variance=1, n=9, f=2),
        lambda: krum.SHARPER.bound(n=9, f=0),
        lambda: krum.MOMENTS.bound(moment=1, r=1, n=9, f=2),
        lambda: krum.MOMENTS.bound(moment=1, r=2, n=6, f=2),
    ],
)
def test_outside_the_assumptions(call):
    with pytest.raises(DomainError):
        call()


def test_the_kernel_refuses_a_smaller_constant():
    check(jensen(9, 2, Fraction(1, 3)))
    with pytest.raises(ProofRejected):
        check(jensen(9, 2, Fraction(33, 100)))


def test_a_byzantine_vector_has_one_more_correct_neighbour():
    assert [krum.NEIGHBOUR_COUNTS.bound(n=9, f=2, own=own) for own in (0, 1)] == [3, 4]


def test_the_cone_lies_on_the_side_of_the_gradient():
    at = {"g_norm": 6, "variance": 1, "n": 5, "f": 1}
    assert krum.RESILIENCE_SHARP.bound(**at) == 6 * (6 - 4)
    assert krum.RESILIENCE_SHARP.bound(drop=("gradient_above_noise",), **(at | {"g_norm": 3})) == 0
