"""A deadline ends what it is set for, in Python and in C code, with one job and with two, and takes nothing else with it."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections import deque

import pytest

from gradproof import experiment, own_claim
from gradproof.experiments.attack.falsify import falsify_claim
from gradproof.experiments.engine.check import check
from gradproof.experiments.engine.deadline import TimedOut, deadline
from gradproof.experiments.engine.executors import WORKER_DIED, Failed, Forked, Processes, Serial
from gradproof.experiments.engine.verify import verify
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.paper import Paper

COPIES = pytest.mark.copies


@pytest.fixture
def bell():
    """The caller's own handler; what it was called for, and when."""
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    yield rung
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


# --- the signal ------------------------------------------------------------------------------------------------------


def test_a_body_in_python_is_ended():
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"timed out after 0\.2 s"), deadline(0.2):
        spin(30)
    assert time.monotonic() - begun < 5


def test_what_swallows_the_first_signal_gets_another():
    swallowed = []

    def body():
        for _ in range(3):
            try:
                spin(30)
            except BaseException as error:
                swallowed.append(error)
        spin(30)

    with pytest.raises(TimedOut), deadline(0.1):
        body()
    assert len(swallowed) == 3


def test_a_value_made_of_a_swallowed_signal_is_no_value():
    def body(made):
        try:
            spin(30)
        except BaseException:
            return made()

    for made in (lambda: 0.5, lambda: 1 / 0):
        with pytest.raises(TimedOut), deadline(0.1):
            body(made)


def test_a_body_that_is_in_time_is_left_alone():
    with deadline(30):
        value = 1
    assert value == 1
    with pytest.raises(ZeroDivisionError), deadline(30):
        1 / 0  # noqa: B018
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_callers_timer_has_the_time_that_is_left(bell):
    handler = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 20, 7)
    with deadline(30):
        spin(0.2)
    left, every = signal.getitimer(signal.ITIMER_REAL)
    assert 15 < left < 19.9
    assert every == 7
    assert signal.getsignal(signal.SIGALRM) is handler
    with pytest.raises(TimedOut), deadline(0.1):
        spin(30)
    assert 10 < signal.getitimer(signal.ITIMER_REAL)[0] < left
    assert not bell


def test_the_callers_timer_rings_in_the_body(bell):
    begun = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(TimedOut), deadline(0.5):
        spin(30)
    assert len(bell) == 1
    assert 0.1 <= bell[0] - begun < 0.5
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_callers_handler_may_raise(bell):
    def raises(*_):
        raise KeyError("mine")

    signal.signal(signal.SIGALRM, raises)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(KeyError, match="mine"), deadline(30):
        spin(30)


def test_deadlines_may_be_nested():
    with pytest.raises(TimedOut, match=r"after 0\.1 s"), deadline(0.1), deadline(30):
        spin(30)
    with deadline(30):
        with pytest.raises(TimedOut, match=r"after 0\.1 s"), deadline(0.1):
            spin(30)
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30


def test_another_thread_has_no_signal():
    done = []

    def body():
        with deadline(0.05):
            time.sleep(0.2)
        done.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert done


# --- workers -----------------------------------------------------------------------------------------------------------


class Endless:
    def __repr__(self):
        return repr(self)


def hang(x):
    """1 is in C code, 2 handles every exception, 3 and 4 leave, 5 recurses until the stack of C ends, 6 interrupts."""
    import faulthandler
    import os

    with deadline(1.0 if x in (1, 2) else 120.0):
        if x == 1:
            deque(itertools.repeat(0), maxlen=0)  # for ever, with the interpreter's lock: no signal, no other thread
        while x == 2:
            try:
                time.sleep(600)
            except BaseException:
                continue
        if x == 3:
            os._exit(0)
        if x == 4:
            raise SystemExit
        if x == 5:
            faulthandler.disable()
            sys.setrecursionlimit(10**9)
            repr(Endless())
        if x == 6:
            raise KeyboardInterrupt
        return x


@pytest.mark.parametrize(
    "executor",
    [
        pytest.param(Processes(1), marks=pytest.mark.slow),
        pytest.param(Processes(2), marks=pytest.mark.slow),
        pytest.param(Forked(), marks=COPIES),
    ],
    ids=str,
)
def test_each_item_has_its_own_end(executor):
    begun = time.monotonic()
    got = dict(executor.run(hang, list(range(9))))
    assert got == {
        0: 0,
        1: Failed("timed out after 1 s"),
        2: Failed("timed out after 1 s"),
        3: Failed(WORKER_DIED),
        4: Failed("SystemExit: "),
        5: Failed(WORKER_DIED),
        6: Failed("KeyboardInterrupt: "),
        7: 7,
        8: 8,
    }
    assert time.monotonic() - begun < 400


def test_an_item_in_this_process_that_leaves_is_a_failure_of_its_own():
    def leaves(x):
        if x:
            sys.exit(0)

    assert dict(Serial().run(leaves, [0, 1, 0])) == {0: None, 1: Failed("SystemExit: 0"), 2: None}


# --- verify --------------------------------------------------------------------------------------------------------------

FILE = """
import itertools, os, sys, time
from collections import deque
from fractions import Fraction
from gradproof import Claim, Level, Measurement, Paper, Relation, cases, check, experiment, measure, register
PAPER = Paper(key="mine", authors=("me",), title="t", year=2026, family="own")
NAMES = ("good", "in-c", "swallows", "exits", "sleeps", "recursion")
CLAIMS = {n: Claim(id=f"mine.{n}", paper=PAPER, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
                   relation=Relation.LE, expression=1) for n in NAMES}
register(*CLAIMS.values())

@measure(CLAIMS["good"], cases(), timeout=60)
def good():
    return Fraction(1, 2)

@measure(CLAIMS["in-c"], cases(), timeout=1)
def in_c():
    deque(itertools.repeat(0), maxlen=0)

@measure(CLAIMS["swallows"], cases(), timeout=1)
def swallows():
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass

@measure(CLAIMS["exits"], cases(), timeout=60)
def exits():
    os._exit(0)

@check(CLAIMS["sleeps"], level=Level.EXACT, timeout=1)
def sleeps(ctx):
    time.sleep(600)
    yield Measurement(measured=0.5, bound=1.0)

@measure(CLAIMS["recursion"], cases(), timeout=60)
def recursion():
    return recursion()
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_check_that_does_not_end_is_its_row_alone(tmp_path, jobs):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    begun = time.monotonic()
    command = [sys.executable, "-m", "gradproof", "verify", str(path), "--jobs", str(jobs), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 3, done.stderr
    assert time.monotonic() - begun < 400
    found = {c["claim"]: (c["outcome"], c["evidence"][0]["reason"]) for c in json.loads(done.stdout)["claims"]}
    assert found.pop("mine.good")[0] == "confirmed"
    outcome, reason = found.pop("mine.recursion")
    assert outcome == "undecided"
    assert "RecursionError" in reason
    assert found == {
        "mine.in-c": ("undecided", "timed out after 1 s"),
        "mine.swallows": ("undecided", "timed out after 1 s"),
        "mine.sleeps": ("undecided", "timed out after 1 s"),
        "mine.exits": ("undecided", WORKER_DIED),
    }


@COPIES
def test_a_check_of_a_notebook_is_ended_too():
    claim = Claim(
        id="zz-deadline.c", paper=Paper(key="zz-deadline", authors=("A",), title="T", year=2020, family="classical"),
        title="t", statement="s", parameters=(), assumptions=(), quantity="x", relation=Relation.LE, expression=1,
    )  # fmt: skip
    registry.register(claim)
    try:

        def in_c(ctx):
            deque(itertools.repeat(0), maxlen=0)

        def good(ctx):
            yield Measurement(measured=0.5, bound=1.0)

        check(claim, level=Level.EXACT, timeout=0.5)(in_c)
        check(claim, level=Level.EXACT)(good)
        for jobs in (1, 2):
            rows = {r.check: r for r in verify([claim], jobs=jobs, fresh=True)}
            assert rows["good"].verdict.outcome is Outcome.CONFIRMED
            assert rows["in_c"].verdict.reason == "timed out after 0.5 s"
            assert rows["in_c"].seconds > 0.5
    finally:
        registry.forget(claim)


# --- falsify -------------------------------------------------------------------------------------------------------------

HEAD = """
import itertools, os, sys, time
from collections import deque
from gradproof import experiment, own_claim
def stated(name):
    return own_claim(f"mine.{name}", parameters={"a": "a size"}, quantity="x", bound="a")
@experiment(stated("good"))
def good(a):
    return a / 2
"""

MEASURES = {
    "in C code": ("deque(itertools.repeat(0), maxlen=0)", "timed out after 11 s"),
    "swallows": (
        "while True:\n        try: time.sleep(600)\n        except BaseException: pass",
        "timed out after 11 s",
    ),
    "sleeps": ("time.sleep(600)", "timed out after 11 s"),
    "leaves": ("sys.exit(0)", "SystemExit"),
    "exits": ("os._exit(0)", WORKER_DIED),
}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(*v, id=k, marks=[] if k in ("in C code", "leaves") else pytest.mark.slow)
        for k, v in MEASURES.items()
    ],
)
@COPIES
def test_a_search_whose_measure_does_not_return_is_undecided(tmp_path, body, reason):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + f"@experiment(stated('bad'))\ndef bad(a):\n    {body}\n")
    begun = time.monotonic()
    command = [sys.executable, "-m", "gradproof", "falsify", str(path), "--seconds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert time.monotonic() - begun < 400
    good, bad = json.loads(done.stdout)
    assert good["measurement"] is not None
    assert not good["note"]
    assert bad["measurement"] is None
    assert reason in bad["note"]


@COPIES
def test_one_search_of_two_that_is_cut_off_leaves_the_claim_undecided():
    claim = own_claim("inline.two", parameters={"a": "a size"}, quantity="x", bound="a")

    @experiment(claim)
    def good(a):
        return a / 2

    @experiment(claim)
    def leaves(a):
        import os

        os._exit(0)

    found = falsify_claim(claim, seconds=2)
    assert found.measurement is None
    assert found.note == WORKER_DIED


@COPIES
def test_errors_of_a_search_reach_the_caller():
    claim = own_claim("inline.drawn", parameters={"a": "a size"}, quantity="x", bound="a")

    @experiment(claim, b=lambda a: {}["no"])
    def measured(a, b):
        return a

    with pytest.raises(ParameterError, match=r"drawing an instance .* fails: KeyError"):
        falsify_claim(claim, seconds=2)
