"""How figures look, in files and in notebooks."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

#: A paper's column width, vector fonts, and colours that colour-blind readers can tell apart (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLE: Any = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "figure.titlesize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
}


def pyplot() -> Any:
    """``matplotlib.pyplot``, without a window or a notebook where the backend that the environment names is not installed."""
    named = os.environ.get("MPLBACKEND", "").removeprefix("module://")
    if "matplotlib" not in sys.modules and "." in named and find_spec(named.partition(".")[0]) is None:
        os.environ["MPLBACKEND"] = "agg"  # a shell started from Jupyter hands its backend on
    import matplotlib.pyplot as plt

    return plt


@contextmanager
def in_style() -> Iterator[None]:
    """Draw, or save, in the house's style, whatever the user's; pyplot keeps none of the figures: no notebook shows one twice."""
    plt = pyplot()
    before = set(plt.get_fignums())
    try:
        # matplotlib's defaults first: the user's may ask for TeX, for fonts or for sizes that the house does not know of
        with plt.style.context(["default", STYLE]):
            yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


class Drawing:
    """A drawn figure. Jupyter shows it; ``figure`` is matplotlib's, to change or to save."""

    def __init__(self, figure: Any) -> None:
        self.figure = figure

    def png(self, dpi: int = 110) -> bytes:
        """The picture in a palette of 256 colours: a third of the size, and no difference to see."""
        from PIL import Image

        drawn, small = io.BytesIO(), io.BytesIO()
        with in_style():  # ticks are made, and fonts chosen, when a figure is saved
            self.figure.savefig(drawn, format="png", dpi=dpi)
        with Image.open(drawn) as image:
            image.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
        return small.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        width, height = self.figure.get_size_inches()
        return f"<Drawing, {width:.3g} x {height:.3g} inches>"
