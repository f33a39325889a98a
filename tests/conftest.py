"""Shared by all tests: one BLAS thread, slow tests on request, and a ledger that is not the user's."""

import os

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
    if not config.getoption("--run-slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; run with --run-slow"))


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    """Every test has a ledger of its own, in child processes too."""
    monkeypatch.setenv("GRADPROOF_LEDGER", str(tmp_path / "ledger.sqlite"))
