"""``import fusedrnn as tf``: functions, types and set-up as TensorFlow 2.20 has them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import fusedrnn
import tensorflow_names
from fusedrnn import missing
from fusedrnn.autodiff import Tracked
from fusedrnn.layers import Dense, Lambda, Layer

tf: Any = fusedrnn
A = np.array([[1.0, -2, 3], [-4, 5, 0.5]], np.float32)

# What TensorFlow 2.20 gives
VALUES: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: tf.constant([1, 2]), [1, 2], "int32"),
    (lambda: tf.constant(2.5), 2.5, "float32"),
    (lambda: tf.constant(7, shape=(2, 2)), [[7, 7], [7, 7]], "int32"),
    (lambda: tf.constant(np.ones(1)), [1], "float64"),
    (lambda: tf.convert_to_tensor([True]), [True], "bool"),
    (lambda: tf.signal.rfft(np.array([1.0, 2, 4, 1])), [8, -3 - 1j, 2], "complex128"),
    (lambda: tf.signal.rfft(np.array([1.0, 2, 4, 1]), [3]), [7, -2 + 3**0.5 * 1j], "complex128"),
    (lambda: tf.signal.irfft(np.array([8, -3 - 1j, 2])), [1, 2, 4, 1], "float64"),
    (lambda: tf.signal.ifft(tf.signal.fft(np.array([1 + 1j, 2]))), [1 + 1j, 2], "complex128"),
    (lambda: tf.zeros((1, 2)), [[0, 0]], "float32"),
    (lambda: tf.fill([2], 7), [7, 7], "int32"),
    (lambda: tf.range(1, 7, 2), [1, 3, 5], "int32"),
    (lambda: tf.range(2.0), [0, 1], "float32"),
    (lambda: tf.linspace(0.0, 1.0, 3), [0, 0.5, 1], "float32"),
    (lambda: tf.shape(A), [2, 3], "int32"),
    (lambda: tf.size(A) + tf.rank(A), 8, "int32"),
    (lambda: tf.reduce_sum(A), 3.5, "float32"),
    (lambda: tf.reduce_sum(input_tensor=A, axis=1, keepdims=True), [[2], [1.5]], "float32"),
    (lambda: tf.reduce_mean([1, 2, 4]), 2, "int32"),
    (lambda: tf.reduce_max(A, axis=[0, 1]), 5, "float32"),
    (lambda: tf.math.reduce_std([1.0, 3.0]), 1, "float32"),
    (lambda: tf.reduce_all(A > 0, axis=1), [False, False], "bool"),
    (lambda: tf.math.count_nonzero(A > 0), 4, "int64"),
    (lambda: tf.add(A[0], 1), [2, -1, 4], "float32"),
    (lambda: tf.multiply(x=A[0], y=[1.0, 2.0, 3.0]), [1, -4, 9], "float32"),
    (lambda: tf.math.floormod(-7, 3), 2, "int32"),
    (lambda: tf.math.divide_no_nan([1.0, 1.0], [0.0, 2.0]), [0, 0.5], "float32"),
    (lambda: tf.math.squared_difference(3.0, 1.0), 4, "float32"),
    (lambda: tf.cast([1.9, -1.9], tf.int32), [1, -1], "int32"),
    (lambda: tf.cast(A > 0, tf.float32)[0], [1, 0, 1], "float32"),
    (lambda: tf.expand_dims(A, -1)[0, 0], [1], "float32"),
    (lambda: tf.squeeze([[1], [2]], axis=1), [1, 2], "int32"),
    (lambda: tf.squeeze([[[1], [2]]], [0, -1]), [1, 2], "int32"),
    (lambda: tf.reshape(A, [-1, tf.shape(A)[0]])[2], [5, 0.5], "float32"),
    (lambda: tf.transpose(A, perm=[1, 0])[0], [1, -4], "float32"),
    (lambda: tf.concat([A, A], axis=-1)[0], [1, -2, 3, 1, -2, 3], "float32"),
    (lambda: tf.stack([[1, 2], [3, 4]], axis=1), [[1, 3], [2, 4]], "int32"),
    (lambda: tf.stack([1.0, 2]), [1, 2], "float32"),
    (lambda: tf.unstack([[1, 2], [3, 4]], axis=1)[1], [2, 4], "int32"),
    (lambda: tf.split(A, [1, -1], axis=1)[1], [[-2, 3], [5, 0.5]], "float32"),
    (lambda: tf.tile([[1, 2]], [2, 2]), [[1, 2, 1, 2]] * 2, "int32"),
    (lambda: tf.pad([[1]], [[1, 0], [0, 2]]), [[0, 0, 0], [1, 0, 0]], "int32"),
    (lambda: tf.gather(A, [1]), [[-4, 5, 0.5]], "float32"),
    (lambda: tf.gather(A, [[0, 2], [1, 1]], batch_dims=1), [[1, 3], [5, 5]], "float32"),
    (lambda: tf.gather_nd(A, [[0, 1], [1, 0]]), [-2, -4], "float32"),
    (lambda: tf.boolean_mask(A, [False, True]), [[-4, 5, 0.5]], "float32"),
    (lambda: tf.where(A > 2), [[0, 2], [1, 1]], "int64"),
    (lambda: tf.where(A > 0, A, 0.0)[0], [1, 0, 3], "float32"),
    (lambda: tf.one_hot([0, -1], 2), [[1, 0], [0, 0]], "float32"),
    (lambda: tf.one_hot([1], 2, on_value=5.0, off_value=-1.0), [[-1, 5]], "float32"),
    (lambda: tf.clip_by_value(A[0], 0.0, 2.0), [1, 0, 2], "float32"),
    (lambda: tf.clip_by_norm([3.0, 4.0], 1.0), [0.6, 0.8], "float32"),
    (lambda: tf.clip_by_norm([[3.0, 4.0], [0.3, 0.4]], 1.0, axes=[1]), [[0.6, 0.8], [0.3, 0.4]],
     "float32"),
    (lambda: tf.nn.l2_normalize([[3.0], [4.0]], [0, 1]), [[0.6], [0.8]], "float32"),
    (lambda: tf.argmax(A), [0, 1, 0], "int64"),
    (lambda: tf.argsort(A[0], direction="DESCENDING"), [2, 0, 1], "int32"),
    (lambda: tf.sort(A[0], direction="DESCENDING"), [3, 1, -2], "float32"),
    (lambda: tf.math.top_k(A, 2).indices, [[2, 0], [1, 2]], "int32"),
    (lambda: tf.unique([3, 1, 3])[1], [0, 1, 0], "int32"),
    (lambda: tf.cumsum([1, 2, 3], exclusive=True), [0, 1, 3], "int32"),
    (lambda: tf.cumsum([1, 2, 3], reverse=True), [6, 5, 3], "int32"),
    (lambda: tf.matmul(A, A, transpose_b=True), [[14, -12.5], [-12.5, 41.25]], "float32"),
    (lambda: tf.tensordot(A, A, 2), 55.25, "float32"),
    (lambda: tf.einsum("ij,ij->i", A, A), [14, 41.25], "float32"),
    (lambda: tf.norm([3.0, 4.0]), 5, "float32"),
    (lambda: tf.norm(A, 1, axis=[0, 1]), 7, "float32"),
    (lambda: tf.norm(A, np.inf, axis=[0, 1]), 9.5, "float32"),
    (lambda: tf.norm(A, 1, axis=1), [6, 9.5], "float32"),
    (lambda: tf.linalg.diag([1, 2], k=1), [[0, 1, 0], [0, 0, 2], [0, 0, 0]], "int32"),
    (lambda: tf.linalg.diag([[1], [2]], k=-1), [[[0, 0], [1, 0]], [[0, 0], [2, 0]]], "int32"),
    (lambda: tf.math.bincount([1, 1, 7], maxlength=4), [0, 2, 0, 0], "int32"),
    (lambda: tf.math.bincount([1, 3], weights=[0.5, 2.0], dtype=tf.int64), [0, 0.5, 0, 2],
     "float32"),
    (lambda: tf.linalg.band_part(tf.ones((2, 2)), -1, 0), [[1, 0], [1, 1]], "float32"),
    (lambda: tf.linalg.matvec([[1.0, 2.0]], [3.0, 4.0]), [11], "float32"),
    (lambda: tf.nn.relu(A)[0], [1, 0, 3], "float32"),
    (lambda: tf.nn.softmax([0.0, 0.0]), [0.5, 0.5], "float32"),
    (lambda: tf.nn.leaky_relu([-1.0]), [-0.2], "float32"),
    (lambda: tf.nn.l2_normalize([3.0, 4.0], axis=0), [0.6, 0.8], "float32"),
    (lambda: tf.nn.moments(A, [0])[1], [6.25, 12.25, 1.5625], "float32"),
    (lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[0.0]), [0.6931472],
     "float32"),
    (lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 0.0]]),
     [0.6931472], "float32"),
    (lambda: tf.sequence_mask([1, 3]), [[True, False, False], [True] * 3], "bool"),
    (lambda: tf.math.confusion_matrix([0, 1, 1], [1, 1, 0]), [[0, 1], [1, 1]], "int32"),
    (lambda: tf.map_fn(lambda x: 2 * x, tf.constant([1, 2])), [2, 4], "int32"),
    (lambda: tf.scan(lambda s, x: s + x, tf.constant([1, 2, 3])), [1, 3, 6], "int32"),
    (lambda: tf.scan(lambda s, x: s + x, tf.constant([1, 2, 3]), reverse=True), [6, 5, 3], "int32"),
    (lambda: tf.keras.backend.sqrt(tf.constant([-1.0, 4.0])), [0, 2], "float32"),
    (lambda: tf.keras.backend.sum(A, axis=[0, 1]), 3.5, "float32"),
    (lambda: tf.constant(tf.metrics.AUC(multi_label=True, label_weights=[1.0, 2.0]).result()), 0,
     "float32"),
    (lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)])[0], 3, "int32"),
    (lambda: tf.cond(tf.constant(True), lambda: tf.constant(1), lambda: 2), 1, "int32"),
    (lambda: tf.numpy_function(lambda x: x + 1, [A[0]], tf.float32), [2, -1, 4], "float32"),
    (lambda: tf.strings.to_number(["1.5"]), [1.5], "float32"),
    (lambda: tf.strings.length(["abc", "d"]), [3, 1], "int32"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "value", "dtype"), VALUES)
def test_values(make: Callable[[], Any], value: Any, dtype: str) -> None:
    y = make()
    np.testing.assert_allclose(y.numpy(), value, rtol=1e-6)
    assert y.dtype == getattr(tf, dtype) == dtype
    assert tf.is_tensor(y)


def test_text() -> None:
    cleaned = tf.strings.regex_replace(tf.strings.lower(["A, b!"]), "[{}]".format(",!"), "")
    assert cleaned.numpy().tolist() == [b"a b"]
    assert tf.strings.split("a b  c").numpy().tolist() == [b"a", b"b", b"c"]
    assert tf.strings.unicode_split("h\u00e9", "UTF-8").numpy()[1].decode() == "h\u00e9"[1]
    assert tf.strings.join(["a", "b"], separator="-").numpy() == b"a-b"
    assert tf.strings.reduce_join(["x", "y"]).numpy() == b"xy"
    assert tf.strings.as_string([1, -2]).numpy().tolist() == [b"1", b"-2"]
    assert tf.strings.as_string(1.5).numpy() == b"1.500000"
    assert tf.strings.as_string([2.25], precision=1, width=5).numpy().tolist() == [b"  2.2"]
    assert tf.strings.as_string(7, width=3, fill="0").numpy() == b"007"
    assert tf.strings.as_string([True]).numpy().tolist() == [b"true"]
    with pytest.raises(TypeError, match="max_norm"):
        tf.nn.embedding_lookup(A, [0], max_norm=1.0)
    assert tf.strings.strip(tf.strings.substr(" abc", 0, 3)).numpy() == b"ab"
    with pytest.raises(NotImplementedError, match="no RaggedTensor"):
        tf.strings.split(["a", "b c"])


def test_numbers_that_are_drawn() -> None:
    tf.random.set_seed(1)
    x = tf.random.normal((1000,), mean=2.0, stddev=0.5)
    tf.compat.v1.set_random_seed(1)
    np.testing.assert_array_equal(x, tf.keras.random.normal((1000,), 2.0, 0.5))
    assert abs(np.mean(x) - 2) < 0.1
    assert x.dtype == tf.float32
    assert np.abs(tf.random.truncated_normal((1000,))).max() <= 2
    whole = tf.random.uniform((1000,), 2, 5, dtype=tf.int32)
    assert sorted(set(whole.numpy().tolist())) == [2, 3, 4]
    drawn = tf.random.categorical([[0.0, -100.0], [-100.0, 0.0]], 5)
    assert drawn.numpy().tolist() == [[0] * 5, [1] * 5]
    assert sorted(tf.random.shuffle([1, 2, 3]).numpy()) == [1, 2, 3]
    seeds = tf.keras.random.SeedGenerator(1)
    assert (tf.random.normal((3,), seed=seeds) != tf.random.normal((3,), seed=seeds)).all()


class LuongAttention(Layer):
    """As notebooks write it."""

    def build(self, input_shape: Any) -> None:
        self.w = tf.Variable(tf.ones((input_shape[-1], input_shape[-1])) / 9, name="w")
        self.v = self.add_weight(name="v", shape=(input_shape[-1], 1))

    def call(self, x: Any) -> Any:
        size = x.get_shape().as_list()[-1]
        keys = tf.tensordot(x, self.w, axes=[[2], [0]]) / tf.sqrt(float(size))
        score = tf.squeeze(tf.matmul(tf.nn.tanh(keys), self.v), axis=-1)
        weights = tf.nn.softmax(score - tf.reduce_max(score, axis=1, keepdims=True), axis=1)
        mask = tf.cast(tf.not_equal(tf.reduce_sum(x, axis=-1), 0.0), tf.float32)
        context = tf.reduce_sum(x * tf.expand_dims(weights * mask, -1), axis=1)
        first, last = tf.split(tf.concat([context, x[:, -1]], axis=-1), 2, axis=-1)
        both = tf.stack([first, last], axis=1)
        return tf.reshape(tf.transpose(both, [0, 2, 1]), (tf.shape(x)[0], 2 * size))


def own_loss(y_true: Any, y_pred: Any) -> Any:
    error = tf.abs(tf.subtract(y_true, y_pred))
    small = tf.less_equal(error, 1.0)
    return tf.reduce_mean(tf.where(small, 0.5 * tf.square(error), error - 0.5), axis=-1)


def test_a_layer_and_a_loss_have_the_gradient_of_central_differences() -> None:
    fusedrnn.backend.set_floatx("float64")
    try:
        m = fusedrnn.Sequential([fusedrnn.Input((4, 3)), LuongAttention(), Dense(2)])
        m.compile("sgd", own_loss)
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 2))
        assert [w.name for w in m.layers[0].weights] == ["w", "v"]
        before = m.get_weights()
        numeric = []
        for k, w in enumerate(before):
            for i in np.ndindex(w.shape):
                losses = []
                for step in (1e-6, -1e-6):
                    moved = [v.copy() for v in before]
                    moved[k][i] += step
                    m.set_weights(moved)
                    losses.append(m.evaluate(x, y, verbose=0))
                numeric.append((losses[0] - losses[1]) / 2e-6)
        m.set_weights(before)
        m.optimizer.learning_rate = 1.0
        m.train_on_batch(x, y)
        moved = [(a - b).ravel() for a, b in zip(before, m.get_weights(), strict=True)]
        np.testing.assert_allclose(np.concatenate(moved), numeric, rtol=1e-5, atol=1e-8)
    finally:
        fusedrnn.backend.set_floatx("float32")


P = np.random.default_rng(0).normal(size=(4, 3)) + 2.5
ONES = np.ones((4, 3))


@pytest.mark.parametrize(
    "function",
    [
        lambda p: (
            tf.gather(p, [2, 0, 0], axis=1) * tf.gather(p, [[0], [1], [2], [0]], batch_dims=1)
        ),
        lambda p: tf.cumsum(p, axis=1, exclusive=True, reverse=True) + tf.reverse(p, [1]),
        lambda p: tf.math.cumprod(p, axis=1) * tf.math.l2_normalize(p, axis=1),
        lambda p: tf.reduce_logsumexp(p, axis=1) + tf.norm(p, axis=1) - tf.norm(p, ord=1, axis=1),
        lambda p: tf.pad(p, [[0, 0], [1, 0]])[:, :3] * tf.repeat(p, 2, axis=0)[::2],
        lambda p: tf.sort(p, direction="DESCENDING") + tf.math.top_k(p, 3)[0] * tf.tile(p, [1, 1]),
        lambda p: tf.clip_by_value(p, 1.5, 3.0) * tf.math.reduce_std(p, axis=0),
        lambda p: tf.linalg.band_part(p, 0, 1) + tf.roll(p, 1, 0) + tf.where(p > 2, p, p * p),
        lambda p: tf.nn.softmax_cross_entropy_with_logits(labels=ONES / 3, logits=p),
        lambda p: tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1, 2, 0], p),
        lambda p: tf.math.divide_no_nan(p, ONES * [0, 1, 2]) + tf.math.xlogy(p, p) + tf.math.erf(p),
        lambda p: tf.map_fn(lambda row: row / tf.reduce_sum(row), p) + tf.add_n([p, p]),
        lambda p: tf.scan(lambda a, b: a * b, p) + tf.slice(p, [0, 0], [-1, 3]),
        lambda p: tf.boolean_mask(p, [True, False, True, True])[:, :2] * tf.nn.gelu(p)[1:, 1:],
        lambda p: tf.linalg.matvec(tf.stack([p, p]), [1.0, 2.0, 3.0]) * tf.unstack(p, axis=1)[1],
        lambda p: tf.einsum("ij,kj->ik", p, ONES) * tf.reduce_prod(p, axis=1),
        lambda p: tf.nn.moments(p, [1])[1] * tf.stop_gradient(p)[:, 0] + tf.identity(p)[:, 1],
        lambda p: tf.nn.embedding_lookup(p, [1, 1, 0]) * tf.nn.bias_add(p, [1.0, 2.0, 3.0])[:3],
    ],
)
def test_gradients(function: Callable[..., Any]) -> None:
    x = Tracked(P)
    y = function(x)
    np.testing.assert_allclose(y.value, function(P), rtol=1e-6)
    seed = np.random.default_rng(1).normal(size=y.shape)
    numeric = np.empty_like(P)
    for i in np.ndindex(P.shape):
        step = np.zeros_like(P)
        step[i] = 1e-6
        up, down = (function(Tracked(P + s)).value for s in (step, -step))
        numeric[i] = (seed * (up - down)).sum() / 2e-6
    if "stop_gradient" in function.__code__.co_names:  # differences see through it
        numeric[:, 0] -= seed * np.var(P, axis=1)
    np.testing.assert_allclose(y.gradient(x, seed), numeric, rtol=1e-6, atol=1e-7)


def test_functions_become_layers_of_a_graph() -> None:
    x = tf.keras.Input((4, 3))
    y = tf.nn.softmax(tf.reduce_sum(tf.square(x) * 2.0, axis=-1, keepdims=True), axis=1)
    y = tf.concat([tf.transpose(y, [0, 2, 1]) @ x, tf.expand_dims(x[:, -1], 1)], axis=2)
    y = tf.reshape(tf.cast(y, tf.float32), (-1, 6))
    m = tf.keras.Model(x, Dense(1)(Lambda(lambda t: tf.abs(t) + tf.shape(t)[1] * 1.0)(y)))
    assert m.output_shape == (None, 1)
    m.compile("sgd", own_loss)
    given = np.random.default_rng(0).normal(size=(8, 4, 3))
    losses = m.fit(given, given[:, 0, 0], epochs=9, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert x.shape.as_list() == [None, 4, 3]


def test_set_up_of_devices_does_nothing_or_what_it_says() -> None:
    assert tf.config.list_physical_devices("GPU") == []
    assert [d.device_type for d in tf.config.experimental.list_physical_devices()] == ["CPU"]
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.set_visible_devices([], "GPU")
    before = fusedrnn.runtime.num_threads()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    assert fusedrnn.runtime.num_threads() == 1
    fusedrnn.runtime.set_num_threads(before)
    assert not tf.test.is_gpu_available()
    assert tf.test.gpu_device_name() == ""
    tf.get_logger().setLevel("ERROR")
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    assert tf.executing_eagerly()
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    with tf.compat.v1.Session(config=config) as session:
        tf.compat.v1.keras.backend.set_session(session)
        with pytest.raises(NotImplementedError, match="computes at once"):
            session.run(None)
    with tf.device("/CPU:0"), tf.name_scope("x"), tf.distribute.MirroredStrategy().scope():
        pass
    assert tf.distribute.get_strategy().num_replicas_in_sync == 1
    with pytest.raises(ValueError, match="there is one, the CPU"):
        tf.distribute.MirroredStrategy(["/gpu:0", "/gpu:1"])
    with pytest.raises(ValueError, match="TPU"):
        tf.distribute.cluster_resolver.TPUClusterResolver()
    assert issubclass(tf.errors.InvalidArgumentError, Exception)
    assert tf.function(test_text) is test_text
    assert tf.function(jit_compile=True)(test_text) is test_text
    with pytest.raises(ValueError, match="assert_equal: one"):
        tf.debugging.assert_equal(1, 2, message="one")


@pytest.mark.parametrize(
    "line",
    [
        "import fusedrnn.compat.v1 as tf; tf.disable_v2_behavior(); tf.logging.set_verbosity(0)",
        "from fusedrnn.compat.v1.keras.layers import LSTM; import fusedrnn.layers as L\n"
        "assert LSTM is L.LSTM",
        "import fusedrnn as tf; tf.compat.v1.keras.optimizers.Adam; tf.compat.v2.keras.layers.GRU",
        "from fusedrnn.python.keras.layers import LSTM; from fusedrnn.python.keras import backend",
        "import fusedrnn.compat.v1.keras.optimizers as o, fusedrnn.optimizers as p; assert o is p",
        "from fusedrnn.python.client import device_lib; print(device_lib.list_local_devices())",
        "from fusedrnn.python.framework import ops; from fusedrnn.contrib import rnn",
        "from fusedrnn.python.ops import rnn_cell",
        "from fusedrnn.python.keras.engine.base_layer import Layer; import fusedrnn.layers as L\n"
        "assert Layer is L.Layer",
        "from fusedrnn.data import Dataset; from fusedrnn.keras.backend import set_session",
        "import fusedrnn as tf; from fusedrnn.data.experimental import AUTOTUNE; tf.data.AUTOTUNE",
        "import fusedrnn as tf; tf.summary.create_file_writer; tf.lite.TFLiteConverter; tf.flags",
        "from fusedrnn import math, nn, linalg, random, signal, strings, train, saved_model",
    ],
)
def test_import_lines(line: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", line], check=True)


def test_what_is_beyond_says_what_to_use() -> None:
    for name, advice in {
        "GradientTape": "give compile a function as the loss",
        "Module": "subclass layers.Layer",
        "RaggedTensor": "pad_sequences",
        "placeholder": "computes at once",
        "saved_model.save": r"saves to \.keras",
        "lite.TFLiteConverter": "fusedrnn.onnx",
        "train.Saver": "model.save",
        "train.AdamOptimizer": "optimizers.Adam",
        "summary.scalar": "CSVLogger",
        "image.resize": "nothing for images",
        "nn.conv2d": "use numpy",
        "nn.rnn_cell.LSTMCell": "layers.LSTM",
        "io.TFRecordWriter": "pandas",
    }.items():
        value = fusedrnn
        for part in name.split("."):
            value = getattr(value, part)
        with pytest.raises(NotImplementedError, match=f"{name} is beyond fusedrnn.*{advice}"):
            value(1)
    with pytest.raises(AttributeError, match=r"contrib\.rnn is beyond .*layers\.LSTM"):
        _ = tf.contrib.rnn.BasicLSTMCell
    with pytest.raises(AttributeError, match="nor have Keras and TensorFlow; is it reduce_sum"):
        _ = tf.reduce_sun


def test_a_tensor_has_the_shape_that_it_is_said_to_have() -> None:
    tensor = tf.constant(A)
    tensor.set_shape([None, 3])
    for other in ([None, 4], [3], [None, None, None]):
        with pytest.raises(ValueError, match=r"shape \(2, 3\) is not compatible with"):
            tensor.set_shape(other)


def test_flags_are_those_of_the_command_line() -> None:
    """In a process of its own: flags are of the whole program."""
    pytest.importorskip("absl")
    program = (
        "import fusedrnn as tf\n"
        "flags = tf.app.flags\n"
        "flags.DEFINE_string('name', 'x', 'help')\n"
        "tf.compat.v1.flags.DEFINE_integer('n', 3, 'help')\n"
        "print(flags.FLAGS.name, tf.flags.FLAGS.n)\n"
        "flags.FLAGS.n = 7\n"
        "main = lambda rest: print(flags.FLAGS.n, rest[1:])\n"
        "tf.app.run(main)\n"
    )
    given = ["--name=y", "rest"]
    done = subprocess.run(
        [sys.executable, "-c", program, *given], capture_output=True, text=True, check=True
    )
    assert done.stdout == "y 3\n7 ['rest']\n"


def test_flags_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "absl", None)
    with pytest.raises(ImportError, match="pip install absl-py, or use argparse"):
        tf.app.flags.DEFINE_string("name", "x", "help")


def test_the_table_is_what_tensorflow_has() -> None:
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    assert tensorflow_names.TABLE.read_text(encoding="utf-8") == tensorflow_names.text(
        tensorflow_names.of_tensorflow()
    ), "python tests/support/tensorflow_names.py writes it"


def test_names_that_are_here_are_tensorflow_s() -> None:
    """What tf/ has under a public name is in the table, so that it can be found."""
    table = missing.table()
    known = set().union(*table.values())
    others = "tf.setup", "tf.strings", "tf.types", "tf.data", "tf.train"
    for file in (*missing.ARRAYS, *others):
        module = importlib.import_module(f"fusedrnn.{file}")
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", "") == module.__name__:
                assert name.startswith("_") or name in known | NOT_OF_TENSORFLOW, name


NOT_OF_TENSORFLOW = {"TopK", "cast_values", "get_session", "set_session"}


def test_arguments_that_would_change_the_answer_are_refused() -> None:
    """They are no longer taken and left out."""
    x = np.ones((2, 3, 1), np.float32)
    with pytest.raises(NotImplementedError, match="rnn: time_major is not supported"):
        fusedrnn.backend.rnn(lambda x, states: (x, states), x, [], time_major=True)
    with pytest.raises(NotImplementedError, match="function: updates are not supported"):
        fusedrnn.backend.function([], [], updates=[1])
    with pytest.raises(NotImplementedError, match="Variable: no constraint"):
        fusedrnn.backend.variable(0.0, constraint=abs)
