"""Taped: layers that are written as a ``call`` with NumPy, as all of one's own are."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any

import numpy as np

from .._state import floatx, snake_case
from .._tensor import tensor
from ..autodiff import Tracked, backward, hint
from ..configurable import arguments, serialize
from ..graph import (
    TAPE_ONLY,
    KerasTensor,
    Slot,
    Step,
    backward_of_shared,
    connect,
    filled,
    form_of,
    is_symbolic,
    leaves,
    replaced,
    tapes_of,
    without_mask,
    zero_gradients,
)
from .layer import Layer, Variable, running, sizes
from .sequences import OverSequence, flat, nested

ARRAYS = (np.ndarray, Tracked)
OF_LAYER = ("name", "trainable", "dtype", "activity_regularizer")


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _check_build(cls: Any, shapes: Mapping[str, Any]) -> None:
    """Refuse a ``build`` of several arguments that are not shapes of those of ``call``."""
    needed = [
        name
        for name, parameter in list(inspect.signature(cls.build).parameters.items())[1:]
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        and parameter.default is parameter.empty
    ]
    for name in needed if len(needed) > 1 else ():
        takes = name.removesuffix("_shape")
        if takes == name or takes not in _parameters(cls.call):
            why = (
                "does not end in `_shape`" if takes == name
                else f"is `{name}`, but `call()` does not have argument `{takes}`"
            )  # fmt: skip
            raise ValueError(
                f"{cls.__name__}: a `build()` with several arguments takes the shapes of those of "
                f"`call()`, {', '.join(f'{each}_shape' for each in shapes)}: it has argument "
                f"`{name}`, which {why}"
            )


def with_states(layer: Layer) -> list[Any]:
    """Return the layers that keep states between batches, among a layer and those inside."""
    own = [layer] if isinstance(layer, OverSequence) and layer.stateful else []
    return own + [each for inner in layer.inside for each in with_states(inner)]


class Taped(Layer):
    """Base of the layers with a ``call``: what Keras's layers of one's own are.

    In training ``call`` gets ``Tracked`` arrays, and the weights stand for such, so that
    ``autodiff`` can go back through it; layers that it calls have their own ``backward``.
    """

    supports_masking = False
    form: Any = (Slot(0),), {}  # arguments of the call, a Slot for each array
    added: list[Any]
    _building = False
    _rows_known = False  # whether it is built for one number of rows
    _types: Sequence[Any] = ()  # of the arrays, where they are known
    _given: Mapping[str, Any] = {}  # what the constructor of one's own got, by name

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Keep the arguments, of which a configuration is made, as Keras does."""
        made = super().__new__(cls)
        with suppress(TypeError):  # a copy has none; others are told by `__init__`
            bound = inspect.signature(cls.__init__).bind(made, *args, **kwargs)
            bound.apply_defaults()
            names = list(bound.signature.parameters.values())[1:]
            made._given = {
                p.name: bound.arguments[p.name] for p in names
                if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in OF_LAYER
            }  # fmt: skip
        return made

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
                    Layer.build(self, self._by_shapes(*shapes, **kwargs))

            cls.build = build  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, Variable) and "variables" not in vars(self):
            raise RuntimeError(f"{type(self).__name__}: weights come after `super().__init__()`")
        if (
            isinstance(value, Variable)
            and value.dtype.kind == "f"
            and all(v is not value for v in self.variables)  # but a tf.Variable
        ):
            value.value = value.value.astype(self.float_type)
            self.track(value)

    @property
    def layers(self) -> list[Layer]:
        """The layers inside; or what one's own code has set, as any other attribute."""
        own: list[Layer] | None = vars(self).get("layers")
        return self.inside if own is None else own

    @layers.setter
    def layers(self, value: Any) -> None:
        vars(self)["layers"] = value

    @property
    def inside(self) -> list[Layer]:
        """The layers that attributes hold, alone or in lists, tuples and dicts."""
        return list(self.named_layers().values())

    def named_layers(self) -> dict[str, Layer]:
        """Return them by where a file has them."""
        found: dict[str, Layer] = {}
        known = {id(self)}
        for name, value in vars(self).items():
            if name == "_given":  # what of it is a part is an attribute too
                continue
            seen: Counter[str] = Counter()
            for layer in leaves(value, Layer):
                where = name
                if layer is not value:
                    kind = snake_case(type(layer).__name__)
                    where = f"{name}/{kind}_{seen[kind]}" if seen[kind] else f"{name}/{kind}"
                    seen[kind] += 1
                if id(layer) not in known:
                    found[where] = layer
                    known.add(id(layer))
        return found

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output, in a class of one's own."""
        raise NotImplementedError(f"{self.name}: a layer needs a `call`")

    # Shapes ---------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of ``input_shape``; a ``build`` of one's own does it."""
        if not self._building:
            super().build(self._by_shapes(input_shape))

    def _by_shapes(self, *shapes: Any, **named: Any) -> Any:
        """Return one shape or a list of them, and note which arrays a call takes by them."""
        named = {key.removesuffix("_shape"): each for key, each in named.items() if each}
        if len(shapes) + len(named) == 1:
            (shape,) = *shapes, *named.values()
            if shape is None or not isinstance(sizes(shape), list):
                return shape
            if not self.takes_list:
                self.form = ([Slot(k) for k in range(len(shape))],), {}
        else:
            shapes = tuple(each for each in shapes if each)
            slots = [Slot(k) for k in range(len(shapes) + len(named))]
            self.form = (
                tuple(slots[: len(shapes)]),
                dict(zip(named, slots[len(shapes) :], strict=True)),
            )
            shape = [*shapes, *named.values()]
        self.takes_list = True
        return shape

    def build_weights(self, input_shape: Any) -> None:  # noqa: D102
        shapes = self._by_argument(input_shape)
        names = _parameters(type(self).build)[1:]
        wanted = {n: shapes[n.removesuffix("_shape")] for n in names
                  if n.removesuffix("_shape") in shapes}  # fmt: skip
        every = list(shapes.values())
        _check_build(type(self), shapes)
        self._building = True
        try:
            if len(names) > 1 and len(wanted) > 1:  # query_shape, value_shape
                self.build(**wanted)
            else:
                self.build(*(every if len(names) > 1 else every[:1]))
        finally:
            self._building = False
        self._trace(input_shape)  # which builds the layers inside

    @property
    def built_by_shape(self) -> bool:
        """Whether Keras, reading a file, can build it by one shape: else it does when called."""
        return type(self).build is not Taped.build and len(self._by_argument(self.input_shape)) == 1

    def _by_argument(self, shapes: Any) -> dict[str, Any]:
        """Return the shapes of the arguments of ``call`` that have arrays."""
        every = shapes if self.takes_list else [shapes]
        found: dict[str, Any] = filled(self._tensors(), every)
        return found

    def _tensors(self) -> dict[str, Any]:
        """Return the arguments of ``call`` that have arrays, a Slot for each."""
        args, kwargs = self._bound()
        names = _parameters(type(self).call)[1:]
        names += tuple(f"*{k}" for k in range(len(names), len(args)))
        return {
            name: each
            for name, each in {**dict(zip(names, args)), **kwargs}.items()  # noqa: B905
            if any(True for _ in leaves(each, Slot))
        }

    def output_shape_of(self, input_shape: Any) -> Any:  # noqa: D102
        own = type(self).compute_output_shape is not Taped.compute_output_shape
        if not own or len(self._by_argument(input_shape)) > 1:
            return self._trace(input_shape)
        shape = sizes(self.compute_output_shape(input_shape))
        return tuple(shape)

    def compute_output_shape(self, *shapes: Any, **named: Any) -> Any:
        """Return the shape of the output, the batch axis included; of several, a tuple."""
        if not self.built:
            self.build(*shapes, **named)
        return self._trace(self._by_shapes(*shapes, **named))

    def _trace(self, input_shape: Any) -> Any:
        """Run ``call`` on arrays of two sizes, where a size is not fixed."""
        shapes = input_shape if self.takes_list else [input_shape]
        self._rows_known = all(s and s[0] is not None for s in shapes)
        kept = [(layer, layer.states) for layer in with_states(self)]
        found = []
        for free in (1, 2):
            types = self._types or [self.dtype] * len(shapes)
            x = [np.ones([free if n is None else n for n in s], t)
                 for s, t in zip(shapes, types, strict=True)]  # fmt: skip
            y = self._run(x, [None] * len(x), False)
            found.append([np.shape(each) for each in (y if isinstance(y, list) else [y])])
        for layer, states in kept:
            layer.states = states
        every = tuple(
            tuple(n if n == m else None for n, m in zip(a, b, strict=True))
            for a, b in zip(*found, strict=True)
        )
        return every if isinstance(y, list) else every[0]

    # Calls ----------------------------------------------------------------------------------------

    _parts: Any = None  # the lists in which `call` gives arrays, if there are lists in lists

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for arrays, or for tensors without values (a graph of layers)."""
        y = self._call_flat(*args, **kwargs)
        return y if self._parts is None else nested(y, self._parts)

    def _call_flat(self, *args: Any, **kwargs: Any) -> Any:
        self.check_input(args[0] if args else next(iter(kwargs.values()), None))
        names = _parameters(type(self).call)
        if names[len(args) : len(args) + 1] == ("training",):  # the last one, without its name
            args, kwargs["training"] = args[:-1], args[-1]
        # In the order in which Keras has them
        kwargs = {name: value for name, value in sorted(kwargs.items()) if value is not None}
        symbolic = is_symbolic(args, kwargs)
        kind: Any = KerasTensor if symbolic else ARRAYS
        if not symbolic and args and not any(True for _ in leaves(args, kind)):
            args = (np.asarray(args[0]), *args[1:])
        mask = kwargs.get("mask")
        arrays = args, without_mask(kwargs)
        given = list(leaves(arrays, kind))
        self.form = form_of(arrays, kind)
        if mask is not None:
            self.form[1]["mask"] = True  # given by hand
        first = [*self.form[0], *self._bound()[1].values()][0]
        self.takes_list = not isinstance(first, Slot) or len(given) > 1
        if symbolic:
            return connect(self, *args, **kwargs)
        training = kwargs.get("training")
        if running.get() is not None:
            return running.get().call(self, given, training, mask)
        given = [x.astype(self.float_type, copy=False) if x.dtype.kind == "f" else x for x in given]
        with self.step():
            if not self.built:
                shapes = self._shapes_of(given, next(leaves([first], Slot)).number)
                self.build(shapes if self.takes_list else shapes[0])
            self.pack()
            masks = list(mask) if isinstance(mask, (list, tuple)) else [mask]
            masks += [None] * (len(given) - len(masks))
            masks = replaced(masks, np.ndarray, lambda m: np.asarray(m, bool))
            y = self.forward(given, bool(training), masks)
            if self.activity_regularizer is not None:
                self.penalized = y
            return tensor(y)

    def _shapes_of(self, xs: Sequence[Any], first: int = 0) -> list[Any]:
        """Return the shapes for any number of rows, for this one if states are kept of them."""
        rows = None if with_states(self) else len(xs[first])  # a mask may have others
        return [(None if len(x) == rows else len(x), *x.shape[1:]) for x in xs]

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"tape": None, "_now": None, "added": []}

    @property
    def float_type(self) -> Any:
        """The NumPy type of the weights."""
        return np.dtype(self.dtype or floatx())

    def _bound(self) -> Any:
        """Return the form of the arguments, those by keyword in the order of ``call``."""
        args, kwargs = self.form
        names = _parameters(type(self).call)
        return args, {name: kwargs[name] for name in names if name in kwargs}

    def _run(self, xs: Sequence[Any], masks: Sequence[Any], training: bool) -> Any:
        """Return what ``call`` gives, several as a list."""
        xs = [tensor(x) if isinstance(x, np.ndarray) else x for x in xs]  # None: not given
        args, kwargs = filled(self.form, xs)
        names = _parameters(type(self).call)[1:]
        by_hand = kwargs.pop("mask", False)
        tensors = self._tensors()
        for k, (name, each) in enumerate(tensors.items()):
            mask = filled(each, masks)
            # As Keras, which gives `mask` to a call with one tensor only
            alone = len(tensors) == 1 or (by_hand and k == 0)
            for key in (f"{name}_mask", *(["mask"] if alone else [])):
                if key in names and any(True for _ in leaves(mask, np.ndarray)):
                    kwargs.setdefault(key, mask)
        if "training" in names:
            kwargs["training"] = training is True
        else:  # as Keras, which tells those layers that ask
            kwargs.pop("training", None)
        now, self.added = _Running(training, self), []
        self._now = now
        now.note(list(xs), list(masks))
        outer = running.set(now)
        try:
            y = self.call(*args, **kwargs)
        finally:
            running.reset(outer)
        if not isinstance(y, (list, tuple)):
            return y
        self._parts = y if any(isinstance(each, (list, tuple)) for each in y) else None
        self._parts = replaced(self._parts, (*ARRAYS, KerasTensor), lambda _: None)
        return flat(y)

    def add_loss(self, loss: Any) -> None:
        """Add to the loss of the model what ``call`` has computed: a number, or several."""
        if running.get() is None:
            raise ValueError("`add_loss()` can only be called from inside `build()` or `call()`")
        for each in loss if isinstance(loss, (list, tuple)) else [loss]:
            if np.ndim(_value(each)):
                shape = np.shape(_value(each))
                raise ValueError(f"{self.name}: add_loss takes numbers, got an array {shape}")
            self.added.append(each)

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        xs, masks = (x, mask) if isinstance(x, list) else ([x], [mask])
        masks = masks or [None] * len(xs)
        if training:
            xs = [None if each is None else Tracked(each) for each in xs]
            self.tape = _Tape(
                xs, [Tracked(v.value.copy() if v.frozen else v.value) for v in self.variables]
            )
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
        self.activity_loss = sum(float(_value(each)) for each in self.added) + self._now.penalty
        if training:
            self.tape.y = y
            ones = [(each, np.ones_like(each.value)) for each in self.added if _is_tracked(each)]
            self.tape.ends = ones + self._now.ends
        every = y if isinstance(y, list) else [y]
        values = [np.ascontiguousarray(_value(each), self.float_type) for each in every]
        return values if isinstance(y, list) else values[0]

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        tape: _Tape = self.tape
        pairs = zip(tape.y, dy, strict=True) if isinstance(tape.y, list) else [(tape.y, dy)]
        ends = [(y, g) for y, g in pairs if _is_tracked(y) and g is not None]
        tape.done.clear()
        given = [x for x in tape.inputs if x is not None]
        gradients = iter(backward([*ends, *tape.ends], [*given, *tape.variables]))
        below = [None if x is None else next(gradients) for x in tape.inputs]
        for v, g in zip(self.variables, gradients, strict=True):
            v.grad[...] = g
        for layer in self.inside:
            if layer not in tape.done:
                zero_gradients(layer)
        return below if self.takes_list else below[0]

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        if not self.supports_masking:
            return None
        return next(leaves([mask], np.ndarray), None)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor took; of `Layer`'s arguments, what attributes have."""
        known = arguments(type(self))
        own = {name: getattr(self, name) for name in known if hasattr(self, name)}
        if type(self).get_config is Taped.get_config:  # else one's own has them, as in Keras
            own |= self._given
        config: dict[str, Any] = serialize(own)
        if "dtype" in known:
            config["dtype"] = self.float_type.name
        if config.get("activity_regularizer") is None:
            config.pop("activity_regularizer", None)
        return config


@dataclass(eq=False)
class _Tape:
    """A call in training, which backward goes through."""

    inputs: list[Tracked | None]  # None: not given
    variables: list[Tracked]
    y: Any = None
    ends: list[Any] = field(default_factory=list)  # what else the loss has, with gradients
    done: set[Layer] = field(default_factory=set)  # layers inside that have their gradients


class _Running:
    """The layer whose ``call`` runs, and what goes along with the arrays in it: masks."""

    def __init__(self, training: bool, layer: Taped) -> None:
        self.training, self.layer = training, layer
        self.masks: dict[int, Any] = {}  # with the arrays, by their ids, which so stay theirs
        self.penalty = 0.0  # of the layers inside
        self.ends: list[Any] = []  # the arrays that are penalized, with their gradients

    def note(self, y: Any, mask: Any) -> None:
        """Remember the mask of what a layer gave, or of each of several arrays."""
        if isinstance(y, list):
            several = mask if isinstance(mask, list) else [mask] + [None] * (len(y) - 1)
            for each, of_each in zip(y, several, strict=False):
                self.note(each, of_each)
        elif mask is not None:
            self.masks[id(y)] = y, mask

    def mask_of(self, x: Any) -> Any:
        """Return the mask that goes along with an array."""
        return self.masks.get(id(x), (x, None))[1]

    def call(self, layer: Layer, inputs: Any, training: bool | None, mask: Any) -> Any:
        """Call a layer within it: its own ``backward`` is part of the tape."""
        several = isinstance(inputs, (list, tuple))
        xs = list(inputs) if several else [inputs]
        dtype = None if layer.integer_input else self.layer.float_type
        values: list[Any] = [
            None if x is None else np.ascontiguousarray(_value(x), dtype) for x in xs
        ]
        several = several and (layer.takes_list or len(xs) > 1)
        if not layer.built:
            layer.dtype = layer.dtype or self.layer.float_type.name
            fixed = self.layer._rows_known and with_states(layer)
            shapes = [v.shape if fixed else (None, *v.shape[1:]) for v in values]
            layer.build(shapes if layer.takes_list else shapes[0])
        masks = list(mask) if isinstance(mask, (list, tuple)) else [mask]
        masks = [_value(m) for m in masks] + [None] * (len(xs) - len(masks))
        if mask is None:
            masks = [self.mask_of(x) for x in xs]
        if training is None or (training and self.training is True):
            training = self.training
        elif not training and self.training:
            training = TAPE_ONLY
        given: Any = values if several else values[0]
        seen: Any = masks if several else masks[0]
        if several and mask is None and not layer.takes_list:  # states: as Keras, no mask for it
            seen = [None] * len(masks)
        y = layer.forward(given, training, seen)
        below: Any = masks if several else masks[0]
        mask = layer.compute_mask(given, below)
        self.penalty += layer.activity_loss
        regularizer = layer.activity_regularizer
        if regularizer is not None:
            layer.penalized = y
            every = y if isinstance(y, list) else [y]
            self.penalty += sum(regularizer(each) / len(each) for each in every)
        if self.training:
            y = self._tracked(layer, xs, values, y, several)
        self.note(y, mask)
        return y

    def _tracked(self, layer: Layer, xs: Any, values: Any, y: Any, several: bool) -> Any:
        """Return what stands in the tape for what a layer gave."""
        step, owner = Step(layer, [], []), self.layer.tape
        step.tape, dtype = tapes_of(layer), self.layer.float_type

        def run(parts: _Parts) -> list[Any]:
            if parts.below is None:
                dy: Any = [parts.get(k) for k in range(len(y))] if isinstance(y, list) else parts[0]
                dy = replaced(dy, np.ndarray, lambda g: np.ascontiguousarray(g, dtype))
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
        regularizer = layer.activity_regularizer
        if regularizer is not None:
            self.ends += [(each, regularizer.gradient(each.value) / len(each)) for each in ys]
        return ys if isinstance(y, list) else ys[0]


def _value(x: Any) -> Any:
    x = getattr(x, "now", x)
    return x.value if isinstance(x, Tracked) else x


def _is_tracked(x: Any) -> bool:
    return isinstance(x, Tracked)


class _Parts(dict[int, Any]):
    """Gradients of the outputs of a layer by number, added up as they come."""

    below: Any = None

    def __add__(self, other: _Parts) -> _Parts:
        added = {k: self[k] + g if k in self else g for k, g in other.items()}
        return _Parts({**self, **added})


Layer.taped = Taped
