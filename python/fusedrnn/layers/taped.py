"""Taped: layers that are written as a ``call`` with NumPy, as all of one's own are."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from itertools import count
from typing import Any

import numpy as np

from .._state import floatx, snake_case
from .._tensor import tensor
from ..autodiff import Tracked, backward, hint
from ..configurable import arguments, serialize
from ..graph import (
    KerasTensor,
    Slot,
    Step,
    backward_of_shared,
    connect,
    is_symbolic,
    leaves,
    replaced,
    tapes_of,
    zero_gradients,
)
from .layer import Layer, running, sizes
from .sequences import flat

ARRAYS = (np.ndarray, Tracked)


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


class Taped(Layer):
    """Base of the layers with a ``call``: what Keras's layers of one's own are.

    In training ``call`` gets ``Tracked`` arrays, and the weights stand for such, so that
    ``autodiff`` can go back through it; layers that it calls have their own ``backward``.
    """

    supports_masking = False
    form: Any = (Slot(0),), {}  # arguments of the call, a Slot for each array
    _building = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__module__.startswith("fusedrnn."):
            cls.module = cls.__module__
        own = vars(cls).get("build")
        if own is not None:  # which need not call that of Layer

            @wraps(own)
            def build(self: Taped, *shapes: Any, **kwargs: Any) -> None:
                if self._building:
                    own(self, *shapes, **kwargs)
                else:
                    Layer.build(self, *shapes)

            cls.build = build  # type: ignore[method-assign]

    @property
    def layers(self) -> list[Layer]:
        """The layers that attributes hold, alone or in lists."""
        return list(self.named_layers().values())

    def named_layers(self) -> dict[str, Layer]:
        """Return them by where a file has them."""
        found: dict[str, Layer] = {}
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                found.setdefault(name, value)
            elif isinstance(value, (list, dict)):
                seen: Counter[str] = Counter()
                for each in leaves(value, Layer):
                    kind = snake_case(type(each).__name__)
                    found[f"{name}/{kind}_{seen[kind]}" if seen[kind] else f"{name}/{kind}"] = each
                    seen[kind] += 1
        return {name: each for name, each in found.items() if each is not self}

    @property
    def differs_in_training(self) -> bool:  # type: ignore[override]
        """Whether the layers inside do, or ``call`` asks."""
        return "training" in _parameters(type(self).call) or any(  # type: ignore[attr-defined]
            layer.differs_in_training for layer in self.layers
        )

    # Shapes ---------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of ``input_shape``; a ``build`` of one's own does it."""
        if not self._building:
            super().build(input_shape)

    def build_weights(self, input_shape: Any) -> None:  # noqa: D102
        shapes = self._by_argument(input_shape)
        self._building = True
        try:
            names = _parameters(type(self).build)
            self.build(*(shapes if len(names) > 2 else shapes[:1]))
        finally:
            self._building = False
        self._trace(input_shape)  # which builds the layers inside

    @property
    def built_by_shape(self) -> bool:
        """Whether Keras, reading a file, can build it by one shape: else it does when called."""
        return type(self).build is not Taped.build and len(self._by_argument(self.input_shape)) == 1

    def _by_argument(self, shapes: Any) -> list[Any]:
        every = shapes if self.takes_list else [shapes]
        args, kwargs = self._bound()
        given = [
            each for each in (*args, *kwargs.values()) if any(True for _ in leaves(each, Slot))
        ]
        found: list[Any] = replaced(given, Slot, lambda slot: every[slot.number])
        return found

    def output_shape_of(self, input_shape: Any) -> Any:  # noqa: D102
        own = type(self).compute_output_shape is not Taped.compute_output_shape
        if not own or len(self._by_argument(input_shape)) > 1:
            return self._trace(input_shape)
        shape = sizes(self.compute_output_shape(input_shape))
        return tuple(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, the batch axis included; of several, a tuple."""
        return self._trace(input_shape)

    def _trace(self, input_shape: Any) -> Any:
        """Run ``call`` on arrays of two sizes, where a size is not fixed."""
        shapes = input_shape if self.takes_list else [input_shape]
        found = []
        for free in (1, 2):
            x = [np.ones([free if n is None else n for n in s], self.dtype) for s in shapes]
            y = self._run(x, [None] * len(x), False)
            found.append([np.shape(each) for each in (y if isinstance(y, list) else [y])])
        every = tuple(
            tuple(n if n == m else None for n, m in zip(a, b, strict=True))
            for a, b in zip(*found, strict=True)
        )
        return every if isinstance(y, list) else every[0]

    # Calls ----------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for arrays, or for tensors without values (a graph of layers)."""
        # In the order in which Keras has them
        kwargs = {name: value for name, value in sorted(kwargs.items()) if value is not None}
        symbolic = is_symbolic(args, kwargs)
        kind: Any = KerasTensor if symbolic else ARRAYS
        if not symbolic and not any(True for _ in leaves(args, kind)):
            args = (np.asarray(args[0]), *args[1:])
        given = list(leaves((args, kwargs), kind))
        number = count()
        self.form = replaced((args, kwargs), kind, lambda _: Slot(next(number)))
        first = [*self.form[0], *self._bound()[1].values()][0]
        self.takes_list = not isinstance(first, Slot) or len(given) > 1
        if symbolic:
            return connect(self, *args, **kwargs)
        training, mask = kwargs.get("training"), kwargs.get("mask")
        if running.get() is not None:
            return inner(self, given, training, mask)
        given = [x.astype(self.float_type, copy=False) if x.dtype.kind == "f" else x for x in given]
        shapes = [(None, *x.shape[1:]) for x in given]
        with self.step():
            if not self.built:
                self.build(shapes if self.takes_list else shapes[0])
            self.pack()
            one = not self.takes_list
            masks = [None] * len(given)
            return tensor(self.forward(given[0] if one else given, bool(training),
                                       None if one else masks))  # fmt: skip

    @property
    def float_type(self) -> Any:
        """The NumPy type of the weights."""
        return np.dtype(self.dtype or floatx())

    def _bound(self) -> Any:
        """Return the form of the arguments, those by keyword in the order of ``call``."""
        args, kwargs = self.form
        names = _parameters(type(self).call)  # type: ignore[attr-defined]
        return args, {name: kwargs[name] for name in names if name in kwargs}

    def _run(self, xs: Sequence[Any], masks: Sequence[Any], training: bool) -> Any:
        """Return what ``call`` gives, several as a list."""
        args, kwargs = replaced(self.form, Slot, lambda slot: xs[slot.number])
        names = _parameters(type(self).call)[1:]  # type: ignore[attr-defined]
        own = replaced(self._bound(), Slot, lambda slot: masks[slot.number])
        for k, (name, mask) in enumerate({**dict(zip(names, own[0])), **own[1]}.items()):  # noqa: B905
            for key in (f"{name}_mask", *(["mask"] if k == 0 else [])):
                if key in names and any(m is not None for m in leaves([mask], np.ndarray)):
                    kwargs.setdefault(key, mask)
        if "training" in names:
            kwargs.setdefault("training", training)
        outer = running.set(_Running(training, self))
        try:
            y = self.call(*args, **kwargs)  # type: ignore[attr-defined]
        finally:
            running.reset(outer)
        return flat(y) if isinstance(y, (list, tuple)) else y

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        xs, masks = (x, mask) if isinstance(x, list) else ([x], [mask])
        masks = masks or [None] * len(xs)
        if training:
            xs = [Tracked(each) for each in xs]
            self.tape = _Tape(xs, [Tracked(v.value) for v in self.variables])
            for v, tracked in zip(self.variables, self.tape.variables, strict=True):
                v._tracked = tracked
        try:
            y = self._run(xs, masks, training)
        except TypeError as error:
            if not training or "derivative here" not in str(error):
                raise
            raise TypeError(f"{self.name}: cannot be differentiated ({error}); {hint()}") from error
        finally:
            for v in self.variables:
                v._tracked = None
        if training:
            self.tape.y = y
        every = y if isinstance(y, list) else [y]
        values = [np.ascontiguousarray(_value(each), self.float_type) for each in every]
        return values if isinstance(y, list) else values[0]

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        tape: _Tape = self.tape
        pairs = zip(tape.y, dy, strict=True) if isinstance(tape.y, list) else [(tape.y, dy)]
        ends = [(y, g) for y, g in pairs if isinstance(y, Tracked) and g is not None]
        tape.done.clear()
        gradients = backward(ends, [*tape.inputs, *tape.variables])
        n = len(tape.inputs)
        for v, g in zip(self.variables, gradients[n:], strict=True):
            v.grad[...] = g
        for layer in self.layers:
            if layer not in tape.done:
                zero_gradients(layer)
        return gradients[:n] if self.takes_list else gradients[0]

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        if not self.supports_masking:
            return None
        return next(leaves([mask], np.ndarray), None)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor took, as far as attributes of the same names have it."""
        known = arguments(type(self))
        config = {name: serialize(getattr(self, name)) for name in known if hasattr(self, name)}
        config["dtype"] = self.float_type.name
        if config.get("activity_regularizer") is None:
            config.pop("activity_regularizer", None)
        return config


@dataclass(eq=False)
class _Tape:
    """A call in training, which backward goes through."""

    inputs: list[Tracked]
    variables: list[Tracked]
    y: Any = None
    done: set[Layer] = field(default_factory=set)  # layers inside that have their gradients


@dataclass
class _Running:
    """The layer whose ``call`` runs."""

    training: bool
    layer: Taped

    def call(self, layer: Layer, inputs: Any, training: bool | None, mask: Any) -> Any:
        """Call a layer within it."""
        return inner(layer, inputs, training, mask)


def _value(x: Any) -> Any:
    x = getattr(x, "now", x)
    return x.value if isinstance(x, Tracked) else x


class _Parts(dict[int, Any]):
    """Gradients of the outputs of a layer by number, added up as they come."""

    below: Any = None

    def __add__(self, other: _Parts) -> _Parts:
        added = {k: self[k] + g if k in self else g for k, g in other.items()}
        return _Parts({**self, **added})


def inner(layer: Layer, inputs: Any, training: bool | None, mask: Any) -> Any:
    """Call a layer within the ``call`` of another: its own ``backward`` is part of the tape."""
    now: _Running = running.get()
    if layer.activity_regularizer is not None:
        raise NotImplementedError(
            f"{layer.name}: activity_regularizer of a layer inside {now.layer.name}"
        )
    several = isinstance(inputs, (list, tuple))
    xs = list(inputs) if several else [inputs]
    dtype = None if layer.integer_input else now.layer.float_type
    values = [np.ascontiguousarray(_value(x), dtype) for x in xs]
    several = several and (layer.takes_list or len(xs) > 1)
    if not layer.built:
        layer.dtype = layer.dtype or now.layer.float_type.name
        shapes = [(None, *v.shape[1:]) for v in values]
        layer.build(shapes if layer.takes_list else shapes[0])
    if now.training and training is False and layer.differs_in_training:
        raise NotImplementedError(f"{layer.name}: training=False inside {now.layer.name}")
    if several:
        mask = mask if isinstance(mask, list) else [mask] + [None] * (len(xs) - 1)
    given: Any = values if several else values[0]
    y = layer.forward(given, now.training or bool(training), mask)
    if not now.training:
        return y
    step, owner = Step(layer, [], []), now.layer.tape
    step.tape = tapes_of(layer)

    def run(parts: _Parts) -> list[Any]:
        if parts.below is None:
            dy: Any = [parts.get(k) for k in range(len(y))] if isinstance(y, list) else parts[0]
            dy = replaced(dy, np.ndarray, lambda g: np.ascontiguousarray(g, now.layer.float_type))
            below = backward_of_shared(step, dy, True, layer in owner.done)
            owner.done.add(layer)
            parts.below = below if several else [below]
        return list(parts.below)

    def way(k: int) -> Callable[[_Parts], Any]:
        def gradient(parts: _Parts) -> Any:
            g = run(parts)[k]
            return np.zeros_like(values[k]) if g is None else g

        return gradient

    # A node for the call: also where no gradient goes on below, that of its weights is needed
    anchor = Tracked(np.zeros(()))
    sources = [(x, way(k)) for k, x in enumerate(xs) if isinstance(x, Tracked)]
    call = Tracked(np.zeros(()), [(anchor, lambda parts: run(parts) and 0), *sources])
    ys = [
        Tracked(each, [(call, lambda g, k=k: _Parts({k: g}))])
        for k, each in enumerate(y if isinstance(y, list) else [y])
    ]
    return ys if isinstance(y, list) else ys[0]


Layer.taped = Taped
