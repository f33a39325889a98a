"""The figure on small starts: theory over the data, and it draws."""

import numpy as np
import pytest

from gradproof.paper_figures.landscape import small_init as figure
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return figure.compute()


def test_numbers(data):
    settled = data["value"].isel(step=-1)
    assert settled.values[:3] == pytest.approx(np.sqrt([3, 1, 0.5]), abs=1e-3)
    assert (data["value"].sel(i=3) <= data.null_bound * (1 + 1e-9)).all()
    assert (data.ratio.sel(iterate="Y") <= data.ratio_bound * (1 + 1e-9)).all()
    halves = [int(np.argmax(data["value"].sel(i=i).values ** 2 >= lam / 2)) for i, lam in enumerate((3, 1, 0.5))]
    assert halves == sorted(halves)
    assert halves[0] < 45 < 150 < halves[2]
    median = data.error.median("seed").values  # of starts that become smaller
    assert (2 * median[1:] < median[:-1]).all()
    assert float(data.nuclear.max()) < median[-1]
    assert data.sine.sel(to="power")[10] < 1e-5 < 0.1 < data.sine.sel(to="signal")[10]
    assert data.sine.sel(to="signal")[-1] < 1e-2 < data.sine.sel(to="power")[-1]


@pytest.mark.slow  # the notebook draws it too
def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        drawn = figure.draw(data)
        drawn.savefig(tmp_path / "figure.png")
    plt.close(drawn)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
