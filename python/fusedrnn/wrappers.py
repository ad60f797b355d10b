"""Models of one's own as scikit-learn estimators: ``wrappers.scikit_learn`` of Keras 1 and 2.

``KerasClassifier`` and ``KerasRegressor`` train the model that a function builds; arguments of the
function and of ``compile``, ``fit``, ``predict`` and ``evaluate`` are theirs too, so that a grid
search finds them. They take SciKeras's ``model=`` and ``model__units=`` as well.

Not here: estimators that bring a model along, which are in ``sklearn``.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import missing
from . import sklearn as _its_error_says_what_to_install  # noqa: F401
from ._types import Array
from .legacy import alias_modules
from .model import Model
from .utils import to_categorical

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # isort: skip
from sklearn.utils.validation import check_is_fitted  # isort: skip

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class BaseWrapper(BaseEstimator):  # type: ignore[misc]
    """Base of both estimators.

    Parameters
    ----------
    build_fn : callable or Model, optional
        Returns a model; or a model, of which each ``fit`` trains a copy. A subclass may have it as
        its ``__call__``. ``model`` is SciKeras's name of it; with that the score of a regressor is
        R2, else it is minus the loss.
    **sk_params
        Arguments of ``build_fn``, ``compile``, ``fit``, ``predict`` and ``evaluate``; those that
        only one is to get as ``model__units``, ``fit__verbose``.

    Attributes
    ----------
    model_ : Sequential or Model
        The trained one; ``model`` is its old name.
    history_ : History
    n_features_in_ : int
        Size of axis 1 of X.
    """

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self._old = "model" not in sk_params
        self.build_fn = sk_params.pop("model", build_fn)
        self.sk_params: dict[str, Any] = {}
        self.set_params(**sk_params)

    def _functions(self) -> dict[str, Callable[..., Any]]:
        """Return what takes arguments, under the names that come before them."""
        build = self if self.build_fn is None else self.build_fn
        if not callable(build):
            raise ValueError(f"{type(self).__name__}: build_fn is missing")
        return {
            "model": (lambda: copy.deepcopy(build)) if isinstance(build, Model) else build,
            "compile": Model.compile,
            "fit": Model.fit,
            "predict": Model.predict,
            "evaluate": Model.evaluate,
        }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all arguments."""
        return {**self.sk_params, "build_fn" if self._old else "model": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Change arguments; ValueError if nothing takes one."""
        for name in {"build_fn", "model"} & params.keys():
            self.build_fn = params.pop(name)
        for name in params:
            start, _, own = name.rpartition("__")
            functions = self._functions()
            takers = [start] if start else functions
            if not any(t in functions and own in _names(functions[t]) for t in takers) and not (
                start in ("", "model") and "**" in _names(functions["model"])
            ):
                raise ValueError(f"{type(self).__name__}: {name} is not a legal parameter")
        self.sk_params.update(params)
        return self

    def _arguments(self, function: str, **more: Any) -> dict[str, Any]:
        """Return the arguments that a function takes out of all."""
        known, start = _names(self._functions()[function]), f"{function}__"
        common = {k: v for k, v in self.sk_params.items() if "__" not in k}
        own = {k.removeprefix(start): v for k, v in self.sk_params.items() if k.startswith(start)}
        anything = function == "model" and "**" in known
        return {k: v for k, v in common.items() if k in known or anything} | own | more

    def fit(self, X: Any, y: Any, **kwargs: Any) -> BaseWrapper:
        """Build a model and train it; ``kwargs`` are more arguments of its ``fit``."""
        X, y = np.asarray(X), self._learn_targets(np.asarray(y))
        self.n_features_in_ = X.shape[1] if X.ndim > 1 else 1
        model = self._functions()["model"](**self._arguments("model"))
        if not model.compiled:
            model.compile(**self._arguments("compile"))
        if getattr(model.loss, "name", "") == "categorical_crossentropy" and y.ndim == 1:
            y = to_categorical(y)
        self.model_ = self.model = model
        self.history_ = model.fit(X, y, **self._arguments("fit", **kwargs))
        return self

    def _learn_targets(self, y: Array) -> Array:
        return y

    def _predict(self, X: Any, **kwargs: Any) -> Array:
        check_is_fitted(self, "model_")
        return np.asarray(
            self.model_.predict(np.asarray(X), **self._arguments("predict", **kwargs))
        )


class KerasClassifier(ClassifierMixin, BaseWrapper):  # type: ignore[misc]
    """A classifier of the model that a function builds; parameters as of :class:`BaseWrapper`.

    ``fit`` takes classes (samples,), or one-hot rows (samples, classes).

    Attributes
    ----------
    classes_ : array
    n_classes_ : int
    """

    def _learn_targets(self, y: Array) -> Array:
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_, y = np.unique(y, return_inverse=True)
            y = y.reshape(-1)
        self.n_classes_ = len(self.classes_)
        return y

    def predict_proba(self, X: Any, **kwargs: Any) -> Array:
        """Return the probabilities of the classes, (samples, classes)."""
        p = self._predict(X, **kwargs)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the most probable class of each sample."""
        return np.asarray(self.classes_[self.predict_proba(X, **kwargs).argmax(axis=-1)])

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the share of samples whose class is right."""
        y = np.asarray(y)
        y = self.classes_[y.argmax(axis=-1)] if y.ndim == 2 and y.shape[1] > 1 else y.ravel()
        return float(np.average(self.predict(X, **kwargs) == y, weights=sample_weight))


class KerasRegressor(RegressorMixin, BaseWrapper):  # type: ignore[misc]
    """A regressor of the model that a function builds; parameters as of :class:`BaseWrapper`."""

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the model's outputs, (samples,) where there is one."""
        y = self._predict(X, **kwargs)
        return y[:, 0] if y.shape[1:] == (1,) else y

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return minus the loss, or with SciKeras's ``model=`` R2: the higher, the better."""
        if not self._old:
            return float(super().score(X, y, sample_weight))
        check_is_fitted(self, "model_")
        options = self._arguments("evaluate", sample_weight=sample_weight, **kwargs)
        options["return_dict"] = True
        return -float(self.model_.evaluate(np.asarray(X), np.asarray(y), **options)["loss"])


def _names(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's arguments, "**" for any."""
    parameters = inspect.signature(function).parameters.values()
    return {"**" if p.kind is p.VAR_KEYWORD else p.name for p in parameters}


alias_modules(__name__)

missing.answer(__name__)
