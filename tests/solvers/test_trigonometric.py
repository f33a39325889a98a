"""The least value of a trigonometric polynomial: known minima, digits, and what is refused."""

from fractions import Fraction as F

import flint
import pytest

from gradproof.solvers import trigonometric
from gradproof.solvers.exact.balls import ends
from gradproof.solvers.trigonometric import least, value
from gradproof.theory.errors import ParameterError


def test_a_known_minimum():
    found = least(F(2), {}, {1: F(1)})
    assert found.low <= 1 <= found.high
    assert found.high - found.low <= F(1, 10**12)
    assert float(found.angle) == pytest.approx(3.14159265, abs=1e-5) or float(found.angle) == pytest.approx(
        -3.14159265, abs=1e-5
    )


def test_the_polar_factor():
    found = least(F(3), {5: F(1)}, {3: F(1)}, width=F(1, 10**15))
    assert float(found.low) == pytest.approx(1.036151284, abs=5e-10)
    assert float(found.low / 3) == pytest.approx(0.3453837615, abs=5e-11)
    with flint.ctx.workprec(200):
        below, _ = ends(value(found.angle, F(3), {5: F(1)}, {3: F(1)}))
    assert below <= found.high


def test_a_constant_is_its_own_minimum():
    assert least(F(5, 3), {}, {}).low <= F(5, 3) <= least(F(5, 3), {}, {}).high


def test_a_width_that_is_not_positive_is_refused():
    with pytest.raises(ParameterError, match="positive"):
        least(F(1), {1: F(1)}, {}, width=F(0))


def test_a_width_beyond_the_precision_is_refused(monkeypatch):
    monkeypatch.setattr(trigonometric, "MAX_ARCS", 300)
    with pytest.raises(ParameterError, match="within"):
        least(F(0), {1: F(1)}, {}, width=F(1, 10**60))
