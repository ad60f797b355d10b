"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import _state, batches
from ._types import Array
from .configurable import custom_object_scope, serialize
from .graph import Graph, KerasTensor, Node, connect
from .layers.input import InputLayer
from .layers.layer import LAYERS, Layer, Shape, layer_from, sizes
from .model import Model, with_rank


class Sequential(Model):
    """A model of layers, each of which takes the output of the one before.

    Parameters
    ----------
    layers : list of Layer, optional
        The layers; the first may be an ``Input``, or carry ``input_shape``. Without either the
        model is built when it sees data. A Sequential model can be a layer of another.
    trainable : bool
        Whether training changes the weights.
    name : str, optional
        By default "sequential", with a counter.

    Raises
    ------
    TypeError
        If one of them is no layer.
    ValueError
        If two have the same name, or one gives several arrays (``return_state``).

    Examples
    --------
    >>> model = fusedrnn.Sequential([
    ...     fusedrnn.Input((10, 3)),
    ...     fusedrnn.layers.LSTM(8),
    ...     fusedrnn.layers.Dense(1),
    ... ])
    >>> model.compile("adam", "mse")
    >>> x, y = np.random.rand(64, 10, 3), np.random.rand(64, 1)
    >>> history = model.fit(x, y, epochs=2, verbose=0)
    >>> list(history.history)
    ['loss']
    >>> model.predict(x, verbose=0).shape
    (64, 1)
    """

    module = "keras"

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._layers: list[Layer] = []
        self._input: InputLayer | None = None
        self._graph: Graph | None = None
        self._calls: list[Node] = []  # of the layers, in this model
        if layers is not None:
            for layer in layers if isinstance(layers, Iterable) else [layers]:
                self.add(layer)

    @property
    def graph(self) -> Graph:  # type: ignore[override]
        """The chain of the layers."""
        if self._graph is None:
            self._graph = Graph.chain(self._layers)
        return self._graph

    # Structure ----------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Put a layer on top.

        Parameters
        ----------
        layer : Layer, or what ``Input`` gave

        Raises
        ------
        TypeError, ValueError
            As of the class; ValueError also of an ``Input`` that does not come first.
        """
        if isinstance(layer, KerasTensor) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer  # what Input() gave
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
        self._graph = None
        if len(self._layers) == 1 and self.batch_shape is None and layer.batch_shape is not None:
            self.batch_shape = layer.batch_shape
        self.integer_input = self._layers[0].integer_input
        self.text_input = self._layers[0].text_input or (
            self._input is not None and self._input.input_type == "string"
        )
        if self.built:
            self._connect(layer)
        elif self.batch_shape is not None and len(self._layers) == 1 and not _is_empty(layer):
            self.build(self.batch_shape)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off.

        Parameters
        ----------
        rebuild : bool
            Accepted; the rest stays built.

        Returns
        -------
        Layer
            The layer that was on top.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self._layers:
            raise ValueError("Sequential: there is no layer to take off")
        layer = self._layers.pop()
        self._graph, self.output_shape = None, self.input_shape
        self.built = self.built and bool(self._layers)
        if self.built:
            self.trace()
        return layer

    def _entries(self, x: Any) -> Any:
        if self.built and isinstance(x, Mapping):
            return batches.several("x", x, self.input_names, self.input_types)
        return super()._entries(x)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights.

        Parameters
        ----------
        input_shape : tuple, optional
            Shape of the inputs, the batch axis included, None where a size is not fixed; by default
            that of the ``Input``.

        Raises
        ------
        ValueError
            If there are no layers, there is no shape, or a layer cannot take it.
        """
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
        self.trace()
        self.built = True

    def trace(self) -> None:
        """Call the layers one after the other on a tensor without values, which builds them."""
        shape = self.input_shape
        first = self._input
        if first is None or first.batch_shape != shape:
            first = InputLayer(batch_shape=shape, name=f"{self.name}_input")
        self._ends = [first.tensor], [first.tensor]
        before, self._calls = self._calls, []
        for layer in self._layers:
            layer.calls = [call for call in layer.calls if call not in before]
            self._connect(layer)

    def _connect(self, layer: Layer) -> None:
        """Call a layer on the output of the one before."""
        if self.dtype is not None and layer.dtype is None:
            layer.dtype = self.dtype
        y = connect(layer, self.outputs[0])
        if isinstance(y, list):
            raise ValueError(
                f"{layer.name}: returns several arrays (return_state or "
                "merge_mode=None); a Sequential model passes one on"
            )
        self._ends = self.inputs, [y]
        self._calls.append(y.node)
        self.dtype = self._layers[0].dtype
        self.output_shape = y.shape

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, the batch axis included."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def fits(self, shape: Shape) -> bool:
        """Whether the layers, once built, take inputs of a shape: as Keras's, of any length."""
        for layer in self._layers:
            if not layer.fits(shape):
                return False
            shape = layer.output_shape_of(shape)
        return True

    @property
    def input_rank(self) -> int | None:  # type: ignore[override]
        """How many axes the input must have."""
        return self._layers[0].input_rank if self._layers else None

    @property
    def first(self) -> InputLayer | None:
        """The input's layer: what was given, or one of the shape that is known."""
        if self._input is not None or self.batch_shape is None:
            return self._input
        return InputLayer(batch_shape=self.batch_shape, name=f"{self.name}_input")

    # Files and configurations -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration of the model."""
        first = [] if self.first is None else [self.first]
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

    # The passes ---------------------------------------------------------------------------------

    def forward(self, x: Array, training: bool, mask: Array | None) -> Any:
        """Return the output of the last layer."""
        if x.ndim != len(self.input_shape or ()):
            x = with_rank(self.name, x, self.input_shape or ())
        return super().forward(x, training, mask)


def _is_empty(layer: Layer) -> bool:
    return isinstance(layer, Sequential) and not layer.layers


LAYERS["sequential"] = Sequential
