"""Input: the shape of what a model takes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._types import Array
from ..graph import KerasTensor, Node
from .layer import Layer, sizes


class InputLayer(Layer):
    """States the shape of a model's input, and passes it on; :func:`Input` makes it.

    Parameters
    ----------
    shape, batch_size, dtype, sparse, batch_shape, optional, name
        As of :func:`Input`.
    ragged : bool, optional
        Not supported.
    input_tensor : KerasTensor, optional
        As ``tensor`` of :func:`Input`.
    **kwargs
        ``input_shape``, the old name of ``shape``, and those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.InputLayer((10, 3)).output.shape
    (None, 10, 3)
    """

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
        for what, wanted in (("sparse", sparse), ("ragged", ragged)):
            if wanted:
                raise ValueError(f"Input: `{what}=True` is not supported")
        self.sparse = self.ragged = False
        self.optional = optional
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
            warnings.warn(
                "Argument `input_shape` is deprecated. Use `shape` instead.", stacklevel=2
            )
        super().__init__(name=name, **kwargs)
        if shape is not None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
        batch_shape = self.batch_shape if batch_shape is None else tuple(batch_shape)
        if input_tensor is not None:
            batch_shape, dtype = _of_tensor(input_tensor, shape, batch_size, batch_shape, dtype)
        elif batch_shape is None:
            if shape is None:
                raise ValueError("Input: You must pass a `shape` argument.")
            batch_shape = (batch_size, *shape)
        else:
            for what, given in (("shape", shape), ("batch_size", batch_size)):
                if given is not None:
                    raise ValueError(
                        f"Input: You cannot pass both `{what}` and `batch_shape` at the same time."
                    )
        self.batch_shape = sizes(batch_shape)
        self.input_type = dtype
        self.build(self.batch_shape)
        node = Node(self)
        if input_tensor is None:
            input_tensor = KerasTensor(self.batch_shape, str(dtype or "float32"), node, 0)
        input_tensor.node = node
        node.outputs = [input_tensor]
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
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _of_tensor(tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> Any:
    """Return shape and type of a tensor that is to be an input; ValueError if others are given."""
    if not isinstance(tensor, KerasTensor):
        raise ValueError(
            "Argument `input_tensor` must be a KerasTensor. Received invalid type: "
            f"input_tensor={tensor} (of type {type(tensor)})"
        )
    if tensor.node.inputs:
        raise ValueError("Input: the tensor comes out of a layer; give it to Model(inputs, ...)")
    for what, given, own in (
        ("shape", shape, tensor.shape[1:]),
        ("batch_size", batch_size, tensor.shape[0]),
        ("batch_shape", batch_shape, tensor.shape),
        ("dtype", dtype, tensor.dtype),
    ):
        if given is not None and given != own:
            raise ValueError(
                "When providing the `input_tensor` argument, you cannot provide an incompatible "
                f"`{what}` argument."
            )
    return tensor.shape, tensor.dtype


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
    r"""Return a tensor without values: what a graph of layers, or a Sequential model, begins with.

    Parameters
    ----------
    shape : tuple or int
        Shape of one sample, None where a size is not fixed.
    batch_size : int, optional
        Fixed batch size, needed by stateful layers.
    dtype : str, optional
        "string" for texts; others are accepted, the layers say what they take.
    sparse : bool, optional
        Not supported.
    batch_shape : tuple, optional
        Shape with the batch axis, instead of the two.
    name : str, optional
        By which a dict of inputs names it.
    tensor : KerasTensor, optional
        What to use instead of a new one.
    optional : bool
        Accepted, and kept in the configuration.

    Returns
    -------
    KerasTensor
        Of shape (batch_size, \*shape).

    Raises
    ------
    ValueError
        If there is no shape, there are two, or ``sparse`` is asked for.

    Examples
    --------
    >>> x = fusedrnn.Input((10, 3))
    >>> fusedrnn.layers.LSTM(8)(x).shape
    (None, 8)
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
