"""The figure of Krum: under attack the error stays below both constants, and only the mean diverges."""

import pytest

from gradproof.paper_figures.communication import krum
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return krum.compute()


def test_what_it_shows(data):
    assert (data.ratio < data.eta2_sharp).all()
    assert (data.eta2_sharp < data.eta2).all()
    last = data.loss.isel(step=-1)
    assert float(last.sel(rule="mean", byzantine=6)) > 1
    assert float(last.sel(rule="Krum", byzantine=6)) < 0.3
    assert (last.sel(byzantine=0) < 0.3).all()


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = krum.draw(data)
        figure.savefig(tmp_path / "krum.png")
    plt.close(figure)
    assert (tmp_path / "krum.png").stat().st_size > 10_000
