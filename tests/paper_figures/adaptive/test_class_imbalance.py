"""The figure of class imbalance: curves collapse in pi_k t, sign descent has one curve, the plateau is there."""

import numpy as np
import pytest

from gradproof.paper_figures.adaptive import class_imbalance
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return class_imbalance.compute()


def test_what_it_shows(data):
    first = data.isel(k=0)
    for k in range(1, data.sizes["k"]):
        other = data.isel(k=k)
        x = np.log(data.t * other.frequency)
        curve = np.interp(x, np.log(data.t * first.frequency), np.log(first.flow))
        inside = (x > x[60]) & (data.t * other.frequency < float(first.frequency) * float(data.t[-1]))
        assert np.abs(curve - np.log(other.flow))[inside].max() < 0.01  # interpolation
    for k in (1, 100):  # data between the theory's bounds
        x, marks = data.n * data.eta * data.frequency.sel(k=k), data.descent.sel(k=k)
        low, high = (np.interp(x, data.tau, data[name]) for name in ("low", "high"))
        assert ((0.8 * low < marks) & (marks < 1.02 * high)).all()
    gap = data.average_flow[::10].values - data.average_below.values
    assert 0 < gap.max() < 0.2
    assert gap.min() > -1e-9
    assert float(data.average_at_1000) == pytest.approx(2.825774097, abs=1e-9)
    assert float(data.sign_descent.std("k").max()) < 1e-12
    assert (data.descent.isel(n=-1).diff("k") > 0).all()


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = class_imbalance.draw(data)
        figure.savefig(tmp_path / "class_imbalance.png")
    plt.close(figure)
    assert (tmp_path / "class_imbalance.png").stat().st_size > 10_000
