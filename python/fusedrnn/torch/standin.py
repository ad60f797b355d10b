"""What our layers and cells share as modules that stand in for those of ``torch.nn``."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import torch

from .kept import KeptWeights


class StandInType(type):
    """Classes that are equal to the class of ``torch.nn`` that they stand in for.

    Code that looks modules up by their class, as ``torch.ao.quantization`` does, finds ours as it
    finds torch's. A subclass is equal to nothing but itself, as a subclass of torch's is.
    """

    def __eq__(cls, other: object) -> bool:
        return _stood_for(cls) is _stood_for(other) if isinstance(other, type) else NotImplemented

    def __hash__(cls) -> int:
        return type.__hash__(_stood_for(cls))


def _stood_for(cls: Any) -> Any:
    return cls.__dict__.get("_stands_for", cls) if isinstance(cls, StandInType) else cls


class StandIn(metaclass=StandInType):
    """What layers and cells share."""

    __jit_unused_properties__ = ("all_weights", "path", "_activation", "_call")

    _stands_for: Any  # the class of torch.nn
    _frozen = False

    @functools.cached_property
    def _kept(self) -> KeptWeights:
        return KeptWeights()

    def _leaf(self: Any, input: Any, hx: Any) -> Any:
        """Return a node of the graph if torch.fx traces: we are a leaf, as torch's modules are.

        A subclass with a `forward` of its own is none: its call would do again what is traced.
        """
        fused: Any = [c for c in type(self).__mro__ if "_stands_for" in c.__dict__][-1]
        if type(self).forward is not fused.forward:
            return None
        for value in (input, *hx) if isinstance(hx, tuple | list) else (input, hx):
            if isinstance(value, torch.fx.Proxy):
                tracer = value.tracer
                name = tracer.path_of_module(self)
                return tracer.create_proxy("call_module", name, (input, hx), {})
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        """Become torch's own module when it is to be quantized, but not when it is to be sharded.

        FSDP looks up its class for a module by that of the module, where ours are equal to torch's.
        """
        if name == "__class__":
            value = _sharded(type(self), value)
        super().__setattr__(name, value)
        if name == "qconfig" and value is not None:
            become_torchs(self)

    def __prepare_scriptable__(self: Any) -> Any:
        """Return torch's module with the same parameters: what torch.jit.script compiles.

        Of a subclass with a `forward` of its own, it is that which it compiles.
        """
        own = self._stands_for
        ours: Any = next(c for c in type(self).__mro__ if "_stands_for" in c.__dict__)
        if type(self).forward is not ours.forward:
            return self
        module = own.__new__(own)
        module.__dict__.update({k: v for k, v in self.__dict__.items() if k not in _OURS})
        return module

    def __getstate__(self: Any) -> dict[str, Any]:
        """Leave what is kept of the weights, and that they are frozen, out of copies and files."""
        return {k: v for k, v in super().__getstate__().items() if k not in _OURS}  # type: ignore

    def _apply(self: Any, *args: Any, **options: Any) -> Any:
        """Keep nothing of weights that move to another device or dtype."""
        self.__dict__.pop("_kept", None)
        return super()._apply(*args, **options)  # type: ignore[misc]


_OURS = ("_kept", "_frozen")


def become_torchs(module: Any) -> bool:
    """Make a module of ours torch's own, in place, and return whether it was one of ours."""
    if "_stands_for" not in type(module).__dict__:
        return False
    for name in _OURS:
        module.__dict__.pop(name, None)
    module.__class__ = type(module)._stands_for
    return True


def _sharded(cls: Any, new: Any) -> Any:
    """Return FSDP's class `new` derived from `cls`, if it is from the one that this stands for."""
    fsdp = sys.modules.get("torch.distributed.fsdp")
    if not issubclass(new, getattr(fsdp, "FSDPModule", ())) or issubclass(new, cls):
        return new
    bases = tuple(cls if base is _stood_for(cls) else base for base in new.__bases__)
    names = {k: v for k, v in vars(new).items() if k not in ("__dict__", "__weakref__")}
    return types.new_class(new.__name__, bases, exec_body=lambda namespace: namespace.update(names))


def _scriptable(parent: Any, name: str, child: Any) -> Any:
    """Return what a ScriptModule holds instead of a module that is assigned to it.

    That compiles what it holds without asking for ``__prepare_scriptable__``.
    """
    if not isinstance(parent, torch.jit.ScriptModule) or child is None:
        return None
    for module in child.modules():
        for key, inner in module._modules.items():
            if isinstance(inner, StandIn):
                module._modules[key] = inner.__prepare_scriptable__()
    return child.__prepare_scriptable__() if isinstance(child, StandIn) else None


torch.nn.modules.module.register_module_module_registration_hook(_scriptable)
