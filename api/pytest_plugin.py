"""A pytest plugin: after the run, how near the tested claims came to their bounds."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List tightness and effort for every claim that ``holds`` or ``check_method`` tested in this process."""
    suite = sys.modules.get("gradproof.testing.suite")  # imported only by tests that use it
    if suite is None or not suite.REPORTED:
        return
    terminalreporter.section("tightness (best measured/bound; 1 = attained)")
    for claim, ratio, tried in suite.REPORTED:
        terminalreporter.write_line(f"{claim}: {ratio:.4g} over {tried} instances")
