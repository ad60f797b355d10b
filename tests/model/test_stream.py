"""Streams: after each step what `predict` gives for the sequence so far, and their states."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import threading
import warnings

import numpy as np
import pytest

from fusedrnn import _core, backend, functional, layers, runtime
from fusedrnn.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Input,
    LayerNormalization,
    LSTMCell,
    Masking,
    SimpleRNN,
    TimeDistributed,
)
from fusedrnn.models import Model, Sequential
from fusedrnn.stream import FUNCTIONS

ISAS = runtime.available_isas()
N, T, I = 3, 6, 4


def adapted():
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(3).normal(5, 3, (50, I)))
    return layer


# What comes before or after the recurrent layers, by what a stream has to take into account.
MODELS = {
    "lstm": lambda: [LSTM(9), Dense(2)],
    "lstm, sequences": lambda: [LSTM(9, return_sequences=True), Dense(2)],
    "lstm relu, no bias": lambda: [LSTM(9, activation="relu", use_bias=False)],
    "gru": lambda: [GRU(9), Dense(2, use_bias=False)],
    "gru before, sigmoid": lambda: [GRU(9, reset_after=False, activation="sigmoid"), Dense(1)],
    "gru before, no bias": lambda: [GRU(9, reset_after=False, use_bias=False)],
    "rnn": lambda: [SimpleRNN(9), Dense(2)],
    "rnn linear": lambda: [SimpleRNN(9, activation="linear"), Dense(2)],
    "stacked": lambda: [
        LSTM(17, return_sequences=True), Dropout(0.3), GRU(8, return_sequences=True),
        layers.GaussianNoise(0.1), SimpleRNN(5), layers.Identity(), Dense(3, "softmax"),
    ],
    "normalized": lambda: [
        adapted(), BatchNormalization(), LSTM(9, return_sequences=True), LayerNormalization(),
        layers.RMSNormalization(), GRU(5), BatchNormalization(scale=False, center=False), Dense(2),
    ],
    "rms scaling, unit": lambda: [
        layers.LayerNormalization(rms_scaling=True), GRU(5), layers.UnitNormalization(),
    ],
    "normalization inverted": lambda: [
        layers.Normalization(axis=None, mean=2.0, variance=9.0, invert=True), GRU(5),
    ],
    "rescaled": lambda: [
        layers.Rescaling(0.5, [0.1, -0.2, 0.3, 0.0]), layers.Rescaling([[2.0]]), GRU(5),
    ],
    "time distributed": lambda: [
        TimeDistributed(Dense(6, "relu")), GRU(5, return_sequences=True),
        TimeDistributed(LayerNormalization()), TimeDistributed(Dense(2, "tanh")),
    ],
    "layers that are functions": lambda: [
        layers.LeakyReLU(0.1), GRU(5, return_sequences=True), layers.ReLU(0.4, 0.1, 0.2),
        layers.ELU(0.7), layers.ThresholdedReLU(0.05), layers.PReLU("normal", shared_axes=[1]),
        layers.Softmax(), Dense(3, layers.LeakyReLU(0.2)), Activation("gelu"),
    ],
    "no recurrent layer": lambda: [Dense(3, "relu")],
    "masked": lambda: [
        Masking(), Dense(5), LSTM(7, return_sequences=True), BatchNormalization(), GRU(4), Dense(2),
    ],
    "masked sequences": lambda: [Masking(), SimpleRNN(7, return_sequences=True)],
    "nested": lambda: [Sequential([Dense(3), LSTM(5, return_sequences=True)]), GRU(4)],
}  # fmt: skip


def data(mask=True):
    x = np.random.default_rng(0).normal(size=(N, T, I))
    if mask:  # before the first step, and later
        x[0, 0] = x[1, 2:4] = x[2, 5] = 0
    return x


def randomize(model, seed=1):
    rng = np.random.default_rng(seed)
    for v in model.weights:
        low = 0.5 if "variance" in v.name else -0.7
        v.assign(rng.uniform(low, 0.7, v.shape))


@pytest.fixture(params=ISAS)
def isa(request):
    with runtime.use_isa(request.param):
        yield request.param


@pytest.fixture
def float_type():
    before = backend.floatx()
    yield backend.set_floatx
    backend.set_floatx(before)


def of_type(set_floatx, name, dtype):
    set_floatx(dtype)
    model = Sequential([Input((None, I)), *MODELS[name]()])
    randomize(model)
    return model


def last(model, x):
    """What predict gives at the end of a sequence."""
    y = model.predict(x, verbose=0)
    return y[:, -1] if y.ndim == 3 else y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MODELS)
def test_each_step_is_predict_on_the_sequence_so_far(isa, float_type, name, dtype):
    model = of_type(float_type, name, dtype)
    x = data().astype(dtype)
    stream = model.stream(N)
    steps = np.stack([stream.step(x[:, t]) for t in range(T)], 1)
    own = np.stack([last(model, x[:, : t + 1]) for t in range(T)], 1)
    truth_model = of_type(float_type, name, "float64")
    truth = np.stack([last(truth_model, x[:, : t + 1].astype(float)) for t in range(T)], 1)
    assert steps.dtype == own.dtype == dtype
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(steps, truth, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(steps, own, rtol=tolerance, atol=tolerance)
    assert len({steps[:, t].tobytes() for t in range(T)}) > 1
    stream.reset()
    parts = [stream.run(x[:, :2]), stream.run(x[:, 2:2]), stream.run(x[:, 2:])]
    assert np.concatenate(parts, 1).tobytes() == steps.tobytes()


def test_recurrent_and_linear_layers_give_the_bits_of_predict(isa):
    model = Sequential([Input((None, I)), LSTM(50, return_sequences=True), GRU(33), Dense(5)])
    x = data(mask=False).astype("f")
    stream = model.stream(N)
    for t in range(T):
        assert np.array_equal(stream(x[:, t]), model.predict(x[:, : t + 1], verbose=0))


def test_the_same_as_a_stateful_model():
    for kind in (LSTM, GRU, SimpleRNN):
        model = Sequential([
            Input(batch_shape=(N, 1, I)), kind(7, return_sequences=True, stateful=True),
            kind(5, stateful=True), Dense(2),
        ])  # fmt: skip
        x = data(mask=False).astype("f")
        stream = model.stream(N)
        for t in range(T):
            assert np.array_equal(stream(x[:, t]), model.predict(x[:, t : t + 1], verbose=0))
        kept = [state for layer in model.layers[:2] for state in layer.states]
        assert all(map(np.array_equal, stream.state, kept))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations(isa, float_type, name, dtype):
    float_type(dtype)
    model = Sequential([Input((None, 9)), Activation(name)])
    x = np.random.default_rng(0).normal(0, 3, (4, 9)).astype(dtype)
    x[0, 0], x[1, 1], x[2, 2] = 0, -50, np.nan
    with np.errstate(invalid="ignore"):  # NumPy's warning of NaN
        expected = model.predict(x[:, None], verbose=0)[:, 0]
    tolerance = 2e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(model.stream(4)(x), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("update_gate", ["keep", "write"])
@pytest.mark.parametrize("reset_after", [True, False])
def test_both_readings_of_the_update_gate(isa, update_gate, reset_after):
    rng = np.random.default_rng(0)
    arrays = {"W": rng.normal(size=(I, 27)), "R": rng.normal(size=(9, 27)),
              "b": rng.normal(size=(2, 27) if reset_after else 27)}  # fmt: skip
    arrays = {name: a.astype("f") for name, a in arrays.items()}
    form = "after" if reset_after else "before"
    text = f"fusedrnn stream 1 float32\ninput {I}\ngru tanh {form} {update_gate} W R b\n"
    stream = _core.Stream(_core.StreamChain(text, arrays), N, None)
    x = data(mask=False).astype("f")
    expected = functional.gru(x, *arrays.values(), update_gate=update_gate,
                              reset_after=reset_after)[0]  # fmt: skip
    assert np.array_equal(stream.run(x), expected)


def test_indices_and_their_mask(isa):
    for mask in (False, True):
        model = Sequential([Embedding(20, 6, mask_zero=mask), LSTM(5, return_sequences=True),
                            GRU(4), Dense(3, "sigmoid")])  # fmt: skip
        x = np.random.default_rng(0).integers(0, 20, (N, T))
        x[0, :2] = x[1, 3] = x[2, -1] = 0
        model.build((None, T))
        stream = model.stream(N)
        assert stream.input_size == 0
        for t in range(T):
            step = stream(x[:, t].astype(np.int32) if t % 2 else x[:, t].tolist())
            np.testing.assert_allclose(step, model.predict(x[:, : t + 1], verbose=0), atol=1e-6)
        before = stream.state
        for wrong in ([1, 2, 20], [1, -1, 2]):
            with pytest.raises(ValueError, match=r"x has the index (20|-1), expected 0 to 19"):
                stream(wrong)
        with pytest.raises(TypeError, match="expected integers"):
            stream([1.0, 2.0, 3.0])
        assert all(map(np.array_equal, before, stream.state))


def test_a_stream_without_news_keeps_its_states(isa):
    model = Sequential([Input((None, I)), Dense(3), LSTM(9, return_sequences=True), GRU(5)])
    x = data(mask=False).astype("f")
    news = np.array([[1, 1, 0, 1, 0, 1], [0, 0, 1, 1, 1, 0], [1] * 6], bool)
    stream = model.stream(N)
    steps = np.stack([stream.step(x[:, t], news[:, t]) for t in range(T)], 1)
    for n in range(N):
        own = model.stream()
        y = np.zeros((1, 5), "f")
        for t in range(T):
            y = own.step(x[n : n + 1, t]) if news[n, t] else y
            assert np.array_equal(steps[n, t], y[0]), (n, t)
    stream.reset()
    assert np.array_equal(stream.run(x, news), steps)


def test_bfloat16_is_that_of_predict(isa):
    model = Sequential([Input((None, I)), LSTM(33, return_sequences=True),
                        SimpleRNN(9, return_sequences=True), GRU(9, reset_after=False),
                        Dense(2)])  # fmt: skip
    x = data(mask=False).astype("f")
    stream = model.stream(N, weights="bfloat16")
    for t in range(T):
        expected = model.predict(x[:, : t + 1], verbose=0, weights="bfloat16")
        assert np.array_equal(stream(x[:, t]), expected)
    assert not np.array_equal(expected, model.predict(x, verbose=0))


# States -------------------------------------------------------------------------------------------


def lstm_and_gru(batch_size=N):
    model = Sequential([Input((None, I)), LSTM(7, return_sequences=True), GRU(5), Dense(2)])
    return model, model.stream(batch_size)


def test_states_in_and_out():
    model, stream = lstm_and_gru()
    x = data(mask=False).astype("f")
    assert [s.shape for s in stream.state] == [(N, 7), (N, 7), (N, 5)]
    assert not any(s.any() for s in stream.state)
    stream(x[:, 0])
    h, c, _ = stream.state
    _, *final = functional.lstm(x[:, :1], *model.layers[0].get_weights())
    assert all(map(np.array_equal, (h, c), final))
    kept = stream.state
    first = stream(x[:, 1])
    stream.state = kept
    assert np.array_equal(stream(x[:, 1]), first)
    other = model.stream(N)
    other.state = [s.astype(float).tolist() for s in kept]  # anything that is such an array
    assert np.array_equal(other(x[:, 1]), first)
    stream.state[0][:] = 9  # a copy
    assert np.array_equal(stream.state[0], other.state[0])


def test_reset_of_some_rows():
    _, stream = lstm_and_gru()
    x = data(mask=False).astype("f")
    stream.run(x)
    before = stream.state
    stream.reset([0, 2])
    for old, new in zip(before, stream.state, strict=True):
        assert not new[[0, 2]].any()
        assert np.array_equal(new[1], old[1])
    stream.reset(np.int64(1))
    assert not any(s.any() for s in stream.state)
    stream.run(x)
    stream.reset([])
    assert all(map(np.array_equal, before, stream.state))
    stream.reset()
    assert not any(s.any() for s in stream.state)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
@pytest.mark.parametrize("weights", [None, "bfloat16"])
def test_copies_have_their_own_states(copied, weights):
    model = Sequential([Input((None, I)), BatchNormalization(), LSTM(7), Dense(2)])
    stream = model.stream(N, weights)
    x = data(mask=False).astype("f")
    stream(x[:, 0])
    twin = copied(stream)
    expected = stream.run(x)
    assert np.array_equal(twin.run(x), expected)
    twin.reset()
    assert stream.state[0].any()


def test_the_model_may_change_afterwards():
    model, stream = lstm_and_gru()
    x = data(mask=False).astype("f")
    expected = model.predict(x, verbose=0)
    text = pickle.dumps(stream)
    model.compile("adam", "mse")
    model.fit(x, np.ones((N, 2)), verbose=0)
    for each in (stream, pickle.loads(text), copy.copy(stream)):
        assert np.array_equal(each.run(x)[:, -1], expected)
    assert np.array_equal(model.stream(N).run(x)[:, -1], model.predict(x, verbose=0))


def test_rows_do_not_touch_each_other(isa):
    model = Sequential([Input((None, I)), LSTM(9, return_sequences=True), GRU(5), Dense(2)])
    x = data(mask=False).astype("f")
    alone = model.stream().run(x[2:])
    x[0, 1] = np.nan
    x[1, 1] = 1e30
    together = model.stream(N).run(x)
    assert np.isnan(together[0, 1:]).all()
    assert not np.isnan(together[1:]).any()
    assert np.array_equal(together[2:], alone)


def test_one_thread_at_a_time():
    model = Sequential([Input((None, 1)), LSTM(16)])
    stream = model.stream()
    x = np.zeros((1, 20_000, 1), "f")
    refused = []

    def long_calls():
        while not refused:
            with contextlib.suppress(RuntimeError):  # the other thread had come first
                stream.run(x)

    thread = threading.Thread(target=long_calls)
    thread.start()
    for call in (lambda: stream.step(x[:, 0]), lambda: stream.state, stream.reset,
                 lambda: copy.copy(stream)):  # fmt: skip
        errors = []
        while not errors:
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))
        assert "another thread is using it; give each thread a copy" in errors[0]
    refused.append(True)
    thread.join()
    stream.step(x[:, 0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_fork_uses_what_another_thread_was_using():
    model = Sequential([Input((None, 1)), LSTM(16)])
    stream = model.stream()
    done = []

    def long_calls():
        while not done:
            stream.run(np.zeros((1, 20_000, 1), "f"))

    thread = threading.Thread(target=long_calls)
    thread.start()
    try:
        used = False
        while not used:
            try:
                stream.state  # noqa: B018
            except RuntimeError:
                used = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's of a fork beside threads
            child = os.fork()
        if not child:
            failed = 1
            with contextlib.suppress(BaseException):
                stream.reset()
                failed = int(not np.array_equal(stream([[1.0]]), model.stream()([[1.0]])))
            os._exit(failed)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        done.append(True)
        thread.join()


# Errors -------------------------------------------------------------------------------------------


def sequential(*rest):
    return Sequential([Input((T, I)), *rest])


def several_paths():
    x = Input((T, I))
    return Model(x, layers.add([GRU(5)(x), LSTM(5)(x)]))


def given_state():
    x, h = Input((T, I)), Input((5,))
    return Model([x, h], GRU(5)(x, initial_state=h))


class Own(Model):
    def __init__(self):
        super().__init__()
        self.rnn = GRU(5)

    def call(self, x):
        return self.rnn(x)


def own_model():
    model = Own()
    model.predict(np.zeros((1, T, I)), verbose=0)
    return model


class OwnDense(Dense):
    def forward(self, x, training, mask):
        return super().forward(x, training, mask) + 1


REFUSED = {
    "Bidirectional, which reads its sequence from the end": lambda: sequential(
        layers.Bidirectional(GRU(5))
    ),
    "a Flatten, which works on a whole sequence": lambda: sequential(layers.Flatten()),
    "a Conv1D, which works on a whole sequence": lambda: sequential(layers.Conv1D(3, 2), GRU(4)),
    "a RepeatVector, which works on a whole": lambda: sequential(GRU(4), layers.RepeatVector(3)),
    "is not made of kernels: LSTM, GRU and SimpleRNN": lambda: sequential(RNN(LSTMCell(5))),
    "an OwnDense, which is not known to streams": lambda: sequential(GRU(5), OwnDense(2)),
    "has go_backwards": lambda: sequential(GRU(5, go_backwards=True)),
    "has activations that the kernels do not": lambda: sequential(
        LSTM(5, recurrent_activation="hard_sigmoid")
    ),
    "has zero_output_for_mask": lambda: sequential(
        Masking(), GRU(5, return_sequences=True, zero_output_for_mask=True)
    ),
    "the activation 'celu', expected one of": lambda: sequential(GRU(5), Activation("celu")),
    "the activation '<lambda>'": lambda: sequential(GRU(5), Dense(2, lambda x: x * 2)),
    "works along axis 1": lambda: sequential(LayerNormalization(axis=1), GRU(5)),
    "works along axis -2": lambda: sequential(BatchNormalization(axis=-2), GRU(5)),
    "a slope for each step": lambda: sequential(layers.PReLU(), GRU(5)),
    "a scale or offset of shape": lambda: sequential(layers.Rescaling(np.ones((T, 1))), GRU(5)),
    "is a TimeDistributed of Masking": lambda: sequential(
        TimeDistributed(Dense(3)), TimeDistributed(Masking()), GRU(5)
    ),
    "takes (None, 4), expected (batch, steps, features)": lambda: Sequential(
        [Input((I,)), Dense(2)]
    ),
    "is no chain of layers": several_paths,
    "has several inputs or outputs": given_state,
    "has a `call` of its own": own_model,
    "has no weights yet": lambda: Sequential([GRU(5)]),
    "is called with training=True": lambda: Model(
        *(lambda x: (x, GRU(5)(Dropout(0.5)(x, training=True))))(Input((T, I)))
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_has_no_place_in_a_stream_is_refused_by_name(message):
    with pytest.raises(ValueError, match=r"^stream: ") as refusal:
        REFUSED[message]().stream()
    assert message in str(refusal.value)


def test_a_graph_that_is_a_chain():
    x = Input((None, I))
    y = LSTM(5, return_sequences=True)(Dropout(0.1)(x))
    inner = Sequential([Input((None, 5)), GRU(4), Dense(3)])
    model = Model(x, inner(y))
    sequence = data(mask=False).astype("f")
    assert np.array_equal(model.stream(N).run(sequence)[:, -1], model.predict(sequence, verbose=0))


def test_a_layer_that_is_used_twice_has_states_for_each():
    x, layer = Input((None, I)), LSTM(I, return_sequences=True)
    model = Model(x, layer(layer(x)))
    sequence = data(mask=False).astype("f")
    assert len(model.stream().state) == 4
    assert np.array_equal(model.stream(N).run(sequence), model.predict(sequence, verbose=0))


def test_wrong_arguments():
    model, stream = lstm_and_gru()
    x = np.zeros((N, I), "f")
    for wrong, text in [
        (x[:2], r"x has shape \(2, 4\), expected \(batch, features\) = \(3, 4\)"),
        (x[:, :3], r"x has shape \(3, 3\)"),
        (x[:, None], r"x has shape \(3, 1, 4\), expected \(batch, features\)"),
        (x[0], r"x has shape \(4,\)"),
        ("x", "x: cannot be read as an array of numbers"),
        (None, "x: cannot be read"),
        (x.astype(complex), "x: cannot be read"),
    ]:
        with pytest.raises(ValueError, match=text):
            stream.step(wrong)
    with pytest.raises(TypeError, match="masked"):
        stream.step(np.ma.masked_array(x, x == 0))
    with pytest.raises(ValueError, match=r"x has shape \(3, 4\), expected \(batch, steps, feat"):
        stream.run(x)
    with pytest.raises(TypeError, match="mask has dtype int64, expected an array of bool"):
        stream.step(x, [1] * N)
    with pytest.raises(TypeError, match="mask has dtype <U3, expected an array of bool"):
        stream.step(x, "yes")
    with pytest.raises(ValueError, match=r"mask has shape \(2,\), expected \(batch,\)"):
        stream.step(x, np.ones(2, bool))
    with pytest.raises(ValueError, match=r"state has shapes .* expected \[\(3, 7\)"):
        stream.state = stream.state[:2]
    with pytest.raises(TypeError, match="state is a NoneType, expected a list of arrays"):
        stream.state = None
    with pytest.raises(ValueError, match="rows has the value 3, expected 0 to 2"):
        stream.reset([0, 3])
    with pytest.raises(ValueError, match="rows has the value 9223372036854775811, expected 0 to 2"):
        stream.reset([2**63 + 3])
    with pytest.raises((TypeError, ValueError), match="rows is"):
        stream.reset([0.5])
    with pytest.raises(ValueError, match="rows is -1"):
        stream.reset(-1)
    for wrong in (0, -1, 1.5, "2", True):
        with pytest.raises(ValueError, match="batch_size"):
            model.stream(wrong)
    with pytest.raises(ValueError, match=r"^stream: weights is 'float16', expected 'bfloat16' or"):
        model.stream(weights="float16")
    assert not any(s.any() for s in stream.state)


def test_bfloat16_needs_float32(float_type):
    float_type("float64")
    with pytest.raises(ValueError, match="bfloat16 need a model in float32"):
        lstm_and_gru()[0].stream(weights="bfloat16")


def test_what_is_taken_as_an_array():
    _, stream = lstm_and_gru(1)
    x = [[1, 2, 3, 4]]
    expected = stream.step(np.array(x, "f"))
    for same in (x, np.array(x), np.array(x, ">f4"), np.asfortranarray(np.array(x, "f")),
                 np.repeat(np.array(x, "f"), 2, 1)[:, ::2]):  # fmt: skip
        stream.reset()
        assert np.array_equal(stream.step(same), expected)


DESCRIPTIONS = {
    "expected 'fusedrnn stream 1 float32'": "fusedrnn stream 2 float32\ninput 4\nrnn tanh W W -\n",
    "expected 'input SIZE'": "fusedrnn stream 1 float32\ninput 4\n",
    "'04', expected a size": "fusedrnn stream 1 float32\ninput 04\nmasking 0\n",
    "line 3 of the description: the layer 'flstm'": "{}flstm tanh W W -\n",
    "the line ends too early": "{}rnn tanh W W\n",
    "line 3 of the description: the line ends": "{}lstm tanh W\n",
    "'x' is too much": "{}rnn tanh W W - x\n",
    "there is no tensor 'V'": "{}rnn tanh V W -\n",
    "expected a matrix of 4 rows": "{}rnn tanh V3 W -\n",
    "a matrix that fits its kernel": "{}lstm tanh W W -\n",
    "expected 4 values": "{}rnn tanh W W W\n",
    "'maybe', expected after or before": "{}gru tanh maybe keep W W -\n",
    "the activation 'sin'": "{}rnn sin W W -\n",
    "'one', expected a number": "{}masking one\n",
    "'1e999', expected a number": "{}masking 1e999\n",
    "takes indices, not numbers": "{}embedding W\n",
    "takes numbers, not indices": "fusedrnn stream 1 float32\ninput indices\nmasking 0\n",
    "'-', expected a tensor": "{}prelu -\n",
    "'batch', expected layer, spread, rms or unit": "{}normalize batch 0.1 - -\n",
}


@pytest.mark.parametrize("message", DESCRIPTIONS)
def test_descriptions_that_mean_nothing(message):
    text = DESCRIPTIONS[message].format("fusedrnn stream 1 float32\ninput 4\n")
    arrays = {"W": np.zeros((4, 4), "f"), "V3": np.zeros((3, 4), "f")}
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        _core.StreamChain(text, arrays)
    assert message in str(refusal.value)


def test_a_mask_may_be_a_list():
    model = sequential(LSTM(5, return_sequences=True))
    one, other, x = model.stream(N), model.stream(N), data(mask=False).astype("f")
    given = [[step % 2 == 0 or row > 0 for step in range(x.shape[1])] for row in range(N)]
    assert np.array_equal(one.run(x, given), other.run(x, np.array(given)))
    assert np.array_equal(
        one.step(x[:, 0], given[0][:N]), other.step(x[:, 0], np.array(given[0][:N]))
    )


def test_an_index_beyond_all_integers_is_named_as_it_is():
    big = np.array([2**63 + 3], np.uint64)
    model = Sequential([Embedding(20, 6), LSTM(5)])
    model.build((None, None))
    for call in (model.stream().step, lambda x: model(x[None])):
        with pytest.raises(ValueError, match="9223372036854775811"):
            call(big)
