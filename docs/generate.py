"""Pages that follow from the package itself: the gallery of claims, and the reference of every public module."""

import pkgutil
import shutil
from pathlib import Path

from gradproof.theory import registry
from gradproof.theory.claim import CONFIDENCE, Claim
from gradproof.theory.parameter import pretty_set

ROOMS = {
    "theory": "What is claimed: papers, claims, proofs, and the kernel that checks them.",
    "solvers": "What is exactly true: solvers named by their mathematics.",
    "experiments": "What happens: the engine, problems, and the checks of each paper.",
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
        text = [f"# {paper.title}", f"{paper.citation}. Family {paper.family}; `{paper.stem}` in every room.", ""]
        text += [part for c in found for part in _claim(c)]
        (folder / "claims" / f"{paper.stem}.md").write_text("\n".join(text))
    table = ["| claim | says | paper |", "| --- | --- | --- |"]
    for c in registry.claims():
        table.append(f"| [`{c.id}`](claims/{c.paper.stem}.md) | {_cell(c.title)} | {_cell(c.paper.key)} |")
    toc = "\n".join(f"claims/{p.stem}" for p in papers)
    (folder / "gallery.md").write_text(
        "# Gallery of claims\n\nEvery claim of this version. Their verdicts are in the report (`gradproof report`), which shows "
        "what the machine in front of you found.\n\n" + "\n".join(table)
        + f"\n\n```{{toctree}}\n:hidden:\n{toc}\n```\n"
    )  # fmt: skip


def _worst_cases(folder: Path) -> None:
    """The textbook methods whose exact worst case is computed: a section for each module, a row for each method."""
    from gradproof.experiments.classical._gallery import index

    text = [
        "# Gallery of worst cases",
        "Textbook methods whose worst case over a class is computed exactly and compared with the published rate. A *tight* "
        "rate is attained by a function of the class; an *upper* rate holds and may be improved. Each row is one function "
        "`wc_...`, from exact parameters to the worst case, with its certificate:",
        "",
        "```python\nfrom gradproof.experiments.classical.gd import wc_gradient_descent\n\n"
        "worst = wc_gradient_descent(mu=0, L=1, gamma=1, N=5)\nworst.bound, worst.certify().bound\n```",
        "",
        "On the command line, `gradproof certify gd.function-value mu=0 L=1 gamma=1 N=5 -o proof.json` writes the proof, and "
        "`gradproof check proof.json` reads it without any solver.",
        "",
    ]
    rows = index()
    for stem in sorted({registry.claim(r["claim"]).paper.stem for r in rows}):
        text += [f"## {stem.replace('_', ' ')}", "", "| worst case | claim | rate | tried at | source |"]
        text += ["| --- | --- | --- | --- | --- |"]
        for r in (r for r in rows if registry.claim(r["claim"]).paper.stem == stem):
            tried = "; ".join(", ".join(f"{k}={v}" for k, v in s.items()) for s in r["settings"])
            link = f"[`{r['claim']}`](claims/{stem}.md)"
            rate = r["rate"].replace(r"\|", r"\Vert ").replace("|", r"\vert ")  # a bar would end the cell
            text.append(f"| `{r['method']}` | {link}, {r['mark']} | ${rate}$ | {tried} | {_cell(r['source'])} |")
        text.append("")
    (folder / "worst-cases.md").write_text("\n".join(text))


def _claim(c: Claim) -> list[str]:
    lines = [f"## {c.title}", f"`{c.id}`{', ' + c.where if c.where else ''} ({CONFIDENCE[c.confidence]})", ""]
    lines += [f"$$\n{c.latex}\n$$", "", c.statement, ""]
    if c.assumptions:
        lines += ["Assumptions:", "", *(f"- `{a.name}`: {a.statement}" for a in c.assumptions), ""]
    if c.parameters:
        lines += ["| symbol | typed | domain | meaning |", "| --- | --- | --- | --- |"]
        lines += [
            f"| ${p.typeset.replace('|', chr(92) + 'vert ')}$ | `{p.name}` | {_cell(pretty_set(p.domain))} | {_cell(p.meaning)} |"
            if "|" not in p.typeset
            else f"| `{p.name}` | `{p.name}` | {_cell(pretty_set(p.domain))} | {_cell(p.meaning)} |"
            for p in c.parameters
        ]
        lines.append("")
    return lines + ([c.remark, ""] if c.remark else [])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "\\<").replace("[", "\\[")


def _reference(folder: Path) -> None:
    (folder / "reference" / "face.md").write_text(_module_page("gradproof", [
        "gradproof.summary", "gradproof.export", "gradproof.report.site", "gradproof.mathml"],
        "The face: what users call."))  # fmt: skip
    for room, says in ROOMS.items():
        names = [m for m in _modules(f"gradproof.{room}") if not m.rsplit(".", 1)[1].startswith("_")]
        (folder / "reference" / f"{room}.md").write_text(_module_page(f"gradproof.{room}", names, says))
    toc = "\n".join(f"reference/{name}" for name in ("face", *ROOMS))
    (folder / "reference.md").write_text(f"# Reference\n\n```{{toctree}}\n:maxdepth: 1\n{toc}\n```\n")


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
