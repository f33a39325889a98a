"""Shared by all tests: one BLAS thread, slow tests on request, and a ledger that is not the user's."""

import importlib
import os
import shutil
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Reproducible in continuous integration, and no deadline: a loaded machine is not a failing test.
settings.register_profile("gradproof", deadline=None, derandomize=True)
settings.load_profile("gradproof")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if {"optional", "on_backend", "coq"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("extras")
    if not config.getoption("--run-slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; run with --run-slow"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("copies") is not None:
        from gradproof.experiments.engine.workers import can_fork

        if not can_fork():  # asked now: another test of this process may have loaded a library that forbids it
            pytest.skip("no copy of this process can be made here")


@pytest.fixture
def optional():
    """Import a library that need not be there. Without it the test is skipped, or fails if GRADPROOF_ALL_EXTRAS is set."""

    def get(name):
        try:
            return importlib.import_module(name)
        except ImportError as error:
            reason = f"{name} is not installed"
            if os.environ.get("GRADPROOF_ALL_EXTRAS"):
                pytest.fail(f"no test may be skipped here: {reason} ({error})")
            pytest.skip(reason)

    return get


@pytest.fixture
def coq():
    """The proof assistant. Without it the test is skipped, or fails if GRADPROOF_ALL_EXTRAS is set."""
    if shutil.which("coqc") is None:
        if os.environ.get("GRADPROOF_ALL_EXTRAS"):
            pytest.fail("no test may be skipped here: coqc is not installed")
        pytest.skip("coqc is not installed")


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    """Every test has a ledger of its own, in child processes too."""
    monkeypatch.setenv("GRADPROOF_LEDGER", str(tmp_path / "ledger.sqlite"))


@pytest.fixture(autouse=True)
def own_registry():
    """Claims that a test states are forgotten when it ends: the registry is the library's."""
    yield
    registry = sys.modules.get("gradproof.theory.registry")
    for id in [i for i, c in registry._CLAIMS.items() if c.paper.family == "own"] if registry else ():
        del registry._CLAIMS[id]
