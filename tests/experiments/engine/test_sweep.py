"""A sweep keeps what it has, resumes after kill -9, and says what went wrong."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import xarray as xr

from gradproof.experiments.engine.executors import Failed, Processes
from gradproof.experiments.engine.sweep import Folder, StoreError, content_key, pieces_of, progress_bar, sweep

SETTINGS = [{"gamma": 0.1 * k} for k in range(6)]


def half(piece):
    if piece["gamma"] == 0.2:
        raise ValueError("diverged")
    return piece["gamma"] / 2


def dataset(piece):
    return xr.Dataset(
        {"f": ("step", np.array([piece["gamma"], np.nan]), {"units": "1"})}, attrs={"seed": piece["seed"]}
    )


def test_keys_are_content():
    a, b = pieces_of("half", SETTINGS), pieces_of("half", SETTINGS[::-1], seeds=(1, 0))
    assert len(a) == 6
    assert len(b) == 12
    assert set(a) < set(b)
    assert not set(a) & set(pieces_of("other", SETTINGS))
    assert content_key({"x": 1, "y": 2}) == content_key({"y": 2, "x": 1})


@pytest.mark.parametrize("executor", [None, Processes(2)], ids=str)
def test_failures_are_kept_with_their_reason_and_nothing_runs_twice(tmp_path, executor):
    pieces = pieces_of("half", SETTINGS)
    got = dict(sweep(half, pieces, Folder(tmp_path), executor=executor))
    wanted = {k: Failed("ValueError: diverged") if p["gamma"] == 0.2 else p["gamma"] / 2 for k, p in pieces.items()}
    assert got == wanted
    assert dict(sweep(lambda piece: pytest.fail("ran again"), pieces, Folder(tmp_path))) == wanted
    assert Folder(tmp_path).keys() == set(pieces)
    assert set(dict(sweep(lambda piece: "new", pieces, Folder(tmp_path), fresh=True)).values()) == {"new"}


def test_datasets_come_back_with_units_and_attributes(tmp_path):
    pieces = pieces_of("runs", SETTINGS[:2], seeds=(3,))
    first = dict(sweep(dataset, pieces, Folder(tmp_path)))
    again = dict(sweep(half, pieces, Folder(tmp_path)))
    for key in pieces:
        xr.testing.assert_identical(first[key], again[key])
        assert again[key].attrs["seed"] == 3
        assert again[key].f.units == "1"


def test_a_corrupted_file_is_set_aside_and_run_again(tmp_path):
    pieces, store = pieces_of("runs", SETTINGS[:2]), Folder(tmp_path)
    dict(sweep(dataset, pieces, store))
    for key in pieces:
        (tmp_path / f"{key}.nc").write_bytes(b"not a dataset")
    assert all(isinstance(o, xr.Dataset) for o in dict(sweep(dataset, pieces, store)).values())
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 2


def test_an_unusable_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another"):
        Folder(tmp_path / "file")


FULL_DISK = """
    import resource, signal
    from gradproof.experiments.engine.sweep import Folder, StoreError, sweep
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # a disk with room for small files only
    try:
        dict(sweep(lambda n: "x" * n, {"a": 10, "b": 100_000, "c": 10}, Folder("FOLDER")))
    except StoreError as error:
        print(error)
"""


def test_a_full_disk_keeps_what_was_written(tmp_path):
    code = textwrap.dedent(FULL_DISK).replace("FOLDER", str(tmp_path))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith("cannot write")
    assert "what was written before is kept" in out
    assert Folder(tmp_path).keys() == {"a"}
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]  # nothing half written


def test_progress_passes_everything_through(tmp_path):
    pieces = pieces_of("half", SETTINGS)
    assert len(dict(progress_bar(sweep(half, pieces, Folder(tmp_path)), len(pieces)))) == 6


def test_json_outcomes_carry_versions(tmp_path):
    Folder(tmp_path).put("k", 1.5)
    assert json.loads((tmp_path / "k.json").read_text())["versions"]["numpy"] == np.__version__


# --- kill -9 ---------------------------------------------------------------------------------------------------------

KILLED = """
import random, sys, time
from gradproof.experiments.engine.executors import executor_for
from gradproof.experiments.engine.sweep import Folder, pieces_of, sweep

def work(piece):
    rng = random.Random(piece["k"])
    time.sleep(0.02)
    if piece["k"] % 10 == 3:
        raise ValueError(f"piece {piece['k']} fails")
    return [rng.random() for _ in range(100)]

pieces = pieces_of("work", [{"k": k} for k in range(40)])
print("ready", flush=True)
dict(sweep(work, pieces, Folder(sys.argv[1]), executor=executor_for(int(sys.argv[2]))))
"""


def _sweep_process(folder, jobs):
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), str(jobs)], stdout=subprocess.PIPE, start_new_session=True
    )


def _kill(process, after):
    process.stdout.readline()
    time.sleep(after)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return alive


def _files(folder):
    return {f.name: f.read_text() for f in folder.iterdir() if not f.name.startswith(".")}


@pytest.mark.slow
def test_fifty_kills_end_in_the_undisturbed_result(tmp_path):
    undisturbed = tmp_path / "undisturbed"
    assert _sweep_process(undisturbed, 1).wait() == 0
    wanted = _files(undisturbed)
    assert len(wanted) == 40
    rng, kills, sweeps = random.Random(0), 0, 0
    while kills < 50:
        folder, finished = tmp_path / f"killed-{sweeps}", False
        while not finished:
            # one process at any of its forty pieces; two also while they start
            jobs = 2 if rng.random() < 0.1 else 1
            finished = not _kill(_sweep_process(folder, jobs), rng.uniform(0, 0.4))
            kills += not finished
        assert _files(folder) == wanted
        sweeps += 1
    assert kills >= 50
