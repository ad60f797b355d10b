"""ONNX Runtime: a graph of one recurrent node. It does not train and has no float64."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from ..case import Case
from ..cells import reorder
from ..contestant import Contestant


class Node(NamedTuple):
    operator: str
    order: tuple[int, ...]  # of the gates
    attributes: dict[str, int]


NODES = {
    "lstm": Node("LSTM", (0, 3, 1, 2), {}),  # i o f g
    "gru": Node("GRU", (0, 1, 2), {"linear_before_reset": 1}),
    "gru_before": Node("GRU", (0, 1, 2), {"linear_before_reset": 0}),
    "rnn": Node("RNN", (0,), {}),
}


def contestant(case: Case, threads: int) -> Contestant | None:
    """ONNX Runtime's entry."""
    if case.task not in ("inference", "step") or case.dtype != "float32":
        return None
    if case.cell not in NODES:
        return None
    session, feed, outputs = _session(case, threads), _feed(case), _outputs(case)

    def answer(out: list[np.ndarray]) -> dict[str, np.ndarray]:
        return {k.lower().removeprefix("y_"): v[:, 0] if k == "Y" else v[0]
                for k, v in zip(outputs, out, strict=True)}  # fmt: skip

    return Contestant(lambda: session.run(outputs, feed), answer)


def _outputs(case: Case) -> list[str]:
    return [f"Y_{name}" for name in case.states] if case.task == "step" else ["Y"]


def _feed(case: Case) -> dict[str, np.ndarray]:
    feed = {"X": case.data["x"]}
    if case.ragged:
        feed["sequence_lens"] = case.lengths.astype(np.int32)
    if case.task == "step":
        feed |= {f"initial_{name}": state[None] for name, state in case.states.items()}
    return feed


def _session(case: Case, threads: int) -> Any:
    data, feed, node_of = case.data, _feed(case), NODES[case.cell]
    weights = {
        "W": reorder(data["kernel"], node_of.order).T[None],
        "R": reorder(data["recurrent_kernel"], node_of.order).T[None],
        "B": np.concatenate([reorder(b, node_of.order) for b in case.both_biases])[None],
    }
    inputs = ["X", "W", "R", "B", "sequence_lens", *(f"initial_{name}" for name in case.states)]
    names = [n if n in weights or n in feed else "" for n in inputs]
    outputs = [n if n in _outputs(case) else "" for n in ("Y", *(f"Y_{s}" for s in case.states))]
    attributes = {"hidden_size": case.shape.H, **node_of.attributes}
    node = helper.make_node(node_of.operator, names, outputs, **attributes)
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
