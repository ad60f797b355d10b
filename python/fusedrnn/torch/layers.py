"""``torch.nn.LSTM``, ``GRU`` and ``RNN`` on the fused kernels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from ..cells import CELLS, Cell
from .call import Call, Tensors
from .kept import NOTHING, Form, Ready, fit
from .path import PLAIN, in_bfloat16, mixes, path_of, torch_is_faster, traced
from .recurrent import recurrent
from .standin import StandIn


class FusedLayer(StandIn):
    """What the layers share. Parameters, their names and `state_dict` are torch's."""

    _cell: Cell
    _activation = "tanh"
    _few_steps_are_torchs = True  # of those, torch's code is the faster one with gradients

    @property
    def path(self: Any) -> str:
        """How the layer runs now: "fused", or "torch: " and the reason.

        Whatever it says, a GRU or RNN with large weights runs an input of a few steps on torch's
        own code while gradients are recorded: there their gradients are all the work, and torch's
        are the faster ones.
        """
        return path_of(self._stored_weights(self._may_have_changed()), traced(), self.proj_size)

    def forward(self: Any, input: Any, hx: Any = None) -> Any:
        """Run the layer on a tensor or a ``PackedSequence``, as torch.nn does.

        Arguments that are wrong go to torch's own code, whose errors they then raise.
        """
        trace = traced()
        gradients = torch.is_grad_enabled() and not trace
        if gradients and self._frozen:
            self._kept.forget()
        if (
            gradients
            and self._few_steps_are_torchs
            and torch_is_faster(
                self._steps(input), self._cell.gates, self.input_size, self.hidden_size
            )
        ):
            return super().forward(input, hx)  # type: ignore[misc]
        packed = isinstance(input, PackedSequence)
        x = input.data if packed else input
        several = self._cell.states > 1 and isinstance(hx, tuple | list)
        states: Tensors = () if hx is None else tuple(hx) if several else (hx,)
        changed = not trace and self._may_have_changed()
        w = self._stored_weights(changed)
        # Asked first: to ask for a weight may compute it, and another one each time.
        runs = path_of(w, trace, self.proj_size) == "fused"
        half = runs and in_bfloat16(w[0])
        if runs and self._fits(x, w[0], states, input, trace, half):
            if trace and self._weights_have_changed():
                # As torch would, but for that it keeps the list: torch.export warns of that.
                w = [
                    getattr(self, n) if hasattr(self, n) else None for n in self._flat_weights_names
                ]
            elif changed:
                self._update_flat_weights()
                w = self._flat_weights
            ready = self._ready(w, trace, half)
            if ready and half:
                return self._run_half(input, w, ready, states)
            if ready:
                return self._run(input, w, ready, states)
        leaf = self._leaf(input, hx)
        return super().forward(input, hx) if leaf is None else leaf  # type: ignore[misc]

    def _run(self: Any, input: Any, w: Tensors, ready: Sequence[Ready], states: Tensors) -> Any:
        if isinstance(input, PackedSequence):
            y, finals = _uncompiled(type(self)._packed_sequence)(self, input, w, ready, states)
        elif input.dim() == 2:
            states = [s.unsqueeze(1) for s in states]
            y, *finals = self._layers(input.unsqueeze(1), w, ready, states)
            y, finals = y.squeeze(1), [s.squeeze(1) for s in finals]
        else:
            y, *finals = self._layers(input, w, ready, states, None, self.batch_first)
        return y, tuple(finals) if self._cell.states > 1 else finals[0]

    def _run_half(
        self: Any, input: Any, w: Tensors, ready: Sequence[Ready], states: Tensors
    ) -> Any:
        """Run on weights in bfloat16, all else in float32, and return what type torch returns."""
        packed = isinstance(input, PackedSequence)
        x = input.data if packed else input
        dtype = self._result_type(x, states)
        wide = PackedSequence(x.float(), *input[1:]) if packed else x.float()
        y, finals = self._run(wide, w, ready, [s.float() for s in states])
        y = PackedSequence(y.data.to(dtype), *y[1:]) if packed else y.to(dtype)
        several = self._cell.states > 1
        return y, tuple([s.to(dtype) for s in finals]) if several else finals.to(dtype)

    def _result_type(self: Any, x: Tensor, states: Tensors) -> torch.dtype:
        """Return the type of torch's results in bfloat16 or under autocast."""
        return (states[0] if states else x).dtype

    def _may_have_changed(self: Any) -> bool:
        """Return whether the list ``_flat_weights`` may be an old one.

        It is while parameters and the list are those of the last call that torch sees no change,
        whatever a user has put into the list: that is then what its code and ours take.
        """
        own, attributes = self._parameters, self.__dict__
        for name, ref in zip(self._flat_weights_names, self._flat_weight_refs, strict=False):
            w = own.get(name)
            if w is None or ref is None or ref() is not w or name in attributes:
                return True
        return False

    def _stored_weights(self: Any, changed: bool) -> Tensors:
        """Return the list ``_flat_weights`` as it will be, if no weight is to be computed for that.

        FSDP puts other parameters into the module for each call.
        """
        own = [self._parameters.get(name) for name in self._flat_weights_names] if changed else []
        return self._flat_weights if not own or any(w is None for w in own) else own

    def _ready(self: Any, w: Tensors, trace: bool, half: bool) -> Sequence[Ready] | None:
        """Return what of the weights each layer and direction runs on, None if they are unfit."""
        if path_of(w, trace) != "fused":
            return None
        layers, directions = self.num_layers, 1 + self.bidirectional
        form = Form(
            gates=self._cell.gates, inputs=self.input_size, units=self.hidden_size,
            bias=self.bias, layers=layers, directions=directions,
        )  # fmt: skip
        if trace:
            return [NOTHING] * (layers * directions) if fit(w, form) else None
        kept = self._kept
        views = kept.views(w, form)
        if views is None:
            return None
        weights = "bfloat16" if half else None
        call = Call(self._cell.name, "torch", activation=self._activation, weights=weights)
        if torch.is_grad_enabled():
            return kept.ready(views, kept.shared(views, call, w))
        copies = kept.packed(views, call, w, frozen=self._frozen, step=False)
        return [Ready(packed=copy) for copy in copies]

    def _fits(
        self: Any, x: Any, w: Tensor, states: Tensors, input: Any, trace: bool, half: bool
    ) -> bool:
        packed = x is not input
        if half and self.dropout and self.training:
            return False  # it draws other numbers for other types
        if not trace and any(type(t) not in PLAIN for t in (x, *states)):
            return False  # a subclass may want to see operations
        if not isinstance(x, Tensor):
            return False
        shape = x.shape
        if (
            not (x.dtype is w.dtype or (half and mixes(x)))
            or not x.is_cpu
            or x.layout is not torch.strided
            or not (len(shape) == 2 or (len(shape) == 3 and not packed))
            or shape[-1] != self.input_size
            or 0 in shape
        ):
            return False
        if not states:
            return True
        batch: tuple[int, ...] = ()
        if packed:
            batch = (int(input.batch_sizes[0]),)
        elif x.dim() == 3:
            batch = (x.shape[0 if self.batch_first else 1],)
        shape = (self.num_layers * (1 + self.bidirectional), *batch, self.hidden_size)
        return len(states) == self._cell.states and all(
            isinstance(s, Tensor)
            and s.shape == shape
            and s.dtype is states[0].dtype
            and (s.dtype is x.dtype or (half and mixes(s)))
            and s.device == x.device
            and s.layout is torch.strided
            for s in states
        )

    def _steps(self: Any, input: Any) -> int:
        if isinstance(input, PackedSequence):
            return len(input.batch_sizes)
        if not isinstance(input, Tensor) or not input.dim():
            return sys.maxsize
        return int(input.shape[self.batch_first if input.dim() == 3 else 0])

    def _packed_sequence(
        self: Any, input: PackedSequence, weights: Tensors, ready: Sequence[Ready], states: Tensors
    ) -> Any:
        data, batch_sizes, order, back = input
        T = len(batch_sizes)
        lengths = None
        if not traced() and T * int(batch_sizes[0]) == len(data):  # rows of one length
            x = data.view(T, -1, self.input_size)
        else:
            x, lengths = torch._VF._pad_packed_sequence(data, batch_sizes, False, 0.0, T)
        if order is not None:
            states = [s.index_select(1, order) for s in states]
        y, *finals = self._layers(x, weights, ready, states, lengths)
        if back is not None:
            finals = [s.index_select(1, back) for s in finals]
        y = y.flatten(0, 1) if lengths is None else _pack(y, lengths)
        return PackedSequence(y, batch_sizes, order, back), finals

    def _layers(
        self: Any,
        x: Tensor,
        weights: Tensors,
        ready: Sequence[Ready],
        states: Tensors,
        lengths: Tensor | None = None,
        batch_first: bool = False,
    ) -> list[Tensor]:
        """Run all layers and directions; x and y are (N, T, ...) if `batch_first`."""
        D, last = 1 + self.bidirectional, self.num_layers - 1
        cell, activation = self._cell.name, self._activation
        each = len(weights) // len(ready)
        if len(ready) == 1:
            call = Call(cell, "torch", time_major=not batch_first, activation=activation)
            return [*recurrent(call, x, weights, states, lengths, ready=ready[0])]
        finals: list[Tensors] = []
        for layer in range(self.num_layers):
            time_major = not (batch_first and layer == last)
            if batch_first and last and layer in (0, last):  # dropout is drawn as torch draws it
                x = x.transpose(0, 1)
            ys = []
            for reverse in (False, True)[:D]:
                k = len(finals)
                call = Call(cell, "torch", reverse, time_major, activation=activation)
                own = weights[k * each : (k + 1) * each]
                y, *final = recurrent(call, x, own, [s[k] for s in states], lengths, ready=ready[k])
                ys.append(y)
                finals.append(final)
            x = torch.cat(ys, -1) if D == 2 else ys[0]
            if self.dropout and self.training and layer < last:
                x = _dropout(x, lengths, self.dropout)
        return [x, *map(torch.cat, zip(*finals, strict=True))]


_UNCOMPILED: dict[Any, Any] = {}


def _uncompiled(function: Any) -> Any:
    """Return a function that torch.compile leaves alone, with all that it calls.

    Torch's functions for packed sequences take none of the compiler's fake tensors. The compiler is
    not imported for that, which takes a second.
    """
    if "torch._dynamo" not in sys.modules:
        return function
    if function not in _UNCOMPILED:
        _UNCOMPILED[function] = torch.compiler.disable(function)
    return _UNCOMPILED[function]


def _pack(y: Tensor, lengths: Tensor) -> Tensor:
    return torch._VF._pack_padded_sequence(y, lengths, False)[0]


def _dropout(y: Tensor, lengths: Tensor | None, p: float) -> Tensor:
    """Drop values of y (T, N, DH), drawing just the random numbers that torch draws."""
    if lengths is None:
        return dropout(y, p)
    y, sizes = torch._VF._pack_padded_sequence(y, lengths, False)
    return torch._VF._pad_packed_sequence(dropout(y, p), sizes, False, 0.0, len(sizes))[0]


class LSTM(FusedLayer, torch.nn.LSTM):
    """Drop-in for ``torch.nn.LSTM``: the same arguments, parameters and results.

    On a CPU in float32 or float64 it runs on fused kernels, and while no gradients are recorded in
    bfloat16, too: as a module of that dtype, or under autocast to it. Then weights are bfloat16 and
    the rest, sums and states from step to step, is float32; results have the dtype that torch's
    have. With ``proj_size``, on another device or dtype and inside transforms of ``torch.func`` it
    runs on torch's own code; ``layer.path`` says which.

    First derivatives are fused; with ``create_graph=True`` they come from differentiable torch
    operations, so that second ones are right, and slow.

    Parameters
    ----------
    *args, **kwargs
        As of ``torch.nn.LSTM``.

    Examples
    --------
    >>> import torch
    >>> lstm = fusedrnn.torch.LSTM(3, 8, num_layers=2, batch_first=True)
    >>> y, (h, c) = lstm(torch.zeros(2, 10, 3))
    >>> y.shape, h.shape, lstm.path
    (torch.Size([2, 10, 8]), torch.Size([2, 2, 8]), 'fused')
    """

    _stands_for = torch.nn.LSTM
    _cell = CELLS["lstm"]
    _few_steps_are_torchs = False  # torch.nn.LSTM takes oneDNN's path

    def _result_type(self, x: Tensor, states: Tensors) -> torch.dtype:
        # oneDNN's is one of the operators that autocast casts for
        return torch.bfloat16 if x.dtype is torch.float32 else super()._result_type(x, states)


class GRU(FusedLayer, torch.nn.GRU):
    """Drop-in for ``torch.nn.GRU``; see :class:`LSTM`.

    Parameters
    ----------
    *args, **kwargs
        As of ``torch.nn.GRU``.

    Examples
    --------
    >>> import torch
    >>> y, h = fusedrnn.torch.GRU(3, 8)(torch.zeros(10, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([10, 2, 8]), torch.Size([1, 2, 8]))
    """

    _stands_for = torch.nn.GRU
    _cell = CELLS["gru"]


class RNN(FusedLayer, torch.nn.RNN):
    """Drop-in for ``torch.nn.RNN``, with both of its nonlinearities; see :class:`LSTM`.

    Parameters
    ----------
    *args, **kwargs
        As of ``torch.nn.RNN``.

    Examples
    --------
    >>> import torch
    >>> y, h = fusedrnn.torch.RNN(3, 8, nonlinearity="relu")(torch.zeros(10, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([10, 2, 8]), torch.Size([1, 2, 8]))
    """

    _stands_for = torch.nn.RNN
    _cell = CELLS["rnn"]

    def _result_type(self, x: Tensor, states: Tensors) -> torch.dtype:
        return torch.bfloat16

    @property
    def _activation(self) -> str:  # type: ignore[override]
        # torch's code asks `mode`, not `nonlinearity`, which may have been changed
        if self.mode not in ("RNN_TANH", "RNN_RELU"):
            raise AssertionError(f"mode must be RNN_TANH or RNN_RELU, got {self.mode}")
        return self.mode.removeprefix("RNN_").lower()
