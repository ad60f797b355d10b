"""PyTorch: nn.LSTM and nn.GRU, packed sequences, cells for a step, a training loop written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .case import FIT_BATCH, FIT_UNITS, FIT_WINDOWS, Case
from .contestant import Contestant

NAME = "PyTorch"


def contestant(case: Case, threads: int) -> Contestant | None:
    """PyTorch's entry; it has no GRU with the reset before the product."""
    if case.cell == "gru_before":
        return None
    torch.set_num_threads(threads)
    run, answer = TASKS[case.task](case)
    steps = -(-FIT_WINDOWS // FIT_BATCH) if case.task == "fit" else 1
    return Contestant(NAME, run, answer, steps=steps)


def _gates(case: Case, a: np.ndarray) -> np.ndarray:
    """Gates in PyTorch's order from ours, and back: r z n for z r n."""
    if case.cell == "lstm":
        return a
    z, r, n = np.split(a, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def _load(case: Case, module: Any, suffix: str) -> Any:
    data = case.data
    input_bias, recurrent_bias = (
        data["bias"] if case.cell == "gru" else (data["bias"], np.zeros_like(data["bias"]))
    )
    values = {
        f"weight_ih{suffix}": _gates(case, data["kernel"]).T,
        f"weight_hh{suffix}": _gates(case, data["recurrent_kernel"]).T,
        f"bias_ih{suffix}": _gates(case, input_bias),
        f"bias_hh{suffix}": _gates(case, recurrent_bias),
    }
    module.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in values.items()})
    return module


def _rnn(case: Case, batch_first: bool = False) -> Any:
    make = nn.LSTM if case.cell == "lstm" else nn.GRU
    dtype = getattr(torch, case.dtype)
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
    rnn = _rnn(case)
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
        bias = [_gates(case, b.grad.numpy()) for b in (rnn.bias_ih_l0, rnn.bias_hh_l0)]
        return {
            "y": y.detach().numpy(),
            "dx": x.grad.numpy(),
            "dkernel": _gates(case, rnn.weight_ih_l0.grad.numpy().T),
            "drecurrent_kernel": _gates(case, rnn.weight_hh_l0.grad.numpy().T),
            "dbias": bias[0] if case.cell == "lstm" else np.stack(bias),
        }

    return run, answer


def step(case: Case) -> tuple[Callable[[], Any], Any]:
    make = nn.LSTMCell if case.cell == "lstm" else nn.GRUCell
    cell = _load(case, make(case.shape.I, case.shape.H, dtype=getattr(torch, case.dtype)), "")
    x, h, c = (torch.from_numpy(a) for a in (case.data["x"][0], case.data["h"], case.data["c"]))
    if case.cell == "lstm":
        run = torch.inference_mode()(lambda: cell(x, (h, c)))
        return run, lambda out: {"h": out[0].numpy(), "c": out[1].numpy()}
    return torch.inference_mode()(lambda: cell(x, h)), lambda out: {"h": out.numpy()}


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
        # Keras's LSTM has one bias; two that both train would move twice as far.
        model.rnn.bias_hh_l0.requires_grad_(case.cell != "lstm")
        epoch(model, adam(model), torch.arange(len(x)))
        return {"prediction": model(x).detach().numpy()}

    model = Tutorial(case)
    optimizer = adam(model)
    return lambda: epoch(model, optimizer, torch.randperm(len(x))), answer


def adam(model: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), eps=1e-7)


TASKS = {"inference": inference, "training": training, "step": step, "fit": fit}
