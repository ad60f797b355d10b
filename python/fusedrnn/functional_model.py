"""Functional: a model that is a graph of layers, with any number of inputs and outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _state, legacy
from .configurable import custom_object_scope, serialize
from .graph import Graph, KerasTensor, Slot, leaves, replaced, traced
from .layers.input import InputLayer
from .layers.layer import LAYERS, Layer, Shape, layer_from
from .layers.operation import Operation
from .model import Model, with_rank


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes."""

    module = "keras.src.models.functional"
    graph: Graph = None  # type: ignore[assignment]
    _indices: Sequence[bool] = ()  # of each input, whether it is indices

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None,
        trainable: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        inputs = legacy.argument("Model.inputs", inputs, kwargs)
        outputs = legacy.argument("Model.outputs", outputs, kwargs)
        # As Keras, which takes dicts in the order of their names
        inputs, outputs = (
            dict(sorted(given.items())) if isinstance(given, dict) else given
            for given in (inputs, outputs)
        )
        starts, ends = list(leaves(inputs)), list(leaves(outputs))
        for what, given, found in (("inputs", inputs, starts), ("outputs", outputs, ends)):
            if not found:
                raise ValueError(f"Model: {what} is {given!r}, expected what Input or layers gave")
        super().__init__(name=name, **kwargs)
        self.graph, self._layers = traced(starts, ends)
        self._ends = starts, ends
        self._input_names, self._output_names = (
            list(given) if isinstance(given, dict) else _unique([tensor.name for tensor in found])
            for given, found in ((inputs, starts), (outputs, ends))
        )
        self._head_names = self._output_names if len(ends) > 1 else [""]
        # In which form they were given: one, a list or a dict, as a file has them too
        self._forms = tuple(
            "dict" if isinstance(g, dict) else "list" if isinstance(g, list | tuple) else "one"
            for g in (inputs, outputs)
        )
        # A tensor in the middle of another graph begins this one as an Input would
        self._own_inputs = [
            InputLayer(batch_shape=tensor.shape, name=f"{tensor.name}_output")
            if tensor.node.inputs
            else tensor.node.layer
            for tensor in starts
        ]
        new = [layer for layer in self._own_inputs if layer not in self._layers]
        self._layers = [*new, *self._layers]
        for layer in self._layers:
            self._lock.join(layer._lock)
        readers = [
            [step.layer for step in self.graph.steps if slot in step.inputs]
            for slot in self.graph.inputs
        ]
        self._indices = [any(layer.integer_input for layer in each) for each in readers]
        self.takes_list = len(starts) > 1
        shapes = [tensor.shape for tensor in starts]
        self.batch_shape = shapes[0]
        self.input_shape = shapes if self.takes_list else shapes[0]  # type: ignore[assignment]
        of_ends = tuple(tensor.shape for tensor in ends)
        self.output_shape = of_ends if len(ends) > 1 else of_ends[0]
        weighty = [layer for layer in self._layers if layer.weights]
        self.dtype = weighty[0].dtype if weighty else _state.floatx()
        self.built = True
        self._trainable = True
        if not trainable:
            self.trainable = False

    # Structure ----------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, the inputs' included, without operations."""
        return [layer for layer in self._layers if not isinstance(layer, Operation)]

    @property
    def integer_input(self) -> bool:  # type: ignore[override]
        """Whether the one input is indices."""
        return len(self._indices) == 1 and self._indices[0]

    @property
    def input_types(self) -> list[Any]:
        """The type of each input, None for indices."""
        return [None if indices else self.float_type for indices in self._indices]

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return list(self._input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._output_names

    def build(self, input_shape: Any = None) -> None:
        """Accept inputs of a shape; a graph is built from the start."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, the batch axis included; of several, a tuple."""
        return self.output_shape

    def _trace(self) -> None:
        values: dict[int, KerasTensor] = {}
        inputs = [
            InputLayer(batch_shape=shape, name=name).tensor
            for shape, name in zip(self._shapes(), self._input_names, strict=True)
        ]
        values.update(zip(self.graph.inputs, inputs, strict=True))
        for step in self.graph.steps:
            args, kwargs = replaced((step.args, step.kwargs), Slot, lambda s: values[s.number])
            given = step.layer(*args, **kwargs)
            values.update(zip(step.outputs, leaves(given), strict=True))
        self._ends = inputs, [values[slot] for slot in self.graph.outputs]

    def _shapes(self) -> Sequence[Shape]:
        shapes: Any = self.input_shape
        return shapes if self.takes_list else [shapes]

    # Inputs and outputs -------------------------------------------------------------------------

    def _inputs(self, data: Any) -> Any:
        """Return one array, or a list in the order of the inputs; a dict is by name."""
        names = self.input_names
        if isinstance(data, Mapping):
            missing = [name for name in names if name not in data]
            if missing:
                raise ValueError(f"{self.name}: x has no entry {missing[0]!r}; it has {list(data)}")
            data = [data[name] for name in names]
        elif not isinstance(data, (list, tuple)) or len(names) == 1 != len(data):
            data = [data]
        if len(data) != len(names):
            raise ValueError(
                f"{self.name}: x has {len(data)} arrays, expected {len(names)}: {names}"
            )
        every = [
            np.ascontiguousarray(each, None if indices else self.float_type)
            for each, indices in zip(data, self._indices, strict=True)
        ]
        return every if len(names) > 1 else every[0]

    def _prepare(self, x: Any) -> None:
        rows = {len(each) for each in x} if isinstance(x, list) else {len(x)}
        if len(rows) > 1:
            raise ValueError(f"{self.name}: the inputs have {sorted(rows)} rows")
        for name, each, shape in zip(
            self.input_names, x if isinstance(x, list) else [x], self._shapes(), strict=True
        ):
            found = with_rank(self.name, each, shape).shape
            if any(e not in (None, n) for n, e in zip(found[1:], shape[1:], strict=True)):
                raise ValueError(
                    f"{self.name}: input {name} has shape {each.shape}, expected {shape}"
                )

    def _structured(self, outputs: Any) -> Any:
        if self._forms[1] != "dict":
            return outputs
        every = outputs if isinstance(outputs, list) else [outputs]
        return _formed("dict", self._output_names, every)

    def forward(self, x: Any, training: bool, mask: Any) -> Any:
        """Return the output of the graph, or a list of them."""
        xs = [
            with_rank(self.name, each, shape)
            for each, shape in zip(x if isinstance(x, list) else [x], self._shapes(), strict=True)
        ]
        return super().forward(xs if len(xs) > 1 else xs[0], training, mask)

    # Configuration ------------------------------------------------------------------------------

    def _places(self) -> dict[int, tuple[str, int, int]]:
        """Return layer, number of its call and of its output for each slot, as Keras counts."""
        seen: Counter[Layer] = Counter()
        places = {
            slot: (layer.name, 0, 0)
            for slot, layer in zip(self.graph.inputs, self._own_inputs, strict=True)
        }
        for step in self.graph.steps:
            for k, slot in enumerate(step.outputs):
                places[slot] = (step.layer.name, seen[step.layer], k)
            seen[step.layer] += 1
        return places

    def connections(self) -> dict[Layer, str] | None:
        """Return for each layer what its calls take, as the summary says it; None for a chain."""
        steps = self.graph.steps
        chain = len(self.graph.inputs) == 1 and all(
            len(step.inputs) == 1 and not step.shared and step.inputs[0] in given
            for step, given in zip(
                steps, [self.graph.inputs, *(step.outputs for step in steps)], strict=False
            )
        )
        if chain:
            return None
        places = self._places()
        found: dict[Layer, list[str]] = {layer: [] for layer in self._layers}
        for step in steps:
            for slot in step.inputs:
                name, node, index = places[slot]
                found[step.layer].append(f"{name}[{node}][{index}]")
        return {layer: ", ".join(each) or "-" for layer, each in found.items()}

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration of the model."""
        places = self._places()

        def described(slot: Slot) -> dict[str, Any]:
            name, node, index = places[slot.number]
            return {
                "class_name": "__keras_tensor__",
                "config": {
                    "shape": self._slot_shapes()[slot.number],
                    "dtype": self.dtype,
                    "keras_history": [name, node, index],
                },
            }

        calls: dict[Layer, list[Any]] = {layer: [] for layer in self._layers}
        for step in self.graph.steps:
            args, kwargs = replaced((step.args, step.kwargs), Slot, described)
            args, kwargs = replaced((args, kwargs), slice, _slice_config)
            args, kwargs = replaced((args, kwargs), np.generic, lambda value: value.item())
            calls[step.layer].append({"args": list(args), "kwargs": kwargs})
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [
                serialize(layer)
                | {"name": layer.name, "inbound_nodes": calls[layer]}
                | ({} if isinstance(layer, InputLayer | Operation) else _build_config(layer))
                for layer in self._layers
            ],
            "input_layers": _formed(
                self._forms[0], self._input_names, [list(places[k]) for k in self.graph.inputs]
            ),
            "output_layers": _formed(
                self._forms[1], self._output_names, [list(places[k]) for k in self.graph.outputs]
            ),
        }

    def _slot_shapes(self) -> dict[int, Any]:
        shapes: dict[int, Any] = dict(zip(self.graph.inputs, self._shapes(), strict=True))
        for step in self.graph.steps:
            shape: Any = step.layer.output_shape
            every = shape if len(step.outputs) > 1 else [shape]
            shapes.update(zip(step.outputs, every, strict=True))
        return shapes

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Functional:
        """Build the model that ``get_config``, or Keras, described, with new weights."""
        needed = _needed(config)
        described = [each for each in config["layers"] if each["name"] in needed]
        with custom_object_scope(custom_objects or {}):
            layers = {each["name"]: _named(each) for each in described}
        tensors: dict[tuple[str, int, int], KerasTensor] = {}
        waiting: list[tuple[str, int, Any]] = []
        for each in described:
            layer = layers[each["name"]]
            if isinstance(layer, InputLayer):
                tensors[layer.name, 0, 0] = layer.tensor
            waiting += [(each["name"], k, call) for k, call in enumerate(each["inbound_nodes"])]
        while waiting:
            left = []
            for name, k, call in waiting:
                try:
                    args, kwargs = _arguments(call, tensors)
                except LookupError:
                    left.append((name, k, call))
                    continue
                given = layers[name](*args, **kwargs)
                for index, tensor in enumerate(leaves(given)):
                    tensors[name, k, index] = tensor
            if len(left) == len(waiting):
                raise ValueError(f"the graph of {config.get('name')} has calls that lead nowhere")
            waiting = left
        ends = [_ends(config[key], tensors) for key in ("input_layers", "output_layers")]
        inputs, outputs = ends
        trainable = config.get("trainable", True)
        return cls(inputs, outputs, name=config.get("name"), trainable=trainable)


def _unique(names: list[str]) -> list[str]:
    """Return names that differ: several outputs may be one layer's."""
    return [f"{n}_{names[:k].count(n)}" if n in names[:k] else n for k, n in enumerate(names)]


def _named(config: Mapping[str, Any]) -> Layer:
    layer = layer_from(config)
    layer.name = config["name"]
    return layer


def _arguments(call: Any, tensors: Mapping[tuple[str, int, int], KerasTensor]) -> Any:
    """Return args and kwargs of a call; LookupError if a tensor is not there yet."""

    def found(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.get("class_name") == "__keras_tensor__":
                return tensors[_place(value["config"]["keras_history"])]
            if value.get("class_name") == "__slice__":
                return slice(*(value["config"][key] for key in ("start", "stop", "step")))
            return {key: found(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [found(each) for each in value]
        return value

    if isinstance(call, list):  # of Keras 2: [[layer, node, tensor, kwargs], ...]
        inputs = [tensors[_place(each[:3])] for each in call]
        kwargs = call[0][3] if len(call[0]) > 3 else {}
        states = [tensors[_place(s[:3])] for s in kwargs.get("initial_state", [])]
        return (
            (inputs if len(inputs) > 1 else inputs[0],),
            {"initial_state": states} if states else {},
        )
    kwargs = {k: found(v) for k, v in call["kwargs"].items() if v is not None and k not in IGNORED}
    if kwargs.get("training") is False:  # which Keras writes for all
        del kwargs["training"]
    return [found(each) for each in call["args"]], kwargs


def _needed(config: Mapping[str, Any]) -> set[str]:
    """Return the layers between inputs and outputs: not those that only make masks in Keras."""
    by_name = {each["name"]: each for each in config["layers"]}
    needed: set[str] = set()
    names = [place[0] for key in ("input_layers", "output_layers") for place in _flat(config[key])]
    while names:
        name = names.pop()
        if name in needed:
            continue
        needed.add(name)
        for call in by_name[name]["inbound_nodes"]:
            names += [place[0] for place in _histories(call)]
    return needed


IGNORED = ("mask",)  # masks go along by themselves


def _flat(places: Any) -> list[Any]:
    """Return nested lists and dicts of places as one list."""
    if isinstance(places, Mapping):
        places = list(places.values())
    if len(places) == 3 and isinstance(places[0], str):
        return [places]
    return [each for place in places for each in _flat(place)]


def _histories(value: Any) -> list[Any]:
    """Return the places of all tensors in what a file says of a call."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"]]
        return [p for key, each in value.items() if key not in IGNORED for p in _histories(each)]
    if isinstance(value, (list, tuple)):
        if len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int):
            return [value[:3], *(_histories(value[3]) if len(value) == 4 else [])]  # of Keras 2
        return [p for each in value for p in _histories(each)]
    return []


def _formed(form: str, names: Sequence[str], values: list[Any]) -> Any:
    """Return values in the form in which inputs or outputs were given."""
    if form == "dict":
        return dict(zip(names, values, strict=True))
    return values if form == "list" else values[0]


def _slice_config(value: slice) -> dict[str, Any]:
    parts = {"start": value.start, "stop": value.stop, "step": value.step}
    return {"class_name": "__slice__", "config": parts}


def _build_config(layer: Layer) -> dict[str, Any]:
    if not getattr(layer, "built_by_shape", True):
        return {}
    return {"build_config": {"input_shape": layer.input_shape}}


def _place(history: Iterable[Any]) -> tuple[str, int, int]:
    name, node, index = history
    return name, node, index


def _ends(places: Any, tensors: Mapping[tuple[str, int, int], KerasTensor]) -> Any:
    """Return the tensors at places: [layer, node, index], a list or a dict of such."""
    if isinstance(places, Mapping):
        return {name: _ends(place, tensors) for name, place in places.items()}
    if len(places) == 3 and isinstance(places[0], str):
        return tensors[_place(places)]
    return [_ends(place, tensors) for place in places]


Model.functional = LAYERS["functional"] = LAYERS["model"] = Functional
