"""The ledger on disk: one SQLite file, one transaction a check. What was finished survives ``kill -9``."""

from __future__ import annotations

import errno
import hashlib
import html
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import time
import uuid
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradproof.experiments.engine import cells
from gradproof.experiments.engine.check import Check, Context
from gradproof.experiments.engine.fingerprint import fingerprint_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.versions import NUMERIC, version_of
from gradproof.theory.arguments import of_type, shown
from gradproof.theory.claim import Claim
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Level, Outcome, Verdict
from gradproof.theory.statement import statement_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS evidence (
    key TEXT PRIMARY KEY,          -- content: statement, check, budget, backend, seed, code
    claim TEXT NOT NULL, check_name TEXT NOT NULL, level TEXT NOT NULL, drops TEXT NOT NULL, summary TEXT NOT NULL,
    budget TEXT NOT NULL, backend TEXT NOT NULL, seed INTEGER NOT NULL, code TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT NOT NULL, tightness REAL, n INTEGER NOT NULL,
    worst TEXT NOT NULL, proofs TEXT NOT NULL, versions TEXT NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
    statement TEXT NOT NULL DEFAULT '', resolution TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL DEFAULT '',
    given TEXT NOT NULL DEFAULT '[]', transient INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS by_claim ON evidence (claim);
"""
#: in the header of the file: it is a ledger, though nothing else in it can be read
APPLICATION = int.from_bytes(b"gprf")
HEADER, HEADER_SIZE = b"SQLite format 3\0", 100
USER_VERSION = 2  # 1 had no statement, and its code was that of the whole library: such rows are never current


@dataclass(frozen=True, kw_only=True)
class Row:
    """One finished check, as it is kept."""

    key: str
    claim: str
    check: str
    level: Level
    drops: str
    summary: str
    budget: str
    backend: str
    seed: int
    code: str  # fingerprint of what the check computes with; empty where there was no source
    verdict: Verdict
    seconds: float
    finished: float
    versions: Mapping[str, str]
    statement: str = ""  # hash of the statement that was checked
    transient: bool = False  # nothing was found out, for a reason that may pass: no time, no memory, a worker that died
    cached: bool = False  # taken from the ledger, not run now


def default_path() -> Path:
    """``$GRADPROOF_LEDGER``, else ``gradproof/ledger.sqlite`` in the user's data folder.

    Raises:
        LedgerError: the user has no home folder.
    """
    if os.environ.get("GRADPROOF_LEDGER"):
        return _expanded(os.environ["GRADPROOF_LEDGER"])
    base = os.environ.get("XDG_DATA_HOME")
    return _expanded(base or "~/.local/share") / "gradproof" / "ledger.sqlite"


def _expanded(path: Path | str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no HOME, and no entry of the user
        raise LedgerError(
            f"no home folder is known for {path}; choose a file with --ledger or in $GRADPROOF_LEDGER"
        ) from None


def code_of(check: Check) -> str:
    """Fingerprint of what a check computes with, the judge of it included; empty where there is no source."""
    parts = (check.function, judge) if check.measured is None else (check.function, judge, check.measured)
    return fingerprint_of(*parts) or ""


def key_of(check: Check, context: Context, claim: Claim, code: str | None = None) -> str:
    """Content key of a run of a check: statement, check, budget, backend with its version, seed, and code.

    A check whose code cannot be known has a key of its own each time: what it found is kept, and never taken for what it
    would find now.

    Args:
        code: ``code_of(check)``, where it is known already.
    """
    code = code_of(check) if code is None else code
    content = [statement_of(claim), check.id, check.drops, context.budget, context.backend, str(context.seed)]
    content += [version_of(NUMERIC.get(context.backend, context.backend)), code or uuid.uuid4().hex]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Ledger:
    """Rows of evidence in one SQLite file.

    Args:
        path: the file, ``~`` for the home folder; the user's own if ``None``.
        read_only: only read: nothing is made, moved or written, and a file that is not there is an empty ledger.

    Raises:
        LedgerError: the file cannot be opened or written, or is no ledger: it is then left as it is. A ledger that is damaged is
            renamed, never deleted, and a new one begun; ``set_aside`` then names it.
    """

    def __init__(self, path: Path | str | None = None, *, read_only: bool = False) -> None:
        of_type(path, (str, os.PathLike, type(None)), "the path of a ledger", "a text or a path")
        of_type(read_only, bool, "read_only", "True or False")
        if str(path) == ":memory:":
            raise LedgerError("a ledger in memory keeps nothing; choose a file with --ledger")
        self.path = _expanded(path) if path is not None else default_path()
        if not str(path) or not _possible(self.path):
            raise LedgerError(f"no file can be called {shown(str(path))}; choose another with --ledger")
        if read_only and path is not None and not self.path.parent.is_dir():
            raise LedgerError(
                f"there is no folder {self.path.parent}, hence no ledger in it; choose another with --ledger"
            )
        self.set_aside: Path | None = None
        self.read_only = read_only
        self._copy: Path | None = None
        try:
            ours = self._look()
            if read_only:
                self._open_to_read()
            else:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise LedgerError(f"cannot use the ledger {self.path}: {error}; choose another with --ledger") from None
            if not ours or read_only:
                raise LedgerError(
                    f"the ledger {self.path} cannot be read ({error}) and is left as it is; choose another with --ledger"
                ) from None
            self._keep_aside()
        except (OSError, ValueError) as error:
            raise LedgerError(
                f"cannot use the ledger {self.path}: {getattr(error, 'strerror', None) or error}; choose another with --ledger"
            ) from None

    def _look(self) -> bool:
        """Is it one of ours, by its header? SQLite would take any file for a damaged database."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(mode):
            raise LedgerError(f"cannot use the ledger {self.path}: it is no file; choose another with --ledger")
        with self.path.open("rb") as stream:
            header = stream.read(HEADER_SIZE)
        if header and not header.startswith(HEADER):
            raise LedgerError(f"{self.path} is not a ledger, and is left as it is; choose another with --ledger")
        return int.from_bytes(header[68:72]) == APPLICATION

    def _open(self) -> None:
        with self._connect() as db:
            self._recognise(db)
            db.execute(
                f"PRAGMA application_id = {APPLICATION}"
            )  # into the file itself, before there is another beside it
            db.execute("PRAGMA journal_mode = WAL")  # kept in the file; not before it is known to be ours
            db.executescript(SCHEMA)
            _add_columns(db)
            db.execute(f"PRAGMA user_version = {USER_VERSION}")

    def _open_to_read(self) -> None:
        if not self.path.exists():
            return
        try:
            with self._connect() as db:
                self._recognise(db)
        except (
            sqlite3.OperationalError
        ):  # SQLite keeps two files beside a ledger, and cannot where nothing may be written
            self._copy = Path(tempfile.mkdtemp(prefix="gradproof-ledger-"))
            weakref.finalize(self, shutil.rmtree, self._copy, ignore_errors=True)
            for end in ("", "-wal"):
                beside = self.path.with_name(self.path.name + end)
                if beside.exists():
                    shutil.copyfile(beside, self._copy / f"ledger.sqlite{end}")
            with self._connect() as db:
                self._recognise(db)

    def _recognise(self, db: sqlite3.Connection) -> None:
        found = db.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if found not in range(USER_VERSION + 1) or (found == 0 and tables - {"evidence"}):
            raise LedgerError(f"{self.path} is not a ledger of this version; choose another with --ledger")
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")

    def _keep_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        try:
            self.path.rename(aside)
            with suppress(FileNotFoundError):  # what was not yet written into it
                self.path.with_name(f"{self.path.name}-wal").rename(aside.with_name(f"{aside.name}-wal"))
            self._open()
        except (OSError, sqlite3.DatabaseError) as error:
            raise LedgerError(f"the ledger {self.path} is corrupted and cannot be set aside: {error}") from None
        self.set_aside = aside

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        if self._copy is not None:
            db = sqlite3.connect(self._copy / "ledger.sqlite", timeout=30)
        elif self.read_only:
            db = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", timeout=30, uri=True)
        else:
            db = sqlite3.connect(self.path, timeout=30)
        db.text_factory = lambda b: b.decode(
            "utf-8", errors="surrogateescape"
        )  # one bad byte spoils one cell, not all rows
        try:
            with db:
                yield db
        finally:
            db.close()

    def put(self, row: Row) -> None:
        """Write one finished check, in one transaction."""
        of_type(row, Row, "what a ledger keeps", "a Row")
        v = row.verdict
        worst = json.dumps(cells.measurement_json(v.worst)) if v.worst is not None else ""
        found: dict[str, Any] = {
            "key": row.key, "claim": row.claim, "check_name": row.check, "level": row.level.value, "drops": row.drops,
            "summary": row.summary, "budget": row.budget, "backend": row.backend, "seed": int(row.seed), "code": row.code,
            "outcome": v.outcome.value, "reason": v.reason, "tightness": None if v.tightness is None else float(v.tightness),
            "n": int(v.n), "worst": worst, "proofs": json.dumps(list(v.proofs)), "versions": json.dumps(dict(row.versions)),
            "seconds": float(row.seconds), "finished": float(row.finished), "statement": row.statement,
            "resolution": "" if v.resolution is None else repr(float(v.resolution)), "scope": v.scope,
            "given": json.dumps(list(v.given)), "transient": int(row.transient),
        }  # fmt: skip
        kept = [cells.kept_text(x) if isinstance(x, str) else x for x in found.values()]
        marks = ", ".join("?" * len(found))
        try:
            with self._connect() as db:
                db.execute(f"INSERT OR REPLACE INTO evidence ({', '.join(found)}) VALUES ({marks})", kept)
        except (sqlite3.Error, OverflowError) as error:
            raise LedgerError(
                f"cannot write to the ledger {self.path}: {error}; what was written before is kept"
            ) from None

    def get(self, key: str) -> Row | None:
        """The finished check with that key, or ``None``.

        One that found nothing out for a reason that may pass, or that cannot be read, is none: it is to be run again.
        """
        of_type(key, str, "the key of a row", "a text")
        rows = self._rows("WHERE key = ?", (key,))
        return rows[0] if rows and not rows[0].transient else None

    def rows(self, claim: str | None = None, *, skipped: list[str] | None = None) -> list[Row]:
        """All rows in the order in which they were written, which no clock decides, or those of one claim id.

        Args:
            skipped: rows that cannot be read are left out, and named here.
        """
        of_type(claim, (str, type(None)), "the claim of rows", "its id")
        of_type(skipped, (list, type(None)), "skipped", "a list, which is filled")
        return self._rows(f"{'WHERE claim = ? ' if claim else ''}ORDER BY rowid", (claim,) if claim else (), skipped)

    def __repr__(self) -> str:
        return f"<Ledger {self.path}>"

    def _repr_html_(self) -> str:
        rows = self.rows()
        found = [r.verdict.outcome for r in rows]
        counts = ", ".join(f"{n} {o.value}" for o in Outcome if (n := found.count(o)))
        claims = len({r.claim for r in rows})
        return (
            f"<b>ledger</b> {html.escape(str(self.path))}: {len(rows)} checks of {claims} claims ({counts or 'empty'})"
        )

    def _rows(self, clause: str, args: tuple[Any, ...], skipped: list[str] | None = None) -> list[Row]:
        if self.read_only and self._copy is None and not self.path.exists():
            return []
        try:
            with self._connect() as db:
                there = {c[1] for c in db.execute("PRAGMA table_info(evidence)")}
                if self.read_only and not there:
                    return []
                # a ledger of version 1 that may not be written lacks columns
                names = [n if n in there or n not in _ADDED else f"{_ADDED[n]} AS {n}" for n in cells.COLUMNS]
                found = db.execute(f"SELECT {', '.join(names)} FROM evidence {clause}", args).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise LedgerError(f"cannot read the ledger {self.path}: {error}") from None
        rows = []
        for r in found:
            try:
                rows.append(_row(cells.values(dict(zip(cells.COLUMNS, r, strict=True)))))
            except cells.Damaged as error:
                if skipped is not None:
                    skipped.append(f"{_shown(r[1])} / {_shown(r[2])}: {error}")
        return rows


def _possible(path: Path) -> bool:
    """Can the system be asked for a file of that name?"""
    try:
        str(path).encode()
        path.lstat()
    except ValueError:  # null characters, half characters
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _shown(cell: Any) -> str:
    return cells.kept_text(str(cell))[:200]


#: columns that a ledger of version 1, or an early one of version 2, lacks
_ADDED = {"statement": "''", "resolution": "''", "scope": "''", "given": "'[]'", "transient": "0"}


def _add_columns(db: sqlite3.Connection) -> None:
    """An older ledger gets the columns that it lacks; its rows stay, those of version 1 as rows of no statement that is known."""

    def lacking() -> list[str]:
        there = {c[1] for c in db.execute("PRAGMA table_info(evidence)")}
        return [name for name in _ADDED if name not in there]

    if lacking():
        db.execute("BEGIN IMMEDIATE")  # another process may be at it
        for name in lacking():
            kind = "INTEGER" if name == "transient" else "TEXT"
            db.execute(f"ALTER TABLE evidence ADD COLUMN {name} {kind} NOT NULL DEFAULT {_ADDED[name]}")
        db.commit()


def _row(v: Mapping[str, Any]) -> Row:
    verdict = Verdict(
        outcome=v["outcome"], reason=v["reason"], tightness=v["tightness"], resolution=v["resolution"], scope=v["scope"],
        given=v["given"], n=v["n"], worst=v["worst"], proofs=v["proofs"],
    )  # fmt: skip
    kept = ("key", "claim", "level", "drops", "summary", "budget", "backend", "seed", "code", "seconds", "finished", "versions",
            "statement", "transient")  # fmt: skip
    return Row(check=v["check_name"], verdict=verdict, cached=True, **{k: v[k] for k in kept})
