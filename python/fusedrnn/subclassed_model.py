"""Subclassed: a model with a ``call`` of one's own, which runs as a layer of one's own does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from . import batches
from ._state import snake_case
from .configurable import arguments, custom_object_scope
from .graph import Slot, like
from .layers.layer import Layer
from .layers.taped import Taped
from .model import Model

OWN_STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")


class Subclassed(Taped, Model):
    """What a subclass of ``Model`` is: its layers are attributes, and ``call`` calls them.

    ``call`` takes one argument, an array or a list, tuple or dict of arrays, and, if it likes,
    ``training`` and ``mask``. It runs anew for every batch, so that it may do what Python does; it
    may be written with layers, NumPy, ``fusedrnn.ops`` and ``fusedrnn.backend``.

    Parameters
    ----------
    *args, **kwargs
        Inputs and outputs, where it is a graph after all; else ``name``, ``trainable``, ``dtype``.

    Raises
    ------
    NotImplementedError
        If the class has a ``train_step`` of its own, or the like: what happens to a batch is
        ``fit``'s.

    Examples
    --------
    >>> class Forecast(fusedrnn.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.lstm, self.dense = fusedrnn.layers.LSTM(8), fusedrnn.layers.Dense(1)
    ...
    ...     def call(self, x):
    ...         return x[:, -1, :1] + self.dense(self.lstm(x))
    >>> model = Forecast()
    >>> model.predict(np.zeros((4, 10, 3)), verbose=0).shape
    (4, 1)
    """

    module = "keras"
    _output_known = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) == 1 and args[0] is self:  # super().__init__(self), as Keras 2 took it
            args = ()
        for name in OWN_STEPS:
            if hasattr(type(self), name):
                raise NotImplementedError(
                    f"{type(self).__name__}: a {name} of its own is beyond fusedrnn, which has no "
                    "GradientTape: say what is to be minimised by compile(loss=...) or, within "
                    "call, by add_loss"
                )
        if args or "inputs" in kwargs or "outputs" in kwargs:  # a graph after all
            cls = type(self)
            while Subclassed not in cls.__bases__:
                cls = next(base for base in cls.__bases__ if issubclass(base, Subclassed))
            own = [Model.functional if base is Subclassed else base for base in cls.__bases__]
            cls.__bases__ = tuple(own)
            Model.functional.__init__(self, *args, **kwargs)
            return
        self._trainable = True
        super().__init__(**kwargs)

    @property
    def _layers(self) -> Sequence[Layer]:  # type: ignore[override]
        return self.inside

    def named_layers(self) -> dict[str, Layer]:
        """Return them by where a file has them.

        As Keras, which looks through a model's attributes by the alphabet, ``layers`` among them.
        """
        seen: Counter[str] = Counter()
        found = {}
        for where, layer in super().named_layers().items():
            kind = snake_case(type(layer).__name__)
            listed = f"layers/{kind}_{seen[kind]}" if seen[kind] else f"layers/{kind}"
            found[where if where < "layers" else listed] = layer
            seen[kind] += 1
        return found

    def _traced(self) -> Any:
        raise AttributeError(f"Model {self.name} has a `call` of its own, so no symbolic tensors")

    def forget_plans(self) -> None:
        """Have the graphs in it look anew through which layers a backward pass goes."""
        Layer.forget_plans(self)

    # What it takes and gives ----------------------------------------------------------------------

    def _entries(self, x: Any) -> Any:
        """Return arrays of what the user gives, and build by the first; `call` gets its form."""
        arrays: list[Any] = []

        def form(part: Any) -> Any:
            if part is None:  # what may be missing
                return None
            if isinstance(part, Mapping):
                return {key: form(each) for key, each in part.items()}
            if batches.is_list(part):
                return like(part, [form(each) for each in part])
            a = batches.as_array("x", part, None)
            arrays.append(a.astype(self.float_type, copy=False) if a.dtype.kind == "f" else a)
            return Slot(len(arrays) - 1)

        self.form = (form(x),), {}
        self.takes_list = several = not isinstance(self.form[0][0], Slot)
        if not self.built:
            self._types = [a.dtype for a in arrays]
            shapes = self._shapes_of(arrays)
            with self.step():
                self.build(shapes if several else shapes[0])
        return arrays if several else arrays[0]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for an input: a subclass says how, at the latest when it is called."""
        raise NotImplementedError(f"{type(self).__name__}: a model needs a `call`")

    def _prepare(self, x: Any) -> None:
        """Accept any shape: `call` says what fits."""

    def build_weights(self, input_shape: Any) -> None:  # noqa: D102
        if isinstance(input_shape, list) and not self.takes_list:  # by hand, or out of a file
            self.form, self.takes_list = (([Slot(k) for k in range(len(input_shape))],), {}), True
        super().build_weights(input_shape)

    def output_shape_of(self, input_shape: Any) -> Any:  # noqa: D102
        shape = super().output_shape_of(input_shape)
        if shape and isinstance(shape[0], tuple):
            self._head_names = self._names or [f"output_{k + 1}" for k in range(len(shape))]
        self._output_known = True
        if self.compiled:
            self._make_heads()
        return shape

    @property
    def _output_form(self) -> Any:
        slots = [Slot(k) for k in range(len(self._head_names))]
        return slots if len(slots) > 1 else slots[0]

    def _make_heads(self) -> None:
        if self._output_known:  # else it is not yet known how many outputs there are
            super()._make_heads()

    def _run(self, xs: Sequence[Any], masks: Sequence[Any], training: bool) -> Any:
        y = super()._run(xs, masks, training)
        self._names: list[str] = []
        if isinstance(y, Mapping):
            self._names, y = list(y), list(y.values())
        kept = [self._now.mask_of(each) for each in (y if isinstance(y, list) else [y])]
        self.output_mask = kept if isinstance(y, list) else kept[0]
        return y

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """Return the mask of the last output."""
        return self.output_mask

    def _structured(self, outputs: Any) -> Any:
        return dict(zip(self._names, outputs, strict=True)) if self._names else outputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for arrays, or for tensors without values (a graph of layers)."""
        return self._structured(super().__call__(*args, **kwargs))

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """Build the model that ``get_config`` described, with new weights."""
        with custom_object_scope(custom_objects or {}):
            return cls(**{key: value for key, value in config.items() if key in arguments(cls)})


Model.subclassed = Subclassed
