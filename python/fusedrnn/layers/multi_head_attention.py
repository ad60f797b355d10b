"""MultiHeadAttention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import constraints, functional, initializers, ops, regularizers
from .._types import Array
from ..checks import number, whole
from .attention import causal
from .dropout import Dropout
from .layer import Layer, Shape
from .taped import Taped


class Projection(Layer):
    """A dense layer whose inputs or outputs have two axes, that of the heads and theirs."""

    def __init__(self, of: MultiHeadAttention, inputs: Shape, outputs: Shape, name: str) -> None:
        super().__init__(name=name, trainable=of.trainable, dtype=of.dtype)
        self.of, self.inputs, self.outputs = of, inputs, outputs
        self.build((None, None, *inputs))

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        of = self.of
        del self.of  # it holds this one
        self.kernel = self.add_weight(
            "kernel",
            (*self.inputs, *self.outputs),
            of.kernel_initializer,
            of.kernel_regularizer,
            of.kernel_constraint,
        )
        self.bias = (
            self.add_weight(
                "bias", self.outputs, of.bias_initializer, of.bias_regularizer, of.bias_constraint
            )
            if of.use_bias
            else None
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (*input_shape[:2], *self.outputs)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        flat = x.reshape(-1, math.prod(self.inputs))
        self.tape = x.shape, flat
        bias = self.bias.value.reshape(-1) if self.bias else None
        y = functional.dense(flat, self._kernel(), bias)
        return y.reshape(*x.shape[:2], *self.outputs)

    def _kernel(self) -> Array:
        return self.kernel.value.reshape(math.prod(self.inputs), -1)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shape, x = self.tape
        dy = dy.reshape(len(x), -1)
        out = (
            self.kernel.grad.reshape(math.prod(self.inputs), -1),
            self.bias.grad.reshape(-1) if self.bias else None,
        )
        dx = functional.dense_backward(x, self._kernel(), dy, need_dx=need_dx, out=out)[0]
        return None if dx is None else dx.reshape(shape)


class MultiHeadAttention(Taped):
    """Attention in several heads, each with projections of its own (Vaswani et al., 2017).

    It is called on query and value, and takes ``key``, ``attention_mask`` (N, T, S),
    ``return_attention_scores`` and ``use_causal_mask``.
    """

    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        for name in ("use_gate", "sliding_window", "flash_attention"):
            if kwargs.pop(name, None):
                raise NotImplementedError(f"MultiHeadAttention: {name} is not supported")
        super().__init__(**kwargs)
        self.num_heads = whole(self.name, "num_heads", num_heads)
        self.key_dim = whole(self.name, "key_dim", key_dim)
        self.value_dim = whole(self.name, "value_dim", value_dim or key_dim)
        self.dropout, self.use_bias = number(self.name, "dropout", dropout, 0, 1), use_bias
        if isinstance(output_shape, (list, tuple)):
            if len(output_shape) != 1:
                raise NotImplementedError(f"{self.name}: output_shape of several axes")
            output_shape = output_shape[0]
        if attention_axes not in (None, 1, (1,), [1]):
            raise NotImplementedError(f"{self.name}: attention_axes other than that of the steps")
        self.width, self.seed = output_shape, seed
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(  # type: ignore[override]  # noqa: D102
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = key_shape or value_shape
        if {len(query_shape), len(value_shape), len(key_shape)} != {3}:
            raise ValueError(f"{self.name}: query, value and key must have 3 axes each")
        heads, keys = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        self.query_dense = Projection(self, query_shape[-1:], heads, "query")
        self.key_dense = Projection(self, key_shape[-1:], heads, "key")
        self.value_dense = Projection(self, value_shape[-1:], keys, "value")
        width = (self.width or query_shape[-1],)
        self.output_dense = Projection(self, keys, width, "attention_output")
        self._dropout_layer = Dropout(self.dropout, seed=self.seed)

    def call(  # noqa: D102
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        q, k, v = (
            np.swapaxes(dense(x), 1, 2)
            for dense, x in (
                (self.query_dense, query),
                (self.key_dense, value if key is None else key),
                (self.value_dense, value),
            )
        )
        scores = np.matmul(q * (1 / math.sqrt(self.key_dim)), np.swapaxes(k, 2, 3))
        seen = [
            None if query_mask is None else query_mask[:, :, None],
            None if value_mask is None else value_mask[:, None, :],
            None if key_mask is None else key_mask[:, None, :],
            causal(*scores.shape[-2:]) if use_causal_mask else None,
            None if attention_mask is None else np.asarray(ops.stop_gradient(attention_mask), bool),
        ]
        for each in seen:
            if each is not None:
                each = each[:, None] if each.ndim == 3 else each
                scores = np.where(each, scores, scores.dtype.type(-1e9))
        weights = ops.softmax(scores)
        dropped = self._dropout_layer(weights) if self.dropout else weights
        y = self.output_dense(np.swapaxes(np.matmul(dropped, v), 1, 2))
        return (y, weights) if return_attention_scores else y

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"output_shape": self.width, "attention_axes": None}
