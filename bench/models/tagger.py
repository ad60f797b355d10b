"""A tagger: sentences of many lengths, packed, through a layer of both directions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .program import Program

WORDS, FEATURES, UNITS, TAGS, LONGEST, BATCH = 5000, 100, 128, 17, 40, 32
PADDING = -100  # what cross_entropy leaves out


class Model(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, FEATURES)
        self.rnn = getattr(nn, kind)(FEATURES, UNITS, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * UNITS, TAGS)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        x = pack_padded_sequence(self.embedding(words), lengths, True, enforce_sorted=False)
        y, _ = pad_packed_sequence(self.rnn(x)[0], batch_first=True, total_length=words.shape[1])
        return self.head(y)


class Tagger(Program):
    def __init__(self, kind: str) -> None:
        super().__init__(Model(kind))
        self.words = torch.randint(WORDS, (BATCH, LONGEST))
        self.lengths = torch.randint(5, LONGEST + 1, (BATCH,))
        padded = torch.arange(LONGEST) >= self.lengths[:, None]
        self.tags = torch.randint(TAGS, (BATCH, LONGEST)).masked_fill(padded, PADDING)

    def loss(self) -> Tensor:
        scores = self.model(self.words, self.lengths)
        return nn.functional.cross_entropy(scores.flatten(0, 1), self.tags.flatten())

    def use(self) -> Tensor:
        return self.model(self.words, self.lengths)
