"""`RNNForecaster` as a forecaster of sktime. Needs ``fusedrnn[forecast]`` and sktime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

try:
    from sktime.forecasting.base import BaseForecaster
except ImportError as error:
    raise ImportError(
        "fusedrnn.forecast.adapters.sktime needs sktime: pip install 'fusedrnn[sktime]'"
    ) from error

from ..forecaster.estimator import RNNForecaster


class SktimeForecaster(BaseForecaster):
    """Forecast a series with LSTMs or GRUs under sktime's interface.

    Parameters
    ----------
    forecaster : RNNForecaster, optional
        Whose copy is fitted. `X` has its covariates known in advance. Default: one with its
        defaults. What becomes of missing values is its rule.

    Examples
    --------
    >>> from fusedrnn.forecast import RNNForecaster
    >>> from fusedrnn.forecast.adapters.sktime import SktimeForecaster
    >>> forecaster = SktimeForecaster(RNNForecaster("LSTM", horizon=12))
    """

    _tags: ClassVar[dict[str, Any]] = {
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "requires-fh-in-fit": False,
        "capability:exogenous": True,
        "capability:insample": False,
        "capability:missing_values": True,
        "capability:multivariate": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:update": True,
    }

    def __init__(self, forecaster: RNNForecaster | None = None) -> None:
        self.forecaster = forecaster
        super().__init__()
        self.set_config(remember_data=True)  # which forecasts follow

    def _fit(self, y: pd.Series, X: pd.DataFrame | None, fh: Any) -> SktimeForecaster:
        own = RNNForecaster() if self.forecaster is None else self.forecaster
        parameters = own.get_params() | {"date": "ds", "target": "y", "id": None, "wide": False}
        names = [] if X is None else [str(name) for name in X.columns]
        self.model_ = RNNForecaster(**parameters | {"future_covariates": names})
        self.model_.fit(_table(y, X))
        return self

    def _predict(self, fh: Any, X: pd.DataFrame | None) -> pd.Series:
        found = self._found(fh, X, self.model_.levels)[self.model_.cell]
        return pd.Series(found.to_numpy(), self._dates(fh), name=self._y.name)

    def _predict_interval(
        self, fh: Any, X: pd.DataFrame | None, coverage: Sequence[float]
    ) -> pd.DataFrame:
        levels = [round(100 * share) for share in coverage]
        found = self._found(fh, X, levels)
        name = self._get_varnames()[0]
        columns = {
            (name, share, side): found[f"{self.model_.cell}-{end}-{level}"].to_numpy()
            for share, level in zip(coverage, levels, strict=True)
            for side, end in (("lower", "lo"), ("upper", "hi"))
        }
        return pd.DataFrame(columns, self._dates(fh))

    def _update(
        self, y: pd.Series, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> SktimeForecaster:
        """Take newer values up, which forecasts follow, and learn from them if that is asked."""
        return self._fit(self._y, self._X, self._fh) if update_params else self

    def _found(self, fh: Any, X: pd.DataFrame | None, levels: Sequence[int]) -> pd.DataFrame:
        """Return the rows of a forecast that are asked for."""
        steps = np.asarray(fh.to_relative(self.cutoff).to_numpy(), np.intp)
        horizon = int(steps.max())
        seen = self._X if X is None or self._X is None else X.combine_first(self._X)
        table = _table(self._y, seen)
        model = RNNForecaster(**self.model_.get_params() | {"levels": tuple(levels)})
        model.__dict__ |= {k: v for k, v in vars(self.model_).items() if k.endswith("_")}
        found = model.predict(table, horizon=horizon)
        if len(found) < horizon:
            raise ValueError("missing 'closed' leaves dates out, which sktime does not expect")
        return found.iloc[steps - 1]

    def _dates(self, fh: Any) -> pd.Index:
        return fh.to_absolute_index(self.cutoff)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's own checks of a forecaster."""
        small = RNNForecaster(epochs=1, seeds=1, units=2, timesteps=3, horizon=2)
        return [{"forecaster": small}]


def _table(y: pd.Series, X: pd.DataFrame | None) -> pd.DataFrame:
    """Return series and covariates with dates in a column."""
    table = y.rename("y").to_frame()
    if X is not None:
        table = X.rename(columns=str).join(table, how="outer")
    if isinstance(table.index, pd.PeriodIndex):
        table.index = table.index.to_timestamp()
    return table.rename_axis("ds").reset_index()
