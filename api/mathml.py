"""LaTeX to MathML, which browsers typeset by themselves: no network, no script. Everything else is escaped."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

from latex2mathml.converter import Converter

from gradproof.theory.text import FORMULA

#: What may appear in the output. latex2mathml also makes links and raw markup; neither passes.
_TAGS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mfrac",
        "msqrt",
        "mroot",
        "mtable",
        "mtr",
        "mtd",
        "mpadded",
        "mphantom",
        "mstyle",
        "menclose",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "stretchy",
        "fence",
        "form",
        "separator",
        "movablelimits",
        "accent",
        "accentunder",
        "lspace",
        "rspace",
        "linethickness",
        "columnalign",
        "width",
        "height",
        "depth",
        "displaystyle",
        "scriptlevel",
        "minsize",
        "maxsize",
        "symmetric",
    ]
)
_LONGEST = 20_000  # characters of one formula
_SHORT = 24  # characters of a formula that is not broken over lines
_RELATIONS = frozenset(f"<mo>{r}</mo>" for r in ("=", "≤", "≥", "&lt;", "&gt;", "≈", "∼", "→", "⇒", "⇔"))

#: first capital, first small letter, first digit of the mathematical alphabets, and the letters that Unicode had before
_ALPHABETS = {
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
    "script": (0x1D49C, 0x1D4B6, 0),
    "fraktur": (0x1D504, 0x1D51E, 0),
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
}
_EARLIER = {
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
}
_CODE = re.compile(r"(`+)([^`]+)\1")
#: the converter writes these in italics, letter by letter
_OPERATOR = re.compile(r"\\operatorname\*?(?=\s*\{)")
#: bars by name, which the converter would stretch; behind \\left and \\right they should be
_BAR = re.compile(r"(?<!\\left)(?<!\\right)\\[lr]?([Vv])ert(?![A-Za-z])\s?")
#: the converter stumbles over three primes, and over a power behind primes
_PRIMES = re.compile(r"('+)(?:\^\{([^{}]*)\}|\^([^{\\]))?")
_BARS = frozenset("|‖∥")
_BRACKETS = frozenset("⟨⟩⌊⌋⌈⌉")
_SIGNS = frozenset("+-−±")
#: behind these a sign belongs to what follows
_BEFORE_A_SIGN = frozenset("([{⟨,;=<>≤≥≈∼→⇒⇔/·×+-−±:∈")
_LIMITS = frozenset(("max", "min", "sup", "inf", "lim", "arg\u2009max", "arg\u2009min"))


@lru_cache(maxsize=65536)
def mathml(latex: str, *, display: bool = False) -> str:
    r"""MathML of a formula (without dollars); a formula that cannot be read is shown as its source.

    >>> mathml("x^2 < y")
    '<math><msup><mi>x</mi><mn>2</mn></msup><mo>&lt;</mo><mi>y</mi></math>'
    >>> mathml(r"\frac{")
    '<code>\\frac{</code>'
    """
    block = ' display="block"' if display else ""
    try:
        if len(latex) > _LONGEST:
            raise ValueError("too long")
        inside = "".join(_pieces(latex, display))
    except Exception:  # whatever is in the text, the page must be made
        return f"<code>{html.escape(latex)}</code>"
    source = f' alttext="{html.escape(latex)}"' if display else ""  # within a line it would double the page
    return f"<math{block}{source}>{inside}</math>"


def prose(text: str) -> str:
    """Escaped text with its mathematics as MathML: what stands between dollars.

    A single dollar stays a dollar; what stands between back quotes is code.

    >>> prose("<b> costs $5 or $6, `x_1`")
    '&lt;b&gt; costs $5 or $6, <code>x_1</code>'
    """
    out, end = [], 0
    for found in FORMULA.finditer(text):
        out += [_words(text[end : found.start()]), _breakable(found[2])]
        end = found.end()
    out.append(_words(text[end:]))
    return "".join(out)


def _words(text: str) -> str:
    return _CODE.sub(r"<code>\2</code>", html.escape(text))


@lru_cache(maxsize=65536)
def _breakable(latex: str) -> str:
    """A formula within a line: a long one may break before its relations, as browsers do not break MathML."""
    whole = mathml(latex)
    if len(latex) <= _SHORT or not whole.startswith("<math"):
        return whole
    parts = [""]
    for piece in _pieces(latex):
        if piece in _RELATIONS and parts[-1]:
            parts.append("")
            piece = piece.replace("<mo", '<mo form="infix"', 1)
        parts[-1] += piece
    head = f'<span class="long"><math alttext="{html.escape(latex)}">{parts[0]}</math></span>'
    return head + "".join(f'<wbr/><span class="long"><math aria-hidden="true">{p}</math></span>' for p in parts[1:])


def _pieces(latex: str, display: bool = False) -> list[str]:
    """The formula's outermost pieces."""
    latex = _BAR.sub(lambda m: r"\|" if m[1] == "V" else "|", _OPERATOR.sub(r"\\mathrm", latex))
    latex = _PRIMES.sub(lambda m: "^{" + r"\prime " * len(m[1]) + (m[2] or m[3] or "") + "}", latex)
    root = Converter(display="block" if display else "inline").convert_to_element(latex)
    return _joined(root[0] if len(root) == 1 and root[0].tag == "mrow" else root)


def _write(e: Any) -> str:
    """One element, its tags and attributes restricted and its texts escaped."""
    if e.tag not in _TAGS:
        return "".join(map(_write, e)) or html.escape(_plain(e.text))
    text, tag = _plain(e.text), e.tag
    if tag == "mrow" and len(e) == 1 and not e.attrib and not text:
        return _write(e[0])
    if tag == "msub" and len(e) == 2 and e[0].tag == "mo" and _plain(e[0].text) in _LIMITS:
        name = html.escape(_plain(e[0].text))
        return f'<munder><mo movablelimits="true">{name}</mo>{_write(e[1])}</munder>'
    variant = e.attrib.get("mathvariant", "")
    if variant in _ALPHABETS:
        text = "".join(_letter(c, variant) for c in text)
    kept = {k: v for k, v in e.attrib.items() if k in _ATTRIBUTES}
    if variant == "normal" and tag == "mi":
        kept["mathvariant"] = "normal"
    if tag == "mi" and len(text) == 1 and not (text.isalnum() or text in "∞∅ℓ∂∇°′…⋯⋮⋱⊤⊥"):
        tag = "mo"  # a colon or a bar is no identifier
    text = "∼" if tag == "mo" and text == "~" else text  # the sign that has room around it
    if kept.get("fence") == "true" or (tag == "mo" and text in _BARS):
        kept |= {"lspace": "0", "rspace": "0"}
    if tag == "mo" and text in _BRACKETS:  # without \left and \right, the size of the line
        kept.setdefault("stretchy", "false")
    attributes = "".join(f' {k}="{html.escape(v)}"' for k, v in kept.items())
    if tag == "mspace":
        return f"<mspace{attributes}/>"
    return f"<{tag}{attributes}>{html.escape(text, quote=False)}{''.join(_joined(e))}</{tag}>"


def _joined(e: Any) -> list[str]:
    r"""The children; a run of upright letters, as ``\mathrm{AM}`` makes it, becomes one word."""
    out: list[str] = []
    word, before = "", ","
    for child in e:
        plain = _plain(child.text)
        if child.tag == "mo" and plain in _SIGNS and before in _BEFORE_A_SIGN:
            child.attrib["form"] = "prefix"
        before = plain if child.tag == "mo" else ""
        if child.tag == "mi" and child.attrib.get("mathvariant") == "normal" and len(child) == 0:
            word += plain
            continue
        out += [_word(word)] * bool(word) + [_write(child)]
        word = ""
    return out + [_word(word)] * bool(word)


def _word(text: str) -> str:
    single = ' mathvariant="normal"' if len(text) == 1 else ""
    return f"<mi{single}>{html.escape(text, quote=False)}</mi>"


def _plain(text: str | None) -> str:
    return html.unescape(text or "").strip("\n")


def _letter(c: str, variant: str) -> str:
    if c in _EARLIER.get(variant, {}):
        return _EARLIER[variant][c]
    capital, small, digit = _ALPHABETS[variant]
    for first, start in (("A", capital), ("a", small), ("0", digit)):
        if start and 0 <= ord(c) - ord(first) < (10 if first == "0" else 26):
            return chr(start + ord(c) - ord(first))
    return c
