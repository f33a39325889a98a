"""A worst case as it is shown in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Protocol

SHOWN = 8  # multipliers, the largest ones


class Showable(Protocol):
    """What is shown of ``WorstCase`` and ``StructuredWorstCase``."""

    @property
    def bound(self) -> float: ...
    @property
    def primal(self) -> float: ...
    @property
    def reason(self) -> str: ...
    @property
    def solver(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def residuals(self) -> Mapping[str, float]: ...
    @property
    def multipliers(self) -> Mapping[str, float]: ...


def html(worst: Showable, text: str = "") -> str:
    """A table of the bound, the primal value, their gap, the status, and the largest multipliers; all text is escaped."""
    status = f"undecided: {worst.reason}" if worst.reason else "solved (no proof: certify() gives one)"
    rows = [
        ("bound", f"{worst.bound:.9g}"),
        ("primal value", f"{worst.primal:.9g}"),
        ("relative gap", f"{worst.residuals['gap']:.1e}"),
        ("status", status),
        ("solver", f"{worst.solver}, {worst.seconds:.3g} s"),
    ]
    multipliers = worst.multipliers
    largest = sorted(multipliers.items(), key=lambda item: -abs(item[1]))[:SHOWN]
    body = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
    below = "".join(f"<tr><td>{escape(name)}</td><td>{value:.6g}</td></tr>" for name, value in largest)
    return (
        f"<b>worst case</b> {escape(text)}<table>{body}</table>"
        f"<details><summary>{len(multipliers)} multipliers, the largest {len(largest)}</summary>"
        f"<table>{below}</table></details>"
    )
