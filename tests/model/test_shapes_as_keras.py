"""Losses and metrics take the shapes that Keras takes, and give its values."""

from __future__ import annotations

import itertools
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest

from fusedrnn import losses, metrics

keras = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*expected y_pred.shape to be.*:SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
]

N, T, C = 4, 5, 3  # all different: what broadcasts by chance is no rule
SHAPES = [
    (N,), (N, 1), (N, C), (N, T), (N, T, 1), (N, 1, 1), (N, T, C), (N, 1, C), (N, T, C, 1), (N, N),
    (N, T, N),
]  # fmt: skip
WEIGHTS = [None, (), (N,), (N, 1), (N, T), (1, 1), (N, C), (N, T, 1)]
REFUSALS = (ValueError, IndexError, RuntimeError, TypeError)


def labelled(name: str) -> bool:
    """Return whether what is true are class numbers."""
    return name.lower().startswith("sparse") or "eneralized" in name


def data(name: str, shape: Any, p_shape: Any) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.1, 0.9, p_shape).astype(np.float32)
    if labelled(name):
        return rng.integers(0, p_shape[-1], shape).astype(np.float32), p
    if "IoU" in name:
        p = p if "OneHot" in name else rng.integers(-1, 4, p_shape).astype(np.float32)
        return rng.integers(0, 4, shape).astype(np.float32), p
    if "ccuracy" in name or "hinge" in name.lower():
        return rng.integers(0, 2, shape).astype(np.float32), p
    return rng.uniform(0.1, 0.9, shape).astype(np.float32), p


def outcome(function: Any, *args: Any) -> Any:
    """Return the values, or None where the arguments are refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = function(*args)
        return np.asarray(value.detach() if hasattr(value, "detach") else value, np.float64)
    except REFUSALS:
        return None


def compare(name: str, ours: Any, theirs: Any) -> list[str]:
    """Return the pairs of shapes on which two functions of (y_true, y_pred) differ."""
    wrong = []
    for shape, p_shape in itertools.product(SHAPES, SHAPES):
        if "ategorical" in name and "ccuracy" in name and (len(p_shape) == 1 or p_shape[-1] == 1):
            continue  # no classes, of which Keras on PyTorch and on TensorFlow say different things
        if "OneHot" in name and 1 in (len(shape), len(p_shape)):
            continue  # no classes either
        if name.lower().startswith("top") and shape[-1] > p_shape[-1]:
            continue  # nor of classes that there are not
        t, p = data(name, shape, p_shape)
        wrong += differences(f"{shape} {p_shape}", outcome(ours, t, p), outcome(theirs, t, p))
    return wrong


def differences(what: str, got: Any, want: Any) -> list[str]:
    if got is None and want is None:
        return []
    same = got is not None and want is not None and got.shape == want.shape
    if same and np.allclose(got, want, 2e-5, 1e-6, equal_nan=True):
        return []
    return [f"{what}: {got} instead of {want}"]


def shared(table: dict[str, Any], module: Any) -> list[str]:
    names = [c.__name__ for c in dict.fromkeys(table.values())]
    return [name for name in names if hasattr(module, name)]


LOSSES, METRICS = shared(losses.TABLE, keras.losses), shared(metrics.CLASSES, keras.metrics)
for without_y_pred in ("Mean", "Sum"):
    METRICS.remove(without_y_pred)
NEEDED: dict[str, dict[str, Any]] = {
    "TopKCategoricalAccuracy": {"k": 2},
    "SparseTopKCategoricalAccuracy": {"k": 2},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3, "dtype": "float32"},
    "OneHotIoU": {"num_classes": 4, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 4, "dtype": "float32"},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
FUNCTIONS = [
    (module, name)
    for module in ("losses", "metrics")
    for name in dir(getattr(keras, module))
    if name in dir({"losses": losses, "metrics": metrics}[module])
    and name.islower()
    and not name.startswith("_")
    and name not in ("get", "serialize", "deserialize")
]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str, reduction: str) -> None:
    theirs = getattr(keras.losses, name)(reduction=reduction)
    assert not compare(name, getattr(losses, name)(reduction=reduction), theirs)


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_function(module: str, name: str) -> None:
    ours = getattr({"losses": losses, "metrics": metrics}[module], name)
    theirs = getattr(getattr(keras, module), name)
    options = {"k": 2} if "top_k" in name else {}
    assert not compare(name, partial(ours, **options), partial(theirs, **options))


@pytest.mark.parametrize("name", METRICS)
def test_metric(name: str) -> None:
    def of(module: Any) -> Any:
        return lambda t, p: getattr(module, name)(**NEEDED.get(name, {}))(t, p)

    assert not compare(name, of(metrics), of(keras.metrics))


@pytest.mark.parametrize(
    ("module", "name"), [*(("losses", n) for n in LOSSES), *(("metrics", n) for n in METRICS)]
)
def test_weights(module: str, name: str) -> None:
    """Keras's values wherever it takes the weights; a weight a row is right for its steps too."""
    wrong = []
    ours = {"losses": losses, "metrics": metrics}[module]
    options = NEEDED.get(name, {})
    for p_shape, weight in itertools.product([(N, 1), (N, C), (N, T, C)], WEIGHTS):
        if "eneralized" in name and p_shape == (N, 1):
            continue  # no classes
        shape = p_shape[:-1] if labelled(name) else p_shape
        t, p = data(name, shape, p_shape)
        w = None
        if weight is not None:
            w = np.asarray(np.random.default_rng(1).uniform(0.5, 2, weight), np.float32)
        got, want = (
            outcome(getattr(m, name)(**options), t, p, w) for m in (ours, getattr(keras, module))
        )
        if want is not None:
            wrong += differences(f"{p_shape} {weight}", got, want)
    assert not wrong


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "kl_divergence"])
@pytest.mark.parametrize("weight", [None, (N,), (N, T)])
def test_a_masked_model(loss: str, weight: Any) -> None:
    """Which metrics leave masked steps out, and how the loss weighs what is left."""
    import fusedrnn

    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 1, (N, T, 2)).astype(np.float32)
    x[0, 3:], x[2, 1:] = 0, 0
    y = rng.integers(0, 2, (N, T, C)).astype(np.float32)
    w = None if weight is None else rng.uniform(0.5, 2, weight).astype(np.float32)
    found = []
    for k in (fusedrnn, keras):
        m = k.Sequential([k.Input((T, 2)), k.layers.Masking(), k.layers.Dense(C, "sigmoid")])
        names = ["mae", "accuracy", "AUC", "Precision", "RootMeanSquaredError"]
        m.compile("sgd", loss, metrics=names, weighted_metrics=["mse"])
        rng = np.random.default_rng(5)
        m.set_weights([rng.normal(size=v.shape) for v in m.get_weights()])
        if weight == (N,) and k is keras:  # here Keras refuses what Keras 2 took
            w = np.repeat(w[:, None], T, 1)
        found.append(m.evaluate(x, y, sample_weight=w, verbose=0))
    np.testing.assert_allclose(*found, rtol=2e-5)


def test_what_keras_refuses_is_told() -> None:
    import fusedrnn

    m = fusedrnn.Sequential([fusedrnn.Input((T, 2)), fusedrnn.layers.LSTM(C)])
    for loss in ("categorical_crossentropy", "binary_crossentropy"):
        m.compile("sgd", loss)
        with pytest.raises(ValueError, match=rf"{loss}: y has shape \(4, 1\).*\(4, 3\)"):
            m.fit(np.ones((N, T, 2)), np.ones((N, 1)), verbose=0)


@pytest.mark.parametrize(("shape", "steps"), [((N,), True), ((N, T), True), ((N, 1), False)])
def test_training_where_shapes_broadcast(shape: Any, steps: bool) -> None:
    """The gradient goes back through what was broadcast or squeezed."""
    import fusedrnn

    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, T, 2)).astype(np.float32)
    y = rng.uniform(0.1, 1, shape).astype(np.float32)
    for loss in LOSSES:
        found = []
        for k in (fusedrnn, keras):
            m = k.Sequential([k.Input((T, 2)), *([] if steps else [k.layers.Flatten()])])
            m.add(k.layers.Dense(1 if steps else C, "sigmoid"))
            rng = np.random.default_rng(5)
            m.set_weights([rng.normal(size=v.shape) for v in m.get_weights()])
            m.compile(k.optimizers.SGD(0.5), getattr(k.losses, loss)())
            try:
                m.train_on_batch(x, y)
            except (ValueError, IndexError, RuntimeError):
                found.append(None)
            else:
                found.append(np.concatenate([v.ravel() for v in m.get_weights()]))
        assert (found[0] is None) == (found[1] is None), loss
        if found[0] is not None:
            np.testing.assert_allclose(*found, rtol=2e-5, atol=1e-6, err_msg=loss)


@pytest.mark.parametrize("shape", [(N,), (N, T), (N, T, 1)])
def test_a_class_that_does_not_count(shape: Any) -> None:
    """The average is over what does."""
    rng = np.random.default_rng(2)
    t = rng.integers(0, C, shape).astype(np.float32)
    p = rng.uniform(0.1, 0.9, (*shape[:2], C)).astype(np.float32)
    w = rng.uniform(0.5, 2, N).astype(np.float32)
    for name, weight in itertools.product(("losses", "metrics"), (None, w)):
        if weight is not None and len(shape) > 1:
            continue  # Keras refuses a weight a row
        got, want = (
            k.SparseCategoricalCrossentropy(**({"ignore_class": 1} if name == "losses" else {}))(
                t, p, sample_weight=weight
            )
            for k in ({"losses": losses, "metrics": metrics}[name], getattr(keras, name))
        )
        assert float(got) == pytest.approx(float(want), rel=2e-6)
    with pytest.raises(ValueError, match=r"y has shape \(4, 2\)"):
        losses.SparseCategoricalCrossentropy(ignore_class=1)(
            t.reshape(N, -1)[:, :1].repeat(2, 1), p
        )
