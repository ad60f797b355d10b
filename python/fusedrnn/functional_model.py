"""Functional: a model that is a graph of layers, with any number of inputs and outputs."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _state, batches, legacy
from ._tensor import as_type
from .configurable import custom_object_scope
from .graph import (
    Graph,
    KerasTensor,
    Leaf,
    Slot,
    filled,
    form_of,
    is_flat,
    is_symbolic,
    leaves,
    like,
    replaced,
    taken,
    traced,
)
from .graph_config import Place, ends_of, layers_config
from .layers.input import InputLayer
from .layers.layer import LAYERS, Layer, Shape, sizes
from .layers.operation import Operation
from .model import Model, with_rank


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes: a graph of layers.

    Parameters
    ----------
    inputs, outputs, name, trainable
        As of :class:`Model`.
    **kwargs
        ``input`` and ``output``, the names of Keras 1, and those of :class:`Layer`.
    """

    module = "keras.src.models.functional"
    graph: Graph = None  # type: ignore[assignment]
    _indices: Sequence[bool] = ()  # of each input, whether it is indices
    _texts: Sequence[bool] = ()  # and whether it is texts

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None,
        trainable: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        inputs = legacy.argument("Model.inputs", inputs, kwargs)
        outputs = legacy.argument("Model.outputs", outputs, kwargs)
        self._sorted = not isinstance(inputs, dict) or list(inputs) == sorted(inputs)
        inputs, outputs = _in_order(inputs), _in_order(outputs)
        starts, ends = list(leaves(inputs)), list(leaves(outputs))
        for what, given, found in (("inputs", inputs, starts), ("outputs", outputs, ends)):
            if not found or len(found) < len(list(leaves(given, Leaf))):
                raise ValueError(
                    f"Model: {what} is {given!r}, expected what Input or layers gave: All "
                    f"`{what}` values must be KerasTensors"
                )
        super().__init__(name=name, **kwargs)
        self.graph, self._layers = traced(starts, ends)
        self._ends = starts, ends
        self._forms = form_of(inputs), form_of(outputs)  # in which they were given
        self._input_names, self._output_names = (
            list(given) if _is_flat_dict(given) else _unique([tensor.name for tensor in found])
            for given, found in ((inputs, starts), (outputs, ends))
        )
        self._head_names = self._output_names if len(ends) > 1 else [""]
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
        self._texts = [
            tensor.dtype == "string" or any(layer.text_input for layer in each)
            for tensor, each in zip(starts, readers, strict=True)
        ]
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
    def text_input(self) -> bool:  # type: ignore[override]
        """Whether the one input is texts."""
        return len(self._texts) == 1 and self._texts[0]

    @property
    def input_types(self) -> list[Any]:
        """The type of each input, None for indices, ``str`` for texts."""
        return [
            str if texts else None if indices else self.float_type
            for texts, indices in zip(self._texts, self._indices, strict=True)
        ]

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

    shape_of_call = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, the batch axis included; of several, a tuple."""
        shapes = sizes(input_shape)
        every = shapes if self.takes_list else [shapes]
        ranks = [[len(shape) for shape in each] for each in (self._shapes(), every)]
        if shapes == self.input_shape or ranks[0] != ranks[1]:
            return self.output_shape
        found = dict(zip(self.graph.inputs, every, strict=True))
        for step in self.graph.steps:
            if step.form is not None:
                step.layer.form = step.form  # type: ignore[attr-defined]
            given = [found[slot] for slot in step.inputs]
            shape = step.layer.output_shape_of(given if step.layer.takes_list else given[0])
            found.update(zip(step.outputs, [shape] if step.single else shape, strict=True))
        ends = tuple(found[slot] for slot in self.graph.outputs)
        return ends if len(ends) > 1 else ends[0]

    def trace(self) -> None:  # noqa: D102
        inputs = self._new_inputs()
        self._ends = inputs, self._through(inputs)

    def _new_inputs(self) -> list[KerasTensor]:
        return [
            InputLayer(
                batch_shape=shape, dtype=own.input_type, name=name, optional=own.optional
            ).tensor
            for shape, name, own in zip(
                self._shapes(), self._input_names, self._own_inputs, strict=True
            )
        ]

    def _through(
        self, inputs: Sequence[KerasTensor], layer_of: Any = None, call: Any = None
    ) -> list[KerasTensor]:
        """Return the outputs of tensors, perhaps of other layers or called otherwise."""
        values: dict[int, KerasTensor] = dict(zip(self.graph.inputs, inputs, strict=True))
        for step in self.graph.steps:
            args, kwargs = replaced((step.args, step.kwargs), Slot, lambda s: values[s.number])
            layer = step.layer if layer_of is None else layer_of(step.layer)
            given = layer(*args, **kwargs) if call is None else call(layer, *args, **kwargs)
            values.update(zip(step.outputs, leaves(given), strict=True))
        return [values[slot] for slot in self.graph.outputs]

    def on(self, tensors: Any, layer_of: Any, call: Any) -> Functional:
        """Return this graph on other tensors, of other layers; see ``clone_model``."""
        inputs = self._new_inputs()
        if tensors is not None:
            found = taken(self._forms[0], tensors)
            if len(inputs) == 1:
                found = list(leaves(tensors))
            if found is None or len(found) != len(inputs):
                raise ValueError(
                    "`input_tensors` must have the same structure as model.input: "
                    f"{self.input}, not {tensors}"
                )
            inputs = found
        ends = inputs, self._through(inputs, layer_of, call)
        begin, end = map(filled, self._forms, ends)
        return type(self)(begin, end, name=self.name, trainable=self.trainable)

    def _shapes(self) -> Sequence[Shape]:
        shapes: Any = self.input_shape
        return shapes if self.takes_list else [shapes]

    # Inputs and outputs -------------------------------------------------------------------------

    def _flat(self, data: Any) -> Any:
        """Return what the user gives for the one input, or a list in the order of the inputs."""
        form, names = self._forms[0], self._input_names
        if len(names) == 1 and hasattr(data, "shape"):
            return data
        found = taken(form, data)
        if isinstance(data, Mapping):
            if found is None or isinstance(form, Slot):  # by the names of the tensors
                missing = [name for name in names if name not in data]
                if missing:
                    raise ValueError(
                        f"{self.name}: x has no entry {missing[0]!r}; it has {list(data)}"
                    )
                found = [data[name] for name in names]
            elif len(data) > len(form) and not is_symbolic(data):
                self._differs(data, warnings.warn)
        elif found is None and isinstance(form, dict) and isinstance(data, (list, tuple)):
            found = list(leaves(data, Leaf))
            if not self._sorted or len(found) != len(names):
                self._differs(data)
            self._differs(data, warnings.warn)
        if len(names) == 1 and not isinstance(data, Mapping):
            listed = isinstance(data, (list, tuple)) and len(data) == 1
            alone = listed and (data[0] is None or hasattr(data[0], "shape"))
            found = [data[0] if alone else data]
        elif found is None:
            got = f"{len(data)} arrays" if isinstance(data, (list, tuple)) else type(data).__name__
            raise ValueError(f"{self.name}: x: got {got}, expected one for each of {names}")
        for name, each, own in zip(names, found, self._own_inputs, strict=True):
            if each is None and not (own.optional and self.takes_list):
                raise ValueError(
                    f"The input '{name}' is not optional, but None was passed. Please provide a "
                    "valid tensor."
                )
        return found if len(names) > 1 else found[0]

    def _differs(self, data: Any, say: Any = None) -> None:
        """Say, as Keras, that data have another form than the inputs; ValueError by default."""
        got = replaced(data, Leaf, lambda x: f"Tensor(shape={np.shape(x)})")
        text = (
            "The structure of `inputs` doesn't match the expected structure.\n"
            f"Expected: {filled(self._forms[0], self.input_names)}\nReceived: inputs={got}"
        )
        if say is None:
            raise ValueError(text)
        say(text, stacklevel=5)

    def _entries(self, x: Any) -> Any:
        x = self._flat(x)
        return batches.several("x", x, self._input_names, self.input_types)

    def _targets(self, y: Any) -> Any:
        """Return targets, or their weights, in the order of the outputs, if they are nested."""
        return y if is_flat(self._forms[1]) else taken(self._forms[1], y) or y

    def _inputs(self, data: Any) -> Any:
        """Return one array, or a list in the order of the inputs."""
        every = data if self.takes_list else [data]
        arrays = [
            None if each is None else as_type(each, kind)
            for each, kind in zip(every, self.input_types, strict=True)
        ]
        return arrays if self.takes_list else arrays[0]

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the output for arrays, or for tensors without values, in the form of the graph."""
        return super().__call__(self._flat(inputs), training, mask)

    def _prepare(self, x: Any) -> None:
        rows = {len(each) for each in x if each is not None} if self.takes_list else {len(x)}
        if len(rows) > 1:
            raise ValueError(f"{self.name}: the inputs have {sorted(rows)} rows")
        for name, each, shape in zip(
            self.input_names, x if self.takes_list else [x], self._shapes(), strict=True
        ):
            if each is None:
                continue
            found = with_rank(self.name, each, shape).shape
            if any(e not in (None, n) for n, e in zip(found[1:], shape[1:], strict=True)):
                raise ValueError(
                    f"{self.name}: input {name} has shape {each.shape}, expected {shape}"
                )

    def _structured(self, outputs: Any) -> Any:
        if isinstance(self._forms[1], Slot):
            return outputs
        y = filled(self._forms[1], outputs if isinstance(outputs, list) else [outputs])
        return y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y

    def forward(self, x: Any, training: bool, mask: Any) -> Any:
        """Return the output of the graph, or a list of them."""
        if not self.takes_list:
            shape: Any = self.input_shape
            return super().forward(with_rank(self.name, x, shape), training, mask)
        xs = [
            each if each is None else with_rank(self.name, each, shape)
            for each, shape in zip(x, self._shapes(), strict=True)
        ]
        for slot, each in zip(self.graph.inputs, xs, strict=True):
            for step in self.graph.steps if each is None else ():
                able = hasattr(step.layer, "form") or isinstance(step.layer, Functional)
                if slot in step.inputs and not able:
                    raise ValueError(
                        f"{step.layer.name}: its input is None; what may be missing goes to a "
                        "layer with a `call` of one's own, which says what then"
                    )
        return super().forward(xs, training, mask)

    # Configuration ------------------------------------------------------------------------------

    def _places(self) -> dict[int, Place]:
        """Return layer, number of its call and of its output for each slot, as Keras counts."""
        seen: Counter[Layer] = Counter()
        places = {
            slot: Place(layer.name, 0, 0)
            for slot, layer in zip(self.graph.inputs, self._own_inputs, strict=True)
        }
        for step in self.graph.steps:
            for k, slot in enumerate(step.outputs):
                places[slot] = Place(step.layer.name, seen[step.layer], k)
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
            for slot in step.reads:
                name, node, index = places[slot]
                found[step.layer].append(f"{name}[{node}][{index}]")
        return {layer: ", ".join(each) or "-" for layer, each in found.items()}

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration of the model."""
        places, graph = self._places(), self.graph
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": layers_config(
                self._layers, graph.steps, places, self._slot_shapes(), self.dtype
            ),
            **{
                key: filled(form, [list(places[k]) for k in slots])
                for key, form, slots in zip(
                    ("input_layers", "output_layers"),
                    self._forms,
                    (graph.inputs, graph.outputs),
                    strict=True,
                )
            },
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
        if "layers" not in config:  # what the `get_config` of a subclass gives
            return cls(**config)
        with custom_object_scope(custom_objects or {}):
            inputs, outputs = ends_of(config)
        known = ("name", "trainable", "layers", "input_layers", "output_layers")
        own = {key: value for key, value in config.items() if key not in known}
        given = {key: config[key] for key in known[:2] if key in config}
        return cls(inputs, outputs, **given, **({} if cls is Functional else own))


def _unique(names: list[str]) -> list[str]:
    """Return names that differ: several outputs may be one layer's."""
    return [f"{n}_{names[:k].count(n)}" if n in names[:k] else n for k, n in enumerate(names)]


def _in_order(structure: Any) -> Any:
    """Return a structure with dicts in the order of their names, in which Keras takes them."""
    if isinstance(structure, dict):
        return {key: _in_order(structure[key]) for key in sorted(structure)}
    if isinstance(structure, (list, tuple)):
        return like(structure, [_in_order(each) for each in structure])
    return structure


def _is_flat_dict(structure: Any) -> bool:
    return isinstance(structure, dict) and is_flat(structure)


Model.functional = LAYERS["functional"] = LAYERS["model"] = Functional
