"""One line of the table: what is run, on which data, and how many operations that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .cells import CELLS, Form
from .shapes import Shape

FIT_WINDOWS, FIT_STEPS, FIT_BATCH, FIT_UNITS = 1000, 10, 32, 50
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}  # of the largest value of an answer
HALF_TOLERANCE = 2e-2  # of weights in bfloat16, rounded by 2^-8 of each at the most
FIT_TOLERANCE = 1e-2  # predictions after an epoch: Adam's epsilon is not in the same place in all


@dataclass(frozen=True)
class Case:
    """A task ("inference", "training", "step" or "fit") for a cell at a shape.

    Weights are in the public layout (Keras's), sequences time-major.
    """

    mode: str  # the table it belongs to
    task: str
    cell: str
    name: str
    shape: Shape
    dtype: str = "float32"
    ragged: bool = False

    def __str__(self) -> str:
        return f"{self.mode} {self.cell} {self.name} {self.dtype}"

    @property
    def form(self) -> Form:
        return CELLS[self.cell]

    @property
    def tolerance(self) -> float:
        return FIT_TOLERANCE if self.task == "fit" else TOLERANCE[self.dtype]

    @property
    def waits_for_weights(self) -> bool:
        """Whether weights in bfloat16 are timed as well: a step, or inference of a single row."""
        few = self.mode == "step" or (self.mode == "inference" and self.shape.N == 1)
        return few and self.dtype == "float32"

    @property
    def flops(self) -> float:
        """2 N T G H (H + I) for a forward pass, three times that with the backward one.

        Of ragged rows only the valid steps count.
        """
        I, H, T, N = self.shape
        steps = int(self.lengths.sum()) if self.ragged else N * T
        passes = 3 if self.task == "training" else 1
        return 2.0 * steps * self.form.cell.gates * H * (H + I) * passes

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) lengths from about 1 to T, shuffled, the longest T: half full."""
        lengths = np.linspace(1, self.shape.T, self.shape.N).round().astype(np.int64)
        return np.random.default_rng(1).permutation(lengths)

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """Weights U(-1/sqrt(H), 1/sqrt(H)) as PyTorch's; x, h, c and dy normal."""
        rng = np.random.default_rng(0)
        I, H, T, N = self.shape
        GH = self.form.cell.gates * H
        bias = (2, GH) if self.form.biases == 2 else (GH,)
        weights = {"kernel": (I, GH), "recurrent_kernel": (H, GH), "bias": bias}
        states = {"x": (T, N, I), "dy": (T, N, H), "h": (N, H), "c": (N, H)}
        data = {k: rng.uniform(-1, 1, s) / np.sqrt(H) for k, s in weights.items()}
        data |= {k: rng.normal(size=s) for k, s in states.items()}
        data["head_kernel"], data["head_bias"] = rng.normal(size=(H, 1)) / 7, np.zeros(1)
        if self.ragged:  # no gradient reaches a padded step in any framework
            data["dy"] *= np.arange(T)[:, None, None] < self.lengths[:, None]
        return {k: v.astype(self.dtype) for k, v in data.items()}

    @property
    def states(self) -> dict[str, np.ndarray]:
        """The cell's initial states by name, h first."""
        return {name: self.data[name] for name in ("h", "c")[: self.form.cell.states]}

    def named_states(self, out: Any) -> dict[str, Any]:
        """States that a step returned: a tuple, or h as it is where there is no other."""
        return dict(zip(self.states, out if isinstance(out, tuple) else (out,), strict=True))

    @property
    def both_biases(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the input and of the recurrent product (GH,), zeros for one that the cell lacks."""
        bias = self.data["bias"]
        return (bias[0], bias[1]) if self.form.biases == 2 else (bias, np.zeros_like(bias))

    @cached_property
    def windows(self) -> tuple[np.ndarray, np.ndarray]:
        """The tutorial's windows of a series, (n, 10, 1), and their targets, (n, 1)."""
        t = np.arange(FIT_WINDOWS + FIT_STEPS)
        series = np.sin(t / 9) + 0.1 * np.random.default_rng(2).normal(size=len(t))
        x = np.lib.stride_tricks.sliding_window_view(series[:-1], FIT_STEPS)[..., None]
        return x.astype(self.dtype), series[FIT_STEPS:, None].astype(self.dtype)
