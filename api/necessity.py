"""Which assumptions carry a claim, as a table that a paper can print (see ``gradproof.experiments.attack.necessity``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradproof.experiments.attack import necessity as attack
from gradproof.experiments.attack.necessity import NEEDED, NOT_NEEDED, UNKNOWN, Need
from gradproof.markup import html_table, latex_table, text_table
from gradproof.theory.claim import Claim

__all__ = ["NEEDED", "NOT_NEEDED", "UNKNOWN", "Need", "Needs", "necessity"]

_HEADS = ("claim", "assumption", "verdict", "evidence")


class Needs(list[Need]):
    """Rows of the necessity table; renders in Jupyter, as text, and as LaTeX."""

    @property
    def latex(self) -> str:
        """A ``tabular`` with one row an assumption."""
        return latex_table(_HEADS, self._cells)

    @property
    def _cells(self) -> list[tuple[str, str, str, str]]:
        return [(n.claim, n.assumption, n.verdict, n.evidence) for n in self]

    def save(self, folder: Path) -> list[Path]:
        """Write what the report shows: ``<claim>_necessity.json`` for each claim, and the counterexamples."""
        return attack.save(self, folder)

    @property
    def markdown(self) -> str:
        """A table with one row an assumption."""
        rows = "".join("| " + " | ".join(x.replace("|", "\\|") for x in cells) + " |\n" for cells in self._cells)
        return "| claim | assumption | verdict | evidence |\n| --- | --- | --- | --- |\n" + rows

    def __str__(self) -> str:
        return "\n".join(f"{n.claim}  {n.assumption}: {n.verdict}  ({n.evidence})" for n in self)

    def __repr__(self) -> str:
        return text_table(_HEADS, self._cells)

    def _repr_html_(self) -> str:
        return html_table(_HEADS, self._cells)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with one row an assumption."""
        import pandas as pd

        return pd.DataFrame(self._cells, columns=list(_HEADS))


def necessity(claims: Claim | Iterable[Claim], **how: Any) -> Needs:
    """For every assumption of every claim: needed (with an instance), not needed here, or unknown.

    Args:
        how: ``budget``, ``seed``, ``seconds``, ``ledger``, ``file``, as the function of ``attack.necessity`` has them.
    """
    return Needs(attack.necessity(claims, **how))
