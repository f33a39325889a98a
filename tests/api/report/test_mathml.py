"""Formulas become MathML, everything else is escaped, and nothing in a text becomes markup or script."""

import re
import xml.etree.ElementTree as ET

import pytest

from gradproof.mathml import mathml, prose
from gradproof.theory import registry

HOSTILE = [
    r"\text{<script>alert(1)</script>}",
    r"\href{javascript:alert(1)}{x}",
    r'\text{" onload="alert(1)}',
    "<img src=x onerror=alert(1)>",
    r"\class{x}{y}\style{background:url(//e)}{z}",
    "&lt;script&gt;",
    "]]>",
]


def _formulas():
    for c in registry.claims():
        yield c.latex
        texts = [c.title, c.statement, c.remark, c.where, *(a.statement for a in c.assumptions)]
        for text in texts:
            yield from re.findall(r"\$([^$]+)\$", text)


def test_every_formula_of_the_registry_is_typeset():
    formulas = list(_formulas())
    assert len(formulas) > 100
    assert not [f for f in formulas if mathml(f).startswith("<code>")]
    for f in formulas:
        for text in (mathml(f), mathml(f, display=True), f"<p>{prose(f'${f}$')}</p>"):
            ET.fromstring(text)
            assert 'mathvariant="double' not in text


@pytest.mark.parametrize("latex", HOSTILE)
@pytest.mark.parametrize("write", [mathml, prose, lambda s: prose(f"see ${s}$ there")])
def test_no_markup_gets_through(latex, write):
    root = ET.fromstring(f"<p>{write(latex)}</p>")
    tags = {e.tag for e in root.iter()}
    names = {k for e in root.iter() for k in e.attrib}
    assert not tags & {"script", "img", "a"}
    assert not names & {"href", "onload", "onerror", "style", "src"}
    assert {e.attrib["class"] for e in root.iter() if "class" in e.attrib} <= {"long"}  # our own


@pytest.mark.parametrize("bad", [r"\frac{", r"\left(", "{" * 2000, "x" * 30000, r"\begin{cases}", "\x00"])
def test_what_is_no_formula_is_shown_as_it_is(bad):
    shown = mathml(bad)
    assert shown.startswith(("<code>", "<math"))
    assert "Traceback" not in shown


def test_letters_that_browsers_do_not_style_become_characters():
    assert "𝔼" in mathml(r"\mathbb E")
    assert "ℝ" in mathml(r"\mathbb R")
    assert "ℱ" in mathml(r"\mathcal F")
    assert "<mi>AM</mi>" in mathml(r"L_{\mathrm{AM}}")


def test_brackets_grow_only_where_asked():
    assert mathml(r"\langle a, b\rangle").count('stretchy="false"') == 2
    assert mathml(r"\left\lfloor\frac n2\right\rfloor").count('stretchy="true"') == 2


def test_dollars_that_are_money_stay_money():
    assert prose("from $5 to $6") == "from $5 to $6"
    assert prose("a $x$") == "a <math><mi>x</mi></math>"
    assert prose("one $") == "one $"


def test_primes_bars_and_signs():
    assert mathml("u'''").count("\u2032") == 3
    for power in ("u''^{2}", "u''^2"):
        assert mathml(power).count("\u2032") == 2
        assert "<mn>2</mn>" in mathml(power)
    assert mathml("[-1, 2]").count('form="prefix"') == 1
    assert "prefix" not in mathml("a - b")
    assert mathml("|x|").count('lspace="0" rspace="0"') == 2


def test_bars_by_name_are_as_high_as_others():
    assert mathml(r"\Vert x\Vert ^{2}") == mathml(r"\|x\|^{2}")
    assert mathml(r"\lvert x\rvert") == mathml("|x|")
    assert 'stretchy="true"' in mathml(r"\left\Vert x\right\Vert")
