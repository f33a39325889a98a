"""The figure of diffGrad: which minimum each method ends at, and where the average regret goes."""

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


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = diffgrad.draw(data)
        figure.savefig(tmp_path / "diffgrad.png")
    plt.close(figure)
    assert (tmp_path / "diffgrad.png").stat().st_size > 10_000
