"""The figure on DIFF2: theory over the data, and it draws."""

import numpy as np
import pytest

from gradproof.paper_figures.privacy import diff2 as figure
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return figure.compute()


def test_numbers(data):
    ours, theirs = (data.bound.sel(algorithm=a).values for a in ("diff2", "descent"))
    slopes = [np.polyfit(np.log(data.n_bound), np.log(b), 1)[0] for b in (ours, theirs)]
    assert slopes == pytest.approx([-4 / 3, -1], abs=1e-9)
    assert ((ours < theirs) == (data.n_bound.values > data.crossover)).all()
    n = data.n.values[3:]
    exact = data.exact.sel(algorithm="diff2", n=n).values
    assert exact == pytest.approx(12 / n ** (4 / 3), rel=0.02)
    assert (data.error.sel(noise="shrinking") <= data.error.sel(noise="fixed") * (1 + 1e-12)).all()
    middle = data.chain.sel(quantile="middle").values
    assert middle == pytest.approx(data.error.sel(noise="shrinking").values, rel=0.15)
    ends = data.gradient.sel(quantile="middle").isel(step=-1)
    assert (ends.sel(algorithm="descent") < ends.sel(algorithm="diff2")).all()
    assert (ends > data.noiseless).all()


@pytest.mark.slow  # the notebook draws it too
def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        drawn = figure.draw(data)
        drawn.savefig(tmp_path / "figure.png")
    plt.close(drawn)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
