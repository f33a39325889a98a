"""Tables for notebooks and for papers: every text is escaped, and one table looks like the next."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip

#: a shape and a word for each verdict, so that no colour has to be told apart
MARKS = {"proved": "■", "certified": "◆", "confirmed": "●", "checked": "◇", "consistent": "○", "known-false": "⊘", "refuted": "✕",
         "undecided": "?", "missed": "△", "unchecked": "–"}  # fmt: skip


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> str:
    """An HTML table of texts.

    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    top = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    caption = f"<caption>{html.escape(title)}</caption>" if title else ""
    return f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def text_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a terminal: a line a row, columns that are empty left out.

    >>> print(text_table(["claim", "note", "verdict"], [["ef21.pl", "", "proved"]]))
    claim    verdict
    ef21.pl  proved
    """
    lines = [[" ".join(cell.split()) for cell in row] for row in rows]
    used = [k for k in range(len(heads)) if not lines or any(row[k] for row in lines)]
    width = {k: max(len(row[k]) for row in [heads, *lines]) for k in used}
    return "\n".join("  ".join(row[k].ljust(width[k]) for k in used).rstrip() for row in [heads, *lines])


def latex_table(heads: Sequence[str], rows: Iterable[Sequence[str]], columns: str = "") -> str:
    r"""A ``booktabs`` table of texts; mathematics between dollars is kept.

    >>> print(latex_table(["claim"], [["a_b & $x$"]]).splitlines()[4])
    a\_b \& $x$ \\
    """
    lines = [rf"\begin{{tabular}}{{{columns or 'l' * len(heads)}}}", r"\toprule"]
    lines += [" & ".join(map(tex, heads)) + r" \\", r"\midrule"]
    lines += [" & ".join(map(tex, row)) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def tex(text: str) -> str:
    r"""Text for LaTeX: what stands between dollars is kept, the rest is escaped.

    >>> tex("L_AM is 5% of $L_1$")
    'L\\_AM is 5\\% of $L_1$'
    """
    parts = re.split(r"(\$[^$]+\$)", text)
    return "".join(p if k % 2 else "".join(_SPECIAL.get(c, c) for c in p) for k, p in enumerate(parts))


def marked(outcome: str) -> str:
    """``● confirmed``."""
    return f"{MARKS.get(outcome, '')} {outcome}".strip()
