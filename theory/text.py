"""Texts that a person reads: formulas stand between dollars, in LaTeX; everything else is plain words."""

from __future__ import annotations

import re
import unicodedata

#: pandoc's rule: no space inside the dollars, no digit behind them, so that "$5 and $6" is text
FORMULA = re.compile(r"(?<![\\$])\$(\$?)(?!\s)((?:[^$\\]|\\.)+?)(?<!\s)\$\1(?!\d)", re.DOTALL)

_TYPED = {
    "le": "<=", "ge": ">=", "ne": "!=", "to": "->", "mapsto": "->", "preceq": "<=", "succeq": ">=", "sim": "~", "propto": "~",
    "times": "x", "cdot": "*", "pm": "+-", "nabla": "grad", "infty": "inf", "ldots": "...", "dots": "...", "top": "T",
    "varepsilon": "eps", "ell": "l", "overline": "mean", "bar": "mean",
}  # fmt: skip
_SIGNS = {r"\begin{cases}": "(", r"\end{cases}": ")", r"\langle ": "<", r"\langle": "<", r"\rangle": ">", r"\lfloor ": "floor(",
          r"\lceil ": "ceil(", r"\rfloor": ")", r"\rceil": ")", r"\\": "; ", r"\|": "||", r"\{": "\x01", r"\}": "\x02", r"\,": " ",
          r"\:": " ", r"\;": " ", r"\ ": " ", r"\!": "", "&": " "}  # fmt: skip
_SIZE = re.compile(r"\\(?:left|right|[bB]ig|displaystyle|(?<=[_^]\\)mathrm)(?![A-Za-z])")
_FONT = re.compile(r"(?P<space>(?<=[A-Za-z0-9)]))?\\(?:operatorname|math(?:rm|bb|cal|bf|sf)|text|q?quad)(?![A-Za-z])")
_ONE = r"\s*(?:\{([^{}]*)\}|(\\[A-Za-z]+|\w))"  # an argument, with nothing in braces inside
_FRACTION = re.compile(rf"\\(?:[td]?frac|(binom)){_ONE}{_ONE}")
_BRACES = re.compile(r"([_^]|\\(?:sqrt(?:\[\d\])?|overline|hat|tilde|bar)\s*)\{([^{}]*)\}")
_GROUP = re.compile(r"(?<!frac)(?<!binom)\{([^{}]*)\}(?=([A-Za-z]?))")


def plain(text: str) -> str:
    r"""A text for a terminal: its formulas without dollars, as one types them.

    >>> plain(r"$\mathbb E\|C(x) - x\|^2 \le (1 - \alpha)\|x\|^2$, $L_{\mathrm{AM}} = \frac1n\sum_iL_i$")
    'E||C(x) - x||^2 <= (1 - alpha)||x||^2, L_AM = 1/n sum_i L_i'
    """
    return FORMULA.sub(lambda m: _typed(m[2]), text)


def printable(text: object, most: int | None = None) -> str:
    r"""A stranger's words on one line: what a terminal would obey, hide, reorder or strike through is written as an escape.

    Args:
        most: characters shown; more are cut, and " ..." says so.

    >>> printable("fine\x1b[2J\u2028\u202eno")
    'fine\\x1b[2J\\u2028\\u202eno'
    """
    words = str(text)
    shown = "".join(
        c if c.isprintable() and unicodedata.category(c)[0] != "M" else c.encode("unicode_escape").decode()
        for c in words[:most]
    )
    return shown + (" ..." if most is not None and len(words) > most else "")


def _typed(latex: str) -> str:
    for sign, typed in _SIGNS.items():
        latex = latex.replace(sign, typed)
    latex, before = (
        re.sub(r"([_^]\w)(?=\w)", r"\1 ", _FONT.sub(lambda m: "" if m["space"] is None else " ", _SIZE.sub("", latex))),
        "",
    )  # x_kt is x_k t
    while before != latex:  # from the inside to the outside
        before = latex
        latex = _FRACTION.sub(_fraction, latex)
        latex = _BRACES.sub(lambda m: m[1] + _bracketed(m[2], m[1]), latex)
        latex = latex if before != latex else _GROUP.sub(lambda m: m[1] + " " * bool(m[2] and m[1][1:]), latex, count=1)
    latex = re.sub(r"(?<=[A-Za-z0-9)])(?=\\[A-Za-z])", " ", latex)
    latex = re.sub(r"\\([A-Za-z]+)", lambda m: _TYPED.get(m[1], m[1]), latex)
    latex = re.sub(r" *(<=|>=|!=|->|=) *", r" \1 ", latex).replace("\x01", "{").replace("\x02", "}")
    return re.sub(r" +(?=[),;^_]|$)|(?<=\() +|(?<= ) +|^ +", "", latex)


def _fraction(m: re.Match[str]) -> str:
    over, under = _bracketed(m[2] or m[3]), _bracketed(m[4] or m[5])
    return f" binom({m[2] or m[3]}, {m[4] or m[5]}) " if m[1] else f" {over}/{under} "


def _bracketed(inside: str, behind: str = "") -> str:
    simple = r"\\?[A-Za-z0-9]+" if behind == "_" else r"\\?[A-Za-z]+|\d+|\w|[*+-]"
    return (
        inside.strip()
        if not behind.startswith("\\") and re.fullmatch(simple, inside.strip())
        else f"({inside.strip()})"
    )
