"""The run loop."""

from typing import Any, NamedTuple

import numpy as np

from gradproof.experiments.engine.run import Method, run, start


class State(NamedTuple):
    x: Any


HALVE = Method(State, lambda s, draw: State(s.x / 2 if draw is None else s.x + draw))


def test_records_first_last_and_every_other_state():
    out = run(HALVE, start(np.array([1.0, 2.0]), settings=3, seeds=2), 5, record={"x": lambda s: s.x}, every=2)
    assert dict(out.sizes) == {"setting": 3, "seed": 2, "step": 4, "x_0": 2}
    assert list(out.step.values) == [0, 2, 4, 5]
    assert np.array_equal(out.x.values[2, 1, :, 1], [2, 0.5, 0.125, 0.0625])


def test_draws_are_data():
    noise = np.arange(12.0).reshape(3, 1, 4, 1)
    out = run(HALVE, start(np.zeros(1), seeds=4), 3, record={"x": lambda s: s.x[..., 0]}, draw=lambda t: noise[t])
    assert np.array_equal(out.x.values[0, :, -1], noise.sum(0)[0, :, 0])


def test_the_start_is_not_changed():
    x0 = start(np.ones(2))
    run(HALVE, x0, 3, record={"x": lambda s: s.x})
    assert (x0 == 1).all()
