"""Weights of a PyTorch model in one of ours: the same numbers without PyTorch's weight."""

import numpy as np
import torch

from fusedrnn import Sequential, convert
from fusedrnn.layers import GRU, Bidirectional, Dense, Input


class Tagger(torch.nn.Module):
    """A class for every step."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(3, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.out = torch.nn.Linear(16, 5)

    def forward(self, x):
        """Return (N, T, 5) scores for (N, T, 3) features."""
        return self.out(self.gru(x)[0])


tagger = Tagger()
model = Sequential([
    Input((None, 3)),
    Bidirectional(GRU(8, return_sequences=True)),
    Bidirectional(GRU(8, return_sequences=True)),
    Dense(5),
])  # fmt: skip
convert.copy_weights(tagger, model)  # gates in another order, transposed, two biases or one

x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
with torch.no_grad():
    difference = np.abs(model.predict(x, verbose=0) - tagger(torch.from_numpy(x)).numpy()).max()
print("difference", difference)

convert.copy_weights(model, tagger)  # and back

try:
    convert.copy_weights(torch.nn.LSTM(3, 8, proj_size=2), model)
except ValueError as error:
    print(error)
