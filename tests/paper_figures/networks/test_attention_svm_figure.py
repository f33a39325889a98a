"""The figure of attention-svm: paths keep their bound, descent turns to the max-margin matrix unless it starts at a local one."""

import matplotlib.pyplot as plt
import pytest

from gradproof.paper_figures.networks import attention_svm
from gradproof.paper_figures.style import STYLE


@pytest.fixture(scope="module")
def data():
    return attention_svm.compute()


def test_numbers(data):
    assert (data.path <= data.bound).all()
    assert (data.normalised[-1] < 1e-3) & (data.plain[-1] < 1e-2)
    assert (data.local_best < 0).all()
    assert data.local_second[-1] > 0.99
    assert (data.nuclear > data.frobenius).all()


def test_it_draws(data, tmp_path):
    with plt.rc_context(STYLE):
        figure = attention_svm.draw(data)
        figure.savefig(tmp_path / "figure.png")
    plt.close(figure)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
