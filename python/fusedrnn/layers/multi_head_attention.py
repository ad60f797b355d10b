"""MultiHeadAttention and GroupedQueryAttention: attention in several heads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..checks import number, whole
from .attention import causal
from .dropout import Dropout
from .einsum_dense import EinsumDense
from .layer import PARTS
from .taped import Taped


class Heads(Taped):
    """Base of the two: projections to heads, softmax of how they agree, and the way back."""

    supports_masking = True
    _dropout_layer: Dropout

    def __init__(
        self,
        *,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        use_gate: bool,
        seed: int | None,
        activity_regularizer: Any,
        parts: dict[str, Any],
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        self.dropout, self.use_bias = number(self.name, "dropout", dropout, 0, 1), use_bias
        if sliding_window is not None:
            whole(self.name, "sliding_window", sliding_window)
        if flash_attention and dropout:
            raise ValueError(
                "Dropout is not supported when flash attention is enabled. Please set dropout to "
                "0.0 to use flash attention."
            )
        self.sliding_window, self.use_gate, self.seed = sliding_window, use_gate, seed
        self.take_parts(parts, "kernel", "bias")

    def same(self, value_shape: Any, key_shape: Any) -> Any:
        """Return the shape of the keys, which are as many as the values."""
        if key_shape and value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                "All dimensions of `value` and `key`, except the last one, must be equal. Received:"
                f" value_shape={value_shape} and key_shape={key_shape}"
            )
        return key_shape or value_shape

    def project(self, name: str, equation: str, sizes: Any, axes: str, shape: Any) -> EinsumDense:
        """Return one of the dense layers, built."""
        settings = {
            f"{part}_{what}": own
            for part in ("kernel", "bias")
            for what, own in zip(PARTS, self.part(part), strict=True)
        }
        layer = EinsumDense(
            equation,
            sizes,
            bias_axes=axes if self.use_bias else None,
            activation="sigmoid" if name == "gate" else None,
            name=name,
            trainable=self.trainable,
            dtype=self.dtype,
            **settings,
        )
        layer.build(shape)
        return layer

    def to_heads(self, name: str, shape: Any, heads: int, size: int) -> EinsumDense:
        """Return the layer that makes heads of the last axis."""
        return self.project(name, "...m,mhk->...hk", (heads, size), "hk", shape)

    def from_heads(self, heads: int, size: int, widths: Any) -> EinsumDense:
        """Return the layer that makes one axis, or several, of the heads."""
        out = "opqrs"[: len(widths)]
        equation = f"...hk,hk{out}->...{out}"
        return self.project("attention_output", equation, widths, out, (None, None, heads, size))

    def attend(self, q: Any, k: Any, v: Any, masks: Any, causal_too: bool) -> tuple[Any, Any]:
        """Return what (N, T, heads, size) of queries, keys and values give, and the weights."""
        q, k, v = (np.swapaxes(each, 1, 2) for each in (q, k, v))
        scores = np.matmul(q * (1 / math.sqrt(q.shape[-1])), np.swapaxes(k, 2, 3))
        masks = [*masks, causal(*scores.shape[-2:]) if causal_too else None]
        if self.sliding_window:
            steps, keys = map(np.arange, scores.shape[-2:])
            masks.append((np.abs(steps[:, None] - keys) < self.sliding_window)[None])
        for mask in masks:
            if mask is not None:
                mask = mask[:, None] if mask.ndim == 3 else mask
                scores = np.where(mask, scores, scores.dtype.type(-1e9))
        weights = ops.softmax(scores)
        dropped = self._dropout_layer(weights) if self.dropout else weights
        return np.swapaxes(np.matmul(dropped, v), 1, 2), weights

    def seen(self, query: Any, value: Any, key: Any, given: Any) -> list[Any]:
        """Return the masks of the arguments as masks of the scores."""
        return [
            None if query is None else query[:, :, None],
            None if value is None else value[:, None, :],
            None if key is None else key[:, None, :],
            None if given is None else np.asarray(ops.stop_gradient(given), bool),
        ]


class MultiHeadAttention(Heads):
    """Attention in several heads, each with projections of its own (Vaswani et al., 2017).

    It is called on query (N, T, D) and value (N, S, E), gives (N, T, D), and takes ``key``,
    ``attention_mask`` (N, T, S), ``return_attention_scores`` and ``use_causal_mask``.

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Size of a head's queries and keys.
    value_dim : int, optional
        Size of a head's values; by default ``key_dim``.
    dropout : float
        Of the softmax's results.
    use_bias : bool
        Whether the projections have one.
    output_shape : int or tuple, optional
        Sizes of the output's last axes; by default that of the query.
    attention_axes : int or tuple of int, optional
        Along which axes to attend; by default all but the first and the last.
    sliding_window : int, optional
        A query sees the keys that are less than so many steps away.
    flash_attention : bool, optional
        Accepted; it makes no difference, but that Keras has no dropout then.
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer
        As of :class:`Dense`, of each projection.
    kernel_constraint, bias_constraint
        As of :class:`Dense`.
    use_gate : bool
        Whether the heads' outputs are multiplied by a logistic projection of the query.
    seed : int, optional
        Of the dropout.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of an argument out of its range, or ``flash_attention`` with dropout.

    Examples
    --------
    >>> layer = fusedrnn.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> layer(np.zeros((3, 10, 8)), np.zeros((3, 6, 8))).shape
    (3, 10, 8)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            use_gate=use_gate,
            seed=seed,
            activity_regularizer=activity_regularizer,
            parts=locals(),
            **kwargs,
        )
        self.num_heads = whole(self.name, "num_heads", num_heads)
        self.key_dim = whole(self.name, "key_dim", key_dim)
        self.value_dim = whole(self.name, "value_dim", value_dim or key_dim)
        if not isinstance(output_shape, int | tuple | list | None):
            raise ValueError(
                f"{self.name}: Invalid `output_shape`: {output_shape!r}, expected a size, or a "
                "tuple of them"
            )
        self.widths = (output_shape,) if isinstance(output_shape, int) else output_shape
        axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = axes if axes is None else tuple(axes)

    def build(  # type: ignore[override]  # noqa: D102
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape, heads = self.same(value_shape, key_shape), self.num_heads
        self.query_dense = self.to_heads("query", query_shape, heads, self.key_dim)
        self.key_dense = self.to_heads("key", key_shape, heads, self.key_dim)
        if self.use_gate:
            self._gate_dense = self.to_heads("gate", query_shape, heads, self.value_dim)
        self.value_dense = self.to_heads("value", value_shape, heads, self.value_dim)
        widths = self.widths or query_shape[-1:]
        self.output_dense = self.from_heads(heads, self.value_dim, widths)
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
        q, v = self.query_dense(query), self.value_dense(value)
        k = self.key_dense(value if key is None else key)
        shape, several = q.shape, [x.shape for x in (q, k)]
        (q, order), (k, _), (v, _) = (self._flat(x) for x in (q, k, v))
        masks = self.seen(query_mask, value_mask, key_mask, attention_mask)
        y, weights = self.attend(q, k, v, masks, use_causal_mask)
        if order is not None:
            y = np.reshape(y, [shape[axis] for axis in order[:-1]] + [self.value_dim])
            y = np.transpose(y, np.argsort(order))
            axes = [[s[axis] for axis in self._axes(len(s))] for s in several]
            rest = [shape[axis] for axis in order[: len(order) - 2 - len(axes[0])]]
            weights = np.reshape(weights, [*rest, self.num_heads, *axes[0], *axes[1]])
        y = self.output_dense(y * self._gate_dense(query) if self.use_gate else y)
        return (y, weights) if return_attention_scores else y

    def _axes(self, rank: int) -> tuple[int, ...]:
        if self.attention_axes is None:
            return tuple(range(1, rank - 2))
        return tuple(axis % (rank - 1) for axis in self.attention_axes)  # of query, not of heads

    def _flat(self, x: Any) -> tuple[Any, Any]:
        """Return (rows, steps, heads, size), the axes of no attention among the rows."""
        axes = self._axes(x.ndim)
        if x.ndim == 4 and axes == (1,):
            return x, None
        rest = [axis for axis in range(x.ndim - 2) if axis not in axes]
        order = [*rest, *axes, x.ndim - 2, x.ndim - 1]
        steps = math.prod(x.shape[axis] for axis in axes)
        return np.reshape(np.transpose(x, order), (-1, steps, *x.shape[-2:])), order

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"output_shape": self.widths}


class GroupedQueryAttention(Heads):
    """Attention where groups of query heads share the heads of keys and values.

    Ainslie et al. (2023). It is called as :class:`MultiHeadAttention` is. Keras exports it as
    ``GroupQueryAttention``.

    Parameters
    ----------
    head_dim : int
        Size of a head's queries, keys and values.
    num_query_heads, num_key_value_heads : int
        The first is a multiple of the second.
    dropout, use_bias, sliding_window, flash_attention, use_gate, seed, **kwargs
        As of :class:`MultiHeadAttention`, as are initializers, regularizers and constraints.

    Raises
    ------
    ValueError
        As :class:`MultiHeadAttention`, and if the numbers of heads do not fit.

    Examples
    --------
    >>> layer = fusedrnn.layers.GroupedQueryAttention(4, num_query_heads=4, num_key_value_heads=2)
    >>> layer(np.zeros((3, 10, 8)), np.zeros((3, 6, 8))).shape
    (3, 10, 8)
    """

    module = "keras.src.layers.attention.grouped_query_attention"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            use_gate=use_gate,
            seed=seed,
            activity_regularizer=activity_regularizer,
            parts=locals(),
            **kwargs,
        )
        self.head_dim = whole(self.name, "head_dim", head_dim)
        self.num_query_heads = whole(self.name, "num_query_heads", num_query_heads)
        self.num_key_value_heads = whole(self.name, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                "`num_query_heads` must be divisible by `num_key_value_heads`: "
                f"{num_query_heads} and {num_key_value_heads}"
            )

    def build(  # type: ignore[override]  # noqa: D102
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        heads, shared, size = self.num_query_heads, self.num_key_value_heads, self.head_dim
        key_shape = self.same(value_shape, key_shape)
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                f"{self.name}: the last dimension of query {query_shape} and value {value_shape} "
                "must be equal"
            )
        self._query_dense = self.to_heads("query", query_shape, heads, size)
        self._key_dense = self.to_heads("key", key_shape, shared, size)
        if self.use_gate:
            self._gate_dense = self.to_heads("gate", query_shape, heads, size)
        self._value_dense = self.to_heads("value", value_shape, shared, size)
        self._output_dense = self.from_heads(heads, size, query_shape[-1:])
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
        times = self.num_query_heads // self.num_key_value_heads
        k = np.repeat(self._key_dense(value if key is None else key), times, axis=2)
        v = np.repeat(self._value_dense(value), times, axis=2)
        masks = self.seen(query_mask, value_mask, key_mask, attention_mask)
        y, weights = self.attend(self._query_dense(query), k, v, masks, use_causal_mask)
        y = self._output_dense(y * self._gate_dense(query) if self.use_gate else y)
        return (y, weights) if return_attention_scores else y
