"""Texts put their mathematics between dollars: it converts to MathML, reads well at a terminal, and none is left outside."""

import ast
import re
from importlib.resources import files

import pytest

from gradproof.mathml import mathml
from gradproof.paper_figures import make
from gradproof.report import notes
from gradproof.theory import registry
from gradproof.theory.text import FORMULA, plain

CLAIMS = registry.claims()
#: what no word of the language holds: a command, an index, a power, a relation or a norm as one types them
MATHEMATICS = re.compile(r"\\|\w_\w|_\{|\^|\|\||<=|>=|->|\*|\b(?:alpha|beta|gamma|sigma|theta|lambda|eta|tau)\b")
#: names of code and of claims, in back quotes or of their own shape
NAMES = re.compile(r"`[^`]*`|\b[\w./-]*/[\w-]+\.\w+\b")


def outside(text: str) -> str:
    return NAMES.sub("", FORMULA.sub("", text))


def texts_of(claim):
    yield from (claim.title, claim.statement, claim.remark, claim.false_as_published, claim.where, claim.paper.title)
    yield from (a.statement for a in claim.assumptions)
    yield from (p.meaning for p in claim.parameters)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_the_texts_of_a_claim(claim):
    for text in texts_of(claim):
        rest = outside(text)
        assert "$" not in rest, f"unbalanced dollars: {text}"
        assert not MATHEMATICS.search(rest), f"mathematics outside dollars: {rest}"
        for formula in FORMULA.finditer(text):
            assert not mathml(formula[2]).startswith("<code>"), formula[2]
        assert not re.search(r"[\\$]", plain(text)), plain(text)
    for symbol in (claim.quantity, *(p.typeset for p in claim.parameters)):
        assert "$" not in symbol
    assert not re.search(r"[\\$]", claim.show())


def first_lines(folder, wanted):
    for path in sorted(files(folder).iterdir(), key=lambda p: p.name):
        if path.name.endswith(".py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and wanted(node):
                    yield (ast.get_docstring(node) or "").partition("\n")[0]


def is_shown(node):
    return node.name.startswith("wc_") or any(re.match(r"check|control", ast.unparse(d)) for d in node.decorator_list)


def test_what_the_gallery_says_of_its_methods_and_checks():
    lines = list(first_lines("gradproof.experiments.classical", is_shown))
    assert len(lines) > 40
    for line in lines:
        assert not MATHEMATICS.search(outside(line)), line
        assert not any(mathml(f[2]).startswith("<code>") for f in FORMULA.finditer(line)), line


def test_captions_of_figures():
    for stem in registry.stems():
        assert not MATHEMATICS.search(outside(make.caption(stem))), make.caption(stem)


def test_derivations_and_errata():
    for name in notes.sources():
        body = str(notes.render(name, {}).body)
        words = re.sub(r"<math.*?</math>|<code>.*?</code>|<[^>]*>", "", body, flags=re.DOTALL)
        assert not MATHEMATICS.search(words), (name, MATHEMATICS.search(words), words[:200])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"$L_{\mathrm{AM}} \le \frac{1}{n}\sum_iL_i$", "L_AM <= 1/n sum_i L_i"),
        (r"steps of $R/(M\sqrt{N+1})$, $\frac{N}{N + 1}^{2N}$", "steps of R/(M sqrt(N+1)), N/(N + 1)^(2N)"),
        (
            r"$\langle x, y\rangle$, $\lfloor (n-1)/2\rfloor$, $\{x : x_n = 0\}$",
            "<x, y>, floor((n-1)/2), {x : x_n = 0}",
        ),
        (r"$\sqrt{1 - \frac{a}{\sqrt{b}}}$ and $\binom nk$", "sqrt(1 - a/(sqrt(b))) and binom(n, k)"),
        (r"costs $5 or $6, \alpha stays", r"costs $5 or $6, \alpha stays"),
        ("a_b, x^2 and L-smooth", "a_b, x^2 and L-smooth"),
    ],
)
def test_formulas_at_a_terminal(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    "hostile", [r"$" + "{" * 5000 + "$", r"$\frac{$", "$x" + "}" * 99 + "$", "$\\" * 999, "$" * 2001]
)
def test_what_is_no_formula_does_no_harm(hostile):
    assert isinstance(plain(hostile), str)


@pytest.mark.parametrize(
    "typed",
    ["the time pi_k t", "at most ||x||^2", "x_{k+1}", "gamma <= 1/L", "x -> 0", r"\alpha", "of order alpha", "theta*"],
)
def test_mathematics_left_outside_is_seen(typed):
    assert MATHEMATICS.search(outside(typed))
    assert not MATHEMATICS.search(outside(f"${typed}$"))
