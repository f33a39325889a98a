"""``python -m pytest -p tests.cpu``: the processor time of each paper's tests, its notebook's kernel and other children included.

A test is a paper's if its name, its file's or its parameter's holds the paper's key. What all tests share (start, imports,
collection) is no paper's. Two processes on one core disturb this less than the clock on the wall, but they do.
"""

import os
import re
from collections import defaultdict

import pytest

import gradproof

_SPENT: dict[str, list[float]] = defaultdict(list)


def _now():
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    item.cpu_at_start = _now()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "teardown":
        report.user_properties.append(("cpu", _now() - item.cpu_at_start))
    return report


def pytest_runtest_logreport(report):
    if report.when == "teardown":
        name = report.nodeid.replace("_", "-")
        for paper in gradproof.papers():
            if paper.family != "classical" and re.search(rf"(?<![a-z0-9]){paper.key}(?![a-z0-9])", name):
                _SPENT[paper.key] += [value for key, value in report.user_properties if key == "cpu"]


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("processor time by paper, in seconds")
    for key, spent in sorted(_SPENT.items(), key=lambda kv: -sum(kv[1])):
        terminalreporter.write_line(f"{sum(spent):8.1f}  {key} ({len(spent)} tests, the longest {max(spent):.1f})")
