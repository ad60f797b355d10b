"""Lambda."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .._types import Array
from ..autodiff import Tracked, differentiate
from ..configurable import custom_object_scope, custom_of, serialize
from .layer import Layer, Shape


class Lambda(Layer):
    """A function of the user's, written with NumPy: ``Lambda(lambda x: 100 * x)``.

    ``autodiff`` differentiates it. A file holds the names of functions, which ``custom_objects``
    gives when it is read, but no code: a model with a ``lambda`` in it cannot be saved; its weights
    can.

    Parameters
    ----------
    function : callable
        ``y = function(x)``, x a list if the layer is called on one; it gets ``mask`` and
        ``training`` if it has arguments of these names.
    output_shape : tuple or callable, optional
        Shape of the output without the batch axis, or a function of the whole input shape; by
        default it is found by a trial.
    mask : array or callable, optional
        Mask of the output, or a function of input and mask; by default the output has none.
    arguments : dict, optional
        Further keyword arguments of the function.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    TypeError
        If ``function`` is none.

    Examples
    --------
    >>> fusedrnn.layers.Lambda(lambda x: 100 * x)(np.ones((1, 2))).tolist()
    [[100.0, 100.0]]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self.name}: function is {function!r}, expected a function")
        self.function, self.arguments = function, dict(arguments or {})
        self.mask, self.given_shape = mask, output_shape
        self.supports_masking = mask is not None
        try:
            self._takes = set(inspect.signature(function).parameters) & {"mask", "training"}
        except ValueError:  # some of NumPy's say nothing
            self._takes = set()

    def value(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        """Return the function's value."""
        now = {"mask": mask, "training": training}
        return self.function(x, **self.arguments, **{key: now[key] for key in self._takes})

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: D102
        if callable(self.given_shape):
            return tuple(self.given_shape(input_shape))
        if self.given_shape is not None:
            first = input_shape[0] if self.takes_list else input_shape
            return (first[0], *self.given_shape)
        shapes = []
        for free in (1, 2):
            zeros = [
                np.zeros([free if n is None else n for n in shape])
                for shape in (input_shape if self.takes_list else [input_shape])
            ]
            shapes.append(np.shape(self.value(zeros if self.takes_list else zeros[0])))
        return tuple(a if a == b else None for a, b in zip(*shapes, strict=True))

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the output for an array or a tensor without values, or for a list of such."""
        self.takes_list = isinstance(inputs, (list, tuple))
        return super().__call__(inputs, training, mask)

    def forward(self, x: Any, training: bool, mask: Any) -> Array:  # noqa: D102
        self.tape = x, training is True, mask
        return np.ascontiguousarray(self.value(*self.tape), (x[0] if self.takes_list else x).dtype)

    def backward(self, dy: Array, need_dx: bool) -> Any:  # noqa: D102
        if not need_dx:
            return None
        several = self.takes_list
        given = [Tracked(x) for x in (self.tape[0] if several else self.tape[:1])]
        function = partial(self.value, training=self.tape[1], mask=self.tape[2])
        value = differentiate(function, self.name, given if several else given[0])
        found = value.gradients(given, dy)
        return found if several else found[0]

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        return self.mask(x, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config: dict[str, Any] = {"function": self._named(self.function)}
        if self.given_shape is not None:
            shape = self.given_shape
            config["output_shape"] = self._named(shape) if callable(shape) else shape
        if self.mask is not None:
            config["mask"] = self._named(self.mask) if callable(self.mask) else serialize(self.mask)
        own = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype or "float32"}
        return own | config | {"arguments": serialize(self.arguments)}

    def _named(self, function: Any) -> Any:
        if getattr(function, "__name__", "<lambda>") == "<lambda>":
            raise NotImplementedError(
                f"{self.name}: a Lambda layer with a lambda holds code, which no file takes; give "
                "it a function with a name, or use save_weights"
            )
        return serialize(function)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Any = None, safe_mode: Any = None
    ) -> Lambda:
        """Build the layer that ``get_config`` described; ValueError of code in it."""
        made = dict(config)
        with custom_object_scope(custom_objects):
            for key in ("function", "output_shape", "mask"):
                made[key] = _function(made.get(key))
        return cls(**made)


def _function(described: Any) -> Any:
    """Return the function that a dict of Keras's names."""
    if not isinstance(described, Mapping):
        return tuple(described) if isinstance(described, list) else described
    if described.get("class_name") == "__lambda__":
        raise ValueError(
            "Requested the deserialization of a `Lambda` layer whose `function` is a Python lambda:"
            " fusedrnn runs no code out of a file"
        )
    name = described["config"]
    if described.get("class_name") in ("__numpy__", "__tensor__"):
        return np.array(name["value"], name["dtype"])
    found = custom_of(described.get("registered_name"), name)
    if found is None:
        raise ValueError(f"Lambda: the function {name!r} is not known; give it in custom_objects")
    return found
