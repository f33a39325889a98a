"""What the documentation shows is run: its Python blocks page by page, its cheap commands, and its links."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradproof.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts and "_generated" not in p.parts)
BLOCKS = {p: re.findall(r"```python\n(.*?)```", p.read_text(), re.S) for p in PAGES}
#: their blocks are run by tests of their own, or take the whole of ef21
ELSEWHERE = {"own-claim.md", "own-proof.md", "tour.md"}
CHEAP = re.compile(r"^gradproof (bound|show|list|certify|check)\b(.*?)(?:\s+#.*)?$", re.M)
COMMAND = re.compile(r"^gradproof ([a-z]+)((?: +[^#\n]+)?)", re.M)


def _id(path):
    return str(path.relative_to(DOCS))


@pytest.mark.parametrize("path", [p for p in PAGES if BLOCKS[p] and p.name not in ELSEWHERE], ids=_id)
def test_the_python_of_a_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = {"__name__": "__main__"}
    for block in BLOCKS[path]:
        exec(compile(block, str(path), "exec", dont_inherit=True), found)


def test_there_are_pages_for_each_task():
    names = {_id(p) for p in PAGES}
    wanted = {"own-claim.md", "own-proof.md",
              "howto/own-method.md", "howto/own-solver.md", "howto/gpu.md", "howto/cluster.md", "howto/share.md",
              "verdicts.md", "errata.md", "first-hour.md", "tour.md"}  # fmt: skip
    assert names >= wanted
    assert all(
        BLOCKS[DOCS / "howto" / f"{name}.md"] for name in ("own-method", "own-solver", "gpu", "cluster", "share")
    )


def test_the_first_hour_ends_as_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    template = BLOCKS[DOCS / "own-claim.md"][0]
    mine = tmp_path / "mine.py"
    mine.write_text(template)
    result = CliRunner().invoke(main, ["verify", "mine.py", "--jobs", "1"])
    assert result.exit_code == 0
    assert "caught 1/1" in result.output
    assert float(re.search(r"caught 1/1 +([\d.]+)", result.output)[1]) > 0.99
    mine.write_text(template.replace("4*N + 2", "4*N + 4").replace("mine.my-rate", "mine.too-good"))
    result = CliRunner().invoke(main, ["falsify", "mine.py"])
    assert result.exit_code == 1
    assert "N = 1" in result.output
    result = CliRunner().invoke(main, ["report", "mine.py", "-o", "report"])
    assert result.exit_code == 0
    assert (
        "A search saved a counterexample to this claim" in (tmp_path / "report/claims/mine.too-good.html").read_text()
    )


@pytest.mark.parametrize("path", PAGES, ids=_id)
def test_cheap_commands_work_in_their_order(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = "\n".join(re.findall(r"```(?:sh|console)?\n(.*?)```", path.read_text(), re.S))
    for command, rest in CHEAP.findall(re.sub(r"^\$ ", "", shell, flags=re.M)):
        result = CliRunner().invoke(main, [command, *shlex.split(rest)])
        assert result.exit_code == 0, (command, rest, result.output)


@pytest.mark.parametrize("path", [*PAGES, DOCS.parent / "README.md"], ids=lambda p: p.name)
def test_every_command_and_option_exists(path):
    shell = "\n".join(re.findall(r"```(?:sh|console)?\n(.*?)```", path.read_text(), re.S))
    for name, rest in COMMAND.findall(re.sub(r"^\$ ", "", shell, flags=re.M)):
        command = main.commands[name]
        known = {o for p in command.params for o in p.opts} | {"--help", "--version"}
        used = re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", rest.split(";")[0])
        assert set(used) <= known, (path.name, name, used)


@pytest.mark.parametrize("path", [*PAGES, DOCS.parent / "README.md"], ids=lambda p: p.name)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", re.sub(r"```.*?```", "", path.read_text(), flags=re.S)):
        assert "_generated" in target or (path.parent / target).exists(), target
