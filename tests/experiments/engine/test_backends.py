"""One implementation of every method, the same numbers on every array library."""

import numpy as np
import pytest

from gradproof.experiments import compressors as C
from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import backend, backend_of, to_numpy
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.problems import Logistic, Quadratics, sine_least_squares
from gradproof.theory.errors import ParameterError

OTHERS = ("torch", "jax", "array-api-strict")
T, SEEDS, K = 30, 3, 2


def logistic():
    rng = np.random.default_rng(5)
    return Logistic(rng.standard_normal((4, 12, 6)), np.sign(rng.standard_normal((4, 12))), 0.1)


def quadratics():
    h = np.random.default_rng(6).standard_normal((4, 6, 6))
    return Quadratics(h @ h.transpose(0, 2, 1))


PROBLEMS = {
    "logistic": logistic,
    "least squares": lambda: sine_least_squares((1.0, 2.0, 3.0, 10.0), d=6),
    "quadratics": quadratics,
}
TOP = C.TopK(K)
METHODS = {
    "gd": (lambda P, g: methods.gd(P, g), None),
    "compressed_gd": (lambda P, g: methods.compressed_gd(P, g, TOP), None),
    "classical_ef": (lambda P, g: methods.classical_ef(P, g, TOP), None),
    "ef21": (lambda P, g: methods.ef21(P, g, TOP), None),
    "ef21, RandK": (lambda P, g: methods.ef21(P, g, C.RandK(K)), lambda d: d.uniform((4, 6))),
    "ef21_w": (lambda P, g: methods.ef21_w(P, g, TOP, 0 * P.L_i + 0.25), None),
    "ef21_sgd": (lambda P, g: methods.ef21_sgd(P, g, TOP), lambda d: 0.1 * d.normal((4, 6))),
    "ef21_pp": (lambda P, g: methods.ef21_pp(P, g, TOP, 0.5), lambda d: d.uniform((4,))),
}
COMPRESSORS = (
    C.TopK(1),
    TOP,
    C.ScaledSign(),
    C.Scalar(0.5),
    C.NearestPowerOfTwo(),
    C.PerClient((TOP,) * 2 + (C.Scalar(0.3),) * 2),
)


def trajectory(on, problem, method, draws):
    """Iterates at every step, from the same start and the same random numbers."""
    P = problem()
    gammas = np.array([0.3, 0.6]) / float(np.max(P.L_i))
    stream = on.asarray(keys("test", settings=gammas.tolist(), seeds=range(SEEDS)))
    draw = (lambda t: draws(Draws(stream, t))) if draws else None
    x0 = on.asarray(start(np.linspace(-1, 1, P.d), settings=len(gammas), seeds=SEEDS))
    with on.scope():
        m = method(on.move(P), on.asarray(gammas))
    out = run(m, x0, T, record={"x": lambda s: s.x}, draw=draw)
    assert out.attrs["backend"] == on.name
    return out.x.values


def rounding(reference):
    """What T steps of sums of at most a hundred terms may lose, when steps do not magnify it by more than ten."""
    return 10 * T * 100 * np.finfo(float).eps * np.abs(reference).max()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_agrees_with_numpy(on_backend, name, problem, method):
    other = trajectory(on_backend(name), PROBLEMS[problem], *METHODS[method])
    reference = trajectory(backend("numpy"), PROBLEMS[problem], *METHODS[method])
    assert reference.std() > 0.01
    assert other.dtype == np.float64
    assert np.abs(other - reference).max() <= rounding(reference)


@pytest.mark.parametrize("name", ["numpy", *OTHERS])
def test_compressors_agree_and_break_ties_alike(on_backend, name):
    on = on_backend(name)
    x = np.round(np.random.default_rng(0).standard_normal((50, 4, 6)))  # many ties and zeros
    for c in COMPRESSORS:
        with on.scope():
            # a mean of six numbers may be summed in another order: six roundings
            assert np.allclose(to_numpy(c(on.asarray(x))), c(x), rtol=6 * np.finfo(float).eps, atol=0), c
    for row, kept in (
        [[1.0, -1, 1, 1], [1, 1, 0, 0]],
        [[0.0, 3, 2, -2], [0, 1, 1, 0]],
        [[2.0, np.nan, 1, 0], [1, 1, 0, 0]],
    ):
        with on.scope():
            sent = to_numpy(TOP(on.asarray(row)))
        assert np.array_equal(sent, np.where(kept, row, 0), equal_nan=True)


@pytest.mark.parametrize("name", OTHERS)
def test_uniform_numbers_are_the_same_bits(on_backend, name):
    on = on_backend(name)
    words = keys("a claim", "a check", settings=[{"gamma": 0.1}, {"gamma": 0.2}], seeds=(0, 1, 7))
    for step in (0, 1, 2**31, 2**32 + 5):
        a, b = Draws(words, step), Draws(on.asarray(words), step)
        with on.scope():
            assert np.array_equal(a.uniform((3, 5)), to_numpy(b.uniform((3, 5))))
            assert np.array_equal(a.integers(10, (7,)), to_numpy(b.integers(10, (7,))))
            # log1p and cos are each within an ulp or two of the true value; the product has size at most 9
            assert np.abs(a.normal((50,)) - to_numpy(b.normal((50,)))).max() < 16 * np.finfo(float).eps * 9


@pytest.mark.parametrize("name", ["numpy", *OTHERS])
def test_a_backend_is_known_by_its_arrays(on_backend, name):
    on = on_backend(name)
    assert backend_of(on.asarray([1.0])).name == name
    assert to_numpy(on.asarray(np.float32(1.5))).dtype == np.float64


def test_unknown_backends_are_named():
    with pytest.raises(ParameterError, match=r"'tensorflow' is none of numpy, torch"):
        backend("tensorflow")


@pytest.mark.parametrize("name", ["numpy", *OTHERS])
def test_single_precision_must_be_asked_for(on_backend, name):
    on = on_backend(name)
    P = on.move(quadratics())
    x0 = on.asarray(start(np.ones(6)))
    with on.scope():
        small = on.xp.astype(x0, on.xp.float32) if hasattr(on.xp, "astype") else x0.astype("float32")
    method = methods.gd(P, 0.01)
    with pytest.raises(ParameterError, match=r"float64, got .*float32"):
        run(method, small, 1, record={"x": lambda s: s.x})
