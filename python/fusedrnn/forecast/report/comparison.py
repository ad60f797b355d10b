"""`Comparison`: what `compare` found, and the ways to see it."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import __version__
from ..._files import write
from ..evaluate.findings import Findings
from . import words
from .verdict import headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Comparison(Findings):
    """What :func:`compare` found: the figures, what they say, and the ways to see them.

    Attributes
    ----------
    table : DataFrame
        One row a model: its errors and what it cost.
    frame : DataFrame
        Every forecast.
    tests : dict
        Paired tests of the networks with one another and with every simple method.
    by_series, by_horizon, coverage : DataFrame
        Errors of each series, at each step ahead; how often the truth lay in the intervals.
    recommended : str
        The model to use, chosen before the test part.
    future : DataFrame or None
        What it forecasts after the last sales.

    Examples
    --------
    >>> import os, tempfile
    >>> from fusedrnn.datasets import load_bakery
    >>> from fusedrnn.forecast import compare
    >>> result = compare(load_bakery().tail(150), models=["SeasonalNaive", "Naive"])
    >>> result.recommended
    'SeasonalNaive'
    >>> round(float(result.table.loc["SeasonalNaive", "MASE"]), 3)
    1.912
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result.write_html(os.path.join(folder, "report.html"))
    """

    @cached_property
    def verdict(self) -> str:
        """Which model to use, how far off it is, and what the networks are worth, as text."""
        return " ".join(filter(None, headline(self)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data and what could not be done, a line each."""
        return words.notes(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the forecasts as plain values, ready for JSON."""
        tests = [{"models": pair, **asdict(test)} for pair, test in self.tests.items()]
        return {
            "verdict": self.verdict,
            "models": {model: _plain(row) for model, row in self.table.to_dict("index").items()},
            "by_horizon": [_plain(row) for row in self.by_horizon.to_dict("records")],
            "by_series": [_plain(row) for row in self.by_series.to_dict("records")],
            "coverage": [_plain(row) for row in self.coverage.to_dict("records")],
            "tests": [_plain(test) for test in tests],
            "recommended": self.recommended,
            "future": None if self.future is None else _rows(self.future),
            "data": {
                "series": len(self.panel.series),
                "frequency": self.panel.freq,
                "season": self.panel.season,
                "first_cutoff": f"{self.summary.cutoffs[0]:%Y-%m-%d}",
                "last_cutoff": f"{self.summary.cutoffs[-1]:%Y-%m-%d}",
                "known": self.panel.known,
                "past": self.panel.past,
                "notes": self.notes,
            },
            "settings": asdict(self.settings),
            "version": __version__,
        }

    def write_json(self, path: str | Path) -> None:
        """Write :meth:`to_dict` as a JSON file.

        Parameters
        ----------
        path : path
            Replaced only when the file is complete.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"
        write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def write_csv(self, path: str | Path) -> None:
        """Write ``frame`` as a CSV file, series after series.

        Parameters
        ----------
        path : path

        Raises
        ------
        OSError
            If it cannot be written.
        """

        def fill(path: Path) -> None:
            for i, part in enumerate(self.result.parts()):
                part.frame.to_csv(path, index=False, mode="a" if i else "w", header=not i)

        write(path, fill)

    def write_html(self, path: str | Path, command: str = "") -> None:
        """Write the report as one page.

        Parameters
        ----------
        path : path
        command : str
            What makes it again.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        from .page import page

        text = page(self, command)
        write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the forecasts and the errors, and write that as a PNG file if there is a path.

        Parameters
        ----------
        path : path, optional

        Returns
        -------
        Figure
            Matplotlib's, which a notebook shows.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        from .plot import draw

        figure = draw(self)
        if path is not None:
            write(path, lambda file: figure.savefig(file, format="png", dpi=120))
        return figure

    def __repr__(self) -> str:
        """Return what the command prints."""
        from rich.console import Console

        from .terminal import show

        text = io.StringIO()
        show(self, Console(file=text, width=100, force_jupyter=False, force_terminal=False))
        return text.getvalue().rstrip()

    def _repr_html_(self) -> str:
        from .page import cell

        return cell(self)

    def forget(self) -> None:
        """Remove what was kept for ``resume``."""
        self.result.store.forget()


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame with dates as text."""
    return [_plain(row) for row in frame.assign(ds=frame["ds"].astype(str)).to_dict("records")]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with NaN as None, as JSON has it."""
    return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}
