"""The figure of dp-forecasting: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.privacy import dp_forecasting

pytestmark = pytest.mark.slow  # the notebook computes it too


@pytest.fixture(scope="module")
def data():
    return dp_forecasting.compute()


def test_the_accounts_are_in_order(data):
    exact, orders, capped, fixed = (data.epsilon.sel(account=a).values for a in ("exact", "orders", "capped", "fixed"))
    assert (data.epsilon_low.values <= exact).all()
    assert (exact < orders).all()
    assert (orders <= capped).all()
    assert (fixed > 10 * exact).all()
    assert capped.min() > np.log(1e7) / 511


def test_the_formula_fails_beyond_its_threshold(data):
    classical, needed = (data.noise.sel(formula=f).values for f in ("classical", "needed"))
    assert ((classical >= needed) == (data.eps.values < 8.4198)).all()


def test_the_points_follow_the_closed_forms(data):
    """Within a third: the test week is not the training data."""
    assert (np.abs(np.log((data.ratio**2).mean("draw") / data.theory**2)) < np.log(16 / 9)).all()


def test_it_is_drawn_from_the_dataset(data):
    figure = dp_forecasting.draw(data)
    assert len(figure.axes) == 3
    figure.canvas.draw()
