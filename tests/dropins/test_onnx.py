"""fusedrnn.onnx: files that ONNX Runtime runs to our numbers."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

import fusedrnn.onnx  # noqa: E402
from fusedrnn import Sequential, layers  # noqa: E402

RNG = np.random.default_rng(0)
cells = pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])


def model_of(*parts, shape=(None, 3)):
    model = Sequential([layers.Input(shape), *parts])
    model.set_weights(
        [0.4 * RNG.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    )
    return model


def run(path, **inputs):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def check(model, tmp_path, *inputs):
    path = tmp_path / "model.onnx"
    difference = fusedrnn.onnx.export(model, path)
    assert difference is not None
    assert difference < 1e-5
    for x in inputs:  # other batches and times than the export saw
        np.testing.assert_allclose(run(path, x=x)[0], model(x), rtol=1e-4, atol=1e-5)
    return onnx.load(path)


def batches(*more):
    return [RNG.normal(size=s).astype("float32") for s in ((1, 4, 3), (5, 11, 3), *more)]


@cells
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"go_backwards": True, "return_sequences": True},
        {"use_bias": False},
        {"reset_after": False},
        {"activation": "relu"},
        {"activation": "sigmoid", "go_backwards": True},
        {"activation": "elu"},
        {"activation": None, "return_sequences": True},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
        {"activation": None, "recurrent_activation": "hard_sigmoid"},
        {"dropout": 0.2},
    ],
    ids=str,
)
def test_layers(cell, options, tmp_path):
    if cell != "GRU" and "reset_after" in options:
        return
    if cell == "SimpleRNN" and "recurrent_activation" in options:
        return
    proto = check(model_of(getattr(layers, cell)(5, **options), layers.Dense(2)), tmp_path,
                  *batches())  # fmt: skip
    node = next(n for n in proto.graph.node if n.op_type == cell.removeprefix("Simple"))
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    assert attributes.get("layout", 0) == 0
    if cell == "GRU":
        assert attributes["linear_before_reset"] == options.get("reset_after", True)
    assert proto.opset_import[0].version == fusedrnn.onnx.OPSET


@cells
@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional(cell, merge, sequences, tmp_path):
    inner = getattr(layers, cell)(4, return_sequences=sequences)
    check(model_of(layers.Bidirectional(inner, merge_mode=merge)), tmp_path, *batches())


@cells
def test_bidirectional_of_different_activations(cell, tmp_path):
    make = getattr(layers, cell)
    pair = make(4, activation=None), make(4, activation="relu", go_backwards=True)
    check(model_of(layers.Bidirectional(pair[0], backward_layer=pair[1])), tmp_path, *batches())


@cells
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("backwards", [False, True])
def test_masking(cell, bidirectional, sequences, backwards, tmp_path):
    if bidirectional and backwards:
        return
    make = getattr(layers, cell)
    first = make(4, return_sequences=True, go_backwards=backwards)
    last = make(4, return_sequences=sequences)
    parts = [first] if backwards else [first, last]
    parts = [layers.Bidirectional(p) for p in parts] if bidirectional else parts
    x = RNG.normal(size=(4, 7, 3)).astype("float32")
    x[1, 5:] = x[2, 1:] = x[3] = -1  # the last has no valid step
    check(model_of(layers.Masking(-1.0), *parts), tmp_path, x)


@cells
def test_embedding_and_the_rest(cell, tmp_path):
    make = getattr(layers, cell)
    model = model_of(
        layers.Embedding(9, 4, mask_zero=True),
        make(5, return_sequences=True),
        layers.LayerNormalization(),
        make(5),
        layers.Dense(6, activation="relu"),
        layers.RepeatVector(3),
        make(4, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
        layers.Activation("softmax"),
        shape=(None,),
    )
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]])
    check(model, tmp_path, x, x[:, :4])


def test_fixed_time(tmp_path):
    model = model_of(
        layers.LSTM(4, return_sequences=True), layers.Permute((2, 1)), layers.Reshape((7, 4)),
        layers.Flatten(), layers.Dense(1, activation="silu"), shape=(7, 3),
    )  # fmt: skip
    check(model, tmp_path, RNG.normal(size=(5, 7, 3)).astype("float32"))


def test_float64_model_becomes_a_float32_file(tmp_path):
    model = model_of(layers.LSTM(4, dtype="float64"))
    check(model, tmp_path, *batches())


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN", "RNN relu"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("options", [{}, {"states": True}, {"lengths": True, "states": True}])
def test_torch(cell, number, bidirectional, batch_first, options, tmp_path):
    torch = pytest.importorskip("torch")
    import fusedrnn.torch

    cell, *nonlinearity = cell.split()
    module = getattr(fusedrnn.torch, cell)(
        3, 5, number, *nonlinearity, batch_first=batch_first, bidirectional=bidirectional,
        bias=number == 1,
    )  # fmt: skip
    path = tmp_path / "layer.onnx"
    assert fusedrnn.onnx.export(module, path, **options) < 1e-5
    assert module.training
    if not options:
        x = torch.randn(2, 8, 3)
        with torch.no_grad():
            y, final = module(x)
        got = run(path, input=x.numpy())
        final = final if cell == "LSTM" else (final,)
        for g, e in zip(got, (y, *final), strict=True):
            np.testing.assert_allclose(g, e, rtol=1e-4, atol=1e-6)


class OwnDense(layers.Dense):
    def forward(self, x, training):
        return 2 * super().forward(x, training)


class OwnLSTM(layers.LSTM):
    pass


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([layers.SimpleRNN(3, activation="silu")], "simple_rnn.* has the activations 'silu'"),
        ([layers.GlobalMaxPooling1D()], "is a GlobalMaxPooling1D, which is not exported"),
        ([OwnDense(3)], "is an OwnDense, which is not exported"),
        ([layers.TimeDistributed(OwnDense(3))], "is an OwnDense, which is not exported"),
        ([layers.Bidirectional(OwnLSTM(3))], "is an OwnLSTM, which is not exported"),
        ([layers.LSTM(3, activation="gelu")], "activations 'sigmoid' and 'gelu'"),
        ([layers.Dense(3, activation="gelu")], "activation 'gelu'"),
        ([layers.GRU(3, stateful=True, batch_input_shape=(2, 4, 3))], "stateful=True"),
    ],
)
def test_what_is_not_exported_is_named(parts, message, tmp_path):
    model = Sequential([layers.Input(batch_shape=(2, 4, 3)), *parts])
    with pytest.raises(ValueError, match=message):
        fusedrnn.onnx.export(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_words_are_numbered_before(tmp_path):
    model = Sequential(
        [
            layers.Input((3,), dtype="string"),
            layers.StringLookup(vocabulary=["a"]),
            layers.Embedding(2, 2),
        ]
    )
    with pytest.raises(
        ValueError, match="is a StringLookup, which is not exported: call it before"
    ):
        fusedrnn.onnx.export(model, tmp_path / "model.onnx")


def test_other_refusals(tmp_path):
    with pytest.raises(ValueError, match="not built"):
        fusedrnn.onnx.export(Sequential([layers.LSTM(3)]), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="str is neither"):
        fusedrnn.onnx.export("model", tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="lengths and states are for PyTorch"):
        fusedrnn.onnx.export(model_of(layers.LSTM(3)), tmp_path / "m.onnx", lengths=True)


def test_a_wrong_file_is_not_written(tmp_path, monkeypatch):
    original = fusedrnn.onnx._recurrent
    monkeypatch.setattr(fusedrnn.onnx, "_recurrent",
                        lambda g, x, w, *a, **k: original(g, x, w, True, *a[1:], **k))  # fmt: skip
    with pytest.raises(RuntimeError, match="ONNX Runtime's y differs"):
        fusedrnn.onnx.export(model_of(layers.LSTM(3)), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_example(capsys):
    runpy.run_path(str(Path(__file__).parents[2] / "docs/examples/onnx_export.py"))
    printed = capsys.readouterr().out
    assert float(re.search(r"difference (\S+)", printed)[1]) < 1e-5


def test_the_page_lists_what_is_exported():
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text("utf-8")
    said = {
        what: re.findall(r"`(\w+)`", re.search(rf"^- {what}: (.*)", page, re.MULTILINE)[1])
        for what in ("layers", "activations", "in the cells")
    }
    tree = ast.parse(inspect.getsource(fusedrnn.onnx._layer))
    classes = {
        node.cls.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.MatchClass) and getattr(node.cls, "value", None)
    }
    known = (fusedrnn.layers.rnn.Recurrent, *(getattr(layers, name) for name in classes))
    public = {name: getattr(layers, name) for name in layers.__all__}
    exported = {n for n, c in public.items() if isinstance(c, type) and issubclass(c, known)}
    assert set(said["layers"]) == {name for name in exported if not name.endswith("Cell")}
    assert set(said["activations"]) == {*fusedrnn.onnx.ACTIVATIONS, "silu"}
    assert set(said["in the cells"]) == fusedrnn.onnx.IN_CELLS
