"""The figure of gradient-normalized-smoothness: its numbers carry the message, and it is drawn from the dataset alone."""

import pytest

from gradproof.paper_figures.adaptive import gradient_normalized_smoothness as figure


@pytest.fixture(scope="module")
def data():
    return figure.compute()


def test_bounds_lie_on_their_side(data):
    assert (data.gamma >= data.lipschitz).all()
    assert (data.gamma >= data.attrs["constant"]).all()
    assert (data.steps <= data.logarithms).all()
    assert (data.logarithms <= data.with_e).all()


def test_the_hessian_needs_the_fewest_steps(data):
    above = data.above.notnull().sum("k")
    assert int(above.sel(kind="Hessian")) == int(above.min())
    slope = data.slope.notnull().sum("n")
    assert int(slope.sel(hessian="Hessian")) < int(slope.sel(hessian="Fisher's matrix")) / 5


def test_it_is_drawn_from_the_dataset(data):
    assert len(figure.draw(data).axes) == 4
