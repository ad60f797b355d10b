"""Discretization: numbers as the intervals that they are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _state
from .._types import Array
from .categories import Categories, encode
from .lookup import batches


class Discretization(Categories):
    """Numbers as indices of intervals, which are given or learned as quantiles.

    Parameters
    ----------
    bin_boundaries : list of float, optional
        Where intervals end: index 0 is below the first.
    num_bins : int, optional
        How many intervals ``adapt`` shall make, instead.
    epsilon : float
        How exact the quantiles are; smaller takes more memory.
    output_mode : {"int", "one_hot", "multi_hot", "count"}
        As of :class:`CategoryEncoding`, or the index itself.
    sparse : bool
        Not supported.
    dtype, name
        As of :class:`Layer`.

    Raises
    ------
    ValueError
        If none or both of boundaries and number are given.

    Examples
    --------
    >>> layer = fusedrnn.layers.Discretization(bin_boundaries=[0.0, 1.0])
    >>> layer(np.array([[-1.0, 0.5, 3.0]])).tolist()
    [[0, 1, 2]]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(output_mode=output_mode, sparse=sparse, dtype=dtype, name=name)
        if num_bins is not None and num_bins < 0:
            raise ValueError(
                f"`num_bins` must be greater than or equal to 0. Received: `num_bins={num_bins}`"
            )
        if num_bins is not None and bin_boundaries is not None:
            raise ValueError(
                "Both `num_bins` and `bin_boundaries` should not be set. Received: "
                f"`num_bins={num_bins}` and `bin_boundaries={bin_boundaries}`"
            )
        if num_bins is None and bin_boundaries is None:
            raise ValueError("You need to set either `num_bins` or `bin_boundaries`.")
        self.bin_boundaries, self.num_bins, self.epsilon = bin_boundaries, num_bins, epsilon
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what has been seen of data, not the intervals."""
        self._summary = np.zeros((2, 0), np.float32)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the intervals from an array, or from an iterable of batches of arrays."""
        if self.num_bins is None:
            raise ValueError(
                "Cannot adapt a Discretization layer that has been initialized with "
                "`bin_boundaries`, use `num_bins` instead."
            )
        self.reset_state()
        for batch in [data] if hasattr(data, "__array__") else batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take in a batch: every so-manieth of its sorted values stands for those around it."""
        values = np.sort(np.asarray(data, np.float32), axis=None)
        step = max(values.size / (1 / self.epsilon), 1)
        values = values[int(step - 1) :: int(step)]
        new = np.stack([values, np.ones_like(values) * step])
        both = np.concatenate([new, self._summary], axis=1)
        self._summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Make intervals of what has been seen."""
        if self.num_bins is not None:
            found = _compressed(self._summary, 1.0 / self.num_bins)[0, :-1]
            self.bin_boundaries = found.tolist()

    @property
    def depth(self) -> int | None:  # type: ignore[override]
        """How many intervals there are."""
        return self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def values(self, inputs: Any) -> Array:  # noqa: D102
        if self.bin_boundaries is None:
            raise ValueError(
                "You need to either pass the `bin_boundaries` argument at construction time or "
                "call `adapt(dataset)` before you can start using the `Discretization` layer."
            )
        index = np.digitize(np.asarray(inputs), self.bin_boundaries)
        found = encode(index, self.output_mode, len(self.bin_boundaries) + 1)
        return found.astype(self.output_type)

    @property
    def output_type(self) -> str:  # noqa: D102
        return "int32" if self.output_mode == "int" else self.dtype or _state.floatx()

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name")
        return {n: getattr(self, n) for n in names} | {"dtype": self.dtype or _state.floatx()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Discretization:
        """Build the layer that ``get_config``, or Keras's, described."""
        learned = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        config = {k: v for k, v in config.items() if not (learned and k == "bin_boundaries")}
        layer = super().from_config(config)
        if learned:
            layer.bin_boundaries = learned
        return layer


def _compressed(summary: Array, epsilon: float) -> Array:
    """Return sorted values and their weights at every ``epsilon`` of the sum of the weights."""
    if summary.shape[1] * epsilon < 1:
        return summary
    sums = summary[1].cumsum()
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    values = np.interp(shares, sums / sums[-1], summary[0])
    ends = np.interp(shares, sums / sums[-1], sums)
    return np.stack([values, np.diff(ends, prepend=0)]).astype(np.float32)
