"""How figures look, in files and in notebooks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the house's style, whatever the user's is; pyplot keeps none of the figures, so that no notebook shows one twice."""
    import matplotlib
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    try:
        with matplotlib.rc_context(STYLE):
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
        self.figure.savefig(drawn, format="png", dpi=dpi)
        with Image.open(drawn) as image:
            image.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
        return small.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        width, height = self.figure.get_size_inches()
        return f"<Drawing, {width:.3g} x {height:.3g} inches>"
