"""A saved counterexample decides on another machine: it carries the claim and the measure, and names no place of this one."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import strategies as st
from sympy import Interval

from gradproof import experiment, own_claim
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.engine.verify import load_file
from gradproof.testing import points, smooth_convex, sqrt
from gradproof.theory.errors import UnknownClaim

FACTOR = 0.5


def _double(x):
    return 2 * x


def _halved(x):
    return FACTOR * _double(x) * math.sqrt(1)


FILE = '''
"""A claim of a file, with a module beside it."""
from gradproof import experiment, own_claim
from gradproof.testing import points, smooth_convex
from steps_beside import descend
CLAIM = own_claim("carried.file", parameters={"L": "smoothness constant", "N": "number of steps", "R2": "|x0 - x*|^2"},
                  quantity="f(x_N) - f*", bound="L*R2/(8*N + 4)")
@experiment(CLAIM, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
def gap(f, x0, L, N):
    x = descend(f, x0, L, N)
    d = x0 - f.minimizer
    return f(x) - f.minimum, {"R2": d @ d}
'''
BESIDE = """
def descend(f, x, L, N):
    for _ in range(N):
        x = x - f.gradient(x) / L
    return x
"""


def _runs(program, folder):
    return subprocess.run([sys.executable, "-I", program], capture_output=True, text=True, cwd=folder)


def test_a_claim_of_a_file_travels_with_the_modules_beside_it(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine.py").write_text(FILE)
    (here / "steps_beside.py").write_text(BESIDE)
    monkeypatch.syspath_prepend(str(here))
    (claim,) = load_file(str(here / "mine.py"))
    found = falsify_claim(claim, seconds=40, file=str(here / "mine.py"))
    assert found.violated, found
    data, program = found.save(tmp_path / "elsewhere")
    for path in (data, program):
        assert str(tmp_path) not in path.read_text()
    (here / "mine.py").unlink()  # another machine has neither
    (here / "steps_beside.py").unlink()
    done = _runs(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "exact rational arithmetic" in done.stdout


def test_a_claim_stated_in_a_session_travels_as_text(tmp_path):
    c = own_claim(
        "carried.session", parameters={"x": ("a number", Interval(0, 5)), "y": "another"}, quantity="q",
        assumptions={"order": "x <= y", "words": "it is so"}, bound="0.99*x + y - y",
    )  # fmt: skip

    @experiment(c)
    def measure(x, y):
        return _halved(x) + np.abs(y) - y + sqrt(0)

    found = falsify_claim(c, seconds=20)
    assert found.violated
    program = found.save(tmp_path)[1]
    text = program.read_text()
    assert "def _double(x):" in text
    assert "FACTOR = 0.5" in text
    done = _runs(program, tmp_path)
    assert done.returncode == 0, done.stderr
    program.write_text(text.replace("'x': ", "'x': 0 * "))  # 0 <= 0 is no counterexample
    done = _runs(program, tmp_path)
    assert done.returncode != 0


def test_a_claim_of_the_library_is_asked_for_its_statement():
    with pytest.raises(UnknownClaim, match="is stated otherwise by this version of gradproof"):
        replay("ef21.nonconvex-am", {}, statement="0" * 16)


def test_sources_that_do_not_state_the_claim_say_what_they_state():
    text = (
        "from gradproof import own_claim\nown_claim('carried.other', parameters={'x': 'a'}, quantity='q', bound='x')\n"
    )
    with pytest.raises(UnknownClaim, match=r"the sources state carried\.other, not carried\.file"):
        replay("carried.file", {}, sources={"stated.py": text})


def test_what_has_no_text_is_left_out_and_the_program_says_what_it_needs(tmp_path):
    c = own_claim("carried.opaque", parameters={"x": "a number"}, quantity="q", bound="x/2")
    generator = object()

    @experiment(c, x=st.just(1.0))
    def measure(x):
        return x if generator else 0

    found = falsify_claim(c, evaluations=20)
    assert found.violated
    assert not found.sources
    assert (
        "its program needs the session that states the claim, which has no text: ValueError: object has no literal"
        in str(found)
    )
    assert "Its program needs the session" in found.save(tmp_path)[1].read_text()


def test_instances_with_drawn_objects_are_written_down(tmp_path):
    c = own_claim("carried.objects", parameters={"L": "smoothness", "R2": "|x0|^2"}, quantity="q", bound="L*R2/5")

    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
    def measure(f, x0, L):
        d = x0 - f.minimizer
        return f(x0) - f.minimum, {"R2": d @ d}

    found = falsify_claim(c, seconds=20)
    assert found.violated
    assert {"f", "x0"} <= set(found.instance)
    done = _runs(found.save(tmp_path)[1], tmp_path)
    assert done.returncode == 0, done.stderr
