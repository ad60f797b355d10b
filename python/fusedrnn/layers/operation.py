"""Operation: a function of NumPy, or of ``fusedrnn.ops``, as a layer of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from .._state import auto_name, camel_case, snake_case
from .._types import Array
from ..autodiff import Tracked, differentiate
from ..graph import KerasTensor, Slot, connect, replaced
from .layer import Layer, Shape


def get_item(x: Any, key: Any) -> Any:
    """Return ``x[key]``."""
    return x[key]


def _known(name: str) -> Callable[..., Any]:
    known = {"get_item": get_item} | {each: getattr(ops, each) for each in dir(ops)}
    if snake_case(name) not in known:
        raise ValueError(f"layer: the operation {name!r} is not known here")
    function: Callable[..., Any] = known[snake_case(name)]
    return function


class Operation(Layer):
    """A function called on tensors: what ``a + b`` and ``ops.concatenate([a, b])`` make.

    ``autodiff`` differentiates it.

    Parameters
    ----------
    function : callable or str
        A function of NumPy, or the name of one of ``fusedrnn.ops`` in either spelling.
    """

    takes_list = True

    def __init__(self, function: Callable[..., Any] | str, name: str | None = None) -> None:
        self.function = _known(function) if isinstance(function, str) else function
        super().__init__(name=name or auto_name(camel_case(self.function.__name__)))
        self._call_of: Any = None  # arguments, with a Slot for each tensor

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function will give for tensors without values."""
        count = iter(range(1 << 30))
        self._call_of = replaced((args, kwargs), KerasTensor, lambda _: Slot(next(count)))
        return connect(self, *args, **kwargs)

    def _value(self, xs: list[Any]) -> Any:
        args, kwargs = replaced(self._call_of, Slot, lambda slot: xs[slot.number])
        return self.function(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: D102
        found = []
        for free in (1, 2):  # for sizes that are not fixed
            sizes = [[free if n is None else n for n in shape] for shape in input_shape]
            found.append(np.shape(self._value([np.ones(each, np.float32) for each in sizes])))
        return tuple(a if a == b else None for a, b in zip(*found, strict=True))

    def forward(self, x: list[Array], training: bool, mask: Any) -> Array:  # type: ignore[override]  # noqa: D102
        self.tape = x
        return np.ascontiguousarray(self._value(x), x[0].dtype)

    def backward(self, dy: Array, need_dx: bool) -> Any:  # noqa: D102
        xs = [Tracked(x) for x in self.tape]
        y = differentiate(lambda *tracked: self._value(list(tracked)), self.name, *xs)
        return y.gradients(xs, dy)

    def compute_mask(self, x: Any, mask: Any) -> None:  # noqa: D102
        return None

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"name": self.name}

    @property
    def kind(self) -> str:
        """The function as Keras names its class."""
        return camel_case(self.function.__name__)

    @property
    def module(self) -> str:  # type: ignore[override]
        """Where Keras has it."""
        return "keras.src.ops.numpy"
