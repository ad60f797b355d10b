"""Forecast tomorrow's bakery sales with an LSTM that remembers from one batch to the next.

The series goes through the network once an epoch, in chunks of four weeks; with ``stateful=True``
a chunk starts from the state in which the one before it ended.
"""

from __future__ import annotations

import numpy as np

from fusedrnn import Sequential
from fusedrnn.datasets import load_bakery
from fusedrnn.layers import LSTM, Dense, Input
from fusedrnn.optimizers import Adam
from fusedrnn.utils import set_random_seed

CHUNK = 28


def main(epochs: int = 60, verbose: int = 0) -> tuple[float, float]:
    """Train on four fifths of the days; return the network's and naive's WAPE on the rest."""
    set_random_seed(3)
    sales = load_bakery()["sales"].to_numpy(float)
    days = len(sales) // CHUNK * CHUNK
    cut = int(0.8 * days) // CHUNK * CHUNK
    scale = sales[:cut].max()
    x = (sales[-days - 1 : -1] / scale).reshape(-1, CHUNK, 1)  # today ...
    y = (sales[-days:] / scale).reshape(-1, CHUNK, 1)  # ... and tomorrow
    chunks = cut // CHUNK

    model = Sequential(
        [
            Input(batch_shape=(1, CHUNK, 1)),
            LSTM(32, stateful=True, return_sequences=True),
            Dense(1),
        ]
    )
    model.compile(Adam(0.005), "mae")
    for epoch in range(epochs):
        model.reset_states()  # an epoch starts at the first day
        loss = model.fit(
            x[:chunks], y[:chunks], batch_size=1, shuffle=False, verbose=verbose
        ).history["loss"][0]
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: mean absolute error {loss * scale:.0f} a day")

    model.reset_states()
    forecast = model.predict(x, batch_size=1, verbose=0)[chunks:].ravel() * scale
    actual, yesterday = y[chunks:].ravel() * scale, x[chunks:].ravel() * scale
    wape, naive = (np.abs(actual - f).sum() / actual.sum() for f in (forecast, yesterday))
    print(
        f"WAPE of one day ahead on the last {len(actual)} days: network {wape:.1%}, "
        f"naive {naive:.1%}"
    )
    return wape, naive


if __name__ == "__main__":
    main()
