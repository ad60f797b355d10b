"""Fused kernels under unmodified Keras 3, on its torch and JAX backends.

After :func:`enable`, every LSTM, GRU and SimpleRNN layer of Keras, in models of any kind, runs its
loop over time on the fused kernels, with masks, dropout and ``reset_after=False`` too. What has no
fused kernel stays Keras's own; :func:`path` says which, and why. It replaces a private method, so
it refuses a version of Keras that it was not tested with.

Not here: what a backend's tensors need, which is in ``fusedrnn.torch.keras`` and
``fusedrnn.jax.keras``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

try:
    import keras
except ImportError as error:
    raise ImportError(
        "fusedrnn.keras.enable needs Keras on torch or JAX: pip install torch keras, or jax keras. "
        "Without them, replace keras by fusedrnn in the script's imports"
    ) from error

from .cells import BY_LAYER

__all__ = ["disable", "enable", "path"]

TESTED = ("3.15.",)
ENGINES = {"torch": "fusedrnn.torch.keras", "jax": "fusedrnn.jax.keras"}

CELL_OF = {getattr(keras.layers, name): cell for name, cell in BY_LAYER.items()}

_own_loops: dict[Any, Any] = {}


def enable() -> None:
    """Run Keras's recurrent layers on the fused kernels, in models made before or after.

    A model that JAX has compiled stays as it is: enable before the first fit or predict.

    Raises
    ------
    RuntimeError
        If Keras runs on another backend than torch or JAX, or has an untested version.
    ImportError
        On JAX, if the core was built without its calls for JAX.

    Examples
    --------
    >>> import fusedrnn.keras
    >>> fusedrnn.keras.enable()  # doctest: +SKIP
    """
    backend = keras.backend.backend()
    if backend not in ENGINES:
        raise RuntimeError(
            f"fusedrnn.keras: Keras runs on {backend}, expected the torch or jax backend: "
            "set the environment variable KERAS_BACKEND=torch before importing keras, or replace "
            "keras by fusedrnn in the script's imports, which is faster than any backend"
        )
    if not keras.__version__.startswith(TESTED):
        raise RuntimeError(
            f"fusedrnn.keras: not tested with Keras {keras.__version__}, expected one of "
            f"{', '.join(v + '*' for v in TESTED)}"
        )
    _engine().check()
    for layer in CELL_OF:
        if layer not in _own_loops:
            _own_loops[layer] = layer.inner_loop
            layer.inner_loop = _loop


def disable() -> None:
    """Give Keras its own loops back."""
    for layer, own in _own_loops.items():
        del layer.inner_loop
        if layer.inner_loop is not own:  # SimpleRNN's is that of its base
            layer.inner_loop = own
    _own_loops.clear()


def path(layer: Any, training: bool = False) -> str:
    """Return "fused", or "keras: " and the reason why the layer's own loop runs.

    Whatever it says, on torch an input of a few steps runs in Keras's loop while gradients of large
    weights are recorded: there they are all the work, and torch's are the faster ones.

    Parameters
    ----------
    layer : keras layer
        An LSTM, GRU or SimpleRNN.
    training : bool
        Whether it is to run as in ``fit``.
    """
    if type(layer).inner_loop is not _loop:
        return "keras: fusedrnn.keras is not enabled, or the layer has a loop of its own"
    cell = layer.cell
    if not type(cell).__module__.startswith("keras."):
        return f"keras: {type(cell).__name__} is a cell of its own"
    gates = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
    if _name(cell.activation) is None or _name(gates) != "sigmoid":
        return "keras: the activations are not tanh, relu, sigmoid or linear with sigmoid gates"
    if training and cell.dropout and getattr(cell, "implementation", 2) == 1:
        return "keras: dropout with implementation=1 has a mask for each gate, with no fused kernel"
    if getattr(layer, "use_cudnn", "auto") not in ("auto", True):
        return "keras: use_cudnn=False asks for the plain loop"
    if cell.compute_dtype not in ("float32", "float64"):
        return f"keras: the compute dtype is {cell.compute_dtype}"
    return "fused"


def _engine() -> Any:
    return import_module(ENGINES[keras.backend.backend()])


def _name(function: Any) -> str | None:
    """Return which of the kernels' activations a function is, if any."""
    for name in ("tanh", "relu", "sigmoid", "linear"):
        places = (keras.activations, keras.ops, *_engine().FUNCTIONS)
        if function in [getattr(place, name, None) for place in places]:
            return name
    return None


def _loop(self: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
    """Run the layer over time: last output, outputs in order of processing, final states."""
    kind = next(c for c in type(self).__mro__ if c in _own_loops)
    own, cell, engine = _own_loops[kind], self.cell, _engine()
    if engine.own_is_faster(sequences, cell):  # first of all, so as to add little to what is little
        return own(self, sequences, initial_state, mask, training)
    x = keras.ops.convert_to_tensor(sequences)
    if path(self, training) != "fused" or not engine.takes(x):
        return own(self, sequences, initial_state, mask, training)
    weights = [cell.kernel, cell.recurrent_kernel] + ([cell.bias] if cell.use_bias else [])
    weights = [keras.ops.convert_to_tensor(w) for w in weights]
    dtype = cell.compute_dtype  # which the weights have, inside of a call
    if isinstance(mask, list | tuple):
        mask = mask[0]
    states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
    states = [keras.ops.cast(state, dtype) for state in states]
    if self.stateful:  # which assigns its states in place, while the call holds those it began with
        states = [engine.copy(state) for state in states]
    if training and cell.dropout:
        x = x * cell.get_dropout_mask(x[:, 0, :])[:, None]
    drops = None
    if training and cell.recurrent_dropout:
        drops = cell.get_recurrent_dropout_mask(states[0])
        drops = drops if isinstance(drops, list) else [drops]  # one for each gate
        drops = keras.ops.cast(keras.ops.stack(drops), dtype)
    if mask is not None:
        mask = keras.ops.cast(mask, "bool")
    y, *final = engine.run(
        CELL_OF[kind].name,
        keras.ops.cast(x, dtype),
        weights,
        states,
        mask,
        drops,
        reverse=self.go_backwards,
        reset_after=getattr(cell, "reset_after", True),
        activation=_name(cell.activation) or "tanh",
    )
    if mask is not None and self.zero_output_for_mask:
        y = y * keras.ops.cast(mask, dtype)[:, :, None]
    last = y[:, 0 if self.go_backwards else -1]
    if not self.return_sequences:
        return last, last[:, None], final
    return last, keras.ops.flip(y, 1) if self.go_backwards else y, final
