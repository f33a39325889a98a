"""The figure: what its dataset says, and that drawing makes no numbers."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from gradproof.paper_figures.landscape import laplacian_smoothing as figure


@pytest.mark.slow
def test_compute_and_draw():
    data = figure.compute()
    # one dark line in each panel, where the certified line is: on the column x_1 = 1 the smallest norm is at the slope
    cell = float(data.x2[1] - data.x2[0])
    for name in data["method"].values:
        one = data.sel({"method": name})
        darkest = float(data.x2[np.argmin(one.log_norm.sel(x1=1.0).values)])
        # after 100 steps the valley is off the line by at most 0.914^100 = 1.3e-4
        assert abs(darkest - float(one.slope)) <= cell + 1.3e-4
    assert data.slope.values == pytest.approx([0, (3 - 5**0.5) / 2, 0.3474950380323956], abs=1e-15)
    assert float(data.slope_width.max()) < 1e-16
    n = data.n.values
    assert np.array_equal(data.dimension.values.T, [n - 1, n - 1, n - 1, (n - 1) // 2])
    assert np.all(np.abs(np.log(data.loss.values / data.expected_loss.values[:, : data.sizes["step"]])) < 0.1)
    drawn = figure.draw(data)
    assert len(drawn.axes) == 6  # five panels and the colour bar that three of them share
    matplotlib.pyplot.close("all")
