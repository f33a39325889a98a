"""Stationary laws of SGD on the valley: identities, values, another way to compute them, and what is refused."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers import two_sided_walk as walk
from gradproof.theory.errors import ParameterError

CHAINS = [
    (1, 2, 2, None),
    (1, 3, 5, None),
    (2, F(5, 2), 4, None),
    (F(1, 2), 3, 1, None),
    (1, 3, 1, 8),
    (1, 2, 5, 1),
    (2, 4, 3, 30),
]


def truncated(p, c, s, t, low, high):
    """E w of the walk that is held between two far points, by a dense solve."""
    points = np.arange(low, high + 1)
    up = t / (s + t)
    P = np.zeros((len(points), len(points)))
    for i, w in enumerate(points):
        for omega, chance in ((-s, up), (t, 1 - up)):
            x = w - ((p if w > 0 else -c * p) + omega)
            P[i, int(min(max(x, low), high) - low)] += chance
    A = np.vstack([(P.T - np.eye(len(points)))[1:], np.ones(len(points))])
    law = np.linalg.solve(A, np.r_[np.zeros(len(points) - 1), 1.0])
    return float(law @ points)


@pytest.mark.parametrize(
    ("p", "c", "s", "mean"),
    [(1, 2, 2, "2.191487883953"), (1, 3, 5, "10.2383370404"), (1, 3, 40, "533.998491179")],
)
def test_means(p, c, s, mean):
    low, high = walk.stationary(p, c, s).mean
    assert high - low <= walk.WIDTH
    digits = len(mean.split(".")[1])
    assert f"{float(low):.{digits}f}" == f"{float(high):.{digits}f}" == mean


def test_a_finite_chain_is_exact():
    law = walk.finite_law(2, 3, walk.two_point(1))
    assert (min(law), max(law), len(law)) == (-2, 7, 10)
    found = walk.stationary(2, 3, 1)
    assert found.mean == (F(5, 2), F(5, 2))
    assert found.share == (F(3, 4), F(3, 4))
    assert found.loss == (F(13, 2), F(13, 2))
    assert sum(law.values()) == 1


@pytest.mark.parametrize(("p", "c", "s", "t"), CHAINS)
def test_what_a_stationary_law_keeps(p, c, s, t):
    """The share and the loss are known, and are not put in."""
    found = walk.stationary(p, c, s, t)
    variance = F(s) * F(s if t is None else t)
    for (low, high), exact in ((found.share, F(c) / (1 + F(c))), (found.loss, (F(c) * F(p) ** 2 + variance) / 2)):
        assert low <= exact <= high
        assert high - low <= walk.WIDTH


@pytest.mark.parametrize(("p", "c", "s", "t"), [(1, 2, 2, 2), (1, 3, 5, 5), (1, 3, 1, 8), (1, 3, 8, 1)])
def test_a_long_walk_that_is_cut_off_has_the_same_mean(p, c, s, t):
    low = walk.stationary(p, c, s, t).mean[0]
    assert truncated(p, c, s, t, -250, 550) == pytest.approx(float(low), abs=1e-9)


def test_the_unit_does_not_matter():
    whole, halves = walk.stationary(2, 3, 7), walk.stationary(1, 3, F(7, 2))
    assert whole.mean[0] / 2 <= halves.mean[1]
    assert halves.mean[0] <= whole.mean[1] / 2
    assert walk.stationary(F(1, 3), 3, 2).share[0] <= F(3, 4) <= walk.stationary(F(1, 3), 3, 2).share[1]


def test_a_symmetric_valley_with_symmetric_noise():
    """0 belongs to the left side: w and p - w have the same law, up to that."""
    found = walk.stationary(1, 1, 3)
    assert found.share[0] <= F(1, 2) <= found.share[1]
    assert found.mean[0] <= 1 <= found.mean[1]


def test_laws_after_some_steps():
    laws = walk.law_after(2, 0, 1, 3, walk.two_point(1))
    assert laws[1] == {F(4): F(1, 2), F(2): F(1, 2)}
    assert laws[2] == {F(4): F(1, 4), F(2): F(1, 2), F(0): F(1, 4)}
    assert walk.next_point(F(0), F(0), 1, 3, F(1, 2)) == F(3, 2)  # 0 counts as the steep side


def test_what_is_refused():
    with pytest.raises(ParameterError, match="p > 0"):
        walk.stationary(0, 2, 1)
    with pytest.raises(ParameterError, match="t > 0"):
        walk.stationary(1, 2, 1, 0)
    with pytest.raises(walk.NotStationary, match="states"):
        walk.finite_law(1, 2, walk.two_point(3))
    with pytest.raises(walk.NotStationary, match="unknowns"):
        walk.stationary(1, 2, F(4001, 20))
