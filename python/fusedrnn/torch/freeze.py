"""A promise about weights, for calls that are so short that looking at them takes its time."""

from __future__ import annotations

import torch

from .standin import StandIn


def freeze(model: torch.nn.Module) -> list[str]:
    """Take the word that weights of the fused layers and cells of ``model`` only change visibly.

    Without gradients a layer runs on a packed copy of its weights, and each call looks at every
    byte of the weights for whether the copy is still theirs. To read them once more is little
    beside a sequence; beside a step of one row it is a tenth at 64 units and as much again at 512
    (LSTMCell, one thread of a Zen 3). In a frozen layer it asks only for what PyTorch notes:
    another tensor in the place of a parameter, other memory (``weight.data = ...``, ``.to()``,
    ``set_``), and operations in place on the parameter or a view of it (``load_state_dict``, an
    optimizer's step, ``mul_``).

    What PyTorch does not note must not happen, for the old weights would go on answering: values
    written through ``weight.data`` (as ``weight.data.clamp_``), through a NumPy array or another
    tensor over the same memory (``from_numpy``, DLPack, a memory-mapped file), by another process,
    or in place into tensors that were made in inference mode. :func:`unfreeze` before.

    Results and gradients are the same. Calls that record gradients read the weights themselves, and
    drop the copy: so a frozen model may be trained, by optimizers with ``fused=True`` too, whose
    steps PyTorch does not note. Copies (``copy.deepcopy``), pickles and files of a frozen model are
    not frozen.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    list of str
        Names of the modules that now are frozen, "" for ``model`` itself.

    Raises
    ------
    ValueError
        If ``model`` has no fused layer or cell: :func:`accelerate` it before.

    Examples
    --------
    >>> import torch
    >>> from fusedrnn.torch import accelerate, freeze
    >>> model = torch.nn.LSTMCell(3, 8)
    >>> replaced, kept = accelerate(model)
    >>> freeze(model)
    ['']
    """
    names = _set(model, True)
    if not names:
        raise ValueError(
            "freeze: model has no module of fusedrnn.torch: accelerate(model) puts them in"
        )
    return names


def unfreeze(model: torch.nn.Module) -> list[str]:
    """Undo :func:`freeze`.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    list of str
        Names of the modules that were frozen.
    """
    return _set(model, False)


def _set(model: torch.nn.Module, frozen: bool) -> list[str]:
    names = []
    for name, module in model.named_modules():
        if isinstance(module, StandIn) and (frozen or module._frozen):
            module.__dict__["_frozen"] = frozen
            names.append(name)
    return names
