"""A forecaster like DeepAR: two recurrent layers, a normal distribution of the next value.

The layers are subclasses of torch's with a method more, as pytorch-forecasting has them. Trained on
whole sequences; used to sample what comes, a step a call, a hundred rows a series.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from .program import Program

COVARIATES, UNITS, SEEN, AHEAD, BATCH = 5, 40, 60, 20, 64
SERIES, SAMPLES = 8, 100


class Repeats:
    """States of each series for each of its samples."""

    @staticmethod
    def repeat(states: Any, times: int) -> Any:
        if isinstance(states, tuple):
            return tuple(s.repeat_interleave(times, 1) for s in states)
        return states.repeat_interleave(times, 1)


class LSTM(Repeats, nn.LSTM):
    def forward(self, x: Tensor, states: Any = None) -> Any:
        return super().forward(x, states)


class GRU(Repeats, nn.GRU):
    def forward(self, x: Tensor, states: Any = None) -> Any:
        return super().forward(x, states)


class Model(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        layer = {"LSTM": LSTM, "GRU": GRU}[kind]
        self.rnn = layer(1 + COVARIATES, UNITS, num_layers=2, batch_first=True)
        self.head = nn.Linear(UNITS, 2)

    def forward(self, x: Tensor, states: Any = None) -> tuple[Normal, Any]:
        y, states = self.rnn(x, states)
        mean, spread = self.head(y).split(1, dim=-1)
        return Normal(mean, 0.01 + nn.functional.softplus(spread)), states


class DeepAR(Program):
    def __init__(self, kind: str) -> None:
        super().__init__(Model(kind))
        t = torch.arange(SEEN + AHEAD + 1.0)
        self.values = torch.sin(t / 5 + 6 * torch.rand(BATCH, 1))[..., None]
        self.covariates = torch.randn(BATCH, SEEN + AHEAD, COVARIATES)

    def loss(self) -> Tensor:
        x = torch.cat([self.values[:, :-1], self.covariates], dim=-1)
        return -self.model(x)[0].log_prob(self.values[:, 1:]).mean()

    def use(self) -> Tensor:
        past = torch.cat([self.values[:SERIES, :SEEN], self.covariates[:SERIES, :SEEN]], dim=-1)
        _, states = self.model(past)
        states = self.model.rnn.repeat(states, SAMPLES)
        covariates = self.covariates[:SERIES].repeat_interleave(SAMPLES, 0)
        value = self.values[:SERIES, SEEN : SEEN + 1].repeat_interleave(SAMPLES, 0)
        found = []
        for step in range(SEEN, SEEN + AHEAD):
            x = torch.cat([value, covariates[:, step : step + 1]], dim=-1)
            distribution, states = self.model(x, states)
            value = distribution.sample()
            found.append(value)
        return torch.cat(found, dim=1)
