"""Put the fused layers into an existing model, and take them out."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .cells import GRUCell, LSTMCell, RNNCell
from .layers import GRU, LSTM, RNN
from .standin import become_torchs

FUSED: tuple[Any, ...] = (LSTM, GRU, RNN, LSTMCell, GRUCell, RNNCell)


class Accelerated(NamedTuple):
    """What :func:`accelerate` did, by the names of the modules."""

    replaced: list[str]
    kept: dict[str, str]  # name -> why it stays torch's


def accelerate(model: torch.nn.Module) -> Accelerated:
    """Make every recurrent layer and cell of `model` run on the fused kernels, in place.

    Those are the LSTM, GRU and RNN of ``torch.nn``, and LSTMCell, GRUCell and RNNCell.

    The modules stay the same objects with the same parameters and hooks, so optimizers and other
    references to them go on working; only their class changes.

    Returns
    -------
    replaced : list of str
        Names of the modules that now are fused, "" for `model` itself.
    kept : dict
        Names of those that stay torch's, with the reason.
    """
    done = Accelerated([], {})
    recurrent = (torch.nn.RNNBase, torch.nn.RNNCellBase)
    for name, module in model.named_modules():
        before: Any = type(module)
        fused = [c for c in FUSED if c._stands_for is before]
        if fused:
            module.__class__ = fused[0]
            with torch.no_grad():
                path = module.path
            if path == "fused":
                done.replaced.append(name)
            else:
                module.__class__ = before
                done.kept[name] = path.removeprefix("torch: ")
        elif isinstance(module, recurrent) and before not in FUSED:
            done.kept[name] = f"{before.__name__} has no fused class"
    return done


def restore(model: torch.nn.Module) -> list[str]:
    """Undo :func:`accelerate`, and return the names of the modules that are torch's again."""
    return [name for name, module in model.named_modules() if become_torchs(module)]
