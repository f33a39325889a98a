"""The ledger: what is written comes back bit by bit, a corrupted file is kept aside, foreign files are left alone."""

import sqlite3
import time
from dataclasses import replace

import pytest
import sympy as sp

from gradproof.experiments.engine.store import Ledger, Row
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict


def row(key="k", **more):
    worst = Measurement(measured=0.1 + 0.2, bound=sp.Rational(1, 3), error=1e-17, parameters={"L_i": (1, 2.5), "x": float("inf")},
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
    content[:200] = b"x" * 200
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
