"""Pages that follow from the package itself: the gallery of claims, and the reference of every public module."""

import pkgutil
import re
import shutil
from pathlib import Path

from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.parameter import pretty_set

ROOMS = {
    "theory": "What is claimed: papers, claims, proofs, and the kernel that checks them.",
    "solvers": "What is exactly true: solvers named by their mathematics.",
    "experiments": "What happens: the engine, instances, attacks on claims, and the checks of each paper.",
    "paper_figures": "Figures: numbers first, then the drawing.",
}


def write(folder: Path) -> None:
    """Write the pages, in place of those of an earlier build."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "claims").mkdir(parents=True)
    (folder / "reference").mkdir()
    _claims(folder)
    _worst_cases(folder)
    _reference(folder)


def _claims(folder: Path) -> None:
    papers = registry.papers()
    for paper in papers:
        found = registry.claims(paper.key)
        name = f"{paper.family}.{paper.stem}"
        where = f"Stated in `gradproof.theory.{name}`, checked in `gradproof.experiments.{name}`."
        text = [f"# {paper.title}", f"{paper.citation}. {where}", ""]
        text += [part for c in found for part in _claim(c)]
        (folder / "claims" / f"{paper.stem}.md").write_text("\n".join(text), encoding="utf-8")
    table = ["| claim | says | paper |", "| --- | --- | --- |"]
    for c in registry.claims():
        table.append(f"| [`{c.id}`](claims/{c.paper.stem}.md) | {_cell(c.title)} | {_cell(c.paper.key)} |")
    toc = "\n".join(f"claims/{p.stem}" for p in papers)
    (folder / "gallery.md").write_text(
        "# Gallery of claims\n\nEvery claim of this version. Their verdicts are in the report (`gradproof report`), which shows "
        "what the machine in front of you found.\n\n" + "\n".join(table)
        + f"\n\n```{{toctree}}\n:hidden:\n{toc}\n```\n", encoding="utf-8",
    )  # fmt: skip


def _worst_cases(folder: Path) -> None:
    """The gallery of textbook methods: what the solver finds at one setting beside the rate of the literature."""
    from gradproof.experiments.classical import _gallery

    _gallery.index()
    text = [
        "# Gallery of worst cases",
        "Textbook methods with a known rate. The worst case over the whole class is what the solver finds at the setting shown,",
        "when these pages are made; the rate is the claim's bound there. *tight*: the rate is attained, so the two agree to the",
        "solver's accuracy. *upper*: the rate is an upper bound, and the difference is its slack. A float of a solver is no",
        "proof: the certificates behind the claims are (`gradproof certify CLAIM name=value ...`).",
        "",
        "| method | measures | at | worst case | rate |",
        "| --- | --- | --- | --- | --- |",
    ]
    for e in _gallery.REGISTRY.values():
        setting = e.settings[0]
        worst, rate = e.worst_case(setting), float(e.claim.bound(**setting))
        at = ", ".join(f"{k}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{v}" for k, v in setting.items())
        found = f"{worst.bound:.7g}" if not worst.reason else f"undecided: {_cell(worst.reason)}"
        says = _cell((e.method.__doc__ or "").splitlines()[0])
        link = f"[`{e.claim.id}`](claims/{e.claim.paper.stem}.md)"
        text.append(f"| {link} | {says} | {at} | {found} | {rate:.7g} {e.mark} |")
    text += [
        "",
        "The source of each rate is on its claim's page; the functions are `wc_*` in `gradproof.experiments.classical`.",
        "",
    ]
    (folder / "worst-cases.md").write_text("\n".join(text), encoding="utf-8")


def _claim(c: Claim) -> list[str]:
    where = f", {_prose(c.where)}" if c.where else ""
    lines = [f"## {c.title}", f"`{c.id}`{where} ({c.standing})", ""]
    lines += [f"$$\n{c.latex}\n$$", "", _prose(c.statement), ""]
    if c.assumptions:
        lines += ["Assumptions:", "", *(f"- `{a.name}`: {a.statement}" for a in c.assumptions), ""]
    if c.parameters:
        lines += ["| symbol | typed | domain | meaning |", "| --- | --- | --- | --- |"]
        for p in c.parameters:
            domain = pretty_set(p.domain).replace("inf", "∞")
            lines.append(f"| {_cell(f'${p.typeset}$')} | `{p.name}` | {_cell(domain)} | {_cell(p.meaning)} |")
        lines.append("")
    if c.false_as_published:
        lines += [f"**False as published.** {_prose(c.false_as_published)}", ""]
    return lines + ([_prose(c.remark), ""] if c.remark else [])


def _prose(text: str) -> str:
    """With links to the derivations and errata that it names; the page lies two folders below them."""
    return re.sub(r"docs/(derivations/\w+|errata)\.md", r"[\1](../../\1.md)", text)


def _cell(text: str) -> str:
    """Text for a cell of a table: bars would end it, also within a formula."""
    parts = re.split(r"(\$[^$]+\$)", text)
    for k, part in enumerate(parts):
        if k % 2:
            parts[k] = part.replace("\\|", r"\Vert ").replace("|", r"\vert ")
        else:
            parts[k] = re.sub(r"([|*<\[])", r"\\\1", part)
    return "".join(parts)


def _reference(folder: Path) -> None:
    (folder / "reference" / "face.md").write_text(_module_page("gradproof", [
        "gradproof.summary", "gradproof.export", "gradproof.falsify", "gradproof.mutants", "gradproof.necessity",
        "gradproof.own", "gradproof.report.site", "gradproof.mathml"],
        "The face: what users call."), encoding="utf-8")  # fmt: skip
    for room, says in ROOMS.items():
        names = [m for m in _modules(f"gradproof.{room}") if not m.rsplit(".", 1)[1].startswith("_")]
        (folder / "reference" / f"{room}.md").write_text(
            _module_page(f"gradproof.{room}", names, says), encoding="utf-8"
        )
    toc = "\n".join(f"reference/{name}" for name in ("face", *ROOMS))
    (folder / "reference.md").write_text(f"# Reference\n\n```{{toctree}}\n:maxdepth: 1\n{toc}\n```\n", encoding="utf-8")


def _modules(package: str) -> list[str]:
    import importlib

    path = importlib.import_module(package).__path__
    return sorted(m.name for m in pkgutil.walk_packages(path, prefix=f"{package}."))


def _module_page(title: str, names: list[str], says: str) -> str:
    parts = [f"# {title}", says, ""]
    for name in names:
        parts += [
            f"## {name}",
            "```{eval-rst}",
            f".. automodule:: {name}",
            "   :members:",
            "   :ignore-module-all:",
            "```",
            "",
        ]
    return "\n".join(parts)
