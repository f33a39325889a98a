"""Sphinx: pages from the docstrings and the registry; formulas as MathML, so that the pages need no network."""

import re
import sys
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate
from docutils import nodes

import gradproof
from gradproof.mathml import mathml
from gradproof.report.site import math_font
from gradproof.theory.text import FORMULA

project = "gradproof"
author = "the gradproof developers"
version = release = gradproof.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "myst_parser"]
myst_enable_extensions = ["dollarmath", "deflist"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "gradproof"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_mock_imports = ["torch", "jax", "cupy", "dask", "distributed", "submitit"]
napoleon_use_rtype = False
napoleon_use_ivar = True
toc_object_entries = False  # the list of pages is copied for every page: without thousands of functions in it
suppress_warnings = ["myst.header", "ref.python"]  # names that a package re-exports are found twice


def _math(writer, node):
    writer.body.append(mathml(node.astext(), display=node.tagname == "math_block"))
    raise nodes.SkipNode


_LITERAL = re.compile(r"(``.*?``|:[\w:]+:`[^`]*`)")


def _plain(app, what, name, obj, options, lines):
    """Docstrings are text with ``code`` and $formulas$: norms |x| and products a*b are no markup."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = _LITERAL.split(FORMULA.sub(lambda m: f":math:`{m[2]}`", line))
            parts[::2] = [re.sub(r"([|*]|(?<=\w)_(?!\w))", r"\\\1", p) for p in parts[::2]]
            lines[k] = "".join(parts)


def _font(app):
    """The report's font for formulas: without one, browsers set indices on the line."""
    css = math_font((files("gradproof") / "static" / "math.woff2").read_bytes())
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "math.css").write_bytes(
        css + b'math { font-family: GradproofMath, "STIX Two Math", math; font-size: 1.12em; }\n'
    )


def _no_tree(app, page, template, context, doctree):
    """Pages of source have no list of all pages: to make it for each of hundreds of modules took most of the time."""
    if page.startswith("_modules/"):
        context["toctree"] = lambda **options: ""


def setup(app):
    app.connect("html-page-context", _no_tree, priority=400)  # before the theme's
    app.connect("builder-inited", _font)
    app.add_css_file("math.css")
    app.connect("autodoc-process-docstring", _plain, priority=100)
    app.add_html_math_renderer("gradproof", inline_renderers=(_math, None), block_renderers=(_math, None))
    app.connect("builder-inited", lambda app: generate.write(Path(app.srcdir) / "_generated"))
    return {"parallel_read_safe": True}


html_math_renderer = "gradproof"
