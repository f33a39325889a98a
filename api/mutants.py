"""Mutants of claims as a table: in a notebook, in LaTeX, in pandas (see ``gradproof.experiments.attack.mutants``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gradproof.experiments.attack import mutants as attack
from gradproof.experiments.attack.mutants import Mutant, MutantResult, mutants_of
from gradproof.experiments.engine.store import Ledger
from gradproof.markup import html_table, latex_table, text_table
from gradproof.theory.claim import Claim

__all__ = ["Mutant", "MutantResult", "MutantResults", "mutants_of", "run_mutants"]

_HEADS = ("claim", "mutant", "verdict", "because")


class MutantResults(list[MutantResult]):
    """How the checks met every mutant; renders in Jupyter, in LaTeX and in pandas."""

    @property
    def _cells(self) -> list[tuple[str, str, str, str]]:
        verdicts = ("caught" if r.caught else "SURVIVED" if r.mutant.false else "survives" for r in self)
        return [
            (r.mutant.claim.id.split("~")[0], r.mutant.what, v, f"{r.by + ': ' if r.by else ''}{r.reason}")
            for r, v in zip(self, verdicts, strict=True)
        ]

    def __repr__(self) -> str:
        return text_table(_HEADS, self._cells)

    def _repr_html_(self) -> str:
        return html_table(_HEADS, self._cells, title=f"{sum(r.caught for r in self)} of {len(self)} mutants caught")

    @property
    def latex(self) -> str:
        """A ``tabular`` with one row a mutant."""
        return latex_table(_HEADS, self._cells)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with one row a mutant."""
        import pandas as pd

        return pd.DataFrame.from_records([r.as_json() for r in self])


def run_mutants(
    claims: Claim | Iterable[Claim],
    *,
    ledger: Ledger | Path | str | None = None,
    budget: str = "quick",
    seed: int = 0,
    fresh: bool = False,
    on_result: Callable[[MutantResult], None] | None = None,
) -> MutantResults:
    """Run every mutant of the claims through the claims' checks; each finished check is kept in the ledger.

    Args:
        ledger: a ledger, or the path of one; the user's default ledger if ``None``.
        budget: ``quick``, ``full`` or ``gpu``.
        fresh: repeat what the ledger already has.
        on_result: called with each result as it is there.

    Raises:
        TypeError: what is given is no claim. ParameterError: a budget or a seed that there is not.
    """
    return MutantResults(
        attack.run_mutants(claims, ledger=ledger, budget=budget, seed=seed, fresh=fresh, on_result=on_result)
    )
