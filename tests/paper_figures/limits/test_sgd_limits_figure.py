"""The figure of limits of SGD: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.limits import sgd_limits


@pytest.fixture(scope="module")
def data():
    return sgd_limits.compute()


def test_chains_follow_the_limits(data):
    assert abs(data.r2 - 1).max() < 0.05
    assert abs(data.m.sel(quantile=0.5) - data.m_limit.sel(quantile=0.5)).max() < 0.08
    assert data.m.sel(lam=0.8, quantile=0.9).max() < 0.2
    assert abs(data.m.sel(lam=1.2, quantile=0.5)[-1] - 0.2**0.5) < 0.05


def test_the_saddle_parts_the_ends(data):
    assert (data.saddle <= data.stable).all()
    assert (abs(data.end.isel(side=0)) < 0.15).all()
    limit = np.interp(data.end_signal, data.signal, data.stable)
    assert (abs(data.end.isel(side=1) - limit[:, None]) < 0.15).all()


def test_the_width_helps(data):
    assert (abs(data.learned - data.P) < 5 * np.sqrt(data.P * (1 - data.P) / data.attrs["starts"])).all()
    assert (data.P.diff("K") > 0).all()


def test_it_is_drawn_from_the_dataset(data):
    figure = sgd_limits.draw(data)
    assert len(figure.axes) == 4
    figure.canvas.draw()
