"""InputSpec: what a layer of one's own says of its inputs, checked when it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


class InputSpec:
    """The rank, shape and type that an input must have; None says nothing.

    Parameters
    ----------
    dtype : dtype, optional
    shape : tuple, optional
        Sizes, None where a size is free.
    ndim, max_ndim, min_ndim : int, optional
        Number of axes: just so many, at most, at least.
    axes : dict, optional
        Sizes by axis.
    allow_last_axis_squeeze : bool
        Whether a last axis of size 1 may be there or not.
    name : str, optional
        Name of the input, by which a dict of them is taken.
    optional : bool
        Whether the input may be None.

    Raises
    ------
    TypeError
        If ``axes`` is no dict.
    ValueError
        If it has an axis that an input cannot have.

    Examples
    --------
    >>> fusedrnn.layers.InputSpec(ndim=3, axes={-1: 4})
    InputSpec(ndim=3, axes={-1: 4})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[Any, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else np.dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.allow_last_axis_squeeze, self.name, self.optional = (
            allow_last_axis_squeeze, name, optional
        )  # fmt: skip
        if axes is not None and not isinstance(axes, Mapping):
            raise TypeError(f"InputSpec: axes is {axes!r}, expected a dict with integer keys")
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        most = self.ndim if self.ndim is not None else max_ndim
        if self.axes and most is not None and max(self.axes) >= most:
            raise ValueError(
                f"Axis {max(self.axes)} is greater than the maximum allowed value: {most - 1}"
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """Return what ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        said = {key: value for key, value in self.get_config().items() if value}
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in said.items())})"

    def wrong(self, x: Any) -> Iterator[str]:
        """Yield what does not fit of an array, or of a tensor without values."""
        shape = tuple(x.shape)
        rank, full = len(shape), f". Full shape received: {shape}"
        if self.ndim is not None and not self.allow_last_axis_squeeze and rank != self.ndim:
            yield f"expected ndim={self.ndim}, found ndim={rank}{full}"
        if self.max_ndim is not None and rank > self.max_ndim:
            yield f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            yield f"expected min_ndim={self.min_ndim}, found ndim={rank}{full}"
        if self.dtype is not None and str(x.dtype) != self.dtype:
            yield f"expected dtype={self.dtype}, found dtype={x.dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                yield (
                    f"expected axis {axis} of input shape to have value {size}, but received "
                    f"input with shape {shape}"
                )
        expected, found = self.shape or (), shape
        if self.allow_last_axis_squeeze:
            expected, found = (s[:-1] if s[-1:] == (1,) else s for s in (expected, found))
        pairs = zip(expected, found)  # noqa: B905
        if any(None not in pair and pair[0] != pair[1] for pair in pairs):
            yield f"expected shape={self.shape}, found shape={shape}"


def check(name: str, specs: Any, inputs: Any) -> None:
    """Raise ValueError, in Keras's words, if inputs are not as a layer says that they must be."""
    specs = specs if isinstance(specs, (list, tuple)) else [specs]
    if isinstance(inputs, Mapping) and all(spec.name for spec in specs):
        inputs = [inputs[spec.name] for spec in specs]
    if isinstance(inputs, Mapping):
        inputs = list(inputs.values())
    arrays = inputs if isinstance(inputs, (list, tuple)) and specs[1:] else [inputs]
    if len(arrays) != len(specs):
        raise ValueError(
            f'Layer "{name}" expects {len(specs)} input(s), but it received {len(arrays)} input '
            "tensors"
        )
    for k, (spec, x) in enumerate(zip(specs, arrays, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        for fault in spec.wrong(x if hasattr(x, "shape") else np.asarray(x)):
            raise ValueError(
                f"Input {k} with name '{spec.name}' of layer '{name}' is incompatible with the "
                f"layer: {fault}"
            )
