"""Jobs in processes and on a cluster, killed workers, interrupted runs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fusedrnn
from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import compare
from fusedrnn.forecast.evaluate import runner
from fusedrnn.forecast.evaluate.jobs import Job
from fusedrnn.forecast.evaluate.results import Store

SMALL = {"epochs": 2, "units": 4, "timesteps": 8, "seeds": 1, "levels": (), "test_size": 20}
FAST = {**SMALL, "models": ("Naive", "LSTM", "GRU")}


@pytest.fixture(scope="module")
def series():
    return load_bakery_series().iloc[-120:, :4]


@pytest.fixture(scope="module")
def undisturbed(series):
    return compare(series, wide=True, n_jobs=1, **FAST).frame


def test_processes_give_the_same_bits(series, undisturbed):
    frame = compare(series, wide=True, n_jobs=2, **FAST).frame
    pd.testing.assert_frame_equal(frame, undisturbed, check_exact=True)


@pytest.mark.parametrize("scope", ["local", "global"])
def test_every_series_has_every_forecast(series, scope):
    result = compare(series, wide=True, n_jobs=1, scope=scope, **FAST)
    assert (result.frame.groupby("unique_id").size() == 20).all()
    assert result.frame.notna().all(axis=None)
    fits = [column for _, column, _, _ in result.result.store.fits() if "GRU-seed" in column]
    assert len(fits) == (3 if scope == "local" else 1)
    assert set(result.by_series["unique_id"]) == set(series.columns[1:])


def die_once(mark, job):
    """Kill the worker that is the first to come here."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return job.key, job.model, job.cost, job.run_alone()
    os.kill(os.getpid(), signal.SIGKILL)


def die(job):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_killed_worker_loses_nothing(series, undisturbed, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "_work", partial(die_once, tmp_path / "died"))
    frame = compare(series, wide=True, n_jobs=2, **FAST).frame
    assert (tmp_path / "died").exists()
    pd.testing.assert_frame_equal(frame, undisturbed, check_exact=True)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_workers_that_always_die_are_an_error(series, monkeypatch):
    monkeypatch.setattr(runner, "_work", die)
    monkeypatch.setattr(runner, "ATTEMPTS", 1)
    with pytest.raises(OSError, match="worker processes died 1 times"):
        compare(series, wide=True, n_jobs=2, **FAST)


def test_an_interrupted_run_goes_on(series, undisturbed, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    whole, ran = Job.run, []

    def run(self, *args):
        if len(ran) == 5:
            raise KeyboardInterrupt
        ran.append(self.key)
        return whole(self, *args)

    monkeypatch.setattr(Job, "run", run)
    with pytest.raises(KeyboardInterrupt):
        compare(series, wide=True, n_jobs=1, resume=False, **FAST)
    (folder,) = tmp_path.glob("fusedrnn/*")
    store = Store(folder)
    kept = {f"{fold}/{column}/{group}" for fold, column, group, _ in store.fits()}
    store.records.close()
    assert kept == set(ran)
    again = []
    monkeypatch.setattr(Job, "run", lambda self, *a: (again.append(self.key), whole(self, *a))[1])
    result = compare(series, wide=True, n_jobs=1, resume=True, **FAST)
    pd.testing.assert_frame_equal(result.frame, undisturbed, check_exact=True)
    assert not set(again) & kept
    result.forget()
    assert not list(tmp_path.glob("fusedrnn/*"))


LEAVES_A_SEMAPHORE = """
import os, sys
from joblib.externals.loky.backend import resource_tracker
from fusedrnn.forecast.evaluate import runner
options = list(sys.warnoptions)
with runner._no_interrupt():
    resource_tracker.register("/of-a-thread-that-was-cut-short", "semlock")
assert sys.warnoptions == options
os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="semaphores with names")
def test_what_a_cut_thread_leaves_is_removed_without_a_word():
    done = subprocess.run(
        [sys.executable, "-c", LEAVES_A_SEMAPHORE], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_a_run_with_other_settings_takes_nothing_from_the_cache(series, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = []
    put = Store.put
    monkeypatch.setattr(
        Store, "put", lambda self, k, r: (kept.append(self.folder), put(self, k, r))
    )
    compare(series, wide=True, n_jobs=1, resume=True, **FAST)
    compare(series, wide=True, n_jobs=1, resume=True, **{**FAST, "units": 5})
    compare(
        series.assign(date=series["date"] + pd.Timedelta(1, "D")), wide=True, resume=True, **FAST
    )
    assert len(set(kept)) == 3


def test_a_cache_that_cannot_be_written_is_said_and_only_matters_to_resume(
    series, undisturbed, monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    result = compare(series, wide=True, n_jobs=1, resume=False, **FAST)
    assert "could not be kept for --resume" in result.notes[0]
    pd.testing.assert_frame_equal(result.frame, undisturbed, check_exact=True)
    with pytest.raises(OSError, match="Not a directory"):
        compare(series, wide=True, n_jobs=1, resume=True, **FAST)


def test_a_full_disk_is_an_error_that_says_so(series, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    whole = sqlite3.connect

    def small(path, **options):
        connection = whole(path, **options)
        connection.execute("PRAGMA max_page_count = 4")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(OSError, match="temporary file: database or disk is full"):
        compare(series, wide=True, n_jobs=1, **FAST)


def test_a_series_that_cannot_be_fitted_is_reported_not_dropped(series, monkeypatch):
    from fusedrnn.forecast.evaluate import jobs
    from fusedrnn.forecast.models.baselines import naive

    def broken(y, *rest):
        if y[1] == series.iloc[1, 1]:
            raise ValueError("singular")
        return naive(y, *rest)

    monkeypatch.setitem(jobs.METHODS, "ETS", broken)
    result = compare(series, wide=True, n_jobs=1, **{**FAST, "models": (*FAST["models"], "ETS")})
    name = series.columns[1]
    assert f"ETS on {name}: not fitted: singular" in result.notes
    assert result.frame.loc[result.frame["unique_id"] == name, "ETS"].isna().all()
    both = result.by_series[result.by_series["unique_id"] != name].groupby("model")["MAE"].mean()
    assert result.table.loc["LSTM", "MAE"] == pytest.approx(both["LSTM"])


def test_short_series_are_an_error_or_left_out(series):
    short = series.astype({"s02_p101": float}).copy()
    short.iloc[:-12, 1] = np.nan
    with pytest.raises(ValueError, match=r"1 series too short .*: s02_p101; .* --skip-short"):
        compare(short, wide=True, **FAST)
    result = compare(short, wide=True, n_jobs=1, skip_short=True, **FAST)
    assert result.skipped == ("s02_p101",)
    assert "1 series too short, left out: s02_p101" in result.notes
    assert "s02_p101" not in set(result.frame["unique_id"])


def test_a_cluster_gives_the_same_bits_even_if_a_worker_is_killed(series, undisturbed):
    distributed = pytest.importorskip("distributed")
    killed = []
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:

        def kill(model, steps):
            if not killed:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        address = cluster.scheduler_address
        how = {"backend": "dask", "address": address, "on_step": kill}
        frame = compare(series, wide=True, **how, **FAST).frame
    assert killed
    pd.testing.assert_frame_equal(frame, undisturbed, check_exact=True)


@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_ray_gives_the_same_bits_even_if_a_worker_is_killed(
    series, undisturbed, monkeypatch, tmp_path
):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(runner, "_work", partial(die_once, tmp_path / "died"))
    # Where die_once is, and the package that is tested here.
    paths = os.pathsep.join(map(str, (Path(__file__).parent, Path(fusedrnn.__file__).parents[1])))
    here = {"env_vars": {"PYTHONPATH": paths}}
    while not ray.is_initialized():
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here)
        except Exception as error:  # on a machine that is busy: half a minute is all that Ray waits
            if "timed out during startup" not in str(error):
                raise
            ray.shutdown()
    try:
        frame = compare(series, wide=True, backend="ray", **FAST).frame
    finally:
        ray.shutdown()
    assert (tmp_path / "died").exists()
    pd.testing.assert_frame_equal(frame, undisturbed, check_exact=True)


def test_an_address_that_does_not_answer_is_an_error(series, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(runner, "TIMEOUT", 1)
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
        compare(series, wide=True, backend="dask", address="tcp://127.0.0.1:9", **FAST)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "127.0.0.1:99999"])
def test_an_address_of_ray_that_does_not_answer_is_an_error(series, address):
    pytest.importorskip("ray")
    with pytest.raises(OSError, match=f"address {address}: no Ray cluster answers"):
        compare(series, wide=True, backend="ray", address=address, **FAST)


def test_an_unknown_backend_is_named(series):
    with pytest.raises(ValueError, match="backend is 'cloud', expected one of processes"):
        compare(series, wide=True, backend="cloud", **FAST)
