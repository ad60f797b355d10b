"""Weights of torch modules changed at random, by every way: never do the old ones answer."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import torch

import fusedrnn.torch as ft
import weight_changes
from fusedrnn.torch import path
from random_cases import size
from run import Run
from torch_cases import tensors

CASES = 2_000
TOLERANCE = {torch.float32: 2e-5, torch.float64: 1e-12}
KINDS = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")


def module_of(kind: str, rng: np.random.Generator) -> tuple[torch.nn.Module, torch.Tensor]:
    """A module of torch.nn and an input for it."""
    I, H = size(rng, 100), size(rng, 120)
    dtype = torch.float32 if rng.random() < 0.7 else torch.float64
    options: dict[str, object] = {"bias": bool(rng.random() < 0.8), "dtype": dtype}
    if kind.startswith("RNN") and rng.random() < 0.3:
        options["nonlinearity"] = "relu"
    shape: tuple[int, ...] = (size(rng, 5), I)
    if "Cell" not in kind:
        options |= {
            "num_layers": int(rng.integers(1, 3)),
            "bidirectional": bool(rng.random() < 0.3),
        }
        shape = (size(rng, 6), *shape)
    module = getattr(torch.nn, kind)(I, H, **options)
    with torch.no_grad():  # a product that makes no difference larger with each step
        for p in module.parameters():
            p.mul_(0.5)
    return module, torch.from_numpy(rng.normal(size=shape)).to(dtype)


def worst(theirs: torch.nn.Module, ours: torch.nn.Module, x: torch.Tensor) -> float:
    """The largest difference of an output, relative to the largest value of it."""
    return max(
        ((g - e).abs().max() / e.abs().max().clamp(min=1)).item()
        for e, g in zip(tensors(theirs(x)), tensors(ours(x)), strict=True)
    )


def prove(run: Run) -> None:
    path.SMALL_STEP = 0  # small steps of an RNN on the kernels too
    warnings.simplefilter("ignore")
    for case, rng in run.each():
        torch.manual_seed(case)
        kind = str(rng.choice(KINDS))
        theirs, x = module_of(kind, rng)
        ours = copy.deepcopy(theirs)
        if not ft.accelerate(ours).replaced:
            run.fail(case, f"{kind} is not accelerated")
        frozen = bool(rng.random() < 0.3)
        if frozen:
            ft.freeze(ours)
        ways = weight_changes.SEEN if frozen else weight_changes.ALL
        inference = bool(rng.random() < 0.3)
        for _ in range(3):
            way, seed = str(rng.choice(list(ways))), int(rng.integers(1 << 30))
            both = [weight_changes.steps(ways[way], m, np.random.default_rng(seed))
                    for m in (theirs, ours)]  # fmt: skip
            for _ in zip(*both, strict=True):
                for gradients in (False, True, False):
                    with (
                        torch.inference_mode(inference and not gradients),
                        torch.set_grad_enabled(gradients),
                    ):
                        error = worst(theirs, ours, x)
                    if not error <= TOLERANCE[x.dtype]:  # NaN too
                        run.fail(case, f"{kind} {tuple(x.shape)} {way}, gradients {gradients}, "
                                       f"frozen {frozen}: {error:.2e}")  # fmt: skip
            run.count(way)
