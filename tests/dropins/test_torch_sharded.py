"""Accelerated models under FSDP, FSDP2 and DDP, in one process and in two."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402

if not torch.distributed.is_available():
    pytest.skip("this build of PyTorch is not distributed", allow_module_level=True)


class Gru(nn.GRU):
    def forward(self, input, hx=None):
        return super().forward(2 * input, hx)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True)
        self.gru = Gru(12, 6, batch_first=True)
        self.rnn = nn.RNN(6, 6, batch_first=True)
        self.cell = nn.LSTMCell(6, 6)
        self.out = nn.Linear(6, 1)

    def forward(self, x):
        y = self.rnn(self.gru(self.lstm(x)[0])[0])[0][:, -1]
        return self.out(self.cell(y)[0])


def wrap(model, how):
    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard  # a second to import
    from torch.distributed.fsdp.wrap import ModuleWrapPolicy

    if how == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    if how == "fsdp2":
        mesh = torch.distributed.init_device_mesh("cpu", (torch.distributed.get_world_size(),))
        for module in (*model.children(), model):
            fully_shard(module, mesh=mesh, reshard_after_forward=True)
        return model
    policy = ModuleWrapPolicy({nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell})
    return FullyShardedDataParallel(
        model, auto_wrap_policy=policy, device_id=torch.device("cpu"),
        use_orig_params=how == "fsdp1, original parameters",
    )  # fmt: skip


WAYS = ("ddp", "fsdp2", "fsdp1", "fsdp1, original parameters")


def compare(rank, world, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=world
    )
    torch.save({how: losses(how, rank, world) for how in WAYS}, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def losses(how, rank, world):
    """Losses of a model and of an accelerated copy, and how the layers of that ran."""
    torch.manual_seed(0)
    theirs = Net()
    ours = copy.deepcopy(theirs)
    assert len(ft.accelerate(ours).replaced) == 4
    paths = set()
    for module in list(ours.children())[:-1]:
        module.register_forward_pre_hook(
            lambda m, _: paths.add((type(m).__name__, m.path)) if not m.training else None
        )
    x = torch.randn(3, 4, 5, 4)[:, rank::world]
    results = [train(wrap(model, how), x) for model in (theirs, ours)]
    return *results, paths


def train(model, x):
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    found = []
    for batch in x:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            found += [loss.item(), model(batch).square().mean().item()]
        model.train()
    return found


@pytest.mark.parametrize("world", [1, 2])
def test_a_sharded_model_learns_as_torchs_does(world, tmp_path):
    torch.multiprocessing.spawn(compare, (world, str(tmp_path)), nprocs=world)
    for rank in range(world):
        for how, (theirs, ours, paths) in torch.load(tmp_path / f"{rank}.pt").items():
            assert ours == pytest.approx(theirs, rel=1e-4), how
            assert theirs[-1] < theirs[0]
            fused = {"LSTM", "Gru", "RNN", "LSTMCell"}
            if "fsdp1" in how:  # it puts views of one flat tensor where a cell takes parameters
                fused.remove("LSTMCell")
            assert {name.removeprefix("FSDP") for name, path in paths if path == "fused"} == fused
