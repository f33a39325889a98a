"""The worst pulled step: reference values, the two proved regimes, and the gap between them."""

from fractions import Fraction as F

import pytest

from gradproof.solvers.pep import PepError
from gradproof.solvers.pulled_step import worst_of_quadratics, worst_one_step


def regimes(eta, lam, M, m):
    return max((1 - m * eta) ** 2, (1 - eta * (M + 2 * lam)) ** 2)


@pytest.mark.parametrize(("lam", "factor"), [("1", 0.9216), ("2.25", 1.44)])
def test_the_reference(lam, factor):
    assert worst_one_step("0.4", lam, 1, "0.1").bound == pytest.approx(factor, abs=1e-7)


@pytest.mark.parametrize("eta", [F(1, 5), F(4, 5), F(3, 2)])
@pytest.mark.parametrize("share", [F(0), F(3, 10), F(9, 10)])
@pytest.mark.parametrize("m", [F(0), F(1, 5)])
def test_the_formula_holds_outside_the_gap(eta, share, m):
    lam, r = share / eta, 1 - m * eta
    weak = r > share and eta * (1 - share * r) <= (1 - share) ** 2 * (1 + r)
    found = worst_one_step(eta, lam, 1, m).bound
    if m == 0 or weak or eta * (1 + 2 * lam) >= 2:
        assert found == pytest.approx(float(max(regimes(eta, lam, 1, m), 0)), abs=1e-6)
    else:
        assert found > float(regimes(eta, lam, 1, m)) + 1e-4


def test_quadratics_stay_at_the_formula():
    assert worst_of_quadratics(F(1), F(1, 4), 1, F(3, 5)).bound == pytest.approx(0.25, abs=1e-7)


def test_a_class_that_is_none_is_refused():
    with pytest.raises(PepError, match="0 <= m < M"):
        worst_one_step(1, 1, 1, 2)
