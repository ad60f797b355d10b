"""The bundled sales data and its loaders, and Keras's data sets, a file each.

NOTICE says where the bundled data come from and under which licence. Keras's are fetched once, by
``fusedrnn.utils.get_file``, into Keras's own folder.

Not here: nothing is fetched before ``load_data`` is called.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from .. import missing
from . import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BAKERY_KNOWN",
    "BAKERY_PAST",
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "load_bakery",
    "load_bakery_series",
    "mnist",
    "reuters",
]

BAKERY_KNOWN = ("is_holiday", "schoolholiday_share", "promo_share")
"""Covariates of the bakery sales that are known in advance."""

BAKERY_PAST = ("rain", "temperature")
"""Covariates of the bakery sales that are known only afterwards."""


def load_bakery() -> pd.DataFrame:
    """Load the daily sales of a bakery chain, 1,215 consecutive days from 2016-01-02.

    Returns
    -------
    DataFrame
        Columns ``date`` (datetime64), ``sales`` (units a day over 35 shops and 3 products; 0 on
        the 16 days when all were closed), ``is_holiday``, ``schoolholiday_share``, ``rain``,
        ``temperature`` and ``promo_share``.

    Notes
    -----
    From the package ddop 0.7.6 (MIT / BSD-3-Clause), summed over shops and products.
    """
    import pandas as pd

    with files(__name__).joinpath("bakery_daily_total.csv").open("rb") as file:
        return pd.read_csv(file, parse_dates=["date"])


def load_bakery_series() -> pd.DataFrame:
    """Load the same sales by shop and product: 105 series of the same 1,215 days.

    Returns
    -------
    DataFrame
        Wide: ``date`` (datetime64) and a column of units sold for each series, named after shop and
        product as ``s02_p101``. Shops 5 and 22 sold nothing on about three quarters of the days.
    """
    import pandas as pd

    name = "bakery_store_product_daily.csv.xz"
    with files(__name__).joinpath(name).open("rb") as file:
        return pd.read_csv(file, parse_dates=["date"], compression="xz")


missing.answer(__name__)
