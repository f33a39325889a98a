"""The figure of mirror-descent: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.adaptive import mirror_descent


@pytest.fixture(scope="module")
def data():
    return mirror_descent.compute()


def test_runs_stay_in_the_disc_below_the_bound(data):
    assert float((data.x**2).sum("axis").max()) <= 1 + 1e-12
    assert (data.gaps.mean("seed") < data.bound).all()


def test_the_projection_is_at_the_vertex_and_the_softmax_is_not(data):
    assert (data.far.sel(map="projection")[:, -1] == 0).all()
    assert (data.far.sel(map="softmax")[:, -1] > 0).all()
    assert float(data.off[-1]) == 0
    assert (data.off < data.chernoff + 3 * np.sqrt(0.25 / data.attrs["runs"])).all()
    late = data.t > 50
    assert (data.chernoff[late] < data.moments[late]).all()


def test_it_is_drawn_from_the_dataset(data):
    assert len(mirror_descent.draw(data).axes) == 5
