"""One implementation of every method, the same numbers on every array library."""

import textwrap
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import backend, backend_of, to_numpy
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.examples import Example, _makers, examples, states, without_example
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.theory.errors import ParameterError

OTHERS = ("torch", "jax", "array-api-strict")
EXAMPLES = examples()


class State(NamedTuple):
    x: object


TOP = C.TopK(2)
COMPRESSORS = (
    C.TopK(1),
    TOP,
    C.ScaledSign(),
    C.Scalar(0.5),
    C.NearestPowerOfTwo(),
    C.PerClient((TOP,) * 2 + (C.Scalar(0.3),) * 2),
)


def test_every_method_has_an_example():
    missing = without_example()
    assert not missing, f"{', '.join(missing)}: no example; add one with @example, see experiments/engine/examples.py"


def test_a_method_without_an_example_is_found_by_what_it_says_or_does(tmp_path):
    source = """
        def says(problem) -> Method: return other(problem)
        def does(problem): return Method(init, lambda s, draw: s)
        def neither(problem): return run(says(problem))
        class Family:
            def member(self) -> Method: ...
    """
    (tmp_path / "new.py").write_text(textwrap.dedent(source))
    assert list(_makers(tmp_path / "new.py")) == ["says", "does", "Family.member"]


def test_an_example_has_settings_and_seeds():
    with pytest.raises(ParameterError, match="two or more settings and seeds"):
        Example(Method(State, lambda s, draw: s), start(np.ones(2), settings=1, seeds=3))


def test_a_method_that_computes_otherwise_on_another_library_is_caught():
    def make(on):
        factor = 0.5 if on.name == "numpy" else 0.5 + 1e-11
        return Example(Method(State, lambda s, draw: State(s.x * factor)), start(np.ones(2), settings=2, seeds=2))

    (here,), (there,) = (states(make, backend(name)) for name in ("numpy", "array-api-strict"))
    assert (np.abs(there - here) > make(backend("numpy")).rounding(here)).any()


@lru_cache
def reference(name):
    return states(EXAMPLES[name], backend("numpy"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_moves_and_its_settings_and_seeds_differ(name):
    example = EXAMPLES[name](backend("numpy"))
    x, *_ = reference(name)
    assert x.shape[:3] == (*example.x0.shape[:2], example.steps + 1)
    assert np.isfinite(x).all()
    assert (x[:, :, -1] != x[:, :, 0]).any()
    assert (x[0, :, -1] != x[1, :, -1]).any()
    assert (x[:, 0, -1] != x[:, 1, -1]).any() or (example.draw is None and (example.x0[:, 0] == example.x0[:, 1]).all())


@pytest.mark.parametrize("on", OTHERS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_method_agrees_with_numpy(on_backend, on, name):
    rounding = EXAMPLES[name](backend("numpy")).rounding
    for here, there in zip(reference(name), states(EXAMPLES[name], on_backend(on)), strict=True):
        assert there.dtype == here.dtype
        assert (np.abs(there - here) <= rounding(here)).all()


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
    P = on.move(Quadratics(np.eye(6)[None]))
    x0 = on.asarray(start(np.ones(6)))
    with on.scope():
        small = on.xp.astype(x0, on.xp.float32) if hasattr(on.xp, "astype") else x0.astype("float32")
    method = methods.gd(P, 0.01)
    with pytest.raises(ParameterError, match=r"float64, got .*float32"):
        run(method, small, 1, record={"x": lambda s: s.x})
