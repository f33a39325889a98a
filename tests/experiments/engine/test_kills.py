"""Whoever is killed, and when: nothing finished is lost, nothing is there twice, no worker is left, and no wait lasts for ever."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from gradproof.experiments.engine import workers
from gradproof.experiments.engine.executors import WORKER_DIED, Dask, Failed, Forked, Processes
from gradproof.experiments.engine.store import Ledger
from gradproof.experiments.engine.verify import load_file, verify
from gradproof.theory.evidence import Outcome

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
COPIES = pytest.mark.copies
EVERY_EXECUTOR = pytest.mark.parametrize(
    "executor", [Processes(2), pytest.param(Forked(), marks=COPIES)], ids=lambda e: type(e).__name__
)

CLAIMS = """
    import itertools, os, time
    from collections import deque
    from gradproof import Claim, Level, Measurement, Paper, Relation, check, register
    PAPER = Paper(key="mine", authors=("me",), title="t", year=2026, family="own")
    CLAIMS = [Claim(id=f"mine.c{k}", paper=PAPER, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
                    relation=Relation.LE, expression=1) for k in range(COUNT)]
    register(*CLAIMS)
    def said(k):
        with open(os.environ["TRACE"], "a") as f:
            f.write(f"{k} {os.getpid()}\\n")
    for k, c in enumerate(CLAIMS):
        @check(c, level=Level.EXACT, timeout=float(os.environ.get("TIMEOUT", "60")))
        def numbers(ctx, k=k):
            said(k)
            BODY
            yield Measurement(measured=0.5, bound=1.0)
"""


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """Writes a file of so many claims, whose checks do what ``body`` says."""
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))

    def write(count, body):
        path = tmp_path / "mine.py"
        text = textwrap.dedent(CLAIMS).replace("COUNT", str(count))
        path.write_text(text.replace("BODY", textwrap.indent(textwrap.dedent(body), " " * 8).strip()))
        return path

    return write


def command(path, jobs, *more):
    return [sys.executable, "-m", "gradproof", "verify", str(path), "--jobs", str(jobs), *more]


def trace(tmp_path):
    """(check, process) as they began."""
    file = tmp_path / "trace"
    return [tuple(map(int, line.split())) for line in file.read_text().splitlines()] if file.exists() else []


def eventually(condition, seconds=300.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def running(pid):
    """Is there such a process, other than one that has ended and waits for its parent?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


# --- the parent ends ----------------------------------------------------------------------------------------------------

BUSY = {
    "in C code": "deque(itertools.repeat(0), maxlen=0)",
    "swallows": """
        while True:
            try: time.sleep(600)
            except BaseException: pass
    """,
    "with a child": """
        import subprocess
        child = subprocess.Popen(["sleep", "600"])
        with open(os.environ["TRACE"].replace("trace", "workers"), "a") as f:
            f.write(f"{os.getpid()}\\n")
        with open(os.environ["TRACE"], "a") as f:
            f.write(f"{k} {child.pid}\\n")
        time.sleep(600)
    """,
}


@LINUX
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
@pytest.mark.parametrize("busy", [pytest.param(k, marks=[pytest.mark.slow] * (k != "in C code")) for k in BUSY])
def test_no_worker_outlives_the_parent(stated, tmp_path, jobs, number, busy):
    path = stated(3, BUSY[busy])
    with open(tmp_path / "said", "w") as said:  # no pipe, which what a check has started would keep open
        # a shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that
        heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        parent = subprocess.Popen(command(path, jobs), stdout=subprocess.DEVNULL, stderr=said, preexec_fn=heed)
    per_check = 2 if busy == "with a child" else 1
    try:
        eventually(lambda: len(trace(tmp_path)) == jobs * per_check)
        begun = trace(tmp_path)
        pids = {pid for _, pid in begun}
        assert all(map(running, pids))
        assert parent.pid not in pids
        parent.send_signal(number)
        parent.wait(300)
    finally:
        parent.kill()
        parent.wait()
    assert parent.returncode == (130 if number == signal.SIGINT else -number)
    assert number != signal.SIGINT or "interrupted" in (tmp_path / "said").read_text()
    if busy == "with a child" and number != signal.SIGINT:
        # what a check has started is ended by the parent, or by the worker, where either has the time
        started = set(pids)
        pids = {int(pid) for pid in (tmp_path / "workers").read_text().split()}
        for pid in started - pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(map(running, pids)), 100)


@LINUX
def test_workers_end_with_a_sweep_that_is_left_early():
    for executor in (Processes(2), Forked()):
        outcomes = executor.run(_pid, list(range(10)))
        pid = next(iter(outcomes))[1]
        assert running(pid)
        outcomes.close()
        eventually(lambda pid=pid: not running(pid), 100)


def _pid(_):
    return os.getpid()


@LINUX
def test_workers_end_with_a_program_that_forgets_its_sweep(tmp_path):
    program = """
        from gradproof.experiments.engine.executors import Forked, Processes
        import os
        kept = [e.run(lambda _: os.getpid(), [0, 1, 2]) for e in (Processes(2), Forked())]
        print(*[next(outcomes)[1] for outcomes in kept])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    eventually(lambda: not any(running(int(pid)) for pid in done.stdout.split()), 100)


# --- a worker is killed ---------------------------------------------------------------------------------------------------


@EVERY_EXECUTOR
def test_a_worker_that_is_killed_loses_nothing(stated, tmp_path, executor):
    path = stated(8, "time.sleep(0.2)")
    claims, killed = load_file(str(path)), []

    def kill_the_first(row, done, planned):
        if done == 2:
            pid = trace(tmp_path)[-1][1]
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    ledger = Ledger(tmp_path / "l.sqlite")
    rows = verify(claims, ledger=ledger, executor=executor, file=str(path), on_row=kill_the_first)
    assert killed
    assert [r.verdict.outcome for r in rows] == [Outcome.CONFIRMED] * 8
    assert sorted(r.claim for r in ledger.rows()) == [f"mine.c{k}" for k in range(8)]
    begun = [k for k, _ in trace(tmp_path)]
    assert set(begun) == set(range(8))
    assert len(begun) <= 9  # at most what it had is done twice


@pytest.mark.filterwarnings("ignore")
@COPIES
def test_a_worker_of_dask_that_is_killed_loses_nothing_and_deadlines_hold(stated, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("TIMEOUT", "1")
    path = stated(8, "if k == 5: deque(itertools.repeat(0), maxlen=0)\ntime.sleep(0.2)")
    claims = load_file(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
        with cluster, distributed.Client(cluster) as client:
            victim = next(iter(client.run(os.getpid).values()))

            def kill_one(row, done, planned):
                if done == 2:
                    os.kill(victim, signal.SIGKILL)

            ledger = Ledger(tmp_path / "l.sqlite")
            rows = verify(claims, ledger=ledger, executor=Dask(client), file=str(path), on_row=kill_one)
    found = {r.claim: r.verdict for r in rows}
    assert found.pop("mine.c5").reason == "timed out after 1 s"
    assert {v.outcome for v in found.values()} == {Outcome.CONFIRMED}
    assert len(ledger.rows()) == len(rows) == 8


# --- no wait lasts for ever -------------------------------------------------------------------------------------------------


def leaves_a_child_behind(x):
    """The child keeps the worker's pipe open after the worker has died."""
    if x == 1:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)  # not in the worker's group, with which it would be ended
            time.sleep(150)
            os._exit(0)
        with open(os.environ["TRACE"], "a") as f:
            f.write(f"{x} {child}\n")
        os._exit(1)
    return x


@LINUX
@EVERY_EXECUTOR
def test_a_pipe_that_a_grandchild_keeps_open_is_not_waited_for(executor, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    begun = time.monotonic()
    assert dict(executor.run(leaves_a_child_behind, [0, 1, 2])) == {0: 0, 1: Failed(WORKER_DIED), 2: 2}
    assert time.monotonic() - begun < 140
    left = [pid for _, pid in trace(tmp_path)]
    assert len(left) == 2  # one a try
    for pid in left:
        os.kill(pid, signal.SIGKILL)


class Changed:
    """What cannot be made again where it arrives, as when a source was changed under way."""

    def __init__(self, here=None):
        self.here = here

    def __reduce__(self):
        return _only_in, (os.getpid(),)


def _only_in(pid):
    if os.getpid() != pid:
        raise ImportError("cannot import name 'gone'")
    return Changed()


def changed(x):
    return Changed() if x == 1 else x


@EVERY_EXECUTOR
def test_what_cannot_be_read_is_a_failure_of_its_item(executor):
    failed = Failed("ImportError: cannot import name 'gone'")
    assert dict(executor.run(changed, [0, 1, 2])) == {0: 0, 1: failed, 2: 2}
    if isinstance(executor, Processes):
        assert dict(executor.run(type, [0, Changed(), 2])) == {0: int, 1: failed, 2: int}


class Stuck(subprocess.Popen):
    """A process that starts and says nothing."""

    def __init__(self, code):
        super().__init__([sys.executable, "-c", code])

    def is_alive(self):
        return self.poll() is None

    def join(self, timeout=None):
        self.wait(timeout)


@pytest.mark.parametrize("code", ["import time; time.sleep(600)", "raise SystemExit(3)"])
def test_workers_that_do_not_start_are_given_up(monkeypatch, code):
    monkeypatch.setattr(workers, "START", 1.0)
    kept = []

    def start():
        ours, theirs = workers.Pipe()
        kept.append(theirs)
        return workers.Worker(Stuck(code), ours)

    got = dict(workers.run_in_workers(start, lambda i: pickle.dumps(i), range(3), 2))
    assert got == dict.fromkeys(range(3), Failed(WORKER_DIED))
    for end in kept:
        end.close()


def test_no_process_at_all_is_a_failure_of_each_item():
    def start():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    got = dict(workers.run_in_workers(start, lambda i: b"", range(2), 2))
    assert set(got) == {0, 1}
    assert all("no worker process can be started" in f.reason for f in got.values())


# --- the ledger ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_writers_at_once_lose_nothing(stated, tmp_path, jobs):
    path, ledger = stated(6, "time.sleep(0.05)"), tmp_path / "l.sqlite"
    both = [subprocess.Popen(command(path, jobs, "--ledger", str(ledger)), stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [p.wait(500) for p in both] == [0, 0]
    assert sorted(r.claim for r in Ledger(ledger).rows()) == [f"mine.c{k}" for k in range(6)]


FULL_DISK = """
    import resource, signal, sys
    from gradproof.cli import main
    from gradproof.experiments.engine.store import Ledger
    path, ledger, jobs = sys.argv[1:]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    Ledger(ledger)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))  # a disk with room for some rows
    main(["verify", path, "--ledger", ledger, "--jobs", jobs])
"""


@LINUX
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_is_one_line_and_leaves_no_worker(stated, tmp_path, jobs):
    path, ledger = stated(40, "if k >= 3: raise ValueError('x' * 9000)"), tmp_path / "l.sqlite"
    code = textwrap.dedent(FULL_DISK)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(ledger), str(jobs)], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 2, done.stderr
    assert "what was written before is kept" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    kept = {r.claim for r in Ledger(ledger).rows()}
    assert 3 <= len(kept) < 40
    eventually(lambda: not any(running(pid) for _, pid in trace(tmp_path)), 100)
    begun = len(trace(tmp_path))
    again = subprocess.run(command(path, jobs, "--ledger", str(ledger)), capture_output=True, text=True, timeout=500)
    assert again.returncode == 3
    assert len(Ledger(ledger).rows()) == 40
    assert len(trace(tmp_path)) - begun == 40 - len(kept)  # what was kept is not run again


def test_a_clock_that_goes_back_moves_no_row_and_no_deadline(stated, tmp_path, monkeypatch):
    now = iter(range(2_000_000_000, 0, -100_000))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    monkeypatch.setenv("TIMEOUT", "1")
    path = stated(4, "if k == 1: time.sleep(600)")
    claims, ledger = load_file(str(path)), Ledger(tmp_path / "l.sqlite")
    for seed in (0, 1):
        rows = verify(claims, ledger=ledger, file=str(path), seed=seed, jobs=1)
        assert [r.verdict.reason for r in rows if r.claim == "mine.c1"] == ["timed out after 1 s"]
        assert all(r.seconds < 60 for r in rows)
    kept = ledger.rows()
    assert [(r.claim, r.seed) for r in kept] == [(f"mine.c{k}", seed) for seed in (0, 1) for k in range(4)]
    assert [r.seed for r in ledger.rows("mine.c2")] == [0, 1]  # the newest last
    again = verify(claims, ledger=ledger, file=str(path), seed=1, jobs=1)
    assert {r.claim for r in again if not r.cached} == {"mine.c1"}  # for want of time, which may have been found
