"""Frames and series of other kinds, as a pandas frame with its dates in a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ..settings import TableOptions

TIMES = (pd.DatetimeIndex, pd.PeriodIndex)


class Frame:
    """A pandas frame as a source of rows, see `files.Source`."""

    notes: tuple[str, ...] = ()

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.names = frame, list(frame.columns)

    def pieces(
        self, columns: Sequence[Any], size: int, texts: Sequence[Any], names: Sequence[Any]
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows, `size` at a time."""
        for first in range(0, len(self.frame), size):
            yield self.frame[list(columns)].iloc[first : first + size]

    def place(self, row: Any) -> str:
        """Say which row it is by its index."""
        return f"row {row}"


def as_frame(table: Any, options: TableOptions) -> pd.DataFrame | None:
    """Return a table in memory as a pandas frame, or None for what is none.

    Taken are frames of pandas, polars and pyarrow, a pandas series, with dates as the index or the
    last level of one, and what sktime calls df-list and dicts of such: a series each.
    """
    if isinstance(table, (list, Mapping)) and len(table):
        items = table.items() if isinstance(table, Mapping) else enumerate(table)
        parts = {str(name): as_frame(each, options) for name, each in items}
        if all(part is not None for part in parts.values()):
            return pd.concat([p.assign(unique_id=n) for n, p in parts.items() if p is not None])
        return None
    if type(table).__module__.partition(".")[0] == "polars":
        table = _polars(table)
    elif not isinstance(table, (pd.DataFrame, pd.Series)) and hasattr(table, "to_pandas"):
        table = table.to_pandas()
    if isinstance(table, pd.Series):
        name = options.target or ("y" if table.name is None else table.name)
        table = table.rename(name).to_frame()
        if not isinstance(table.index, (*TIMES, pd.MultiIndex)):  # as sktime: whole numbers
            table = table.rename_axis("ds").reset_index()
    if not isinstance(table, pd.DataFrame):
        return None
    if any(isinstance(cell, pd.Series) for cell in table.iloc[:1].to_numpy(object).ravel()):
        raise ValueError(
            "frame has a series in each cell; sktime turns it into rows: "
            "sktime.datatypes.convert_to(frame, 'pd-multiindex')"
        )
    return _flat(table, options)


def _flat(table: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """Return a frame with its index, if that has dates or names, in columns."""
    index = table.index
    alone = len(table.columns) == 1 and options.target is None and not options.wide
    if isinstance(index, pd.MultiIndex):
        times = [isinstance(level, TIMES) for level in index.levels]
        time = times.index(True) if sum(times) == 1 else index.nlevels - 1
        names = [name or f"level_{i}" for i, name in enumerate(index.names)]
        date = names.pop(time)
        table = table.set_axis(index.set_names([*names[:time], date, *names[time:]])).reset_index()
        ids = table[names].astype(str).agg("/".join, axis=1) if names else None
        table = table.rename(columns={date: options.date or "ds"})
        if options.id is None and ids is not None:
            table = table.drop(columns=names).assign(unique_id=ids)
    elif isinstance(index, TIMES):
        table = table.reset_index(names=index.name or "ds")
        if index.name is not None and options.date is None:
            table = table.rename(columns={index.name: "ds"})
    elif index.name in ("unique_id", "series_id"):  # as older versions of Nixtla's packages
        table, alone = table.reset_index(), False
    else:
        alone = False
    if alone:  # the only values that there are
        value = next(
            name for name in table.columns if name not in ("ds", options.date, "unique_id")
        )
        table = table.rename(columns={value: "y"})
    for name, column in table.items():
        if isinstance(column.dtype, pd.PeriodDtype):
            table[name] = column.dt.to_timestamp()
    return table


def _polars(frame: Any) -> Any:
    """Return a frame or series of polars as one of pandas; times keep their zone."""
    frame = frame.collect() if hasattr(frame, "collect") else frame
    if not hasattr(frame, "columns"):
        return pd.Series(frame.to_numpy(), name=frame.name or None)
    columns = {}
    for column in frame.iter_columns():
        values = pd.Series(column.to_numpy())
        zone = getattr(column.dtype, "time_zone", None)
        columns[column.name] = values.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else values
    return pd.DataFrame(columns)
