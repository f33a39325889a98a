"""What users' test suites get: holds, check_method, and the report at the end of a run."""

import textwrap
from importlib.metadata import distributions
from pathlib import Path

import pytest

from gradproof.experiments.engine.verify import load_file
from gradproof.testing import check_method, holds
from gradproof.theory.errors import ParameterError

pytest_plugins = ["pytester"]
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def loose():
    return load_file(str(EXAMPLES / "true_and_loose.py"))[0]


def test_holds(loose):
    found = holds(loose, evaluations=300)
    assert 0.2 < found.ratio <= 0.5 + 1e-12
    with pytest.raises(AssertionError, match="violated"):
        holds(load_file(str(EXAMPLES / "subtly_false.py"))[0])


def test_an_implementation_is_measured_in_place_of_the_experiments_own(loose):
    def measured(f, x0, gamma, N, power=1):
        x, star = x0, f.minimizer
        for _ in range(N):
            x = x - power * gamma * f.gradient(x)
        return (x - star) @ (x - star), {"R2": (x0 - star) @ (x0 - star)}

    def right(f, x0, gamma, N):
        return measured(f, x0, gamma, N)

    def wrong_sign(f, x0, gamma, N):
        return measured(f, x0, gamma, N, power=-1)

    check_method(right, loose, evaluations=200)
    with pytest.raises(AssertionError, match=r"\[wrong_sign\]"):
        check_method(wrong_sign, loose, evaluations=500)
    with pytest.raises(ParameterError, match="needs 'y0'"):
        check_method(lambda y0: y0, loose)


@pytest.mark.parametrize("extra", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_the_plugin_reports_tightness(pytester, extra):
    pytester.makepyfile(
        textwrap.dedent(
            f"""
            from gradproof.experiments.engine.verify import load_file
            from gradproof.testing import holds

            def test_mine():
                holds(load_file({str(EXAMPLES / "true_and_loose.py")!r})[0], evaluations=100)
            """
        )
    )
    offered = {e.value for d in distributions() for e in d.entry_points if e.group == "pytest11"}
    loads_itself = "gradproof.pytest_plugin" in offered  # not in an editable install that is older than the plugin
    result = pytester.runpytest_subprocess(*extra, *(() if loads_itself else ("-p", "gradproof.pytest_plugin")))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*tightness (best measured/bound*", "example.gd-loose: 0.* over * instances"])
