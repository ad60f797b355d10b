"""Input: the shape of what a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..graph import KerasTensor, Node
from .layer import Layer, sizes


class InputLayer(Layer):
    """States the shape of a model's input; passes it on."""

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: Any = None,
        ragged: Any = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(dtype, str) and dtype == "string":
            self.text_input = True
        elif dtype is not None:
            dtype = np.dtype(dtype).name
        if sparse or ragged or input_tensor is not None:
            raise ValueError("Input: sparse, ragged and input_tensor are not supported")
        shape = kwargs.pop("input_shape", shape)
        super().__init__(name=name, **kwargs)
        if batch_shape is None and self.batch_shape is None:
            if shape is None:
                raise ValueError("Input: needs shape, or batch_shape with the batch axis")
            batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
        self.batch_shape = sizes(batch_shape or self.batch_shape or ())
        self.input_type = dtype
        self.build(self.batch_shape)
        node = Node(self)
        node.outputs = [KerasTensor(self.batch_shape, str(dtype or "float32"), node, 0)]
        self.calls.append(node)

    @property
    def tensor(self) -> KerasTensor:
        """The input as a tensor without values."""
        return self.calls[0].outputs[0]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__  # its one call leads nowhere

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return x

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {
            "batch_shape": list(self.batch_shape or ()),
            "dtype": self.input_type or "float32",
            "sparse": False,
            "name": self.name,
        }


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Return a tensor without values: what a graph of layers, or a Sequential model, begins with.

    Parameters
    ----------
    shape : tuple
        Shape of one sample, None where a size is not fixed.
    batch_size : int, optional
        Fixed batch size, needed by stateful layers.
    batch_shape : tuple, optional
        Shape with the batch axis, instead of the two.
    """
    return InputLayer(
        shape,
        batch_size,
        dtype=dtype,
        sparse=sparse,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    ).tensor
