"""Totals that add up, by Nixtla's hierarchicalforecast. Needs ``fusedrnn[hierarchy]``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import pandas as pd
from sklearn.base import clone

try:
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import BottomUp, MinTrace
    from hierarchicalforecast.utils import aggregate
except ImportError as error:
    raise ImportError(
        "fusedrnn.forecast.adapters.hierarchical needs hierarchicalforecast: pip install "
        "'fusedrnn[hierarchy]'"
    ) from error

from ..forecaster.estimator import RNNForecaster

Method: TypeAlias = Literal["bottom-up", "mint"]
TOTAL = "total"
"""Name of the sum of all series."""


def forecast_totals(
    frame: pd.DataFrame,
    levels: Sequence[str],
    forecaster: RNNForecaster | None = None,
    *,
    date: str = "ds",
    target: str = "y",
    method: Method = "mint",
    test_size: float = 0.2,
) -> pd.DataFrame:
    """Forecast series and their totals, and bring them together so that they add up.

    Parameters
    ----------
    frame : DataFrame
        One row a date and series, every series on every date.
    levels : sequence of str
        Columns, from the largest groups to those that name a series, as ``["region", "store"]``.
    forecaster : RNNForecaster, optional
        Whose copy is fitted to every series and total. Default: ``RNNForecaster("mean")``. It may
        have no covariates; its intervals are left out, since they would not add up.
    date, target : str
        Columns.
    method : {"mint", "bottom-up"}
        Minimum trace (Wickramasuriya, Athanasopoulos and Hyndman, 2019), with the shrunk covariance
        of the errors one step ahead on the end of the table, which the forecaster is fitted for a
        second time without; or sums of the forecasts of the smallest series.
    test_size : float
        Share of the dates, or number of them, at the end for these errors.

    Returns
    -------
    DataFrame
        Columns ``unique_id`` (as ``total``, ``total/north``, ``total/north/3``), ``ds``, the model,
        and ``MODEL-alone``, what it forecast before.

    Raises
    ------
    ValueError
        If a column is missing, series lack dates, or an argument is unfit.
    """
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}, expected one of {', '.join(get_args(Method))}")
    missing = [name for name in (*levels, date, target) if name not in frame]
    if missing or not levels:
        have = ", ".join(map(str, frame))
        raise ValueError(f"no column {missing[0]!r}; the table has: {have}" if missing else
                         "levels is empty, expected columns")  # fmt: skip
    table = frame[[*levels, date, target]].rename(columns={date: "ds", target: "y"})
    table = table.astype(dict.fromkeys(levels, str)).assign(**{TOTAL: TOTAL})
    _check_whole(table, levels)
    spec = [[TOTAL, *levels[:i]] for i in range(len(levels) + 1)]
    sales, sums, tags = aggregate(table, spec)
    fitted = clone(forecaster or RNNForecaster("mean"))
    fitted.set_params(levels=()).fit(sales)
    model, alone = fitted.cell_, fitted.predict()
    known = None
    how: Any = BottomUp()
    if method == "mint":
        how = MinTrace("mint_shrink", nonnegative=bool((sales["y"] >= 0).all()))
        judged = fitted.set_params(cell=model).cross_validation(sales, test_size=test_size)
        known = judged.groupby(["unique_id", "cutoff"], sort=False).head(1)
        known = known[["unique_id", "ds", "y", model]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the library about itself
        found = HierarchicalReconciliation([how]).reconcile(
            Y_hat_df=alone, Y_df=known, S_df=sums, tags=tags
        )
    (added,) = (name for name in found if str(name).startswith(f"{model}/"))
    return pd.DataFrame(
        {"unique_id": found["unique_id"], "ds": found["ds"], model: found[added],
         f"{model}-alone": found[model]}
    )  # fmt: skip


def _check_whole(table: pd.DataFrame, levels: Sequence[str]) -> None:
    """Raise `ValueError` if a series lacks a date or a value: sums would be of fewer series."""
    groups = table.groupby(list(levels))
    short = groups["ds"].nunique() < table["ds"].nunique()
    lacks = groups["y"].apply(lambda y: y.isna().any())
    for name, what in ((short, "dates that others have"), (lacks, "values")):
        if name.any():
            series = name.index[name][0]
            text = "/".join(series) if isinstance(series, tuple) else series
            raise ValueError(f"series {text!r} lacks {what}: fill them before totals are made")
