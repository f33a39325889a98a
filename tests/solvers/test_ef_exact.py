"""Error feedback in rational arithmetic: what it computes agrees with floating point, and thresholds are decided exactly."""

from fractions import Fraction

import numpy as np
import pytest

from gradproof.experiments.instances import compressors as C
from gradproof.solvers import ef_exact
from gradproof.solvers.jury import is_stable
from gradproof.theory.errors import ParameterError


def test_exact_compressors_agree_with_floating_point():
    rows = np.random.default_rng(3).integers(-9, 10, (50, 4)) / 8
    for exact, compress in ((ef_exact.top1, C.TopK(1)), (ef_exact.nearest_power_of_two, C.NearestPowerOfTwo())):
        for row in rows:
            assert (
                exact(ef_exact.fractions([Fraction(v) for v in row])).astype(float).tolist() == compress(row).tolist()
            )


def test_the_characteristic_polynomial_shows_instability():
    h, r = (1, Fraction(-1, 2)), (Fraction(3, 2), Fraction(1, 2))  # the threshold is 24/17
    at = {g: not is_stable(ef_exact.characteristic(h, r, g)) for g in (Fraction(14, 10), Fraction(15, 10))}
    assert list(at.values()) == [False, True]
    for gamma, found in at.items():
        radius = np.abs(np.linalg.eigvals(ef_exact.iteration(h, r, gamma).astype(float))).max()
        assert (radius > 1) == found


def test_the_iteration_is_the_run():
    h, r, gamma = (5, -1), (Fraction(3, 2), Fraction(1, 2)), Fraction(1, 8)
    t = ef_exact.exact_ef21([[k] for k in h], r, gamma, 6)
    M, state = ef_exact.iteration(h, r, gamma), ef_exact.fractions([1, *(k * c for k, c in zip(h, r, strict=True))])
    for x in t.x:
        assert state[0] == x[0]
        state = M.dot(state)
    moments = ef_exact.mean_square_gradient(h, [(1, r)], gamma, 6, [k * c for k, c in zip(h, r, strict=True)])
    assert moments == t.average()


def test_bisection_encloses_the_boundary():
    low, high = ef_exact.bisect(lambda v: v * v <= 2, 1, 2)
    assert low**2 <= 2 < high**2
    assert high - low == Fraction(1, 2**40)
    with pytest.raises(ParameterError, match="does not change"):
        ef_exact.bisect(lambda v: True, 0, 1)
