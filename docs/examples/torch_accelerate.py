"""PyTorch: an existing model, accelerated in place; then layers used directly."""

import copy

import torch

import fusedrnn.torch


class Forecaster(torch.nn.Module):
    """The next value of a series from a window of it."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(1, 32, num_layers=2, batch_first=True)
        self.out = torch.nn.Linear(32, 1)

    def forward(self, x):
        """Return (N, 1) forecasts for (N, T, 1) windows."""
        return self.out(self.gru(x)[0][:, -1])


torch.manual_seed(0)
model = Forecaster()
theirs = copy.deepcopy(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

done = fusedrnn.torch.accelerate(model)  # the optimizer goes on: the parameters are the same
print("replaced", done.replaced, "kept", done.kept, "path:", model.gru.path)

windows = torch.sin(torch.arange(500.0) / 6).unfold(0, 25, 1)
x, y = windows[:, :-1, None], windows[:, -1:]
print("same forecasts as before:", torch.allclose(model(x), theirs(x), atol=1e-6))

for _ in range(40):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
print("loss", loss.item())

fusedrnn.torch.restore(model)  # torch.nn.GRU again, with the trained weights

# Or from the start: the arguments, the state_dict and packed sequences of torch.nn.LSTM.
lstm = fusedrnn.torch.LSTM(4, 16, bidirectional=True)
rows = [torch.randn(n, 4) for n in (7, 2, 5)]
packed = torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
output, (h_n, c_n) = lstm(packed)
print("h_n", tuple(h_n.shape))
