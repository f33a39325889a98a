"""A figure in a notebook looks as it does in a file, is shown once, and leaves the user's settings alone."""

import io

import matplotlib.pyplot as plt
import pytest
from PIL import Image

import gradproof
from gradproof.paper_figures import make
from gradproof.paper_figures.style import Drawing, in_style
from gradproof.theory.errors import UnknownClaim


def test_a_drawing_shows_itself_in_the_style_and_pyplot_keeps_none():
    mine = plt.figure()
    size = plt.rcParams["font.size"]
    drawing = gradproof.draw("gradient-sparsification")
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)
    assert plt.rcParams["font.size"] == size
    texts = [t.get_fontsize() for a in drawing.figure.axes for t in a.get_xticklabels()]
    assert set(texts) == {7}
    with Image.open(io.BytesIO(drawing._repr_png_())) as image:
        assert image.size == tuple(round(110 * x) for x in drawing.figure.get_size_inches())
    assert repr(drawing) == "<Drawing, 6.6 x 2.6 inches>"


def test_data_is_drawn_as_given():
    module = make.module_of("atomo")
    data = module.compute()
    data["optimal"] = data.optimal * 10
    lines = gradproof.draw("atomo", data).figure.axes[0].lines
    assert any(abs(line.get_ydata()[0] / data.optimal.values[0] - 1) < 1e-12 for line in lines)


def test_a_figure_that_fails_is_closed():
    def fails():
        with in_style():
            plt.figure()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ["gd", "nothing"])
def test_no_figure(name):
    with pytest.raises(UnknownClaim):
        gradproof.draw(name)


def test_any_figure_of_matplotlib_can_be_shown():
    figure = plt.figure(figsize=(1, 1))
    plt.close(figure)
    assert Drawing(figure)._repr_png_().startswith(b"\x89PNG")
