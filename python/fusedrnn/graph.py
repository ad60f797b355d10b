"""Graphs of layers: what calls on symbolic tensors make, and the one place that walks them.

A ``KerasTensor`` stands for an array before there is one. A layer that is called on it notes a
``Node``; ``traced`` orders the nodes between a model's inputs and outputs as Keras does, and
``Graph`` runs them on arrays, forward and backward. A Sequential model is the graph of a chain.

Not here: what a layer computes, and how a model trains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ._tensor import TensorShape
from ._types import Array, Shape

if TYPE_CHECKING:
    from .layers.layer import Layer


class KerasTensor(np.lib.mixins.NDArrayOperatorsMixin):
    """What a layer will give out: ``shape``, None where a size is not known, and ``dtype``.

    NumPy's functions and operators, and so those of ``fusedrnn.ops``, take it and make layers.
    """

    def __init__(self, shape: Shape, dtype: str, node: Node, index: int) -> None:
        self.shape, self.dtype = TensorShape(shape), dtype
        self.node, self.index = node, index

    @property
    def name(self) -> str:
        """Name of the layer that gives it."""
        return self.node.layer.name

    @property
    def ndim(self) -> int:
        """Number of axes, the batch axis included."""
        return len(self.shape)

    def get_shape(self) -> TensorShape:
        """Return the shape, as TensorFlow has it."""
        return self.shape

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise TypeError(f"numpy.{ufunc.__name__}.{method} cannot be part of a graph of layers")
        return self._apply(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self._apply(function, args, kwargs)

    def __getitem__(self, key: Any) -> KerasTensor:
        return self._apply(get_item, (self, key), {})

    operation: ClassVar[Any]  # the layer that calls a function, which sets this itself

    def _apply(self, function: Callable[..., Any], args: Any, kwargs: Any) -> KerasTensor:
        tensor: KerasTensor = self.operation(function)(*args, **kwargs)
        return tensor

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise TypeError(f"{self!r} has no values: it is part of a graph of layers")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no values, so it is neither true nor false")

    def __len__(self) -> int:
        raise TypeError(f"{self!r} has no values: take its shape")

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self!r} cannot be iterated over")

    __eq__, __ne__, __hash__ = object.__eq__, object.__ne__, object.__hash__  # as Keras's
    sparse = ragged = False

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def get_item(x: Any, key: Any) -> Any:
    """Return ``x[key]``; files have a list where the key was a tuple."""
    return x[tuple(key) if isinstance(key, list) else key]


@dataclass(eq=False)
class Node:
    """A call of a layer on tensors; ``args`` and ``kwargs`` are the call's, tensors in them."""

    layer: Layer
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    outputs: list[KerasTensor] = field(default_factory=list)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The tensors among the arguments."""
        return list(leaves((self.args, self.kwargs)))

    @property
    def arrays(self) -> list[KerasTensor]:
        """Those of them that are not masks."""
        return list(leaves((self.args, without_mask(self.kwargs))))


def without_mask(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call without the mask, which is no input."""
    return {name: value for name, value in kwargs.items() if name != "mask"}


def leaves(structure: Any, kind: Any = KerasTensor) -> Iterator[Any]:
    """Yield what is of a kind in nested lists, tuples and dicts."""
    if isinstance(structure, kind):
        yield structure
    elif isinstance(structure, (list, tuple)):
        for each in structure:
            yield from leaves(each, kind)
    elif isinstance(structure, dict):
        for each in structure.values():
            yield from leaves(each, kind)


class _IsLeaf(type):
    def __instancecheck__(cls, thing: Any) -> bool:
        return not isinstance(thing, (list, tuple, dict))


class Leaf(metaclass=_IsLeaf):
    """As a kind: whatever is no list, tuple or dict."""


def like(sequence: Any, values: list[Any]) -> Any:
    """Return values as a list or tuple of the type of another."""
    kind = type(sequence)
    return kind(*values) if hasattr(sequence, "_fields") else kind(values)


def replaced(structure: Any, kind: Any, by: Callable[[Any], Any]) -> Any:
    """Return nested lists, tuples and dicts with what is of a kind replaced."""
    if isinstance(structure, kind):
        return by(structure)
    if isinstance(structure, (list, tuple)):
        return like(structure, [replaced(each, kind, by) for each in structure])
    if isinstance(structure, dict):
        return {key: replaced(each, kind, by) for key, each in structure.items()}
    return structure


def is_symbolic(*arguments: Any) -> bool:
    """Whether there is a tensor without values among arguments."""
    return any(True for _ in leaves(arguments))


TAPE_ONLY: Any = 1
"""``training`` of a pass that goes back, too, through a layer that is told not to be in training:
true, but not ``True``, which is what layers that then drop or draw ask for."""


@dataclass(frozen=True)
class Slot:
    """Where a graph keeps an array while it runs."""

    number: int


def form_of(structure: Any, kind: Any = Leaf) -> Any:
    """Return nested lists, tuples and dicts with a Slot, numbered from 0, for each of a kind."""
    number = count()
    return replaced(structure, kind, lambda _: Slot(next(number)))


def filled(form: Any, values: Sequence[Any]) -> Any:
    """Return what ``form_of`` gave with values for its Slots."""
    return replaced(form, Slot, lambda slot: values[slot.number])


def is_flat(structure: Any) -> bool:
    """Whether there are no lists, tuples or dicts within a list, tuple or dict."""
    parts = structure.values() if isinstance(structure, dict) else structure
    return isinstance(structure, Leaf) or all(isinstance(each, Leaf) for each in parts)


def taken(form: Any, structure: Any) -> list[Any] | None:
    """Return what is in a structure in the places of a form's Slots; None if they differ."""
    if isinstance(form, Slot):
        return [structure]
    if isinstance(form, dict):
        if not isinstance(structure, Mapping) or any(key not in structure for key in form):
            return None
        pairs = [(form[key], structure[key]) for key in form]
    else:
        if not isinstance(structure, (list, tuple)) or len(structure) != len(form):
            return None
        pairs = list(zip(form, structure, strict=True))
    every = [taken(*pair) for pair in pairs]
    return None if None in every else [each for part in every for each in part or ()]


@dataclass(eq=False)
class Step:
    """A node of a graph: arrays are read from and written to slots."""

    layer: Layer
    inputs: list[int]
    outputs: list[int]
    args: tuple[Any, ...] = ()  # of the call, Slots in them
    kwargs: dict[str, Any] = field(default_factory=dict)
    shared: bool = False  # whether the layer has other steps too
    tape: Any = None  # the layer's, if it is shared
    form: Any = None  # of a layer with a `call`: its arguments, a Slot for each of the inputs
    plain = False  # whether it is the layer's one call, on an array that gives an array

    def __post_init__(self) -> None:
        # Whether the layer gets its one input as an array rather than in a list
        self.alone = len(self.inputs) == 1 and not self.layer.takes_list
        self.single = len(self.outputs) == 1
        # To a call with several arguments Keras gives no mask that goes along by itself
        self.has_states = len(self.inputs) > 1 and not self.layer.takes_list
        self.mask = self.kwargs.get("mask")  # given by hand, instead of the one from below
        if hasattr(self.layer, "form"):
            kwargs = without_mask(self.kwargs)
            args = self.args if self.args or kwargs else (Slot(0),)  # in a chain
            self.form = form_of((args, kwargs), Slot)
            if self.mask is not None:
                self.form[1]["mask"] = True
        self.training = self.kwargs.get("training")  # what counts for the layer, None: the model's

    @property
    def reads(self) -> list[int]:
        """The slots that it reads: the inputs, and a mask given by hand."""
        return self.inputs + [slot.number for slot in leaves(self.mask, Slot)]

    def given_mask(self, values: Sequence[Any]) -> Any:
        """Return the mask given by hand, of several inputs a list."""
        mask = replaced(self.mask, Slot, lambda slot: values[slot.number])
        mask = replaced(mask, np.ndarray, lambda m: np.asarray(m, bool))
        if self.alone:
            return next(leaves(mask, np.ndarray), None)
        every = list(mask) if isinstance(mask, (list, tuple)) else [mask]
        return every + [None] * (len(self.inputs) - len(every))


class Graph:
    """Steps in an order in which they can run, from inputs to outputs (numbers of slots)."""

    def __init__(
        self, steps: list[Step], slots: int, inputs: Sequence[int], outputs: Sequence[int]
    ) -> None:
        self.steps, self.slots = steps, slots
        self.inputs, self.outputs = list(inputs), list(outputs)
        times = Counter(step.layer for step in steps)
        for step in steps:
            step.shared = times[step.layer] > 1
            special = step.shared or step.form or step.mask is not None or step.training is not None
            step.plain = step.alone and step.single and not special
        self._plans: dict[bool, list[tuple[Step, list[int]]]] = {}

    @classmethod
    def chain(cls, layers: Sequence[Layer]) -> Graph:
        """Return the graph of layers one after the other."""
        steps = [Step(layer, [k], [k + 1]) for k, layer in enumerate(layers)]
        return cls(steps, len(steps) + 1, [0], [len(steps)])

    def forward(self, x: Any, training: bool, mask: Any) -> tuple[Any, Any, float]:
        """Return the output, its mask (of several, lists), and the penalties on activities."""
        values: list[Any] = [None] * self.slots
        kept: list[Any] = [None] * self.slots  # masks
        penalty = 0.0
        if isinstance(x, list):
            masks = [None] * len(x) if mask is None else mask
            for slot, each, own in zip(self.inputs, x, masks, strict=True):
                values[slot], kept[slot] = each, own
        else:
            (slot,) = self.inputs
            values[slot], kept[slot] = x, mask
        for step in self.steps:
            layer = step.layer
            if step.plain:
                (start,), (end,) = step.inputs, step.outputs
                x, mask = values[start], kept[start]
                y = values[end] = layer.forward(x, training, mask)
                kept[end] = layer.compute_mask(x, mask)
            else:
                y = self._run(step, values, kept, training)
            if layer.activity_regularizer is not None:
                layer.penalized = y
                for each in y if isinstance(y, list) else [y]:
                    penalty += layer.activity_regularizer(each) / len(each)
            penalty += layer.activity_loss
            if training and step.shared:
                step.tape = tapes_of(layer)
        if len(self.outputs) == 1:
            (slot,) = self.outputs
            return values[slot], kept[slot], penalty
        return [values[i] for i in self.outputs], [kept[i] for i in self.outputs], penalty

    def _run(self, step: Step, values: list[Any], kept: list[Any], training: bool) -> Any:
        """Run a step on arrays and masks that are in slots, and return what it gives."""
        layer = step.layer
        x: Any = [values[i] for i in step.inputs]
        mask: Any = [kept[i] for i in step.inputs]
        if step.alone:
            (x,), (mask,) = x, mask
        if step.form is not None:
            layer.form = step.form  # type: ignore[attr-defined]
        seen = mask
        if step.mask is not None:
            seen = mask = step.given_mask(values)
        elif step.has_states:
            seen = [None] * len(x)
        if step.training is None:
            y = layer.forward(x, training, seen)
        else:
            y = layer.forward(x, step.training or (training and TAPE_ONLY), seen)
        mask = layer.compute_mask(x, mask)
        if step.single:
            values[step.outputs[0]], kept[step.outputs[0]] = y, mask
        else:
            several = mask if isinstance(mask, list) else [mask] + [None] * len(y)
            for k, slot in enumerate(step.outputs):
                values[slot], kept[slot] = y[k], several[k]
        return y

    def backward(self, dy: Any, need_dx: bool) -> Any:
        """Write the gradients of the variables; return that of the input, of several a list."""
        gradients: list[Any] = [None] * self.slots
        for slot, each in zip(self.outputs, dy if isinstance(dy, list) else [dy], strict=True):
            _add(gradients, slot, each)
        done: set[Layer] = set()  # of the shared layers
        for step, needed in self._plan(need_dx):
            layer = step.layer
            if step.single:
                dy = gradients[step.outputs[0]]
                comes = dy is not None
            else:
                dy = [gradients[i] for i in step.outputs]
                comes = any(each is not None for each in dy)
            if step.shared:
                restore(layer, step.tape)
            if layer.activity_regularizer is not None:
                dy, comes = _with_penalty(layer, dy), True
            if not comes:
                if layer not in done:
                    zero_gradients(layer)
                continue
            if step.shared:
                below = backward_of_shared(step, dy, bool(needed), layer in done)
                done.add(layer)
            else:
                below = layer.backward(dy, bool(needed))
            for k in needed:
                _add(gradients, step.inputs[k], below if step.alone else below[k])
        if not need_dx:
            return None
        dxs = [gradients[i] for i in self.inputs]
        return dxs if len(dxs) > 1 else dxs[0]

    def _plan(self, need_dx: bool) -> list[tuple[Step, list[int]]]:
        """Return the steps to go back through, and which of their inputs need a gradient."""
        if need_dx not in self._plans:
            needs, plan = [False] * self.slots, []
            for slot in self.inputs:
                needs[slot] = need_dx
            for step in self.steps:
                needed = [k for k, slot in enumerate(step.inputs) if needs[slot]]
                trains = any(v.trainable for v in step.layer.weights)
                if needed or trains or step.layer.activity_regularizer is not None:
                    plan.append((step, needed))
                for slot in step.outputs:
                    needs[slot] = bool(needed) or trains
            self._plans[need_dx] = plan[::-1]
        return self._plans[need_dx]

    def forget_plans(self) -> None:
        """Forget through which layers to go back: layers inside others may train now."""
        self._plans.clear()


def _add(gradients: list[Any], slot: int, more: Array | None) -> None:
    if more is not None:
        gradients[slot] = more if gradients[slot] is None else gradients[slot] + more


def _with_penalty(layer: Layer, dy: Any) -> Any:
    """Return the gradients of a layer's outputs with those of the penalty on them."""
    several = isinstance(layer.penalized, list)
    pairs = zip(layer.penalized, dy, strict=True) if several else [(layer.penalized, dy)]
    found = []
    for y, g in pairs:
        own = layer.activity_regularizer.gradient(y) / len(y)
        found.append(own if g is None else g + own)
    return found if several else found[0]


def backward_of_shared(step: Step, dy: Any, need_dx: bool, again: bool) -> Any:
    """Go back through one of a layer's calls; from the second on, add to its gradients."""
    restore(step.layer, step.tape)
    before = _gradients(step.layer) if again else []
    below = step.layer.backward(dy, need_dx)
    for v, gradient in before:
        v.grad += gradient
    return below


def tapes_of(layer: Any) -> Any:
    """Return what a layer, and all in it, keeps between forward and backward."""
    steps = [step.tape for step in layer.graph.steps] if hasattr(layer, "graph") else []
    return layer.tape, layer.penalized, steps, [tapes_of(inner) for inner in layer.inside]


def restore(layer: Any, tapes: Any) -> None:
    """Give a layer back what `tapes_of` returned."""
    layer.tape, layer.penalized, steps, inside = tapes
    for step, tape in zip(layer.graph.steps if steps else [], steps, strict=True):
        step.tape = tape
    for inner, inner_tapes in zip(layer.inside, inside, strict=True):
        restore(inner, inner_tapes)


def _gradients(layer: Layer) -> list[tuple[Any, Array]]:
    return [(v, v.grad.copy()) for v in layer.weights if v.trainable]


def zero_gradients(layer: Layer) -> None:
    """Write that nothing depends on the weights."""
    for v in layer.weights:
        if v.trainable:
            v.grad[...] = 0


# From tensors to a graph ------------------------------------------------------------------------


def traced(
    inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]
) -> tuple[Graph, list[Layer]]:
    """Return the graph between tensors, and its layers in the order in which Keras lists them.

    By falling distance from the outputs, and at the same distance as a depth-first search from the
    outputs comes upon them: it decides in what order a file has the weights.
    """
    order: list[Node] = []  # from inputs to outputs
    found: dict[Layer, int] = {}
    state: dict[Node, str] = {}
    given = set(inputs)

    def visit(first: KerasTensor) -> None:
        """Search depth first, without recursion: graphs may be deep."""
        stack: list[tuple[Node, Iterator[KerasTensor]]] = []

        def enter(tensor: KerasTensor) -> None:
            node = tensor.node
            if state.get(node) == "done":
                return
            if node.inputs and tensor in given:  # a tensor in the middle of another graph
                return
            if node in state:
                raise ValueError(f"{tensor!r} is part of a cycle")
            found.setdefault(node.layer, len(found))
            state[node] = "entered"
            stack.append((node, iter(node.inputs)))

        enter(first)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is not None:
                enter(following)
                continue
            stack.pop()
            state[node] = "done"
            order.append(node)

    for tensor in outputs:
        visit(tensor)

    in_graph = set(order)
    depth: dict[Node, int] = {}
    of_layer: dict[Layer, int] = {}
    for node in reversed(order):
        depth[node] = of_layer[node.layer] = max(depth.get(node, 0), of_layer.get(node.layer, 0))
        for tensor in node.inputs:
            if tensor.node in in_graph:
                depth[tensor.node] = max(depth[node] + 1, depth.get(tensor.node, 0))
    for tensor in inputs:  # some may lead nowhere
        node = tensor.node
        if not node.inputs and node.layer not in of_layer:
            depth[node], of_layer[node.layer], found[node.layer] = 0, 0, -1

    slots: dict[KerasTensor, int] = {}

    def slot(tensor: KerasTensor) -> Slot:
        if tensor not in slots:
            raise ValueError(
                f"Graph disconnected: {tensor!r} is needed, but it does not come from the inputs"
            )
        return Slot(slots[tensor])

    for tensor in inputs:
        slots[tensor] = len(slots)
    steps = []

    def place(node: Node) -> tuple[int, int, int]:
        calls = node.layer.calls
        return -depth[node], found[node.layer], calls.index(node) if len(calls) > 1 else 0

    for node in sorted(depth, key=place):
        if not node.inputs:
            for tensor in node.outputs:
                if tensor not in given:
                    slot(tensor)  # an Input that the model does not name
            continue
        args = replaced(node.args, KerasTensor, slot)
        kwargs = replaced(node.kwargs, KerasTensor, slot)
        read = [s.number for s in leaves((args, without_mask(kwargs)), Slot)]
        for tensor in node.outputs:
            slots.setdefault(tensor, len(slots))
        written = [slots[t] for t in node.outputs]
        steps.append(Step(node.layer, read, written, args=args, kwargs=kwargs))
    layers = sorted(of_layer, key=lambda layer: (-of_layer[layer], found[layer]))
    names = Counter(layer.name for layer in layers)
    for name, times in names.items():
        if times > 1:
            raise ValueError(
                f'The name "{name}" is used {times} times in the model. All operation names '
                "should be unique."
            )
    ends = [slot(tensor).number for tensor in outputs]
    return Graph(steps, len(slots), [slots[t] for t in inputs], ends), layers


def connect(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    """Call a layer on tensors: build it, note the node, and return the tensors it will give."""
    node = Node(layer, args, kwargs)
    shapes: list[Any] = [tensor.shape for tensor in node.arrays]
    given: Any = shapes if layer.takes_list else shapes[0]
    layer.build(given)
    shape = layer.compute_output_shape(given) if layer.shape_of_call else layer.output_shape
    several = bool(shape) and isinstance(shape[0], tuple)  # type: ignore[index]
    every: Iterable[Any] = shape if several else [shape]  # type: ignore[assignment]
    dtype = getattr(layer, "output_type", None) or layer.dtype or "float32"
    node.outputs = [KerasTensor(s, dtype, node, k) for k, s in enumerate(every)]
    layer.calls.append(node)
    return node.outputs if several else node.outputs[0]
