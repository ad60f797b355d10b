"""From a file or a frame to a long table with the columns unique_id, ds, y and the covariates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

ID_NAMES = ("unique_id", "series_id")
DATE_NAMES = ("ds", "date")
TARGET_NAMES = ("y", "sales")
DATE_FORMATS = ("ISO8601", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV (also compressed) or Parquet file.

    Raises
    ------
    ValueError
        If the file is empty or not a table. A file that is not there raises `OSError`.
    """
    path = Path(path)
    try:
        if path.suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: the file is empty, expected a header and rows") from None
    except ImportError:
        raise ValueError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV table: {str(error).strip()}") from None


def to_long(
    frame: pd.DataFrame,
    *,
    id: str | None = None,
    date: str | None = None,
    target: str | None = None,
    covariates: Sequence[str] = (),
    date_format: str | None = None,
    wide: bool = False,
) -> pd.DataFrame:
    """Pick and check the columns of a table of sales.

    Parameters
    ----------
    frame : DataFrame
        One row a date (and series); with `wide`, one row a date and one column a series.
    id, date, target : str, optional
        Names of the columns. Default: ``unique_id`` or ``series_id``, ``ds`` or ``date``, ``y`` or
        ``sales``, whichever is there; without an id column the table is one series.
    covariates : sequence of str
        Further columns to keep, all numeric.
    date_format : str, optional
        As in `datetime.strptime`. Default: year first (ISO 8601), or one of ``30.04.2019``,
        ``30/04/2019`` and ``04/30/2019`` if only one of them fits every row.
    wide : bool
        Whether each column beside the date is a series of its own.

    Returns
    -------
    DataFrame
        Columns ``unique_id`` (str), ``ds`` (datetime64), ``y`` (float64, may be missing) and the
        covariates (float64), sorted by series and date.

    Raises
    ------
    ValueError
        If a column is missing, not numeric or not a date, or a date occurs twice in a series.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame is {type(frame).__name__}, expected a pandas DataFrame")
    if frame.empty:
        raise ValueError("the table has no rows")
    date = _column(frame, date, DATE_NAMES, "date")
    if wide:
        frame = frame.melt(id_vars=date, var_name="unique_id", value_name="y")
        id, target = "unique_id", "y"
    target = _column(frame, target, TARGET_NAMES, "target")
    if id is not None or any(name in frame for name in ID_NAMES):
        id = _column(frame, id, ID_NAMES, "id")
    long = pd.DataFrame(
        {
            "unique_id": frame[id].astype(str) if id else "sales",
            "ds": _dates(frame[date], date_format),
            "y": _numbers(frame[target]),
        }
    )
    for name in covariates:
        long[name] = _numbers(frame[_column(frame, name, (), "covariate")])
    long = long.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)
    twice = long.duplicated(["unique_id", "ds"])
    if twice.any():
        row = long[twice].iloc[0]
        hint = f" in series {row.unique_id!r}" if id else "; is it several series (--id)?"
        raise ValueError(f"column {date!r}: {row.ds:%Y-%m-%d} occurs more than once{hint}")
    return long


def _column(frame: pd.DataFrame, name: str | None, names: Sequence[str], role: str) -> str:
    """Return the column that is named, or the one that bears a usual name."""
    wanted = [name] if name is not None else [n for n in names if n in frame]
    if not wanted or wanted[0] not in frame:
        have = ", ".join(map(str, frame.columns))
        missing = repr(name) if name is not None else f"{' or '.join(names)!r} (or --{role})"
        raise ValueError(f"no {role} column {missing}; the table has: {have}")
    return wanted[0]


def _numbers(column: pd.Series) -> pd.Series:
    """Return a numeric column as float64; what is empty stays missing."""
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    bad = (numbers.isna() & column.notna()) | numbers.abs().eq(float("inf"))
    if bad.any():
        row = bad.idxmax()
        raise ValueError(
            f"column {column.name!r}: {column[row]!r} in row {row} is not a finite number"
        )
    return numbers


def _dates(column: pd.Series, format: str | None) -> pd.Series:
    """Return a column of dates; a bare number is no date."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.tz_localize(None)
    if pd.api.types.is_numeric_dtype(column):
        raise ValueError(f"column {column.name!r}: numbers ({column.iloc[0]}), expected dates")
    formats = DATE_FORMATS if format is None else (format,)
    readings = [pd.to_datetime(column, format=each, errors="coerce") for each in formats]
    whole = [dates for dates in readings if dates.notna().all()]
    if not whole:
        row = readings[0].isna().idxmax()
        raise ValueError(
            f"column {column.name!r}: {column[row]!r} in row {row} is not a date like "
            f"{'2019-04-30; name the format with --date-format' if format is None else format}"
        )
    if any(not dates.equals(whole[0]) for dates in whole):
        raise ValueError(
            f"column {column.name!r}: {column.iloc[0]!r} may be day or month first; say which "
            "with --date-format %d/%m/%Y or %m/%d/%Y"
        )
    return whole[0].dt.tz_localize(None)
