"""The figure of asymmetric valleys: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.landscape import asymmetric_valleys


@pytest.fixture(scope="module")
def data():
    return asymmetric_valleys.compute()


def test_the_shift_moves_the_minimiser(data):
    assert float(data.w[int(data.loss.values.argmin())]) == 0
    assert float(data.w[int(data.shifted.values.argmin())]) == data.attrs["best"] == 1
    assert data.attrs["gain"] == 1.5


def test_iterates_follow_the_density_and_lie_on_the_flat_side(data):
    middle, spread = data.histogram.mean("group"), data.histogram.std("group", ddof=1)
    assert (abs(middle - data.density) < 6 * spread / np.sqrt(10) + 1e-3).all()
    assert data.attrs["flat_share"] == pytest.approx(0.75, abs=0.03)
    assert data.attrs["sampled_mean"] == pytest.approx(50, abs=6)


def test_the_exact_mean_is_between_its_bounds(data):
    assert (data.below <= data["mean"]).all()
    assert (data["mean"] <= data.above).all()
    assert (data["mean"].sel(c=8) > data["mean"].sel(c=2)).all()


def test_it_is_drawn_from_the_dataset(data):
    figure = asymmetric_valleys.draw(data)
    assert len(figure.axes) == 3
    figure.canvas.draw()
    wide = data.assign(c_hat=(("normalised", "direction"), np.array([[1.0, 2.0], [1.5, 3.0]])))
    assert len(asymmetric_valleys.draw(wide).axes) == 4
