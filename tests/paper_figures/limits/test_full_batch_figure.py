"""The figure of full-batch: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.limits import full_batch


@pytest.fixture(scope="module")
def data():
    return full_batch.compute()


def test_descent_is_where_its_formula_says_and_blind_to_it(data):
    gd = data.risk.sel(by="gd").isel(seed=0)
    assert abs(gd.sel(on="population") - data.formula).max() < 0.02
    assert abs(gd.sel(on="sample")).max() < 1e-6
    assert float(data.risk.sel(by="sgd", on="population")[:, -1].max()) < 0.1


def test_the_slopes(data):
    assert data.attrs["slope_gd"] == pytest.approx(-0.25, abs=0.05)
    assert max(data.attrs["slope_sgd_range"]) <= -0.45
    assert (data.excess.sel(way="sgd") <= data.bound).all()
    assert np.ptp(data.excess.sel(way="gd at the step of sgd").values) < 0.1


def test_bounds_lie_on_their_sides(data):
    assert (data.lower <= data.beyond).all()
    assert (data.beyond <= data.upper).all()
    assert float(data.lower.min()) == pytest.approx(data.attrs["least"], rel=0.02)
    assert (data.apart <= data.most).all()


def test_it_is_drawn_from_the_dataset(data):
    assert len(full_batch.draw(data).axes) == 4
