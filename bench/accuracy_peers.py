"""Models of other libraries on the series and at the cutoffs of ``python -m bench accuracy``.

Each is fitted once before the test part, as ours are, with its library's own defaults, on the
window that our networks see, and forecasts by its library's own cross-validation:

neuralforecast  LSTM, GRU and NHITS, scaled by its "robust" (which LSTM and GRU have by themselves),
                ``max_steps`` as told, else its 1,000
mlforecast      LightGBM on the lags of the window, of seasonal differences
statsforecast   AutoETS, AutoTheta and MSTL
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import pandas as pd

QUIET = ("pytorch_lightning", "lightning", "lightning.pytorch", "lightning_fabric")


@dataclass(frozen=True)
class Task:
    """What to forecast."""

    frame: pd.DataFrame
    """``unique_id, ds, y``, to the last value that is judged."""
    freq: str
    season: int
    horizon: int
    window: int
    """Values that a model sees."""
    cutoffs: int
    """The last ones there are, one after another."""
    max_steps: int
    """Of a network's training; 0: the library's."""

    @property
    def common(self) -> dict[str, int]:
        return {"n_windows": self.cutoffs, "step_size": 1, "refit": False}


def neural(name: str, task: Task) -> pd.DataFrame:
    models = import_module("neuralforecast.models")
    for each in QUIET:
        logging.getLogger(each).setLevel(logging.ERROR)
    network = getattr(models, name)(
        h=task.horizon,
        input_size=task.window,
        scaler_type="robust",
        **({"max_steps": task.max_steps} if task.max_steps else {}),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    library = import_module("neuralforecast").NeuralForecast([network], freq=task.freq)
    return library.cross_validation(task.frame, **task.common)


def trees(name: str, task: Task) -> pd.DataFrame:
    regressor = import_module("lightgbm").LGBMRegressor(n_jobs=1, verbosity=-1)
    library = import_module("mlforecast").MLForecast(
        {name: regressor},
        freq=task.freq,
        lags=list(range(1, task.window + 1)),
        target_transforms=[
            import_module("mlforecast.target_transforms").Differences([task.season])
        ],
    )
    return library.cross_validation(task.frame, h=task.horizon, **task.common)


def classical(name: str, task: Task) -> pd.DataFrame:
    model = getattr(import_module("statsforecast.models"), name)(season_length=task.season)
    library = import_module("statsforecast").StatsForecast([model], freq=task.freq, n_jobs=1)
    return library.cross_validation(df=task.frame, h=task.horizon, **task.common)


PEERS: dict[str, Callable[[str, Task], pd.DataFrame]] = {
    "neuralforecast LSTM": neural,
    "neuralforecast GRU": neural,
    "neuralforecast NHITS": neural,
    "mlforecast LightGBM": trees,
    "statsforecast AutoETS": classical,
    "statsforecast AutoTheta": classical,
    "statsforecast MSTL": classical,
}
"""By library and model."""


def installed(peer: str) -> bool:
    """Import a peer's library, so that this is not in its time; whether there is one."""
    library = peer.split()[0]
    if find_spec(library) is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module(library)
    if library == "neuralforecast":
        import_module("torch").set_num_threads(1)
    return True


def forecasts(peer: str, task: Task) -> pd.DataFrame:
    """Return ``unique_id, ds, cutoff`` and the peer's forecasts in a column of its name."""
    model = peer.split()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = PEERS[peer](model, task).reset_index()
    return found[["unique_id", "ds", "cutoff", model]].rename(columns={model: peer})


def spent() -> float:
    """Return the processor seconds of this process, all threads, and of its ended children."""
    return sum(os.times()[:4])
