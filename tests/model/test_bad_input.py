"""What a model says about bad input, and about what is beyond it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Sequential, layers, losses
from fusedrnn.callbacks import (
    LambdaCallback,
)
from fusedrnn.layers import LSTM, Dense, Dropout
from small_models import RNG, X, Y, generator, model


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.fit(X[:, :, :1], Y), ValueError, "x has shape .*, expected"),
        (lambda m: m.fit(X, Y[:-1]), ValueError, "y has 39 rows, but x has 40"),
        (lambda m: m.fit(X[:0], Y[:0]), ValueError, "x has no rows"),
        (lambda m: m.fit(X), ValueError, "y is missing"),
        (lambda m: m.fit(X, Y, batch_size=0), ValueError, "batch_size is 0"),
        (lambda m: m.fit(X, Y, validation_split=1.5), ValueError, "validation_split is 1.5"),
        (lambda m: m.fit(X, Y, shuffle="batch"), ValueError, "shuffle is 'batch'"),
        (lambda m: m.fit(X, Y, verbose=7), ValueError, "verbose is 7"),
        (lambda m: m.fit(X, RNG.normal(size=(40, 3, 2))), ValueError, "y has shape"),
        (lambda m: m.fit(X, Y, sample_weight=np.ones(3)), ValueError, "sample_weight has 3 rows"),
        (lambda m: m.fit([X, X[:, :2]], Y), ValueError, "one input and one output"),
        (
            lambda m: m.fit(generator(), Y, steps_per_epoch=1),
            ValueError,
            "come out of the generator",
        ),
        (lambda m: m.fit(iter([]), verbose=0), ValueError, "the data gave no batch"),
        (lambda m: m.evaluate(iter([]), verbose=0), ValueError, "gave no batch"),
        (lambda m: m.predict(iter([]), verbose=0), ValueError, "x gave no batch"),
        (lambda m: m.train_on_batch(X[:0], Y[:0]), ValueError, "x has no rows"),
        (lambda m: m.compile("adam", "mse", metrics=5), ValueError, "metrics is 5"),
        (lambda m: m.compile("adam", "nothing"), ValueError, "loss: 'nothing' is not known here"),
        (lambda m: m.compile("adam", 3), TypeError, "loss: 3 is not one of"),
        (lambda m: m.compile("adam", ["mse", "mse"]), ValueError, "has one output"),
        (lambda m: m.set_weights([]), ValueError, "weights have shapes"),
        (lambda m: m.layers[0].kernel.assign(np.ones(3)), ValueError, "value has shape"),
        (lambda m: m.add("dense"), TypeError, "is not a layer"),
        (lambda m: LSTM(0), ValueError, "units is 0"),
        (lambda m: LSTM(3, unknown=1), ValueError, "Unrecognized keyword arguments"),
        (lambda m: LSTM(3, activation="nothing"), ValueError, "activation: 'nothing'"),
        (lambda m: LSTM(3, activation=3), TypeError, "activation: 3 is not one of"),
        (lambda m: Dense(3, kernel_initializer="nothing"), ValueError, "initializer: 'nothing'"),
        (lambda m: Dropout(2), ValueError, "rate is 2"),
        (lambda m: layers.SpatialDropout1D(0.1, noise_shape=(1, 2)), TypeError, "noise_shape"),
        (lambda m: losses.MeanSquaredError(delta=1), TypeError, "delta"),
        (lambda m: layers.Embedding(3, 2)(np.array([[5]])), ValueError, "indices from 5 to 5"),
        (lambda m: LSTM(3)(Input((3,))), ValueError, "expected 3"),
        (lambda m: fusedrnn.Model(), ValueError, "inputs is None"),
        (lambda m: fusedrnn.Model(Input((3,)), Dense(1)(Input((3,)))), ValueError, "disconnected"),
        (lambda m: len(Input((3,))), TypeError, "has no values"),
        (lambda m: np.asarray(Input((3,))), TypeError, "has no values"),
        (lambda m: layers.Add()([Input((3,)), Input((4,))]), ValueError, "do not fit"),
        (lambda m: layers.Subtract()([Input((3,))]), ValueError, "got 1 inputs, expected 2"),
        (lambda m: layers.Concatenate()([Input((3, 2)), Input((4, 2))]), ValueError, "differ in"),
        (lambda m: layers.Dot(1)([Input((3,)), Input((4,))]), ValueError, "3 and 4 elements"),
        (lambda m: Sequential([LSTM(3), Dense(1)]).predict(X[0]), ValueError, "expected 3"),
    ],
)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(model())


def test_what_is_beyond_the_border_says_so() -> None:
    from fusedrnn.callbacks import OrbaxCheckpoint  # scripts import more than they use
    from fusedrnn.layers import Conv2D
    from fusedrnn.optimizers import LossScaleOptimizer
    from fusedrnn.utils import image_dataset_from_directory

    for name, use in {
        "layers.Conv2D": lambda: Conv2D(8, 3, activation="relu"),
        "callbacks.OrbaxCheckpoint": lambda: OrbaxCheckpoint("folder"),
        "optimizers.LossScaleOptimizer": lambda: LossScaleOptimizer("adam"),
        "utils.image_dataset_from_directory": lambda: image_dataset_from_directory("folder"),
    }.items():
        with pytest.raises(NotImplementedError, match=f"{name} is beyond fusedrnn"):
            use()


def test_an_epoch_ends_where_the_data_do() -> None:
    def steps(x: Any, *y: Any, **fit: Any) -> list[int]:
        counts: list[int] = []
        hooks = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: counts.append(0),
            on_train_batch_end=lambda batch, logs: counts.__setitem__(-1, batch + 1),
        )
        with pytest.warns(UserWarning, match="ran out of data"):
            model().fit(x, *y, callbacks=[hooks], verbose=0, **fit)
        return counts

    # Counted in Keras 3.15: 40 rows are 5 batches of 8; an epoch goes on where the last stopped.
    assert steps(X, Y, batch_size=8, steps_per_epoch=7, epochs=2) == [5, 5]
    assert steps(X, Y, batch_size=8, steps_per_epoch=3, epochs=4) == [3, 2, 3, 2]
    # Keras 3.15 goes on with batches that it had seen; here a generator that has ended is no data.
    assert steps(((X, Y) for _ in range(4)), steps_per_epoch=3, epochs=9) == [3, 1, 0]
    assert steps(((X, Y) for _ in range(4)), epochs=9) == [4, 0]


def test_compile_comes_before_fit() -> None:
    m = Sequential([Input((6, 2)), LSTM(3)])
    with pytest.raises(ValueError, match="You must call `compile\\(\\)` before"):
        m.fit(X, Y)
    m.compile("adam")
    with pytest.raises(ValueError, match="No loss to compute"):
        m.fit(X, Y, verbose=0)


def test_attributes_of_keras_that_are_beyond_say_what_instead() -> None:
    m = model()
    for name, message in {
        "train_step": "which does in fit",
        "compiled_metrics": r"model\.metrics",
        "export": "fusedrnn.onnx",
        "dtype_policy": "leave that line out",
        "get_state_tree": "get_weights",
        "nonsense": "no attribute 'nonsense'$",
    }.items():
        assert not hasattr(m.layers[0], name)
        with pytest.raises(AttributeError, match=message):
            getattr(m, name)


def test_arrays_that_do_not_go_together_name_the_layer() -> None:
    for kind in (layers.Concatenate, layers.Add):
        with pytest.raises(ValueError, match=r"both: inputs of shapes \[\(2, 3\), \(3, 3\)\]"):
            kind(name="both")([np.zeros((2, 3)), np.zeros((3, 3))])
    optimizer, v = fusedrnn.optimizers.SGD(), Dense(1)
    v.build((None, 1))
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        optimizer.apply([1, 2], [v.kernel])


def test_losses_of_two_numbers() -> None:
    assert losses.mean_squared_error(1, 3) == losses.MeanSquaredError()(1, 3) == 4
    assert losses.binary_crossentropy(1, 0.5) == pytest.approx(np.log(2))
    for name in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        with pytest.raises(ValueError, match="y_pred is a number"):
            getattr(losses, name)(1, 0.5)


def test_builds_that_take_what_no_call_has() -> None:
    class Own(layers.Layer):
        def build(self, a_shape: Any, c_shape: Any) -> None:
            pass

        def call(self, a: Any, b: Any) -> Any:
            return a + b

    with pytest.raises(ValueError, match="`call\\(\\)` does not have argument `c`"):
        Own()(X, X)

    class Early(layers.Layer):
        def __init__(self) -> None:
            self.w = layers.Variable("w", np.zeros(2))
            super().__init__()

    with pytest.raises(RuntimeError, match="after `super"):
        Early()
    with pytest.raises(ValueError, match="Invalid `output_shape`"):
        layers.MultiHeadAttention(2, 4, output_shape=8.0)
