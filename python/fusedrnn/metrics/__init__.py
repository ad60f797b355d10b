"""Metrics: numbers gathered over the batches of an epoch.

``metric`` has the base and the average; ``averages`` the metrics that are the average of a function
of ``functions`` or ``losses``; ``sums``, ``thresholds``, ``scores`` and ``iou`` those that work out
their result from a few sums.

Not here: what has a derivative.
"""

from __future__ import annotations

from typing import Any

from .. import missing
from .._state import snake_case
from .._types import Array
from ..configurable import lookup
from ..losses import ALIASES, MAE, MSE, mae, mean_absolute_error, mean_squared_error, mse
from .averages import (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    FunctionMetric,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    Quantile,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    TopKCategoricalAccuracy,
)
from .functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    concordance_correlation,
    pearson_correlation,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .metric import Mean, MeanMetricWrapper, Metric, Sum
from .scores import F1Score, FBetaScore
from .sums import AUC, Precision, R2Score, Recall, RootMeanSquaredError
from .thresholds import (
    FalseNegatives,
    FalsePositives,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)

__all__ = [
    "AUC",
    "CLASSES",
    "MAE",
    "MSE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "Huber",
    "IoU",
    "KLDivergence",
    "LogCosh",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "Quantile",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "concordance_correlation",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "pearson_correlation",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

_AVERAGES: dict[str, type[FunctionMetric]] = {
    metric.key: metric
    for metric in (
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
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        TopKCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        LogCoshError,
        CategoricalHinge,
        PearsonCorrelation,
        ConcordanceCorrelation,
    )
}
CLASSES: dict[str, type[Metric]] = {
    "mean": Mean,
    "root_mean_squared_error": RootMeanSquaredError,
    "rmse": RootMeanSquaredError,
    "r2_score": R2Score,
    "r2": R2Score,
    "auc": AUC,
    "precision": Precision,
    "recall": Recall,
    **{
        snake_case(metric.__name__): metric
        for metric in (
            Sum,
            F1Score,
            FBetaScore,
            BinaryIoU,
            IoU,
            MeanIoU,
            OneHotIoU,
            OneHotMeanIoU,
            FalseNegatives,
            FalsePositives,
            PrecisionAtRecall,
            RecallAtPrecision,
            SensitivityAtSpecificity,
            SpecificityAtSensitivity,
            TrueNegatives,
            TruePositives,
        )
    },
    **_AVERAGES,
    **{alias: _AVERAGES[key] for alias, key in ALIASES.items()},
}


def get(identifier: Any) -> Any:
    """Return the metric that a name, a class or a configuration stands for; a function stays one.

    Parameters
    ----------
    identifier : str, dict, Metric, class, callable or None

    Returns
    -------
    Metric, callable or None

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no metric.

    Examples
    --------
    >>> type(fusedrnn.metrics.get("mae")).__name__
    'MeanAbsoluteError'
    """
    return None if identifier is None else lookup("metric", identifier, CLASSES)


def metric_of(identifier: Any, y_true: Array | None = None, y_pred: Array | None = None) -> Metric:
    """Return the metric that a name, a config, a function or an object stands for.

    "accuracy" is the one that fits the shapes of a batch, as in Keras.
    """
    if isinstance(identifier, str):
        key = identifier
        if key.lower() in ("accuracy", "acc") and y_pred is not None and y_true is not None:
            sparse = y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1
            key = (
                "binary_accuracy"
                if y_pred.shape[-1] == 1
                else "sparse_categorical_accuracy"
                if sparse
                else "categorical_accuracy"
            )
        metric: Metric = lookup("metric", key.lower() if key.lower() in CLASSES else key, CLASSES)
        metric.name = identifier
        return metric
    found = lookup("metric", identifier, CLASSES)
    return found if isinstance(found, Metric) else MeanMetricWrapper(found)


missing.answer(__name__)
