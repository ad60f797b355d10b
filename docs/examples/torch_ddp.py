"""Training on several processes, or machines: DistributedDataParallel on an accelerated model.

One process:    python torch_ddp.py
Two processes:  torchrun --nproc_per_node=2 torch_ddp.py
The losses are the same: each process takes its share of every batch, gloo averages the gradients.
"""

import os

import torch
import torch.distributed as dist

import fusedrnn.torch

rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
if world > 1:
    dist.init_process_group("gloo")


class Forecaster(torch.nn.Module):
    """The next value of a series, from a window of it."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, 32, batch_first=True)
        self.out = torch.nn.Linear(32, 1)

    def forward(self, windows):
        """Return (N, 1) forecasts for (N, T, 1) windows."""
        return self.out(self.lstm(windows)[0][:, -1])


torch.manual_seed(0)
model = Forecaster()
fusedrnn.torch.accelerate(model)
if world > 1:
    model = torch.nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

series = torch.sin(torch.arange(400.0) / 5)
windows = series.unfold(0, 21, 1)  # 20 values and the one to forecast
x, y = windows[:, :-1, None], windows[:, -1:]

for epoch in range(5):
    for batch in torch.arange(len(x) // 32 * 32).view(-1, 32):
        mine = batch[rank::world]
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x[mine]), y[mine])
        loss.backward()
        optimizer.step()
    total = loss.detach() / world
    if world > 1:
        dist.all_reduce(total)
    if rank == 0:
        print(f"epoch {epoch + 1}: loss {total.item():.8f}")

if world > 1:
    dist.barrier()  # a process that leaves while another is still talking to it may abort
    dist.destroy_process_group()
