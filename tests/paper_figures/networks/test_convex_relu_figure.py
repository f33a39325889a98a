"""The figure of convex-relu: descent stays above the certified optimum, ADMM reaches it, more patterns are better."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gradproof.paper_figures.networks import convex_relu
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return convex_relu.compute()


def test_numbers(data):
    for name in ("gd", "adam"):
        assert (data[name] > -1e-9).all()
    assert data.admm[-1] < 1e-6
    medians = data.above.median("repeat")
    assert (np.diff(medians) < 0).all()
    assert (data.output.sel(eps=0.2) != data.output.sel(eps=0.0)).any()


def test_it_draws(data, tmp_path):
    with plt.rc_context(STYLE):
        figure = convex_relu.draw(data)
        figure.savefig(tmp_path / "figure.png")
    plt.close(figure)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
