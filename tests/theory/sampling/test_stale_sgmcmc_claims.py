"""The claims on stale gradients as data: reference values and domains."""

import pytest
import sympy as sp

from gradproof.theory.errors import DomainError
from gradproof.theory.sampling import stale_sgmcmc as paper


def test_thresholds():
    assert [sp.simplify(paper.STABILITY.bound(tau=t)) for t in (0, 1)] == [2, 1]
    assert float(paper.STABILITY.bound(tau=4)) == pytest.approx(0.3472963553, rel=1e-9)


def test_variances():
    assert float(paper.VARIANCE.bound(lam=1, h=0.1, tau=4, sigma=0)) == pytest.approx(1.595942911, rel=1e-9)
    assert float(paper.VARIANCE.bound(lam=2, h=0.05, tau=10, sigma=0)) == pytest.approx(1.880544631, rel=1e-9)
    a = sp.Rational(1, 5)
    assert paper.VARIANCE.bound(lam=1, h=a, tau=0, sigma=0).equals(1 / (1 - a / 2))
    assert paper.VARIANCE.bound(lam=1, h=a, tau=1, sigma=0).equals(2 * (1 + a) / ((1 - a) * (2 + a)))


@pytest.mark.parametrize(
    "values", [{"h": 0.36}, {"h": 0}, {"tau": -1}, {"tau": 1.5}, {"lam": float("nan")}, {"sigma": -1}]
)
def test_bad_values(values):
    with pytest.raises(DomainError):
        paper.VARIANCE.bound(**({"lam": 1, "h": 0.1, "tau": 4, "sigma": 0} | values))


def test_the_orders_are_marked_as_recalled():
    assert paper.ORDERS.confidence == "recalled"
    assert "source not verified" in paper.ORDERS.show()
