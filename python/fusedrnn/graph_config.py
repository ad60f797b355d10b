"""The configuration of a graph of layers, as Keras 3 writes it, and as Keras 2 did.

A place is where a tensor comes from: the name of a layer, the number of its call, of the output.

Not here: the configuration of a layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .configurable import serialize
from .graph import KerasTensor, Slot, Step, leaves, like, replaced
from .layers.input import InputLayer
from .layers.layer import Layer, describes_function, layer_from
from .layers.operation import Operation


class Place(NamedTuple):
    """Where a tensor comes from."""

    layer: str
    call: int
    output: int


class Call(NamedTuple):
    """A call of a layer, Places where its tensors are."""

    layer: str
    number: int
    args: Any
    kwargs: dict[str, Any]
    by_hand: Any = None  # which of mask and training the user gave, None where nobody knows


# Writing ------------------------------------------------------------------------------------------


def layers_config(
    layers: Sequence[Layer],
    steps: Sequence[Step],
    places: Mapping[int, Place],
    shapes: Mapping[int, Any],
    dtype: Any,
) -> list[dict[str, Any]]:
    """Return the configuration of each layer of a graph, with its calls."""

    def tensor(slot: Slot) -> dict[str, Any]:
        history = list(places[slot.number])
        shape = shapes[slot.number]
        config = {"shape": shape, "dtype": dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    calls: dict[Layer, list[Any]] = {layer: [] for layer in layers}
    for step in steps:
        args, kwargs = replaced((step.args, step.kwargs), Slot, tensor)
        args, kwargs = replaced((args, kwargs), (slice, type(...), np.ndarray), serialize)
        args, kwargs = replaced((args, kwargs), np.generic, lambda value: value.item())
        by_hand = [name for name in ("mask", "training") if name in kwargs]
        call = {"args": list(args), "kwargs": kwargs} | ({"by_hand": by_hand} if by_hand else {})
        calls[step.layer].append(call)
    configs = []
    for layer in layers:
        config = serialize(layer) | {"name": layer.name, "inbound_nodes": calls[layer]}
        if not isinstance(layer, InputLayer | Operation) and getattr(layer, "built_by_shape", True):
            config["build_config"] = {"input_shape": layer.input_shape}
        configs.append(config)
    return configs


# Reading ------------------------------------------------------------------------------------------


def ends_of(config: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the inputs and outputs of the graph that is described, with new layers between."""
    by_name = {each["name"]: each for each in config["layers"]}
    written = {name: list(_calls(each)) for name, each in by_name.items()}
    calls = {
        name: [call._replace(kwargs=_said(call, written, by_name)) for call in each]
        for name, each in written.items()
    }
    waiting, layers, tensors = [], {}, dict[Place, KerasTensor]()
    ends = tuple(_ends(config[key]) for key in ("input_layers", "output_layers"))
    needed = _above(ends, calls)
    for name, each in by_name.items():
        if name in needed:
            layers[name] = layer = layer_from(each)
            layer.name = name
            waiting += calls[name]
            if isinstance(layer, InputLayer):
                tensors[Place(name, 0, 0)] = layer.tensor
    while waiting:
        left = []
        for call in waiting:
            arguments = call.args, call.kwargs
            if any(place not in tensors for place in leaves(arguments, Place)):
                left.append(call)
                continue
            args, kwargs = replaced(arguments, Place, tensors.__getitem__)
            for index, tensor in enumerate(leaves(layers[call.layer](*args, **kwargs))):
                tensors[Place(call.layer, call.number, index)] = tensor
        if len(left) == len(waiting):
            raise ValueError(f"the graph of {config.get('name')} has calls that lead nowhere")
        waiting = left
    found: tuple[Any, Any] = replaced(ends, Place, tensors.__getitem__)
    return found


def _calls(layer: Mapping[str, Any]) -> Iterator[Call]:
    """Yield the calls of a layer."""
    for number, call in enumerate(layer["inbound_nodes"]):
        if isinstance(call, list):  # of Keras 2: [[layer, call, output, kwargs], ...]
            inputs = [Place(*each[:3]) for each in call]
            kwargs = call[0][3] if len(call[0]) > 3 else {}
            states = [Place(*each[:3]) for each in kwargs.get("initial_state", [])]
            first = inputs if len(inputs) > 1 else inputs[0]
            said = {"initial_state": states} if states else {}
            yield Call(layer["name"], number, (first,), said)
        else:
            kwargs = {k: _values(v) for k, v in call["kwargs"].items() if v is not None}
            args = tuple(map(_values, call["args"]))
            by_hand = call.get("by_hand")
            yield Call(
                layer=layer["name"], number=number, args=args, kwargs=kwargs, by_hand=by_hand
            )


def _values(value: Any) -> Any:
    """Return an argument with Places, slices and arrays for what describes them."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            return Place(*value["config"]["keras_history"])
        if value.get("class_name") == "__ellipsis__":
            return ...
        if value.get("class_name") in ("__numpy__", "__tensor__"):
            return np.array(value["config"]["value"], value["config"]["dtype"])
        if value.get("class_name") == "__slice__":
            return slice(*(value["config"][key] for key in ("start", "stop", "step")))
        return {key: _values(each) for key, each in value.items()}
    return [_values(each) for each in value] if isinstance(value, (list, tuple)) else value


def _ends(places: Any) -> Any:
    """Return Places: of one [layer, call, output], or of a list or a dict of such."""
    if isinstance(places, Mapping):
        return {name: _ends(place) for name, place in places.items()}
    if len(places) == 3 and isinstance(places[0], str):
        return Place(*places)
    return like(places, [_ends(place) for place in places])


def _above(tensors: Any, calls: Mapping[str, list[Call]]) -> set[str]:
    """Return the layers that tensors come from."""
    found: set[str] = set()
    names = [place.layer for place in leaves(tensors, Place)]
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            for call in calls[name]:
                names += [place.layer for place in leaves((call.args, call.kwargs), Place)]
    return found


def _said(
    call: Call, calls: Mapping[str, list[Call]], by_name: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments that the user gave: Keras writes its masks, and training=False, too."""
    if call.by_hand is not None:
        return call.kwargs
    kwargs = {k: v for k, v in call.kwargs.items() if (k, v) != ("training", False)}
    if "mask" in kwargs:
        data = _above((call.args, {k: v for k, v in kwargs.items() if k != "mask"}), calls)
        masked = any(
            by_name[name]["class_name"] == "Masking" or by_name[name]["config"].get("mask_zero")
            for name in data
        )
        source = _above(kwargs["mask"], calls) - data
        if masked and all(describes_function(by_name[name]) for name in source):
            del kwargs["mask"]  # it goes along by itself
    return kwargs
