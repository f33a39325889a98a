"""One class for a batch of floats and for a single instance in exact numbers: both give the same."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.exact import Exact, Inexact, convert, exact
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic
from gradproof.experiments.instances.minibatches import Minibatches, PooledMinibatches, over_rows

X = np.array([[3.0, -1.0, 0.5, 3.0], [0.0, 2.0, -2.0, 1.0], [-0.25, 0.0, 0.125, 0.0]])
RNG = np.random.default_rng(0)


def floats(x):
    return np.array([v.approximate() if isinstance(v, Exact) else float(v) for v in np.ravel(x)]).reshape(np.shape(x))


@pytest.mark.parametrize(
    "c",
    [
        C.TopK(1),
        C.TopK(2),
        C.TopK(5),
        C.ScaledSign(),
        C.Scalar(0.5),
        C.Adversarial(0.5, 2),
        C.PerClient((C.TopK(1),) * 3),
    ],
)
def test_compressors(c):
    batched, exactly = c(X), exact(c)(exact(X))
    assert_allclose(floats(exactly), batched, rtol=1e-14)
    if not isinstance(c, C.PerClient):
        assert_allclose([c(x) for x in X], batched, rtol=1e-14)
        assert_allclose([floats(exact(c)(exact(x))) for x in X], batched, rtol=1e-14)


@pytest.mark.parametrize("unbiased", [False, True])
def test_rand_k_has_the_outcomes_that_it_draws(unbiased):
    c, x = C.RandK(2, unbiased), X[0]
    outcomes = c.outcomes(x)
    assert len(outcomes) == 6
    drawn = c(np.tile(x, (200, 1)), RNG.random((200, 4)))
    assert all(any(np.array_equal(y, o) for o in outcomes) for y in drawn)
    squares = [(y - x) @ (y - x) for y in exact(c).outcomes(exact(x))]
    assert sum(squares) / 6 == (1 if unbiased else 0.5) * Exact.of(x @ x)
    if unbiased:
        assert all(sum(exact(c).outcomes(exact(x))) / 6 == exact(x))
        with pytest.raises(ValueError, match="does not contract"):
            c.alpha(4)


A, b = RNG.standard_normal((2, 3, 2)), np.where(RNG.random((2, 3)) < 0.5, 1.0, -1.0)
PROBLEMS = [
    LeastSquares(A, b), LeastSquares(A, b, 0.1, weight=0.5), Logistic(A, b, 0.1), Logistic(A[0], b[0], ridge=0.3),
    LeastSquares(A[0], b[0], ridge=0.3, weight=0.5),
]  # fmt: skip


@pytest.mark.parametrize("P", PROBLEMS)
def test_problems(P):
    x = RNG.standard_normal((4, 2))
    P.L_i, P.gradients(x)
    E = exact(P)
    assert_allclose(floats(E.values(exact(x))), P.values(x), rtol=1e-12)
    assert_allclose(floats(E.gradients(exact(x))), P.gradients(x), rtol=1e-12)
    assert_allclose(floats(E.gradient(exact(x[0]))), P.gradient(x)[0], rtol=1e-12)
    assert_allclose(E(exact(x[0])).approximate(), P(x)[0], rtol=1e-12)
    assert_allclose(floats(E.L_i), P.L_i, rtol=1e-12)
    assert_allclose(E.L.approximate(), P.L, rtol=1e-12)
    h = 1e-5 * np.eye(2)
    assert_allclose([(P(x + e) - P(x - e)) / 2e-5 for e in h], P.gradient(x).T, rtol=1e-6, atol=1e-8)
    if isinstance(P, LeastSquares):
        assert all(v.rational for v in E.gradient(exact(x[0])))


def test_the_constant_of_larger_exact_problems_is_not_made_up():
    P = LeastSquares(RNG.standard_normal((3, 3)), np.zeros(3))
    with pytest.raises(Inexact, match="more than two"):
        exact(P).L  # noqa: B018


def test_caches_are_left_out_of_a_copy():
    P = Logistic(A, b)
    P.gradients(np.zeros(2))
    assert set(vars(convert(P, lambda v: v))) == {"A", "b", "lam", "ridge"}


@pytest.mark.parametrize("P", PROBLEMS)
def test_minibatches_of_all_rows_are_the_gradient(P):
    x = RNG.standard_normal((5, 2))
    assert_allclose(over_rows(P, x, np.tile(np.arange(P.n * P.m), (5, 1))), P.gradient(x), rtol=1e-12)
    own = RNG.standard_normal((5, P.n, 2))
    draw = np.tile((np.arange(P.m) + 0.5) / P.m, (5, P.n, 1))  # every row once
    assert_allclose(Minibatches(P, P.m).sample(own, draw), Minibatches(P, P.m).gradients(own), rtol=1e-12)


def test_pooled_minibatches_have_the_stated_variance():
    O = PooledMinibatches(Logistic(A[:1], b[:1]), 1)
    x = RNG.standard_normal((1, 2))
    each = O.sample(x, ((np.arange(3) + 0.5) / 3)[None, :, None])  # the three outcomes, equally likely
    assert_allclose(each.mean(axis=-2), O.gradient(x), rtol=1e-12)
    assert_allclose(((each - O.gradient(x)[:, None]) ** 2).sum(-1).mean(-1), O.variance(x), rtol=1e-12)
