"""``torch.nn.LSTMCell``, ``GRUCell`` and ``RNNCell`` on the fused kernels, without gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..cells import CELLS
from .call import Call, Tensors, array, follow_torch_threads
from .kept import KeptWeights
from .layers import weights_of
from .path import path_of, torch_is_as_fast, traced
from .recurrent import recurrent

_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class FusedCell:
    """What the cells share."""

    _call: Call

    @property
    def path(self: Any) -> str:
        """How the cell runs now: "fused", or "torch: " and the reason."""
        if torch.is_grad_enabled():
            return "torch: gradients are recorded, and of a single step torch's are the faster ones"
        return path_of(self.weight_ih, traced())

    def forward(self: Any, input: Tensor, hx: Any = None) -> Any:
        """Run one step on an input (N, I) or (I,), as torch.nn does."""
        if torch.is_grad_enabled():
            return super().forward(input, hx)  # type: ignore[misc]
        count = CELLS[self._call.cell].states
        states: Tensors = () if hx is None else tuple(hx) if count > 1 else (hx,)
        weights = weights_of(self, _NAMES if self.bias else _NAMES[:2])
        trace = traced()
        if path_of(weights[0], trace) != "fused" or not self._fits(input, weights[0], states):
            return super().forward(input, hx)  # type: ignore[misc]
        x = input if input.dim() == 2 else input.unsqueeze(0)
        states = [s if s.dim() == 2 else s.unsqueeze(0) for s in states]
        states = states or [x.new_zeros(len(x), self.hidden_size)] * count
        if trace:
            finals = [s[0] for s in recurrent(self._call, x.unsqueeze(0), weights, states)[1:]]
        else:
            follow_torch_threads()
            kept = self.__dict__.get("_kept")
            if kept is None:
                kept = self.__dict__["_kept"] = KeptWeights()
            results = kept.packed(self._call, weights, step=True)(array(x), *map(array, states))
            finals = [torch.from_numpy(a) for a in (results if count > 1 else (results,))]
        finals = finals if input.dim() == 2 else [s.squeeze(0) for s in finals]
        return tuple(finals) if count > 1 else finals[0]

    def _fits(self: Any, x: Any, w: Tensor, states: Tensors) -> bool:
        return (
            isinstance(x, Tensor)
            and x.dtype == w.dtype
            and x.device == w.device
            and x.dim() in (1, 2)
            and x.shape[-1] == self.input_size
            and x.numel() > 0
            and (
                not states
                or (
                    len(states) == CELLS[self._call.cell].states
                    and all(
                        isinstance(s, Tensor)
                        and s.shape == (*x.shape[:-1], self.hidden_size)
                        and s.dtype == x.dtype
                        and s.device == x.device
                        for s in states
                    )
                )
            )
        )

    def __getstate__(self: Any) -> dict[str, Any]:
        """Leave what is kept of the weights out of copies and files."""
        return {k: v for k, v in super().__getstate__().items() if k != "_kept"}  # type: ignore

    def _apply(self: Any, *args: Any, **options: Any) -> Any:
        """Keep nothing of weights that move to another device or dtype."""
        self.__dict__.pop("_kept", None)
        return super()._apply(*args, **options)  # type: ignore[misc]


class LSTMCell(FusedCell, torch.nn.LSTMCell):
    """Drop-in for ``torch.nn.LSTMCell``, fused while no gradients are recorded."""

    _call = Call("lstm", "torch")


class GRUCell(FusedCell, torch.nn.GRUCell):
    """Drop-in for ``torch.nn.GRUCell``, fused while no gradients are recorded."""

    _call = Call("gru", "torch")


_RNN_CALLS = {name: Call("rnn", "torch", activation=name) for name in ("tanh", "relu")}


class RNNCell(FusedCell, torch.nn.RNNCell):
    """Drop-in for ``torch.nn.RNNCell``, fused while no gradients are recorded.

    Whatever `path` says, a step of few rows or units runs on torch's own code, the faster one.
    """

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run one step on an input (N, I) or (I,), as torch.nn does."""
        if isinstance(input, Tensor) and not torch.is_grad_enabled():
            rows = input.shape[0] if input.dim() == 2 else 1
            if torch_is_as_fast(rows, self.input_size, self.hidden_size):
                return torch.nn.RNNCell.forward(self, input, hx)
        return super().forward(input, hx)

    @property
    def _call(self) -> Call:  # type: ignore[override]
        return _RNN_CALLS.get(self.nonlinearity, _RNN_CALLS["tanh"])

    def _fits(self, x: Any, w: Tensor, states: Tensors) -> bool:
        # torch refuses others at the call, those too that the core has
        return self.nonlinearity in _RNN_CALLS and super()._fits(x, w, states)
