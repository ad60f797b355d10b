"""Recurrent networks as scikit-learn estimators, for pipelines, grid searches, cross-validation.

They take windows, X of shape (samples, timesteps, features), or (samples, timesteps) for one
feature. Nothing is scaled inside: put a scaler before them, and for targets far from unit variance
``sklearn.compose.TransformedTargetRegressor`` around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "fusedrnn.sklearn needs scikit-learn 1.6 or later: pip install 'scikit-learn>=1.6'"
    ) from error

from . import _state, layers, models, optimizers
from ._types import Array
from .callbacks import EarlyStopping
from .cells import CELLS

__all__ = ["RNNClassifier", "RNNRegressor"]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw from a generator of our own, and leave the common one as it was."""
    common = _state.random_generator()
    _state.seed_generator(seed)
    try:
        yield
    finally:
        _state._generator = common


class _RNN(BaseEstimator):
    """The parameters and the training that both estimators share."""

    _output: ClassVar[str]
    _loss: ClassVar[str]

    def __init__(
        self,
        cell: str = "lstm",
        units: int = 32,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        epochs: int = 50,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.units = units
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def _build(self, features: int, outputs: int) -> models.Sequential:
        if not isinstance(self.cell, str) or self.cell not in CELLS:
            raise ValueError(
                f"{type(self).__name__}: cell is {self.cell!r}, expected "
                f"{', '.join(map(repr, CELLS))}"
            )
        recurrent = getattr(layers, CELLS[self.cell].layer)
        model = models.Sequential([layers.Input((None, features))])
        for k in range(self.layers):
            layer = recurrent(
                self.units, return_sequences=k < self.layers - 1, dropout=self.dropout
            )
            model.add(layers.Bidirectional(layer) if self.bidirectional else layer)
        model.add(layers.Dense(outputs, activation=self._output))
        return model

    def _fit(self, X: Array, y: Array, outputs: int) -> None:
        for name in ("units", "layers", "epochs", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(
                    f"{type(self).__name__}: {name} is {value!r}, expected a positive integer"
                )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        callbacks = []
        if self.patience is not None:
            callbacks = [EarlyStopping(patience=self.patience, restore_best_weights=True)]
        with _seeded(seed):
            self.model_ = self._build(X.shape[2], outputs)
            self.model_.compile(optimizers.Adam(self.learning_rate), self._loss)
            history = self.model_.fit(
                X,
                y,
                batch_size=self.batch_size,
                epochs=self.epochs,
                verbose=self.verbose,
                callbacks=callbacks,
                validation_split=0.0 if self.patience is None else self.validation_fraction,
            )
        self.loss_curve_: list[float] = history.history["loss"]
        self.n_iter_ = len(self.loss_curve_)

    def _windows(self, X: Any, y: Any = "no_validation") -> tuple[Array, Any]:
        """Return checked windows (N, T, I), float32, and the checked targets."""
        options: dict[str, Any] = {"allow_nd": True, "dtype": np.float32}
        if isinstance(y, str):
            X = validate_data(self, X, reset=False, **options)
        else:
            regression = isinstance(self, RegressorMixin)
            X, y = validate_data(
                self, X, y, multi_output=regression, y_numeric=regression, **options
            )
        if X.ndim > 3:
            raise ValueError(
                f"{type(self).__name__}: X has shape {X.shape}, expected (samples, timesteps, "
                "features) or (samples, timesteps)"
            )
        return X if X.ndim == 3 else X[:, :, None], y

    def _forward(self, X: Any) -> Array:
        check_is_fitted(self)
        X, _ = self._windows(X)
        return np.asarray(self.model_.predict(X, verbose=0), np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = self.random_state is None
        return tags

    # A fitted model is kept in files and copies as its weights.

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "model_" in state:
            model = state.pop("model_")
            state["_saved"] = (model.input_shape[-1], model.output_shape[-1], model.get_weights())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        saved = state.pop("_saved", None)
        super().__setstate__(state)
        if saved is not None:
            features, outputs, weights = saved
            self.model_ = self._build(features, outputs)
            self.model_.set_weights(weights)


class RNNRegressor(RegressorMixin, _RNN):
    """A recurrent network and a dense layer, trained on the mean squared error.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
    units : int
        Hidden units of each recurrent layer.
    layers : int
        Number of recurrent layers.
    bidirectional : bool
        Run each layer in both directions.
    dropout : float
        Share of the inputs of each recurrent layer that training drops.
    epochs, batch_size : int
    learning_rate : float
        Of Adam.
    patience : int, optional
        Stop when the loss on the last share of the samples has not improved for so many epochs, and
        take the best weights.
    validation_fraction : float
        That share.
    random_state : int, RandomState or None
        Of the initial weights, the order of the samples and the dropout.
    verbose : int
        As in ``Sequential.fit``.

    Attributes
    ----------
    model_ : Sequential
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Epochs that were run.
    n_features_in_ : int
        Size of axis 1 of X, the timesteps.

    Raises
    ------
    ValueError
        In ``fit``, of an argument out of its range, or arrays that do not fit.

    Examples
    --------
    >>> from fusedrnn.sklearn import RNNRegressor
    >>> X, y = np.random.rand(32, 5, 2), np.random.rand(32)
    >>> RNNRegressor(units=4, epochs=2, random_state=0).fit(X, y).predict(X).shape
    (32,)
    """

    _output, _loss = "linear", "mse"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> RNNRegressor:
        """Fit to windows and their targets.

        Parameters
        ----------
        X : (samples, timesteps, features) or (samples, timesteps) array
        y : (samples,) or (samples, targets) array

        Returns
        -------
        RNNRegressor
            Itself.
        """
        X, y = self._windows(X, y)
        self._single = np.ndim(y) == 1
        y = np.asarray(y, np.float32).reshape(len(y), -1)
        self._fit(X, y, y.shape[1])
        return self

    def predict(self, X: Any) -> Array:
        """Return the targets of windows, in the shape of those of ``fit``.

        Parameters
        ----------
        X
            As of ``fit``.
        """
        y = self._forward(X)
        return y[:, 0] if self._single else y


class RNNClassifier(ClassifierMixin, _RNN):
    """A recurrent network and a softmax layer, trained on the cross-entropy.

    Parameters
    ----------
    cell, units, layers, bidirectional, dropout, epochs, batch_size, learning_rate, patience
        As of :class:`RNNRegressor`.
    validation_fraction, random_state, verbose
        As of :class:`RNNRegressor`.

    Attributes
    ----------
    classes_ : array
    model_, loss_curve_, n_iter_, n_features_in_
        As those of :class:`RNNRegressor`.

    Examples
    --------
    >>> from fusedrnn.sklearn import RNNClassifier
    >>> X, y = np.random.rand(32, 5, 2), np.repeat(["bread", "cake"], 16)
    >>> RNNClassifier(units=4, epochs=2, random_state=0).fit(X, y).predict_proba(X).shape
    (32, 2)
    """

    _output, _loss = "softmax", "sparse_categorical_crossentropy"

    def fit(self, X: Any, y: Any) -> RNNClassifier:
        """Fit to windows and their classes.

        Parameters
        ----------
        X : (samples, timesteps, features) or (samples, timesteps) array
        y : (samples,) array

        Returns
        -------
        RNNClassifier
            Itself.
        """
        X, y = self._windows(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit(X, codes.astype(np.int32), len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities of the classes, (samples, classes).

        Parameters
        ----------
        X
            As of ``fit``.
        """
        p = self._forward(X)
        return p / p.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each window, (samples,).

        Parameters
        ----------
        X
            As of ``fit``.
        """
        p = self._forward(X)
        return np.asarray(self.classes_[p.argmax(axis=1)])
