"""The class of an accelerated module, and which subclasses of torch's classes can have one."""

from __future__ import annotations

import copy
import copyreg
import dis
import functools
import multiprocessing.context
import types
from abc import ABCMeta
from collections.abc import Iterable, Iterator
from typing import Any, Generic

import torch

from .cells import GRUCell, LSTMCell, RNNCell
from .layers import GRU, LSTM, RNN
from .standin import StandInType

FUSED: tuple[Any, ...] = (LSTM, GRU, RNN, LSTMCell, GRUCell, RNNCell)

# Arguments of a module of each class that has no memory and draws no random numbers.
_BLANK: dict[Any, tuple[Any, ...]] = {
    torch.nn.LSTM: (1, 1, 1, True, False, 0.0, False, 0, "meta"),
    torch.nn.GRU: (1, 1, 1, True, False, 0.0, False, 0, "meta"),
    torch.nn.RNN: (1, 1, 1, "tanh", True, False, 0.0, False, 0, "meta"),
    torch.nn.LSTMCell: (1, 1, True, "meta"),
    torch.nn.GRUCell: (1, 1, True, "meta"),
    torch.nn.RNNCell: (1, 1, True, "tanh", "meta"),
}

# What of torch's a subclass may have in its own way, the fused forward passing nothing over.
_FREE = {"forward", "reset_parameters", "extra_repr", "flatten_parameters"}

# Special methods by which attributes are found, and modules copied and written.
_SPECIAL = {
    "__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__class__", "__new__",
    "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__",
    "__getnewargs_ex__", "__copy__", "__deepcopy__",
}  # fmt: skip

# Methods that may ask for the module's class: done by then, or of its name, which stays.
_UNCLASSED = {"__init__", "__repr__", "extra_repr"}


class SubclassType(StandInType):
    """Of accelerated subclasses: not equal to the class of before, which is in their MRO, too."""

    __eq__ = type.__eq__
    __hash__ = type.__hash__


class ABCSubclassType(SubclassType, ABCMeta):
    """Of those that are abstract base classes."""


class AcceleratedModule:
    """How modules of an accelerated class are copied and written."""

    def __copy__(self: Any) -> Any:
        new = self.__new__(type(self))
        new.__setstate__(self.__getstate__())
        return new

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        new = memo[id(self)] = self.__new__(type(self))
        new.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return new

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        """Name the class of before, so that whoever reads it needs nothing of ours.

        But for a process that this one starts, which is to go on as this one would.
        """
        own = type(self).__dict__.get("_stands_for")
        if own is None or multiprocessing.context.get_spawning_popen() is not None:
            return super().__reduce_ex__(protocol)
        # Not `copyreg.__newobj__`: pickle lets that name no class but the object's own.
        torchs = _fused(own)._stands_for
        if all(getattr(own, n) is getattr(torchs, n) for n in ("__init__", "reset_parameters")):
            return own, _BLANK[torchs], self.__getstate__()
        make = copyreg._reconstructor  # type: ignore[attr-defined]
        return make, (own, object, None), self.__getstate__()


def accelerated(cls: Any) -> Any:
    """Return the class of the modules of `cls` that run on the fused kernels: one for each `cls`.

    It is a subclass of `cls`, whose own ``forward`` reaches ours where it calls torch's.
    """
    fused = _fused(cls)
    for known in type.__subclasses__(fused):
        if issubclass(known, AcceleratedModule) and known.__dict__.get("_stands_for") is cls:
            return known
    metaclass: type[StandInType] = StandInType
    bases: tuple[Any, ...] = (AcceleratedModule, fused)
    if fused._stands_for is not cls:
        metaclass = ABCSubclassType if isinstance(cls, ABCMeta) else SubclassType
        bases = (cls, *bases)
    same = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")}
    return metaclass(cls.__name__, bases, {"_stands_for": cls} | same)


def _fused(cls: Any) -> Any:
    """Return ours of the class of ``torch.nn`` that `cls` is or is derived from, or None."""
    return next((fused for fused in FUSED if issubclass(cls, fused._stands_for)), None)


def _reduce_class(cls: Any) -> Any:
    if issubclass(cls, AcceleratedModule) and "_stands_for" in cls.__dict__:
        return accelerated, (cls._stands_for,)
    return cls.__qualname__


for _metaclass in (StandInType, SubclassType, ABCSubclassType):
    copyreg.pickle(_metaclass, _reduce_class)


def why_not(module: Any) -> str | None:
    """Return why a recurrent module of torch's, or of a subclass, must stay what it is, if so.

    A subclass may rely on what torch's ``forward`` calls and ours does not, or on names that ours
    has too. Whatever could give another answer than before is such a reason.
    """
    cls = type(module)
    name, fused = cls.__name__, _fused(cls)
    if fused is None:
        return f"{name} has no fused class"
    torchs = fused._stands_for
    methods = _names_of(torchs, torch.nn.Module)
    replaced = sorted((methods - _FREE | {"forward"}) & vars(module).keys())
    if replaced:
        return f"its {replaced[0]} is replaced on the module itself"
    if type(cls) not in (type, ABCMeta):
        return f"{name} has a metaclass, {type(cls).__name__}"
    before = cls.__mro__[: cls.__mro__.index(torchs)]
    if any("__init_subclass__" in vars(c) for c in before if c is not Generic):
        return f"{name} has an __init_subclass__, which would see one class more"
    weights = getattr(module, "_flat_weights_names", ())
    fixed = (methods | _attributes(torchs)).union(weights) - _FREE | _SPECIAL
    for c in before:
        own = sorted(fixed & vars(c).keys(), key=lambda n: (n.startswith("__"), n))
        if own:
            return f"{name} has its own {own[0]}"
        if "forward" in vars(c) and not {"super", "forward"} <= _names_in([vars(c)["forward"]]):
            return f"{c.__name__}.forward does not call super().forward"
    classes = _classes(cls, torchs)
    for c in classes:
        for member, value in vars(c).items():
            if c is not Generic and member not in _UNCLASSED and _asks_for_class(value):
                return f"{c.__name__}.{member} asks for the class of an object, which changes"
    theirs = {*vars(module)}.union(module._parameters, module._buffers, module._modules)
    for c in classes:
        theirs |= vars(c).keys() | {n for n in _names_in(vars(c).values()) if n.startswith("_")}
    shared = sorted((_names_of(fused, torchs) - methods) & theirs)
    return f"{name} uses the name {shared[0]}, which the fused class has" if shared else None


def _classes(cls: Any, base: Any) -> list[Any]:
    """Return the classes that `cls` is derived from, itself included, and `base` is not."""
    return [c for c in cls.__mro__ if all(c is not b for b in base.__mro__)]


def _names_of(cls: Any, base: Any) -> set[str]:
    """Return the names in those classes, without special ones."""
    names = {name for c in _classes(cls, base) for name in vars(c)}
    return {name for name in names if not name.startswith("__")}


@functools.cache
def _attributes(torchs: Any) -> set[str]:
    """Return the names of what a module has as its own."""
    blank = torchs(*_BLANK[torchs])
    return {*vars(blank), *blank._parameters}


def _asks_for_class(member: Any) -> bool:
    """Return whether a member of a class calls ``type`` or reads ``__class__``, as of `self`.

    So do ``super(type(self), self)``, which of a subclass is endless, and ``type(self) is Own``.
    """
    return any(
        "__class__" in code.co_names
        or ("type" in code.co_names and any(_is_type(i) for i in dis.get_instructions(code)))
        for code in _codes([member])
    )


def _is_type(instruction: dis.Instruction) -> bool:
    return instruction.opname == "LOAD_GLOBAL" and instruction.argval == "type"


def _names_in(members: Iterable[Any]) -> set[str]:
    """Return the names of globals and attributes in the code of members of a class."""
    return {name for code in _codes(members) for name in code.co_names}


def _codes(members: Iterable[Any]) -> Iterator[types.CodeType]:
    """Yield the code of members of a class, with that of the functions inside."""
    todo = [*members]
    while todo:
        member = todo.pop()
        if isinstance(member, staticmethod | classmethod):
            todo.append(member.__func__)
        elif isinstance(member, property):
            todo += [member.fget, member.fset, member.fdel]
        elif isinstance(member, functools.cached_property):
            todo.append(member.func)
        elif isinstance(member, types.FunctionType):
            todo += [member.__code__, getattr(member, "__wrapped__", None)]
        elif isinstance(member, types.CodeType):
            yield member
            todo += member.co_consts
