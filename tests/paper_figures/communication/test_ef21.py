"""The figure of EF21: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest
import xarray as xr

from gradproof.paper_figures.communication import ef21


@pytest.fixture(scope="module")
def data():
    return ef21.compute()


def test_the_arithmetic_mean_gains_where_the_constants_vary(data):
    last = data.grad2.isel(step=-1)
    assert (data.L_var.diff("kappa") < 0).all()
    assert last.sel(kappa=100, step_size="am") < last.sel(kappa=100, step_size="qm") / 10
    # equal constants: the two step sizes, and so the runs, coincide
    apart = np.abs(np.log(data.grad2.sel(kappa=1, step_size="am") / data.grad2.sel(kappa=1, step_size="qm")))
    assert apart.isel(step=slice(0, 300)).max() < 1e-6


def test_the_measured_instability_is_the_threshold(data):
    gamma = data.gamma
    assert np.allclose(gamma.sel(curve="instability"), gamma.sel(curve="sharp"), rtol=1e-9)
    am, root, sharp = (gamma.sel(curve=c) for c in ("am", "root", "sharp"))
    assert ((am <= root * (1 + 1e-12)) & (root <= sharp) & (sharp <= 2 * am)).all()


def test_looseness(data):
    assert (data.looseness >= 1).all()
    assert np.allclose(data.looseness.sel(T=1), 1 / (1 - data.q), rtol=1e-8)


def test_drawn_from_the_dataset_alone(data, tmp_path):
    figure = ef21.draw(xr.Dataset.from_dict(data.to_dict()))
    figure.savefig(tmp_path / "ef21.png")
    assert (tmp_path / "ef21.png").stat().st_size > 20_000
    assert sum(len(f.axes) for f in figure.subfigs) == 5
