"""`RNNForecaster` as a model of Darts. Needs ``fusedrnn[forecast]`` and darts."""

from __future__ import annotations

from typing import Any

try:
    from darts import TimeSeries
    from darts.models.forecasting.forecasting_model import (
        TransferableFutureCovariatesLocalForecastingModel,
    )
except ImportError as error:
    raise ImportError(
        "fusedrnn.forecast.adapters.darts needs darts: pip install 'fusedrnn[darts]'"
    ) from error

import pandas as pd

from ..forecaster.estimator import RNNForecaster


class DartsForecaster(TransferableFutureCovariatesLocalForecastingModel):
    """Forecast a univariate `TimeSeries` with LSTMs or GRUs under Darts's interface.

    One that is fitted forecasts other series of the same scale too, so that
    ``historical_forecasts(retrain=False)`` trains once.

    Parameters
    ----------
    forecaster : RNNForecaster, optional
        Whose copy is fitted. Default: one with its defaults.
    add_encoders : dict, optional
        See Darts.

    Examples
    --------
    >>> from fusedrnn.forecast import RNNForecaster
    >>> from fusedrnn.forecast.adapters.darts import DartsForecaster
    >>> model = DartsForecaster(RNNForecaster("GRU", horizon=7))
    """

    def __init__(
        self, forecaster: RNNForecaster | None = None, add_encoders: dict[str, Any] | None = None
    ) -> None:
        super().__init__(add_encoders=add_encoders)
        self.forecaster = forecaster

    @property
    def supports_multivariate(self) -> bool:
        """Whether several values a date are forecast together."""
        return False

    def _fit(
        self,
        series: TimeSeries,
        future_covariates: TimeSeries | None = None,
        verbose: bool | None = None,
    ) -> DartsForecaster:
        self._assert_univariate(series)
        own = RNNForecaster() if self.forecaster is None else self.forecaster
        names = [] if future_covariates is None else list(future_covariates.components)
        parameters = own.get_params() | {"date": "ds", "target": "y", "id": None, "wide": False}
        self.model = RNNForecaster(**parameters | {"future_covariates": names})
        self.model.fit(_table(series, future_covariates))
        return self

    def _predict(
        self,
        n: int,
        series: TimeSeries | None = None,
        historic_future_covariates: TimeSeries | None = None,
        future_covariates: TimeSeries | None = None,
        num_samples: int = 1,
        predict_likelihood_parameters: bool = False,
        verbose: bool = False,
        random_state: int | None = None,
    ) -> TimeSeries:
        series = self.training_series if series is None else series
        table = _table(series, historic_future_covariates, future_covariates)
        found = self.model.predict(table, horizon=n)[self.model.cell].to_numpy()
        if len(found) < n:
            raise ValueError("missing 'closed' leaves dates out, which Darts does not expect")
        return self._build_forecast_series(found[:, None], input_series=series)


def _table(series: TimeSeries, *covariates: TimeSeries | None) -> pd.DataFrame:
    """Return a series and covariates, which may be in parts, with dates in a column."""
    table = series.to_dataframe().set_axis(["y"], axis=1)
    parts = [part.to_dataframe() for part in covariates if part is not None]
    if parts:
        table = pd.concat(parts).join(table, how="outer")
    return table.rename_axis("ds").reset_index()
