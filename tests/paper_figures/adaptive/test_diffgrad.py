"""The figure of diffGrad: which minimum each method ends at, and where the average regret goes."""

import numpy as np
import pytest

from gradproof.paper_figures.adaptive import diffgrad
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return diffgrad.compute()


def test_what_it_shows(data):
    end = data.trace.isel(t=-1)
    assert float(end.sel(function="F1", variant="adam")) == pytest.approx(0.2, abs=1e-3)
    assert float(end.sel(function="F1", variant="diffgrad")) == pytest.approx(-0.3, abs=1e-3)
    last = data.regret.isel(T=-1)
    assert float(last.sel(variant="diffgrad")) == pytest.approx(float(data.limit), abs=0.01)
    assert float(last.sel(variant="adam")) < 0.01
    assert float(last.sel(variant="aliased")) < 0.01
    # the lines end where the enclosures go on, and these pass the published bound
    run = data.regret.sel(variant="diffgrad").interp(T=data.long[:3])
    assert np.abs(run - data.enclosed.sel(played="diffgrad")[:3]).max() < 1e-3
    bound = np.interp(data.long, data.reach, data.published)
    above = data.enclosed.sel(played="diffgrad").values > bound
    assert above.tolist() == [False] * 5 + [True] * 2
    assert (data.enclosed.sel(played="adam").values < bound / 10).all()


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = diffgrad.draw(data)
        figure.savefig(tmp_path / "diffgrad.png")
    plt.close(figure)
    assert (tmp_path / "diffgrad.png").stat().st_size > 10_000
