"""D-PSGD's bounds: reference values, and what the claims refuse."""

import numpy as np
import pytest
import sympy as sp

from gradproof.theory.communication import dpsgd
from gradproof.theory.errors import DomainError

B = np.sin(np.arange(8))
RING8 = {
    "L": 1.0,
    "n": 8,
    "K": 200,
    "s": 0.8047378541243649,
    "sigma2": 1.0,
    "zeta2": float(B.var()),
    "Delta": float((2 - B.mean()) ** 2 / 2),
}


def test_reference_bounds():
    assert dpsgd.SHARPER.bound(gamma=0.05, **RING8) == pytest.approx(0.4601598548, rel=1e-9)
    assert dpsgd.THEOREM1.bound(gamma=0.01, **RING8) == pytest.approx(1.069713190, rel=1e-9)
    at = {p.symbol: {"gamma": 0.01, **RING8}[p.name] for p in dpsgd.THEOREM1.parameters}
    assert float(dpsgd.D1.subs(at)) == pytest.approx(0.1965521447, rel=1e-9)
    assert float(dpsgd.D2.subs(at)) == pytest.approx(0.6223179223, rel=1e-9)


def test_the_derived_rate_is_smaller_wherever_the_stated_one_holds():
    """Both as bounds on the average squared gradient, where the other term is dropped."""
    for n in (2, 8, 32):
        for s in (0.0, 0.5, 0.95):
            for share in (0.1, 0.5, 0.99):
                gamma = share * (1 - s) / (6 * np.sqrt(n))
                at = RING8 | {"n": n, "s": s, "gamma": gamma}
                d1 = float(dpsgd.D1.subs({p.symbol: at[p.name] for p in dpsgd.THEOREM1.parameters}))
                assert dpsgd.SHARPER.bound(**at) < dpsgd.THEOREM1.bound(**at) / d1


def test_reference_thresholds():
    assert dpsgd.STABILITY.bound(lam_min=dpsgd.RING.bound(w=sp.Rational(1, 3), k=3, n=6)) == sp.Rational(2, 3)
    assert dpsgd.STABILITY.bound(lam_min=dpsgd.RING.bound(w=sp.Rational(1, 2), k=3, n=6)) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: dpsgd.SHARPER.bound(gamma=0.5, **RING8),
        lambda: dpsgd.SHARPER.bound(gamma=2.0, **(RING8 | {"s": 0.0})),
        lambda: dpsgd.THEOREM1.bound(gamma=0.05, **RING8),
        lambda: dpsgd.CONSENSUS.bound(gamma=0.1, L=1, s=1, sigma2=1, zeta2=1),
        lambda: dpsgd.COROLLARY2.bound(**RING8),
        lambda: dpsgd.RING.bound(w=1, k=1, n=8),
        lambda: dpsgd.RING.bound(w=sp.Rational(1, 3), k=1, n=2),
        lambda: dpsgd.STATIONARY.bound(gamma=2, h=1, n=4, sigma2=1),
        lambda: dpsgd.MIXING.bound(s=float("nan"), k=1),
        lambda: dpsgd.STATIONARY_NODE.bound(gamma=1, h=1, sigma2=1, lam=[2]),
    ],
)
def test_outside_the_assumptions(call):
    with pytest.raises(DomainError):
        call()
