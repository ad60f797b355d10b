"""Models of the sales comparison, and of other libraries, on real series.

    python -m bench accuracy [--sets wine,beer] [--tune off|quick] [--peers] [--json FILE]

Each set (``accuracy_sets.py``) is forecast at the horizons 1 and one season, over its last fifth,
from one cutoff after another. A case is a set and a horizon; its figure is the MASE, a mean over
the series. "chosen" is the mean or network that had the least error before the test part.

--validate leaves the last fifth out, and judges on the fifth before it: what choices of defaults
are made on.

--peers adds neuralforecast's LSTM, GRU and NHITS with their defaults (extra: accuracy), and the
methods of ``fusedrnn[rivals]``. Processor seconds are of all threads.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from argparse import RawDescriptionHelpFormatter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusedrnn.forecast import compare
from fusedrnn.forecast.settings import COMBINED, RIVALS, USUAL

from .accuracy_sets import SETS, Set
from .machine import describe

OURS = ("LSTM", "GRU", *COMBINED)
NEURAL = ("LSTM", "GRU", "NHITS")


def case(name: str, which: Set, horizon: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of every model on one set at one horizon."""
    frame = which.read()
    if arguments.validate:
        dates = np.sort(frame["ds"].unique())
        frame = frame[frame["ds"] <= dates[int(0.8 * len(dates)) - 1]]
    rivals = RIVALS if arguments.peers and find_spec("statsforecast") else ()
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare(
            frame,
            freq=which.freq,
            season=which.season,
            horizon=horizon,
            seeds=arguments.seeds,
            levels=(80,),
            models=(*USUAL, *rivals, *OURS),
            n_jobs=1,
            **({"tune": arguments.tune} if arguments.tune else {}),
        )
    seconds = {"fusedrnn": time.process_time() - start}
    mase = found.by_series.groupby("model")["MASE"].mean()
    wape = found.table["WAPE"]
    before = found.result.before
    ours = [model for model in before if "LSTM" in model or "GRU" in model]
    chosen = min(ours, key=lambda model: before[model]) if ours else COMBINED[-1]
    figures = {"mase": mase.to_dict(), "wape": wape.to_dict(), "chosen": chosen}
    if arguments.peers and find_spec("neuralforecast"):
        for model in NEURAL:
            start = time.process_time()
            label = f"neuralforecast {model}"
            figures["mase"][label] = neural(model, frame, which, horizon, found)
            seconds[label] = time.process_time() - start
    return {"set": name, "horizon": horizon, **figures, "seconds": seconds}


def neural(model: str, frame: pd.DataFrame, which: Set, horizon: int, found: Any) -> float:
    """Return the MASE of a model of neuralforecast at the same cutoffs."""
    from neuralforecast import NeuralForecast, models

    cutoffs = found.frame.groupby("unique_id")["cutoff"].nunique().max()
    network = getattr(models, model)(
        h=horizon, input_size=max(2 * which.season, 14), logger=False, enable_progress_bar=False
    )
    folds = NeuralForecast([network], freq=which.freq).cross_validation(
        frame, n_windows=int(cutoffs), step_size=1
    )
    ours = found.frame[["unique_id", "ds", "cutoff", "y", "Naive"]]
    both = ours.merge(folds[["unique_id", "ds", "cutoff", model]], on=["unique_id", "ds", "cutoff"])
    naive = found.by_series.query("model == 'Naive'").set_index("unique_id")
    error = (both["y"] - both[model]).abs().groupby(both["unique_id"]).mean()
    return float((error * naive["MASE"] / naive["MAE"]).mean())


def report(cases: list[dict[str, Any]]) -> str:
    """Return the tables in Markdown."""
    rows = []
    for each in cases:
        simple = {m: v for m, v in each["mase"].items() if m in (*USUAL, *RIVALS)}
        best = min(simple, key=lambda model: simple[model])
        mean = min((m for m in each["mase"] if m.count("+") > 1), default="")
        rows.append({
            "set": each["set"],
            "horizon": each["horizon"],
            "best simple": f"{best} {simple[best]:.3f}",
            **{m: f"{each['mase'][m]:.3f}" for m in ("LSTM", "GRU")},
            "mean": f"{each['mase'][mean]:.3f}",
            "chosen": f"{each['chosen']} {each['mase'][each['chosen']]:.3f}",
            "seconds": f"{each['seconds']['fusedrnn']:.0f}",
        })  # fmt: skip
    table = pd.DataFrame([each["mase"] for each in cases])
    least = table[[m for m in table if m in (*USUAL, *RIVALS)]].min(axis=1)
    table["chosen"] = [each["mase"][each["chosen"]] for each in cases]
    named = [m for m in table if table[m].notna().all()]
    figures = pd.DataFrame({
        "error / best simple method's": np.exp(np.log(table.div(least, axis=0)).mean()),
        "at or below it": (table.le(least, axis=0)).mean()[table.columns].map("{:.0%}".format),
        "mean rank": table[named].rank(axis=1).mean(),
        "cases": table.notna().sum(),
    }).sort_values("error / best simple method's")  # fmt: skip
    return "\n\n".join(
        [_markdown(pd.DataFrame(rows)), _markdown(figures.round(3).reset_index(names="model"))]
    )


def _markdown(frame: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|---" * len(frame.columns) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)


def main(options: list[str]) -> None:
    parser = argparse.ArgumentParser(
        "python -m bench accuracy", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", metavar="NAMES", help="with commas between (default: all)")
    parser.add_argument("--tune", help="as of fusedrnn compare")
    parser.add_argument("--validate", action="store_true", help="for choices")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="figures; cases that it has are not run")
    arguments = parser.parse_args(options)
    names = arguments.sets.split(",") if arguments.sets else list(SETS)
    path = Path(arguments.json) if arguments.json else None
    cases = json.loads(path.read_text())["cases"] if path and path.exists() else []
    done = {(each["set"], each["horizon"]) for each in cases}
    print(describe(), flush=True)
    for name in names:
        for horizon in sorted({1, SETS[name].season}):
            if (name, horizon) in done:
                continue
            try:
                cases.append(case(name, SETS[name], horizon, arguments))
            except ModuleNotFoundError as error:
                print(f"{name}: left out, needs {error.name}", flush=True)
                break
            print(name, horizon, cases[-1]["chosen"], cases[-1]["mase"], flush=True)
            if path:
                path.write_text(json.dumps({"machine": describe(), "cases": cases}, indent=1))
    print(report(cases))
