"""The figure of D-PSGD: linear speed-up, bounds above the exact value, and no consensus without a connected graph."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import dpsgd
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return dpsgd.compute()


def test_what_it_shows(data):
    assert (data.exact < data.derived).all()
    there = np.isfinite(data.theorem1)
    assert there.any()
    assert (data.derived < data.theorem1).where(there, True).all()
    assert -1.15 < float(data.slope) < -0.85  # in the noise-dominated regime
    end = data.consensus.isel(step=-1)
    assert float(end.sel(graph="two rings of 4")) > 5 * float(end.sel(graph="ring"))


def test_the_number_of_steps_is_the_least():
    from gradproof.solvers.gossip import common_average

    K = dpsgd.steps_to(0.05, 4)
    before, at = (common_average(1.0, np.sqrt(4 / k), 4, 1.0, k, 4.0) for k in (K - 1, K))
    assert at <= 0.05 < before


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = dpsgd.draw(data)
        figure.savefig(tmp_path / "dpsgd.png")
    plt.close(figure)
    assert (tmp_path / "dpsgd.png").stat().st_size > 10_000
