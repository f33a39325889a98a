"""A sweep keeps what it has, resumes after kill -9, and says what went wrong."""

import json
import subprocess
import sys
import textwrap

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


def test_keys_follow_the_function_that_computes():
    def of(k):
        return pieces_of("half", SETTINGS, function=lambda piece: piece["gamma"] * k)

    assert set(of(2)) == set(of(2))
    assert not set(of(2)) & set(of(3))
    assert not set(of(2)) & set(pieces_of("half", SETTINGS))
    typed = eval("lambda piece: 0", {"__name__": "__main__"})  # no source: nothing is found again
    assert not set(pieces_of("half", SETTINGS, function=typed)) & set(pieces_of("half", SETTINGS, function=typed))


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
    import os, random, signal, sys, time
    from pathlib import Path
    from gradproof.experiments.engine.executors import Processes, Serial
    from gradproof.experiments.engine.store import Ledger, measurement_json
    from gradproof.experiments.engine.sweep import Folder, pieces_of, sweep
    from gradproof.experiments.engine.verify import load_file, verify

    root, kills_wanted, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    claims = load_file(str(root / "claims.py"))  # all is imported before the children begin
    pieces = pieces_of("work", [{"k": k} for k in range(30)])

    def work(piece):
        time.sleep(0.01)
        if piece["k"] % 10 == 3:
            raise ValueError(f"piece {piece['k']} fails")
        return [random.Random(piece["k"]).random() for _ in range(100)]

    def sweep_once(name):
        if kind.startswith("ledger"):
            jobs = 2 if kind == "ledger, two jobs" else 1
            verify(claims, ledger=Ledger(root / name), jobs=jobs, file=str(root / "claims.py"))
        else:
            executor = Processes(2) if kind == "processes" else Serial()
            dict(sweep(work, pieces, Folder(root / name), executor=executor))

    def content(name):
        if kind.startswith("ledger"):
            rows = Ledger(root / name).rows()
            return {r.key: (r.claim, r.check, r.verdict.outcome, r.verdict.reason,
                            measurement_json(r.verdict.worst) if r.verdict.worst else None) for r in rows}
        return {f.name: f.read_text() for f in (root / name).iterdir() if not f.name.startswith(".")}

    def child_that_sweeps(name):
        child = os.fork()
        if not child:
            os.setsid()
            sweep_once(name)
            os.killpg(0, signal.SIGKILL)  # and with it whatever workers it has
        return child

    os.waitpid(child_that_sweeps("undisturbed"), 0)  # not here: no threads may run where children are forked
    wanted = content("undisturbed")
    assert len(wanted) == 30, len(wanted)
    rng, kills, sweeps = random.Random(0), 0, 0
    while kills < kills_wanted:
        name, finished, patience = f"killed-{sweeps}", False, 0.4 if kind in ("ledger", "folder") else 2.0
        while not finished:
            child = child_that_sweeps(name)
            time.sleep(rng.uniform(0, patience))
            patience *= 1.0 if kind in ("ledger", "folder") else 1.5  # workers take their time to start
            finished = os.waitpid(child, os.WNOHANG)[0] == child
            if not finished:
                try:
                    os.killpg(child, signal.SIGKILL)
                except ProcessLookupError:  # killed before it had a group of its own
                    os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                kills += 1
        assert content(name) == wanted, name
        sweeps += 1
    print(kills, "kills in", sweeps, "sweeps")
"""

CLAIMS = """
    import os, time
    from gradproof import Claim, Level, Measurement, Paper, Relation, check, register
    PAPER = Paper(key="mine", authors=("me",), title="t", year=2026, family="own")
    CLAIMS = [Claim(id=f"mine.c{k}", paper=PAPER, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
                    relation=Relation.LE, expression=1) for k in range(30)]
    register(*CLAIMS)
    for k, c in enumerate(CLAIMS):
        @check(c, level=Level.EMPIRICAL, timeout=0.1 if k == 7 else 60)
        def numbers(ctx, k=k):
            time.sleep(0.01)
            if k == 3:
                raise ValueError("three")
            if k == 5:
                os._exit(5)
            if k == 7:
                time.sleep(600)
            yield Measurement(measured=ctx.rng("x").random(), bound=0.9)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "kills"), [("ledger", 50), ("ledger, two jobs", 10), ("folder", 50), ("processes", 5)]
)
def test_kills_at_random_points_end_in_the_undisturbed_result(tmp_path, kind, kills):
    (tmp_path / "claims.py").write_text(textwrap.dedent(CLAIMS))
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(kills), kind], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= kills
