"""A ledger with every kind of damaged cell is a report of what can still be read."""

import sqlite3
from contextlib import closing

from gradproof.experiments.engine.cells import COLUMNS
from gradproof.experiments.engine.store import Ledger
from gradproof.report import build, model
from gradproof.theory.evidence import Measurement, Relation

from .conftest import row  # isort: skip
from .test_site import broken_links  # isort: skip

DAMAGE = [None, "", 7, -1, 0.5, float("inf"), 2**62, 1e300, b"\xff\x00", "splendid", "a\0b", "{broken", "null", '"x"', "[1, 2]",
          "{}", '{"x": 1}', "[" * 5000, "NaN", "1e999", "9" * 10_000, "\x1b[31m", "<script>[bold]", "../../x", "~",
          "ef21.sgd~x", "$\\frac{",
          '{"measured": "a", "bound": [1], "low": null, "high": "inf", "n": 0, "parameters": {"</td>": [null, "1/0"]}}',
          '{"measured": 1e308, "bound": 1e-320, "relation": ">=", "level": 1e-6, "source": "<b>"}',
          '{"measured": true, "bound": "nan", "seed": 99999999999999999999999, "e_value": "inf"}']  # fmt: skip


def test_what_is_damaged_is_left_out_and_the_rest_is_shown(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    worst = Measurement(measured=1, bound=2, relation=Relation.LE)
    for name in ("ef21.sgd", "elsewhere.c"):
        book.put(row(name, worst=worst))
    with closing(sqlite3.connect(book.path)) as db, db:
        good = [k for (k,) in db.execute("SELECT key FROM evidence ORDER BY claim")]
        for column in COLUMNS:
            names = ", ".join(n for n in COLUMNS if n not in ("key", column))
            for k, value in enumerate(DAMAGE):
                for j, key in enumerate(good):
                    given = (f"{column} {k} {j}", value)
                    into, marks, found = f"key, {column}, {names}", "?, ?", given
                    if column == "key":
                        into, marks, found = f"key, {names}", "?", (f"{value!r} {j}"[:300],)
                    command = (
                        f"INSERT OR IGNORE INTO evidence ({into}) SELECT {marks}, {names} FROM evidence WHERE key = ?"
                    )
                    db.execute(command, (*found, key))
        rows = db.execute("SELECT count(*) FROM evidence").fetchone()[0]
    assert rows > 1000
    made = build(tmp_path / "site", ledger=book, targets=["ef21.sgd"])
    assert 300 < len(made.problems) < rows
    text = made.index.read_text(encoding="utf-8") + (made.folder / "claims/ef21.sgd.html").read_text(encoding="utf-8")
    assert "1 ≤ 2" in text
    assert "<script>[bold]" not in text
    assert broken_links(made.folder) == []
    assert {f.relative_to(made.folder).parts[0] for f in made.folder.rglob("*")} <= {"index.html", "about.html", "assets", "claims",
            "papers", "docs", "notes", "report.json", "proofs", "derivations", "errata.html"}  # fmt: skip
    entries = model.gather(book)  # with claims that only the ledger knows
    assert "elsewhere.c" in {e.claim.id for e in entries}
    for e in entries:
        if not e.known:
            assert e.verdict
            assert e.summary.cells
            assert e.folded
