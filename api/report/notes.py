"""What the claims cite beside their proofs: the derivations and the errata, from Markdown to pages of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from gradproof.mathml import mathml, prose

#: as claims, remarks and reasons name a note or a claim: ``docs/derivations/ef21.md``, ``ef21.pl``
_NAMED = re.compile(r"(?<![\w./-])(?:docs/[a-z0-9_/]+\.md|[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*)(?![\w/-])")
_TAG = re.compile(r"(<[^>]*>)")


@dataclass(frozen=True)
class Note:
    """One page: where it stands in the report, its title, and its body."""

    name: str  # as it is cited: ``docs/derivations/ef21.md``
    title: str
    body: Markup


def page(name: str) -> str:
    """The file in the report.

    >>> page("docs/derivations/ef21.md")
    'derivations/ef21.html'
    """
    return f"{name.removeprefix('docs/').removesuffix('.md')}.html"


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """Markdown of every note that was installed, by name."""
    folder = files("gradproof.notes")
    found = {"docs/errata.md": folder / "errata.md"}
    found |= {f"docs/derivations/{p.name}": p for p in (folder / "derivations").iterdir() if p.name.endswith(".md")}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items())}


def cited(texts: Iterable[str]) -> set[str]:
    """The notes that these texts name.

    >>> cited(["Derived in docs/derivations/ef21.md, section 2; docs/none.md is no note."])
    {'docs/derivations/ef21.md'}
    """
    return {name for text in texts for name in _NAMED.findall(text)} & set(sources())


def linked(markup: Markup, pages: Mapping[str, str], root: str = "", here: str = "") -> Markup:
    """The same markup, which holds no link yet, with every note and claim that it names made a link.

    Args:
        pages: the file of each name, from the ``root`` of the report.
        here: the file that the markup is in, which needs no link to itself.

    >>> print(linked(Markup("<p>see ef21.pl, docs/derivations/ef21.md.</p>"), {"ef21.pl": "pl.html"}))
    <p>see <a href="pl.html">ef21.pl</a>, docs/derivations/ef21.md.</p>
    """

    def link(found: re.Match[str]) -> str:
        to = pages.get(found[0], here)
        return found[0] if to == here else f'<a href="{escape(root + to)}">{found[0]}</a>'

    parts = _TAG.split(str(markup))
    parts[::2] = [_NAMED.sub(link, text) for text in parts[::2]]
    return Markup("".join(parts))


def render(name: str, pages: Mapping[str, str], root: str = "") -> Note:
    """One note, with links to the pages of what it names (see ``linked``); raises ``KeyError`` for a name that is none."""
    tokens = _parser().parse(sources()[name])
    title = next(t.content for t in tokens if t.type == "inline")
    body = _parser().renderer.render(tokens, _parser().options, {"pages": pages, "root": root})
    return Note(name, title, Markup(body))


def _text(_: Any, tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
    return str(
        linked(escape(tokens[k].content), env["pages"], env["root"])
    )  # plain text: a renderer adds it to its own


def _code(_: Any, tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
    return str(linked(Markup("<code>{}</code>").format(tokens[k].content), env["pages"], env["root"]))


def _inline(_: Any, tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
    return str(prose(f"${tokens[k].content.strip()}$"))  # a long one may break before its relations


def _display(_: Any, tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
    """Within a paragraph, too: a ``span``, as a ``div`` would end it."""
    return f'<span class="display" tabindex="0">{mathml(tokens[k].content.strip(), display=True)}</span>\n'


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False})
    md.use(dollarmath_plugin, double_inline=True, allow_labels=False)
    md.use(anchors_plugin, max_level=3)
    rules = {
        "text": _text,
        "code_inline": _code,
        "math_inline": _inline,
        "math_inline_double": _display,
        "math_block": _display,
    }
    for kind, rule in rules.items():  # formulas as MathML, what is named as links
        md.add_render_rule(kind, rule)
    return md
