"""The figure of SGD stability: its numbers carry the message, and it is drawn from the dataset alone."""

import pytest

from gradproof.paper_figures.landscape import sgd_stability


@pytest.fixture(scope="module")
def data():
    return sgd_stability.compute()


def test_the_threshold_lies_between_its_bounds(data):
    slack = 1 + 1e-12
    for name in ("per_sample", "identity"):
        assert (data.bound.sel(name=name) <= data.eta_star * slack).all()
    for name in ("rank_one", "top", "trace", "gd"):
        assert (data.eta_star <= data.bound.sel(name=name) * slack).all()
    assert (data.eta_star.diff("batch") > 0).all()
    assert float(data.eta_star[-1]) == pytest.approx(float(data.bound.sel(name="gd")[-1]), rel=1e-12)


def test_sgd_ends_under_the_curve_and_gradient_descent_above(data):
    assert (data.loss < 1e-8).all()
    curve = 2 / data.eta
    assert (data.trace.sel(optimizer="sgd") <= curve).all()
    assert (data.trace.sel(optimizer="gd") > curve).where(data.eta >= 0.04, True).all()
    assert (data.sharpness.sel(optimizer="gd") <= curve).all()
    # where gradient descent ends, SGD with one sample a step is unstable
    assert (data.threshold.sel(optimizer="gd") < data.eta).where(data.eta >= 0.04, True).all()


def test_it_is_drawn_from_the_dataset(data):
    figure = sgd_stability.draw(data)
    left, right = figure.axes
    assert len(left.lines) == 7
    assert len(right.lines) == 5
    figure.canvas.draw()
