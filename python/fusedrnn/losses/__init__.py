"""Losses, with their derivatives.

``mathematics`` has values and derivatives as pure functions of arrays, ``formulas`` values that a
tape differentiates; ``loss`` the base class, with weights, masks and the reduction to one number;
``classes`` and ``functions`` what Keras has.

Not here: metrics, and what knows a model.
"""

from __future__ import annotations

from typing import Any

from .. import missing
from ..configurable import get_custom_objects, lookup, serialize
from . import functions
from .classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PairLoss,
    Poisson,
    Quantile,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
from .functions import (
    BCE,
    HUBER_LOSS,
    KLD,
    KULLBACK_LEIBLER_DIVERGENCE,
    LOGCOSH,
    MAE,
    MAPE,
    MSE,
    MSLE,
    PINBALL,
    bce,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_similarity,
    dice,
    hinge,
    huber,
    huber_loss,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    pinball,
    poisson,
    quantile,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
from .loss import FunctionLoss, Loss

__all__ = [
    "ALIASES",
    "BCE",
    "CLASSES",
    "HUBER_LOSS",
    "KLD",
    "KULLBACK_LEIBLER_DIVERGENCE",
    "LOGCOSH",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "PINBALL",
    "TABLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Quantile",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "dice",
    "get",
    "hinge",
    "huber",
    "huber_loss",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pinball",
    "poisson",
    "quantile",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

# The classes under Keras's names of their functions
TABLE: dict[str, type[PairLoss]] = {
    loss.key: loss
    for loss in (
        MeanSquaredError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError,
        Huber,
        LogCosh,
        Quantile,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
        CosineSimilarity,
        Poisson,
        KLDivergence,
        Hinge,
        SquaredHinge,
        CategoricalHinge,
        BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        Dice,
        Tversky,
    )
}
ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "pinball": "quantile",
}
CLASSES = TABLE | {alias: TABLE[key] for alias, key in ALIASES.items()}


def get(identifier: Any) -> Any:
    """Return the loss that a name, a class or a configuration stands for.

    Parameters
    ----------
    identifier : str, dict, Loss, class, callable or None
        A name in lower case gives the function, that of a class the object, None None.

    Returns
    -------
    Loss or callable

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no loss.

    Examples
    --------
    >>> fusedrnn.losses.get("mse").__name__
    'mean_squared_error'
    >>> type(fusedrnn.losses.get("MeanSquaredError")).__name__
    'MeanSquaredError'
    """
    key = identifier.lower() if isinstance(identifier, str) else None
    if key in CLASSES and identifier not in get_custom_objects():
        return getattr(functions, key)
    return None if identifier is None else lookup("loss", identifier, CLASSES)


def loss_of(identifier: Any) -> Loss:
    """Return the loss that a name, a config, a function of this module or an object stands for."""
    if getattr(identifier, "__module__", None) == functions.__name__:
        identifier = identifier.__name__
    if isinstance(identifier, str):
        identifier = identifier.lower() if identifier.lower() in CLASSES else identifier
    loss = lookup("loss", identifier, CLASSES)
    if callable(loss) and not isinstance(loss, Loss):
        return FunctionLoss(loss)
    if not isinstance(loss, Loss):
        raise TypeError(
            f"loss: {identifier!r} cannot be differentiated here; give a name out of "
            f"{', '.join(TABLE)}, or a fusedrnn.losses.Loss with call and gradient"
        )
    return loss


missing.answer(__name__)
