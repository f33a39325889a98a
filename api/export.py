"""Claims and verdicts for papers and for pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradproof.experiments.engine.store import Ledger, Row
from gradproof.markup import latex_table, tex
from gradproof.summary import Summary, row_json, show_tightness
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level


def frame(source: Ledger | Summary | Iterable[Row]) -> Any:
    """A ``pandas.DataFrame`` with one row a check: what was measured, the verdict, seed, code, seconds.

    Args:
        source: a ledger, what ``gradproof.verify`` returned, or rows.
    """
    import pandas as pd

    if isinstance(source, Ledger):
        rows = source.rows()
    elif isinstance(source, Summary):
        rows = [r for s in source for r in s.rows]
    else:
        rows = list(source)
    records = []
    for r in rows:
        data = row_json(r)
        worst = data.pop("worst") or {}
        data.pop("versions")
        kept = {k: worst.get(k) for k in ("measured", "bound", "error", "error_source")}
        records.append({"claim": r.claim} | data | kept | {"finished": pd.Timestamp(r.finished, unit="s", tz="UTC")})
    columns = None if records else ["claim", "check", "level", "outcome", "reason", "tightness"]
    return pd.DataFrame.from_records(records, columns=columns)


def latex(source: Claim | Summary) -> str:
    """A claim as a ``claim`` environment, or verdicts as a ``booktabs`` table.

    >>> import gradproof
    >>> print(latex(gradproof.claim("ef21.young-optimal")).splitlines()[0])
    \\begin{claim}[The best split in Young's inequality]\\label{ef21.young-optimal}
    """
    return _claim(source) if isinstance(source, Claim) else _table(source)


def _claim(c: Claim) -> str:
    lines = [rf"\begin{{claim}}[{tex(c.title)}]\label{{{c.id}}}", tex(c.statement)]
    lines += [r"\[", f"  {c.latex}", r"\]"]
    if c.assumptions:
        lines += [
            r"\begin{itemize}",
            *(rf"  \item {tex(a.statement)}" for a in c.assumptions),
            r"\end{itemize}",
        ]
    where = f", {c.where}" if c.where else ""
    return "\n".join([*lines, r"\end{claim}", f"% {c.paper.citation}{where}"])


def _table(s: Summary) -> str:
    heads = ["claim", "verdict", *(v.value for v in Level), "tightness"]
    rows = ([c.claim.id, c.shown, *(c.cell(v) for v in Level), show_tightness(c)] for c in s)
    return latex_table(heads, rows, "l" * (len(heads) - 1) + "r")
