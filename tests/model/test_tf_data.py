"""``tf.data.Dataset``: elements as TensorFlow 2.20 gives them, and models that take them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn as tf
from fusedrnn.layers import LSTM, Concatenate, Dense

D: Any = tf.data.Dataset


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(v) for v in value] if isinstance(value, tuple) else value.tolist()


def ragged(x: Any) -> Any:
    return tf.fill([tf.cast(x, tf.int32)], x)


def rows() -> Any:
    lengths = [[0], [1, 2, 3, 4], [5, 6, 7], [7, 8, 9, 10, 11], [13, 14, 15, 16, 19, 20], [21, 22]]
    return D.from_generator(lambda: iter(lengths), tf.int64, output_shapes=[None])


# What TensorFlow gives
CASES: list[tuple[Callable[[], Any], list[Any]]] = [
    (lambda: D.range(10).batch(4), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
    (lambda: D.range(10).batch(4, drop_remainder=True), [[0, 1, 2, 3], [4, 5, 6, 7]]),
    (lambda: D.range(3).repeat(2).batch(4), [[0, 1, 2, 0], [1, 2]]),
    (lambda: D.range(3).repeat().batch(2).take(2), [[0, 1], [2, 0]]),
    (lambda: D.range(5).batch(2).repeat(2).take(5), [[0, 1], [2, 3], [4], [0, 1], [2, 3]]),
    (lambda: D.range(4).map(lambda x: x * x).batch(3), [[0, 1, 4], [9]]),
    (lambda: D.range(10).skip(3).take(4).skip(1), [4, 5, 6]),
    (lambda: D.range(3).skip(-1).concatenate(D.range(2)), [0, 1]),
    (lambda: D.range(3).map(lambda x: x).skip(-1).concatenate(D.range(2)), [0, 1]),
    (lambda: D.range(3).repeat(2).skip(2).take(3), [2, 0, 1]),
    (lambda: D.range(4).map(lambda x: x).skip(1).take(2).repeat(2), [1, 2, 1, 2]),
    (lambda: D.range(7).window(3, drop_remainder=True).flat_map(lambda w: w.batch(3)),
     [[0, 1, 2], [3, 4, 5]]),
    (lambda: D.range(7).window(3, 1, 2, True).flat_map(lambda w: w.batch(3)),
     [[0, 2, 4], [1, 3, 5], [2, 4, 6]]),
    (lambda: D.range(7).window(3, shift=2).flat_map(lambda w: w.batch(3)),
     [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6]]),
    (lambda: D.range(20).filter(lambda x: x % 2 == 0).window(3, 4).flat_map(lambda w: w.batch(3)),
     [[0, 2, 4], [8, 10, 12], [16, 18]]),
    (lambda: D.from_tensor_slices((np.arange(6), np.arange(6) * 10)).window(2).flat_map(
        lambda x, y: D.zip((x.batch(2), y.batch(2)))),
     [[[0, 1], [0, 10]], [[2, 3], [20, 30]], [[4, 5], [40, 50]]]),
    (lambda: D.range(5).map(lambda x: (x, -x)).window(2, drop_remainder=True).flat_map(
        lambda x, y: D.zip((x.batch(2), y.batch(2)))),
     [[[0, 1], [0, -1]], [[2, 3], [-2, -3]]]),
    (lambda: D.zip((D.range(3), D.range(5, 10))), [[0, 5], [1, 6], [2, 7]]),
    (lambda: D.zip(D.range(2).map(lambda x: x), D.range(5, 10)), [[0, 5], [1, 6]]),
    (lambda: D.range(2).concatenate(D.range(5, 7)), [0, 1, 5, 6]),
    (lambda: D.range(5, 8).enumerate(start=1), [[1, 5], [2, 6], [3, 7]]),
    (lambda: D.range(10).shard(3, 1), [1, 4, 7]),
    (lambda: D.range(5).batch(2).unbatch(), [0, 1, 2, 3, 4]),
    (lambda: D.range(1, 6).interleave(lambda x: D.from_tensors(x).repeat(6), 2, 4),
     [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5]),
    (lambda: D.range(3).interleave(D.range, cycle_length=3), [0, 0, 1]),
    (lambda: D.range(1, 5).interleave(lambda x: D.from_tensors(x).repeat(x), 2, 2),
     [1, 2, 2, 3, 3, 3, 4, 4, 4, 4]),
    (lambda: D.range(1, 5).map(ragged).padded_batch(2),
     [[[1, 0], [2, 2]], [[3, 3, 3, 0], [4, 4, 4, 4]]]),
    (lambda: D.range(1, 4).map(ragged).padded_batch(2, 5, -1),
     [[[1, -1, -1, -1, -1], [2, 2, -1, -1, -1]], [[3, 3, 3, -1, -1]]]),
    (lambda: D.range(1, 4).map(lambda x: (ragged(x), x)).padded_batch(2, ([None], []), None, True),
     [[[[1, 0], [2, 2]], [1, 2]]]),
    (lambda: rows().bucket_by_sequence_length(lambda e: tf.shape(e)[0], [3, 5], [2, 2, 2]),
     [[[1, 2, 3, 4], [5, 6, 7, 0]], [[7, 8, 9, 10, 11, 0], [13, 14, 15, 16, 19, 20]],
      [[0, 0], [21, 22]]]),
    (lambda: D.from_tensor_slices({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0]}).batch(2),
     [{"a": [1, 2], "b": [1.0, 2.0]}, {"a": [3], "b": [3.0]}]),
    (lambda: D.range(5).scan(np.int64(0), lambda s, x: (s + x, s + x)), [0, 1, 3, 6, 10]),
    (lambda: D.range(9).take_while(lambda x: x < 4), [0, 1, 2, 3]),
    (lambda: D.range(3).apply(lambda d: d.map(lambda x: -x)), [0, -1, -2]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), CASES)
def test_elements(make: Callable[[], Any], expected: list[Any]) -> None:
    dataset = make()
    for _ in range(2):  # it can be gone through again
        assert [plain(each) for each in dataset] == expected
    assert dataset.cardinality() in (-2, len(expected))
    numbers = dataset.as_numpy_iterator()
    assert str(type(next(numbers))) not in str(tf.Tensor)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: D.range(10).repeat(), -1),
        (lambda: D.range(10).filter(lambda x: True), -2),
        (lambda: D.range(10).filter(lambda x: True).repeat(), -1),
        (lambda: D.range(10).flat_map(lambda x: D.range(3)), -2),
        (lambda: D.range(10).repeat().take(7), 7),
        (lambda: D.zip((D.range(3), D.range(9).repeat())), 3),
        (lambda: D.range(10).window(3), 4),
        (lambda: D.range(10).window(3, shift=1, drop_remainder=True), 8),
        (lambda: D.range(10).batch(3, drop_remainder=True), 3),
        (lambda: D.range(10).shuffle(4).prefetch(tf.data.AUTOTUNE).cache(), 10),
    ],
)
def test_number_of_elements(make: Callable[[], Any], size: int) -> None:
    dataset = make()
    assert dataset.cardinality().numpy() == tf.data.experimental.cardinality(dataset) == size
    if size >= 0:
        assert len(dataset) == size
    else:
        with pytest.raises(TypeError, match="infinite" if size == -1 else "unknown"):
            len(dataset)
    assert dataset


def test_shapes_and_types_of_elements() -> None:
    arrays = np.zeros((4, 2)), np.zeros(4, np.int32)
    tf.random.set_seed(0)
    spec = D.from_tensor_slices(arrays).shuffle(4).batch(3).prefetch(1).element_spec
    assert repr(spec) == (
        "(TensorSpec(shape=(None, 2), dtype=tf.float64, name=None), "
        "TensorSpec(shape=(None,), dtype=tf.int32, name=None))"
    )
    first = np.random.default_rng(0).random()
    assert tf.random.uniform(()).numpy() == np.float32(first)  # the spec has drawn nothing
    whole = D.range(4).batch(2, drop_remainder=True).map(lambda x: tf.cast(x, tf.float32))
    assert whole.element_spec == tf.TensorSpec((2,), tf.float32)
    typed = D.from_generator(
        lambda: ((k, [k / 2]) for k in range(3)),
        output_signature=(tf.TensorSpec((), tf.int32), tf.TensorSpec((1,), tf.float32)),
    )
    assert [x.dtype.name for x in next(iter(typed))] == ["int32", "float32"]
    for x, y in D.from_tensor_slices(([1.0, 2.0], ["a", "b"])).take(1):
        assert x.numpy() == 1
        assert x.shape == ()
        assert x.dtype == tf.float32
        assert y.numpy() == b"a"
    assert D.from_tensors([1, 2]).get_single_element().numpy().tolist() == [1, 2]
    assert D.range(5).reduce(np.int64(0), lambda s, x: s + x) == 10


@pytest.mark.parametrize("as_rows", [True, False])
@pytest.mark.parametrize("buffer", [3, 100])
def test_shuffling(as_rows: bool, buffer: int) -> None:
    def numbers(**kwargs: Any) -> Any:
        source = D.range(20) if as_rows else D.range(20).map(lambda x: x)
        dataset = source.shuffle(buffer, **kwargs)
        return [[int(x) for x in dataset] for _ in range(2)]

    first, second = numbers(seed=1)
    assert sorted(first) == sorted(second) == list(range(20)) != first != second
    assert numbers(seed=1) == [first, second]
    assert all(x < place + buffer for place, x in enumerate(first))
    once = numbers(seed=1, reshuffle_each_iteration=False)
    assert once[0] == once[1]
    tf.random.set_seed(3)
    before = numbers()
    tf.random.set_seed(3)
    assert numbers() == before
    unseeded = numbers(reshuffle_each_iteration=False)
    assert unseeded[0] == unseeded[1]
    kept = D.range(20).shuffle(buffer).cache()
    assert [int(x) for x in kept] == [int(x) for x in kept]


def test_a_cache_keeps_what_a_whole_pass_gave() -> None:
    calls = []
    dataset = D.range(3).map(lambda x: calls.append(int(x)) or x).cache("file")
    next(iter(dataset))
    assert [int(x) for x in dataset] == [int(x) for x in dataset] == [0, 1, 2]
    assert calls == [0, 0, 1, 2]


def test_lines_and_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("three")
    names = D.list_files(str(tmp_path / "*.txt"), shuffle=False)
    lines = names.flat_map(tf.data.TextLineDataset)
    assert [line.numpy().decode() for line in lines] == ["one", "two", "three"]
    assert tf.io.gfile.exists(str(tmp_path / "a.txt"))
    assert tf.io.read_file(str(tmp_path / "b.txt")).numpy() == b"three"


X = np.random.default_rng(0).normal(size=(50, 6, 2)).astype(np.float32)
Y = X.sum((1, 2))
W = np.random.default_rng(1).random(50).astype(np.float32)


def model() -> Any:
    tf.keras.utils.set_random_seed(1)
    m = tf.Sequential([tf.Input((6, 2)), LSTM(5), Dense(1)])
    m.compile("adam", "mse", metrics=["mae"])
    return m


def test_a_model_trains_on_a_data_set_as_on_its_arrays() -> None:
    by_arrays, by_dataset = model(), model()
    a = by_arrays.fit(
        X, Y, 8, epochs=2, shuffle=False, verbose=0, sample_weight=W, validation_data=(X, Y)
    )
    train = D.from_tensor_slices((X, Y, W)).batch(8).prefetch(tf.data.AUTOTUNE)
    test = D.from_tensor_slices((X, Y)).batch(32)
    b = by_dataset.fit(train, epochs=2, verbose=0, validation_data=test)
    for name in a.history:
        np.testing.assert_allclose(a.history[name], b.history[name], rtol=1e-6)
    np.testing.assert_allclose(
        by_arrays.evaluate(X, Y, verbose=0), by_dataset.evaluate(test, verbose=0)
    )
    y = by_arrays.predict(X, verbose=0)
    np.testing.assert_allclose(y, by_dataset.predict(test, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(
        y, by_dataset.predict(D.from_tensor_slices(X).batch(7), verbose=0), rtol=1e-6
    )


def test_a_data_set_without_end_needs_a_number_of_steps() -> None:
    m = model()
    endless = D.from_tensor_slices((X, Y)).shuffle(50).repeat().batch(8)
    h = m.fit(
        endless, steps_per_epoch=3, epochs=4, verbose=0, validation_data=endless, validation_steps=2
    )
    assert len(h.history["val_loss"]) == 4
    with pytest.raises(ValueError, match="repeats without end: give steps_per_epoch"):
        m.fit(endless, verbose=0)
    assert m.predict(endless, steps=2, verbose=0).shape == (16, 1)


def test_a_model_of_several_inputs_and_outputs() -> None:
    first, second = tf.Input((6, 2), name="first"), tf.Input((3,), name="second")
    both = Concatenate()([LSTM(4)(first), second])
    m = tf.Model([first, second], [Dense(1, name="a")(both), Dense(2, name="b")(both)])
    m.compile("sgd", "mse")
    given = {"first": X, "second": X[:, 0, [0, 1, 1]]}, {"a": Y, "b": X[:, 0]}
    by_name = D.from_tensor_slices(given).batch(10)
    in_order = D.from_tensor_slices(tuple(tuple(part.values()) for part in given)).batch(10)
    assert m.evaluate(by_name, verbose=0) == m.evaluate(in_order, verbose=0)
    m.fit(by_name, epochs=1, verbose=0)


def test_windows_of_a_series_can_be_chained() -> None:
    series = np.arange(12.0)
    windows = tf.keras.utils.timeseries_dataset_from_array(series, series[3:], 3, batch_size=4)
    assert isinstance(windows, D)
    doubled = windows.map(lambda x, y: (x[..., tf.newaxis] * 2, y)).cache().prefetch(1)
    x, y = next(iter(doubled.take(1)))
    assert x.shape == (4, 3, 1)
    assert y.numpy().tolist() == [3, 4, 5, 6]
    assert len(windows.unbatch().batch(2).as_numpy_iterator().__next__()) == 2
    assert len(list(windows)) == len(windows) == 3


def test_what_is_not_here_is_named() -> None:
    with pytest.raises(AttributeError, match=r"data\.Dataset has no 'group_by_window' here"):
        D.range(3).group_by_window(1)
    with pytest.raises(ValueError, match=r"the arrays have \[2, 3\] rows"):
        D.from_tensor_slices(([1, 2], [1, 2, 3]))
    with pytest.raises(
        NotImplementedError, match=r"data\.TFRecordDataset is beyond .* from_tensor"
    ):
        tf.data.TFRecordDataset("x")
    with pytest.raises(TypeError, match="generator is no function"):
        D.from_generator([1])
