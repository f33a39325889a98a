"""The figure of layered SGD: events follow the model, layers change nothing but the clock, rounding stays below its bound."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import layered_sgd as figure
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return figure.compute()


def test_numbers(data):
    np.testing.assert_allclose(data.efficiency, data.model, rtol=0.02)
    assert ((data.low < data.model) & (data.model < data.high)).all()
    one = data.model
    assert (one.sel(kind="layered") > one.sel(kind="flat")).all()
    assert (one.sel(kind="prefetching") > one.sel(kind="layered")).sel(N=slice(4, 512)).all()
    np.testing.assert_allclose(data.loss.sel(rule="layered"), data.loss.sel(rule="flat"), rtol=1e-12)
    assert float(data.loss.sel(rule="means")[-1] - data.loss.sel(rule="flat")[-1]) > 0.1
    assert (data.single[1:] <= data.bound[1:]).all()
    assert float(data.double.max()) < 1e-12 < 1e-9 < float(data.single[-1]) < float(data.means[1])


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        drawn = figure.draw(data)
        drawn.savefig(tmp_path / "figure.png")
    plt.close(drawn)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
