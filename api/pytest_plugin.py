"""A pytest plugin: after the run, how near the tested claims came to their bounds."""

from __future__ import annotations

import sys
from typing import Any

import pytest

_FROM_WORKERS: list[tuple[str, float, int]] = []


def _reported() -> list[tuple[str, float, int]]:
    """What ``holds`` and ``check_method`` noted in this process; importing them is left to the tests that use them."""
    suite = sys.modules.get("gradproof.testing.suite")
    return suite.REPORTED if suite is not None else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands its rows to the controller."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["gradproof_tightness"] = [list(row) for row in _reported()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """The controller of pytest-xdist takes a worker's rows."""
    _FROM_WORKERS.extend(map(tuple, getattr(node, "workeroutput", {}).get("gradproof_tightness", [])))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List tightness and effort for every claim that ``holds`` or ``check_method`` tested."""
    rows = [*_reported(), *_FROM_WORKERS]
    if not rows:
        return
    terminalreporter.section("tightness (best measured/bound; 1 = attained)")
    for claim, ratio, tried in sorted(rows):
        terminalreporter.write_line(f"{claim}: {ratio:.4g} over {tried} instances")
