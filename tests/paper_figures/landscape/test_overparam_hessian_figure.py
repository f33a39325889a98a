"""The figure of the Hessian's spectrum: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.landscape import overparam_hessian
from gradproof.theory.landscape import overparam_hessian as paper


@pytest.fixture(scope="module")
def data():
    return overparam_hessian.compute()


def test_outliers_are_few_and_the_bulk_grows(data):
    assert (data.above <= data.attrs["samples"] * (data.attrs["classes"] - 1)).all()
    assert (data.above <= 5 * data.attrs["classes"]).all()
    assert (data.near_zero.median("start").diff("width") > 0).all()
    for m in data.width.values:
        one = data.sel(width=m)
        assert float(one.eigenvalue.min()) >= -float(one.rho) * (1 + 1e-9)
        assert (np.diff(one.eigenvalue.dropna("rank")) <= 0).all()
        assert one.eigenvalue.dropna("rank").size == int(one.P)


def test_the_spike_is_beyond_the_bulk(data):
    gamma, s = data.attrs["d"] / data.attrs["n"], data.attrs["spike"]
    assert abs(float(np.median(data.top)) - paper.BBP.bound(s=s, gamma=gamma)) < 0.3
    assert float(data.bulk[1]) < (1 + gamma**0.5) ** 2 * 1.1 < float(data.top.min())


def test_it_is_drawn_from_the_dataset(data):
    figure = overparam_hessian.draw(data)
    left, middle, right = figure.axes
    assert len(left.lines) == 5
    assert len(middle.lines) == 3
    assert len(right.lines) >= 4
    figure.canvas.draw()
