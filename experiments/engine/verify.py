"""Plan the checks of some claims, run those that are not in the ledger, and keep each as it finishes."""

from __future__ import annotations

import math
import os
import runpy
import stat
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import sympy as sp

from gradproof.experiments.engine import check as checks
from gradproof.experiments.engine.backend import BALLS
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Check, Context, checks_of, find_check
from gradproof.experiments.engine.deadline import TimedOut, deadline, watched
from gradproof.experiments.engine.executors import Executor, Failed, Forked, Processes, Serial
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.options import BUDGETS, read_budget, read_seed
from gradproof.experiments.engine.sources import remember, stand_beside
from gradproof.experiments.engine.store import Ledger, Row, code_of, key_of
from gradproof.experiments.engine.sweep import may_pass, sweep
from gradproof.experiments.engine.versions import versions
from gradproof.experiments.engine.workers import can_fork
from gradproof.theory import registry
from gradproof.theory.arguments import as_float, shown
from gradproof.theory.claim import LIBRARY, Claim
from gradproof.theory.decimals import decimal
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
from gradproof.theory.statement import statement_of


@dataclass(frozen=True)
class Task:
    """One check to run on one claim."""

    check: Check
    claim: Claim
    context: Context
    key: str
    file: str = ""  # a user's file that must be loaded before the check can be found
    code: str = ""  # fingerprint of what the check computes with


def plan(
    claims: Iterable[Claim], *, budget: str = "quick", seed: int = 0, backend: str = "numpy", file: str = ""
) -> list[Task]:
    """The checks that a budget covers, as tasks with their content keys."""
    tasks = []
    for claim in claims:
        for c in checks_of(claim, budget):
            context = Context(claim, budget, seed, backend, c.name)
            tasks.append(task_of(c, claim, context, file))
    return tasks


def task_of(check: Check, claim: Claim, context: Context, file: str = "") -> Task:
    """The task of one check, which may be a check of the claim that ``claim`` is a mutant of."""
    code = code_of(check)
    return Task(check, claim, context, key_of(check, context, claim, code), file, code)


def belongs(row: Row, claim: Claim) -> bool:
    """Is a row evidence on this statement, by a check that the claim has now, with the code that it has now?

    Where a check's code cannot be known, a row is never known to be current; rows that have just been made are.
    """
    if row.statement != statement_of(claim):
        return False
    found = [
        c for c in checks_of(claim, BUDGETS[-1]) if (c.name, c.level, c.drops) == (row.check, row.level, row.drops)
    ]
    return any(code_of(c) == row.code for c in found)


def run_task(task: Task) -> Row:
    """Run one check and judge it; whatever goes wrong in it becomes an undecided row."""
    start = time.perf_counter()
    try:
        with deadline(task.check.timeout), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context = _Asked(**vars(task.context))
            verdict = _confront(task, context)
            if verdict.outcome is Outcome.REFUTED and task.context.backend != "numpy":
                verdict = _second_opinion(task, verdict)
        if verdict.outcome is Outcome.REFUTED and "~" not in task.claim.id:  # a false variant is false on purpose
            verdict = _exactly(task, verdict, has_runs=bool(context.asked))
    except TimedOut as error:
        verdict = Verdict(outcome=Outcome.UNDECIDED, reason=str(error))
    except GradproofError as error:
        verdict = Verdict(outcome=Outcome.UNDECIDED, reason=str(error))
    except (
        Exception,
        SystemExit,
    ) as error:  # a check must never take the others down, nor end the program with success
        verdict = Verdict(outcome=Outcome.UNDECIDED, reason=f"{type(error).__name__}: {error}")
    return _as_row(task, verdict, time.perf_counter() - start)


@dataclass(frozen=True)
class _Asked(Context):
    """A context that knows whether the check has asked for the backend: whether its runs can be taken elsewhere."""

    asked: list[str] = field(default_factory=list)

    def __getattribute__(self, name: str) -> Any:
        if name == "backend":
            object.__getattribute__(self, "asked").append(name)
        return object.__getattribute__(self, name)


def _confront(task: Task, context: Context) -> Verdict:
    known_false = bool(task.claim.false_as_published)
    return judge(task.check.level, task.claim.relation, task.check.run(context), known_false=known_false)


def _second_opinion(task: Task, first: Verdict) -> Verdict:
    """A violation that another backend has found counts if NumPy, with the same random numbers, finds one too."""
    second = _confront(task, replace(task.context, backend="numpy"))
    if second.outcome is Outcome.REFUTED:
        return second
    reason = f"{first.reason} on {task.context.backend}, but {second.outcome.value} on numpy: {second.reason}"
    return replace(first, outcome=Outcome.UNDECIDED, reason=reason)


def _exactly(task: Task, first: Verdict, *, has_runs: bool) -> Verdict:
    """A violation that rests on rounded numbers, once more where nothing is rounded unseen; the reason says what came of it.

    The bound is evaluated to 50 digits where the measurement names all parameters of the claim, and the runs of the check
    are taken again, with the same random numbers, on arrays of balls. A violation that does not come back is undecided.
    """
    worst = first.worst
    if (
        worst is None
        or worst.source in ("exact", "statistical")
        or worst.level is not None
        or worst.e_value is not None
    ):
        return first  # exact already; or statistical: refuted by many runs, not by the last digits of one
    notes = []
    digits = bound_to_50_digits(task.claim, worst)
    if digits is not None:
        sharper = replace(worst, low=_rational(worst.low), high=_rational(worst.high), bound=digits)
        again = judge(Level.EXACT, task.claim.relation, [sharper])
        if again.outcome is not Outcome.REFUTED:
            reason = f"{first.reason}, but {again.outcome.value} with the bound to 50 digits: {again.reason}"
            return replace(first, outcome=Outcome.UNDECIDED, reason=reason)
        notes.append("so with the bound to 50 digits")
    if not has_runs:
        return replace(first, reason=f"{first.reason} ({'; '.join([*notes, 'no run of it in ball arithmetic'])})")
    seconds = REPLAY_SECONDS[task.context.budget]
    try:
        with deadline(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            second = _confront(task, replace(task.context, backend=BALLS))
        if second.outcome is not Outcome.REFUTED:
            reason = f"{first.reason}, but {second.outcome.value} in ball arithmetic: {second.reason}"
            return replace(first, outcome=Outcome.UNDECIDED, reason=reason)
        notes.append("so in ball arithmetic")
    except TimedOut:
        notes.append(f"not replayed in ball arithmetic, which takes more than {seconds:g} s")
    except Exception as error:  # whatever a method does that balls cannot
        notes.append(f"not replayed in ball arithmetic: {error}")
    return replace(first, reason=f"{first.reason} ({'; '.join(notes)})")


REPLAY_SECONDS = {"quick": 60.0, "full": 600.0, "gpu": 600.0}  # by budget


def _rational(x: Any) -> Any:
    return sp.Rational(x) if isinstance(x, float) and math.isfinite(x) else x


def bound_to_50_digits(claim: Claim, m: Measurement) -> Any:
    """The claim's bound at the parameters of a measurement, if these are what its bound was made of; else None."""
    names = [p.name for p in claim.parameters]
    own = m.relation in (None, claim.relation) or (claim.tight and m.relation is Relation.EQ)
    if not own or m.what or not all(n in m.parameters for n in names):
        return None
    try:
        if as_float(claim.bound(**{n: m.parameters[n] for n in names})) != as_float(m.bound):
            return None
        found = decimal(claim.bound(**{n: _rational(m.parameters[n]) for n in names}), 50)
    except Exception:  # a parameter that is shown as text, say
        return None
    return found if found.is_comparable else None


def replay(row: Row, *, file: str = "") -> Row:
    """Run the check of a ledger row again, as its key says; on the same machine and backend it gives the same numbers.

    Raises:
        GradproofError: the key belongs to other code, or to a user's file that was not given or has changed.
        UnknownClaim: the claim or the check is gone.
    """
    claims = {c.id: c for c in load_file(file)} if file else {}
    claim = claims.get(row.claim) or registry.claim(row.claim)
    tasks = plan([claim], budget=row.budget, seed=row.seed, backend=row.backend, file=file)
    for task in tasks:
        if task.key == row.key:
            return run_task(task)
    now = ", ".join(t.code or "unknown" for t in tasks if t.check.name == row.check) or "gone"
    raise GradproofError(
        f"{row.claim}/{row.check} was run by code {row.code or 'unknown'}, which is now {now}, on statement {row.statement}, "
        f"which is now {statement_of(claim)}, or its file is not the one given; replay it with the code that wrote it"
    )


def _as_row(task: Task, verdict: Verdict, seconds: float) -> Row:
    c, transient = task.check, verdict.outcome is Outcome.UNDECIDED and may_pass(verdict.reason)
    return Row(key=task.key, claim=task.claim.id, check=c.name, level=c.level, drops=c.drops, summary=c.summary,
               budget=task.context.budget, backend=task.context.backend, seed=task.context.seed, code=task.code,
               verdict=verdict, seconds=seconds, finished=time.time(), versions=versions(),
               statement=statement_of(task.claim), transient=transient)  # fmt: skip


def verify(claims: Iterable[Claim], *, ledger: Ledger | None = None, budget: str = "quick", jobs: int | None = None,
           executor: Executor | None = None, seed: int = 0, backend: str = "numpy", fresh: bool = False, file: str = "",
           on_row: Callable[[Row, int, int], None] | None = None) -> list[Row]:  # fmt: skip
    """Confront claims with their checks.

    Args:
        ledger: where finished checks are kept; the default ledger if ``None``.
        budget: ``quick``, ``full`` or ``gpu``.
        jobs: worker processes; the number of cores if ``None``. With 1, in a copy of this process, or in one worker process
            where there can be no copy.
        executor: where checks run instead, e.g. ``executors.Dask(client)``, or ``executors.Serial()`` for this very process,
            where a debugger works, and a measure that sits in C code is never ended.
        fresh: repeat checks that the ledger already has.
        file: a user's file of claims, which worker processes load.
        on_row: called with each row as it finishes, the number finished, and the number planned.

    Returns:
        One row a check, in the order planned.

    Raises:
        BackendUnavailable: the library of that backend is not installed.
    """
    seed, budget = read_seed(seed), read_budget(budget)
    array_library(backend)  # a missing one is an error now, not a row a check
    ledger = ledger or Ledger()
    tasks = {t.key: t for t in plan(claims, budget=budget, seed=seed, backend=backend, file=file)}
    jobs = min(jobs or os.cpu_count() or 1, max(len(tasks), 1))
    in_a_copy = can_fork() and not isinstance(executor, Serial)
    executor = executor or (Forked() if jobs == 1 and in_a_copy else Processes(jobs))
    here = {k: t for k, t in tasks.items() if isinstance(executor, Serial | Forked) or not _portable(t)}
    there = {k: _message(t) for k, t in tasks.items() if k not in here}
    store = _Rows(ledger, tasks)
    rows = chain(
        sweep(_run_remote, there, store, executor=executor, fresh=fresh),
        sweep(run_task, here, store, executor=Forked() if in_a_copy else Serial(), fresh=fresh),
    )
    done: dict[str, Row] = {}
    for key, outcome in rows:
        done[key] = store.row(key, outcome)
        if on_row:
            on_row(done[key], len(done), len(tasks))
    return [done[key] for key in tasks]


@dataclass(frozen=True)
class _Rows:
    """The ledger as the store of a sweep: a check that gave no row is kept as an undecided one."""

    ledger: Ledger
    tasks: Mapping[str, Task]

    def row(self, key: str, outcome: Row | Failed) -> Row:
        if isinstance(outcome, Failed):
            return _as_row(self.tasks[key], Verdict(outcome=Outcome.UNDECIDED, reason=outcome.reason), outcome.seconds)
        return outcome

    def get(self, key: str, default: Any = None) -> Any:
        row = self.ledger.get(key)
        return default if row is None else row

    def put(self, key: str, outcome: Row | Failed) -> None:
        self.ledger.put(self.row(key, outcome))


def _portable(task: Task) -> bool:
    """Can a worker process find the claim and its check? Not if one was stated in a notebook cell or at a prompt."""
    return bool(task.file) or (task.claim.file == LIBRARY and task.check.function.__module__.startswith("gradproof."))


def _message(task: Task) -> tuple[str, Context, str, str, str]:
    return task.check.id, task.context, task.key, task.file, task.code


def _run_remote(message: tuple[str, Context, str, str, str]) -> Row | Failed:
    check_id, context, key, file, code = message
    with deadline(LOADING):
        if file:
            load_file(file)
        task = Task(find_check(check_id, context.claim.file), context.claim, context, key, file, code)
    if watched() or not can_fork():
        return run_task(task)
    ((_, row),) = Forked().run(run_task, [task])  # a worker of a cluster, which nobody would end
    return row


LOADING = 600.0  # seconds for a worker to import what a check needs


# --- a user's file -----------------------------------------------------------------------------------------------------


def load_file(path: str) -> list[Claim]:
    """Run a user's file of claims and return what it registered. What it stated when it was last run is forgotten.

    Raises:
        GradproofError: the file cannot be read or run; the text says where.
        UnknownClaim: it states an id twice, or one of the library's.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe may never give anything
            raise GradproofError(f"cannot read {path}: it is no regular file")
        content = Path(path).read_bytes()
    except OSError as error:
        raise GradproofError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # a name that no file can have
        raise GradproofError(f"cannot read {shown(path)}: {error}") from None
    full = str(Path(path).resolve())
    before = _LOADED.get(full)
    if before is not None and before[0] == content:
        return before[1]
    _forget(full)
    remember(full, content)
    stand_beside(full)
    try:
        with registry.capture() as found, _no_way_out():
            runpy.run_path(full, run_name=f"gradproof_claims_{Path(path).stem}")
    except GradproofError:
        _forget(full)
        raise
    except BaseException as error:  # whatever a file raises, it is the file's
        _forget(full)
        if isinstance(error, KeyboardInterrupt):
            raise
        line = _line_in(error, path)
        where = f"{path if path.isprintable() else shown(path)}{f', line {line}' if line else ''}"
        raise GradproofError(f"{where}: {type(error).__name__}: {' '.join(str(error).split())}") from None
    stated = [c for c in found if c.file != LIBRARY]  # not what it imported
    _LOADED[full] = content, stated
    return stated


@contextmanager
def _no_way_out() -> Iterator[None]:
    """A file that ends the process as it is read would end the command with the file's exit code: it is an error of the file."""

    def refused(code: int) -> NoReturn:
        raise SystemExit(f"os._exit({code}) while it was read")

    known = os._exit
    os._exit = refused  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = known


_LOADED: dict[str, tuple[bytes, list[Claim]]] = {}  # file -> what was run, and what it stated


def _forget(file: str) -> None:
    _LOADED.pop(file, None)
    registry.forget_file(file)
    checks.forget_file(file)


def _line_in(error: BaseException, path: str) -> int:
    line, tb = 0, error.__traceback__
    while tb is not None:
        if Path(tb.tb_frame.f_code.co_filename).name == Path(path).name:
            line = tb.tb_lineno
        tb = tb.tb_next
    return line
