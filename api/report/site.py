"""Write the pages: an index, a page a claim, a paper and a derivation, one on reading them, and the proofs as files."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

import gradproof
from gradproof.experiments.engine.files import read_regular, write_whole
from gradproof.experiments.engine.store import Ledger
from gradproof.markup import MARKS
from gradproof.mathml import mathml, prose
from gradproof.paper_figures import make
from gradproof.report import model, notes
from gradproof.report.findings import read as read_findings
from gradproof.report.model import Entry
from gradproof.report.numbers import slug
from gradproof.summary import show_factor, show_tightness
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import pretty_set
from gradproof.theory.proof_json import read_untrusted
from gradproof.theory.statement import statement_of
from gradproof.theory.text import plain
from gradproof.theory.written import CHECKED, CITED

MANIFEST = "report.json"
LARGEST = 50_000_000  # bytes of one file
ALL_FIGURES = 2_200_000  # bytes; PDFs fill what the PNGs leave of it, so that the folder can be sent by mail

MEANING = {o.value: o.meaning for o in Outcome} | {
    "unchecked": "no check was run on it, as far as the ledger knows",
    model.KNOWN_FALSE: "false as published: its checks refute it, and spare the statement with the error repaired",
}
WORDS = {name: name for name in MARKS} | {model.KNOWN_FALSE: "refuted, as known"}


#: the words of the pages: each links to its line on the page about reading them, and says it where a pointer rests
GLOSSARY = {
    "symbolic": "For all parameters at once: a derivation that ends in the claim, or arguments that are parts of one.",
    "certified": "The kernel accepts certificates at concrete parameters, or at special sizes; the scope says which.",
    "exact": "A solver's value together with a bound on its own error; the relation must hold by more than that.",
    "empirical": "Runs of the method. Random quantities are tested at a stated level, by default one in a million.",
    "control": "The same measure where one assumption, and no other, is broken, or with another method. The bound must fail there.",
    "check": "A function that confronts one claim with one kind of evidence.",
    "tightness": "The largest measured value divided by the bound, over everything that was tried. 1: the bound is attained. "
    "Small: the check says little about the constant. Above 1: the bound was violated. “=” marks equalities that hold.",
    "sees": "The smallest factor by which a wrong bound would have been refuted by a check: 1 % is sharp; a check that would let "
    "a factor of 1000 pass is blind, and counts as missed.",
    "mutant": "A stronger statement, made from the claim by machine: its bound made smaller, a term dropped, an exponent shifted. "
    "Checks with power refute it. One that survives says that the bound was not attained on what was tried, or that no check "
    "measures what was changed.",
    "counterexample": "An instance on which the measured quantity was computed again, exactly or with a bound on the error, and "
    "violates the bound.",
    "error": "What the measurement may be off by, and why: rounding, the gap of a solver, or statistics. A violation counts only "
    "beyond it.",
    "test": "How the limits of an expectation follow from a sample: by an e-process, whatever the law of bounded observations, or "
    "by Student's t or chi-square where the law is known exactly. All tests of a check together fail once in a million.",
    "budget": "How much work the checks did: quick (seconds), full (larger data, more clients), gpu.",
    "backend": "The array library that ran the methods: numpy, torch, jax or cupy.",
    "seed": "All random numbers follow from it and from the names of claim and check: the same seed gives the same numbers.",
    "code": "A hash of what the check computes with. Evidence is kept with the code that made it, and is none for other code.",
    "ledger": "The file that keeps every check's verdict, measurement, seed, code and time; the pages show it.",
    "kernel": "The small program that accepts a proof only if its identity holds in exact arithmetic.",
    "confidence": "How far the statement itself was verified: checked, derived or refuted here, recalled, or a user's own.",
}


@dataclass(frozen=True)
class Site:
    """What was written."""

    folder: Path
    index: Path
    claims: int
    files: int
    size: int
    problems: tuple[str, ...] = ()  # what could not be read, and was left out


def build(folder: Path | str, *, ledger: Ledger | Path | str | None = None, targets: Iterable[str] = (),
          figures: Path | str = "figures", findings: Path | str = "counterexamples", budget: str = "") -> Site:  # fmt: skip
    """Write the report into ``folder``, which is new, empty, or holds an older report (that is replaced).

    Args:
        ledger: the ledger, or its path; the user's own if ``None``. One that does not exist counts as empty.
        targets: claim ids, papers and files, as for ``gradproof verify``; everything if none is given.
        figures: folder in which ``gradproof figures`` left its files; a paper without one goes without.
        findings: folder in which ``gradproof falsify`` and ``gradproof necessity`` left what they found.
        budget: whose evidence is shown, the rest being folded away; by default the one that covers most claims.

    Raises:
        GradproofError: the folder holds something else, or cannot be written.
        UnknownClaim: a target is not known.
        LedgerError: the ledger cannot be read.
    """
    folder, targets = Path(folder), list(targets)
    previous = _previous(folder)
    book = ledger if isinstance(ledger, Ledger) else Ledger(ledger, read_only=True)
    left = read_findings(Path(findings))
    problems: list[str] = []
    entries = model.gather(book, targets, findings=left, skipped=problems, budget=budget)
    problems += left.problems
    pages = _Pages(folder, entries, book, Path(figures), targets, problems)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pages.write()
        for name in previous - set(pages.written):
            _remove(folder, name)
    except OSError as error:
        raise GradproofError(
            f"cannot write the report to {folder}: {error.strerror}; choose another folder with -o"
        ) from None
    size = sum((folder / name).stat().st_size for name in pages.written)
    return Site(folder, folder / "index.html", len(entries), len(pages.written), size, tuple(problems))


def _previous(folder: Path) -> set[str]:
    """Files of the report that is there. A folder with anything else in it is not written to."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise GradproofError(f"{folder} is a file; choose another folder with -o")
    try:
        if not any(folder.iterdir()):
            return set()
    except OSError as error:
        raise GradproofError(f"cannot read {folder}: {error.strerror}; choose another folder with -o") from None
    try:
        content = read_regular(folder / MANIFEST, LARGEST).decode("utf-8")
        found = read_untrusted(content, "a manifest", LARGEST, floats=True)
        return {str(name) for name in found["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise GradproofError(f"{folder} is not empty and holds no report; choose another folder with -o") from None


def _remove(folder: Path, name: str) -> None:
    path = (folder / name).resolve()
    if path.is_relative_to(folder.resolve()) and path.is_file():
        path.unlink()


def math_font(font: bytes) -> bytes:
    """A style sheet with the font inside: browsers refuse font files beside a page that has no server."""
    data = base64.b64encode(font)
    return (
        b"@font-face { font-family: GradproofMath; src: url(data:font/woff2;base64," + data + b") format('woff2'); }\n"
    )


@dataclass
class Figure:
    """The figure of a paper: its files in the report, what it shows, and which inputs changed since it was made."""

    png: str = ""
    pdf: str = ""
    caption: str = ""
    exists: bool = False  # has the paper a figure that could be made?
    stale: list[str] = field(default_factory=list)


def _json(e: Entry) -> dict[str, Any]:
    """What the page says, as JSON; what all rows were made with stands once."""
    data = e.summary.as_json()
    for row in data["evidence"]:
        del row["versions"], row["code"], row["cached"], row["statement"]
    folded = {f.label: len(f.rows) for f in e.folded}
    return (
        data
        | {"statement": statement_of(e.claim) if e.known else "", "budget": e.budget, "folded": folded}
        | {"page": f"claims/{e.slug}.html", "known": e.known, "made_with": e.runs}
    )


def _can_search(claim: Claim) -> bool:
    """Is there something attached to the claim that a search for counterexamples could draw from?"""
    from gradproof.experiments.attack.attached import experiments_of

    return bool(experiments_of(claim))


class _Pages:
    """One run of the writer."""

    def __init__(self, folder: Path, entries: list[Entry], ledger: Ledger, figures: Path, targets: list[str],
                 problems: list[str]) -> None:  # fmt: skip
        self.folder, self.entries, self.figures = folder, entries, figures
        self.room, self.problems = ALL_FIGURES, problems
        self.cited: set[str] = set()  # derivations and errata that a page links to
        self.named = {e.claim.id: f"claims/{e.slug}.html" for e in entries if e.known}
        self.named |= {name: notes.page(name) for name in notes.sources()}
        self.written: dict[str, None] = {}  # a set that keeps its order
        loader = jinja2.PackageLoader("gradproof", "templates")
        self.env = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )
        self.env.filters.update(
            tex=lambda s: Markup(mathml(s)),
            display=lambda s: Markup(mathml(s, display=True)),
            prose=jinja2.pass_context(lambda page, s: self._cite(page, Markup(prose(s)))),
            label=lambda s: Markup(prose(s)),  # for what is inside a link already
            plain=plain,  # for attributes, which hold no formulas
            cite=jinja2.pass_context(lambda page, s: self._cite(page, escape(s))),
            when=lambda t: time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(t)),
            size=lambda n: f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{max(n, 100) / 1e3:.1f} kB",
        )
        self.env.globals.update(
            version=gradproof.__version__, marks=MARKS, meaning=MEANING, made=time.time(),
            ledger=ledger.path.name, levels=list(Level), Level=Level,
            domain=lambda s: pretty_set(s).replace("inf", "∞"), tightness=show_tightness, factor=show_factor, targets=targets,
            counts=model.counts, words=WORDS, problems=problems, can_search=_can_search, note_page=notes.page, glossary=GLOSSARY,
            checked_mark=CHECKED, cited_mark=CITED,
        )  # fmt: skip

    def write(self) -> None:
        papers: dict[str, list[Entry]] = {}
        for e in self.entries:
            papers.setdefault(e.claim.paper.key, []).append(e)
        for kind in ("png", "pdf"):
            for found in papers.values():
                self._copy(found[0].claim.paper.stem, kind)
        shown = {key: self._figure(found[0]) for key, found in papers.items()}
        slugs = {key: slug(key) for key in papers}
        static = files("gradproof") / "static"
        for asset in ("report.css", "report.js", "math-font-license.txt"):
            self._put(f"assets/{asset}", (static / asset).read_bytes())
        words = json.dumps(MEANING | GLOSSARY, ensure_ascii=False)
        self._put("assets/words.js", f'"use strict";\nglobalThis.gradproofWords = {words};\n'.encode())
        self._put("assets/math.css", math_font((static / "math.woff2").read_bytes()))
        self._page("index.html", "index.html", root="", entries=self.entries, papers=papers, slugs=slugs)
        self._page("about.html", "about.html", root="")
        for key, found in papers.items():
            self._page("paper.html", f"papers/{slugs[key]}.html", root="../", paper=found[0].claim.paper,
                       entries=found, figure=shown[key], derivation=self._derivation(found[0]))  # fmt: skip
            for k, e in enumerate(found):
                for proof in [p for shown_ in (*e.evidence, *e.controls) for p in shown_.proofs if p.file]:
                    self._put(f"proofs/{proof.file}", proof.content.encode())
                for name, content in [pair for f in (*e.found, *e.earlier) for pair in f.files.items()]:
                    self._put(f"counterexamples/{name}", content)
                near = (found[k - 1] if k else None, found[k + 1] if k + 1 < len(found) else None)
                self._page("claim.html", f"claims/{e.slug}.html", root="../", e=e, claim=e.claim, s=e.summary, near=near,
                           figure=shown[key], paper_page=f"papers/{slugs[key]}.html", derivation=self._derivation(e))  # fmt: skip
        self._notes({self._derivation(found[0]): found[0].claim.paper for found in papers.values()}, slugs)
        data = {
            "gradproof": gradproof.__version__,
            "claims": [_json(e) for e in self.entries],
            "files": sorted({*self.written, MANIFEST}),
        }
        self._put(MANIFEST, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())

    def _derivation(self, e: Entry) -> str:
        """The name of the paper's derivations, or nothing."""
        name = f"docs/derivations/{e.claim.paper.stem}.md"
        return name if e.known and not e.file and name in notes.sources() else ""

    def _cite(self, page: Any, markup: Markup) -> Markup:
        """A text of this page, in which the notes and claims it names are links; the notes will be written."""
        self.cited |= notes.cited([markup])
        return notes.linked(markup, self.named, page["root"], page["page"])

    def _notes(self, papers: dict[str, Paper], slugs: dict[str, str]) -> None:
        """The notes that were linked to, and those that they link to."""
        todo = self.cited | set(papers) - {""}
        done: set[str] = set()
        while todo:
            name = min(todo)
            page, paper = notes.page(name), papers.get(name)
            root = "../" * page.count("/")
            note = notes.render(name, self.named, root)
            self._page("note.html", page, root=root, note=note, paper=paper,
                       paper_page=f"papers/{slugs[paper.key]}.html" if paper else "")  # fmt: skip
            done.add(name)
            todo = (todo | notes.cited([notes.sources()[name]])) - done

    def _copy(self, stem: str, kind: str) -> None:
        """Copy a paper's figure where it has been made; a PDF only if there is room left."""
        source, name = self.figures / f"{stem}.{kind}", f"figures/{stem}.{kind}"
        if slug(stem) != stem or not os.path.lexists(source) or name in self.written:
            return
        try:
            content = read_regular(source, LARGEST)
        except (OSError, ValueError) as error:
            self.problems.append(f"{source}: {getattr(error, 'strerror', None) or error}")
            return
        if kind == "png" or len(content) <= self.room:
            self.room -= len(content)
            self._put(name, content)

    def _figure(self, e: Entry) -> Figure:
        """The figure of a paper, and whether it is current."""
        stem = e.claim.paper.stem
        png, pdf = (name if (name := f"figures/{stem}.{kind}") in self.written else "" for kind in ("png", "pdf"))
        shown = Figure(png, pdf)
        if e.known and stem.isidentifier() and stem in registry.stems():
            shown.caption, shown.exists = make.caption(stem), make.exists(stem)
            if shown.png and shown.exists:
                shown.stale = make.explain(stem, self.figures)
        return shown

    def _page(self, template: str, name: str, **values: Any) -> None:
        self._put(name, self.env.get_template(template).render(page=name, **values).encode())

    def _put(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
        self.written[name] = None
