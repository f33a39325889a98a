"""The house holds: imports go one way, a paper has one stem in every room, importing is quick."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from gradproof.theory import registry

ORDER = {"theory": 0, "solvers": 1, "experiments": 2, "paper_figures": 3, "api": 4}
PEP_LAYERS = ("model", "solve", "certify")  # what is written down, what is solved, what is proved
HEAVY = (
    "numpy",
    "scipy",
    "sympy",
    "cvxpy",
    "flint",
    "matplotlib",
    "xarray",
    "sklearn",
    "rich",
    "click",
    "torch",
    "jax",
)


def _root(room):
    name = "gradproof" if room == "api" else f"gradproof.{room}"
    return Path(importlib.import_module(name).__path__[0])


def _files(room):
    """The files of a room; installed, the rooms lie inside the folder of api, in a checkout beside it."""
    root = _root(room).resolve()
    inside = [r for r in (_root(other).resolve() for other in ORDER) if root in r.parents]
    files = [f for f in root.rglob("*.py") if not any(r in f.parents for r in inside)]
    assert files, f"no file in {root}"
    return files


def _imports(file, modules=()):
    """What a file imports anywhere, in functions and for type checkers too; ``from a import b`` is a.b if that is a module."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            named = [f"{node.module}.{a.name}" for a in node.names]
            yield from (name if name in modules else node.module for name in named)


def _modules(room):
    """Name -> file of every module of a room."""
    root, package = _root(room), "gradproof" if room == "api" else f"gradproof.{room}"
    return {
        ".".join(
            [package, *(p for p in file.relative_to(root.resolve()).with_suffix("").parts if p != "__init__")]
        ): file
        for file in _files(room)
    }


def _circles(graph):
    """The sets of modules that all reach each other, from module -> what it imports."""

    def reached(start):
        found, todo = set(), [start]
        while todo:
            new = set(graph.get(todo.pop(), ())) - found
            found |= new
            todo += new
        return found

    reach = {module: reached(module) for module in graph}
    return {frozenset(n for n in reach[m] if m in reach.get(n, ())) for m in graph if m in reach[m]}


def _room_of(module):
    parts = module.split(".")
    if parts[0] != "gradproof":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ORDER else "api"


@pytest.mark.parametrize("room", ORDER)
def test_imports_go_one_way(room):
    for file in _files(room):
        for module in _imports(file):
            target = _room_of(module)
            if target is None or target == room:
                continue
            assert ORDER[target] < ORDER[room], f"{file.name} in {room} imports {module}"


@pytest.mark.parametrize("room", ORDER)
def test_no_circle_inside_a_room(room):
    modules = _modules(room)
    graph = {name: {m for m in _imports(file, modules) if m in modules} for name, file in modules.items()}
    assert any(graph.values())
    found = _circles(graph)
    assert not found, f"circles of imports: {[sorted(c) for c in found]}"


def test_circles_are_found_wherever_an_import_stands(tmp_path):
    sources = {
        "a": "def f():\n    from room import b\n",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from room.c import C\n",
        "c": "import room.a\n",
        "d": "from room.a import f\nfrom room import e\n",
        "e": "import json\n",
    }
    files = {f"room.{name}": tmp_path / f"{name}.py" for name in sources}
    for name, text in sources.items():
        files[f"room.{name}"].write_text(text)
    graph = {name: {m for m in _imports(file, files) if m in files} for name, file in files.items()}
    assert graph["room.d"] == {"room.a", "room.e"}
    assert _circles(graph) == {frozenset({"room.a", "room.b", "room.c"})}


def test_the_layers_of_performance_estimation_go_one_way():
    root, package = _root("solvers") / "pep", "gradproof.solvers.pep"
    modules = _modules("solvers")
    assert {f.name for f in root.glob("*.py")} == {"__init__.py"}
    assert {f.parent.name for f in root.glob("*/*.py")} == set(PEP_LAYERS)
    for rank, layer in enumerate(PEP_LAYERS):
        below = PEP_LAYERS[: rank + 1]
        for file in (root / layer).glob("*.py"):
            for module in _imports(file, modules):
                if module == package or module.startswith(f"{package}."):
                    assert module.removeprefix(package).split(".")[1:2] in [[b] for b in below], f"{file}: {module}"


def test_theory_imports_sympy_and_the_standard_library_only():
    allowed = {"gradproof", "sympy", "mpmath", *sys.stdlib_module_names}
    for file in _files("theory"):
        for module in _imports(file):
            assert module.split(".")[0] in allowed, f"{file.name} imports {module}"


def test_the_kernel_needs_no_solver():
    code = (
        "import sys\n"
        "from gradproof.theory import proof, proof_json, axioms, field, derivation_json, tie\n"
        "bad = [m for m in ('numpy', 'scipy', 'cvxpy', 'clarabel', 'flint') if m in sys.modules]\n"
        "assert not bad, bad\n"
    )
    # sympy may itself look for flint or numpy; the kernel's own sources must not name them
    derivations = ("derivation", "derivation_json", "workings", "rules", "reading", "coverage", "tie", "facts")
    for name in ("proof", "proof_json", "axioms", "field", "coefficient", "proof_text", *derivations):
        modules = set(_imports(_root("theory") / f"{name}.py"))
        assert not {m.split(".")[0] for m in modules} & {"numpy", "scipy", "cvxpy", "clarabel", "flint"}
    subprocess.run([sys.executable, "-c", code.replace(", 'flint'", "")], check=True)


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, gradproof; bad = [m for m in {HEAVY!r} if m in sys.modules]; assert not bad, bad"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_package_is_quick():
    code = "import time; t = time.process_time(); import gradproof; print(time.process_time() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.3


def test_a_paper_has_one_stem():
    for paper in registry.papers():
        assert registry.stems()[paper.stem] == paper.family


def test_every_claim_has_checks_and_a_control():
    from gradproof.experiments.engine.check import checks_of
    from gradproof.theory.evidence import Level

    for claim in registry.claims():
        levels = {c.level for c in checks_of(claim, "gpu")}
        assert Level.CONTROL in levels, f"{claim.id} has no control"
        assert levels - {Level.CONTROL}, f"{claim.id} has no check"


def test_every_claim_has_two_kinds_of_evidence_or_says_why():
    from gradproof.experiments.engine.check import checks_of
    from gradproof.theory.evidence import Level

    for claim in registry.claims():
        if claim.false_as_published:  # one counterexample settles it
            continue
        levels = {c.level for c in checks_of(claim, "full")} - {Level.CONTROL}
        assert len(levels) > 1 or "one kind of evidence" in claim.remark, f"{claim.id} has {levels} only"


def test_no_file_is_too_long():
    for room in ORDER:
        for file in _files(room):
            assert len(file.read_text().splitlines()) <= 500, file
