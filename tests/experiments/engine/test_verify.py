"""The driver: resumes after a kill, survives a dying worker, never lets an exception or a time-out pass."""

import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from gradproof.experiments.engine.backend import BackendUnavailable
from gradproof.experiments.engine.check import check, checks_of
from gradproof.experiments.engine.executors import Serial
from gradproof.experiments.engine.measure import cases, instead
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.engine.store import Ledger
from gradproof.experiments.engine.verify import load_file, plan, replay, run_task, verify
from gradproof.theory import registry
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, UnknownClaim
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import NONNEGATIVE, POSITIVE, Parameter

PAPER = Paper(key="zz-test", authors=("A",), title="T", year=2020, family="classical")
NUMBERS = iter(range(1000))


@pytest.fixture
def claim():
    c = Claim(
        id=f"zz-test.c{next(NUMBERS)}",
        paper=PAPER,
        title="t",
        statement="s",
        parameters=(),
        assumptions=(),
        quantity="x",
        relation=Relation.LE,
        expression=1,
    )
    registry.register(c)
    yield c
    registry.forget(c)


def good(ctx):
    """Half of it."""
    yield Measurement(measured=0.5, bound=float(ctx.claim.bound()))


def test_levels_and_controls_are_judged_apart(claim):
    check(claim, level=Level.EXACT)(good)
    instead(claim, "another method", lambda: Fraction(1, 2), cases())
    rows = {r.level: r for r in verify([claim], jobs=1)}
    assert rows[Level.EXACT].verdict.outcome is Outcome.CONFIRMED
    assert rows[Level.CONTROL].verdict.outcome is Outcome.MISSED


def test_whatever_goes_wrong_is_undecided(claim):
    def raises(ctx):
        raise ValueError("broken")

    def sleeps(ctx):
        time.sleep(5)
        yield from good(ctx)

    check(claim, level=Level.EXACT)(raises)
    check(claim, level=Level.EXACT, timeout=0.2)(sleeps)
    rows = {r.check: r.verdict for r in verify([claim], jobs=1)}
    assert rows["raises"].outcome is Outcome.UNDECIDED
    assert rows["raises"].reason == "ValueError: broken"
    assert rows["sleeps"].outcome is Outcome.UNDECIDED
    assert rows["sleeps"].reason == "timed out after 0.2 s"


class State(NamedTuple):
    x: object


def _write(s, draw):
    s.x[...] = 0.0
    return s


def _raise(s, draw):
    raise ZeroDivisionError("in the step")


BAD_STEPS = {
    "writes into its state": _write,
    "changes x": lambda s, draw: State(s.x[..., :1]),
    "to float32": lambda s, draw: State(s.x.astype("float32")),
    "is not a number": lambda s, draw: State(s.x * np.nan),
    "ZeroDivisionError: in the step": _raise,
}


def test_a_bad_step_is_an_undecided_row_and_harms_no_other(claim):
    def trying(k, step):
        def run_it(ctx):
            out = run(Method(State, step), start([1.0, 2.0]), 3, record={"x": lambda s: s.x[..., 0]})
            yield Measurement(measured=float(out.x[0, 0, -1]), bound=float(ctx.claim.bound()))

        run_it.__name__ = f"step_{k}"
        return run_it

    steps = [*BAD_STEPS.values(), lambda s, draw: State(s.x / 2)]
    for k, step in enumerate(steps):
        check(claim, level=Level.EMPIRICAL)(trying(k, step))
    *bad, good = (r.verdict for r in sorted(verify([claim], jobs=1), key=lambda r: r.check))
    assert good.outcome is Outcome.CONSISTENT
    for reason, verdict in zip(BAD_STEPS, bad, strict=True):
        assert verdict.outcome is Outcome.UNDECIDED
        assert reason in verdict.reason
        assert "\n" not in verdict.reason


RUNS = []  # not closed over: what a check closes over is part of its key; seen in this very process alone


def test_finished_checks_are_not_repeated(claim, tmp_path):
    RUNS.clear()

    def counted(ctx):
        RUNS.append(ctx.seed)
        yield from good(ctx)

    check(claim, level=Level.EXACT)(counted)
    ledger = Ledger(tmp_path / "l.sqlite")
    assert not verify([claim], ledger=ledger, executor=Serial())[0].cached
    assert verify([claim], ledger=ledger, executor=Serial())[0].cached
    assert len(RUNS) == 1
    verify([claim], ledger=ledger, executor=Serial(), fresh=True)
    verify([claim], ledger=ledger, executor=Serial(), seed=1)  # another key
    assert RUNS == [0, 0, 1]


def test_a_changed_statement_is_checked_anew(claim, tmp_path):
    check(claim, level=Level.EXACT)(good)
    ledger = Ledger(tmp_path / "l.sqlite")
    verify([claim], ledger=ledger, jobs=1)
    parameter = Parameter("L", "smoothness", POSITIVE)
    changed = [
        dataclasses.replace(claim, parameters=(parameter,)),
        dataclasses.replace(claim, parameters=(dataclasses.replace(parameter, domain=NONNEGATIVE),)),
        dataclasses.replace(claim, assumptions=(Assumption("convex", "f is convex"),)),
        dataclasses.replace(claim, quantity="y"),
    ]
    for c in changed:
        (task,) = plan([c])
        assert ledger.get(task.key) is None
    assert ledger.get(plan([dataclasses.replace(claim, title="in other words")])[0].key) is not None


def test_a_mutant_has_its_own_key(claim):
    check(claim, level=Level.EXACT)(good)
    task, mutated = plan([claim])[0], None
    mutant = claim.with_bound(0.4)
    for c in checks_of(claim):
        mutated = type(task)(c, mutant, type(task.context)(mutant, scope=c.name), "other")
    assert run_task(mutated).verdict.outcome is Outcome.REFUTED


def test_budgets(claim):
    check(claim, level=Level.EXACT, budget="full")(good)
    assert plan([claim]) == []
    assert len(plan([claim], budget="full")) == len(plan([claim], budget="gpu")) == 1


def test_streams_are_keyed_by_names(claim):
    check(claim, level=Level.EXACT)(good)
    ctx = plan([claim])[0].context
    a, b = ctx.rng("x").random(3), ctx.rng("y").random(3)
    assert (a != b).all()
    assert (ctx.rng("x").random(3) == a).all()


CLAIMS = """
import os, time
from gradproof import Claim, Measurement, Paper, Relation, Level, check, register
PAPER = Paper(key="mine", authors=("me",), title="t", year=2026, family="own")
CLAIMS = [Claim(id=f"mine.c{k}", paper=PAPER, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
                relation=Relation.LE, expression=1) for k in range(6)]
register(*CLAIMS)
for k, c in enumerate(CLAIMS):
    def slow(ctx, k=k):
        open(os.environ["TRACE"], "a").write(f"{k}\\n")
        time.sleep(float(os.environ.get("PAUSE", "0")))
        if k == 3 and os.environ.get("DIE"):
            os._exit(9)
        yield Measurement(measured=0.5, bound=1.0)
    check(c, level=Level.EXACT)(slow)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(CLAIMS)
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    return path


def _verify(file, ledger, jobs, **env):
    call = f"verify({str(file)!r}, ledger={str(ledger)!r}, jobs={jobs})"
    code = f"from gradproof import verify; print([c.outcome.value for c in {call}])"
    return subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | env, stdout=subprocess.PIPE, start_new_session=True
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_kill_minus_nine_loses_nothing_that_was_finished(file, tmp_path, jobs):
    ledger, trace = tmp_path / "k.sqlite", tmp_path / "trace"
    killed = 0
    while killed < 2:
        p = _verify(file, ledger, jobs, PAUSE="0.3")
        before = len(Ledger(ledger).rows())
        deadline = time.monotonic() + 60
        while len(Ledger(ledger).rows()) < before + 1 and time.monotonic() < deadline and p.poll() is None:
            time.sleep(0.02)
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        p.stdout.close()
        killed += 1
    kept = {r.claim for r in Ledger(ledger).rows()}
    assert len(kept) >= 2
    started = trace.read_text().split()
    p = _verify(file, ledger, jobs)
    out = p.communicate()[0].decode()
    assert out.count("confirmed") == 6
    again = set(trace.read_text().split()[len(started) :])
    assert again == {str(k) for k in range(6)} - {c.removeprefix("mine.c") for c in kept}
    assert len(Ledger(ledger).rows()) == 6


def test_a_dying_worker_harms_no_other_check(file, tmp_path):
    p = _verify(file, tmp_path / "d.sqlite", 2, DIE="1")
    out = p.communicate()[0].decode()
    assert out.count("confirmed") == 5
    rows = {r.claim: r.verdict for r in Ledger(tmp_path / "d.sqlite").rows()}
    assert rows["mine.c3"].outcome is Outcome.UNDECIDED
    assert rows["mine.c3"].reason == "its worker process died"


def test_a_users_file_that_fails_is_one_line(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(textwrap.dedent("""
        x = 1
        y = x / 0
    """))  # fmt: skip
    with pytest.raises(GradproofError, match=r"bad\.py, line 3: ZeroDivisionError"):
        load_file(str(path))
    with pytest.raises(GradproofError, match="cannot read"):
        load_file(str(tmp_path / "none.py"))


def test_unknown_checks_are_named():
    from gradproof.experiments.engine.check import find_check

    with pytest.raises(UnknownClaim, match="no check"):
        find_check("ef21.pl/exact/nothing")


def test_a_violation_on_another_backend_must_be_found_on_numpy_too(claim, on_backend):
    on_backend("torch")

    def only_there(ctx):
        yield Measurement(measured=2.0 if ctx.backend == "torch" else 0.5, bound=1.0)

    def everywhere(ctx):
        yield Measurement(measured=2.0, bound=1.0)

    check(claim, level=Level.EXACT)(only_there)
    check(claim, level=Level.EXACT)(everywhere)
    rows = {r.check: r.verdict for r in verify([claim], jobs=1, backend="torch")}
    assert rows["only_there"].outcome is Outcome.UNDECIDED
    assert "on torch, but confirmed on numpy" in rows["only_there"].reason
    assert rows["everywhere"].outcome is Outcome.REFUTED


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="cupy is installed")
def test_a_missing_library_is_one_line_before_anything_runs(claim):
    check(claim, level=Level.EXACT)(lambda ctx: pytest.fail("ran"))
    with pytest.raises(
        BackendUnavailable, match=r"'cupy' cannot be loaded .*pip install 'gradproof\[cupy\]'"
    ) as caught:
        verify([claim], jobs=1, backend="cupy")
    assert "\n" not in str(caught.value)


def test_a_row_is_replayed_from_its_key(claim, tmp_path):
    def random_number(ctx):
        yield Measurement(measured=ctx.rng("x").random(), bound=float(ctx.claim.bound()))

    check(claim, level=Level.EMPIRICAL)(random_number)
    ledger = Ledger(tmp_path / "l.sqlite")
    first = [verify([claim], ledger=ledger, jobs=1, seed=seed)[0] for seed in (0, 1)]
    kept = ledger.rows()
    again = [replay(row) for row in kept]
    assert [r.verdict.worst.measured for r in again] == [r.verdict.worst.measured for r in first]
    assert len({r.verdict.worst.measured for r in again}) == 2
    with pytest.raises(GradproofError, match="the code that wrote it"):
        replay(dataclasses.replace(kept[0], key="other"))


PAPERS = ("ef21", "sgd-stability", "laplacian-smoothing", "atomo", "gradient-sparsification")
SEVERAL = ("atomo.sgd-effect", "gradient-sparsification.sgd-cost", "laplacian-smoothing.stationary")


@pytest.mark.parametrize(
    ("names", "backend"),
    [
        (SEVERAL, "numpy"),
        (SEVERAL, "torch"),
        *(pytest.param((paper,), "numpy", marks=pytest.mark.slow, id=paper) for paper in PAPERS),
    ],
)
def test_every_row_of_a_paper_is_replayed_exactly(tmp_path, names, backend, on_backend):
    on_backend(backend)
    ledger, again = Ledger(tmp_path / "l.sqlite"), Ledger(tmp_path / "again.sqlite")
    claims = [c for name in names for c in ([registry.claim(name)] if "." in name else registry.claims(name))]
    verify(claims, ledger=ledger, jobs=1, backend=backend)
    assert len(ledger.rows()) > 10
    for row in ledger.rows():
        again.put(replay(row))  # both as they are kept: a ledger holds exact numbers as text
        assert again.get(row.key).verdict == row.verdict, row.check


@pytest.mark.filterwarnings("ignore")
def test_checks_run_on_a_dask_cluster(tmp_path):
    distributed = pytest.importorskip("distributed")
    from gradproof.experiments.engine.executors import Dask

    claims = [registry.claim(f"ef21.{name}") for name in ("pl", "young-optimal")]
    here = verify(claims, ledger=Ledger(tmp_path / "here.sqlite"), jobs=1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = verify(claims, ledger=Ledger(tmp_path / "there.sqlite"), executor=Dask(client))
    assert [(r.key, r.verdict) for r in there] == [(r.key, r.verdict) for r in here]
