"""What all models are: a graph of layers that trains, can be looked at, saved and called."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from . import batches, summary
from ._tensor import tensor
from ._types import Array, Shape
from .checks import whole
from .graph import Graph, KerasTensor, Slot, filled, is_symbolic
from .layers.layer import Buffer, Layer, running
from .training import Trainer

if TYPE_CHECKING:
    from .stream import Stream


class Model(Trainer):
    """A graph of layers, from inputs to outputs, or the base of a model of one's own.

    ``Model(inputs, outputs)`` makes a :class:`~fusedrnn.models.Functional`. A subclass with a
    ``call`` is a :class:`~fusedrnn.models.Subclassed`.

    Parameters
    ----------
    inputs, outputs : KerasTensor, or list or dict of them
        Where the graph begins and ends.
    trainable : bool
        Whether training changes the weights.
    name : str, optional
        By default the class in snake case, with a counter.

    Raises
    ------
    ValueError
        If ``inputs`` or ``outputs`` are not what ``Input`` and layers gave.

    Examples
    --------
    >>> layers = fusedrnn.layers
    >>> past, day = layers.Input((10, 3)), layers.Input((7,))
    >>> x = layers.concatenate([layers.LSTM(8)(past), day])
    >>> model = fusedrnn.Model([past, day], layers.Dense(1)(x))
    >>> model.predict([np.zeros((4, 10, 3)), np.zeros((4, 7))], verbose=0).shape
    (4, 1)
    """

    module = "keras"
    graph: Graph

    functional: ClassVar[Any]  # what a graph of the user's is, which sets this itself
    subclassed: ClassVar[Any]  # what a model with a `call` is, which sets this itself

    if not TYPE_CHECKING:

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102
            return super().__new__(Model.functional if cls is Model else cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a class of one's own a ``Subclassed`` one."""
        if Model in cls.__bases__ and not cls.__module__.startswith("fusedrnn."):
            cls.__bases__ = tuple(Model.subclassed if b is Model else b for b in cls.__bases__)
            cls.__init_subclass__()
        else:
            super().__init_subclass__(**kwargs)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets all layers'."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = self._trainable

    # Structure ----------------------------------------------------------------------------------

    _layers: Sequence[Layer] = ()

    @property
    def layers(self) -> list[Layer]:
        """The layers."""
        return list(self._layers)

    @property
    def inside(self) -> list[Layer]:
        """The layers, operations of a graph included."""
        return list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of a name or an index.

        Parameters
        ----------
        name : str, optional
        index : int, optional
            Place in ``layers``; goes before the name.

        Returns
        -------
        Layer

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        if index is not None:
            if whole("get_layer", "index", index, -len(self.layers)) >= len(self.layers):
                raise ValueError(
                    f"get_layer: index is {index}, but {self.name} has {len(self.layers)} layers"
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: {name}. Existing layers are: {[layer.name for layer in self.layers]}."
        )

    def connections(self) -> dict[Layer, str] | None:
        """Return for each layer what it takes, as the summary says it; None for a chain."""
        return None

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters.

        Parameters
        ----------
        line_length : int, optional
            Width in characters; by default 88, 108 with connections, or what the terminal has.
        positions : list of float, optional
            Where the columns end, as shares of the width.
        print_fn : callable, optional
            What takes the text, in place of ``print``.
        expand_nested : bool
            Whether to show the layers of models inside.
        show_trainable : bool
            Whether to show which layers are trained.
        layer_range : None
            Not supported.

        Raises
        ------
        NotImplementedError
            Of a ``layer_range``.
        """
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

        walk(self.layers)

    # Tensors without values: where the graph begins and ends. A copy makes its own when asked.
    _ends: tuple[list[KerasTensor], list[KerasTensor]] | None = None

    def trace(self) -> None:
        """Call the layers on tensors without values, from ``inputs`` to ``outputs``."""
        raise NotImplementedError

    def _traced(self) -> tuple[list[KerasTensor], list[KerasTensor]]:
        if self._ends is None:
            if not self.built:
                raise AttributeError(
                    f"Model {self.name} has no defined inputs or outputs yet: "
                    "build it or give it an Input"
                )
            self.trace()
        return self._ends  # type: ignore[return-value]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The inputs as tensors without values."""
        return self._traced()[0]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The outputs as tensors without values."""
        return self._traced()[1]

    _forms: tuple[Any, Any] = (Slot(0), Slot(0))  # of inputs and outputs, as the user gave them

    @property
    def _output_form(self) -> Any:
        return self._forms[1]

    @property
    def input(self) -> Any:
        """The input as a tensor without values; several as the model was given them."""
        return self.inputs[0] if len(self.inputs) == 1 else filled(self._forms[0], self.inputs)

    @property
    def output(self) -> Any:
        """The output as a tensor without values; several as the model was given them."""
        return self.outputs[0] if len(self.outputs) == 1 else filled(self._forms[1], self.outputs)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return [tensor.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return [tensor.name for tensor in self.outputs]

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_ends": None, "_calls": [], "_whole": None}

    # Files and configurations -------------------------------------------------------------------

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """Build the model that ``get_config`` described, with new weights.

        Parameters
        ----------
        config : dict
        custom_objects : dict, optional
            Layers of one's own by name.

        Returns
        -------
        Model
        """
        return Model.functional.from_config(config, custom_objects)

    def to_json(self) -> str:
        """Return the configuration as JSON text; see ``models.model_from_json``."""
        return json.dumps(
            {
                "module": self.module,
                "class_name": type(self).__name__,
                "config": self.get_config(),
                "registered_name": None,
            }
        )

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write the model to a ``.keras``, ``.h5`` or ``.safetensors`` file.

        Parameters
        ----------
        filepath : path
        overwrite : bool
            If False, a file that exists is an error.
        **kwargs
            As of :func:`fusedrnn.saving.save_model`, which has the errors too.
        """
        from . import saving

        saving.save_model(self, filepath, overwrite, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Write the weights to a ``.weights.h5``, ``.h5`` or ``.safetensors`` file.

        Parameters
        ----------
        filepath : path
        overwrite : bool
        max_shard_size : float, optional
        **kwargs
            As of :func:`fusedrnn.saving.save_weights`, which has the errors too.
        """
        from . import saving

        saving.save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights out of a file of weights or of a model.

        Parameters
        ----------
        filepath : path
        skip_mismatch : bool
            Whether to leave layers as they are whose weights do not fit, with a warning.
        **kwargs
            ``by_name`` and ``objects_to_skip``, as of :func:`fusedrnn.saving.load_weights`, which
            has the errors too.
        """
        from . import saving

        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def stream(self, batch_size: int = 1, weights: Literal["bfloat16"] | None = None) -> Stream:
        """Return the model as a function of one time step, with its states; see :class:`Stream`.

        Parameters
        ----------
        batch_size : int
            Number of streams, each with states of its own, that take their steps together.
        weights : {"bfloat16"}, optional
            As of ``predict``: kernels and recurrent kernels rounded, of which a step then reads
            half as many bytes.

        Returns
        -------
        fusedrnn.stream.Stream
            With the weights as they are now: what changes in the model later does not reach it.

        Raises
        ------
        ValueError
            If a layer has no place in a stream, which the message names.
        """
        from .stream import stream

        return stream(self, batch_size, weights)

    _whole: tuple[Graph, Buffer] | None = None  # what `_ready` has seen

    def _ready(self) -> None:
        graph, kept = getattr(self, "graph", None), self._whole
        # Which weights are trained, too, `pack` goes by: that makes no difference here.
        if kept is None or kept[0] is not graph or not kept[1].is_whole():
            buffer = self.pack()
            self._whole = None if graph is None else (graph, buffer)

    def forget_plans(self) -> None:
        """Have its graph, and those in it, look anew through which layers a backward pass goes."""
        self.graph.forget_plans()
        super().forget_plans()

    # The passes ---------------------------------------------------------------------------------

    def forward(self, x: Any, training: bool, mask: Any) -> Any:
        """Return the output of the graph, or a list of them."""
        y, self.output_mask, self.activity_loss = self.graph.forward(x, training, mask)
        return y

    def backward(self, dy: Any, need_dx: bool) -> Any:
        """Go back through the graph, no further than is needed."""
        return self.graph.backward(dy, need_dx)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """Return the mask of the last output."""
        return self.output_mask

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the output for an array, or for a tensor without values."""
        if is_symbolic(inputs) or running.get() is not None:
            return self._structured(super().__call__(inputs, training, mask))
        self.check_input(inputs)
        x = self._inputs(inputs)
        if mask is not None:
            mask = (
                [None if m is None else np.asarray(m, bool) for m in mask]
                if isinstance(x, list)
                else np.asarray(mask, bool)
            )
        with self.step():
            self._prepare(x)
            self.pack()
            return self._structured(tensor(self.forward(x, bool(training), mask)))

    def _inputs(self, data: Any) -> Any:
        """Return what the user gives as an array or, for several inputs, a list of arrays."""
        return batches.as_array("x", data, self.input_type)


def with_rank(name: str, x: Array, shape: Shape) -> Array:
    """Return an input with an axis of size 1 more or less, where that is what is expected."""
    if x.ndim == len(shape):
        return x
    if x.ndim == len(shape) - 1 and shape[-1] == 1:
        return x[..., None]
    if x.ndim == len(shape) + 1 and x.shape[-1] == 1:
        return x[..., 0]
    raise ValueError(f"{name}: input has shape {x.shape}, expected {shape}")
