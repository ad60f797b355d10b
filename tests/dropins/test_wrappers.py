"""KerasClassifier and KerasRegressor, as tutorials use them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import fusedrnn
from fusedrnn import Input, Sequential
from fusedrnn.layers import GRU, Dense
from fusedrnn.wrappers.scikit_learn import KerasClassifier, KerasRegressor

X, Y = make_regression(60, 4, noise=1.0, random_state=0)
Y = Y / Y.std()
XC, YC = make_classification(90, 6, n_informative=4, n_classes=3, random_state=0)


def regression(units=8, optimizer="adam"):
    model = Sequential([Input((4,)), Dense(units, "relu"), Dense(1)])
    model.compile(optimizer, "mean_squared_error")
    return model


def classes(units=8, loss="categorical_crossentropy", **kwargs):
    model = Sequential([Input((6,)), Dense(units, "relu"), Dense(3, "softmax")])
    model.compile(fusedrnn.optimizers.Adam(kwargs.get("rate", 0.02)), loss, metrics=["accuracy"])
    return model


@pytest.fixture(autouse=True)
def seeded():
    fusedrnn.utils.set_random_seed(0)


def test_regression():
    estimator = KerasRegressor(build_fn=regression, epochs=80, batch_size=10, verbose=0)
    assert estimator.fit(X, Y) is estimator
    p = estimator.predict(X)
    assert p.shape == (60,)
    assert estimator.score(X, Y) == pytest.approx(-np.mean((p - Y) ** 2), rel=1e-5)
    assert estimator.score(X, Y) > -0.1
    assert len(estimator.history_.history["loss"]) == 80
    with pytest.raises(NotFittedError):
        clone(estimator).predict(X)


def test_cross_validation_in_a_pipeline():
    """The tutorial of the Boston house prices."""
    steps = [
        ("standardize", StandardScaler()),
        ("mlp", KerasRegressor(build_fn=regression, epochs=20, batch_size=5, verbose=0)),
    ]
    results = cross_val_score(Pipeline(steps), X, Y, cv=KFold(n_splits=3))
    assert results.shape == (3,)
    assert (results < 0).all()


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_classification(loss):
    labels = np.array(["one", "three", "two"])[YC]
    estimator = KerasClassifier(classes, loss=loss, epochs=60, batch_size=10, verbose=0)
    estimator.fit(XC, labels)
    assert estimator.classes_.tolist() == ["one", "three", "two"]
    p = estimator.predict_proba(XC)
    assert p.shape == (90, 3)
    np.testing.assert_array_equal(estimator.predict(XC), estimator.classes_[p.argmax(1)])
    assert estimator.score(XC, labels) == np.mean(estimator.predict(XC) == labels) > 0.7
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_allclose(again.predict_proba(XC), p, rtol=1e-5)


def test_one_hot_rows_and_two_classes():
    one_hot = KerasClassifier(classes, epochs=40, verbose=0).fit(XC, np.eye(3)[YC])
    assert one_hot.predict(XC).dtype.kind == "i"
    assert one_hot.score(XC, np.eye(3)[YC]) == one_hot.score(XC, YC)

    def two():
        model = Sequential([Input((6,)), Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        return model

    estimator = KerasClassifier(two, epochs=5, verbose=0).fit(XC, YC > 0)
    p = estimator.predict_proba(XC)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    assert estimator.predict(XC).dtype == bool


@pytest.mark.parametrize("name", ["build_fn", "model"])
def test_grid_search_over_arguments(name):
    grid = {"batch_size": [10, 30], "units" if name == "build_fn" else "model__units": [1, 16]}
    estimator = KerasClassifier(**{name: classes}, epochs=25, verbose=0)
    found = GridSearchCV(estimator, grid, cv=3).fit(XC, YC)
    assert found.best_params_["units" if name == "build_fn" else "model__units"] == 16
    assert len(found.best_estimator_.model_.layers[0].get_weights()[1]) == 16
    assert found.best_estimator_.get_params()[name] is classes
    RandomizedSearchCV(estimator, grid, n_iter=1, cv=2).fit(XC, YC)


def test_model_as_scikeras_has_it():
    def uncompiled(units=4):
        return Sequential([Input((4,)), Dense(units, "relu"), Dense(1)])

    estimator = KerasRegressor(
        model=uncompiled, model__units=9, loss="mse", optimizer="adam", epochs=30, fit__verbose=0,
        predict__verbose=0,
    )  # fmt: skip
    estimator.fit(X, Y, epochs=2)
    assert len(estimator.history_.epoch) == 2
    assert estimator.score(X, Y) == pytest.approx(r2_score(Y, estimator.predict(X)))
    whole = KerasRegressor(model=regression(), epochs=1, verbose=0).fit(X, Y)
    assert whole.model_ is not whole.build_fn


def test_windows_and_subclasses():
    class Forecaster(KerasRegressor):
        def __call__(self, units=3):
            model = Sequential([Input((5, 2)), GRU(units), Dense(2)])
            model.compile("adam", "mse")
            return model

    windows = np.random.default_rng(0).normal(size=(20, 5, 2))
    estimator = Forecaster(units=5, epochs=2, verbose=0).fit(windows, windows[:, 0])
    assert estimator.predict(windows).shape == (20, 2)
    assert clone(estimator).get_params() == estimator.get_params()


def test_errors():
    with pytest.raises(ValueError, match="unit is not a legal parameter"):
        KerasClassifier(classes_of_one_argument, unit=3)
    with pytest.raises(ValueError, match="optimizer__rate is not a legal parameter"):
        KerasRegressor(model=regression, optimizer__rate=3)
    with pytest.raises(ValueError, match="build_fn is missing"):
        KerasRegressor(epochs=3)


def classes_of_one_argument(units=3):
    return classes(units)
