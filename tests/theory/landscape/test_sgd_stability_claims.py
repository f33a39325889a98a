"""The claims of SGD stability as data: values at exact numbers, domains, and the weight p of the sampling."""

import pytest
import sympy as sp

from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.landscape import sgd_stability as paper


def test_weight_of_single_sample_noise():
    assert paper.noise_weight(4, 2, replacement=False) == sp.Rational(1, 3)
    assert paper.noise_weight(4, 4, replacement=False) == 0
    assert paper.noise_weight(1, 1, replacement=False) == 0
    assert paper.noise_weight(4, 2, replacement=True) == sp.Rational(1, 2)


def test_values_at_exact_numbers():
    assert paper.EXACT_THRESHOLD.bound(lam=sp.Rational(17, 5)) == sp.Rational(10, 17)
    assert paper.NECESSARY.bound(p=1, tr=2, h2=1, hi2=2, R1=3) == sp.Rational(2, 3)
    assert paper.SUFFICIENT.bound(lam_I=3, h_max=4) == sp.Rational(2, 3)
    step = {"eta": sp.Rational(1, 2), "x0": 3, "x1": 2, "x2": 1, "xi2": 5}
    assert paper.SECOND_MOMENT_OPERATOR.bound(p=0, **step) == sp.Rational(5, 4)
    assert paper.MIXTURE.bound(p=1, **step) == sp.Rational(9, 4)


@pytest.mark.parametrize("B", [1, 3])
def test_isotropic_gaussian_root(B):
    d = 6
    eta = sp.Rational(2 * B, d + B + 1)
    assert paper.GAUSSIAN.bound(eta=eta, B=B, lam_j=[1] * d) == 1 / eta


def test_domains_are_kept():
    with pytest.raises(DomainError):
        paper.TRACE.bound(eta=0, lam=1)
    with pytest.raises(DomainError, match="stable"):
        paper.TRACE.bound(eta=3, lam=1)
    with pytest.raises(DomainError, match="p_is_one"):
        paper.DUAL_THRESHOLD.bound(p=sp.Rational(1, 2), lam_K=1)
    with pytest.raises(DomainError, match="below_threshold"):
        paper.STATIONARY_COVARIANCE.bound(eta=2, p=1, lam=1, y=1)  # at the threshold itself nothing settles
    with pytest.raises(DomainError):
        paper.LOSS_FROBENIUS.bound(eta=1, p=2, mu0=1, h2=1, loss=1)
    with pytest.raises(ParameterError):
        paper.EXACT_THRESHOLD.bound()
