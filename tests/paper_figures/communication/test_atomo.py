"""The figure of ATOMO: the optimum lies between the lower bound and the other schemes, the classics lie on it."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import atomo
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return atomo.compute()


def test_the_optimum_lies_between(data):
    slack = 1 + 1e-9  # sums of forty terms
    assert (data.bound <= data.optimal * slack).all()
    assert (data.optimal <= data.uniform * slack).all()
    assert (data.optimal <= data.squares * slack).all()
    assert (data.spectral <= data.entrywise).all()
    for scheme in data.scheme.values:
        at = data.sel(scheme=scheme)
        assert float(at.mark) == pytest.approx(float(np.interp(at.mark_s, data.s, data.optimal)), rel=5e-3)


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = atomo.draw(data)
        figure.savefig(tmp_path / "atomo.png")
    plt.close(figure)
    assert (tmp_path / "atomo.png").stat().st_size > 10_000
