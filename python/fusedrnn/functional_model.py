"""Functional: a model that is a graph of layers, with any number of inputs and outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from . import _state, legacy
from ._tensor import as_type
from .configurable import custom_object_scope
from .graph import Graph, KerasTensor, Slot, is_symbolic, leaves, replaced, traced
from .graph_config import Place, ends_of, layers_config
from .layers.input import InputLayer
from .layers.layer import LAYERS, Layer, Shape, running
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

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, the batch axis included; of several, a tuple."""
        return self.output_shape

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
            found = list(leaves(tensors))
            form = "dict" if isinstance(tensors, dict) else "list"
            if len(found) != len(inputs) or (len(inputs) > 1 and form != self._forms[0]):
                raise ValueError(
                    "`input_tensors` must have the same structure as model.input: "
                    f"{self.input}, not {tensors}"
                )
            inputs = [tensors[name] for name in self._input_names] if form == "dict" else found
        outputs = self._through(inputs, layer_of, call)
        begin, end = (
            _formed(form, names, each)
            for form, names, each in zip(
                self._forms, (self._input_names, self._output_names), (inputs, outputs), strict=True
            )
        )
        return type(self)(begin, end, name=self.name, trainable=self.trainable)

    def _shapes(self) -> Sequence[Shape]:
        shapes: Any = self.input_shape
        return shapes if self.takes_list else [shapes]

    # Inputs and outputs -------------------------------------------------------------------------

    def _inputs(self, data: Any) -> Any:
        """Return one array, or a list in the order of the inputs; a dict is by name."""
        names = self.input_names
        if isinstance(data, Mapping):
            data = list(self._by_name(data).values())
        elif not isinstance(data, (list, tuple)) or len(names) == 1 != len(data):
            data = [data]
        if len(data) != len(names):
            raise ValueError(
                f"{self.name}: x has {len(data)} arrays, expected {len(names)}: {names}"
            )
        every = [as_type(each, kind) for each, kind in zip(data, self.input_types, strict=True)]
        return every if len(names) > 1 else every[0]

    def _by_name(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a dict has of each input, in the order of the inputs."""
        missing = [name for name in self.input_names if name not in data]
        if missing:
            raise ValueError(f"{self.name}: x has no entry {missing[0]!r}; it has {list(data)}")
        return {name: data[name] for name in self.input_names}

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the output for arrays, or for tensors without values, in the form of the graph."""
        if isinstance(inputs, Mapping):
            inputs = self._by_name(inputs)
            if running.get() is not None and not is_symbolic(inputs):
                every = list(inputs.values())
                inputs = every if len(every) > 1 else every[0]
        y = super().__call__(inputs, training, mask)
        return y if isinstance(y, dict) else self._structured(y)

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
                key: _formed(form, names, [list(places[k]) for k in slots])
                for key, form, names, slots in (
                    ("input_layers", self._forms[0], self._input_names, graph.inputs),
                    ("output_layers", self._forms[1], self._output_names, graph.outputs),
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
        with custom_object_scope(custom_objects or {}):
            inputs, outputs = ends_of(config)
        trainable = config.get("trainable", True)
        return cls(inputs, outputs, name=config.get("name"), trainable=trainable)


def _unique(names: list[str]) -> list[str]:
    """Return names that differ: several outputs may be one layer's."""
    return [f"{n}_{names[:k].count(n)}" if n in names[:k] else n for k, n in enumerate(names)]


def _formed(form: str, names: Sequence[str], values: list[Any]) -> Any:
    """Return values in the form in which inputs or outputs were given."""
    if form == "dict":
        return dict(zip(names, values, strict=True))
    return values if form == "list" else values[0]


Model.functional = LAYERS["functional"] = LAYERS["model"] = Functional
