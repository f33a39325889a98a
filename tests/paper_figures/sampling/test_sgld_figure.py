"""The figure of SGLD: two groups of slopes, and bounds in the right order."""

import numpy as np
import pytest

from gradproof.paper_figures.sampling import sgld
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return sgld.compute()


def test_slopes_and_bounds(data):
    logs = np.log(data.trace)
    slope = {n: np.polyfit(np.log(data.N), logs.sel(law=n), 1)[0] for n in data.law.values}
    assert [slope[n] for n in ("posterior", "lmc", "sgldfp")] == pytest.approx([-1, -1, -1], abs=1e-6)
    assert [slope[n] for n in ("sgld", "sgd")] == pytest.approx([0, 0], abs=0.02)
    assert (data.lower <= data.upper * (1 + 1e-9)).all()
    assert (data.lower.sel(sampler="lmc") < data.lower.sel(sampler="sgldfp")).all()
    assert data.gamma_max < data.gamma_max_lmc


def test_real_data_and_biases(data):
    sgld_runs, anchored = data.chains.sel(pair="sgld"), data.chains.sel(pair="sgldfp")
    assert (anchored + 3 * data.error.sel(pair="sgldfp") < data.bound).all()
    assert float(anchored[0] / anchored[-1]) > 5  # N grows by 8
    assert float(sgld_runs[0] / sgld_runs[-1]) < 2
    slope = {n: np.polyfit(np.log(data.scale[-2:]), np.log(data.bias.sel(line=n)[-2:]), 1)[0] for n in data.line.values}
    assert [slope[n] for n in ("lmc", "sgldfp")] == pytest.approx([-1, -1], abs=0.02)
    assert slope["sgld"] > -0.2
    assert np.abs(data.bias / data.first_order - 1).isel(scale=-1).max() < 0.05


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = sgld.draw(data)
        figure.savefig(tmp_path / "sgld.png")
    plt.close(figure)
    assert (tmp_path / "sgld.png").stat().st_size > 10_000
