"""Operation: a function of NumPy, or of ``fusedrnn.ops``, as a layer of a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from .._state import auto_name, camel_case, snake_case
from ..autodiff import FLAT, SHAPES, Tracked, backward, differentiate
from ..configurable import serialize
from ..graph import KerasTensor, connect, filled, form_of, get_item, is_symbolic
from .layer import Layer


def _known(name: str) -> Callable[..., Any]:
    known = {"get_item": get_item} | {each: getattr(ops, each) for each in dir(ops)}
    if snake_case(name) not in known:
        raise ValueError(f"layer: the operation {name!r} is not known here")
    function: Callable[..., Any] = known[snake_case(name)]
    return function


# What Keras calls functions and their arguments otherwise than NumPy
KERAS_NAMES = {
    "divide": "true_divide",
    "reshape.shape": "newshape",
    "clip.a_min": "x_min",
    "clip.a_max": "x_max",
}


class Operation(Layer):
    """A function called on tensors: what ``a + b`` and ``ops.concatenate([a, b])`` make.

    ``autodiff`` differentiates it.

    Parameters
    ----------
    function : callable or str
        A function of NumPy, or the name of one of ``fusedrnn.ops`` in either spelling.
    name : str, optional
    **settings
        Arguments of the function that are no tensors.

    Examples
    --------
    >>> x = fusedrnn.Input((3,))
    >>> type((x + 1).node.layer).__name__
    'Operation'
    """

    takes_list = True
    supports_masking = False

    def __init__(
        self, function: Callable[..., Any] | str, name: str | None = None, **settings: Any
    ) -> None:
        self.function = _known(function) if isinstance(function, str) else function
        super().__init__(name=name or auto_name(self.kind))
        own = self.function.__name__
        back = {
            new: key.split(".")[1] for key, new in KERAS_NAMES.items() if key.startswith(f"{own}.")
        }
        self.settings = {back.get(key, key): value for key, value in settings.items()}
        if isinstance(self.settings.get("axis"), list):  # out of a file
            self.settings["axis"] = tuple(self.settings["axis"])
        self._call_of: Any = None  # arguments, with a Slot for each tensor

    @property
    def kind(self) -> str:
        """The function as Keras names its class."""
        name = self.function.__name__
        return camel_case(KERAS_NAMES.get(name, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function will give for tensors without values."""
        if self.function is np.einsum:
            if isinstance(args[0], str):
                self.settings["subscripts"], args = args[0], args[1:]
        elif not isinstance(self.function, np.ufunc) and self.function is not get_item:
            given = inspect.signature(self.function).bind_partial(*args, **kwargs).arguments
            for key, value in given.items():
                if not is_symbolic(value):
                    self.settings[key] = value
            args, kwargs = tuple(v for v in given.values() if is_symbolic(v)), {}
        self._call_of = form_of((args, kwargs), KerasTensor)
        return connect(self, *args, **kwargs)

    def _value(self, xs: list[Any]) -> Any:
        args, kwargs = filled(self._call_of, xs)
        settings = dict(self.settings)
        first = [settings.pop("subscripts")] if "subscripts" in settings else []
        return self.function(*first, *args, **kwargs, **settings)

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: D102
        found = []
        for free in (1, 2):  # for sizes that are not fixed
            sizes = [[free if n is None else n for n in shape] for shape in input_shape]
            y = self._value([np.ones(each, np.float32) for each in sizes])
            several = isinstance(y, (list, tuple))
            found.append([np.shape(each) for each in (y if several else [y])])
        every = tuple(
            tuple(m if m == n else None for m, n in zip(a, b, strict=True))
            for a, b in zip(*found, strict=True)
        )
        return every if several else every[0]

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        self.tape, y = x, self._value(x)
        if isinstance(y, (list, tuple)):
            return [np.ascontiguousarray(each, x[0].dtype) for each in y]
        return np.ascontiguousarray(y, x[0].dtype)

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        if self.function in (*FLAT, *SHAPES):
            return [np.zeros_like(x) for x in self.tape]
        xs = [Tracked(x) for x in self.tape]
        y = differentiate(lambda *tracked: self._value(list(tracked)), self.name, *xs)
        pairs = zip(y, dy, strict=True) if isinstance(y, list) else [(y, dy)]
        return backward([(each, g) for each, g in pairs if g is not None], xs)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        own = self.function.__name__
        renamed = {KERAS_NAMES.get(f"{own}.{key}", key): v for key, v in self.settings.items()}
        return {"name": self.name} | serialize(renamed)

    @property
    def module(self) -> str:  # type: ignore[override]
        """Where Keras has it."""
        if self.function.__name__ in ("cast", "convert_to_tensor", "shape"):
            return "keras.src.ops.core"
        return f"keras.src.ops.{'nn' if self.function.__module__ == ops.__name__ else 'numpy'}"


KerasTensor.operation = Operation
