"""``torch.nn.LSTMCell``, ``GRUCell`` and ``RNNCell`` on the fused kernels, without gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..cells import CELLS
from .call import Call, Tensors, follow_torch_threads
from .kept import Form, fit
from .memory import array
from .path import PLAIN, in_bfloat16, mixes, path_of, torch_is_as_fast, traced
from .recurrent import recurrent
from .standin import StandIn

_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class FusedCell(StandIn):
    """What the cells share."""

    _call: Call

    @property
    def path(self: Any) -> str:
        """How the cell runs now: "fused", or "torch: " and the reason."""
        if torch.is_grad_enabled():
            return "torch: gradients are recorded, and of a single step torch's are the faster ones"
        weights = self._weights()
        if weights is None:
            return "torch: a weight is none of the parameters, and may be computed"
        return path_of(weights, traced())

    def forward(self: Any, input: Tensor, hx: Any = None) -> Any:
        """Run one step on an input (N, I) or (I,), as torch.nn does."""
        done = None
        if not torch.is_grad_enabled():
            done = self._fused(input, hx)
        elif self._frozen:
            self._kept.forget()
        if done is None:
            done = self._leaf(input, hx)
        return super().forward(input, hx) if done is None else done  # type: ignore[misc]

    def _weights(self: Any) -> Tensors | None:
        """Return the weights, None if torch's code may find others under their names."""
        own, attributes = self._parameters, self.__dict__
        if not all([n in own and n not in attributes for n in _NAMES]):
            return None
        weights = [own[n] for n in _NAMES]
        return weights[:2] if weights[2] is weights[3] is None else weights

    def _fused(self: Any, input: Tensor, hx: Any) -> Any:
        """Run one step on the kernels, or return None if they cannot."""
        weights, trace = self._weights(), traced()
        if weights is None or path_of(weights, trace) != "fused":
            return None
        call, several = self._call, CELLS[self._call.cell].states > 1
        states: Tensors = () if hx is None else tuple(hx) if several else (hx,)
        if not trace and any([type(t) not in PLAIN for t in (input, *states)]):
            return None  # a subclass may want to see operations
        half = in_bfloat16(weights[0])
        if not self._fits(input, weights[0], states, half):
            return None
        x = input if input.dim() == 2 else input.unsqueeze(0)
        states = [s if s.dim() == 2 else s.unsqueeze(0) for s in states]
        states = states or [x.new_zeros(len(x), self.hidden_size)] * CELLS[call.cell].states
        form = Form(
            gates=CELLS[call.cell].gates, inputs=self.input_size, units=self.hidden_size,
            bias=len(weights) == len(_NAMES),
        )  # fmt: skip
        if trace:
            if not fit(weights, form):
                return None
            finals = [s[0] for s in recurrent(call, x.unsqueeze(0), weights, states)[1:]]
        else:
            views = self._kept.views(weights, form)
            if views is None:
                return None
            follow_torch_threads()
            if half:
                dtype, call = self._result_type(states), call._replace(weights="bfloat16")
                x, states = x.float(), [s.float() for s in states]
            (step,) = self._kept.packed(views, call, weights, frozen=self._frozen, step=True)
            results = step(array(x), *map(array, states))
            finals = [torch.from_numpy(a) for a in (results if several else (results,))]
            if half:
                finals = [s.to(dtype) for s in finals]
        finals = finals if input.dim() == 2 else [s.squeeze(0) for s in finals]
        return tuple(finals) if several else finals[0]

    def _result_type(self: Any, states: Tensors) -> torch.dtype:
        """Return the type of torch's results in bfloat16 or under autocast."""
        return states[0].dtype

    def _fits(self: Any, x: Any, w: Tensor, states: Tensors, half: bool) -> bool:
        return (
            isinstance(x, Tensor)
            and (x.dtype == w.dtype or (half and mixes(x)))
            and x.device == w.device
            and x.layout is torch.strided
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
                        and s.dtype == states[0].dtype
                        and (s.dtype == x.dtype or (half and mixes(s)))
                        and s.device == x.device
                        and s.layout is torch.strided
                        for s in states
                    )
                )
            )
        )


class LSTMCell(FusedCell, torch.nn.LSTMCell):
    """Drop-in for ``torch.nn.LSTMCell``, fused while no gradients are recorded.

    Parameters
    ----------
    input_size, hidden_size, bias, device, dtype
        As of ``torch.nn.LSTMCell``.

    Examples
    --------
    >>> import torch
    >>> cell = fusedrnn.torch.LSTMCell(3, 8)
    >>> with torch.no_grad():
    ...     h, c = cell(torch.zeros(2, 3))
    >>> h.shape
    torch.Size([2, 8])
    """

    _stands_for = torch.nn.LSTMCell
    _call = Call("lstm", "torch")


class GRUCell(FusedCell, torch.nn.GRUCell):
    """Drop-in for ``torch.nn.GRUCell``, fused while no gradients are recorded.

    Parameters
    ----------
    input_size, hidden_size, bias, device, dtype
        As of ``torch.nn.GRUCell``.

    Examples
    --------
    >>> import torch
    >>> with torch.no_grad():
    ...     h = fusedrnn.torch.GRUCell(3, 8)(torch.zeros(2, 3))
    >>> h.shape
    torch.Size([2, 8])
    """

    _stands_for = torch.nn.GRUCell
    _call = Call("gru", "torch")


_RNN_CALLS = {name: Call("rnn", "torch", activation=name) for name in ("tanh", "relu")}


class RNNCell(FusedCell, torch.nn.RNNCell):
    """Drop-in for ``torch.nn.RNNCell``, fused while no gradients are recorded.

    Whatever ``path`` says, a step of few rows or units runs on torch's own code, the faster one.

    Parameters
    ----------
    input_size, hidden_size, bias, nonlinearity, device, dtype
        As of ``torch.nn.RNNCell``.

    Examples
    --------
    >>> import torch
    >>> with torch.no_grad():
    ...     h = fusedrnn.torch.RNNCell(3, 8)(torch.zeros(2, 3))
    >>> h.shape
    torch.Size([2, 8])
    """

    _stands_for = torch.nn.RNNCell

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run one step on an input (N, I) or (I,), as torch.nn does."""
        # Sizes are tensors while torch.jit traces, and are then not to be asked.
        plain = isinstance(input, Tensor) and not torch._C._is_tracing()
        if plain and not torch.is_grad_enabled():
            rows = input.shape[0] if input.dim() == 2 else 1
            if torch_is_as_fast(rows, self.input_size, self.hidden_size):
                return torch.nn.RNNCell.forward(self, input, hx)
        return FusedCell.forward(self, input, hx)

    @property
    def _call(self) -> Call:  # type: ignore[override]
        return _RNN_CALLS.get(self.nonlinearity, _RNN_CALLS["tanh"])

    def _result_type(self, states: Tensors) -> torch.dtype:
        return torch.bfloat16

    def _fits(self, x: Any, w: Tensor, states: Tensors, half: bool) -> bool:
        # torch refuses others at the call, those too that the core has
        return self.nonlinearity in _RNN_CALLS and super()._fits(x, w, states, half)
