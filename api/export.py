"""Claims and verdicts for papers and for pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from gradproof.experiments.engine.cells import measurement_json
from gradproof.experiments.engine.store import Ledger, Row
from gradproof.markup import latex_table, tex
from gradproof.theory.arguments import listed, shown
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level


class Line(Protocol):
    """The summary of one claim: the rows of evidence for it, and the cells of the table of verdicts, the note last."""

    @property
    def rows(self) -> tuple[Row, ...]: ...
    @property
    def cells(self) -> list[str]: ...


def frame(source: Ledger | Iterable[Line] | Iterable[Row]) -> Any:
    """A ``pandas.DataFrame`` with one row a check: what was measured, the verdict, seed, code, seconds.

    Args:
        source: a ledger, what ``gradproof.verify`` returned, or rows.
    """
    import pandas as pd

    if isinstance(source, Ledger):
        rows = source.rows()
    else:
        lines = listed(source, object, "the source of a frame", "rows, or of what verify returns")
        rows = []
        for s in lines:
            if not isinstance(s, Row) and not hasattr(s, "cells"):
                raise TypeError(
                    f"an entry of the source of a frame is {shown(s)}; give a Ledger, what verify returns, or rows"
                )
            rows += [s] if isinstance(s, Row) else s.rows
    records = []
    for r in rows:
        data = row_json(r)
        worst = data.pop("worst") or {}
        data.pop("versions")
        kept = {k: worst.get(k) for k in ("measured", "bound", "low", "high", "source")}
        records.append({"claim": r.claim} | data | kept | {"finished": pd.Timestamp(r.finished, unit="s", tz="UTC")})
    columns = None if records else ["claim", "check", "level", "outcome", "reason", "tightness"]
    return pd.DataFrame.from_records(records, columns=columns)


def latex(source: Claim | Iterable[Line]) -> str:
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


def _table(lines: Iterable[Line]) -> str:
    found = listed(lines, object, "what is typeset", "summaries, as verify returns them")
    for s in found:
        if not hasattr(s, "cells"):
            raise TypeError(f"an entry of what is typeset is {shown(s)}; give a claim, or what verify returns")
    heads = ["claim", "verdict", *(v.value for v in Level), "tightness", "sees"]
    return latex_table(heads, (s.cells[:-1] for s in found), "l" * (len(heads) - 2) + "rr")


def plain_factor(x: float | None) -> float | str | None:
    """A resolution as a JSON value."""
    return "inf" if x == float("inf") else x


def row_json(r: Row) -> dict[str, Any]:
    """A row of the ledger as JSON values."""
    return {
        "check": r.check,
        "level": r.level.value,
        "summary": r.summary,
        "drops": r.drops,
        "outcome": r.verdict.outcome.value,
        "reason": r.verdict.reason,
        "tightness": r.verdict.tightness,
        "resolution": plain_factor(r.verdict.resolution),
        "scope": r.verdict.scope,
        "given": list(r.verdict.given),
        "n": r.verdict.n,
        "worst": measurement_json(r.verdict.worst) if r.verdict.worst else None,
        "proofs": len(r.verdict.proofs),
        "budget": r.budget,
        "seed": r.seed,
        "backend": r.backend,
        "seconds": r.seconds,
        "code": r.code,
        "statement": r.statement,
        "versions": dict(r.versions),
        "cached": r.cached,
    }
