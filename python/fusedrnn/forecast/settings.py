"""What a comparison is told: one frozen record, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, fields

CELLS = ("LSTM", "GRU")
"""The networks that are compared."""


@dataclass(frozen=True)
class Settings:
    """How networks are trained and judged.

    The defaults of the networks (28 steps, 50 units, 100 epochs, learning rate 0.003 falling along
    a cosine, mean absolute error, level of each window subtracted) were chosen on a validation
    part of the bakery sales, the days from 64 % to 80 %; its last 20 % took no part in it.

    Raises
    ------
    ValueError
        If a value is out of range; the message names it.
    """

    timesteps: int = 28
    """Periods that a network sees."""
    horizon: int = 1
    """Periods that are forecast at once (direct: one output a period)."""
    units: int = 50
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 0.003
    test_size: float = 0.2
    """Share of the dates, or number of dates, at the end that the models are judged on."""
    seed: int = 0
    seeds: int = 3
    """Networks a cell, from seeds ``seed, seed + 1, ...``; their mean forecast is the cell's."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{field.name} is {value!r}, expected {kind}")
            least = 0 if field.name == "seed" else 1
            if whole and value < least:
                raise ValueError(f"{field.name} is {value}, expected at least {least}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")
        if not (0 < self.test_size < 1 or (self.test_size >= 1 and self.test_size % 1 == 0)):
            raise ValueError(
                f"test_size is {self.test_size}, expected a share between 0 and 1 or a number of "
                "dates"
            )
