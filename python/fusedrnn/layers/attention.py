"""Attention and AdditiveAttention: weighted sums of values, by how queries and keys agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .._types import Array
from ..checks import number
from .dropout import dropout_mask
from .taped import Taped


def causal(steps: int, keys: int) -> Array:
    """Return a mask by which a query sees no later key."""
    return np.tri(steps, keys, dtype=bool)[None]


class Attention(Taped):
    """Dot-product attention: ``softmax(query @ key.T) @ value`` (Luong et al., 2015).

    It is called on ``[query, value]`` or ``[query, value, key]``, (N, Tq, D), (N, Tv, V) and
    (N, Tv, D), gives (N, Tq, V), and takes ``return_attention_scores`` and ``use_causal_mask``. Of
    masks, (N, Tq) and (N, Tv), the first sets outputs to 0, the second leaves values out.

    Parameters
    ----------
    use_scale : bool
        Whether to multiply the scores by a number that is learned.
    score_mode : {"dot", "concat"}
        The latter sums ``tanh(query + key)`` instead.
    dropout : float
        Of the softmax's results.
    seed : int, optional
        Of the dropout.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of another mode; called, if the input is not a list of two or three arrays.

    Examples
    --------
    >>> query, value = np.zeros((2, 3, 4)), np.zeros((2, 5, 4))
    >>> fusedrnn.layers.Attention()([query, value]).shape
    (2, 3, 4)
    """

    supports_masking = True

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{self.name}: score_mode is {score_mode!r}, expected dot or concat")
        self.use_scale, self.score_mode, self.seed = use_scale, score_mode, seed
        self.dropout = number(self.name, "dropout", dropout, 0, 1)
        self.rng = np.random.default_rng(seed) if seed is not None else None

    def build(self, input_shape: Any) -> None:  # noqa: D102
        if not isinstance(input_shape, list) or len(input_shape) not in (2, 3):
            raise ValueError(f"{self.name}: is called on [query, value] or [query, value, key]")
        self.scale: Any = self.add_weight("scale", (), "ones") if self.use_scale else 1
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones")

    def scores(self, query: Any, key: Any) -> Any:
        """Return how each query agrees with each key: (N, Tq, Tv)."""
        if self.score_mode == "dot":
            return np.matmul(query, np.swapaxes(key, -2, -1)) * self.scale
        both = np.expand_dims(query, -2) + np.expand_dims(key, -3)
        return self.concat_score_weight * np.sum(np.tanh(self.scale * both), axis=-1)

    def call(  # noqa: D102
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        query, value, *rest = inputs
        scores = self.scores(query, rest[0] if rest else value)
        query_mask, seen, *_ = mask or (None, None)
        seen = None if seen is None else seen[:, None, :]
        if use_causal_mask:
            before = causal(*scores.shape[-2:])
            seen = before if seen is None else seen & before
        if seen is not None:
            scores = scores - np.where(seen, 0, 1e9).astype(scores.dtype)
        weights = ops.softmax(scores)
        if training and self.dropout:
            weights = weights * dropout_mask(weights.shape, self.dropout, weights.dtype, self.rng)
        y = np.matmul(weights, value)
        if query_mask is not None:
            y = y * query_mask[..., None].astype(y.dtype)
        return (y, weights) if return_attention_scores else y

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: D102
        return mask[0] if mask else None

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        if type(self) is not Attention:
            del config["score_mode"]
        return config


class AdditiveAttention(Attention):
    """Additive attention: ``softmax(sum(scale * tanh(query + key))) @ value``.

    Bahdanau et al. (2015). It is called as :class:`Attention` is, with a ``scale`` (D,).

    Parameters
    ----------
    use_scale : bool
        Whether ``scale`` is learned, else it is 1.
    dropout, **kwargs
        As of :class:`Attention`, but ``score_mode``.

    Examples
    --------
    >>> query, value = np.zeros((2, 3, 4)), np.zeros((2, 5, 4))
    >>> fusedrnn.layers.AdditiveAttention()([query, value]).shape
    (2, 3, 4)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:  # noqa: D102
        shape = input_shape[0][-1:]
        self.scale = self.add_weight("scale", shape, "glorot_uniform") if self.use_scale else 1

    def scores(self, query: Any, key: Any) -> Any:  # noqa: D102
        both = np.expand_dims(query, -2) + np.expand_dims(key, -3)
        return np.sum(self.scale * np.tanh(both), axis=-1)
