"""Series per second of local LSTM and GRU models, on one and two processes, beside PyTorch.

    python -m bench.bench_forecast [--data bakery|synthetic] [--series N] [--epochs N]

Each series gets one LSTM and one GRU, trained from scratch on its own windows, and forecasts its
last 20 % one day ahead. PyTorch does the same work: the same windows, units, epochs, batches,
initialisers, optimiser and learning rates, one thread a process. Before anything is timed, both
must forecast equally well.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import joblib
import numpy as np
import pandas as pd

from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.folds import plan
from fusedrnn.forecast.inputs import Inputs, extent
from fusedrnn.forecast.panel import to_panel
from fusedrnn.forecast.table import to_long

from .machine import describe

MODELS = ("SeasonalNaive", "LSTM", "GRU")


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


def torch_series(windows, settings: Settings) -> np.ndarray:
    """Train both cells with PyTorch on one series and return its scaled forecasts."""
    import torch

    torch.set_num_threads(1)
    x, y, test = (torch.tensor(np.array(each)) for each in windows)
    forecasts = []
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
        with torch.no_grad():
            forecasts.append(dense(layer(test)[0][:, -1]).numpy())
    return np.stack(forecasts)


def torch_error(frame: pd.DataFrame, settings: Settings, n_jobs: int) -> float:
    """Do the work with PyTorch; return the mean over series of the GRU's MASE-like scaled error."""
    panel = to_panel(to_long(frame, wide=True))
    (fold,) = plan(panel, settings)
    work, truth = [], []
    for series in panel.series:
        cut, origins = fold.cut(series), fold.origins(series, settings)
        inputs = Inputs(series, extent(series, cut), settings)
        test = np.stack([inputs.rows[p - settings.timesteps : p] for p in origins])
        level = test[:, :, 0].mean(axis=1, keepdims=True)
        test[:, :, 0] -= level
        work.append((*inputs.training(cut), test))
        truth.append(inputs.target[origins][:, None] - level)
    parallel = joblib.Parallel(n_jobs=n_jobs)
    found = parallel(joblib.delayed(torch_series)(each, settings) for each in work)
    return float(np.mean([np.abs(f - t).mean() for f, t in zip(found, truth, strict=True)]))


def our_error(frame: pd.DataFrame, settings: Settings, n_jobs: int) -> float:
    """Do the work with fusedrnn; return the same figure."""
    result = compare(frame, wide=True, n_jobs=n_jobs, **vars(settings))
    return float(result.table.loc[["LSTM", "GRU"], "test_loss"].mean())


def memory() -> float:
    """Return the largest resident size so far of this process and of a worker, MiB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("bakery", "synthetic"), default="bakery")
    parser.add_argument("--series", type=int, default=105)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--skip-torch", action="store_true")
    arguments = parser.parse_args()
    whole = load_bakery_series() if arguments.data == "bakery" else synthetic(arguments.series)
    frame = whole.iloc[:, : 1 + arguments.series]
    settings = Settings(epochs=arguments.epochs, seeds=1, levels=(), models=MODELS)
    contestants = {"fusedrnn": our_error} | ({} if arguments.skip_torch else {"torch": torch_error})
    few = frame.iloc[:, :4]
    errors = {name: run(few, settings, 1) for name, run in contestants.items()}
    print({name: round(error, 4) for name, error in errors.items()}, "mean scaled test error")
    if max(errors.values()) > 1.2 * min(errors.values()):
        sys.exit("the contestants do not forecast equally well: nothing is timed")
    print(describe())
    count = len(frame.columns) - 1
    for n_jobs in (1, 2):
        for name, run in contestants.items():
            start = time.perf_counter()
            run(frame, settings, n_jobs)
            seconds = time.perf_counter() - start
            print(
                f"{arguments.data}, {count} series, {arguments.epochs} epochs, {n_jobs} processes, "
                f"{name}: {count / seconds:.2f} series/s, {seconds:.1f} s, {memory():.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
