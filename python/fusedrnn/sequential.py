"""Sequential: layers one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from . import _state, summary
from ._tensor import Tensor, tensor
from ._types import Array
from .checks import whole
from .configurable import custom_object_scope, serialize
from .layers.input import InputLayer
from .layers.layer import LAYERS, Layer, Shape, layer_from, sizes
from .training import Trainer


class Sequential(Trainer):
    """A model of layers, each of which takes the output of the one before.

    Parameters
    ----------
    layers : list of Layer, optional
        The layers; the first may be an ``Input``, or carry ``input_shape``. Without either the
        model is built when it sees data. A Sequential model can be a layer of another.
    trainable : bool
    name : str, optional
    """

    module = "keras"

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._layers: list[Layer] = []
        self._input: InputLayer | None = None
        self._plans: dict[Any, list[tuple[Layer, bool]]] = {}
        if layers is not None:
            for layer in layers if isinstance(layers, Iterable) else [layers]:
                self.add(layer)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets all layers'."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.__dict__.get("_layers", ()):
            layer.trainable = self._trainable

    # Structure ----------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return self._layers

    def add(self, layer: Any) -> None:
        """Put a layer on top."""
        if isinstance(layer, InputLayer):
            if self._layers or self._input:
                raise ValueError(f"Sequential: {layer.name} must come first, and only once")
            self._input, self.batch_shape = layer, layer.batch_shape
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential: {layer!r} is not a layer of fusedrnn.layers")
        self._lock.join(layer._lock)
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. "
                f"Name {layer.name!r} is already the name of a layer."
            )
        self._layers.append(layer)
        self._plans.clear()
        if len(self._layers) == 1 and self.batch_shape is None and layer.batch_shape is not None:
            self.batch_shape = layer.batch_shape
        self.integer_input = self._layers[0].integer_input
        if self.built or (self.batch_shape is not None and len(self._layers) == 1):
            self.build(self.batch_shape if len(self._layers) == 1 else self.input_shape)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off."""
        if not self._layers:
            raise ValueError("Sequential: there is no layer to take off")
        layer = self._layers.pop()
        self._plans.clear()
        self.output_shape = self._layers[-1].output_shape if self._layers else self.input_shape
        self.built = self.built and bool(self._layers)
        return layer

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of a name or an index."""
        if index is not None:
            if whole("get_layer", "index", index, -len(self._layers)) >= len(self._layers):
                raise ValueError(
                    f"get_layer: index is {index}, but {self.name} has {len(self._layers)} layers"
                )
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: {name}. Existing layers are: {[layer.name for layer in self._layers]}."
        )

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of ``input_shape``, the batch axis included."""
        shape = sizes(input_shape if input_shape is not None else self.batch_shape or ())
        if not shape:
            raise ValueError("Sequential: build needs input_shape, the batch axis included")
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no "
                "layers. Call `model.add(layer)`."
            )
        self.input_shape = shape
        if self.batch_shape is None:
            self.batch_shape = shape
        for layer in self._layers:
            if self.dtype is not None and layer.dtype is None:
                layer.dtype = self.dtype
            layer.build(shape)
            shape = layer.output_shape  # type: ignore[assignment]
            if shape and isinstance(shape[0], tuple):
                raise ValueError(
                    f"{layer.name}: returns several arrays (return_state or "
                    "merge_mode=None); a Sequential model passes one on"
                )
        self.dtype = self._layers[0].dtype
        self.output_shape, self.built = shape, True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, the batch axis included."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @property
    def input_rank(self) -> int | None:  # type: ignore[override]
        """How many axes the input must have."""
        return self._layers[0].input_rank if self._layers else None

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters."""
        if layer_range is not None:
            raise NotImplementedError("summary: layer_range is not supported")
        text = summary.text(
            self,
            line_length=line_length,
            positions=positions,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
        )
        (print_fn or print)(text)

    def reset_states(self) -> None:
        """Set the states of all stateful layers to zero."""

        def walk(layers: Iterable[Any]) -> None:
            for layer in layers:
                if getattr(layer, "stateful", False):
                    layer.reset_states()
                else:
                    walk(layer.layers)

        walk(self._layers)

    # Files and configurations -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration of the model."""
        first = (
            []
            if self.batch_shape is None
            else [
                self._input or InputLayer(batch_shape=self.batch_shape, name=f"{self.name}_input")
            ]
        )
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype or _state.floatx(),
            "layers": [serialize(layer) for layer in (*first, *self._layers)],
            "build_input_shape": self.input_shape,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Sequential:
        """Build the model that ``get_config`` described, with new weights."""
        with custom_object_scope(custom_objects or {}):
            model = cls(name=config.get("name"), trainable=config.get("trainable", True))
            for layer in config["layers"]:
                model.add(layer_from(layer))
        shape = config.get("build_input_shape")
        if not model.built and shape and model.layers:
            model.build(shape)
        return model

    def to_json(self) -> str:
        """Return the configuration as JSON text."""
        return json.dumps(
            {
                "module": self.module,
                "class_name": "Sequential",
                "config": self.get_config(),
                "registered_name": None,
            }
        )

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write the model to a ``.keras``, ``.h5`` or ``.safetensors`` file."""
        from . import saving

        saving.save_model(self, filepath, overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a ``.weights.h5``, ``.h5`` or ``.safetensors`` file."""
        from . import saving

        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Read the weights out of a file of weights or of a model."""
        from . import saving

        saving.load_weights(self, filepath)

    # The passes ---------------------------------------------------------------------------------

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:
        """Return the output of the last layer."""
        if x.ndim != len(self.input_shape or ()):
            x = self._with_rank(x)
        self.activity_loss = 0.0
        for layer in self._layers:
            y = layer.forward(x, training, mask)
            mask = layer.compute_mask(x, mask)
            if layer.activity_regularizer is not None:
                layer.penalized = y
                self.activity_loss += layer.activity_regularizer(y) / len(y)
            elif isinstance(layer, Sequential):
                self.activity_loss += layer.activity_loss
            x = y
        self.output_mask = mask
        return x

    def backward(self, dy: Array, need_dx: bool) -> Array | None:
        """Go back through the layers, no further than is needed."""
        below: Any = dy
        for layer, need in self._plan(need_dx):
            if layer.activity_regularizer is not None:
                below = below + layer.activity_regularizer.gradient(layer.penalized) / len(below)
            below = layer.backward(below, need)
        return below if need_dx else None

    def _plan(self, need_dx: bool) -> list[tuple[Layer, bool]]:
        """Return the layers to go back through, and whether each owes one below a gradient."""
        key = (need_dx, *(layer.trainable for layer in self._layers))
        if key not in self._plans:
            plan, below = [], need_dx
            for layer in self._layers:
                trains = any(v.trainable for v in layer.weights)
                if below or trains or layer.activity_regularizer is not None:
                    plan.append((layer, below))
                below = below or trains
            self._plans[key] = plan[::-1]
        return self._plans[key]

    def compute_mask(self, x: Array, mask: Array | None) -> Array | None:
        """Return the mask of the last output."""
        return self.output_mask

    def _with_rank(self, x: Array) -> Array:
        expected: Shape = self.input_shape or ()
        if x.ndim == len(expected) - 1 and expected[-1] == 1:
            return x[..., None]
        if x.ndim == len(expected) + 1 and x.shape[-1] == 1:
            return x[..., 0]
        raise ValueError(f"{self.name}: input has shape {x.shape}, expected {expected}")

    def __call__(self, inputs: Any, training: bool = False, mask: Any = None) -> Tensor:
        """Return the output for an array."""
        x = np.ascontiguousarray(inputs, self.input_type)
        mask = None if mask is None else np.asarray(mask, bool)
        with self.step():
            self._prepare(x)
            self.pack()
            y: Tensor = tensor(self.forward(x, bool(training), mask))
        return y


LAYERS["sequential"] = Sequential
