"""The figure on programmable inference: bounds below what they bound, data below the theory."""

import numpy as np
import pytest

from gradproof.paper_figures.sampling import programmable_vi as figure


@pytest.mark.slow  # the notebook draws it, and asserts some of this
def test_numbers():
    data = figure.compute()
    slack = 4 * data.error
    assert (data.bound <= data.attrs["evidence"] + slack).all()
    assert (data.bound.sel(guide="ring") <= data.attrs["marginal"] + slack.sel(guide="ring")).all()
    assert (data.bound.diff("K") > -slack.max()).all()
    assert data.bound.sel(guide="ring", K=1) < data.bound.sel(guide="gaussian", K=1)
    assert data.bound.sel(guide="ring", K=100) > data.bound.sel(guide="gaussian", K=100)
    assert (data.slope <= data.above).all()
    assert np.argsort(data.variance.values)[0] == 0
