"""fusedrnn.convert: the same numbers on the other side."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from fusedrnn import Sequential, convert, layers

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 7, 3)).astype("float32")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
LAYERS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}  # by torch's names
cells = pytest.mark.parametrize("cell", LAYERS)


def ours(cell, bidirectional=False, number=1, **options):
    make = getattr(layers, LAYERS[cell])
    parts = [make(5, return_sequences=True, **options) for _ in range(number)]
    parts = [layers.Bidirectional(p) for p in parts] if bidirectional else parts
    model = Sequential(parts)
    model.build((None, None, 3))
    randomize(model)
    return model


def randomize(model):
    model.set_weights([RNG.normal(size=w.shape).astype("float32") for w in model.get_weights()])


def of_torch(module, x=X):
    with torch.no_grad():
        return module(torch.from_numpy(x))[0].numpy()


@cells
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_ours_and_torch(cell, bidirectional, number, bias):
    model = ours(cell, bidirectional, number, use_bias=bias)
    make = getattr(torch.nn, cell)
    module = make(3, 5, number, bias=bias, batch_first=True, bidirectional=bidirectional)
    expected = of_torch(module)
    convert.copy_weights(module, model)
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-6)
    randomize(model)
    convert.copy_weights(model, module)
    np.testing.assert_allclose(of_torch(module), model(X), rtol=1e-4, atol=1e-5)


@cells
@pytest.mark.parametrize("bidirectional", [False, True])
def test_keras_torch_and_ours(cell, bidirectional):
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.layers, LAYERS[cell])(5, return_sequences=True)
    theirs = keras.Sequential([keras.layers.Bidirectional(theirs) if bidirectional else theirs])
    theirs.build((None, None, 3))
    randomize(theirs)
    expected = keras.ops.convert_to_numpy(theirs(X))
    module = getattr(torch.nn, cell)(3, 5, batch_first=True, bidirectional=bidirectional)
    convert.copy_weights(theirs, module)
    np.testing.assert_allclose(of_torch(module), expected, rtol=1e-4, atol=1e-5)
    model = ours(cell, bidirectional)
    convert.copy_weights(theirs, model)
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-5)
    randomize(theirs)
    convert.copy_weights(module, theirs)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(theirs(X)), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("bidirectional", [False, True])
def test_relu_of_an_rnn(bidirectional):
    """Between torch, a cell of torch's, Keras and ours; a network of tanh takes none of it."""
    keras = pytest.importorskip("keras")
    module = torch.nn.RNN(3, 5, 1, "relu", batch_first=True, bidirectional=bidirectional)
    model = ours("RNN", bidirectional, activation="relu")
    convert.copy_weights(module, model)
    np.testing.assert_allclose(model(X), of_torch(module), rtol=1e-4, atol=1e-6)
    theirs = keras.layers.SimpleRNN(5, "relu", return_sequences=True)
    theirs = keras.Sequential([keras.layers.Bidirectional(theirs) if bidirectional else theirs])
    theirs.build((None, None, 3))
    convert.copy_weights(module, theirs)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(theirs(X)), model(X), rtol=1e-4, atol=1e-6
    )
    randomize(model)
    convert.copy_weights(model, module)
    np.testing.assert_allclose(of_torch(module), model(X), rtol=1e-4, atol=1e-5)
    if not bidirectional:
        cell = torch.nn.RNNCell(3, 5, nonlinearity="relu")
        convert.copy_weights(module, cell)
        with torch.no_grad():
            np.testing.assert_allclose(
                cell(torch.from_numpy(X[:, 0])), model(X)[:, 0], rtol=1e-4, atol=1e-5
            )
    others = [
        torch.nn.RNN(3, 5, bidirectional=bidirectional),
        *([] if bidirectional else [torch.nn.RNNCell(3, 5)]),
        ours("RNN", bidirectional),
    ]
    for relu in (module, model, theirs):
        for tanh in others:
            for source, target in ((relu, tanh), (tanh, relu)):
                with pytest.raises(ValueError, match=r"the cell rnn.* rnn.*activation='relu'|"
                                   r"the cell rnn with activation='relu', .* rnn$"):  # fmt: skip
                    convert.copy_weights(source, target)


def test_the_mode_of_an_rnn_counts():
    """As in torch, which runs by `mode` whatever `nonlinearity` was changed to."""
    module = torch.nn.RNN(3, 5)
    module.nonlinearity = "relu"
    (weights,) = convert.weights_of(module)
    assert weights.activation == "tanh"


def test_reset_before_between_keras_and_ours():
    keras = pytest.importorskip("keras")
    theirs = keras.layers.GRU(5, reset_after=False)
    theirs.build((None, None, 3))
    model = Sequential([layers.Input((None, 3)), layers.GRU(5, reset_after=False)])
    convert.copy_weights(theirs, model)
    np.testing.assert_allclose(
        model(X), keras.ops.convert_to_numpy(theirs(X)), rtol=1e-4, atol=1e-6
    )


def test_whole_models():
    model = Sequential([layers.Input((7, 3)), layers.GRU(5, return_sequences=True),
                        layers.Dropout(0.1), layers.LSTM(4), layers.Dense(2)])  # fmt: skip

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = torch.nn.GRU(3, 5, batch_first=True)
            self.lstm = torch.nn.LSTM(5, 4, batch_first=True)
            self.out = torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.out(self.lstm(self.gru(x)[0])[0][:, -1])

    module = Module()
    with torch.no_grad():
        expected = module(torch.from_numpy(X)).numpy()
    convert.copy_weights(module, model)
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-6)


def test_our_torch_layer_sees_the_new_weights():
    import fusedrnn.torch

    layer = fusedrnn.torch.LSTM(3, 5, batch_first=True)
    before = of_torch(layer)
    convert.copy_weights(ours("LSTM"), layer)
    assert not np.allclose(before, of_torch(layer))


def test_missing_bias_is_zero_and_given_bias_is_not_lost():
    with_bias, without = ours("GRU"), ours("GRU", use_bias=False)
    with pytest.raises(ValueError, match=r"source has a bias, .* has none"):
        convert.copy_weights(with_bias, without)
    convert.copy_weights(without, with_bias)
    np.testing.assert_array_equal(with_bias(X), without(X))


@cells
def test_single_steps(cell):
    module = getattr(torch.nn, cell + "Cell")(3, 5)
    model = ours(cell)
    convert.copy_weights(module, model)
    with torch.no_grad():
        h = module(torch.from_numpy(X[:, 0]))
    h = h[0] if cell == "LSTM" else h
    np.testing.assert_allclose(model(X[:, :1])[:, 0], h.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (lambda: torch.nn.LSTM(3, 5, proj_size=2), lambda: ours("LSTM"), "proj_size"),
        (lambda: torch.nn.GRU(3, 5), lambda: ours("LSTM"), "the cell gru, .* lstm"),
        (lambda: torch.nn.GRU(3, 5), lambda: ours("GRU", reset_after=False),
         "reset_after=False"),
        (lambda: ours("GRU", reset_after=False), lambda: torch.nn.GRU(3, 5),
         "reset_after=False"),
        (lambda: ours("LSTM", recurrent_activation="hard_sigmoid"),
         lambda: torch.nn.LSTM(3, 5), r"\('tanh', 'hard_sigmoid'\); only tanh and sigmoid have"),
        (lambda: ours("LSTM", activation="relu"), lambda: torch.nn.LSTM(3, 5),
         "only tanh and sigmoid have"),
        (lambda: ours("RNN", activation="sigmoid"), lambda: torch.nn.RNN(3, 5),
         r"\('sigmoid',\); only tanh and relu have"),
        (lambda: torch.nn.RNN(3, 5, nonlinearity="relu"), lambda: torch.nn.RNN(3, 5),
         "the cell rnn with activation='relu', RNN, set 0 rnn"),
        (lambda: torch.nn.RNN(3, 5), lambda: ours("LSTM"), "the cell rnn, .* lstm"),
        (lambda: torch.nn.LSTM(4, 5), lambda: ours("LSTM"), r"\(4, 20\).* \(3, 20\)"),
        (lambda: torch.nn.LSTM(3, 5, 2), lambda: ours("LSTM"), "2 sets of weights.* takes 1"),
        (lambda: ours("LSTM"), lambda: Sequential([layers.LSTM(5)]), "not built"),
    ],
)  # fmt: skip
def test_refusals(source, target, message):
    target = target()
    before = [np.array(w.detach()) for w in target.parameters()] if isinstance(
        target, torch.nn.Module) else None  # fmt: skip
    with pytest.raises(ValueError, match=message):
        convert.copy_weights(source(), target)
    if before is not None:
        for a, b in zip(target.parameters(), before, strict=True):
            np.testing.assert_array_equal(a.detach(), b)


def with_weight_norm():
    return torch.nn.utils.parametrizations.weight_norm(torch.nn.LSTM(3, 5), "weight_hh_l0")


def with_weight_norm_of_old():
    return torch.nn.utils.weight_norm(torch.nn.LSTM(3, 5), "weight_hh_l0")


def pruned():
    from torch.nn.utils import prune

    return prune.random_unstructured(torch.nn.LSTM(3, 5), "weight_hh_l0", 0.5)


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")
@pytest.mark.parametrize("make", [with_weight_norm, with_weight_norm_of_old, pruned])
def test_weights_that_torch_computes_are_read_not_written(make):
    module, model = make(), ours("LSTM")
    before = [p.detach().clone() for p in module.parameters()]
    with pytest.raises(ValueError, match="LSTM, set 0 computes its weights from others"):
        convert.copy_weights(model, module)
    assert all(torch.equal(p, b) for p, b in zip(module.parameters(), before, strict=True))
    convert.copy_weights(module, model)
    expected = of_torch(module, X.transpose(1, 0, 2)).transpose(1, 0, 2)
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-6)


def test_buffers_are_weights_too():
    source, target = torch.nn.Linear(3, 5), torch.nn.Linear(3, 5)
    weight = target.weight.detach()
    del target.weight
    target.register_buffer("weight", weight)
    convert.copy_weights(source, target)
    assert torch.equal(target.weight, source.weight)


@pytest.mark.parametrize("kind", ["torch", "ours"])
def test_shared_weights_cannot_become_different_ones(kind):
    if kind == "torch":
        target = torch.nn.LSTM(3, 5, bidirectional=True)
        target.weight_hh_l0_reverse = target.weight_hh_l0
    else:
        layer = layers.LSTM(5)
        layer.build((None, None, 3))
        target = [layer, layer]
    source = torch.nn.LSTM(3, 5, bidirectional=True)
    before = convert.weights_of(target)[0].kernel
    with pytest.raises(ValueError, match=r"shares weights .* those of source differ"):
        convert.copy_weights(source, target)
    np.testing.assert_array_equal(convert.weights_of(target)[0].kernel, before)
    convert.copy_weights(target, target)


def test_unknown_things():
    with pytest.raises(TypeError, match="Conv1d has no equivalent"):
        convert.copy_weights(torch.nn.Conv1d(3, 5, 1), ours("LSTM"))
    with pytest.raises(TypeError, match="str is no layer"):
        convert.weights_of("lstm")
    with pytest.raises(ValueError, match=r"\(6, 3\), expected \(4H, H\) or \(3H, H\) or \(H, H\)"):
        convert.RecurrentWeights.from_torch(np.zeros((6, 2)), np.zeros((6, 3)))


def test_example(capsys):
    runpy.run_path(str(Path(__file__).parents[2] / "docs/examples/convert_weights.py"))
    printed = capsys.readouterr().out
    assert float(re.search(r"difference (\S+)", printed)[1]) < 1e-6
    assert "proj_size has no equivalent" in printed
