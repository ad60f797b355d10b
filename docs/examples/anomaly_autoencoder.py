"""Find unusual weeks in the bakery sales: an LSTM autoencoder that never saw one.

It learns to reproduce ordinary weeks through a narrow middle; a week that it reproduces badly is
unusual. The truth to compare with are the days on which all shops were closed.
"""

from __future__ import annotations

import numpy as np

from fusedrnn import Sequential
from fusedrnn.callbacks import EarlyStopping
from fusedrnn.datasets import load_bakery
from fusedrnn.layers import LSTM, Dense, Input, RepeatVector, TimeDistributed
from fusedrnn.utils import set_random_seed
from fusedrnn.windows import make_windows

WEEK = 7


def main(epochs: int = 60, verbose: int = 0) -> tuple[float, float]:
    """Train on ordinary weeks; return the share of closed weeks found, and of false alarms."""
    set_random_seed(4)
    frame = load_bakery()
    sales = frame["sales"].to_numpy(float)
    level = np.convolve(sales, np.ones(28) / 28)[: len(sales)]  # mean of the last four weeks
    relative = (sales / np.maximum(level, 1))[28:]
    x = make_windows(relative, WEEK)[0].astype(np.float32)
    closed = make_windows((sales[28:] == 0).astype(float), WEEK)[0].any(axis=(1, 2))

    half = len(x) // 2
    ordinary = x[:half][~closed[:half]]
    model = Sequential(
        [
            Input((WEEK, 1)),
            LSTM(16),
            Dense(3),  # the narrow middle
            RepeatVector(WEEK),
            LSTM(16, return_sequences=True),
            TimeDistributed(Dense(1)),
        ]
    )
    model.compile("adam", "mse")
    model.fit(
        ordinary,
        ordinary,
        epochs=epochs,
        validation_split=0.2,
        verbose=verbose,
        callbacks=[EarlyStopping(patience=8, restore_best_weights=True)],
    )

    def error(weeks: np.ndarray) -> np.ndarray:
        return ((model.predict(weeks, verbose=0) - weeks) ** 2).mean(axis=(1, 2))

    limit = np.quantile(error(ordinary), 0.99)
    alarm = error(x[half:]) > limit
    found, false = alarm[closed[half:]].mean(), alarm[~closed[half:]].mean()
    print(
        f"weeks with a closed day: {found:.0%} of {closed[half:].sum()} found; "
        f"alarms in other weeks: {false:.1%}"
    )
    for i in np.argsort(-error(x[half:]))[:5]:
        print(
            f"  {frame['date'][28 + half + i]:%Y-%m-%d} and the six days after it: error "
            f"{error(x[half:][i : i + 1])[0]:.3f}, limit {limit:.3f}"
        )
    return float(found), float(false)


if __name__ == "__main__":
    main()
