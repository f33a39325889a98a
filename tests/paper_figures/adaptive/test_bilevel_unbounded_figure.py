"""The figure of bilevel-unbounded: its numbers carry the message, and it is drawn from the dataset alone."""

import numpy as np
import pytest

from gradproof.paper_figures.adaptive import bilevel_unbounded


@pytest.fixture(scope="module")
def data():
    return bilevel_unbounded.compute()


def test_bounds_are_above_the_data(data):
    assert (data["mean"] < data.bound).all()
    assert (data.behind.max("t") < data.between).all()
    K0, K1 = data.attrs["lemma"]
    assert (data.change < K0 + K1 * data.gradient).all()
    np.testing.assert_allclose(data.K0.sel(K1=data.K1_exact.values), data.K0_exact, rtol=1e-12)


def test_the_curvature_grows_with_the_gradient(data):
    steep = data.gradient > 100
    assert data.change[steep].median() > 20 * data.change[data.gradient < 3].median()


def test_steps_that_are_not_normalised_leave(data):
    assert not np.isfinite(data.plain[-1])
    assert np.isfinite(data.loss.sel(steps="normalised")).all()
    assert not np.isfinite(data.loss.sel(steps="not normalised")[-1])


def test_it_is_drawn_from_the_dataset(data):
    assert len(bilevel_unbounded.draw(data).axes) == 6
