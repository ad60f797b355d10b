"""The sales comparison at scale: series per second, memory, and a cluster that loses a worker.

    python -m bench forecast speed [--data bakery|synthetic] [--series N] [--torch-series N]
    python -m bench forecast memory [--series 100,1000,3000] [--scope local|global]
    python -m bench forecast killed

speed: each series gets one LSTM and one GRU, trained from scratch on its own windows, and forecasts
its last 20 % one day ahead, on one process and on two. PyTorch does the same work: the same
windows, units, epochs, batches, initialisers, optimiser and learning rates, one thread a process.
Before anything is timed, both must forecast equally well.

memory: the largest resident size of a run over so many series of 300 days, read from a CSV file in
which each day has a row of every series, with the smallest networks there are.

killed: the same run on a Dask cluster of two workers, undisturbed and with one worker killed.

Nothing is extrapolated: each line says how many series were run.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import signal
import sys
import tempfile
import time
from argparse import RawDescriptionHelpFormatter
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.data.panel import read_panel
from fusedrnn.forecast.evaluate.folds import plan
from fusedrnn.forecast.models.inputs import Inputs, scale
from fusedrnn.forecast.settings import PanelOptions, TableOptions

from .machine import describe
from .process import in_fresh_process

MODELS = ("SeasonalNaive", "LSTM", "GRU")
TINY = {"models": MODELS, "epochs": 1, "units": 2, "timesteps": 7, "seeds": 1, "levels": (80,)}


def synthetic(series: int, days: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Weekly and yearly season, a drifting level, noise, and days without sales."""
    rng = np.random.default_rng(seed)
    t = np.arange(days)[:, None]
    week = rng.uniform(0.5, 1.5, (7, series))[t[:, 0] % 7]
    year = 1 + 0.2 * np.sin(2 * np.pi * (t / 365.25 + rng.uniform(size=series)))
    level = rng.uniform(20, 500, series) * np.exp(np.cumsum(rng.normal(0, 0.01, (days, series)), 0))
    sales = rng.poisson(level * week * year) * (rng.uniform(size=(days, series)) > 0.02)
    dates = pd.Series(pd.date_range("2021-01-01", periods=days), name="date")
    return pd.concat([dates, pd.DataFrame(sales, columns=[f"s{i}" for i in range(series)])], axis=1)


def torch_error_of_one(inputs: Inputs, origins: list[int], settings: Settings) -> float:
    """Train both cells with PyTorch on one series and return their mean scaled error."""
    import torch

    torch.set_num_threads(1)
    x, y = (torch.tensor(np.array(each)) for each in inputs.training())
    truth = inputs.target[np.asarray(origins)[:, None] + np.arange(settings.horizon)]
    misses = []
    for kind in (torch.nn.LSTM, torch.nn.GRU):
        torch.manual_seed(settings.seed)
        layer = kind(x.shape[2], settings.units, batch_first=True)
        dense = torch.nn.Linear(settings.units, settings.horizon)
        for name, weight in (*layer.named_parameters(), *dense.named_parameters()):
            init = torch.nn.init.orthogonal_ if "hh" in name else torch.nn.init.xavier_uniform_
            (torch.nn.init.zeros_ if "bias" in name else init)(weight)
        if kind is torch.nn.LSTM:
            layer.bias_ih_l0.data[settings.units : 2 * settings.units] = 1
        weights = [*layer.parameters(), *dense.parameters()]
        steps = settings.epochs * -(-len(x) // settings.batch_size)
        adam = torch.optim.Adam(weights, settings.learning_rate, eps=1e-7)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        for _ in range(settings.epochs):
            for batch in torch.randperm(len(x)).split(settings.batch_size):
                adam.zero_grad()
                loss = torch.nn.functional.l1_loss(dense(layer(x[batch])[0][:, -1]), y[batch])
                loss.backward()
                adam.step()
                schedule.step()

        def predict(windows: np.ndarray, layer=layer, dense=dense) -> np.ndarray:
            with torch.no_grad():
                return dense(layer(torch.tensor(windows))[0][:, -1]).numpy()

        forecast = inputs.forecast(predict, origins, settings.horizon)
        misses.append(np.abs(forecast - truth).mean())
    return float(np.mean(misses))


def torch_error(frame: pd.DataFrame, settings: Settings, n_jobs: int) -> float:
    """Do the work with PyTorch; return the mean scaled error over series and cells."""
    panel = read_panel(frame, TableOptions(wide=True), PanelOptions())
    (fold,) = plan(panel.series, settings)
    work = []
    for series in panel.series:
        cut, origins = fold.cut(series, settings), fold.origins(series, settings)
        own = scale(series, cut, panel.season, settings)
        work.append((Inputs(series, own, settings, panel.season, cut), origins, settings))
    parallel = joblib.Parallel(n_jobs=n_jobs, batch_size=1)
    return float(np.mean(parallel(joblib.delayed(torch_error_of_one)(*each) for each in work)))


def our_error(frame: pd.DataFrame, settings: Settings, n_jobs: int) -> float:
    """Do the work with fusedrnn; return the same figure."""
    result = compare(frame, wide=True, n_jobs=n_jobs, **vars(settings))
    return float(result.table.loc[["LSTM", "GRU"], "test_loss"].mean())


def speed(arguments: argparse.Namespace) -> None:
    counts = {"fusedrnn": int(arguments.series or 105), "torch": arguments.torch_series}
    most = max(counts.values())
    whole = load_bakery_series() if arguments.data == "bakery" else synthetic(most)
    same = {"timesteps": 28, "scope": "local", "seeds": 1, "levels": (), "models": MODELS}
    settings = Settings(**same, epochs=arguments.epochs)
    print(settings)
    runs = {"fusedrnn": our_error} | ({"torch": torch_error} if counts["torch"] else {})
    few = whole.iloc[:, :5]
    errors = {name: run(few, settings, 1) for name, run in runs.items()}
    print({name: round(error, 4) for name, error in errors.items()}, "mean scaled test error")
    if max(errors.values()) > 1.2 * min(errors.values()):
        sys.exit("the contestants do not forecast equally well: nothing is timed")
    for n_jobs, (name, run) in itertools.product(arguments.processes, runs.items()):
        frame = whole.iloc[:, : 1 + counts[name]]
        run(whole.iloc[:, : 1 + n_jobs], Settings(**vars(settings) | {"epochs": 1}), n_jobs)  # warm
        start = time.perf_counter()
        run(frame, settings, n_jobs)
        seconds = time.perf_counter() - start
        print(
            f"{arguments.data}, {len(frame.columns) - 1} series of {len(frame)} days, "
            f"{settings.epochs} epochs, {n_jobs} processes, {name}: "
            f"{(len(frame.columns) - 1) / seconds:.3f} series/s, {seconds:.1f} s",
            flush=True,
        )


def memory(arguments: argparse.Namespace) -> None:
    for count in map(int, (arguments.series or "100,1000,3000").split(",")):
        in_fresh_process(memory_of, count, arguments.scope)  # a process each: its own maximum


def memory_of(count: int, scope: str) -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        with path.open("w") as file:
            file.write("unique_id,ds,y\n")
            for day in pd.date_range("2021-01-01", periods=300).strftime("%Y-%m-%d"):
                rows = enumerate(rng.poisson(20, count))
                file.writelines(f"s{i},{day},{sales}\n" for i, sales in rows)
        before, start = peak(), time.perf_counter()
        result = compare(path, n_jobs=1, scope=scope, **TINY)
        after = peak()
        result.write_csv(Path(folder) / "frame.csv")
        result.write_html(Path(folder) / "report.html")
        frame, report = (Path(folder) / name for name in ("frame.csv", "report.html"))
        print(
            f"{count} series of 300 days, {scope} networks, {path.stat().st_size >> 20} "
            f"MiB: {before:.0f} MiB, "
            f"{after:.0f} MiB after the run, {peak():.0f} MiB after writing "
            f"{frame.stat().st_size >> 20} MiB of forecasts and {report.stat().st_size >> 10} KiB "
            f"of report; {time.perf_counter() - start:.0f} s",
            flush=True,
        )


def killed(arguments: argparse.Namespace) -> None:
    from distributed import LocalCluster

    frame = load_bakery_series().iloc[:, : 1 + int(arguments.series or 8)]
    settings = {**TINY, "epochs": 10, "units": 50, "wide": True}
    expected = compare(frame, n_jobs=1, **settings).frame
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        steps = itertools.count(1)

        def kill(model: str, done: int) -> None:
            if next(steps) == len(frame.columns):  # somewhere in the middle
                os.kill(cluster.workers[0].pid, signal.SIGKILL)

        address = cluster.scheduler_address
        found = compare(frame, backend="dask", address=address, on_step=kill, **settings).frame
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    print(f"{len(frame.columns) - 1} series, two workers, one killed: the same bits")


def peak() -> float:
    """Return the largest resident size so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(options: list[str]) -> None:
    parser = argparse.ArgumentParser(
        "python -m bench forecast", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    runs = {"speed": speed, "memory": memory, "killed": killed}
    parser.add_argument("what", choices=runs)
    parser.add_argument("--data", choices=("bakery", "synthetic"), default="bakery")
    parser.add_argument("--series", metavar="N", help="memory: numbers with commas between")
    parser.add_argument("--scope", choices=("local", "global"), default="local", help="memory")
    parser.add_argument("--torch-series", type=int, default=8, metavar="N", help="0: no PyTorch")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--processes", type=int, nargs="+", default=(1, 2))
    arguments = parser.parse_args(options)
    print(describe())
    if arguments.what == "speed" and arguments.torch_series and find_spec("torch") is None:
        sys.exit("PyTorch is not installed: pip install torch, or say --torch-series 0")
    runs[arguments.what](arguments)
