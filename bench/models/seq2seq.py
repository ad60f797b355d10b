"""Translation: an encoder, and a decoder that runs one step a call, with or without attention.

Its step is a layer that is given sequences of one step, or a cell. Trained with the right words,
used with its own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .program import Program, hidden

WORDS, UNITS, STEPS, BATCH = 2000, 256, 20, 32


class Attention(nn.Module):
    """That of Bahdanau et al."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(UNITS, UNITS), nn.Linear(UNITS, UNITS)
        self.score = nn.Linear(UNITS, 1, bias=False)

    def forward(self, h: Tensor, memory: Tensor, keys: Tensor) -> Tensor:
        """(N, H) of the decoder, (T, N, H) of the encoder and their keys to the context (N, H)."""
        scores = self.score(torch.tanh(self.query(h) + keys))
        return (scores.softmax(0) * memory).sum(0)


class Model(nn.Module):
    def __init__(self, kind: str, cell: bool, attention: bool) -> None:
        super().__init__()
        self.cell = cell
        self.source, self.target = nn.Embedding(WORDS, UNITS), nn.Embedding(WORDS, UNITS)
        self.encoder = getattr(nn, kind)(UNITS, UNITS)
        self.attention = Attention() if attention else None
        self.decoder = getattr(nn, f"{kind}Cell" if cell else kind)(
            2 * UNITS if attention else UNITS, UNITS
        )
        self.head = nn.Linear(UNITS, WORDS)

    def forward(self, source: Tensor, target: Tensor | None = None) -> Tensor:
        """Scores (T, N, words); the decoder is given the words of `target`, or its own."""
        memory, states = self.encoder(self.source(source))
        if self.cell:
            states = tuple(s[0] for s in states) if isinstance(states, tuple) else states[0]
        keys = self.attention.key(memory) if self.attention is not None else None
        word, found = torch.zeros_like(source[0]), []
        for step in range(STEPS):
            scores, states = self.step(word, states, memory, keys)
            found.append(scores)
            word = scores.argmax(-1) if target is None else target[step]
        return torch.stack(found)

    def step(self, word: Tensor, states: Any, memory: Tensor, keys: Any) -> tuple[Tensor, Any]:
        x = self.target(word)
        if self.attention is not None:
            h = hidden(states) if self.cell else hidden(states)[0]
            x = torch.cat([x, self.attention(h, memory, keys)], dim=-1)
        if self.cell:
            states = self.decoder(x, states)
            return self.head(hidden(states)), states
        y, states = self.decoder(x[None], states)
        return self.head(y[0]), states


class Seq2Seq(Program):
    def __init__(self, kind: str, cell: bool, attention: bool) -> None:
        super().__init__(Model(kind, cell, attention))
        self.source, self.target = torch.randint(WORDS, (2, STEPS, BATCH))

    def loss(self) -> Tensor:
        scores = self.model(self.source, self.target)
        return nn.functional.cross_entropy(scores.flatten(0, 1), self.target.flatten())

    def use(self) -> Tensor:
        return self.model(self.source)
