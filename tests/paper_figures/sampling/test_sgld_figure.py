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


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = sgld.draw(data)
        figure.savefig(tmp_path / "sgld.png")
    plt.close(figure)
    assert (tmp_path / "sgld.png").stat().st_size > 10_000
