"""The figure of gradient sparsification: less is sent for the same loss, and more is allowed the sparser it gets."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import gradient_sparsification as figure
from gradproof.paper_figures.style import STYLE
from gradproof.solvers.sparsification import minimal_density


@pytest.fixture(scope="module")
def data():
    return figure.compute()


def test_numbers(data):
    assert (data.density.diff("eps") < 0).all()
    assert (data.density.diff("a") < 0).all()
    last = data.isel(step=-1)
    assert last.sent.sel(scheme="optimal") < last.sent.sel(scheme="dense") / 2
    # the same density along paths that are not the same: nearly as many entries
    assert float(last.sent.sel(scheme="uniform")) == pytest.approx(float(last.sent.sel(scheme="optimal")), rel=0.1)
    assert last.loss.sel(scheme="optimal") < last.loss.sel(scheme="uniform")
    assert data.attrs["saving"] > 2
    law = np.arange(1, 1001) ** -1.5
    assert float(data.density.sel(a=1.5).interp(eps=1.0)) == pytest.approx(
        minimal_density(law, 1.0).density / 1000, rel=0.02
    )


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        drawn = figure.draw(data)
        drawn.savefig(tmp_path / "figure.png")
    plt.close(drawn)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
