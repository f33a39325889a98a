"""What README shows is run: its commands, its Python, and its own claim."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradproof.cli import main

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)
COMMANDS = re.findall(r"^gradproof (bound|show|list|certify|check)(.*?)(?:\s+#.*)?$", README, re.M)


def test_the_commands_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 5
    for command, rest in COMMANDS:
        result = CliRunner().invoke(main, [command, *shlex.split(rest)])
        assert result.exit_code == 0, result.output
        if command == "bound":
            assert "31/50" in result.output
            assert "exact: 31/50" in README


def test_the_examples_run():
    code = BLOCKS[0].replace('gradproof.verify("ef21")', "pass")
    found = {}
    exec(code, found)
    assert found["claim"].id == "ef21.nonconvex-am"
    assert found["ef21"].step_size_sharp(1.0, (1, 1, 1, 100), alpha=0.1) == pytest.approx(0.00394, rel=1e-3)


def test_the_own_claim_is_confirmed_and_its_control_caught(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(next(b for b in BLOCKS if "register(RATE)" in b))
    result = CliRunner().invoke(main, ["verify", str(path), "--jobs", "1", "--json"])
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["claims"][0]["outcome"] == "confirmed"
    assert answer["claims"][0]["controls"] == 1
    assert answer["claims"][0]["tightness"] == 1


def test_a_wrong_constant_in_the_own_claim_is_refuted(tmp_path):
    path = tmp_path / "mine.py"
    text = next(b for b in BLOCKS if "register(RATE)" in b)
    wrong = text.replace("(2 * gamma.symbol * (n + 1))", "(2.02 * gamma.symbol * (n + 1))")
    assert wrong != text
    path.write_text(wrong)
    result = CliRunner().invoke(main, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 1, result.output


def test_the_own_claim_is_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(next(b for b in BLOCKS if "register(RATE)" in b))
    found = CliRunner().invoke(main, ["falsify", str(path), "--seconds", "3", "--json"])
    assert found.exit_code == 0, found.output
    (answer,) = json.loads(found.stdout)
    assert answer["tried"] > 10
    assert answer["ratio"] == pytest.approx(1)
    needs = CliRunner().invoke(main, ["necessity", str(path)])
    assert "step_size: needed" in needs.output
