"""Small models that are compared with Keras: each is built by the same lines for both packages.

``k`` is ``keras`` or ``fusedrnn``. Data and weights come from seeds, so that nothing but Keras's
results is stored (``data/keras_numbers.json``, made by ``data/make_keras_numbers.py``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EPOCHS = 5


@dataclass
class Case:
    """A model, what it is compiled with, and the data that it is trained on."""

    layers: Callable[[Any], list[Any]]
    loss: Any = "mse"
    optimizer: Any = "adam"
    metrics: list[Any] = field(default_factory=list)
    weighted_metrics: list[Any] = field(default_factory=list)
    shape: tuple[int, ...] = (6, 3)
    target: str = "real"  # real, positive, binary, signs, onehot, labels
    target_shape: tuple[int, ...] = (1,)
    rows: int = 22  # the last batch is not full
    batch_size: int = 8
    vocabulary: int = 0  # inputs are indices below this
    padding: str = ""  # "pre", "post" or "holes": steps that are 0
    fit: Callable[[Case], dict[str, Any]] = lambda case: {}
    gates: int = 1  # masks that a recurrent layer draws, where it drops
    tolerance: float = 2e-6


def data(name: str, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets of a case."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    n, shape = case.rows, case.shape
    x = (
        rng.integers(1, case.vocabulary, (n, *shape))
        if case.vocabulary
        else rng.normal(size=(n, *shape)).astype(np.float32)
    )
    if case.padding:
        T = shape[0]
        lengths = rng.integers(1, T + 1, n)
        keep = {
            "post": np.arange(T) < lengths[:, None],
            "pre": np.arange(T) >= T - lengths[:, None],
            "holes": rng.random((n, T)) < 0.6,
        }[case.padding]
        keep[:, 2] |= ~keep.any(axis=1)  # no row without any step
        x = np.where(keep.reshape(keep.shape + (1,) * (x.ndim - 2)), x, 0).astype(x.dtype)
    y_shape = (n, *case.target_shape)
    y = rng.normal(size=y_shape)
    if case.target == "positive":
        y = np.abs(y) + 0.5
    elif case.target == "binary":
        y = (y > 0).astype(float)
    elif case.target == "signs":
        y = np.where(y > 0, 1.0, -1.0)
    elif case.target == "onehot":
        y = np.eye(y_shape[-1])[rng.integers(0, y_shape[-1], y_shape[:-1])]
    elif case.target == "labels":
        y = rng.integers(0, 4, y_shape)
    return x, y.astype(np.float32)


def set_weights(name: str, model: Any) -> None:
    """Give a model weights that depend on nothing but the name of its case."""
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    model.set_weights(
        [
            (rng.uniform(-0.5, 0.5, w.shape) + np.all(w == 1)).astype(np.float32)
            for w in model.get_weights()
        ]
    )  # scales and variances stay around 1


def masks(shape: tuple[int, ...], rate: float, gate: int) -> np.ndarray:
    """Return the dropout mask that both packages are made to use."""
    rng = np.random.default_rng([*shape, gate])
    return ((rng.random(shape) >= rate) / (1 - rate)).astype(np.float32)


def run(k: Any, name: str) -> dict[str, Any]:
    """Predict, train and evaluate; return the numbers."""
    case = CASES[name]
    x, y = data(name, case)
    model = k.Sequential(case.layers(k))
    if not model.built:
        model.build((None, *case.shape))
    set_weights(name, model)
    loss = case.loss(k) if callable(case.loss) else case.loss
    optimizer = case.optimizer(k) if callable(case.optimizer) else case.optimizer
    made = [m(k) if callable(m) else m for m in case.metrics]
    weighted = [m(k) if callable(m) else m for m in case.weighted_metrics]
    model.compile(optimizer, loss, metrics=made or None, weighted_metrics=weighted or None)
    size = case.batch_size
    before = model.predict(x, batch_size=size, verbose=0)
    reset(model)
    history = model.fit(
        x, y, batch_size=size, epochs=EPOCHS, shuffle=False, verbose=0, **case.fit(case)
    ).history
    reset(model)
    scores = model.evaluate(x, y, batch_size=size, verbose=0)
    reset(model)
    after = model.predict(x, batch_size=size, verbose=0)
    return {
        "parameters": model.count_params(),
        "shape": list(before.shape),
        "before": rounded(before.ravel()[:24]),
        "after": rounded(after.ravel()[:24]),
        "history": {key: rounded(values) for key, values in history.items()},
        "scores": rounded(np.atleast_1d(scores)),
    }


def rounded(values: Any) -> list[float]:
    """Return floats with the nine digits that float32 needs."""
    return [float(f"{float(v):.9g}") for v in values]


def reset(model: Any) -> None:
    """Set the states of stateful layers to zero."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def _weights(case: Case) -> dict[str, Any]:
    return {"sample_weight": np.linspace(0.1, 2, case.rows).astype(np.float32)}


def _step_weights(case: Case) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {"sample_weight": rng.random((case.rows, case.shape[0])).astype(np.float32)}


def _simple(**kwargs: Any) -> Case:
    """LSTM(4) and Dense(1)."""
    return Case(lambda k: [k.layers.Input((6, 3)), k.layers.LSTM(4), k.layers.Dense(1)], **kwargs)


def _recurrent(
    cell: str, out: int = 1, shape: tuple[int, ...] = (6, 3), case: Any = None, **kwargs: Any
) -> Case:
    """One recurrent layer with arguments, and Dense."""
    return Case(
        lambda k: [
            k.layers.Input(shape),
            getattr(k.layers, cell)(5, **kwargs),
            k.layers.Dense(out),
        ],
        shape=shape,
        target_shape=((shape[0], out) if kwargs.get("return_sequences") else (out,)),
        **(case or {}),
    )


def _bidirectional(mode: Any, cell: str = "LSTM", padding: str = "", **kwargs: Any) -> Case:
    target = (6, 1) if kwargs.get("return_sequences") else (1,)
    return Case(
        lambda k: [
            k.layers.Input((6, 3)),
            *([k.layers.Masking()] if padding else []),
            k.layers.Bidirectional(getattr(k.layers, cell)(4, **kwargs), merge_mode=mode),
            k.layers.Dense(1),
        ],
        target_shape=target,
        padding=padding,
    )


def _masked(cell: str, padding: str, **kwargs: Any) -> Case:
    target = (6, 1) if kwargs.get("return_sequences") else (1,)
    return Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Masking(0.0),
            getattr(k.layers, cell)(4, **kwargs),
            k.layers.Dense(1),
        ],
        padding=padding,
        target_shape=target,
        metrics=["mae"],
    )


def _text(top: Callable[[Any], list[Any]], vocabulary: int = 11, **kwargs: Any) -> Case:
    return Case(
        lambda k: [k.layers.Input((7,)), *top(k)], shape=(7,), vocabulary=vocabulary, **kwargs
    )


def _stateful(cell: str, **kwargs: Any) -> Case:
    return Case(
        lambda k: [
            k.layers.Input(batch_shape=(8, 6, 3)),
            getattr(k.layers, cell)(4, stateful=True, use_cudnn=False, **kwargs),
            k.layers.Dense(1),
        ],  # Keras on torch cannot train it otherwise
        rows=24,
    )


def _dense(activation: str, tolerance: float = 2e-6, **kwargs: Any) -> Case:
    return Case(
        lambda k: [
            k.layers.Input((5,)),
            k.layers.Dense(6, activation=activation),
            k.layers.Dense(1),
        ],
        shape=(5,),
        tolerance=tolerance,
        **kwargs,
    )


CASES: dict[str, Case] = {
    # the tutorial models
    "lstm": _simple(metrics=["mae"]),
    "gru": _recurrent("GRU"),
    "lstm_stacked": Case(
        lambda k: [
            k.layers.Input((10, 1)),
            k.layers.LSTM(6, return_sequences=True),
            k.layers.LSTM(5),
            k.layers.Dense(1),
        ],
        shape=(10, 1),
    ),
    "gru_stacked_relu_head": Case(
        lambda k: [
            k.layers.Input((10, 1)),
            k.layers.GRU(6, return_sequences=True),
            k.layers.GRU(5),
            k.layers.Dense(4, activation="relu"),
            k.layers.Dense(1),
        ],
        shape=(10, 1),
    ),
    # arguments of the recurrent layers
    "lstm_sequences": _recurrent("LSTM", return_sequences=True),
    "lstm_no_bias": _recurrent("LSTM", use_bias=False),
    "lstm_backwards": _recurrent("LSTM", go_backwards=True),
    "lstm_backwards_sequences": _recurrent("LSTM", go_backwards=True, return_sequences=True),
    "lstm_relu": _recurrent("LSTM", activation="relu"),
    "lstm_hard_sigmoid": _recurrent("LSTM", recurrent_activation="hard_sigmoid"),
    "lstm_unroll": _recurrent("LSTM", unroll=True),
    "gru_reset_before": _recurrent("GRU", reset_after=False),
    "gru_no_bias": _recurrent("GRU", use_bias=False),
    "gru_backwards_sequences": _recurrent("GRU", go_backwards=True, return_sequences=True),
    "gru_softsign": _recurrent("GRU", activation="softsign", recurrent_activation="hard_sigmoid"),
    "gru_reset_before_elu": _recurrent("GRU", activation="elu", reset_after=False),
    "simple_rnn": _recurrent("SimpleRNN"),
    "simple_rnn_relu_sequences": _recurrent("SimpleRNN", activation="relu", return_sequences=True),
    "simple_rnn_no_bias": _recurrent("SimpleRNN", use_bias=False),
    "simple_rnn_sigmoid_backwards_sequences": _recurrent(
        "SimpleRNN", activation="sigmoid", go_backwards=True, return_sequences=True
    ),
    "simple_rnn_linear": _recurrent("SimpleRNN", activation=None),
    "simple_rnn_elu": _recurrent("SimpleRNN", activation="elu"),
    "simple_rnn_stacked": Case(
        lambda k: [
            k.layers.Input((10, 1)),
            k.layers.SimpleRNN(6, return_sequences=True),
            k.layers.SimpleRNN(5, unroll=True),
            k.layers.Dense(1),
        ],
        shape=(10, 1),
    ),
    "lstm_dropout": _recurrent("LSTM", dropout=0.3),
    "lstm_recurrent_dropout": _recurrent("LSTM", recurrent_dropout=0.3, case={"gates": 4}),
    "lstm_both_dropouts": _recurrent("LSTM", dropout=0.2, recurrent_dropout=0.3, case={"gates": 4}),
    "gru_both_dropouts": _recurrent("GRU", dropout=0.2, recurrent_dropout=0.3, case={"gates": 3}),
    "gru_reset_before_recurrent_dropout": _recurrent(
        "GRU", recurrent_dropout=0.3, reset_after=False, case={"gates": 3}
    ),
    "lstm_relu_both_dropouts": _recurrent(
        "LSTM", activation="relu", dropout=0.2, recurrent_dropout=0.3, case={"gates": 4}
    ),
    "gru_reset_before_elu_both_dropouts": _recurrent(
        "GRU",
        activation="elu",
        dropout=0.2,
        recurrent_dropout=0.3,
        reset_after=False,
        case={"gates": 3},
    ),
    "simple_rnn_both_dropouts": _recurrent("SimpleRNN", dropout=0.2, recurrent_dropout=0.3),
    "lstm_mask_recurrent_dropout": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Masking(),
            k.layers.LSTM(5, recurrent_dropout=0.3, return_sequences=True),
            k.layers.Dense(1),
        ],
        padding="holes",
        target_shape=(6, 1),
        gates=4,
    ),
    "lstm_regularized": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(
                4,
                kernel_regularizer="l2",
                recurrent_regularizer=k.regularizers.L1(0.01),
                bias_regularizer=k.regularizers.L1L2(0.01, 0.02),
            ),
            k.layers.Dense(
                1,
                kernel_regularizer=k.regularizers.l2(0.1),
                activity_regularizer=k.regularizers.L2(0.05),
            ),
        ]
    ),
    "gru_orthogonal_regularizer": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.GRU(
                4,
                recurrent_regularizer=k.regularizers.OrthogonalRegularizer(0.1),
                activity_regularizer="l1",
            ),
            k.layers.Dense(1),
        ]
    ),
    "lstm_constrained": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(
                4,
                kernel_constraint=k.constraints.MaxNorm(0.5),
                recurrent_constraint="unit_norm",
                bias_constraint="non_neg",
            ),
            k.layers.Dense(1, kernel_constraint=k.constraints.MinMaxNorm(0.2, 0.4, rate=0.9)),
        ]
    ),
    # masks
    "lstm_mask_post": _masked("LSTM", "post"),
    "lstm_mask_pre": _masked("LSTM", "pre"),
    "lstm_mask_holes_sequences": _masked("LSTM", "holes", return_sequences=True),
    "lstm_mask_backwards": _masked("LSTM", "post", go_backwards=True, return_sequences=True),
    "gru_mask_post_sequences": _masked("GRU", "post", return_sequences=True),
    "gru_mask_holes": _masked("GRU", "holes"),
    "gru_mask_reset_before": _masked("GRU", "pre", reset_after=False),
    "simple_rnn_mask": _masked("SimpleRNN", "holes", return_sequences=True),
    "simple_rnn_mask_backwards": _masked("SimpleRNN", "post", activation="relu", go_backwards=True),
    "simple_rnn_bidirectional": _bidirectional("concat", "SimpleRNN", padding="post"),
    "lstm_zero_output_for_mask": _masked(
        "LSTM", "holes", return_sequences=True, zero_output_for_mask=True
    ),
    "lstm_mask_stacked": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Masking(),
            k.layers.LSTM(4, return_sequences=True),
            k.layers.Dropout(0.0),
            k.layers.GRU(4),
            k.layers.Dense(1),
        ],
        padding="pre",
    ),
    # stateful
    "lstm_stateful": _stateful("LSTM"),
    "gru_stateful": _stateful("GRU"),
    "gru_stateful_stacked": Case(
        lambda k: [
            k.layers.Input(batch_shape=(8, 6, 3)),
            k.layers.GRU(4, stateful=True, return_sequences=True, use_cudnn=False),
            k.layers.LSTM(4, stateful=True, use_cudnn=False),
            k.layers.Dense(1),
        ],
        rows=24,
    ),
    # wrappers
    "bidirectional_concat": _bidirectional("concat"),
    "bidirectional_sum": _bidirectional("sum", return_sequences=True),
    "bidirectional_mul": _bidirectional("mul", "GRU"),
    "bidirectional_ave_sequences": _bidirectional("ave", "GRU", return_sequences=True),
    "bidirectional_mask": _bidirectional("concat", padding="post"),
    "bidirectional_mask_sequences": _bidirectional(
        "concat", "GRU", padding="holes", return_sequences=True
    ),
    "bidirectional_two_layers": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Bidirectional(
                k.layers.LSTM(4), backward_layer=k.layers.GRU(4, go_backwards=True)
            ),
            k.layers.Dense(1),
        ]
    ),
    "autoencoder": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4),
            k.layers.RepeatVector(6),
            k.layers.LSTM(4, return_sequences=True),
            k.layers.TimeDistributed(k.layers.Dense(3)),
        ],
        target_shape=(6, 3),
        loss="mae",
    ),
    "encoder_decoder": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.GRU(4),
            k.layers.RepeatVector(4),
            k.layers.GRU(4, return_sequences=True),
            k.layers.TimeDistributed(k.layers.Dense(5, activation="relu")),
            k.layers.TimeDistributed(k.layers.Dense(1)),
        ],
        target_shape=(4, 1),
    ),
    "nested_sequential": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.Sequential([k.layers.Input((6, 3)), k.layers.LSTM(4), k.layers.Dense(3)]),
            k.layers.Dense(1),
        ]
    ),
    # other layers
    "flatten": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4, return_sequences=True),
            k.layers.Flatten(),
            k.layers.Dense(1),
        ]
    ),
    "reshape_permute": Case(
        lambda k: [
            k.layers.Input((18,)),
            k.layers.Reshape((3, -1)),
            k.layers.Permute((2, 1)),
            k.layers.GRU(4),
            k.layers.Activation("tanh"),
            k.layers.Dense(1),
        ],
        shape=(18,),
    ),
    "layer_normalization": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.LayerNormalization(),
            k.layers.GRU(4),
            k.layers.LayerNormalization(center=False),
            k.layers.Dense(1),
        ],
        tolerance=1e-5,
    ),
    "batch_normalization": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.BatchNormalization(momentum=0.9),
            k.layers.GRU(4),
            k.layers.BatchNormalization(scale=False, epsilon=1e-2),
            k.layers.Dense(1),
        ],
        tolerance=1e-5,
    ),
    "batch_normalization_mask": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Masking(),
            k.layers.BatchNormalization(),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.BatchNormalization(),
            k.layers.Dense(1),
        ],
        padding="post",
        target_shape=(6, 1),
        tolerance=1e-5,
    ),
    "leaky_relu_layer": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(5),
            k.layers.Dense(4),
            k.layers.LeakyReLU(negative_slope=0.1),
            k.layers.Dense(1),
        ]
    ),
    "dropout": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.Dropout(0.25),
            k.layers.LSTM(4),
            k.layers.Dropout(0.5),
            k.layers.Dense(1),
        ]
    ),
    # text
    "embedding_lstm_binary": _text(
        lambda k: [
            k.layers.Embedding(11, 4),
            k.layers.LSTM(5),
            k.layers.Dense(1, activation="sigmoid"),
        ],
        target="binary",
        loss="binary_crossentropy",
        metrics=["accuracy"],
    ),
    "embedding_mask_gru_softmax": _text(
        lambda k: [
            k.layers.Embedding(11, 4, mask_zero=True),
            k.layers.GRU(5),
            k.layers.Dense(4, activation="softmax"),
        ],
        target="onehot",
        target_shape=(4,),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        padding="pre",
    ),
    "embedding_bidirectional_labels": _text(
        lambda k: [
            k.layers.Embedding(11, 4, mask_zero=True),
            k.layers.Bidirectional(k.layers.LSTM(3)),
            k.layers.Dense(4, activation="softmax"),
        ],
        target="labels",
        target_shape=(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        padding="post",
    ),
    "tagging_sequences": _text(
        lambda k: [
            k.layers.Embedding(11, 4, mask_zero=True),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.TimeDistributed(k.layers.Dense(4, activation="softmax")),
        ],
        target="labels",
        target_shape=(7,),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        padding="post",
    ),
    "embedding_logits": _text(
        lambda k: [k.layers.Embedding(11, 4), k.layers.GRU(5), k.layers.Dense(4)],
        target="labels",
        target_shape=(1,),
        loss=lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            "sparse_categorical_accuracy",
            lambda k: k.metrics.SparseTopKCategoricalAccuracy(k=2),
        ],
    ),
    "embedding_binary_logits": _text(
        lambda k: [k.layers.Embedding(11, 4), k.layers.LSTM(5), k.layers.Dense(1)],
        target="binary",
        loss=lambda k: k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=[lambda k: k.metrics.BinaryAccuracy(threshold=0.0)],
    ),
    # losses and metrics
    "loss_mae": _simple(loss="mae", metrics=["mse", "mape"]),
    "loss_mape": _simple(loss="mean_absolute_percentage_error", target="positive"),
    "loss_msle": _simple(loss="msle", target="positive"),
    "loss_huber": _simple(loss=lambda k: k.losses.Huber(delta=0.7), metrics=["mae"]),
    "loss_log_cosh": _simple(loss="log_cosh"),
    "loss_cosine": Case(
        lambda k: [k.layers.Input((6, 3)), k.layers.LSTM(4), k.layers.Dense(3)],
        loss="cosine_similarity",
        target_shape=(3,),
        metrics=["cosine_similarity"],
    ),
    "loss_poisson": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.GRU(4),
            k.layers.Dense(1, activation="softplus"),
        ],
        loss="poisson",
        target="positive",
    ),
    "loss_kl": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.GRU(4),
            k.layers.Dense(3, activation="softmax"),
        ],
        loss="kl_divergence",
        target="onehot",
        target_shape=(3,),
        tolerance=1e-5,
    ),
    "loss_hinge": _simple(loss="hinge", target="signs", metrics=["squared_hinge"]),
    "loss_squared_hinge": _simple(loss="squared_hinge", target="signs"),
    "loss_sum": _simple(
        loss=lambda k: k.losses.MeanSquaredError(reduction="sum"), optimizer="sgd", tolerance=1e-5
    ),
    "loss_label_smoothing": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4),
            k.layers.Dense(4, activation="softmax"),
        ],
        target="onehot",
        target_shape=(4,),
        loss=lambda k: k.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["categorical_accuracy", lambda k: k.metrics.TopKCategoricalAccuracy(k=2)],
    ),
    "metrics_regression": _simple(
        metrics=[
            "mae",
            "mape",
            "msle",
            lambda k: k.metrics.RootMeanSquaredError(),
            lambda k: k.metrics.R2Score(),
            "cosine_similarity",
        ],
        tolerance=1e-5,
    ),
    "metrics_binary": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4),
            k.layers.Dense(1, activation="sigmoid"),
        ],
        target="binary",
        loss="binary_crossentropy",
        metrics=[
            "accuracy",
            lambda k: k.metrics.Precision(name="precision"),
            lambda k: k.metrics.Recall(name="recall"),
            lambda k: k.metrics.AUC(name="auc"),
        ],
    ),
    "sample_weight": _simple(fit=_weights, metrics=["mae"], weighted_metrics=["mse"]),
    "sample_weight_steps": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4, return_sequences=True),
            k.layers.Dense(2),
        ],
        target_shape=(6, 2),
        fit=_step_weights,
        weighted_metrics=["mae"],
    ),
    "sample_weight_masked": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.Masking(),
            k.layers.GRU(4, return_sequences=True),
            k.layers.Dense(2),
        ],
        target_shape=(6, 2),
        padding="post",
        fit=_step_weights,
        metrics=["mse"],
    ),  # weighted metrics: Keras on torch
    # scales the weights in place for the loss, and its metrics then see them scaled
    "class_weight": Case(
        lambda k: [
            k.layers.Input((6, 3)),
            k.layers.LSTM(4),
            k.layers.Dense(1, activation="sigmoid"),
        ],
        target="binary",
        loss="binary_crossentropy",
        fit=lambda case: {"class_weight": {0: 1.0, 1: 3.0}},
    ),
    "validation_split": _simple(fit=lambda case: {"validation_split": 0.3}, metrics=["mae"]),
    # optimizers
    "sgd": _simple(optimizer="sgd"),
    "sgd_momentum": _simple(optimizer=lambda k: k.optimizers.SGD(0.05, momentum=0.9)),
    "sgd_nesterov": _simple(
        optimizer=lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01)
    ),
    "rmsprop": _simple(optimizer="rmsprop", tolerance=1e-5),
    "rmsprop_centered": _simple(
        optimizer=lambda k: k.optimizers.RMSprop(0.005, momentum=0.5, centered=True), tolerance=1e-5
    ),
    "adam_amsgrad": _simple(
        optimizer=lambda k: k.optimizers.Adam(0.02, amsgrad=True), tolerance=1e-5
    ),
    "adamw": _simple(optimizer=lambda k: k.optimizers.AdamW(0.02, weight_decay=0.1)),
    "nadam": _simple(optimizer=lambda k: k.optimizers.Nadam(0.02)),
    "adagrad": _simple(optimizer=lambda k: k.optimizers.Adagrad(0.1)),
    "clipnorm": _simple(optimizer=lambda k: k.optimizers.SGD(0.5, clipnorm=0.1)),
    "clipvalue": _simple(optimizer=lambda k: k.optimizers.SGD(0.5, clipvalue=0.02)),
    "global_clipnorm": _simple(optimizer=lambda k: k.optimizers.SGD(0.5, global_clipnorm=0.1)),
    "exponential_decay": _simple(
        optimizer=lambda k: k.optimizers.Adam(
            k.optimizers.schedules.ExponentialDecay(0.05, 4, 0.5)
        ),
        tolerance=1e-5,
    ),
    "cosine_decay": _simple(
        optimizer=lambda k: k.optimizers.SGD(
            k.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=4)
        )
    ),
    # activations of Dense
    **{
        f"dense_{a}": _dense(a)
        for a in (
            "relu",
            "sigmoid",
            "tanh",
            "softmax",
            "elu",
            "selu",
            "softplus",
            "softsign",
            "silu",
            "gelu",
            "mish",
            "exponential",
            "hard_sigmoid",
            "leaky_relu",
            "relu6",
        )
    },
    # pooling over steps
    **{
        f"{name}_{padding or 'full'}": Case(
            lambda k, name=name: [  # type: ignore[misc]
                k.layers.Input((6, 3)),
                k.layers.Masking(),
                k.layers.GRU(5, return_sequences=True),
                getattr(k.layers, name)(),
                k.layers.Dense(1),
            ],
            padding=padding,
        )
        for name in ("GlobalAveragePooling1D", "GlobalMaxPooling1D")
        for padding in ("", "post")
    },
    # functions of one's own
    "own_loss": _simple(
        loss=lambda k: lambda t, p: k.ops.sqrt(k.ops.mean(k.ops.square(p - t))),
        metrics=["mae"],
        fit=lambda case: {"validation_split": 0.3},
    ),
    "own_loss_of_samples": _simple(
        loss=lambda k: (
            lambda t, p: k.ops.mean(
                k.ops.where(t > p, 0.9 * (t - p), k.ops.log1p(k.ops.abs(p - t))), axis=-1
            )
        ),
        fit=_weights,
    ),
    "own_activation": _recurrent("LSTM", activation=lambda x: x / (1 + x * x)),
    "lambda": Case(
        lambda k: [
            k.layers.Input((6,)),
            k.layers.Lambda(lambda x: k.ops.expand_dims(x, axis=-1)),
            k.layers.Bidirectional(k.layers.LSTM(4)),
            k.layers.Dense(1),
            k.layers.Lambda(lambda x: 100 * x),
        ],
        shape=(6,),
        tolerance=1e-5,
    ),
}
