"""ONNX Runtime: a graph of one LSTM or GRU node. It does not train and has no float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from .case import Case
from .contestant import Contestant

NAME = "ONNX Runtime"


def contestant(case: Case, threads: int) -> Contestant | None:
    """ONNX Runtime's entry."""
    if case.task not in ("inference", "step") or case.dtype != "float32":
        return None
    session, feed, outputs = _session(case, threads), _feed(case), _outputs(case)

    def answer(out: list[np.ndarray]) -> dict[str, np.ndarray]:
        return {k.lower().removeprefix("y_"): v[:, 0] if k == "Y" else v[0]
                for k, v in zip(outputs, out, strict=True)}  # fmt: skip

    return Contestant(NAME, lambda: session.run(outputs, feed), answer)


def _outputs(case: Case) -> list[str]:
    if case.task == "step":
        return ["Y_h", "Y_c"] if case.cell == "lstm" else ["Y_h"]
    return ["Y"]


def _feed(case: Case) -> dict[str, np.ndarray]:
    feed = {"X": case.data["x"]}
    if case.ragged:
        feed["sequence_lens"] = case.lengths.astype(np.int32)
    if case.task == "step":
        feed["initial_h"] = case.data["h"][None]
        if case.cell == "lstm":
            feed["initial_c"] = case.data["c"][None]
    return feed


def _gates(case: Case, a: np.ndarray) -> np.ndarray:
    """Gates in ONNX's order from ours: i o f g for i f g o; a GRU's are the same."""
    if case.cell != "lstm":
        return a
    i, f, g, o = np.split(a, 4, axis=-1)
    return np.concatenate([i, o, f, g], axis=-1)


def _session(case: Case, threads: int) -> Any:
    data, feed = case.data, _feed(case)
    bias = data["bias"] if case.cell == "gru" else [data["bias"], np.zeros_like(data["bias"])]
    weights = {
        "W": _gates(case, data["kernel"]).T[None],
        "R": _gates(case, data["recurrent_kernel"]).T[None],
        "B": np.concatenate([_gates(case, b) for b in bias])[None],
    }
    states = 2 if case.cell == "lstm" else 1
    inputs = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c"][: 5 + states]
    names = [n if n in weights or n in feed else "" for n in inputs]
    attributes = {"hidden_size": case.shape.H}
    if case.cell != "lstm":
        attributes["linear_before_reset"] = int(case.cell == "gru")
    outputs = [n if n in _outputs(case) else "" for n in ("Y", "Y_h", "Y_c")[: 1 + states]]
    node = helper.make_node(case.cell.split("_")[0].upper(), names, outputs, **attributes)
    types = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("int32"): TensorProto.INT32}
    graph = helper.make_graph(
        [node], "rnn",
        [helper.make_tensor_value_info(k, types[v.dtype], v.shape) for k, v in feed.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in _outputs(case)],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers)
