"""Mathematics typed as plain text, ``||x_N - x_*||^2 <= sqrt(2) L_AM``, put between dollars as LaTeX.

Claims are written to be read at a command line, too. Pages, notebooks and LaTeX show them through ``typeset``. What cannot be
read as a formula stays as it is, and so does what already stands between dollars or back quotes.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_GREEK = _set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_SYMBOLS = {g: f"\\{g}" for g in _GREEK} | {
    "lam": r"\lambda", "eps": r"\varepsilon", "E": r"\mathbb{E}", "grad": r"\nabla",
    "vhat": r"\hat{v}", "mhat": r"\hat{m}", "ghat": r"\hat{g}", "xhat": r"\hat{x}",
}  # fmt: skip
#: functions that may stand before an argument without brackets
_PREFIX = {f: f"\\{f}" for f in ("log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
#: operators over what follows; a number behind one of them is prose ("the sum 3")
_OVER = {f: f"\\{f}" for f in ("min", "max", "inf", "sup", "lim", "sum")} | {"mean": r"\operatorname{mean}"}
_NAMED = _set("relu sign diag Diag tr Tr range rank var Var cov Cov gcd span dim clip Top Rand")
_BINARY = {
    "+": "+", "-": "-", "/": "/", "*": r"\,", "<=": r"\le ", ">=": r"\ge ", "<": "<", ">": ">", "=": "=", "==": "=", "!=": r"\ne ",
    "->": r"\to ", ".": r"\cdot ", "+-": r"\pm ", "..": r"\ldots ", "...": r"\ldots ",
}  # fmt: skip
_RELATIONS = frozenset(("<=", ">=", "<", ">", "=", "==", "!=", "->"))
_SCRIPTS = {"inf": r"\inf", "max": r"\max", "min": r"\min", "infty": r"\infty"}
#: short words of the language: never a product of letters
_WORDS = _set("is of to in on at by or if it as no so an be do we up us he me my go vs et al")

_NUMBERED = _set("Theorem Lemma Corollary Proposition Section Conjecture Equation Algorithm Example Figure Table")

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)|(?P<word>[A-Za-z][A-Za-z0-9]*)"
    r"|(?P<op>\|\||<=|>=|==|!=|->|\+-|\.\.\.|\.\.|[-+*/^_=<>|(){}\[\],:'.])|(?P<other>.)",
    re.DOTALL,
)
#: left alone: formulas, code, addresses, files, dotted and hyphenated names, possessives, abbreviations, accented words, (i)
_KEEP = re.compile(
    r"(?<![\\$])(?:\$\$?)(?!\s)(?:[^$\\]|\\.)+?(?<!\s)\$\$?(?!\d)"
    r"|(`+)[^`]+\1|</?[A-Za-z][^<>,]*>|\w+://\S+|\barXiv:\S+|\b[\w./-]*/[\w-]+\.\w+\b|\b[\w-]{2,}\.[A-Za-z][\w-]*\b|\b(?:[A-Za-z]\.){2,}"
    r"|\b[A-Za-z]\w*['’]s\b|\b(?!(?:L|E)_)[A-Z]-[A-Z]{2,}\w*|\b[eE]-[a-z]{2,}|\b\w*[A-Za-z]{2}\w*\d*-[A-Z]{2,}\b"
    r"|(?<![A-Za-z_^{])(?!(?:"
    + "|".join([*sorted(_GREEK), *_OVER, "lam", "eps"])
    + r")\d*_)[A-Za-z]{2,}\d*(?:_[A-Za-z0-9]+)+(?![\^_{])"
    r"|[A-Za-z]*[À-ÖØ-öø-ɏ][A-Za-zÀ-ÖØ-öø-ɏ]*|(?<!\S)\((?:i{1,3}|iv)\)",
    re.DOTALL,
)
_LOOSE = (("<=", "≤"), (">=", "≥"), ("->", "→"), ("+-", "±"))
_LONGEST = 20_000  # characters of one text


@lru_cache(maxsize=16384)
def typeset(text: str) -> str:
    r"""The text with its plain mathematics as LaTeX between dollars.

    >>> typeset("Function value after N steps of size R / (M sqrt(N+1))")
    'Function value after $N$ steps of size $R/(M\\,\\sqrt{N+1})$'
    >>> typeset("the start of a step is kept, see docs/errata.md")
    'the start of a step is kept, see docs/errata.md'
    >>> typeset("$x^2$ and L-smooth")
    '$x^2$ and $L$-smooth'
    """
    if len(text) > _LONGEST:
        return text
    out, end = [], 0
    for kept in _KEEP.finditer(text):
        out += [_plain(text[end : kept.start()], text[: kept.start()], text[kept.start() :]), kept[0]]
        end = kept.end()
    out.append(_plain(text[end:], text[:end], ""))
    return "".join(out)


def _plain(text: str, before: str, behind: str) -> str:
    if "$" in text or "\\" in text or "`" in text:  # not ours to pair
        return text
    try:
        return _Reader(text, before[-1:], behind[:1]).text()
    except RecursionError:  # brackets beyond any formula
        return text


class _No(Exception):
    """What stands here is no formula."""


def _fail() -> str:
    raise _No


class _Reader:
    """A scanner over one stretch of plain text, with a recursive descent at each place where a formula may begin."""

    def __init__(self, text: str, before: str, behind: str) -> None:
        self.tokens = [(str(m.lastgroup), m[0]) for m in _TOKEN.finditer(text)]
        self.before, self.behind = before, behind
        self.at = 0
        self.marks = 0  # what makes a stretch a formula: letters, scripts, functions, relations
        self.inside: list[str] = []  # closing signs of the brackets that are open

    # --- prose ------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        out: list[str] = []
        while self.at < len(self.tokens):
            start = self.at
            found = self._formula() if self._may_begin() else None
            if found is None:
                self.at = start + 1
                out.append(self._loose(start))
            else:
                out.append(f"${found.strip()}$")
        return "".join(out)

    def _loose(self, at: int) -> str:
        """A sign that belongs to no formula."""
        text = self.tokens[at][1]
        return dict(_LOOSE).get(text, text) if self._spaced(at) else text

    def _spaced(self, at: int) -> bool:
        return self._kind(at - 1) == "space" and self._kind(at + 1) == "space"

    def _may_begin(self) -> bool:
        """Formulas begin at a word's start."""
        kind, text = self.tokens[self.at]
        if kind in ("space", "other") or text in "^_,:'/*)}]=>..":
            return False
        last = self.tokens[self.at - 1] if self.at else ("", self.before)
        joined = last[1][-1:].isalnum() or last[1][-1:] in ("_", "`", "'", "’", "$", "\\", "/", "@", "&", "#")
        numbered = kind == "number" and self._text(self.at - 2) in _NUMBERED
        return not joined and not numbered and not (last[1][-1:] == "-" and kind != "word")

    def _formula(self) -> str | None:
        start, self.marks, self.inside = self.at, 0, []
        try:
            found = self._expression()
        except (_No, IndexError):
            return None
        last = self.tokens[self.at] if self.at < len(self.tokens) else ("", self.behind)
        if last[0] in ("word", "number") or last[1][:1] in ("_", "^", "@", "\\", "$", "`") or not self.marks:
            return None  # half a word
        if last[1][:1] == "'" and self.at - start == 1:
            return None
        return None if self.at - start == 1 and self._is_prose(start) else found

    def _is_prose(self, at: int) -> bool:
        """A letter on its own that is a word, an initial or part of a name."""
        text = self.tokens[at][1]
        if text in ("a", "A", "I", "E"):
            return not (text == "A" and self._text(at + 1) == ",")
        if text in _NAMED or text in _PREFIX or text in _OVER or text == "grad":
            return True
        if (
            self._text(at + 1) == "."
            and text.isupper()
            and self._kind(at + 2) == "space"
            and self._text(at + 3)[:1].isupper()
        ):
            return True
        if self._text(at + 1) == "-" and self._kind(at + 2) == "word":
            return not self._text(at + 2)[:1].islower()
        return False

    # --- formulas ---------------------------------------------------------------------------------------------------

    def _expression(self) -> str:
        out = self._sign() + self._product()
        while True:
            start = self.at
            operator = self._binary()
            if operator is None:
                self.at = start
                return out
            try:
                right = self._sign() + self._product()
            except (_No, IndexError):
                self.at = start
                return out
            out += operator + right

    def _binary(self) -> str | None:
        """The LaTeX of a two-sided operator, the same space on both of its sides."""
        left = self._kind(self.at) == "space"
        self._skip()
        sign = self._text(self.at)
        if left and self._is_times():
            self.at += 2
            self.marks += 1
            return r"\times "
        if sign not in _BINARY or sign in self.inside or self._kind(self.at) != "op":
            return None
        right = self._kind(self.at + 1) == "space"
        if left != right and not (sign == "=" or sign in _RELATIONS):
            return None
        if sign == "-" and not left and self._kind(self.at + 1) == "word" and self._is_long(self._text(self.at + 1)):
            return None  # L-smooth
        self.at += 1
        self._skip()
        if sign in _RELATIONS:
            self.marks += 1
        return _BINARY[sign]

    def _sign(self) -> str:
        sign = self._text(self.at)
        if sign in ("-", "+", "+-") and self._kind(self.at + 1) != "space":
            self.at += 1
            return {"+-": r"\pm "}.get(sign, sign)
        return ""

    def _product(self) -> str:
        out = self._factor()
        while True:
            start, marks = self.at, self.marks
            space = self._kind(self.at) == "space"
            self._skip()
            if not self._may_follow(space):
                self.at = start
                return out
            try:
                nxt = self._factor()
            except (_No, IndexError):
                self.at, self.marks = start, marks
                return out
            remark = space and nxt[:1] == "(" and re.search(r"[=<>]|\\[lg]e\b", nxt)  # "at t = 0 (n = 3)"
            if remark or (space and self._kind(self.at) == "word"):  # half a word
                self.at, self.marks = start, marks
                return out
            out += (r"\," if space else "") + nxt

    def _may_follow(self, space: bool) -> bool:
        """Can what stands here be multiplied with what came before?"""
        kind, text = self._kind(self.at), self._text(self.at)
        if kind == "number":
            return False
        if kind == "op":
            opens = text in ("(", "[") or (text in ("|", "||") and text not in self.inside)
            return opens and not (space and text == "[")
        if kind != "word":
            return False
        if space and (self._is_article(self.at) or self._is_times()):
            return False
        if self._text(self.at + 1) == "-" and self._is_long(self._text(self.at + 2)):
            return False
        return len(text) == 1 or text in _SYMBOLS or text in _PREFIX or text in _OVER or text == "sqrt" or (
            not space and self._is_product(text)) or bool(re.fullmatch(r"[A-Za-z]\d+|(?:" + "|".join(_GREEK) + r")\d+", text)) or (
            self._text(self.at + 1) == "(" and bool(re.sub(r"[\dK]+$", "", text) in _NAMED))  # fmt: skip

    def _factor(self) -> str:
        base = self._atom()
        scripted = ""
        while True:
            sign = self._text(self.at)
            if sign in ("_", "^") and base:
                self.at += 1
                self.marks += 1
                script = self._script(bars=base[-1:] == "|")
                if sign == "^" and ("^" in scripted or "'" in scripted):
                    base, scripted = f"{{{base}{scripted}}}", ""
                if sign == "_" and ("_" in scripted or "'" in scripted):
                    raise _No
                scripted += f"{sign}{{{script}}}"
            elif sign == "'" and base[-1:] not in "0123456789" and not self._text(self.at + 1).startswith("s"):
                self.at += 1
                self.marks += 1
                scripted += "'"
            elif sign == "*" and not self._joins(self.at + 1) and base[-1:] not in "0123456789" and "^" not in scripted \
                    and self._kind(self.at - 1) != "space":  # fmt: skip
                self.at += 1
                self.marks += 1
                scripted += "^{*}"
            elif sign == "+" and self._is_next_iterate():
                self.at += 1
                self.marks += 1
                scripted += "^{+}"
            else:
                return base + scripted

    def _is_next_iterate(self) -> bool:
        """``x+`` is the next iterate: the sign clings to a letter, and a space or a closing sign follows."""
        if self._kind(self.at - 1) == "space" or self._kind(self.at - 1) == "number":
            return False
        nxt = self._text(self.at + 1)
        return nxt in ("^", ")", "|", "||", ",", "]") or (self._kind(self.at + 1) == "space" and self._text(self.at + 2) in (
            "=", "<=", ">=", "<", ">", "-", "+"))  # fmt: skip

    def _joins(self, at: int) -> bool:
        return self._kind(at) in ("word", "number") or self._text(at) == "("

    def _script(self, *, bars: bool) -> str:
        text = self._text(self.at)
        if text in ("{", "("):
            return self._bracket({"{": "}", "(": ")"}[text])
        if text == "*":
            self.at += 1
            return "*"
        out = ""
        if text in ("-", "+"):
            self.at += 1
            out = text
            if not self._joins(self.at):
                return out
        kind, text = self._kind(self.at), self._text(self.at)
        self.at += 1
        if kind == "number":
            return out + text + (self._script(bars=False) if self._kind(self.at) == "word" else "")  # 2t
        if kind != "word":
            raise _No
        if bars and text == "inf":
            return r"\infty"
        if text in _SCRIPTS:
            return out + _SCRIPTS[text]
        return out + self._name(text, script=True)

    def _atom(self) -> str:
        kind, text = self._kind(self.at), self._text(self.at)
        if kind == "number":
            self.at += 1
            mantissa, _, exponent = text.partition("e")
            self.marks += bool(exponent)
            return (f"{mantissa}\\cdot " if mantissa != "1" else "") + f"10^{{{int(exponent)}}}" if exponent else text
        if kind == "op":
            return self._enclosed(text)
        if kind != "word":
            raise _No
        self.at += 1
        if text == "sqrt":
            return rf"\sqrt{{{self._argument(peel=True)}}}"
        if text in ("floor", "ceil") and self._text(self.at) == "(":
            self.marks += 1
            return rf"\l{text} {self._bracket(')')}\r{text} "
        if text in _PREFIX or text in _OVER:
            return self._applied(text)
        if self._text(self.at) == "(" and re.sub(r"[\dK]+$", "", text) in _NAMED:
            self.marks += 1
            return ("\\gcd" if text == "gcd" else rf"\operatorname{{{text}}}") + f"({self._bracket(')')})"
        if text == "grad":
            return rf"\nabla {self._argument()}"
        if self._is_article(self.at - 1):
            raise _No
        return self._name(text)

    def _applied(self, text: str) -> str:
        """``log c``, ``sum_{i>k} p_i``, ``max(a, b)``."""
        out = _PREFIX.get(text) or _OVER[text]
        while self._text(self.at) in ("_", "^"):
            sign = self._text(self.at)
            self.at += 1
            out += f"{sign}{{{self._script(bars=False)}}}"
        if text in _OVER and self._kind(self.at) == "space" and self._kind(self.at + 1) not in ("word", "op"):
            raise _No
        return f"{out} {self._argument()}"

    def _argument(self, *, peel: bool = False) -> str:
        """What a function is applied to: a bracket, or the next factors without a space between them."""
        if self._text(self.at) == "(":
            inside = self._bracket(")")
            self.marks += 1
            return inside if peel else f"({inside})"
        if self._kind(self.at) != "space":
            raise _No
        self._skip()
        sign = self._kind(self.at) == "op" and self._text(self.at) not in ("(", "|", "||")
        if sign or self._is_article(self.at):
            raise _No
        number = self._kind(self.at) == "number"
        out = self._factor()
        if number and self._kind(self.at) == "word":
            out += self._factor()
        self.marks += 1
        return out

    def _enclosed(self, text: str) -> str:
        if text in ("(", "["):
            closing = {"(": ")", "[": "]"}[text]
            return f"{text}{self._bracket(closing)}{closing}"
        if text == "{":
            return rf"\{{{self._bracket('}')}\}}"
        if text in ("|", "||") and self._kind(self.at + 1) != "space":
            inside = self._bracket(text)
            self.marks += 1
            return rf"\|{inside}\|" if text == "||" else f"|{inside}|"
        if text == "<" and self._kind(self.at + 1) != "space":
            inside = self._bracket(">")
            if "," not in inside:
                raise _No  # markup is no scalar product
            self.marks += 1
            return rf"\langle {inside}\rangle "
        if text == "...":
            self.at += 1
            return r"\ldots "
        raise _No

    def _bracket(self, closing: str) -> str:
        """What stands up to the closing sign: expressions with commas between them."""
        self.at += 1
        outer = self.inside
        self.inside = [closing]
        out = self._item()
        while self._text(self.at) != closing:
            sign = self._text(self.at)
            if sign == "," or (sign == ":" and closing == "}"):
                self.at += 1
                self._skip()
                out += (r",\," if sign == "," else ":") + self._item()
            elif self._kind(self.at) == "space" and self._text(self.at + 1) in (closing, ":"):
                self.at += 1
            else:
                raise _No
        self.at += 1
        self.inside = outer
        return out

    def _item(self) -> str:
        if self._text(self.at) in ("...", ".."):
            self.at += 1
            return r"\ldots "
        return self._expression()

    def _name(self, text: str, *, script: bool = False) -> str:
        """A letter, a Greek letter, one of them with a number, or a word below a letter."""
        if text in _SYMBOLS and not (script and text == "E"):
            self.marks += 1
            return _SYMBOLS[text]
        if len(text) == 1:
            self.marks += 1
            return text
        numbered = re.fullmatch(r"([A-Za-z]+?)(\d+)", text)
        if numbered and (len(numbered[1]) == 1 or numbered[1] in _GREEK or numbered[1] == "lam"):
            self.marks += 1
            return f"{_SYMBOLS.get(numbered[1], numbered[1]) if len(numbered[1]) > 1 else numbered[1]}_{{{numbered[2]}}}" \
                if self._text(self.at) != "_" else _fail()  # fmt: skip
        if script:
            return rf"\mathrm{{{text}}}" if len(text) > 2 or text.isupper() else text
        if self._is_product(text) and self._clings():
            self.marks += 1
            return text
        if text.isupper() and text.isalpha() and self._in_relation(text):
            return rf"\mathrm{{{text}}}"
        raise _No

    # --- looking around ---------------------------------------------------------------------------------------------

    def _kind(self, at: int) -> str:
        return self.tokens[at][0] if 0 <= at < len(self.tokens) else ""

    def _text(self, at: int) -> str:
        return self.tokens[at][1] if 0 <= at < len(self.tokens) else ""

    def _skip(self) -> None:
        if self._kind(self.at) == "space":
            self.at += 1

    def _is_long(self, text: str) -> bool:
        return (
            len(text) > 1
            and text not in _SYMBOLS
            and not re.fullmatch(r"[A-Za-z]\d+", text)
            and not self._is_product(text)
        )

    def _is_product(self, text: str) -> bool:
        """``Bx``, ``tC``, ``yz``: letters that are no word."""
        return len(text) == 2 and text.isalpha() and text.lower() not in _WORDS and text not in _SYMBOLS and (
            not text.islower() or not set(text) & set("aeiou")) and not text.isupper()  # fmt: skip

    def _clings(self) -> bool:
        """Does the word at hand touch a sign of a formula?"""
        left, right = self._text(self.at - 2), self._text(self.at)
        return bool(self.inside) or right in ("/", "^", "_", "(", "'", "=") or left in ("'", "(", "|", "||", "/", "=") or (
            self._kind(self.at - 2) == "space" and self._text(self.at - 3) in _BINARY.keys() - {"."})  # fmt: skip

    def _in_relation(self, text: str) -> bool:
        """``AM <= QM``: words in capitals are numbers if they are compared or added."""

        def near(space: int, sign: int) -> bool:
            return self._kind(space) == "space" and self._text(sign) in _BINARY

        return near(self.at, self.at + 1) or near(self.at - 2, self.at - 3)

    def _is_times(self) -> bool:
        """``10 x 64``, ``d x d``, ``d^2 x d^2``: a sign between two sizes."""
        if self._text(self.at) != "x" or self._kind(self.at + 1) != "space":
            return False
        last, nxt = self._text(self.at - 2), self._text(self.at + 2)
        return self._kind(self.at + 2) == "number" or (nxt != "x" and nxt in (last, self._text(self.at - 4)))

    def _is_article(self, at: int) -> bool:
        """``a step``, and not ``a + b`` or ``a, b``."""
        if self._kind(at - 1) == "number" or self.inside:
            return False
        return self._text(at) in ("a", "A") and self._kind(at + 1) == "space" and (
            self._kind(at + 2) in ("word", "number", "other") or self._text(at + 2) in ("(", "|", "||"))  # fmt: skip
