"""What has to be installed for what a user asks, known before anything large is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from .settings import Backend

FORECAST = ("pandas", "sklearn", "matplotlib", "rich", "joblib", "statsmodels")
"""Modules of the extra."""
LIBRARIES = {"AutoETS": "statsforecast", "AutoTheta": "statsforecast", "LightGBM": "lightgbm"}
READERS = {
    ".parquet": "pyarrow",
    ".pq": "pyarrow",
    ".xlsx": "openpyxl",
    ".xlsm": "openpyxl",
    ".ods": "odf",
}
"""What reads a file, by its ending."""
CLUSTERS = {"dask": "distributed", "ray": "ray"}
PACKAGES = {"sklearn": "scikit-learn", "odf": "odfpy", "distributed": "dask[distributed]"}
"""Those not called as their modules."""


def check_extra(who: str) -> None:
    """Raise `ValueError` if what every forecast needs is not installed."""
    missing = [PACKAGES.get(module, module) for module in FORECAST if find_spec(module) is None]
    if missing:
        raise ValueError(f"{who} needs {', '.join(missing)}: pip install 'fusedrnn[forecast]'")


def check_installed(
    *,
    models: Sequence[str] = (),
    file: str | Path | None = None,
    name: str | None = None,
    country: str | None = None,
    language: str | None = None,
    backend: Backend = "processes",
) -> None:
    """Raise `ValueError` if a package is missing that one of these needs.

    Parameters
    ----------
    models : sequence of str
        To be fitted.
    file, name : path, optional
        A table to be read, of which the ending counts, and what to call it.
    country : str, optional
        Whose holidays are to be known.
    language : str, optional
        Of the names of months.
    backend : {"processes", "dask", "ray"}
    """

    def needed() -> Iterator[tuple[str, str, str]]:
        for model in models:
            if model in LIBRARIES:
                yield LIBRARIES[model], model, "'fusedrnn[rivals]'"
        ending = Path(file or "").suffix.lower()
        if ending in READERS:
            yield READERS[ending], f"{name or file}: reading {ending}", "{} or 'fusedrnn[tables]'"
        if country is not None:
            yield "holidays", f"country {country!r}", "{} or 'fusedrnn[tables]'"
        if language is not None:
            yield "babel", f"language {language!r}", "{} or 'fusedrnn[tables]'"
        if backend in CLUSTERS:
            yield CLUSTERS[backend], f"backend {backend}", "'{}'"

    for module, who, install in needed():
        if find_spec(module) is None:
            package = PACKAGES.get(module, module)
            raise ValueError(f"{who} needs {package}: pip install {install.format(package)}")
