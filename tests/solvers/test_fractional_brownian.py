"""Fractional Brownian motion: the covariance of the embedding is exact, as a linear map of the normal numbers."""

import numpy as np
import pytest

from gradproof.solvers import fractional_brownian as fbm
from gradproof.theory.errors import DomainError, ParameterError


@pytest.mark.parametrize("hurst", [0.25, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_the_covariance_is_exact(hurst, n):
    A = fbm.increments(hurst, np.eye(2 * n))  # row j: what normal number j adds
    r = fbm.covariance(n, hurst)
    assert np.allclose(A.T @ A, [[r[abs(i - j)] for j in range(n)] for i in range(n)], atol=1e-12)
    V = fbm.paths(hurst, np.eye(2 * n))
    for a in range(n + 1):
        assert ((V[:, a] - V[:, 0]) ** 2).sum() == pytest.approx(a ** (2 * hurst), abs=1e-9)


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match="hurst"):
        fbm.increments(1.5, np.zeros(4))
    with pytest.raises(ParameterError, match="2n"):
        fbm.increments(0.5, np.zeros(3))
