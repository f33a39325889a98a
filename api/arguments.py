"""Arguments of the command line that click reads too freely, and numbers as it prints them."""

from __future__ import annotations

import math
from typing import Any

import click

from gradproof.experiments.engine.options import LARGEST_SEED


class Finite(click.FloatRange):
    """A finite number of at least ``min``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class ExistingOrNew(click.Path):
    """A path that the system can be asked for."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value)
        if not text or "\0" in text:
            self.fail("a path needs a name, without null characters.", param, ctx)
        return super().convert(value, param, ctx)


SECONDS, SEED = Finite(min=0.1), click.IntRange(0, LARGEST_SEED)


def decimals(number: Any) -> tuple[float | str, str, str | None]:
    """A bound as a JSON value, in twelve digits, and exactly, unless it has more digits than Python prints."""
    import sympy as sp

    from gradproof.theory.decimals import decimal

    try:
        exact = str(number)
    except ValueError:
        exact = None
    if not isinstance(number, sp.Basic):
        return float(number), f"{float(number):.12g}", exact
    value = decimal(number, 20)
    if value and not 1e-300 < abs(value) < 1e300:  # no float, or not with all its digits
        return str(decimal(number, 17)), str(decimal(number, 12)), exact
    return float(value), f"{float(value):.12g}", exact
