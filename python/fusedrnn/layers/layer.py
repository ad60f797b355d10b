"""The base of all layers, and the variables that they train.

The parameters of a model lie in one flat ``Buffer``, their gradients in another array of the same
length, so that an optimizer's step is one call; the layers hold views. A layer has ``build``,
``forward`` and ``backward``: forward keeps what backward needs in ``self.tape``, backward writes
the gradients of the variables and returns the gradient of the input.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from .. import _state, constraints, initializers, legacy, missing, regularizers
from .._steps import StepLock
from .._tensor import Number, TensorShape, tensor
from .._types import Array, Shape
from ..checks import flag, whole
from ..configurable import Configurable, OldArguments, _custom, lookup
from ..graph import Node, connect, is_symbolic, replaced

__all__ = ["LAYERS", "Buffer", "Layer", "Shape", "Variable", "layer_from", "sizes"]

# What runs now: the `call` of a layer, where others are called with arrays of its tape.
running: ContextVar[Any] = ContextVar("running", default=None)

PARTS: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}

# The layers by name, in snake case: ``layers`` has its own in it, ``sequential`` adds the model.
LAYERS: dict[str, type[Layer]] = {}


class Buffer:
    """All parameters of a model in one array, the trainable ones first, and their gradients."""

    def __init__(self, variables: Sequence[Variable], dtype: Any) -> None:
        self.variables = [
            *(v for v in variables if v.trainable),
            *(v for v in variables if not v.trainable),
        ]
        self.current = True  # until one of them moves to another buffer
        self.value = np.zeros(sum(v.size for v in variables), dtype)
        self.trainable_size = sum(v.size for v in variables if v.trainable)
        self.grad = np.zeros(self.trainable_size, dtype)
        start = 0
        for v in self.variables:
            v.move(self, start)
            start += v.size

    def is_whole(self) -> bool:
        """Whether all its variables are in it: another model may have taken some of them."""
        return all(
            [
                v.buffer is self
                and v.value.base is self.value
                and (not v.trainable or v.grad.base is self.grad)
                for v in self.variables
            ]
        )


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """A parameter: ``value`` and ``grad`` are views of the buffers of the model that has it.

    NumPy's functions and operators take it as an array, and where a tape runs, as part of that.
    ``Layer.add_weight`` makes it.

    Parameters
    ----------
    name : str
    value : array
        The initial values, which give shape and type.
    regularizer, constraint : object, optional
    path : str
        The layer's name and its own.

    Examples
    --------
    >>> dense = fusedrnn.layers.Dense(2, kernel_initializer="ones", name="dense")
    >>> y = dense(np.ones((1, 3)))
    >>> dense.kernel
    <Variable path=dense/kernel, shape=(3, 2), dtype=float32>
    >>> (dense.kernel + 1).tolist()
    [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    >>> dense.kernel.assign(np.zeros((3, 2)))
    """

    __eq__, __hash__ = object.__eq__, object.__hash__
    __ne__ = object.__ne__

    def __init__(
        self,
        name: str,
        value: Array,
        regularizer: Any = None,
        constraint: Any = None,
        path: str = "",
    ) -> None:
        self.name, self.path = name, path
        self.regularizer, self.constraint = regularizer, constraint
        self.trainable, self.frozen = True, False  # frozen: no optimizer ever changes it
        self.value, self.grad = value, np.zeros_like(value)
        self.shape, self.size, self.start = value.shape, value.size, 0
        self.buffer: Buffer | None = None

    def move(self, buffer: Buffer, start: int) -> None:
        """Take the values to a place in a buffer."""
        if self.buffer is not None:
            self.buffer.current = False
        end = start + self.size
        place = buffer.value[start:end].reshape(self.shape)
        place[...] = self.value
        grad = (
            buffer.grad[start:end].reshape(self.shape) if self.trainable else np.zeros_like(place)
        )
        self.value, self.grad, self.buffer, self.start = place, grad, buffer, start

    _tracked: Any = None  # what it is in the tape that runs now

    @property
    def now(self) -> Any:
        """What it stands for: the values, or these in the tape of the layer that runs."""
        return self.value if self._tracked is None else self._tracked

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*replaced(inputs, Variable, lambda v: v.now), **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*replaced(args, Variable, lambda v: v.now), **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return tensor(self.value[key]) if self._tracked is None else self._tracked[key]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type of the values."""
        dtype: np.dtype[Any] = self.value.dtype
        return dtype

    def assign(self, value: Any) -> None:
        """Overwrite the values.

        Parameters
        ----------
        value : array_like

        Raises
        ------
        ValueError
            If the shape differs.
        """
        value = np.asarray(getattr(value, "value", value))  # what a tape has computed, too
        if value.shape != self.shape:
            raise ValueError(
                f"{self.path or self.name}: value has shape {value.shape}, expected {self.shape}"
            )
        self.value[...] = value
        if self._tracked is not None:
            self._tracked = type(self._tracked)(self.value.copy())

    def assign_add(self, value: Any) -> None:
        """Add to the values.

        Parameters
        ----------
        value : array_like
            What broadcasts to them.
        """
        self.assign(self.value + value)

    def assign_sub(self, value: Any) -> None:
        """Subtract from the values.

        Parameters
        ----------
        value : array_like
            What broadcasts to them.
        """
        self.assign(self.value - value)

    def numpy(self) -> Array:
        """Return a copy of the values."""
        return self.value.copy()

    def get_shape(self) -> TensorShape:
        """Return the shape, as TensorFlow has it."""
        return TensorShape(self.shape)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype) if copy else np.asarray(self.value, dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


class Layer(Configurable, metaclass=OldArguments):
    """Base class of the layers.

    A layer of one's own has ``call``, written with NumPy, ``fusedrnn.ops`` and other layers, and,
    if it has weights, ``build``; a layer within it is an attribute.

    Parameters
    ----------
    activity_regularizer : Regularizer, str or None
        Penalty on the output, added to the loss.
    name : str, optional
        Name; by default the class in snake case, with a counter.
    trainable : bool
        Whether training changes the weights.
    dtype : str, optional
        "float32" or "float64"; by default ``backend.floatx()`` when the model is built.
    **keywords
        What a first layer may say about its input: ``input_shape``, ``batch_input_shape``,
        ``batch_shape``, ``input_dim``, ``input_length``, ``batch_size``; and initial ``weights``.

    Raises
    ------
    ValueError
        Of another ``dtype``, a keyword that is not known, or, called, an input whose shape does not
        fit.
    NotImplementedError
        If the class has no ``call``.

    Examples
    --------
    >>> class Scale(fusedrnn.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", (input_shape[-1],), "ones")
    ...
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    module = "keras.layers"
    input_rank: int | None = None  # how many axes the input must have
    integer_input = False  # whether the input is indices
    text_input = False  # whether it is texts; such layers have ``integer_input`` too
    supports_masking = True  # whether the mask of the input is that of the output
    not_in_config: tuple[str, ...] = ()  # arguments that Keras does not write
    takes_list = False  # whether input, mask and input shape are lists, even of one
    shape_of_call = False  # whether that of the output is not always `output_shape`
    activity_loss = 0.0  # of what has layers inside: their penalties in the last forward pass
    input_spec: Any = None  # what one's own code says of the inputs
    added: Sequence[Any] = ()  # what a `call` has added to the loss in it

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        **keywords: Any,
    ) -> None:
        if not isinstance(name, str | None):
            raise TypeError(f"{type(self).__name__}: name is {name!r}, expected a string")
        self.name = name or _state.auto_name(type(self).__name__)
        if isinstance(dtype, dict):  # how Keras writes it to a file
            dtype = dtype["config"]["name"]
        if dtype not in (None, "float32", "float64", np.float32, np.float64):
            raise ValueError(f"{self.name}: dtype is {dtype!r}, expected 'float32' or 'float64'")
        self.trainable, self.dtype = flag(self.name, "trainable", trainable), dtype
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.initial_weights = keywords.pop("weights", None)
        keywords.pop("autocast", None)  # between types of floats, of which there is one
        batch_shape = legacy.input_shape(self, keywords)
        self.batch_shape = None if batch_shape is None else sizes(batch_shape)
        if keywords:
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: {keywords}"
            )
        self.variables: list[Variable] = []
        self.built = False
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self.calls: list[Node] = []  # on tensors without values, of any model
        self.tape: Any = None
        self.penalized: Any = None  # the output, where there is a penalty on it
        self._lock = StepLock()

    taped: ClassVar[Any]  # the base of layers with a ``call``, which sets this itself

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a class of one's own that is not computed as a layer here a ``Taped`` one."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "form"):  # it is one already
            return
        own = cls.forward is Layer.forward and not cls.__module__.startswith("fusedrnn.")
        if "call" in vars(cls) and not own:
            raise NotImplementedError(
                f"{cls.__name__}: the layers here are not computed by `call`: write one on "
                "Layer, and call the other in it: self.inner = ..."
            )
        if own:
            cls.__bases__ = tuple(Layer.taped if base is Layer else base for base in cls.__bases__)
            cls.__init_subclass__()

    # What a layer defines -----------------------------------------------------------------------

    def build_weights(self, input_shape: Shape) -> None:
        """Create the variables."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, the batch axis included.

        Parameters
        ----------
        input_shape : tuple
            That of the input, the batch axis included.

        Returns
        -------
        tuple
        """
        return input_shape

    def forward(self, x: Array, training: bool, mask: Array | None) -> Any:
        """Return the output; with ``training``, keep in ``tape`` what backward needs."""
        raise NotImplementedError(f"{self.name}: a layer needs a `call`")

    def backward(self, dy: Array, need_dx: bool) -> Array | None:
        """Write the gradients of the variables; return the gradient of the input if needed."""
        raise NotImplementedError

    def compute_mask(self, x: Array, mask: Array | None = None) -> Array | None:
        """Return the mask that the next layer gets.

        Parameters
        ----------
        x : array
            The input.
        mask : (N, T) bool, optional
            Its mask: False where a step is to be skipped.

        Returns
        -------
        (N, T) bool or None
        """
        return mask if self.supports_masking else None

    # What all layers share ----------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """Layers inside this one."""
        return []

    @property
    def inside(self) -> list[Layer]:
        """All layers inside, where ``layers`` may leave some out."""
        return self.layers

    @property
    def weights(self) -> list[Variable]:
        """All variables, those of the layers inside included."""
        return self.variables + [v for layer in self.inside for v in layer.weights]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        self.mark_trainable(True)
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone."""
        self.mark_trainable(True)
        return [v for v in self.weights if not v.trainable]

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def losses(self) -> list[Number]:
        """The penalties: those of the last outputs, then those of the trainable weights."""
        layers = [self]
        for layer in layers:
            layers += layer.inside
        outputs = [
            layer.activity_regularizer(y) / max(len(y), 1)
            for layer in layers
            if layer.activity_regularizer is not None and layer.penalized is not None
            for y in (layer.penalized if isinstance(layer.penalized, list) else [layer.penalized])
        ]
        added = [getattr(each, "value", each) for layer in layers for each in layer.added]
        weights = [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer]
        return [Number(penalty) for penalty in (*added, *outputs, *weights)]

    @property
    def compute_dtype(self) -> str:
        """Float type of the layer, which is that of its weights too."""
        return np.dtype(self.dtype or _state.floatx()).name

    variable_dtype = compute_dtype

    def mark_trainable(self, outer: bool) -> None:
        """Tell the variables whether they are to be trained."""
        for v in self.variables:
            v.trainable = self.trainable and outer and not v.frozen
        for layer in self.inside:
            layer.mark_trainable(self.trainable and outer)

    def build(self, input_shape: Sequence[Any]) -> None:
        """Create the weights.

        Parameters
        ----------
        input_shape : tuple
            Shape of the inputs, the batch axis included, None where a size is not fixed.

        Raises
        ------
        ValueError
            If the layer cannot take inputs of this shape, or was built for another.
        """
        shape = sizes(input_shape)
        if self.input_rank is not None and len(shape) != self.input_rank:
            raise ValueError(
                f"{self.name}: input has {len(shape)} axes {shape}, expected {self.input_rank}"
            )
        if self.built and not self.fits(shape):
            raise ValueError(
                f"{self.name}: input is incompatible with the layer, which was built for inputs of "
                f"shape {self.input_shape}, got {shape}"
            )
        for inner in self.inside:
            self._lock.join(inner._lock)
        if not self.built:
            self.dtype = np.dtype(self.dtype or _state.floatx()).name
            self.build_weights(shape)
            if self.initial_weights is not None:
                self.set_weights(self.initial_weights)
        self.built, self.input_shape = True, shape
        self.output_shape = self.output_shape_of(shape)

    def fits(self, shape: Shape) -> bool:
        """Whether the layer, once built, takes inputs of a shape."""
        free = self.integer_input or self.takes_list or hasattr(self, "graph")
        return free or not self.variables or shape[-1] == self.input_shape[-1]  # type: ignore[index]

    def output_shape_of(self, shape: Any) -> Any:
        """Return the shape of the output, or a tuple of them."""
        return self.compute_output_shape(shape)

    def add_weight(
        self,
        name: str | None = None,
        shape: Any = (),
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> Variable:
        """Create a variable.

        Parameters
        ----------
        name : str, optional
            A shape may come first, as in Keras 3.
        shape : tuple or int
        initializer : str, Initializer or callable, optional
            "glorot_uniform" if not given.
        regularizer, constraint : str or object, optional
        dtype
            Accepted; it is the layer's.
        trainable : bool
            If False, no optimizer ever changes it.
        **kwargs
            Keras's others, which change nothing here.

        Returns
        -------
        Variable

        Raises
        ------
        ValueError
            If a size is None.
        """
        if isinstance(name, (tuple, list)):  # Keras 3 has the shape first
            name, shape, initializer = None, name, shape or initializer
        name = name or f"variable{f'_{len(self.variables)}' if self.variables else ''}"
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype = np.dtype(self.dtype or _state.floatx()).name
        if None in shape:
            raise ValueError(f"{self.name}: the last axis of the input must have a fixed size")
        if initializer is None:
            initializer = "glorot_uniform"
        _state.claim(f"{self.name}/{name}", math.prod(shape) * np.dtype(self.dtype).itemsize)
        value = initializers.get(initializer)(shape, self.dtype)
        variable = Variable(
            name,
            value,
            regularizers.get(regularizer),
            constraints.get(constraint),
            path=f"{self.name}/{name}",
        )
        variable.frozen = not trainable
        self.track(variable)
        return variable

    def track(self, variable: Variable) -> None:
        """Make a variable one of the layer's."""
        trained = sum(not v.frozen for v in self.variables)  # they come first
        self.variables.insert(len(self.variables) if variable.frozen else trained, variable)

    def take_parts(self, arguments: Mapping[str, Any], *parts: str) -> None:
        """Keep what a constructor got as initializer, regularizer and constraint of weights."""
        for what, module in PARTS.items():
            for part in parts:
                setattr(self, f"{part}_{what}", module.get(arguments[f"{part}_{what}"]))

    def add_part(self, name: str, shape: Any, part: str = "", wanted: bool = True) -> Any:
        """Create a variable with the initializer, regularizer and constraint of its name."""
        if not wanted:
            return None
        return self.add_weight(name, shape, *self.part(part or name))

    def part(self, name: str) -> list[Any]:
        """Return the initializer, regularizer and constraint of a weight."""
        return [getattr(self, f"{name}_{what}") for what in PARTS]

    def get_weights(self) -> list[Array]:
        """Return copies of the weights in Keras's order."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Overwrite the weights.

        Parameters
        ----------
        weights : list of arrays
            As of ``get_weights``.

        Raises
        ------
        ValueError
            If number or shapes differ; nothing is changed then.
        TypeError
            If they are no arrays of numbers.
        """
        if not isinstance(weights, Iterable):
            raise TypeError(f"{self.name}: weights is {weights!r}, expected a list of arrays")
        variables, values = self.weights, [np.asarray(w) for w in weights]
        if [v.shape for v in variables] != [w.shape for w in values]:
            raise ValueError(
                f"{self.name}: weights have shapes {[w.shape for w in values]}, "
                f"expected {[v.shape for v in variables]}"
            )
        if any(w.dtype.kind not in "fiub" for w in values):
            raise TypeError(f"{self.name}: weights have types {[w.dtype.name for w in values]}")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Put what a file has of the layer itself, without layers inside, into a dict of arrays.

        One's own layer may put in other things, which its ``load_own_variables`` takes out again.
        """
        store.update({str(k): v for k, v in enumerate(self.variables)})

    def load_own_variables(self, store: Any) -> None:
        """Take out of a dict of arrays what ``save_own_variables`` put in."""
        if len(store) != len(self.variables):
            raise ValueError(
                f"{self.name}: the file has {len(store)} variables of the layer, expected "
                f"{[v.name for v in self.variables]}"
            )
        for k, v in enumerate(self.variables):
            v.assign(store[str(k)])

    def save_assets(self, inner_path: str) -> None:
        """Write files into a folder that becomes part of the ``.keras`` archive."""

    def load_assets(self, inner_path: str) -> None:
        """Read the files that ``save_assets`` wrote."""

    def count_params(self) -> int:
        """Return the number of parameters, of layers inside too."""
        return sum(v.size for v in self.weights)

    def pack(self) -> Buffer:
        """Put all weights into one buffer, unless they are there already; return it."""
        self.mark_trainable(True)
        variables = self.weights
        buffer = variables[0].buffer if variables else None
        order = [*(v for v in variables if v.trainable), *(v for v in variables if not v.trainable)]
        if (
            buffer is None
            or buffer.variables != order
            or not buffer.is_whole()  # this is a copy of a model, or some are in another one now
            or buffer.trainable_size != sum(v.size for v in order if v.trainable)
        ):
            buffer = Buffer(variables, self.dtype or _state.floatx())
            self.forget_plans()  # of what trains
        return buffer

    def forget_plans(self) -> None:
        """Have the graphs in it look anew through which layers a backward pass goes."""
        for inner in self.inside:
            inner.forget_plans()

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the output for an array, or for a tensor without values (a graph of layers)."""
        self.check_input(inputs)
        if is_symbolic(inputs):
            return connect(self, inputs, **said(training=training, mask=mask))
        outer = running.get()
        if outer is not None:
            return outer.call(self, inputs, training, mask)
        dtype = None if self.integer_input else self.dtype or _state.floatx()
        x: Any
        if self.takes_list:
            if not isinstance(inputs, (list, tuple)):
                raise TypeError(f"{self.name}: takes a list of arrays, got {type(inputs).__name__}")
            x = [np.ascontiguousarray(each, dtype) for each in inputs]
            mask = [None if m is None else np.asarray(m, bool) for m in mask or [None] * len(x)]
            shapes: Any = [(None, *each.shape[1:]) for each in x]
        else:
            x = np.ascontiguousarray(inputs, dtype)
            mask = None if mask is None else np.asarray(mask, bool)
            shapes = (len(x) if getattr(self, "stateful", False) else None, *x.shape[1:])
        with self.step():
            if not self.built:
                self.build(shapes)
            self.pack()
            try:
                y = self.forward(x, bool(training), mask)
            except ValueError as error:
                if not self.takes_list or self.name in str(error):
                    raise
                shapes = [each.shape for each in x]
                raise ValueError(f"{self.name}: inputs of shapes {shapes}: {error}") from error
            if self.activity_regularizer is not None:
                self.penalized = y
            return tensor(y)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what calling the layer does, which is how to ask for it; as Keras has it."""
        return self(*args, **kwargs)

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError if inputs are not as ``input_spec`` says, where there is one."""
        if self.input_spec is not None:
            from .input_spec import check  # few layers have one

            check(self.name, self.input_spec, inputs)

    def step(self) -> Any:
        """Return what to hold during a step of this layer, of those in it, or of its model."""
        return self._lock.held()

    @property
    def output(self) -> Any:
        """What the layer gives in the graph that it is in: a tensor without values, or a list."""
        found = self._call().outputs
        return found[0] if len(found) == 1 else found

    @property
    def input(self) -> Any:
        """What the layer takes in the graph that it is in: a tensor without values, or a list."""
        found = self._call().inputs
        return found[0] if len(found) == 1 else found

    def _call(self) -> Node:
        if not self.calls:
            raise AttributeError(
                f"The layer {self.name} has never been called and thus has no "
                "defined input or output: it is in no model that is built"
            )
        return self.calls[0]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"calls": []}  # graphs keep what they need of them

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration of the layer."""
        config = super().get_config() | {"dtype": self.dtype or _state.floatx()}
        if config["activity_regularizer"] is None:
            del config["activity_regularizer"]
        return {key: value for key, value in config.items() if key not in self.not_in_config}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


missing.answer_attributes(Layer)


def said(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def sizes(shape: Sequence[Any], name: str = "shape") -> Any:
    """Return a shape as plain integers, None where a size is not fixed; or a list of shapes."""
    where = f"{name} is {shape!r}"
    if not isinstance(shape, Iterable):
        raise TypeError(f"{where}, expected a tuple of sizes")
    if shape and all(isinstance(each, (list, tuple)) for each in shape):
        return [sizes(each, name) for each in shape]
    return tuple(None if size is None else whole(where, "a size", size) for size in shape)


def describes_function(config: Mapping[str, Any]) -> bool:
    """Whether a dict describes a function of a graph, not a layer: .h5 files name no module."""
    name, settings = str(config.get("class_name")), config.get("config")
    if config.get("module"):
        return str(config["module"]).startswith("keras.src.ops")
    if name in _custom or not isinstance(settings, Mapping) or "trainable" in settings:
        return False
    from .. import ops

    return name == "GetItem" or _state.snake_case(name) in dir(ops)


def layer_from(config: Mapping[str, Any]) -> Layer:
    """Return the layer that Keras's dict of class name and config describes."""
    if describes_function(config):
        settings = {"function": config["class_name"]} | config["config"]
        config = {"class_name": "Operation", "config": settings}
    layer: Layer = lookup("layer", config, LAYERS)
    return layer
