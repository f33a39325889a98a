"""The figure of Leader SGD: shares by formula and by points, the gap between the regimes, the double well, and escapes."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import leader_sgd
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return leader_sgd.compute()


def test_shares(data):
    assert (data.share > 0.5).all()
    assert (np.abs(data.share - data.sampled) < 5 * np.sqrt(0.25 / 2000)).all()
    assert (data.infinite <= data.share.sel(d=2) + 1e-12).all()  # fewer leaders help a stronger pull
    assert (data.infinite[data.large.values] > 0.5).all()
    assert float(data.infinite[0]) < 0.5


def test_the_worst_step(data):
    quadratic, gap = np.maximum(data.steep, 0.16), np.isfinite(data.member) & ~data.weak
    assert (data.worst > quadratic - 1e-6).all()
    assert np.allclose(data.worst[data.weak.values], 0.16, atol=1e-6)
    assert (data.worst[gap.values] >= data.member[gap.values] - 1e-6).all()
    inside = gap.values & (data.lam.values > 0.22) & (data.lam.values < 0.45)
    assert (data.worst[inside] > quadratic[inside] * 1.005).all()
    beyond = data.lam.values >= 0.5
    assert np.allclose(data.worst[beyond], data.steep[beyond], atol=1e-6)


def test_runs(data):
    elastic, leader = (data.path.sel(pulled=name) for name in ("elastic", "leader"))
    assert float(abs(elastic.isel(time=-1)).max()) < 0.75  # both stay at the local maximum's sides
    assert float(abs(leader.isel(time=-1) - 1).max()) < 1e-3
    at = {tau: float((data.leader - data.elastic).sel(tau=tau)) for tau in (8, 64)}
    assert at[8] < -0.05
    assert abs(at[64]) < 1e-2


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = leader_sgd.draw(data)
        figure.savefig(tmp_path / "leader_sgd.png")
    plt.close(figure)
    assert (tmp_path / "leader_sgd.png").stat().st_size > 10_000
