"""Every executor answers each item once, whatever some of the items do."""

import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from gradproof.experiments.engine.executors import WORKER_DIED, Chunked, Dask, Failed, Processes, Serial, Slurm
from gradproof.theory.errors import ParameterError


def square(x):
    return x * x


def troubled(x):
    """5 raises, 7 takes its worker down."""
    if x == 5:
        raise ValueError("five")
    if x == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def blas_threads(_):
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return max((p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"), default=1)


def outcomes(executor, function, items):
    pairs = list(executor.run(function, items))
    assert sorted(i for i, _ in pairs) == list(range(len(items))), "each item exactly once"
    return dict(pairs)


@pytest.fixture(scope="module")
def dask_client():
    """A real cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, while it starts and stops
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
        with cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture
def slurm(tmp_path):
    submitit = pytest.importorskip("submitit")
    executor = submitit.LocalExecutor(tmp_path / "jobs")
    executor.update_parameters(timeout_min=2)
    return Slurm(executor)


@pytest.mark.parametrize("executor", [Serial(), Processes(1), Processes(2), Chunked(Processes(2), 3)], ids=str)
def test_values_and_exceptions(executor):
    got = outcomes(executor, troubled, [0, 1, 2, 5, 4, 3, 9])
    assert got == {0: 0, 1: 1, 2: 4, 3: Failed("ValueError: five"), 4: 16, 5: 9, 6: 81}
    assert outcomes(executor, square, []) == {}


@pytest.mark.parametrize("executor", [Processes(2), Chunked(Processes(2), 3)], ids=str)
def test_a_worker_that_dies_harms_no_other_item(executor):
    got = outcomes(executor, troubled, list(range(12)))
    assert got.pop(7) == Failed(WORKER_DIED)
    assert got.pop(5) == Failed("ValueError: five")
    assert got == {i: i * i for i in range(12) if i not in (5, 7)}


@pytest.mark.parametrize("executor", [Serial(), Processes(2)], ids=str)
def test_a_worker_has_one_blas_thread(executor):
    assert set(outcomes(executor, blas_threads, [0, 1]).values()) == {1}


def test_what_cannot_be_sent_is_a_failure_of_its_item():
    got = outcomes(Processes(2), square, [1, threading.Lock(), 3])
    assert (got[0], got[2]) == (1, 9)
    assert isinstance(got[1], Failed)


def test_leaving_early_ends_the_workers():
    for executor in (Serial(), Processes(2)):
        assert next(iter(executor.run(square, list(range(100)))))[1] >= 0


@pytest.mark.parametrize("bad", [lambda: Processes(0), lambda: Chunked(Serial(), 0)])
def test_bad_sizes(bad):
    with pytest.raises(ParameterError, match="at least 1"):
        bad()


@pytest.mark.filterwarnings("ignore")
def test_dask_runs_everything_and_reports_failures(dask_client):
    got = outcomes(Dask(dask_client), troubled, [0, 1, 5, 3])
    assert got == {0: 0, 1: 1, 2: Failed("ValueError: five"), 3: 9}
    assert set(outcomes(Dask(dask_client), blas_threads, [0, 1]).values()) == {1}


@pytest.mark.filterwarnings("ignore")
def test_dask_loses_nothing_and_doubles_nothing_when_a_worker_is_killed(dask_client, tmp_path):
    def slow(x):
        time.sleep(0.2)
        with open(tmp_path / "trace", "a") as f:
            f.write(f"{x} {os.getpid()}\n")
        return x * x

    victim = next(iter(dask_client.run(os.getpid).values()))
    stream = Dask(dask_client).run(slow, list(range(20)))
    pairs = [next(stream) for _ in range(3)]
    os.kill(victim, signal.SIGKILL)
    pairs += list(stream)
    assert sorted(pairs) == [(i, i * i) for i in range(20)]
    assert str(victim) in (tmp_path / "trace").read_text()  # it did take part


def test_submitit_local_jobs(slurm):
    assert outcomes(slurm, troubled, [2, 5]) == {0: 4, 1: Failed("ValueError: five")}


@pytest.mark.slow
def test_submitit_job_that_dies(slurm):
    got = outcomes(Chunked(slurm, 2), troubled, [1, 7, 3])
    assert (got[0], got[2]) == (1, 9)
    assert got[1] == Failed(WORKER_DIED)
