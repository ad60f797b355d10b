"""Keras on TensorFlow: the fit of the tutorial model, for who has TensorFlow installed."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow

from ..case import FIT_BATCH, FIT_STEPS, FIT_UNITS, FIT_WINDOWS, Case
from ..contestant import Contestant


def contestant(case: Case, threads: int) -> Contestant | None:
    """Keras's entry."""
    if case.task != "fit":
        return None
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(f"Keras runs on {keras.backend.backend()}, expected TensorFlow")
    if tensorflow.config.threading.get_intra_op_parallelism_threads() != threads:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    keras.config.set_floatx(case.dtype)
    x, y = case.windows

    def epoch(model: keras.Model, shuffle: bool) -> keras.Model:
        model.fit(x, y, batch_size=FIT_BATCH, epochs=1, verbose=0, shuffle=shuffle)
        return model

    model = tutorial(case)
    return Contestant(
        lambda: epoch(model, True),
        lambda out: {"prediction": epoch(tutorial(case), False).predict(x, verbose=0)},
        steps=-(-FIT_WINDOWS // FIT_BATCH),
    )


def tutorial(case: Case) -> keras.Model:
    """The tutorial model with the case's weights."""
    layer = getattr(keras.layers, case.form.cell.layer)(FIT_UNITS, **case.form.options)
    model = keras.Sequential([keras.Input((FIT_STEPS, 1)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mean_squared_error")
    names = "kernel", "recurrent_kernel", "bias", "head_kernel", "head_bias"
    model.set_weights([case.data[n] for n in names])
    return model
