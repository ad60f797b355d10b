"""Write models as ONNX files, for ONNX Runtime and every other runtime that reads them.

The files are float32, opset 17, with dynamic batch and time axes. Recurrent operators have layout
0 and ``linear_before_reset`` as the GRU needs it. A mask becomes ``sequence_lens``, so in the
exported model padding must be at the end of a row.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise ImportError("fusedrnn.onnx needs onnx: pip install onnx") from error

from . import layers, models
from ._files import write
from ._state import an
from ._types import Array
from .cells import CELLS
from .convert import RecurrentWeights, weights_of
from .layers.rnn import Recurrent

__all__ = ["export"]

OPSET = 17
IR_VERSION = 8  # of the same age as the opset
TOLERANCE = 1e-4  # of the check, relative to the largest output

# Cell -> its operator, and where its activations are an operator's: f that of the gates, g the
# other. PyTorch's layers name their cell in `mode`.
OPERATORS = {"lstm": ("LSTM", "fgg"), "gru": ("GRU", "fg"), "rnn": ("RNN", "g")}
TORCH_MODES = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn", "RNN_RELU": "rnn"}

# Names of our activations -> operator and attributes.
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "relu": ("Relu", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_sigmoid_keras2": ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}),
    "elu": ("Elu", {"alpha": 1.0}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "selu": ("Selu", {}),
    "exponential": ("Exp", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "linear": ("Affine", {"alpha": 1.0, "beta": 0.0}),  # in cells; elsewhere it is nothing at all
}
IN_CELLS = {"tanh", "sigmoid", "relu", "softplus", "softsign", "hard_sigmoid",
            "hard_sigmoid_keras2", "elu", "leaky_relu", "linear"}  # fmt: skip


def export(
    model: Any, path: Any, *, lengths: bool = False, states: bool = False, check: bool = True
) -> float | None:
    """Write a model to an ONNX file.

    Parameters
    ----------
    model : Sequential, or LSTM, GRU or RNN of PyTorch or of ``fusedrnn.torch``
        The input of a Sequential is ``x`` and its output ``y``. A PyTorch layer has the inputs and
        outputs of its ``forward``: ``input``, and ``output``, ``h_n`` and for an LSTM ``c_n``.
    path : path-like
        Replaced only when the file is complete and checked.
    lengths : bool
        Give a PyTorch layer an input ``lengths``, int32 (N,), for padded rows.
    states : bool
        Give a PyTorch layer the inputs ``h_0`` and for an LSTM ``c_0``.
    check : bool
        If ONNX Runtime is installed, run the file in it and compare with the model.

    Returns
    -------
    float or None
        Largest difference of an output, relative to the largest output; None if not run.

    Raises
    ------
    ValueError
        If a layer has no equivalent in ONNX; the message names it.
    RuntimeError
        If ONNX Runtime's results differ from the model's. Nothing is written then.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     difference = fusedrnn.onnx.export(model, os.path.join(folder, "model.onnx"))
    """
    graph = _Graph()
    if isinstance(model, models.Sequential):
        if lengths or states:
            raise ValueError("export: lengths and states are for PyTorch layers")
        run = _sequential(graph, model)
    else:
        run = _torch(graph, model, lengths, states)
    proto = graph.model()
    onnx.checker.check_model(proto, full_check=True)
    data = proto.SerializeToString()
    difference = None
    if check and importlib.util.find_spec("onnxruntime"):
        difference = _compare(data, graph, run)
    write(path, lambda file: file.write_bytes(data))
    return difference


class _Graph:
    """An ONNX graph under construction. Values are known by their names."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.samples: dict[str, Array] = {}  # an example of each input

    def add(self, op: str, *inputs: str | Array, outputs: int = 1, **attributes: Any) -> Any:
        """Add an operator; return the name of its output, or a list of them."""
        names = [f"{op}_{len(self.nodes)}_{k}" for k in range(outputs)]
        given = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(op, given, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, array: Array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def input(self, name: str, shape: Sequence[Any], sample: Array) -> str:
        kind = helper.np_dtype_to_tensor_dtype(sample.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        self.samples[name] = sample
        return name

    def output(self, value: str, name: str, shape: Sequence[Any]) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self) -> Any:
        graph = helper.make_graph(
            self.nodes, "fusedrnn", self.inputs, self.outputs, initializer=self.constants
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="fusedrnn"
        )


def _integers(*values: int) -> Array:
    return np.array(values, np.int64)


def _float32(a: Any) -> Array:
    return np.asarray(a, np.float32)


def _recurrent(
    graph: _Graph,
    x: str,
    directions: Sequence[RecurrentWeights],
    reverse: bool = False,
    lengths: str = "",
    states: Sequence[str] = (),
    activations: Sequence[str] = (),
) -> list[str]:
    """Add a recurrent operator on x (T, N, I); return Y (T, D, N, H), final states (D, N, H)."""
    cell = CELLS[directions[0].cell]
    parts = [w.to_onnx() for w in directions]
    W, R, B = ("" if p[0] is None else _float32(np.stack(p)) for p in zip(*parts, strict=True))
    attributes: dict[str, Any] = {
        "hidden_size": directions[0].recurrent_kernel.shape[0],
        "direction": "bidirectional"
        if len(directions) == 2
        else "reverse"
        if reverse
        else "forward",
    }
    if "reset_after" in cell.options:
        attributes["linear_before_reset"] = int(directions[0].reset_after)
    if activations:
        ops = [ACTIVATIONS[name] for name in activations]
        attributes["activations"] = [op for op, _ in ops]
        for name in ("alpha", "beta"):
            values = [a[name] for _, a in ops if name in a]
            if values:
                attributes[f"activation_{name}"] = values
    y: list[str] = graph.add(
        OPERATORS[cell.name][0], x, W, R, B, lengths, *states,
        outputs=1 + cell.states, **attributes,
    )  # fmt: skip
    return y


# Sequential ---------------------------------------------------------------------------------------


def _sequential(
    graph: _Graph, model: models.Sequential
) -> Callable[[dict[str, Array]], list[Array]]:
    if not model.built:
        raise ValueError(f"export: model {model.name} is not built; fit it or give it an Input")
    flat = list(_layers(model))
    if model.integer_input and not isinstance(flat[0], layers.Embedding):
        name, kind = flat[0].name, type(flat[0]).__name__
        raise ValueError(
            f"export: {name} is {an(kind)}, which is not exported: call it before the model of the "
            "layers after it"
        )
    shape = list(model.input_shape or ())
    fixed = any(isinstance(layer, layers.Reshape | layers.Permute) for layer in flat)
    T = shape[1] if len(shape) > 1 else None
    shape[0] = "batch"
    if len(shape) == 3 or model.integer_input:
        shape[1] = T if fixed and T else "time"
    sizes = [3, *(s if isinstance(s, int) else T or 6 for s in shape[1:])]
    rng = np.random.default_rng(0)
    if model.integer_input:
        sample = rng.integers(1, flat[0].input_dim, sizes).astype(np.int64)
    else:
        sample = rng.normal(size=sizes).astype(np.float32)
    if isinstance(flat[0], layers.Masking):
        sample[0, sizes[1] // 2 :] = flat[0].mask_value
    elif getattr(flat[0], "mask_zero", False):
        sample[0, sizes[1] // 2 :] = 0
    x, mask = graph.input("x", shape, sample), ""
    for layer in flat:
        x, mask = _layer(graph, layer, x, mask)
    graph.output(x, "y", ["batch", *(s or "time" for s in (model.output_shape or ())[1:])]
                 if fixed else ["batch", *_dynamic(model.output_shape)])  # fmt: skip
    return lambda inputs: [np.asarray(model(inputs["x"]))]


def _dynamic(shape: Any) -> list[Any]:
    """Sizes after the batch axis; time, if there is one, is not fixed."""
    return ["time", *shape[2:]] if len(shape) == 3 else list(shape[1:])


def _layers(model: models.Sequential) -> Any:
    for layer in model.layers:
        yield from _layers(layer) if isinstance(layer, models.Sequential) else [layer]


def _layer(graph: _Graph, layer: Any, x: str, mask: str) -> tuple[str, str]:
    """Add a layer; return its output and the mask (N, T) for what follows, "" for none."""
    for each in (layer, *getattr(layer, "layers", ())):
        if not type(each).__module__.startswith("fusedrnn."):  # it may compute something else
            raise ValueError(f"export: {each.name} is {an(type(each))}, which is not exported")
    match layer:
        case layers.Bidirectional() | Recurrent():
            return _recurrent_layer(graph, layer, x, mask)
        case layers.Dense():
            return _dense(graph, layer, x), mask
        case layers.TimeDistributed(layer=layers.Dense() as inner):
            return _dense(graph, inner, x), mask
        case layers.Activation():
            return _activation(graph, layer, layer.activation, x), mask
        case layers.Dropout():
            return x, mask
        case layers.Masking():
            equal = graph.add("Equal", x, _float32(layer.mask_value))
            kept = graph.add("Cast", graph.add("Not", equal), to=TensorProto.FLOAT)
            valid = graph.add("ReduceMax", kept, axes=[-1], keepdims=1)
            mask = graph.add("Squeeze", valid, _integers(-1))
            return graph.add("Mul", x, valid), graph.add("Cast", mask, to=TensorProto.BOOL)
        case layers.Embedding():
            if layer.mask_zero:
                mask = graph.add("Not", graph.add("Equal", x, _integers(0)))
            return graph.add("Gather", _float32(layer.embeddings.value), x), mask
        case layers.LayerNormalization() if layer.axis == -1 and not layer.rms_scaling:
            size = (layer.input_shape or ())[-1]
            gamma = np.ones(size) if layer.gamma is None else layer.gamma.value
            beta = np.zeros(size) if layer.beta is None else layer.beta.value
            normal = graph.add(
                "LayerNormalization", x, _float32(gamma), _float32(beta), epsilon=layer.epsilon
            )
            return normal, mask
        case layers.Reshape():
            return graph.add("Reshape", x, _integers(0, *layer.target_shape)), ""
        case layers.Permute():
            return graph.add("Transpose", x, perm=[0, *layer.dims]), ""
        case layers.RepeatVector():
            row = graph.add("Unsqueeze", x, _integers(1))
            return graph.add("Tile", row, _integers(1, layer.n, 1)), ""
    raise ValueError(f"export: {layer.name} is {an(type(layer))}, which is not exported")


def _activation(graph: _Graph, layer: Any, activation: Any, x: str) -> str:
    name = activation.__name__
    if name == "linear":
        return x
    if name == "silu":
        silu: str = graph.add("Mul", x, graph.add("Sigmoid", x))
        return silu
    if name not in ACTIVATIONS:
        raise ValueError(f"export: {layer.name} has the activation {name!r}, which is not exported")
    op, attributes = ACTIVATIONS[name]
    y: str = graph.add(op, x, **attributes)
    return y


def _dense(graph: _Graph, layer: Any, x: str) -> str:
    y = graph.add("MatMul", x, _float32(layer.kernel.value))
    if layer.bias is not None:
        y = graph.add("Add", y, _float32(layer.bias.value))
    return _activation(graph, layer, layer.activation, y)


MERGE = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}


def _recurrent_layer(graph: _Graph, layer: Any, x: str, mask: str) -> tuple[str, str]:
    wrapped = isinstance(layer, layers.Bidirectional)
    directions = [layer.forward_layer, layer.backward_layer] if wrapped else [layer]
    first = directions[0]
    for what in ("stateful", "return_state"):
        if getattr(first, what):
            raise ValueError(f"export: {layer.name} has {what}=True, which is not exported")
    kinds = {(type(d), d.units, d.path, getattr(d, "reset_after", True)) for d in directions}
    if len(kinds) > 1 or (wrapped and (first.go_backwards or layer.merge_mode is None)):
        raise ValueError(f"export: {layer.name} has two directions that one operator cannot take")
    if mask and first.zero_output_for_mask and not first.return_sequences:
        raise ValueError(f"export: {layer.name} has zero_output_for_mask, which is not exported")
    activations: list[str] = []
    for direction in directions:
        functions = {"f": direction.recurrent_activation, "g": direction.activation}
        names = {k: f.__name__ for k, f in functions.items() if f is not None}
        if not set(names.values()) <= IN_CELLS:
            raise ValueError(
                f"export: {layer.name} has the activations "
                f"{' and '.join(map(repr, names.values()))}"
            )
        activations += [names[k] for k in OPERATORS[direction.cell.name][1]]

    lengths = ""
    if mask:
        lengths = graph.add("Cast", mask, to=TensorProto.INT32)
        lengths = graph.add("ReduceSum", lengths, _integers(1), keepdims=0)
    y, h = _recurrent(
        graph,
        graph.add("Transpose", x, perm=[1, 0, 2]),
        [_weights(d) for d in directions],
        first.go_backwards,
        lengths,
        activations=activations,
    )[:2]
    concat = not wrapped or layer.merge_mode == "concat"
    last = graph.add("Transpose", h, perm=[1, 0, 2])  # (N, D, H)
    y = graph.add("Transpose", y, perm=[2, 0, 1, 3])  # (N, T, D, H)
    value, axis = (y, 2) if first.return_sequences else (last, 1)
    if concat:
        value = graph.add("Reshape", value, _integers(*[0] * axis, -1))
    elif layer.merge_mode == "sum":
        value = graph.add("ReduceSum", value, _integers(axis), keepdims=0)
    else:
        value = graph.add(MERGE[layer.merge_mode], value, axes=[axis], keepdims=0)
    if not first.return_sequences:
        return value, ""
    if mask and not first.zero_output_for_mask and not first.go_backwards:
        # After the end the output repeats the last one; ONNX has zeros there.
        valid = graph.add("Unsqueeze", mask, _integers(2))
        value = graph.add("Where", valid, value, last)  # (N, 1, H) beside (N, T, H)
    if first.go_backwards and not wrapped:  # Keras has the order of processing
        lowest = np.iinfo(np.int64).min
        value = graph.add(
            "Slice", value, _integers(-1), _integers(lowest), _integers(1), _integers(-1)
        )
    return value, mask


def _weights(layer: Recurrent) -> RecurrentWeights:
    return RecurrentWeights(
        cell=layer.cell.name,
        kernel=layer.kernel.value,
        recurrent_kernel=layer.recurrent_kernel.value,
        bias=None if layer.bias is None else np.asarray(layer.bias.value),
        reset_after=getattr(layer, "reset_after", True),
        activation=layer.activation.__name__,
    )


# PyTorch ------------------------------------------------------------------------------------------


def _torch(
    graph: _Graph, module: Any, lengths: bool, states: bool
) -> Callable[[dict[str, Array]], list[Array]]:
    mode = getattr(module, "mode", None)
    if mode not in TORCH_MODES:
        raise ValueError(
            f"export: {type(module).__name__} is neither a Sequential nor a PyTorch LSTM, GRU or "
            "RNN"
        )
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    weights: list[RecurrentWeights] = weights_of(module)  # type: ignore[assignment]
    I, H, L, D = (module.input_size, module.hidden_size, module.num_layers,
                  1 + module.bidirectional)  # fmt: skip
    names = {"f": "sigmoid", "g": weights[0].activation}
    activations = [names[k] for k in OPERATORS[TORCH_MODES[mode]][1]] * D
    T, N, count = 6, 3, CELLS[TORCH_MODES[mode]].states
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Array:
        return rng.normal(size=shape).astype(np.float32)

    axes = ["batch", "time"] if module.batch_first else ["time", "batch"]
    x = graph.input("input", [*axes, I], draw(*((N, T) if module.batch_first else (T, N)), I))
    given = [
        graph.input(f"{name}_0", [L * D, "batch", H], draw(L * D, N, H))
        for name in ("h", "c")[: count * states]
    ]
    seq = graph.input("lengths", ["batch"], np.array([T, 2, 4], np.int32)) if lengths else ""
    if module.batch_first:
        x = graph.add("Transpose", x, perm=[1, 0, 2])
    finals = []
    for layer in range(L):
        k = layer * D
        own = [graph.add("Slice", s, _integers(k), _integers(k + D), _integers(0)) for s in given]
        x, *final = _recurrent(
            graph, x, weights[k : k + D], lengths=seq, states=own, activations=activations
        )
        finals.append(final)
        x = graph.add("Transpose", x, perm=[0, 2, 1, 3])
        x = graph.add("Reshape", x, _integers(0, 0, -1))
    if module.batch_first:
        x = graph.add("Transpose", x, perm=[1, 0, 2])
    graph.output(x, "output", [*axes, D * H])
    for name, parts in zip(("h_n", "c_n"), zip(*finals, strict=True), strict=False):
        value = graph.add("Concat", *parts, axis=0)
        graph.output(value, name, [L * D, "batch", H])

    def run(inputs: dict[str, Array]) -> list[Array]:
        dtype = module.weight_ih_l0.dtype
        tensors = {k: torch.from_numpy(v) for k, v in inputs.items()}
        hx = tuple(tensors[name].to(dtype) for name in given)
        value = tensors["input"].to(dtype)
        if lengths:
            value = pack_padded_sequence(
                value, tensors["lengths"].long(), module.batch_first, enforce_sorted=False
            )
        training = module.training
        try:
            with torch.no_grad():
                y, final = module.eval()(value, (hx if count > 1 else hx[0]) if states else None)
        finally:
            module.train(training)
        y = pad_packed_sequence(y, module.batch_first)[0] if lengths else y
        return [t.numpy() for t in (y, *(final if count > 1 else (final,)))]

    return run


def _compare(data: bytes, graph: _Graph, run: Callable[[dict[str, Array]], list[Array]]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = 0.0
    for output, got, expected in zip(
        graph.outputs, session.run(None, graph.samples), run(graph.samples), strict=True
    ):
        if got.shape != expected.shape:
            raise RuntimeError(
                f"export: ONNX Runtime's {output.name} has shape {got.shape}, the model's "
                f"{expected.shape}"
            )
        difference = float(np.abs(got - expected).max() / max(np.abs(expected).max(), 1e-6))
        if not difference <= TOLERANCE:
            raise RuntimeError(
                f"export: ONNX Runtime's {output.name} differs from the model's by {difference:.2g}"
            )
        worst = max(worst, difference)
    return worst
