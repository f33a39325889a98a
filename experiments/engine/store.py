"""The ledger on disk: one SQLite file, one transaction a check. What was finished survives ``kill -9``."""

from __future__ import annotations

import hashlib
import html
import importlib
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gradproof.experiments.engine.check import Check, Context
from gradproof.theory.claim import Claim
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict

SCHEMA = """
CREATE TABLE IF NOT EXISTS evidence (
    key TEXT PRIMARY KEY,          -- content: claim, check, budget, backend, seed, code version
    claim TEXT NOT NULL, check_name TEXT NOT NULL, level TEXT NOT NULL, drops TEXT NOT NULL, summary TEXT NOT NULL,
    budget TEXT NOT NULL, backend TEXT NOT NULL, seed INTEGER NOT NULL, code TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT NOT NULL, tightness REAL, n INTEGER NOT NULL,
    worst TEXT NOT NULL, proofs TEXT NOT NULL, versions TEXT NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_claim ON evidence (claim);
"""
USER_VERSION = 1


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
    code: str
    verdict: Verdict
    seconds: float
    finished: float
    versions: Mapping[str, str]
    cached: bool = False  # taken from the ledger, not run now


def default_path() -> Path:
    """``$GRADPROOF_LEDGER``, else ``gradproof/ledger.sqlite`` in the user's data folder."""
    if os.environ.get("GRADPROOF_LEDGER"):
        return Path(os.environ["GRADPROOF_LEDGER"])
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "gradproof" / "ledger.sqlite"


@cache
def code_version() -> str:
    """Hash of the package's source: evidence from other code is never taken for evidence of this code."""
    digest = hashlib.sha256()
    for room in ("theory", "solvers", "experiments"):
        for root in map(Path, importlib.import_module(f"gradproof.{room}").__path__):
            for file in sorted(root.rglob("*.py")):
                digest.update(f"{room}/{file.relative_to(root)}".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def versions() -> dict[str, str]:
    """Versions of what numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("gradproof", "numpy", "scipy", "sympy", "clarabel", "python-flint"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def key_of(check: Check, context: Context, claim: Claim, code: str = "") -> str:
    """Content key of a run of a check: claim (its statement), check, budget where it matters, backend, seed, code."""
    content = [claim.id, str(claim.expression), claim.relation.value, check.id, context.budget, context.backend]
    content += [str(context.seed), code or code_version()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Ledger:
    """Rows of evidence in one SQLite file.

    Raises:
        LedgerError: the file cannot be opened or written. A corrupted file is renamed, never deleted, and a new one begun;
            ``set_aside`` then names it.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path is not None else default_path()
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
            if found not in (0, USER_VERSION) or (found == 0 and tables - {"evidence"}):
                raise LedgerError(f"{self.path} is not a ledger of this version; choose another with --ledger")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check failed")
            db.execute("PRAGMA journal_mode = WAL")  # kept in the file; not before it is known to be ours
            db.executescript(SCHEMA)
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
        v = row.verdict
        worst = json.dumps(measurement_json(v.worst)) if v.worst is not None else ""
        values = (row.key, row.claim, row.check, row.level.value, row.drops, row.summary, row.budget, row.backend, row.seed,
                  row.code, v.outcome.value, v.reason, v.tightness, v.n, worst, json.dumps(list(v.proofs)),
                  json.dumps(dict(row.versions)), row.seconds, row.finished)  # fmt: skip
        try:
            with self._connect() as db:
                db.execute(f"INSERT OR REPLACE INTO evidence VALUES ({', '.join('?' * len(values))})", values)
        except sqlite3.Error as error:
            raise LedgerError(
                f"cannot write to the ledger {self.path}: {error}; what was written before is kept"
            ) from None

    def get(self, key: str) -> Row | None:
        """The finished check with that key, or ``None``."""
        rows = self._rows("WHERE key = ?", (key,))
        return rows[0] if rows else None

    def rows(self, claim: str | None = None, code: str | None = None, *, skipped: list[str] | None = None) -> list[Row]:
        """All rows, newest last; of one claim, or of one code version.

        Args:
            skipped: if given, rows that cannot be read are left out, and named here.
        """
        where, args = [], []
        if claim:
            where.append("claim = ?")
            args.append(claim)
        if code:
            where.append("code = ?")
            args.append(code)
        return self._rows(
            ("WHERE " + " AND ".join(where) if where else "") + " ORDER BY finished", tuple(args), skipped
        )

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
                found = db.execute(f"SELECT * FROM evidence {clause}", args).fetchall()
        except sqlite3.Error as error:
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


def _row(r: tuple[Any, ...]) -> Row:
    (key, claim, name, level, drops, summary, budget, backend, seed, code, outcome, reason, tight, n, worst, proofs,
     versions_, seconds, finished) = r  # fmt: skip
    verdict = Verdict(
        outcome=Outcome(outcome),
        reason=reason,
        tightness=tight,
        n=n,
        worst=_measurement(json.loads(worst)) if worst else None,
        proofs=tuple(json.loads(proofs)),
    )
    return Row(key=key, claim=claim, check=name, level=Level(level), drops=drops, summary=summary, budget=budget,
               backend=backend, seed=seed, code=code, verdict=verdict, seconds=seconds, finished=finished,
               versions=dict(json.loads(versions_)), cached=True)  # fmt: skip


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
