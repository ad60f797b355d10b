"""fusedrnn.sklearn: scikit-learn's own checks, and its tools around the estimators."""

from __future__ import annotations

import pickle
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fusedrnn import backend
from fusedrnn.sklearn import RNNClassifier, RNNRegressor

QUICK = {"units": 8, "epochs": 60, "learning_rate": 0.03, "random_state": 0}


@parametrize_with_checks([RNNRegressor(**QUICK), RNNClassifier(**QUICK)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def series(n=200, seed=0):
    t = np.arange(n)
    return np.sin(t / 4) + 0.05 * np.random.default_rng(seed).normal(size=n)


def windows():
    w = np.lib.stride_tricks.sliding_window_view(series(), 13)
    return w[:, :-1], w[:, -1]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("options", [{}, {"layers": 2}, {"bidirectional": True}, {"dropout": 0.1}])
def test_regression(cell, options):
    X, y = windows()
    model = RNNRegressor(cell, **QUICK, **options).fit(X[:150], y[:150])
    assert model.score(X[150:], y[150:]) > 0.9
    assert model.loss_curve_[-1] < 0.2 * model.loss_curve_[0]
    np.testing.assert_allclose(model.predict(X[:, :, None]), model.predict(X))
    assert len(model.model_.layers) == options.get("layers", 1) + 1


def test_several_outputs_and_features():
    X, y = windows()
    X3 = np.stack([X, X**2], axis=2)
    targets = np.stack([y, -y], axis=1)
    model = RNNRegressor("gru", **QUICK).fit(X3, targets)
    assert model.predict(X3).shape == targets.shape
    assert model.score(X3, targets) > 0.9
    with pytest.raises(ValueError, match=r"features|shape"):
        model.predict(X)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_classification(cell):
    X, _ = windows()
    y = np.where(X[:, 3] > 0.5, "high", np.where(X[:, 3] < -0.5, "low", "middle"))
    model = RNNClassifier(cell, **QUICK).fit(X, y)
    assert model.score(X, y) > 0.9
    assert list(model.classes_) == ["high", "low", "middle"]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)


def test_pipeline_grid_search_and_time_series_split():
    X, y = windows()
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(lambda a: a[:, :, None]),
                             RNNRegressor(**QUICK))  # fmt: skip
    search = GridSearchCV(pipeline, {"rnnregressor__cell": ["lstm", "gru"]}, cv=TimeSeriesSplit(2))
    search.fit(X, y)
    assert search.best_score_ > 0.7
    scaled = TransformedTargetRegressor(RNNRegressor(**QUICK), transformer=StandardScaler())
    scores = cross_val_score(scaled, X, 100 + 20 * y, cv=TimeSeriesSplit(2))
    assert scores.min() > 0.7


def test_same_seed_same_model_and_the_common_generator_is_left_alone():
    X, y = windows()
    state = backend.random_generator().bit_generator.state
    a, b = (RNNRegressor(**QUICK).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert backend.random_generator().bit_generator.state == state
    other = RNNRegressor(**(QUICK | {"random_state": 1})).fit(X, y).predict(X)
    assert not np.array_equal(a, other)


def test_patience_stops_early():
    X, y = windows()
    model = RNNRegressor(**(QUICK | {"epochs": 300}), patience=3).fit(X, y)
    assert model.n_iter_ < 300


@pytest.mark.parametrize("cell", ["transformer", None, []])
def test_an_unknown_cell_is_named(cell):
    with pytest.raises(ValueError, match=r"RNNRegressor: cell is .* expected 'lstm', 'gru', 'rnn'"):
        RNNRegressor(cell=cell).fit(*windows())


def test_pickled_and_cloned():
    X, y = windows()
    model = RNNRegressor(**QUICK).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert not hasattr(clone(model), "model_")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "mlp"}, "cell is 'mlp', expected 'lstm', 'gru', 'rnn'"),
        ({"units": 0}, "units is 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
    ],
)
def test_wrong_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        RNNRegressor(**options).fit(*windows())


def test_wrong_rank():
    X, y = windows()
    with pytest.raises(ValueError, match=r"expected \(samples, timesteps"):
        RNNRegressor().fit(X[:, :, None, None], y)


def test_example(capsys):
    runpy.run_path(str(Path(__file__).parents[2] / "docs/examples/sklearn_grid_search.py"))
    printed = capsys.readouterr().out
    assert float(re.search(r"R2 (\S+)", printed)[1]) > 0.8
