"""What is trained and used: a model, its optimizer and its data."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Program:
    """A subclass has the loss of a training batch, and what the trained model is used for."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters())

    def loss(self) -> Tensor:
        """Of one batch."""
        raise NotImplementedError

    def use(self) -> Tensor:
        """What the model is for, without gradients."""
        raise NotImplementedError

    def train(self) -> Tensor:
        """Do one step of the optimizer, and return the loss before it."""
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def infer(self) -> Tensor:
        """Use the model."""
        self.model.eval()
        return self.use()


def hidden(states: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """h of an LSTM's states (h, c) or a GRU's h."""
    return states[0] if isinstance(states, tuple) else states
