"""Sweeps of strangers: results and settings of any type, damaged files, keys that lead elsewhere, disks that are full."""

import random
from collections import namedtuple
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradproof.experiments.engine import files
from gradproof.experiments.engine.datasets import DamagedDataset, check, read_dataset, write_dataset
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.executors import WORKER_DIED, Failed
from gradproof.experiments.engine.sweep import Folder, StoreError, content_key, pieces_of, sweep
from gradproof.theory.errors import ParameterError

LABELLED = xr.DataArray(
    [[1.0, np.nan]], dims=("a", "b"), coords={"b": ["x", "yy"]}, name="b", attrs={"units": "1", "on": True}
)
RESULTS = [
    None, True, 3, 2**70, 0.1, float("inf"), float("nan"), 1j, "µ λ \ud800", b"\xff", (1, (2.0,)), [], [(), []], {1: "a", "1": "b"},
    {(1, 2): 3, None: 4}, {"gradproof kind": "tuple"}, {1, 2}, frozenset("ab"), Fraction(1, 3), np.int64(3), np.float32(0.1),
    np.bool_(True), np.float64("nan"), np.arange(6, dtype=np.int32).reshape(2, 3), np.array(2.7), np.array([]),
    np.array(["a", "bc"]), np.array([Fraction(1, 2), None], dtype=object), np.datetime64("2026-01-01"),
    {"x": np.zeros(2), "y": (np.float64(1), None)},
    LABELLED, LABELLED.rename(None),
    xr.Dataset({"f": ("step", [1, 2]), "ok": ("step", [True, False])}, coords={"step": ["a", "b"]},
               attrs={"on": True, "none": None, "pair": (1, 2), "n": 3, "map": {1: 2}, "x": np.float32(0.1), "list": [1, 2]}),
    xr.Dataset({"g": ("t", np.array([1.5], np.float32), {"flag": False, "units": "m"})}),
]  # fmt: skip
FAIL = [
    object(), namedtuple("Pair", "a b")(1, 2), np.ma.masked_array([1.0], [True]), [lambda: 0],
    xr.Dataset({"o": ("t", np.array([object()], dtype=object))}), xr.Dataset(attrs={"o": object()}), {"data": xr.Dataset()},
    np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
]  # fmt: skip


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, xr.Dataset | xr.DataArray):
        types = [type(v) for v in a.attrs.values()] == [type(v) for v in b.attrs.values()]
        return a.identical(b) and types and a.to_dict(data=False) == b.to_dict(data=False)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and all(map(same, a.ravel().tolist(), b.ravel().tolist()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{type(r).__name__}")
def test_a_result_is_the_same_on_the_first_run_and_on_resume(tmp_path, result):
    (first,) = (r for _, r in sweep(lambda piece: result, {"k": 0}, Folder(tmp_path)))
    (again,) = (r for _, r in sweep(lambda piece: pytest.fail("ran again"), {"k": 0}, Folder(tmp_path)))
    assert same(first, result)
    assert same(again, result)


@pytest.mark.parametrize("result", FAIL, ids=lambda r: f"{type(r).__name__}")
def test_a_result_that_cannot_be_kept_is_a_failed_row_on_both(tmp_path, result):
    pieces = {"a": 0, "b": 1}
    first = dict(sweep(lambda piece: result if piece else 1.0, pieces, Folder(tmp_path)))
    again = dict(sweep(lambda piece: pytest.fail("ran again"), pieces, Folder(tmp_path)))
    assert first == again
    assert first["a"] == 1.0
    assert isinstance(first["b"], Failed)
    assert "\n" not in first["b"].reason
    assert len(list(tmp_path.iterdir())) == 2


def test_a_setting_with_a_seed_of_its_own_is_refused():
    with pytest.raises(ParameterError, match="seeds="):
        pieces_of("runs", [{"gamma": 0.1, "seed": k} for k in range(3)])


def test_settings_of_any_library_have_the_key_of_their_numbers():
    settings = [
        {"n": np.int64(3), "x": np.float64(0.5), "at": np.array([1, 2]), "flag": np.bool_(True), "pair": (1, 2)}
    ]
    plain = [{"n": 3, "x": 0.5, "at": [1, 2], "flag": True, "pair": [1, 2]}]
    assert set(pieces_of("runs", settings, seeds=np.arange(3))) == set(pieces_of("runs", plain, seeds=range(3)))
    different = [
        {"n": n} for n in (1, 1.5, True, "1", None, [1], {1: 2}, {"1": 2}, {2: 1}, np.arange(3000), np.arange(3000) * 2)
    ]
    assert len(pieces_of("runs", different)) == len(different)
    with pytest.raises(ParameterError, match="no key"):
        content_key(object())


def test_streams_are_those_of_the_numbers():
    a = keys("c", settings=[np.int64(3), np.float64(0.5), np.arange(3), (1, 2)], seeds=np.arange(2))
    b = keys("c", settings=[3, 0.5, [0, 1, 2], [1, 2]], seeds=range(2))
    assert (a == b).all()
    long = keys("c", settings=[np.arange(3000), np.arange(3000) + (np.arange(3000) == 1500)], seeds=[0])
    assert (long[0] != long[1]).any()  # NumPy would write both with dots in the middle
    with pytest.raises(ParameterError, match="no key"):
        keys("c", settings=[object()], seeds=[0])


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["../x", "../../x", "/tmp/x", "a/b", "", ".", "..", ".hidden", "a\0", "a\nb", "x" * 300]
)
def test_no_key_leaves_the_folder(tmp_path, key):
    folder = Folder(tmp_path / "a" / "b")
    (tmp_path / "x.json").write_text('{"failed": "theirs"}')
    for use in (lambda: folder.put(key, 1), lambda: folder.get(key)):
        with pytest.raises(StoreError, match="no name of a file"):
            use()
    assert {f.name for f in tmp_path.rglob("*")} == {"a", "b", "x.json"}


def damages(content, rng):
    """The file with one byte changed, cut, or longer; and files that are something else."""
    for _ in range(150):
        at = rng.randrange(len(content))
        yield content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
    for _ in range(50):
        yield content[: rng.randrange(len(content))]
    yield from (content + b"x", content * 2, b"", b"\n", b"\x89HDF\r\n\x1a\n", content[::-1], bytes(len(content)))


def test_no_damaged_dataset_is_taken_for_what_was_written(tmp_path):
    path = tmp_path / "d.nc"
    write_dataset(xr.Dataset({"f": ("step", np.linspace(0, 1, 50), {"units": "1"})}, attrs={"seed": 3}), path)
    content = path.read_bytes()
    assert read_dataset(path).attrs["seed"] == 3
    assert xr.open_dataset(path, engine="h5netcdf").sizes == {"step": 50}  # anyone can read it
    found = 0
    for bad in damages(content, random.Random(0)):
        path.write_bytes(bad)
        with pytest.raises(DamagedDataset) as caught:
            read_dataset(path)
        assert "\n" not in str(caught.value)
        found += 1
    assert found == 207


@pytest.mark.parametrize("outcome", [xr.Dataset({"f": ("t", [1.0])}), {"x": [1, 2.5]}, Failed("diverged")], ids=str)
def test_a_damaged_file_is_set_aside_and_run_again(tmp_path, outcome):
    folder = Folder(tmp_path)
    folder.put("k", outcome)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    rng = random.Random(1)
    for bad in list(damages(content, rng))[::9]:
        file.write_bytes(bad)
        found = folder.get("k")
        assert found is None or (file.suffix == ".json" and same(found, outcome))  # a blank between words is no damage
    deep = b'{"value": ' + b"[" * 100_000
    file.with_suffix(".json").write_bytes(deep)
    file.with_suffix(".nc").unlink(missing_ok=True)
    assert folder.get("k") is None


@pytest.mark.parametrize(
    "reason",
    [WORKER_DIED, "MemoryError: 3 TiB", "TimeoutError: late", "timed out after 3 s", "_ArrayMemoryError: 3 TiB"],
)
def test_a_failure_that_may_pass_is_shown_and_run_again(tmp_path, reason):
    folder = Folder(tmp_path)
    folder.put("k", Failed(reason))
    assert folder.keys() == {"k"}
    assert dict(sweep(lambda piece: "done", {"k": 0}, folder)) == {"k": "done"}
    folder.put("k", Failed("ValueError: diverged"))
    assert folder.get("k") == Failed("ValueError: diverged")


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    folder = Folder(tmp_path)
    folder.put("k", 1.0)
    folder.put("d", xr.Dataset({"f": ("t", [1.0])}))
    before = {f.name: f.read_bytes() for f in tmp_path.iterdir()}

    def no_room(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_room)  # where a full disk is found out at the latest
    for key, outcome in (("k", 2.0), ("new", 3.0), ("d", xr.Dataset({"f": ("t", [2.0])}))):
        with pytest.raises(StoreError, match="No space left on device; what was written before is kept"):
            folder.put(key, outcome)
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == before


def test_checks_of_files_that_are_not_there():
    with pytest.raises(OSError):
        check(Path("/nowhere/d.nc"))
