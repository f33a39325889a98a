"""The ledger: what is written comes back bit by bit, a corrupted file is kept aside, foreign files are left alone."""

import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from gradproof.experiments.engine.store import Ledger, Row
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict


def row(key="k", **more):
    worst = Measurement(measured=0.1 + 0.2, bound=sp.Rational(1, 3), low=0.3, high=0.3 + 1e-15,
                        parameters={"L_i": (1, 2.5), "x": float("inf")},
                        relation=Relation.GE, seed=3, what="w")  # fmt: skip
    verdict = Verdict(outcome=Outcome.CONFIRMED, reason="r", tightness=0.1, n=2, worst=worst, proofs=("{}",))
    facts = {"claim": "ef21.pl", "check": "c", "level": Level.EXACT, "drops": "", "summary": "s", "budget": "quick"}
    facts |= {"backend": "numpy", "seed": 0, "code": "abc", "verdict": verdict, "seconds": 1.5, "finished": time.time()}
    facts |= {"versions": {"numpy": "2"}}
    return Row(**({"key": key} | facts | more))


def test_a_row_comes_back(tmp_path):
    ledger = Ledger(tmp_path / "a" / "ledger.sqlite")
    ledger.put(row())
    back = ledger.get("k")
    assert back.verdict.worst.measured == 0.1 + 0.2
    assert back.verdict.worst.bound == "1/3"
    assert back.verdict.worst.relation is Relation.GE
    assert back.cached
    assert replace(back, cached=False, verdict=None) == replace(row(), finished=back.finished, verdict=None)
    assert ledger.get("other") is None
    assert [r.key for r in ledger.rows(claim="ef21.pl")] == ["k"]
    assert ledger.rows(claim="ef21.sgd") == []


def test_a_corrupted_file_is_kept_aside(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).put(row())
    content = bytearray(path.read_bytes())
    content[100:300] = b"x" * 200
    path.write_bytes(content)
    ledger = Ledger(path)
    assert ledger.set_aside.read_bytes() == bytes(content)
    assert ledger.rows() == []
    ledger.put(row())
    assert len(Ledger(path).rows()) == 1


def test_a_foreign_database_is_left_alone(tmp_path):
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(LedgerError, match="choose another"):
        Ledger(path)
    assert path.exists()


def test_an_impossible_place_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="choose another") as caught:
        Ledger(tmp_path / "file" / "ledger.sqlite")
    assert "\n" not in str(caught.value)


FULL_DISK = """
    import resource, signal, sys
    sys.path.insert(0, "HERE")
    from test_store import row
    from gradproof.experiments.engine.store import Ledger
    from gradproof.theory.errors import LedgerError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ledger = Ledger("PATH")
    ledger.put(row("a"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # a disk with room for small files only
    try:
        ledger.put(row("b", summary="x" * 200_000))
    except LedgerError as error:
        print(error)
    print([r.key for r in ledger.rows()])
"""


def test_a_full_disk_keeps_what_was_written(tmp_path):
    code = (
        textwrap.dedent(FULL_DISK)
        .replace("HERE", str(Path(__file__).parent))
        .replace("PATH", str(tmp_path / "l.sqlite"))
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, kept = done.stdout.splitlines()
    assert said.startswith("cannot write to the ledger")
    assert said.endswith("what was written before is kept")
    assert kept == "['a']"
    ledger = Ledger(tmp_path / "l.sqlite")  # room again
    ledger.put(row("b"))
    assert {r.key for r in ledger.rows()} == {"a", "b"}


def test_an_unwritable_ledger_is_one_line(tmp_path, monkeypatch):
    Ledger(tmp_path / "l.sqlite").put(row())
    connect = sqlite3.connect

    def read_only(path, **options):  # what a folder without permission gives; root has every permission
        return connect(f"file:{path}?mode=ro&immutable=1", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with pytest.raises(LedgerError, match=r"cannot use the ledger .*read.*only.*choose another") as caught:
        Ledger(tmp_path / "l.sqlite")
    assert "\n" not in str(caught.value)


WRITER = """
    import sys
    sys.path.insert(0, "HERE")
    from test_store import row
    from gradproof.experiments.engine.store import Ledger
    for k in range(40):
        Ledger("PATH").put(row(f"{sys.argv[1]}-{k % 30}"))
"""


def test_two_writers_lose_nothing(tmp_path):
    code = (
        textwrap.dedent(WRITER).replace("HERE", str(Path(__file__).parent)).replace("PATH", str(tmp_path / "l.sqlite"))
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, name], stderr=subprocess.PIPE) for name in "ab"]
    for writer in writers:
        assert writer.wait() == 0, writer.stderr.read()
        writer.stderr.close()
    assert {r.key for r in Ledger(tmp_path / "l.sqlite").rows()} == {f"{name}-{k}" for name in "ab" for k in range(30)}


def test_a_ledger_that_stays_locked_is_one_line(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "l.sqlite")
    connect = sqlite3.connect
    other = connect(tmp_path / "l.sqlite")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: connect(path, timeout=0.1))
    with pytest.raises(LedgerError, match="locked; what was written before is kept"):
        ledger.put(row())
    other.rollback()
    other.close()
    ledger.put(row())


def test_a_ledger_of_version_one_is_read_and_its_rows_are_never_current(tmp_path):
    from gradproof.experiments.engine.verify import belongs, verify
    from gradproof.theory import registry

    path = tmp_path / "l.sqlite"
    Ledger(path).put(row("old", claim="ef21.young-optimal", check="best_young_split", level=Level.SYMBOLIC))
    with sqlite3.connect(path) as db:  # as version 1 wrote it
        db.execute("ALTER TABLE evidence DROP COLUMN statement")
        db.execute("PRAGMA user_version = 1")
    db.close()
    ledger = Ledger(path)
    (old,) = ledger.rows()
    assert (old.key, old.statement, old.verdict.tightness) == ("old", "", 0.1)
    claim = registry.claim("ef21.young-optimal")
    assert not belongs(old, claim)
    rows = verify([claim], ledger=ledger, jobs=1)
    assert not any(r.cached for r in rows)
    assert all(belongs(r, claim) for r in Ledger(path).rows() if r.key != "old")
    assert Ledger(path).get("old") is not None
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
    db.close()


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "l.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 3")
    db.close()
    with pytest.raises(LedgerError, match="choose another"):
        Ledger(path)
