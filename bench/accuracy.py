"""Models of the sales comparison, and of other libraries, on real series.

    python -m bench accuracy [--sets wine,beer] [--tune off|quick] [--peers] [--json FILE]

Each set (``accuracy_sets.py``) is forecast at the horizons 1 and one season, over its last fifth,
from one cutoff after another. A case is a set and a horizon; its figure is the MASE, a mean over
the series. "chosen" is the network or mean that the report would name as the one to use.

--validate leaves the last fifth out, and judges on the fifth before it: what choices of defaults
are made on.

--peers adds models of other libraries, see ``accuracy_peers.py`` (extra: accuracy). Processor
seconds are of all threads and child processes, imports aside; each case works on one thread. Those
of ours are of the whole comparison: all models, the choice, the simple methods.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusedrnn import runtime
from fusedrnn.forecast import compare
from fusedrnn.forecast.evaluate.backtest import to_use
from fusedrnn.forecast.settings import COMBINED, MEAN, RIVALS, USUAL

from .accuracy_peers import PEERS, Task, forecasts, installed, spent
from .accuracy_sets import SETS, Set
from .machine import describe

OURS = ("LSTM", "GRU", *COMBINED)


def case(name: str, horizon: int, arguments: argparse.Namespace, deadline: float) -> dict[str, Any]:
    """Return the figures of every model on one set at one horizon; none if there is no time."""
    if time.time() > deadline:
        return {}
    which: Set = SETS[name]
    frame = which.read()
    if arguments.validate:
        dates = np.sort(frame["ds"].unique())
        frame = frame[frame["ds"] <= dates[int(0.8 * len(dates)) - 1]]
    start = spent()
    with warnings.catch_warnings(), runtime.threads(1):
        warnings.simplefilter("ignore")
        found = compare(
            frame,
            freq=which.freq,
            season=which.season,
            horizon=horizon,
            seeds=arguments.seeds,
            levels=(80,),
            models=(*USUAL, *OURS),
            n_jobs=1,
            **({"tune": arguments.tune} if arguments.tune else {}),
        )
        mase = found.by_series.groupby("model")["MASE"].mean().to_dict()
    seconds = {"fusedrnn": spent() - start}
    before = found.result.before.items()
    ours = {m: error for m, error in before if "LSTM" in m or "GRU" in m or m == MEAN}
    task = Task(
        frame=frame,
        freq=which.freq,
        season=which.season,
        horizon=horizon,
        window=found.settings.timesteps,
        cutoffs=int(found.frame.groupby("unique_id")["cutoff"].nunique().max()),
        max_steps=arguments.max_steps,
    )
    kept = earlier(arguments.peers_from).get((name, horizon), {})
    kept = kept if kept.get("window", task.window) == task.window else {}
    troubles = dict(kept.get("troubles", {}))
    for peer in arguments.peers:
        if peer in kept.get("seconds", {}):
            seconds[peer] = kept["seconds"][peer]
            mase |= {peer: kept["mase"][peer]} if peer in kept["mase"] else {}
            continue
        if not installed(peer) or time.time() > deadline:
            continue
        start = spent()
        try:
            mase[peer] = error(forecasts(peer, task), peer, found)
        except Exception as trouble:  # of another library: the others go on
            troubles[peer] = repr(trouble)
        seconds[peer] = spent() - start
    return {
        "set": name,
        "horizon": horizon,
        "window": task.window,
        "mase": mase,
        "wape": found.table["WAPE"].to_dict(),
        "chosen": to_use(ours) or MEAN,
        "seconds": seconds,
        "troubles": troubles,
    }


def earlier(file: str | None) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the cases of a file of an earlier run, by set and horizon."""
    cases = json.loads(Path(file).read_text())["cases"] if file and Path(file).exists() else []
    return {(each["set"], each["horizon"]): each for each in cases}


def error(theirs: pd.DataFrame, peer: str, found: Any) -> float:
    """Return the MASE of a peer at the cutoffs of a comparison; each of these has to be there."""
    ours = found.frame[["unique_id", "ds", "cutoff", "y"]]
    both = ours.merge(theirs, on=["unique_id", "ds", "cutoff"])
    if len(both) != len(ours) or both[peer].isna().any():
        raise ValueError(f"{len(both)} of {len(ours)} forecasts, {both[peer].isna().sum()} missing")
    naive = found.by_series.query("model == 'Naive'").set_index("unique_id")
    miss = (both["y"] - both[peer]).abs().groupby(both["unique_id"]).mean()
    return float((miss * naive["MASE"] / naive["MAE"]).mean())


def report(cases: list[dict[str, Any]]) -> str:
    """Return the tables in Markdown."""
    rows = []
    for each in cases:
        simple = {m: v for m, v in each["mase"].items() if m in (*USUAL, *RIVALS)}
        best = min(simple, key=lambda model: simple[model])
        rows.append({
            "set": each["set"],
            "horizon": each["horizon"],
            "best simple": f"{best} {simple[best]:.3f}",
            **{m: f"{each['mase'][m]:.3f}" for m in ("LSTM", "GRU")},
            "weighted mean": f"{each['mase'][MEAN]:.3f}",
            "chosen": f"{each['chosen']} {each['mase'][each['chosen']]:.3f}",
            "seconds": f"{each['seconds']['fusedrnn']:.0f}",
        })  # fmt: skip
    table = pd.DataFrame([each["mase"] for each in cases])
    least = table[[m for m in table if m in (*USUAL, *RIVALS)]].min(axis=1)
    table["chosen"] = [each["mase"][each["chosen"]] for each in cases]
    below = table.le(least, axis=0).astype(float).where(table.notna())
    ranks = table[[m for m in table if table[m].notna().all()]].rank(axis=1).mean()
    figures = pd.DataFrame({
        "error / best simple method's": np.exp(np.log(table.div(least, axis=0)).mean()),
        "at or below it": below.mean().map("{:.0%}".format),
        "mean rank": ranks,
        "cases": table.notna().sum(),
    }).sort_values("error / best simple method's")  # fmt: skip
    without = table["chosen"] / table[
        [m for m in (*USUAL, *RIVALS) if m in table and m != "AR"]
    ].min(axis=1)
    figures.loc["chosen, beside the simple methods but AR"] = [
        np.exp(np.log(without).mean()), f"{(without <= 1).mean():.0%}", np.nan, len(without)
    ]  # fmt: skip
    tables = [pd.DataFrame(rows), figures.round(3).reset_index(names="model")]
    peers = [peer for peer in PEERS if peer in table]
    if peers:
        tables.append(pd.DataFrame([_beside(peer, table, cases) for peer in peers]))
    return "\n\n".join(map(_markdown, tables))


def _beside(peer: str, table: pd.DataFrame, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what ours have beside a peer, over the cases that it has."""
    theirs = table[peer].dropna()
    places = theirs.index
    own = table.loc[places, ["chosen", "LSTM", "GRU"]]
    costs = [(cases[i]["seconds"][peer], cases[i]["seconds"]["fusedrnn"]) for i in places]
    row: dict[str, Any] = {"peer": peer, "cases": len(places)}
    for name, ours in own.items():
        row[f"{name}: error / theirs"] = f"{np.exp(np.log(ours / theirs).mean()):.3f}"
        row[f"{name}: at or below"] = f"{(ours <= theirs).mean():.0%}"
    their, our = np.sum(costs, axis=0)
    return row | {"their seconds": f"{their:.0f}", "all of ours": f"{our:.0f}"}


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
    parser.add_argument(
        "--peers",
        nargs="?",
        const=",".join(PEERS),
        default="",
        metavar="NAMES",
        help=f"all without names, of: {', '.join(PEERS)}",
    )
    parser.add_argument(
        "--peers-from",
        metavar="FILE",
        help="of an earlier --json, whose figures of peers are taken, ours found anew",
    )
    parser.add_argument(
        "--max-steps", type=int, default=0, metavar="N", help="of neuralforecast (default: its own)"
    )
    parser.add_argument(
        "--budget", type=float, default=np.inf, metavar="SECONDS", help="after which none is begun"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cases at once")
    parser.add_argument("--json", metavar="FILE", help="figures; cases that it has are not run")
    arguments = parser.parse_args(options)
    arguments.peers = [name for name in arguments.peers.split(",") if name]
    strange = [name for name in arguments.peers if name not in PEERS]
    names = arguments.sets.split(",") if arguments.sets else list(SETS)
    strange += [name for name in names if name not in SETS]
    if strange:
        parser.error(f"no {strange[0]!r}; there are {', '.join((*PEERS, *SETS))}")
    path = Path(arguments.json) if arguments.json else None
    done = earlier(arguments.json)
    cases = list(done.values())
    todo = [(name, horizon) for name in names for horizon in sorted({1, SETS[name].season})]
    print(describe(), flush=True)
    for found in _worked([each for each in todo if each not in done], arguments):
        cases.append(found)
        print(found["set"], found["horizon"], found["chosen"], found["mase"], flush=True)
        for peer, why in found["troubles"].items():
            print(f"  {peer}: {why}", flush=True)
        if path:
            path.write_text(json.dumps({"machine": describe(), "cases": cases}, indent=1))
    cases.sort(key=lambda each: (list(SETS).index(each["set"]), each["horizon"]))
    missing = set(todo) - {(each["set"], each["horizon"]) for each in cases}
    if missing:
        print("left out: " + "; ".join(f"{name} {h}" for name, h in todo if (name, h) in missing))
    print(report(cases))


def _worked(todo: list[tuple[str, int]], arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the figures of cases as they are found, each worked off in a process of a few."""
    deadline = time.time() + arguments.budget
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        begun = {pool.submit(case, *each, arguments, deadline): each for each in todo}
        for future in as_completed(begun):
            try:
                if found := future.result():
                    yield found
            except ModuleNotFoundError as missing:
                print(f"{begun[future][0]}: needs {missing.name}", flush=True)
