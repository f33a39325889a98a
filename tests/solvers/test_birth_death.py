"""Birth-and-death chains: hitting times against the linear system, in fractions and in floats with their error bounds."""

from fractions import Fraction as F

import flint
import numpy as np
import pytest

from gradproof.solvers import birth_death
from gradproof.theory.errors import DomainError, ParameterError

THREE = [F(2), F(1, 2), F(3, 2)]
REFERENCE = [THREE[k % 3] for k in range(1, 12)]


def by_elimination(rho):
    """E T_L from the linear system (I - P) h = 1 on the sites below L, in fractions."""
    L = len(rho) + 1
    ups = [F(1)] + [1 / (1 + r) for r in rho]
    factor, value = [F(0)] * L, [F(0)] * L  # h_k = factor_k h_{k+1} + value_k
    for k, up in enumerate(ups):
        down = 1 - up
        pivot = F(1) - (down * factor[k - 1] if k else 0)
        factor[k] = up / pivot
        value[k] = (1 + (down * value[k - 1] if k else 0)) / pivot
    h = F(0)
    for k in reversed(range(L)):
        h = factor[k] * h + value[k]
    return h


def test_reference_value():
    assert birth_death.hitting_time(REFERENCE) == F(4405, 16)
    assert sum(birth_death.crossing_times(REFERENCE)) == F(4405, 16)


@pytest.mark.parametrize("rho", [[], [F(1)], THREE, REFERENCE, [F(k * k % 7 + 1, k % 5 + 1) for k in range(30)]])
def test_it_solves_the_linear_system(rho):
    assert birth_death.hitting_time(rho) == by_elimination(rho)


def test_the_linear_potential():
    value, error = birth_death.log_hitting_time(np.exp(np.full(39, 0.5)))
    assert value == pytest.approx(22.0586513947, abs=1e-10)
    assert error < 1e-12


@pytest.mark.parametrize("L", [1, 2, 3, 511, 512, 513, 1500])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0, 60.0])
def test_floats_are_within_their_error(L, scale):
    rho = np.exp(scale * np.random.default_rng(L).standard_normal((2, L - 1)))
    values, errors = birth_death.log_hitting_time(rho)
    for row, value, error in zip(rho, values, errors, strict=True):
        with flint.ctx.workprec(200):
            exact = flint.arb(birth_death.hitting_time([flint.arb(float(x)) for x in row])).log()
            assert abs(float(exact - flint.arb(float(value)))) <= error < 1e-9


def test_climbs_and_barriers():
    rho = [F(2), F(2), F(1, 8), F(3)]
    assert birth_death.highest_climbs(rho) == [1, 2, 4, 1, 3]
    V = np.concatenate([[0], np.cumsum([np.log(float(r)) for r in rho])])
    assert birth_death.barrier(V) == pytest.approx(np.log(4))
    assert birth_death.barrier(np.stack([V, -V])).shape == (2,)


def test_laws_by_squaring():
    rho = np.random.default_rng(0).random(9) + 0.5
    means, errors = birth_death.mean_distances(rho, 6)
    P = birth_death.transition(rho)
    assert np.allclose(P.sum(-1), 1)
    for k, mean in enumerate(means):
        direct = np.linalg.matrix_power(P, 2**k)[0] @ np.arange(11)
        assert mean == pytest.approx(direct, rel=1e-12)
    assert (errors < 1e-12).all()


def test_bad_ratios_are_refused():
    with pytest.raises(DomainError, match="positive"):
        birth_death.hitting_time([F(1), F(0)])
    with pytest.raises(DomainError, match="positive"):
        birth_death.log_hitting_time(np.array([1.0, -1.0]))
    with pytest.raises(ParameterError, match="float64"):
        birth_death.log_hitting_time(np.array([1, 2]))
    with pytest.raises(ParameterError, match="one site"):
        birth_death.barrier(np.array([]))
