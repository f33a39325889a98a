"""The ledger on disk: one SQLite file, one transaction a check. What was finished survives ``kill -9``."""

from __future__ import annotations

import errno
import hashlib
import html
import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradproof.experiments.engine.check import Check, Context
from gradproof.experiments.engine.fingerprint import fingerprint_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.versions import NUMERIC, version_of
from gradproof.theory.arguments import of_type, shown
from gradproof.theory.claim import Claim
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
from gradproof.theory.statement import statement_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS evidence (
    key TEXT PRIMARY KEY,          -- content: statement, check, budget, backend, seed, code
    claim TEXT NOT NULL, check_name TEXT NOT NULL, level TEXT NOT NULL, drops TEXT NOT NULL, summary TEXT NOT NULL,
    budget TEXT NOT NULL, backend TEXT NOT NULL, seed INTEGER NOT NULL, code TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT NOT NULL, tightness REAL, n INTEGER NOT NULL,
    worst TEXT NOT NULL, proofs TEXT NOT NULL, versions TEXT NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
    statement TEXT NOT NULL DEFAULT '', resolution TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL DEFAULT '',
    given TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS by_claim ON evidence (claim);
"""
COLUMNS = (
    "key", "claim", "check_name", "level", "drops", "summary", "budget", "backend", "seed", "code", "outcome", "reason",
    "tightness", "n", "worst", "proofs", "versions", "seconds", "finished", "statement", "resolution", "scope", "given",
)  # fmt: skip
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
    cached: bool = False  # taken from the ledger, not run now


def default_path() -> Path:
    """``$GRADPROOF_LEDGER``, else ``gradproof/ledger.sqlite`` in the user's data folder."""
    if os.environ.get("GRADPROOF_LEDGER"):
        return Path(os.environ["GRADPROOF_LEDGER"])
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "gradproof" / "ledger.sqlite"


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

    Raises:
        LedgerError: the file cannot be opened or written. A corrupted file is renamed, never deleted, and a new one begun;
            ``set_aside`` then names it.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        of_type(path, (str, os.PathLike, type(None)), "the path of a ledger", "a text or a path")
        self.path = Path(path) if path is not None else default_path()
        if not str(path) or not _possible(self.path):
            raise LedgerError(f"no file can be called {shown(str(path))}; choose another with --ledger")
        self.set_aside: Path | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise LedgerError(f"cannot use the ledger {self.path}: {error}; choose another with --ledger") from None
            self._keep_aside()
        except OSError as error:
            raise LedgerError(
                f"cannot use the ledger {self.path}: {error.strerror}; choose another with --ledger"
            ) from None

    def _open(self) -> None:
        with self._connect() as db:
            found = db.execute("PRAGMA user_version").fetchone()[0]
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if found not in range(USER_VERSION + 1) or (found == 0 and tables - {"evidence"}):
                raise LedgerError(f"{self.path} is not a ledger of this version; choose another with --ledger")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check failed")
            db.execute("PRAGMA journal_mode = WAL")  # kept in the file; not before it is known to be ours
            db.executescript(SCHEMA)
            _add_columns(db)
            db.execute(f"PRAGMA user_version = {USER_VERSION}")

    def _keep_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        try:
            self.path.rename(aside)
            self._open()
        except (OSError, sqlite3.DatabaseError) as error:
            raise LedgerError(f"the ledger {self.path} is corrupted and cannot be set aside: {error}") from None
        self.set_aside = aside

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=30)
        try:
            with db:
                yield db
        finally:
            db.close()

    def put(self, row: Row) -> None:
        """Write one finished check, in one transaction."""
        of_type(row, Row, "what a ledger keeps", "a Row")
        v = row.verdict
        worst = json.dumps(measurement_json(v.worst)) if v.worst is not None else ""
        values = (row.key, row.claim, row.check, row.level.value, row.drops, row.summary, row.budget, row.backend, row.seed,
                  row.code, v.outcome.value, v.reason, v.tightness, v.n, worst, json.dumps(list(v.proofs)),
                  json.dumps(dict(row.versions)), row.seconds, row.finished, row.statement,
                  "" if v.resolution is None else repr(float(v.resolution)), v.scope, json.dumps(list(v.given)))  # fmt: skip
        try:
            with self._connect() as db:
                db.execute(
                    f"INSERT OR REPLACE INTO evidence ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(values))})",
                    values,
                )
        except sqlite3.Error as error:
            raise LedgerError(
                f"cannot write to the ledger {self.path}: {error}; what was written before is kept"
            ) from None

    def get(self, key: str) -> Row | None:
        """The finished check with that key, or ``None``."""
        of_type(key, str, "the key of a row", "a text")
        rows = self._rows("WHERE key = ?", (key,))
        return rows[0] if rows else None

    def rows(self, claim: str | None = None, *, skipped: list[str] | None = None) -> list[Row]:
        """All rows, newest last, or those of one claim id.

        Args:
            skipped: if given, rows that cannot be read are left out, and named here.
        """
        of_type(claim, (str, type(None)), "the claim of rows", "its id")
        of_type(skipped, (list, type(None)), "skipped", "a list, which is filled")
        return self._rows(f"{'WHERE claim = ? ' if claim else ''}ORDER BY finished", (claim,) if claim else (), skipped)

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
        try:
            with self._connect() as db:
                found = db.execute(f"SELECT {', '.join(COLUMNS)} FROM evidence {clause}", args).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise LedgerError(f"cannot read the ledger {self.path}: {error}") from None
        rows = []
        for r in found:
            try:
                rows.append(_row(r))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                if skipped is None:
                    raise
                skipped.append(f"{r[1]} / {r[2]}: {error}")
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


#: columns that a ledger of version 1 lacks
_ADDED = {"statement": "''", "resolution": "''", "scope": "''", "given": "'[]'"}


def _add_columns(db: sqlite3.Connection) -> None:
    """A ledger of version 1 gets the columns that it lacks; its rows stay, as rows of no statement that is known."""

    def lacking() -> list[str]:
        there = {c[1] for c in db.execute("PRAGMA table_info(evidence)")}
        return [name for name in _ADDED if name not in there]

    if lacking():
        db.execute("BEGIN IMMEDIATE")  # another process may be at it
        for name in lacking():
            db.execute(f"ALTER TABLE evidence ADD COLUMN {name} TEXT NOT NULL DEFAULT {_ADDED[name]}")
        db.commit()


def _row(r: tuple[Any, ...]) -> Row:
    (key, claim, name, level, drops, summary, budget, backend, seed, code, outcome, reason, tight, n, worst, proofs,
     versions_, seconds, finished, statement, resolution, scope, given) = r  # fmt: skip
    verdict = Verdict(
        outcome=Outcome(outcome),
        reason=reason,
        tightness=tight,
        resolution=float(resolution) if resolution else None,
        scope=scope,
        given=tuple(json.loads(given)),
        n=n,
        worst=_measurement(json.loads(worst)) if worst else None,
        proofs=tuple(json.loads(proofs)),
    )
    return Row(key=key, claim=claim, check=name, level=Level(level), drops=drops, summary=summary, budget=budget,
               backend=backend, seed=seed, code=code, verdict=verdict, seconds=seconds, finished=finished,
               versions=dict(json.loads(versions_)), statement=statement, cached=True)  # fmt: skip


def measurement_json(m: Measurement) -> dict[str, Any]:
    """A measurement as JSON values: exact numbers as text beside their decimals."""
    return {
        "measured": _plain(m.measured),
        "bound": _plain(m.bound),
        "low": _plain(m.low),
        "high": _plain(m.high),
        "source": m.source,
        "test": m.test,
        "parameters": {k: _plain(v) for k, v in m.parameters.items()},
        "relation": m.relation.value if m.relation else None,
        "what": m.what,
        "seed": m.seed,
        "n": m.n,
        "e_value": _plain(m.e_value),
        "level": m.level,
    }


def _plain(v: Any) -> Any:
    """A JSON value: floats keep their bits (NaN and infinities as text), exact numbers become text."""
    if v is None or isinstance(v, bool | str | int):
        return v
    if isinstance(v, float):
        return v if v == v and abs(v) != float("inf") else str(v)
    if isinstance(v, list | tuple):
        return [_plain(x) for x in v]
    if hasattr(v, "tolist"):
        return _plain(v.tolist())
    return str(v)


def _measurement(data: dict[str, Any]) -> Measurement:
    data = {**data, "relation": Relation(data["relation"]) if data["relation"] else None}
    return Measurement(**data)
