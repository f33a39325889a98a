"""Ledgers of strangers: files that are none, places where nothing can be written, damaged cells, answers that are none."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gradproof.experiments.engine import store
from gradproof.experiments.engine.cells import COLUMNS
from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.engine.executors import Failed
from gradproof.experiments.engine.store import Ledger
from gradproof.experiments.engine.verify import verify
from gradproof.export import frame, row_json
from gradproof.theory.errors import LedgerError
from gradproof.theory.evidence import Measurement

from .test_store import row  # isort: skip


# --- which file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"a thesis\n" * 100, b"x", b"%PDF-1.7 " + bytes(500), b"SQLite format 3\0" + b"garbage " * 500],
    ids=["text", "one byte", "pdf", "a database of someone, damaged"],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path, content, read_only):
    path = tmp_path / "thesis.txt"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="left as it is; choose another") as caught:
        Ledger(path, read_only=read_only)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_file_is_one_line(tmp_path, read_only):
    os.mkfifo(tmp_path / "pipe")
    for path in (":memory:", tmp_path, tmp_path / "pipe", "/dev/null", "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(LedgerError, match="choose") as caught:
            Ledger(path, read_only=read_only)
        assert "\n" not in str(caught.value)


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Ledger("~/l.sqlite").put(row())
    monkeypatch.setenv("GRADPROOF_LEDGER", "~/m.sqlite")
    Ledger().put(row())
    assert {f.name for f in tmp_path.iterdir()} == {"l.sqlite", "m.sqlite"}


def test_no_home_folder_is_one_line(monkeypatch):
    for name in ("HOME", "GRADPROOF_LEDGER", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a user of a container, without an entry
    for path in (None, "~/l.sqlite"):
        with pytest.raises(LedgerError, match="no home folder"):
            Ledger(path)


def test_a_ledger_that_is_read_is_not_touched(tmp_path):
    path = tmp_path / "l.sqlite"
    assert Ledger(path, read_only=True).rows() == []
    assert list(tmp_path.iterdir()) == []
    Ledger(path).put(row())
    before = path.read_bytes()
    book = Ledger(path, read_only=True)
    assert [r.key for r in book.rows()] == ["k"]
    with pytest.raises(LedgerError, match="cannot write"):
        book.put(row("other"))
    assert path.read_bytes() == before


@pytest.fixture
def read_only_folder():
    """A folder of someone else's, and we without root's permissions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        os.seteuid(os.getuid())


def without_permission(folder):
    for f in folder.iterdir():
        f.chmod(0o444)
    folder.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_ledger_in_a_read_only_folder_is_read(read_only_folder, unfinished):
    path = read_only_folder / "l.sqlite"
    Ledger(path).put(row("a"))
    if unfinished:  # its last writer was killed: rows are in the file beside it
        content = path.read_bytes()
        with closing(sqlite3.connect(path)) as held:
            held.execute("SELECT * FROM evidence").fetchall()
            Ledger(path).put(row("b"))
            beside = path.with_name("l.sqlite-wal").read_bytes()
        path.write_bytes(content)
        path.with_name("l.sqlite-wal").write_bytes(beside)
    without_permission(read_only_folder)
    try:
        assert {r.key for r in Ledger(path, read_only=True).rows()} == ({"a", "b"} if unfinished else {"a"})
        with pytest.raises(LedgerError, match="choose another"):
            Ledger(path)
        with pytest.raises(LedgerError, match="choose another"):
            Ledger(read_only_folder / "new" / "l.sqlite")
    finally:
        os.seteuid(os.getuid())


def test_an_older_ledger_that_may_not_be_written_is_read(tmp_path):
    path = tmp_path / "l.sqlite"
    Ledger(path).put(row())
    with closing(sqlite3.connect(path)) as db, db:
        for name in ("statement", "transient"):
            db.execute(f"ALTER TABLE evidence DROP COLUMN {name}")
    (found,) = Ledger(path, read_only=True).rows()
    assert (found.statement, found.transient) == ("", False)


# --- damaged cells ---------------------------------------------------------------------------------------------------

DAMAGE = {
    "nothing": None, "an empty text": "", "a number": 7, "minus one": -1, "a fraction": 0.5, "infinity": float("inf"),
    "minus infinity": float("-inf"), "a large integer": 2**62, "a far day": 1e300, "bytes": b"\xff\x00\xfe",
    "bytes of a text": b"quick", "a word": "splendid", "a text with a zero": "a\0b", "broken JSON": "{broken", "null": "null",
    "a JSON number": "7", "a JSON text": '"x"', "a list of numbers": "[1, 2]", "a list": '["a", null]', "an object": '{"x": 1}',
    "lists in lists": "[" * 5000 + "]" * 5000, "objects in lists": '[{"a":' * 50 + "1" + "}]" * 50, "NaN": "NaN",
    "doubled names": '{"a": "1", "a": "2"}', "a number of 10000 digits": "1" * 10_000, "half a surrogate": '"\\ud800"',
    "a measurement of texts": '{"measured": "a", "bound": {}}', "a control character": "\x1b[31m",
    "markup": "[/]<script>[bold]",
}  # fmt: skip


def test_there_are_more_than_83_kinds_of_damage():
    assert len(COLUMNS) * len(DAMAGE) > 600


def damaged(path, column, values):
    """A ledger with a good row, and one a value in that column; the table itself refuses some."""
    Ledger(path).put(row("good"))
    names = ", ".join(n for n in COLUMNS if n not in ("key", column))
    made = 0
    with closing(sqlite3.connect(path)) as db, db:
        for k, value in enumerate(values):
            key, cell = (value, None) if column == "key" else (f"bad {k}", value)
            into, given = (f"key, {names}", (key,)) if column == "key" else (f"key, {column}, {names}", (key, cell))
            marks = ", ".join("?" * len(given))
            try:
                db.execute(
                    f"INSERT INTO evidence ({into}) SELECT {marks}, {names} FROM evidence WHERE key = 'good'", given
                )
                made += 1
            except sqlite3.IntegrityError:
                assert value in (None, "7"), "a key stands once"
    return made


@pytest.mark.parametrize("column", COLUMNS)
def test_a_damaged_cell_is_no_traceback_and_no_other_row_is_lost(tmp_path, column):
    path = tmp_path / "l.sqlite"
    made = damaged(path, column, DAMAGE.values())
    book, skipped = Ledger(path), []
    rows = book.rows(skipped=skipped)
    assert len(rows) + len(skipped) == made + 1 >= len(DAMAGE) - 1
    assert "good" in {r.key for r in rows}
    assert len(skipped) >= 2, "no damage of this column is seen"
    assert all("\n" not in s for s in skipped)
    for r in rows:  # what is left can be shown
        assert str(r.verdict)
        assert row_json(r)["level"]
    for k in range(len(DAMAGE)):
        book.get(f"bad {k}")
    assert book._repr_html_()
    assert len(frame(book)) == len(rows)


def test_brackets_in_a_text_are_no_depth_and_deep_lists_are_damage(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    book.put(replace(row("texts"), verdict=replace(row().verdict, proofs=("[" * 5000, "{broken"))))
    assert len(book.get("texts").verdict.proofs[0]) == 5000
    deep = [1]
    for _ in range(100):
        deep = [deep]
    book.put(
        replace(
            row("deep"), verdict=replace(row().verdict, worst=Measurement(measured=1, bound=2, parameters={"x": deep}))
        )
    )
    assert book.get("deep") is None


@pytest.mark.parametrize("column", COLUMNS)
def test_bytes_that_are_no_text_spoil_one_row(tmp_path, column):
    path = tmp_path / "l.sqlite"
    for key in ("bad", "good"):
        Ledger(path).put(row(key))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE evidence SET {column} = CAST(x'c328' AS TEXT) WHERE key = 'bad'")
    skipped = []
    assert [r.key for r in Ledger(path).rows(skipped=skipped)] == ["good"]
    assert len(skipped) == 1


def test_a_check_whose_row_is_damaged_is_run_again(tmp_path, monkeypatch):
    from gradproof.theory import registry

    claim, path = registry.claim("ef21.young-optimal"), tmp_path / "l.sqlite"
    verify([claim], ledger=Ledger(path), jobs=1)
    assert all(r.cached for r in verify([claim], ledger=Ledger(path), jobs=1))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE evidence SET worst = 'x', n = 'many'")
    assert not any(r.cached for r in verify([claim], ledger=Ledger(path), jobs=1))
    assert all(r.cached for r in verify([claim], ledger=Ledger(path), jobs=1))


# --- what may be kept ------------------------------------------------------------------------------------------------


@pytest.mark.copies
def test_what_was_not_found_out_for_a_passing_reason_is_never_served_again(tmp_path, monkeypatch):
    from gradproof.experiments.engine import verify as engine
    from gradproof.theory import registry

    claim, path = registry.claim("ef21.young-optimal"), tmp_path / "l.sqlite"

    def no_room(*args, **kwargs):
        raise MemoryError

    def late(*args, **kwargs):
        time.sleep(30)

    for fails in (no_room, late):
        with monkeypatch.context() as m:
            m.setattr(engine, "checks_of", lambda *which: [replace(c, timeout=0.2) for c in checks_of(*which)])
            m.setattr(engine, "_confront", fails)
            rows = verify([claim], ledger=Ledger(path), jobs=1)
            assert {r.verdict.outcome.value for r in rows} == {"undecided"}
        again = verify([claim], ledger=Ledger(path), jobs=1)
        assert not any(r.cached for r in again)
        assert all(r.verdict.outcome.good for r in again)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("DELETE FROM evidence")
    tasks = {t.key: t for t in engine.plan([claim])}
    rows = engine._Rows(Ledger(path), tasks)
    for key in tasks:
        rows.put(key, Failed("its worker process died"))
        assert rows.get(key) is None
    assert len(Ledger(path).rows()) == len(tasks)  # they are shown, until they are run


def test_texts_that_utf8_cannot_write_are_escaped(tmp_path):
    made = row(summary="name \udcff", versions={"numpy": "2"})
    made = replace(made, verdict=replace(made.verdict, reason="\ud800 in a message"))
    Ledger(tmp_path / "l.sqlite").put(made)
    (found,) = Ledger(tmp_path / "l.sqlite").rows()
    assert found.summary == "name \\udcff"


def test_a_seed_beyond_the_table_is_one_line(tmp_path):
    with pytest.raises(LedgerError, match="cannot write"):
        Ledger(tmp_path / "l.sqlite").put(row(seed=2**70))


def test_only_ledgers_are_renamed():
    assert store.APPLICATION < 2**31  # SQLite keeps it as a signed number of 32 bits
