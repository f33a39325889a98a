"""The figure of local SGD: rounds that do not grow with T suffice, one-shot averaging stops, growing blocks are nearly the best."""

import numpy as np
import pytest

from gradproof.paper_figures.communication import local_sgd
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return local_sgd.compute()


def test_errors_lie_below_the_bound_and_beside_their_limits(data):
    smooth = data.sel(problem="smooth")
    assert (smooth.error + 4 * smooth.error_spread < data.bound).all()
    far = smooth.isel(T=-1)
    assert (np.abs(far.error - far.limit) < 5 * far.error_spread).all()
    kink = data.sel(problem="kink").isel(T=-1)
    assert kink.error.sel(schedule="once") > 2 * kink.error.sel(schedule="growing")


def test_one_shot_averaging_stops_and_growing_rounds_go_on(data):
    last = data.isel(N=-1)
    once, root, linear = (last.speedup.isel(rounds=k) for k in (2, 1, 0))
    assert once < data.ceiling * 1.15
    assert once < root < linear
    assert linear > last.N / 2


def test_the_best_schedule_is_below_the_others_and_above_the_least(data):
    costs = data.cost
    best = costs.sel(kind="best (dynamic programming)")
    assert (costs.sel(kind="no schedule below") <= best).all()
    assert (best <= costs.sel(kind="growing") * (1 + 1e-12)).all()
    assert (costs.sel(kind="growing") < 1.1 * best).all()
    assert (costs.sel(kind="growing") <= costs.sel(kind="equal blocks") * (1 + 1e-12)).all()
    assert (costs.sel(kind="equal blocks") <= costs.sel(kind="bound for equal blocks")).all()


def test_it_draws(data, tmp_path):
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = local_sgd.draw(data)
        figure.savefig(tmp_path / "local_sgd.png")
    plt.close(figure)
    assert (tmp_path / "local_sgd.png").stat().st_size > 10_000
