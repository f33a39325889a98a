"""Tables for notebooks and for papers: every text is escaped, and one table looks like the next."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from gradproof.theory.written import CHECKED, CITED, Line, WrittenProof

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


def proof_html(proof: WrittenProof) -> str:
    """A written proof for a notebook or a page: steps in the order of a paper, what is cited told apart by mark and by style."""
    from gradproof.mathml import mathml, prose

    def line(of: Line) -> str:
        mark = (
            f'<td title="{"checked by machine" if of.checked else "granted"}">{CHECKED if of.checked else CITED}</td>'
        )
        return (
            f'<tr class="{"checked" if of.checked else "cited"}">{mark}<td>{of.label}</td>'
            f"<td>{prose(of.says)}<br><small>{prose(of.because)}</small></td></tr>"
        )

    def table(lines: Iterable[Line]) -> str:
        return f'<table class="steps">{"".join(map(line, lines))}</table>'

    claim = proof.claim
    out = [f"<b>{html.escape(claim.id)}</b>: {prose(claim.title)}", f"<p>{mathml(claim.latex, display=True)}</p>"]
    out += ["<h4>Setting</h4>", table(proof.setting)]
    for part in proof.parts:
        out += [f"<h4>{prose(part.heading)}</h4>", table(part.lines)]
    if proof.facts:
        facts = "".join(
            f"<li><b>{html.escape(f.name)}</b>: {prose(f.statement)} <small>{html.escape(f.reference)}</small></li>"
            for f in proof.facts
        )
        out += ["<h4>Cited, not checked</h4>", f"<ul>{facts}</ul>"]
    if proof.accepted.unused:
        out.append(f"<p>No step uses: {html.escape(', '.join(proof.accepted.unused))}.</p>")
    out.append(
        f"<p><small>{CHECKED} checked by machine; {CITED} granted by an assumption of the claim or a fact cited</small></p>"
    )
    return f'<div class="proof">{"".join(out)}</div>'
