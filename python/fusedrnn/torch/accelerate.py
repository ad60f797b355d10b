"""Put the fused layers into an existing model, and take them out."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .accelerated import accelerated, why_not
from .standin import StandIn, become_torchs


class Accelerated(NamedTuple):
    """What :func:`accelerate` did, by the names of the modules.

    Parameters
    ----------
    replaced : list of str
        Those that now are fused.
    kept : dict
        Those that stay torch's, with the reason.
    """

    replaced: list[str]
    kept: dict[str, str]  # name -> why it stays torch's


def accelerate(model: torch.nn.Module) -> Accelerated:
    """Make every recurrent layer and cell of a model run on the fused kernels, in place.

    Those are the LSTM, GRU and RNN of ``torch.nn``, and LSTMCell, GRUCell and RNNCell, and modules
    of subclasses of these whose ``forward`` is torch's or calls ``super().forward``.

    The modules stay the same objects with the same parameters and hooks, so optimizers and other
    references to them go on working; only their class changes, to a subclass of what it was. A
    subclass of which that could change an answer is left alone: one with its own version of what
    torch's ``forward`` calls or reads, of how modules are copied and written, with names that ours
    has too, or that asks for its class, as ``super(type(self), self)`` does.

    Copies (``copy.deepcopy``) are accelerated, too, and so is what a new process is given as it
    starts. Pickles and files of whole models (``torch.save(model)``) name the classes of before:
    they open without fusedrnn, into a model that is not accelerated.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    replaced : list of str
        Names of the modules that now are fused, "" for ``model`` itself.
    kept : dict
        Names of those that stay torch's, with the reason.

    Examples
    --------
    >>> import torch
    >>> from fusedrnn.torch import accelerate
    >>> model = torch.nn.Sequential(torch.nn.LSTM(3, 8), torch.nn.Identity())
    >>> accelerate(model)
    Accelerated(replaced=['0'], kept={})
    """
    done = Accelerated([], {})
    recurrent = (torch.nn.RNNBase, torch.nn.RNNCellBase)
    for name, module in model.named_modules():
        if not isinstance(module, recurrent) or isinstance(module, StandIn):
            continue
        reason = _replace(module)
        if reason is None:
            done.replaced.append(name)
        else:
            done.kept[name] = reason
    return done


def restore(model: torch.nn.Module) -> list[str]:
    """Undo :func:`accelerate`.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    list of str
        Names of the modules that are torch's again.
    """
    return [name for name, module in model.named_modules() if become_torchs(module)]


def _replace(module: Any) -> str | None:
    """Make a module fused, or return why it stays what it is."""
    reason = why_not(module)
    if reason is not None:
        return reason
    try:
        module.__class__ = accelerated(type(module))
    except TypeError as error:  # of a class that cannot be combined with ours
        return str(error)
    with torch.no_grad():
        path: str = module.path
    if path == "fused":
        return None
    become_torchs(module)
    return path.removeprefix("torch: ")
