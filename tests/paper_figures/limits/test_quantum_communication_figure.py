"""The figure of quantum communication: a logarithm against a line, two parallel lines, an error that is flat in N."""

import numpy as np
import pytest

from gradproof.paper_figures.limits import quantum_communication

pytestmark = pytest.mark.slow  # the notebook computes it too, and asserts the second


@pytest.fixture(scope="module")
def data():
    return quantum_communication.compute()


def test_what_the_panels_show(data):
    assert (np.diff(data.qubits, n=2, axis=1) == 0).all()  # linear in log N
    assert (data.qubits.sel(n=data.n_counted.values).values == data.counted.values).all()
    assert np.diff(np.log2(data.relay), axis=1) == pytest.approx(1)
    for L in data.L.values:  # the lines cross
        assert float(data.qubits.sel(L=L)[0]) > float(data.relay.sel(L=L)[0])
        assert float(data.qubits.sel(L=L)[-1]) < float(data.relay.sel(L=L)[-1])
    small = data.where(data.gamma < 0.2, drop=True)
    for name in ("upper", "lower"):
        assert np.polyfit(np.log(small.gamma), np.log(small[name]), 1)[0] == pytest.approx(-2, abs=0.05)
    assert (data.lower <= data.least).all()
    assert (data.least <= data.upper).all()


def test_the_error_does_not_depend_on_the_dimension(data):
    assert (np.abs(data.error - data.exact) <= data.error_band).all()
    assert float(data.exact) < float(data.hoeffding)


def test_it_is_drawn_from_the_dataset(data):
    figure = quantum_communication.draw(data)
    assert len(figure.axes) == 3
    figure.canvas.draw()
