"""The figure of train-longer: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.landscape import train_longer

pytestmark = pytest.mark.slow  # the notebook computes it too, and asserts the first two


@pytest.fixture(scope="module")
def data():
    return train_longer.compute()


def test_times_lie_in_the_band_of_the_theorem(data):
    assert (data.climb + np.log(2) <= data.log_time).all()
    assert (data.log_time <= data.climb + 2 * np.log(data.L)).all()


def test_training_follows_the_logarithm(data):
    late = data.distance.sel(t=slice(100, None)).mean("seed")
    x = np.log(late.t.values)
    for M in data.M.values:
        for eta in data.eta.values:
            assert np.corrcoef(x, late.sel(M=M, eta=eta).values)[0, 1] ** 2 > 0.98


def test_runs_follow_the_exact_second_moments(data):
    for rule in data.rule.values:
        at = data.sel(rule=rule)
        exact = np.interp(at.mark, at.step, at.expected)
        assert (np.abs(at.second_moment - exact) <= 2 * at.second_moment_error).all()  # six standard errors


def test_it_is_drawn_from_the_dataset(data):
    figure = train_longer.draw(data)
    assert [axes.get_xlabel() for axes in figure.axes] == ["updates $t$", r"$L^{\alpha/2}$", "updates $t$"]
    figure.canvas.draw()
