"""Threads, forks, workers and several processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn import runtime  # noqa: E402
from torch_cases import each, pair  # noqa: E402

ROOT = Path(__file__).parents[2]


def test_threads_follow_torch():
    before = torch.get_num_threads()
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            ft.LSTM(3, 5)(torch.zeros(2, 2, 3))
            assert runtime.num_threads() == n
    finally:
        torch.set_num_threads(before)


def big_loss(layer):
    return layer(torch.ones(64, 16, 128))[0].square().sum()


def child(queue, layer):
    torch.set_num_threads(1)  # PyTorch's own threads do not survive a fork
    loss = big_loss(layer)
    loss.backward()
    queue.put(loss.item())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of fork with threads, Python 3.12
@each
def test_works_in_the_child_of_a_fork(name):
    layer = pair(name, 128, 128)[1]
    expected = big_loss(layer)  # threads are running now
    expected.backward()
    layer.zero_grad()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue, layer))
    process.start()
    try:
        assert queue.get(timeout=60) == pytest.approx(expected.item(), rel=1e-6)
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()


class Encoded(torch.utils.data.Dataset):
    """A data set that runs a layer in the workers."""

    def __init__(self, layer):
        self.layer = layer

    def __len__(self):
        return 4

    def __getitem__(self, k):
        with torch.no_grad():
            return self.layer(torch.full((64, 16, 128), float(k)))[0][-1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")  # one core
@each
def test_works_in_dataloader_workers(name):
    layer = pair(name, 128, 128)[1]
    big_loss(layer).backward()
    expected = torch.stack([Encoded(layer)[k] for k in range(4)])
    loader = torch.utils.data.DataLoader(Encoded(layer), batch_size=2, num_workers=2, timeout=60)
    assert torch.equal(torch.cat(list(loader)), expected)


def test_two_processes_with_ddp_have_the_losses_of_one():
    example = ROOT / "docs/examples/torch_ddp.py"
    installed = str(Path(ft.__file__).parents[2])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": installed}

    def losses(*launcher):
        command = [sys.executable, *launcher, str(example)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        return [float(line.split()[-1]) for line in run.stdout.splitlines() if "loss" in line]

    one = losses()
    two = losses("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    assert len(one) >= 5
    assert one[-1] < one[0]
    assert two == pytest.approx(one, rel=1e-4)
