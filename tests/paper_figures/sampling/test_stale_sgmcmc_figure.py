"""The figure of stale gradients: variances near each other, biases in the order of tau and along the asymptote."""

import numpy as np
import pytest

from gradproof.paper_figures.sampling import stale_sgmcmc
from gradproof.paper_figures.style import STYLE
from gradproof.solvers.gaussian import Delay


@pytest.fixture(scope="module")
def data():
    return stale_sgmcmc.compute()


def test_what_the_panels_show(data):
    ratio = (data.variance / data.variance.sel(tau=0)).isel(L=-1)
    a = data.attrs["h_left"]
    assert (ratio >= 1).all()
    assert (ratio <= 1 + 2 * data.tau * a).all()  # equal up to the relative order tau a
    assert (np.diff(data.bias2) > 0).all()
    assert (data.bias >= data.first_order).all()
    assert float(data.bias[-1]) > 10 * float(data.first_order[-1])
    assert int(data.delay[-1]) < float(data.tau_max) < int(data.delay[-1]) + 1
    L = int(data.L[3])
    law = Delay(1.0, data.attrs["h_left"], 5)
    assert float(data.variance.sel(tau=5, L=L)) == pytest.approx(law.average_variance(L, 2), rel=1e-9)


def test_workers_and_averaged_gradients(data):
    assert int(data.P[int(np.argmin(data.mse.values))]) == int(data.P[int(np.argmin(data.leading.values))]) == 4
    assert (data.mse >= data.leading)[1:].all()
    late = data.isel(steps=slice(-3, None))  # the start is past
    apart = np.abs(late.gradients - late.gradients.sel(servers=1))
    assert (apart <= 5 * (late.error + late.error.sel(servers=1))).all()  # the same for any number of workers
    assert (np.abs(data.gradients.isel(steps=-1) - 1) < 0.35).all()


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = stale_sgmcmc.draw(data)
        figure.savefig(tmp_path / "stale.png")
    plt.close(figure)
    assert (tmp_path / "stale.png").stat().st_size > 10_000
