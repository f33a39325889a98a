"""Problems: gradients are those of the values, constants are the best possible."""

import array_api_strict
import numpy as np
import pytest

from gradproof.experiments.instances import data
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic, Quadratics, sine_least_squares
from gradproof.theory.errors import ParameterError

PROBLEMS = {
    "logistic": lambda: data.logistic("breast_cancer", 10),
    "least squares": lambda: sine_least_squares((1.0,) * 9 + (100.0,)),
    "wide": lambda: LeastSquares(np.random.default_rng(0).standard_normal((3, 2, 7)), np.zeros((3, 2)), 0.2),
    "quadratics": lambda: Quadratics(np.stack([np.diag([1.0, 2.0]), np.diag([3.0, -1.0])])),
}


@pytest.fixture(params=PROBLEMS, ids=str)
def problem(request):
    return PROBLEMS[request.param]()


def test_gradients_are_those_of_the_values(problem):
    x = np.random.default_rng(1).standard_normal(problem.d)
    h = 1e-6
    numeric = np.stack(
        [(problem.values(x + h * e) - problem.values(x - h * e)) / (2 * h) for e in np.eye(problem.d)], axis=-1
    )
    assert np.allclose(problem.gradients(x), numeric, atol=1e-6 * (1 + abs(problem.L_i).max()))


def test_batch_axes(problem):
    x = np.random.default_rng(2).standard_normal((4, 3, problem.d))
    assert problem.values(x).shape == (4, 3, problem.n)
    assert problem.gradients(x).shape == (4, 3, problem.n, problem.d)
    assert np.allclose(problem.gradients(x)[2, 1], problem.gradients(x[2, 1]), rtol=1e-12, atol=1e-12)
    assert np.allclose(problem.values(x)[2, 1], problem.values(x[2, 1]), rtol=1e-12, atol=1e-12)


def test_constants_bound_the_gradient_and_are_attained_at_zero(problem):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 500, problem.d))
    moved = np.linalg.norm(problem.gradients(x) - problem.gradients(y), axis=-1)
    distance = np.linalg.norm(x - y, axis=-1)[:, None]
    assert (moved <= problem.L_i * distance * (1 + 1e-12)).all()
    mean = np.linalg.norm((problem.gradients(x) - problem.gradients(y)).mean(-2), axis=-1)
    assert (mean <= problem.L * distance[:, 0] * (1 + 1e-12)).all()
    assert problem.L_i.mean() * (1 + 1e-12) >= problem.L
    # curvature of client 0 at zero, from differences along every axis
    h = 1e-5
    H = np.stack([(problem.gradients(h * e) - problem.gradients(-h * e))[0] / (2 * h) for e in np.eye(problem.d)])
    assert np.abs(np.linalg.eigvalsh((H + H.T) / 2)).max() == pytest.approx(problem.L_i[0], rel=1e-6)


def test_the_lower_bound_holds(problem):
    x = np.random.default_rng(4).standard_normal((200, problem.d)) * 3
    assert (problem.values(x).mean(-1) >= problem.f_inf).all()


def test_sine_reference_values():
    P = sine_least_squares((1.0,) * 9 + (100.0,))
    assert pytest.approx(10.59320374, abs=5e-9) == P.L
    assert np.allclose(P.L_i, [1] * 9 + [100], rtol=1e-12)
    assert (P.gradients(np.ones(5)).mean(0) ** 2).sum() == pytest.approx(421.7819403, abs=5e-8)


def test_logistic_values_do_not_overflow():
    P = Logistic(np.full((1, 1, 1), 1.0), np.ones((1, 1)), 0.0)
    assert P.values(np.array([-1e4]))[0] == 1e4
    assert P.values(np.array([1e4]))[0] == 0


def test_array_libraries():
    A, b = np.random.default_rng(5).standard_normal((2, 3, 4)), np.ones((2, 3))
    x = np.random.default_rng(6).standard_normal((5, 4))
    xp = array_api_strict
    for kind in (LeastSquares, Logistic):
        ours, theirs = kind(A, b, 0.1), kind(xp.asarray(A), xp.asarray(b), 0.1)
        assert np.allclose(np.asarray(theirs.gradients(xp.asarray(x))), ours.gradients(x), rtol=1e-13)
        assert np.allclose(np.asarray(theirs.values(xp.asarray(x))), ours.values(x), rtol=1e-13)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LeastSquares(np.zeros((2, 3)), np.zeros(3), 0.1),
        lambda: LeastSquares(np.zeros((2, 3, 1)), np.zeros((2, 3)), -1.0),
        lambda: LeastSquares(np.full((2, 3, 1), np.nan), np.zeros((2, 3)), 0.1),
        lambda: Logistic(np.zeros((2, 3, 1)), np.zeros((2, 3)), 0.1),
        lambda: Quadratics(np.array([[[0.0, 1.0], [2.0, 0.0]]])),
        lambda: sine_least_squares((0.1, 1.0)),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ParameterError):
        make()
