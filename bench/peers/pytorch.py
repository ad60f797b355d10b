"""PyTorch: nn.LSTM, nn.GRU and nn.RNN, packed sequences, cells for a step, a training loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..case import FIT_BATCH, FIT_UNITS, FIT_WINDOWS, Case
from ..cells import reorder, restore
from ..contestant import Contestant


class Modules(NamedTuple):
    layer: type[nn.Module]
    cell: type[nn.Module]
    order: tuple[int, ...]  # of the gates


MODULES = {  # there is no GRU with the reset before the product
    "lstm": Modules(nn.LSTM, nn.LSTMCell, order=(0, 1, 2, 3)),
    "gru": Modules(nn.GRU, nn.GRUCell, order=(1, 0, 2)),  # r z n
    "rnn": Modules(nn.RNN, nn.RNNCell, order=(0,)),
}


def contestant(case: Case, threads: int) -> Contestant | None:
    """PyTorch's entry."""
    if case.cell not in MODULES:
        return None
    torch.set_num_threads(threads)
    run, answer = TASKS[case.task](case)
    steps = -(-FIT_WINDOWS // FIT_BATCH) if case.task == "fit" else 1
    return Contestant(run, answer, steps=steps)


def _load(case: Case, module: Any, suffix: str) -> Any:
    order, (input_bias, recurrent_bias) = MODULES[case.cell].order, case.both_biases
    values = {
        f"weight_ih{suffix}": reorder(case.data["kernel"], order).T,
        f"weight_hh{suffix}": reorder(case.data["recurrent_kernel"], order).T,
        f"bias_ih{suffix}": reorder(input_bias, order),
        f"bias_hh{suffix}": reorder(recurrent_bias, order),
    }
    module.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in values.items()})
    return module


def _rnn(case: Case, batch_first: bool = False) -> Any:
    make, dtype = MODULES[case.cell].layer, getattr(torch, case.dtype)
    rnn = make(case.shape.I, case.shape.H, batch_first=batch_first, dtype=dtype)
    return _load(case, rnn, "_l0")


def _forward(case: Case, rnn: Any) -> Callable[[Any], Any]:
    if not case.ragged:
        return lambda x: rnn(x)[0]
    lengths = torch.from_numpy(case.lengths)

    def forward(x: Any) -> Any:
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return pad_packed_sequence(rnn(packed)[0], total_length=case.shape.T)[0]

    return forward


def inference(case: Case) -> tuple[Callable[[], Any], Any]:
    forward, x = _forward(case, _rnn(case).eval()), torch.from_numpy(case.data["x"])
    run = torch.inference_mode()(lambda: forward(x))
    return run, lambda y: {"y": y.numpy()}


def training(case: Case) -> tuple[Callable[[], Any], Any]:
    rnn, order = _rnn(case), MODULES[case.cell].order
    forward = _forward(case, rnn)
    x = torch.from_numpy(case.data["x"].copy()).requires_grad_()
    dy = torch.from_numpy(case.data["dy"])

    def run() -> Any:
        rnn.zero_grad(set_to_none=True)
        x.grad = None
        y = forward(x)
        y.backward(dy)
        return y

    def answer(y: Any) -> dict[str, np.ndarray]:
        dbiases = [restore(b.grad.numpy(), order) for b in (rnn.bias_ih_l0, rnn.bias_hh_l0)]
        return {
            "y": y.detach().numpy(),
            "dx": x.grad.numpy(),
            "dkernel": restore(rnn.weight_ih_l0.grad.numpy().T, order),
            "drecurrent_kernel": restore(rnn.weight_hh_l0.grad.numpy().T, order),
            "dbias": dbiases[0] if case.form.biases == 1 else np.stack(dbiases),
        }

    return run, answer


def step(case: Case) -> tuple[Callable[[], Any], Any]:
    make, dtype = MODULES[case.cell].cell, getattr(torch, case.dtype)
    cell = _load(case, make(case.shape.I, case.shape.H, dtype=dtype), "")
    x, states = torch.from_numpy(case.data["x"][0]), [*map(torch.from_numpy, case.states.values())]
    run = torch.inference_mode()(partial(cell, x, states[0] if len(states) == 1 else tuple(states)))
    return run, lambda out: {k: v.numpy() for k, v in case.named_states(out).items()}


class Tutorial(nn.Module):
    """One recurrent layer and a Dense(1) on its last output."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.rnn = _rnn(case, batch_first=True)
        self.head = nn.Linear(FIT_UNITS, 1, dtype=getattr(torch, case.dtype))
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(case.data["head_kernel"].T.copy()))
            self.head.bias.zero_()

    def forward(self, x: Any) -> Any:
        return self.head(self.rnn(x)[0][:, -1])


def fit(case: Case) -> tuple[Callable[[], Any], Any]:
    loss = nn.MSELoss()
    x, y = (torch.from_numpy(a.copy()) for a in case.windows)

    def epoch(model: Tutorial, optimizer: Any, order: Any) -> float:
        total = 0.0
        for rows in order.split(FIT_BATCH):
            optimizer.zero_grad()
            error = loss(model(x[rows]), y[rows])
            error.backward()
            optimizer.step()
            total += error.item() * len(rows)
        return total / len(x)

    def answer(out: Any) -> dict[str, np.ndarray]:
        model = Tutorial(case)
        # Where Keras's layer has one bias, two that both train would move twice as far.
        model.rnn.bias_hh_l0.requires_grad_(case.form.biases == 2)
        epoch(model, adam(model), torch.arange(len(x)))
        return {"prediction": model(x).detach().numpy()}

    model = Tutorial(case)
    optimizer = adam(model)
    return lambda: epoch(model, optimizer, torch.randperm(len(x))), answer


def adam(model: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), eps=1e-7)


TASKS = {"inference": inference, "training": training, "step": step, "fit": fit}
