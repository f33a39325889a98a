"""The figure of pac-sq: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.limits import pac_sq


@pytest.fixture(scope="module")
def data():
    return pac_sq.compute()


def test_small_batches_bear_coarser_rounding(data):
    assert float(data.accuracy.sel(b=16, rho=2**-2)) > 0.95
    assert float(data.accuracy.sel(b=16, rho=2**-1)) > float(data.accuracy.sel(b=1024, rho=2**-1)) + 0.1


def test_counts_are_below_their_bounds(data):
    assert (data.told <= data.bound).all()
    assert (data.told <= 2**pac_sq.NET_BITS).all()
    assert (np.diff(data.told.mean("net")) < 0).all()


def test_elimination_is_as_its_law_says(data):
    assert (data.low <= data.found).all()
    assert (abs(data.drawn - data.found) <= 5 * np.sqrt(data.found * (1 - data.found) / pac_sq.DRAWS)).all()


def test_it_is_drawn_from_the_dataset(data):
    figure = pac_sq.draw(data)
    assert len(figure.axes) == 4  # and a colour bar
    figure.canvas.draw()
