"""The figure of ttur: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.adaptive import ttur


@pytest.fixture(scope="module")
def data():
    return ttur.compute()


def test_two_time_scales_are_first_at_the_saddle(data):
    near = (data.far.median("seed") < 0.1).values
    first = np.where(near.any(1), near.argmax(1), near.shape[1])
    assert (first[0] < first[1:]).all()
    assert np.isnan(data.level[1])


def test_equal_rates_never_contract(data):
    no_slower = data.a.values[None] >= data.b.values[:, None]
    assert (data.radius.values[no_slower] > 1).all()
    assert (data.radius < 1).any()


def test_distances_of_digits(data):
    assert (np.diff(data.exact) > 0).all()
    assert (np.diff(data.part)[-10:] < 0).all()
    assert (data["sample"].mean("draw") > data.bound).all()


def test_it_is_drawn_from_the_dataset(data):
    assert len(ttur.draw(data).axes) == 4
