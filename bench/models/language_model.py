"""A language model: embedding, two recurrent layers, a softmax over the vocabulary.

Trained on spans of a text; used to continue texts, a word a call.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .program import Program

WORDS, UNITS, STEPS, BATCH = 10_000, 200, 35, 20
PROMPT, CONTINUATION = 10, 30


class Model(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, UNITS)
        self.dropout = nn.Dropout(0.2)
        self.rnn = getattr(nn, kind)(UNITS, UNITS, num_layers=2)
        self.head = nn.Linear(UNITS, WORDS)

    def forward(self, words: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        y, states = self.rnn(self.dropout(self.embedding(words)), states)
        return self.head(self.dropout(y)), states


class LanguageModel(Program):
    def __init__(self, kind: str) -> None:
        super().__init__(Model(kind))
        self.words = torch.randint(WORDS, (STEPS + 1, BATCH))

    def loss(self) -> Tensor:
        scores, _ = self.model(self.words[:-1])
        return nn.functional.cross_entropy(scores.flatten(0, 1), self.words[1:].flatten())

    def use(self) -> Tensor:
        scores, states = self.model(self.words[:PROMPT])
        found = [scores[-1:]]
        for _ in range(CONTINUATION):
            scores, states = self.model(found[-1].argmax(-1), states)
            found.append(scores)
        return torch.cat(found)
