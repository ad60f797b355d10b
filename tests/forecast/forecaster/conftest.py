from __future__ import annotations

import pytest

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import RNNForecaster


@pytest.fixture(scope="session")
def bakery():
    return load_bakery().tail(300).reset_index(drop=True)


@pytest.fixture(scope="session")
def fitted(bakery):
    return RNNForecaster(horizon=3, epochs=3, units=4, timesteps=14, seeds=2).fit(bakery)
