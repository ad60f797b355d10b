"""Options and results of the model API that are compared with Keras itself."""

from __future__ import annotations

import inspect
import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import activations, autodiff, layers, losses, metrics, models, optimizers
from small_models import X, Y, model

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
RNG = np.random.default_rng(0)


def same_start(*stack: Any, shape: Any = (6, 2), **compile: Any) -> list[Any]:
    """Return a model here and in Keras; ``stack`` are functions of the module."""
    found, weights = [], None
    for k in (fusedrnn, keras):
        m = k.Sequential([k.Input(shape), *(layer(k) for layer in stack)])
        m.compile(**{name: v(k) if callable(v) else v for name, v in compile.items()})
        weights = m.get_weights() if weights is None else weights
        m.set_weights(weights)
        found.append(m)
    return found


# Files ------------------------------------------------------------------------------------------


AVERAGED = {"use_ema": True, "gradient_accumulation_steps": 2}
STATES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9}),
    *((name.__name__, {}) for name in optimizers.TABLE.values() if name.__name__ != "SGD"),
    ("Nadam", AVERAGED),
    ("Lion", AVERAGED),
]


@pytest.mark.parametrize(("name", "options"), STATES)
def test_h5_files_have_the_optimizer_s_state(name: str, options: Any, tmp_path: Path) -> None:
    """Both ways: saved in the middle of training, loaded, trained on."""
    h5py = pytest.importorskip("h5py")
    pair = same_start(
        lambda k: k.layers.Dense(3, "tanh"),
        lambda k: k.layers.Dense(1),
        shape=(4,),
        optimizer=lambda k: getattr(k.optimizers, name)(0.05, **options),
        loss="mean_squared_error",
    )
    x, y = RNG.normal(size=(20, 4)).astype(np.float32), RNG.normal(size=(20, 1))
    for i, m in enumerate(pair):
        m.fit(x, y, batch_size=4, shuffle=False, verbose=0)
        m.save(tmp_path / f"{i}.keras")  # before the other, in which Keras loses its optimizer
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras calls the format legacy
            m.save(tmp_path / f"{i}.h5")
    states = []
    for i in range(2):
        with h5py.File(tmp_path / f"{i}.h5") as file:
            group = file["optimizer_weights"]
            states.append([group[n][()] for n in group.attrs["weight_names"]])
    for ours, theirs in zip(*states, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    # Keras 3.15 reads this list, its own too, but does not train on after it
    steps = 5 // options.get("gradient_accumulation_steps", 1)
    if name != "Lamb":  # which it does not know in the old format
        assert int(keras.models.load_model(tmp_path / "0.h5").optimizer.iterations) == steps
    loaded = [
        models.load_model(tmp_path / f"{i}{end}") for i in range(2) for end in (".h5", ".keras")
    ]
    loaded.append(keras.models.load_model(tmp_path / "0.keras"))
    for m in (*loaded, *pair):
        assert int(m.optimizer.iterations) == steps
        m.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    want = np.concatenate([w.ravel() for w in pair[1].get_weights()])
    for m in (pair[0], *loaded):
        got = np.concatenate([np.ravel(w) for w in m.get_weights()])
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-6)
    pair[0].save(tmp_path / "none.h5", include_optimizer=False)
    assert not models.load_model(tmp_path / "none.h5").compiled  # as Keras


# Callbacks --------------------------------------------------------------------------------------


def test_csv_logger_as_keras(tmp_path: Path) -> None:
    pair = same_start(
        lambda k: k.layers.LSTM(3), lambda k: k.layers.Dense(1), optimizer="sgd", loss="mse"
    )
    rows = []
    for k, m in zip((fusedrnn, keras), pair, strict=True):
        log = tmp_path / f"{k.__name__}.csv"
        m.fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, shuffle=False, verbose=0,
              callbacks=[k.callbacks.CSVLogger(log)])  # fmt: skip
        rows.append([line.split(",") for line in log.read_text().splitlines()])
    assert rows[0][0] == rows[1][0] == ["epoch", "loss", "val_loss"]
    for ours, theirs in zip(rows[0][1:], rows[1][1:], strict=True):
        assert (ours[2] == "NA") == (theirs[2] == "NA") == (int(ours[0]) % 2 == 0)
        np.testing.assert_allclose(float(ours[1]), float(theirs[1]), rtol=1e-5)


def test_terminate_on_nan_may_raise() -> None:
    for k, m in zip(
        (fusedrnn, keras),
        same_start(lambda k: k.layers.Dense(1), shape=(2,), optimizer="sgd", loss="mse"),
        strict=True,
    ):
        with pytest.raises(RuntimeError, match="NaN or Inf loss encountered at batch 0"):
            m.fit(np.full((4, 2), np.nan), np.ones((4, 1)), verbose=0,
                  callbacks=[k.callbacks.TerminateOnNaN(raise_error=True)])  # fmt: skip


# Losses -----------------------------------------------------------------------------------------

SMOOTH = {"label_smoothing": 0.2}
LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("Huber", {"delta": 0.3}),
    *itertools.product(
        ("BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"),
        ({"from_logits": True}, SMOOTH, {"from_logits": True, **SMOOTH}),
    ),
    ("SparseCategoricalCrossentropy", {"from_logits": True}),
    ("CategoricalFocalCrossentropy", {"alpha": 0.7, "gamma": 1.5}),
    ("CategoricalFocalCrossentropy", {"alpha": 0.7, "gamma": 3.0, "axis": 1}),
    ("BinaryFocalCrossentropy", {"alpha": 0.7, "gamma": 1.5}),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3}),
    ("BinaryFocalCrossentropy", {"from_logits": True, **SMOOTH}),
    ("BinaryFocalCrossentropy", {"axis": 1}),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}),
    ("CategoricalHinge", {}),
    ("Dice", {"axis": (1, 2)}),
    ("Dice", {"axis": -1}),
    ("Tversky", {"alpha": 0.3, "beta": 0.9}),
    ("Tversky", {"alpha": 0.3, "axis": (1, 2)}),
]


@pytest.mark.parametrize(("name", "options"), LOSSES)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_options_of_losses(name: str, options: Any, reduction: str, weighted: bool) -> None:
    """Values, and what a step of training makes of them."""
    if weighted and isinstance(options.get("axis"), tuple | None) and name in ("Dice", "Tversky"):
        pytest.skip("a value for all rows, or for each: no weights of steps")
    rng = np.random.default_rng(4)
    x = rng.normal(size=(8, 6, 2)).astype(np.float32)
    classes = rng.integers(0, 3, (8, 6))
    y = (
        classes
        if "Sparse" in name or "Generalized" in name
        else np.eye(3, dtype=np.float32)[classes]
    )
    w = rng.uniform(0.5, 2, (8, 6)).astype(np.float32) if weighted else None
    if options.get("axis") == 1 and weighted:
        w = w[:, :3]  # a value for each output
    activation = None if options.get("from_logits") else "softmax"
    pair = same_start(
        lambda k: k.layers.Dense(3, activation),
        optimizer=lambda k: k.optimizers.SGD(0.5),
        loss=lambda k: getattr(k.losses, name)(reduction=reduction, **options),
    )
    found = [[m.train_on_batch(x, y, sample_weight=w), *m.get_weights()] for m in pair]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_names_and_configurations_of_losses() -> None:
    for cls in losses.TABLE.values():
        if not hasattr(keras.losses, cls.__name__):
            continue
        ours, theirs = cls().get_config(), getattr(keras.losses, cls.__name__)().get_config()
        assert theirs.items() <= ours.items()
        assert losses.get({"class_name": cls.__name__, "config": ours}).get_config() == ours
    with pytest.raises(ValueError, match=r"q is 1\.0, expected more than 0, less than 1"):
        losses.CategoricalGeneralizedCrossEntropy(1.0)


# Metrics ----------------------------------------------------------------------------------------


def test_what_evaluate_returns() -> None:
    """Floats of float32's values, and arrays where a metric has several numbers."""
    pair = same_start(
        lambda k: k.layers.LSTM(3),
        lambda k: k.layers.Dense(2, "sigmoid"),
        optimizer="sgd",
        loss="mse",
        metrics=lambda k: [
            "mae",
            k.metrics.R2Score(class_aggregation=None),
            k.metrics.Precision(thresholds=[0.3, 0.5]),
        ],
    )
    y = (RNG.random((40, 2)) > 0.5).astype(np.float32)
    for give in (
        lambda m: m.evaluate(X, y, verbose=0),
        lambda m: m.test_on_batch(X, y),
        lambda m: list(m.evaluate(X, y, verbose=0, return_dict=True).values()),
        lambda m: [v[-1] for v in m.fit(X, y, verbose=0, shuffle=False).history.values()],
    ):
        ours, theirs = map(give, pair)
        assert [type(v) for v in ours] == [type(v) for v in theirs]
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
            assert np.asarray(a, np.float64).tolist() == np.asarray(a, np.float32).tolist()


CURVES = itertools.product(("ROC", "PR", "PRGAIN"), ("interpolation", "minoring", "majoring"))
METRICS: list[tuple[str, dict[str, Any]]] = [
    *(("AUC", {"curve": c, "summation_method": s}) for c, s in CURVES),
    ("AUC", {"num_thresholds": 7, "curve": "PR"}),
    ("AUC", {"thresholds": [0.9, 0.2, 0.5]}),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75], "curve": "PR"}),
    ("AUC", {"multi_label": True}),
    ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 2.0, 0.5]}),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5], "curve": "PR"}),
    ("AUC", {"from_logits": True}),
    *itertools.product(
        ("Precision", "Recall"),
        (
            {"thresholds": 0.3},
            {"thresholds": [0.2, 0.7]},
            {"thresholds": [0, 0.5, 1]},
            {"class_id": 1},
            {"top_k": 2},
            {"top_k": 1, "class_id": 2, "thresholds": 0.6},
        ),
    ),
    ("R2Score", {"num_regressors": 2}),
    ("R2Score", {"num_regressors": 2, "class_aggregation": None}),
    ("R2Score", {"num_regressors": 3, "class_aggregation": "variance_weighted_average"}),
    ("R2Score", {"num_regressors": 500}),
    *itertools.product(
        ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"),
        ({}, {"thresholds": [0.2, 0.7]}),
    ),
    *(
        (f"{a}At{b}", {b.lower(): value, **more})
        for a, b in (
            ("Sensitivity", "Specificity"),
            ("Specificity", "Sensitivity"),
            ("Precision", "Recall"),
            ("Recall", "Precision"),
        )
        for value, more in ((0.5, {}), (0.8, {"num_thresholds": 7}), (0.3, {"class_id": 1}),
                            (0.99, {"num_thresholds": 1}))
    ),
    *itertools.product(
        ("FBetaScore", "F1Score"),
        (
            {},
            {"average": "micro", "threshold": 0.5},
            {"average": "macro"},
            {"average": "weighted", "threshold": 0.3},
        ),
    ),
    ("FBetaScore", {"beta": 2.0, "average": "macro", "threshold": 0.6}),
    ("BinaryIoU", {}),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3, "dtype": "float32"}),
    ("IoU", {"num_classes": 2, "target_class_ids": [0], "dtype": "float32"}),
    ("MeanIoU", {"num_classes": 2, "ignore_class": 1}),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("OneHotMeanIoU", {"num_classes": 3, "ignore_class": 2, "dtype": "float32"}),
    ("PearsonCorrelation", {"axis": 0}),
    ("PearsonCorrelation", {}),
    ("ConcordanceCorrelation", {"axis": 0}),
    ("ConcordanceCorrelation", {}),
    ("CategoricalHinge", {}),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*adjusted R2:UserWarning")
@pytest.mark.filterwarnings("ignore:.*weight:UserWarning")  # that IoU makes integers
@pytest.mark.parametrize(("name", "options"), METRICS)
@pytest.mark.parametrize("weighted", [False, True])
def test_options_of_metrics(name: str, options: Any, weighted: bool) -> None:
    rng = np.random.default_rng(4)
    pair = [getattr(k, name)(**options) for k in (metrics, keras.metrics)]
    for _ in range(2):
        t = (rng.random((16, 3)) > 0.6).astype(np.float32)
        p = np.round(rng.random((16, 3)), 2).astype(np.float32)  # ties with thresholds too
        if "Correlation" in name:
            t = rng.random((16, 3)).astype(np.float32)
        w = rng.uniform(0.5, 2, 16).astype(np.float32) if weighted else None
        if weighted and (name in ("BinaryIoU", "IoU", "MeanIoU") or options.get("axis") == 0):
            w = np.repeat(w[:, None], 3, 1) if "IoU" in name else w[:3]  # one for each value
        for metric in pair:
            metric.update_state(t, p, sample_weight=w)
    ours, theirs = (np.asarray(metric.result()) for metric in pair)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    again = metrics.get({"class_name": name, "config": pair[0].get_config()})
    assert again.get_config() == pair[0].get_config()


# Layers and activations -------------------------------------------------------------------------

ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 1.0}),
    ("relu", {"max_value": 6}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"threshold": -0.5}),
    ("relu", {"threshold": -0.5, "max_value": 1.0, "negative_slope": 0.2}),
    ("relu", {"negative_slope": 0.3, "max_value": 0.7, "threshold": 0.2}),
    ("leaky_relu", {"negative_slope": 0.4}),
    ("elu", {"alpha": 0.5}),
    ("softmax", {"axis": 1}),
    ("softmax", {"axis": -1}),
    ("softmax", {"axis": (1, 2)}),
    ("gelu", {"approximate": True}),
    ("gelu", {"approximate": False}),
]


@pytest.mark.parametrize(("name", "options"), ACTIVATIONS)
def test_options_of_activations(name: str, options: Any) -> None:
    x = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    act = getattr(activations, name)
    theirs = getattr(keras.activations, name)(keras.ops.convert_to_tensor(x), **options)
    got = act(x, **options)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.asarray(theirs), rtol=2e-6, atol=1e-6)
    if next(iter(options), "") not in ("max_value", "threshold"):
        np.testing.assert_array_equal(act(x, *options.values()), got)
    # Its gradient, and as a part of a function of the user's
    x64, r, step = x.astype(np.float64), RNG.normal(size=x.shape), 1e-6
    tracked = autodiff.Tracked(x64)
    y = act(tracked, **options)
    numeric = np.zeros_like(x64)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x64)
        e[i] = step
        numeric[i] = (r * (act(x64 + e, **options) - act(x64 - e, **options))).sum() / (2 * step)
    np.testing.assert_allclose(y.gradient(tracked, r), numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "noise", [(None, 1, None), (4, 1, 2), (1, 3, 1), [None, 3, 1], (2,), (3, 1), (1, 1, 1), ()]
)
def test_noise_shape_of_dropout(noise: Any) -> None:
    x = np.ones((4, 3, 2), np.float32)
    seen = []
    for k in (fusedrnn, keras):
        layer = k.layers.Dropout(0.5, noise_shape=noise)
        assert tuple(layer.get_config()["noise_shape"]) == tuple(noise)
        y = np.stack([np.asarray(layer(x, training=True)) for _ in range(20)])
        assert set(np.unique(y)) <= {0.0, 2.0}
        # Along which axes all is alike
        seen.append([bool((y == y.take([0], axis)).all()) for axis in (1, 2, 3)])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("noise", ["ab", 3, (0, 1, 2), (-1,), (1.5, 1, 1)])
def test_no_noise_shape(noise: Any) -> None:
    for k in (fusedrnn, keras):
        with pytest.raises((ValueError, TypeError)):
            k.layers.Dropout(0.5, noise_shape=noise)


@pytest.mark.parametrize("noise", [(4, 2, 2), (2, 4, 3, 2), (5, 1, 1)])
def test_noise_shape_that_does_not_fit(noise: Any) -> None:
    for k in (fusedrnn, keras):
        with pytest.raises((ValueError, RuntimeError)):
            k.layers.Dropout(0.5, noise_shape=noise)(np.ones((4, 3, 2), np.float32), training=True)


def test_losses_of_layers() -> None:
    pair = same_start(
        lambda k: k.layers.LSTM(3, kernel_regularizer="l2", recurrent_regularizer="l1"),
        lambda k: k.layers.Dense(2, activity_regularizer="l2", bias_regularizer="l1"),
        lambda k: k.layers.Dense(1, kernel_regularizer="l2", trainable=False),
        optimizer="sgd",
        loss="mse",
    )
    values: list[Any] = []
    for k, m in enumerate(pair):
        m(X)
        numbers = [[v.detach() if k else v for v in of.losses] for of in (m, *m.layers)]
        values.append([sorted(map(float, of)) for of in numbers])
    for ours, theirs in zip(*values, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    layer = layers.Dense(2, activity_regularizer="l2")
    assert layer.losses == []
    layer(X)
    assert len(layer.losses) == 1


def test_the_state_of_an_optimizer_of_another_model_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    m = model(optimizer=optimizers.Adam(name="adam"))
    m.fit(X, Y, verbose=0)
    m.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        group = file["optimizer_weights"]
        del group["adam/2"]
        group["adam/2"] = np.zeros(3)
    with pytest.raises(ValueError, match="the optimizer's state does not fit the model"):
        models.load_model(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file.attrs["keras_version"] = "2.6.0"
    with pytest.warns(UserWarning, match="begins anew"):
        assert models.load_model(tmp_path / "m.h5").optimizer.iterations == 0


@pytest.mark.parametrize("name", ["Adam", "Nadam", "SGD"])
def test_embedding_trains_as_on_pytorch(name: str) -> None:
    """Rows that occur several times in a batch, for which Keras's backends differ."""
    if keras.backend.backend() != "torch":
        pytest.skip("Keras on PyTorch is the reference")
    pair = same_start(
        lambda k: k.layers.Embedding(7, 3),
        lambda k: k.layers.Flatten(),
        lambda k: k.layers.Dense(1),
        shape=(5,),
        optimizer=lambda k: getattr(k.optimizers, name)(0.05),
        loss="mse",
    )
    x = np.minimum(RNG.integers(0, 6, (20, 5)), 4)  # row 4 often, 5 and 6 never
    y = RNG.normal(size=(20, 1)).astype(np.float32)
    for m in pair:
        for i in range(40):
            m.train_on_batch(x[i % 4 :: 4], y[i % 4 :: 4])
    for ours, theirs in zip(pair[0].get_weights(), pair[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)


SHARES = ("recall", "precision", "specificity", "sensitivity")
REQUIRED = {"num_classes": 3, "target_class_ids": [0, 1], **dict.fromkeys(SHARES, 0.5)}


def test_configurations_of_keras_s_losses_and_metrics() -> None:
    """As its files have them; arguments in its order too."""
    for ours, theirs, base in (
        (losses, keras.losses, losses.Loss),
        (metrics, keras.metrics, metrics.Metric),
    ):
        for name in ours.__all__:
            given = getattr(theirs, name, None)
            if not isinstance(given, type) or name in ("Loss", "Metric", "MeanMetricWrapper"):
                continue
            signature = inspect.signature(given).parameters
            needed = {p: REQUIRED[p] for p, d in signature.items() if d.default is d.empty}
            found = ours.get({"class_name": name, "config": given(**needed).get_config()})
            assert isinstance(found, base)
            order = list(signature)
            assert list(inspect.signature(type(found)).parameters)[: len(order)] in (
                order,
                [o for o in order if o != "from_sorted_ids"],
            ), name
    for cls, options in (
        (metrics.FBetaScore, {"beta": 0.0}),
        (metrics.F1Score, {"threshold": 1.5}),
        (metrics.F1Score, {"average": "mean"}),
        (metrics.IoU, {"num_classes": 2, "target_class_ids": [2]}),
        (metrics.PrecisionAtRecall, {"recall": 1.5}),
        (metrics.TruePositives, {"thresholds": [0.5, 2]}),
    ):
        with pytest.raises(ValueError, match=f"{cls.__name__}: {list(options)[-1]} (is|are) "):
            cls(**options)
    with pytest.raises(ValueError, match="categorical_crossentropy: axis is 0, expected -1"):
        losses.CategoricalCrossentropy(axis=0)(np.ones((2, 3)), np.ones((2, 3)))


def test_sum() -> None:
    rng = np.random.default_rng(0)
    values, rows = rng.random((4, 3)).astype(np.float32), rng.random(4).astype(np.float32)
    pair = metrics.Sum(), keras.metrics.Sum()
    for v, w in (
        (values, None),
        (values, rows),
        (values, values),
        (values[:, 0], rows),
        (3.0, None),
    ):
        for m in pair:
            m.update_state(v, sample_weight=w)
        np.testing.assert_allclose(*(float(m.result()) for m in pair), rtol=1e-6)


def test_metrics_of_several_numbers_in_training() -> None:
    pair = same_start(
        lambda k: k.layers.LSTM(3),
        lambda k: k.layers.Dense(3, "softmax"),
        optimizer="sgd",
        loss="categorical_crossentropy",
        metrics=lambda k: [
            k.metrics.F1Score(average="macro"),
            k.metrics.F1Score(name="each"),
            k.metrics.OneHotMeanIoU(3, name="iou"),
            k.metrics.TruePositives(name="right"),
            k.metrics.PrecisionAtRecall(0.5, name="precision"),
            "categorical_hinge",
        ],
    )
    y = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, 40)]
    ours, theirs = (m.evaluate(X, y, verbose=0, return_dict=True) for m in pair)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=2e-5, atol=1e-6, err_msg=name)


def shares(k: Any) -> Any:
    """Return a metric of one's own, as notebooks write it."""

    class F1(k.metrics.Metric):
        def __init__(self, name: str = "f1", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.tp = self.add_weight(name="tp", initializer="zeros")
            self.called = self.add_variable((2,), "zeros", name="called")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            said = k.ops.floor(y_pred + 0.5)
            self.tp.assign_add(k.ops.sum(said * y_true))
            self.called.assign(self.called + k.ops.stack([k.ops.sum(said), k.ops.sum(y_true)]))

        def result(self) -> Any:
            return 2 * self.tp / (k.ops.sum(self.called) + 1e-7)

        def reset_state(self) -> None:
            self.tp.assign(0.0)
            self.called.assign([0.0, 0.0])

    return F1()


def test_a_metric_of_ones_own_with_weights() -> None:
    pair = same_start(
        lambda k: k.layers.LSTM(3),
        lambda k: k.layers.Dense(1, "sigmoid"),
        optimizer="adam",
        loss="binary_crossentropy",
        metrics=lambda k: [shares(k)],
    )
    y = (RNG.random((40, 1)) > 0.5).astype(np.float32)
    found = [
        m.fit(X, y, epochs=3, batch_size=10, shuffle=False, verbose=0).history["f1"] for m in pair
    ]
    np.testing.assert_allclose(*found, rtol=1e-5)

    class Count(metrics.Metric):
        def __init__(self) -> None:
            super().__init__("count")
            self.seen = self.add_weight("seen", initializer="ones")
            self.rows = self.add_weight("rows", (2, 3))

    metric = Count()
    metric.seen.assign_sub(3)
    assert metric.seen.numpy() == -2
    assert metric.rows.shape == (2, 3)
    metric.reset_state()
    assert metric.variables[0].numpy() == 0


def test_classes_that_are_ignored_have_no_weight() -> None:
    t, w = np.array([0, 1, 2]), np.array([0.5, 1.5, 2.0])
    p = np.array([[0.8, 0.1, 0.1], [0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    m = metrics.SparseCategoricalCrossentropy(ignore_class=0)
    assert m(t, p, sample_weight=w) == pytest.approx(1.33774646, abs=1e-3)  # Keras's own test


def test_ids_that_are_sorted() -> None:
    t, ids = np.array([2, 1, 0]), np.array([[1, 0, 2], [1, 2, 3], [3, 0, 1]])
    w = np.array([0.7, 0.3, 2.0])
    for k in (1, 2):
        m = metrics.SparseTopKCategoricalAccuracy(k=k, from_sorted_ids=True)
        hits = [False, True, k == 2]
        assert m(t, ids) == pytest.approx(np.mean(hits))
        m.reset_state()
        assert m(t, ids, sample_weight=w) == pytest.approx(np.average(hits, weights=w))
        again = metrics.get({"class_name": type(m).__name__, "config": m.get_config()})
        assert again(t, ids) == pytest.approx(np.mean(hits))


def test_what_get_gives_and_thresholds_that_can_be_read() -> None:
    for k in (fusedrnn, keras):
        assert k.losses.get("mse") is k.losses.mean_squared_error
        assert isinstance(k.losses.get("MeanSquaredError"), k.losses.MeanSquaredError)
        assert isinstance(k.metrics.get("mse"), k.metrics.MeanSquaredError)
        assert k.losses.get(None) is k.metrics.get(None) is k.optimizers.get(None) is None
        loss = k.losses.MeanSquaredError(reduction="none")(np.ones((2, 3)), np.zeros((2, 3)))
        assert "float32" in str(loss.dtype)
    for options in ({"num_thresholds": 5}, {"thresholds": [0.7, 0.2]}):
        ours, theirs = (k.metrics.AUC(**options) for k in (fusedrnn, keras))
        np.testing.assert_allclose(ours.thresholds, theirs.thresholds, rtol=1e-6)
        assert ours.num_thresholds == theirs.num_thresholds
        assert metrics.AUC(**ours.get_config()).get_config() == ours.get_config()
    m = metrics.Precision()
    m.update_state([[1], [0], [1]], [[0.9], [0.8], [0.1]])
    counts = m.true_positives, m.false_positives, m.false_negatives, m.true_negatives
    assert [float(c[0]) for c in counts] == [1, 1, 1, 0]


def test_auc_of_outputs_that_are_no_probabilities_is_that_of_keras() -> None:
    for outputs in ([0.2, 1.5], [0.2, -1.5]):
        ours, theirs = (k.metrics.AUC()([0, 1], outputs) for k in (fusedrnn, keras))
        assert ours == pytest.approx(float(theirs))
