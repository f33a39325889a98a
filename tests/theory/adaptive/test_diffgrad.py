"""diffGrad: bounds against their reference values, and what they refuse."""

from fractions import Fraction

import pytest
import sympy as sp

from gradproof.theory.adaptive import diffgrad
from gradproof.theory.errors import DomainError, ParameterError

MILLI = Fraction(999, 1000)


def test_reference_values():
    nine = Fraction(9, 10)
    assert float(diffgrad.STEP_BOUND.bound(alpha=1, beta1=nine, beta2=MILLI, t=10)) == pytest.approx(
        1.043107717, rel=1e-9
    )
    limit = diffgrad.STEP_BOUND_UNIFORM.bound(alpha=1, beta1=nine, beta2=MILLI, q=nine**2 / MILLI)
    assert float(limit) == pytest.approx(7.270291800, rel=1e-9)
    assert diffgrad.LOCAL_STABILITY.bound(beta1=nine) == 76
    assert diffgrad.LOCAL_STABILITY.bound(beta1=0) == 4
    assert diffgrad.REGRET_REFUTED.bound(a=1, b=Fraction(19, 10), beta2=MILLI, eps=0) == sp.Rational(1, 15)
    assert diffgrad.STEP_BOUND.bound(alpha=1, beta1=nine, beta2=MILLI, t=1) == 1


def test_the_step_bound_at_q_one_and_above():
    half = Fraction(1, 2)
    assert diffgrad.STEP_BOUND.bound(alpha=1, beta1=half, beta2=half**2, t=2) == sp.sqrt(sp.Rational(10, 9))
    grown = diffgrad.STEP_BOUND.bound(alpha=1.0, beta1=0.9, beta2=0.7, t=200)
    assert grown / diffgrad.STEP_BOUND.bound(alpha=1.0, beta1=0.9, beta2=0.7, t=100) == pytest.approx(
        (0.81 / 0.7) ** 50, rel=1e-3
    )


def test_the_drift_is_an_assumption():
    assert float(
        diffgrad.cycle_drift(sp.Integer(1), sp.Rational(19, 10), sp.Integer(1), sp.Integer(0))
    ) * 1.87**0.5 == pytest.approx(-0.3530617932, abs=1e-9)
    with pytest.raises(DomainError, match="negative_drift"):
        diffgrad.REGRET_REFUTED.bound(a=1, b=Fraction(19, 10), beta2=Fraction(1, 2), eps=0)
    with pytest.raises(DomainError, match="negative_drift"):
        diffgrad.REGRET_REFUTED.bound(a=1, b=1, beta2=MILLI, eps=0)
    with pytest.raises(DomainError, match="best_is_left"):
        diffgrad.REGRET_REFUTED.bound(a=1, b=2, beta2=MILLI, eps=0)


def test_the_published_bound_is_marked_false():
    claim = diffgrad.PAPER_REGRET
    assert "regret-master" in claim.false_as_published
    values = {"alpha": 1, "beta1": 0.5, "beta2": 0.9, "lam": 0.5, "D": 2, "D_inf": 2, "G_inf": 1}
    bound = {T: claim.bound(T=T, g_1=[1], v_T=[1], g_norm=[T**0.5], **values) for T in (10**8, 10**10)}
    assert bound[10**10] / bound[10**8] == pytest.approx(10, rel=1e-2)  # of order sqrt T


def test_the_published_constants():
    """Equation (22) at alpha = 1/2, beta1 = 0, beta2 = 0.9 on (1, 1, -1.9), T = 40000, and in two dimensions."""
    T, v = 40_000, (0.9 * 1.9**2 + 0.81 + 1) / 2.71  # the last gradient is 1, before it -1.9 and 1
    norm = (26_667 + 13_333 * 1.9**2) ** 0.5
    fixed = {"alpha": 0.5, "beta1": 0, "beta2": 0.9, "T": T, "D": 2, "D_inf": 2, "G_inf": 1.9}
    entry = {"g_1": 1.0, "v_T": v, "g_norm": norm}
    line = {
        lam: diffgrad.PAPER_REGRET.bound(lam=lam, **fixed, **{k: [x] for k, x in entry.items()}) for lam in (0.1, 0.5)
    }
    third = 4 * 1.9 * 0.1**0.5
    assert line[0.1] - third / 0.81 == pytest.approx(2316.77, abs=5e-3)
    assert line[0.5] - line[0.1] == pytest.approx(third * (4 - 1 / 0.81), rel=1e-9)
    plane = diffgrad.PAPER_REGRET.bound(lam=0.1, **fixed, **{k: [x, x] for k, x in entry.items()})
    assert plane == pytest.approx(2 * line[0.1], rel=1e-12)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: diffgrad.STEP_BOUND.bound(alpha=1, beta1=1, beta2=MILLI, t=3), DomainError),
        (lambda: diffgrad.STEP_BOUND.bound(alpha=1, beta1=0, beta2=1, t=3), DomainError),
        (lambda: diffgrad.STEP_BOUND.bound(alpha=1, beta1=0, beta2=MILLI, t=0), DomainError),
        (lambda: diffgrad.STEP_BOUND_UNIFORM.bound(alpha=1, beta1=0.9, beta2=0.7, q=0.81 / 0.7), DomainError),
        (lambda: diffgrad.STEP_BOUND_UNIFORM.bound(alpha=1, beta1=0.9, beta2=0.99, q=0.5), DomainError),
        (lambda: diffgrad.LOCAL_STABILITY.bound(beta1=float("nan")), DomainError),
        (lambda: diffgrad.LOCAL_STABILITY.bound(beta1=-1), DomainError),
        (lambda: diffgrad.REGRET_MASTER.bound(D=0, P=1, Q=1), DomainError),
        (lambda: diffgrad.REGRET_MASTER.bound(D=1, P=1), ParameterError),
        (lambda: diffgrad.SYNTHETIC_FUNCTIONS.bound(x=-1), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
