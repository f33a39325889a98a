"""Wrong constants in the source make ``gradproof verify`` exit with 1: the checks have power over the code itself."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONSTANTS = "theory/communication/ef21/constants.py"
CLAIMS = "theory/communication/ef21/claims.py"

MUTANTS = {
    "xi halved": (CONSTANTS, "return _root(1 - alpha) / theta(alpha)", "return _root(1 - alpha) / theta(alpha) / 2"),
    "step_size_am from L_QM with a wrong factor": (
        CONSTANTS,
        "return gamma_from_mean(L, arithmetic_mean(L_i), alpha)",
        "return gamma_from_mean(L, quadratic_mean(L_i) / 2, alpha)",
    ),
    "the initial distortion dropped": (
        CLAIMS,
        "return 2 * _gap / (_g * T.symbol) + error / (theta(at) * T.symbol)",
        "return 2 * _gap / (_g * T.symbol)",
    ),
    "the sharp threshold 1% too large": (
        CONSTANTS,
        "return 2 * alpha / ((2 - alpha)",
        "return sp.Rational(202, 100) * alpha / ((2 - alpha)",
    ),
}


@pytest.fixture
def package(tmp_path):
    """A copy of the package's source that a child process imports instead of the installed one."""
    for room in ("", "theory", "solvers", "experiments", "paper_figures"):
        source = Path(importlib.import_module(f"gradproof.{room}".rstrip(".")).__path__[0])
        shutil.copytree(
            source, tmp_path / "gradproof" / room, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def _verify(package):
    command = [sys.executable, "-m", "gradproof", "verify", "ef21.nonconvex-am", "ef21.sharp-threshold", "--jobs", "1"]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(package)}, cwd=package
    )


def test_the_unchanged_source_passes(package):
    done = _verify(package)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(package, mutant):
    file, right, wrong = MUTANTS[mutant]
    path = package / "gradproof" / file
    text = path.read_text()
    assert text.count(right) == 1, f"{mutant}: the line to change occurs {text.count(right)} times"
    path.write_text(text.replace(right, wrong))
    done = _verify(package)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "refuted" in done.stdout
