"""What Keras 1 and 2 called or wrote otherwise: modules, methods, arguments, configurations.

What is here exists only because old scripts and old files say it so; what Keras 3 says is where the
thing itself is. The layout of the old ``.h5`` files is in ``saving/keras2.py``. Any module may
import this one, so it imports nothing of the package.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._types import Array, Shape
    from .callbacks import History
    from .layers.layer import Layer

# Modules ----------------------------------------------------------------------------------------

# Modules that a package was made of, or that it is now: by what it is called today
MODULES = {
    "backend": "common tensorflow_backend",
    "callbacks": "callbacks tensorboard_v1 tensorboard_v2",
    "layers": "advanced_activations convolutional convolutional_recurrent core cudnn_recurrent "
    "embeddings experimental experimental.preprocessing local merge noise normalization "
    "normalization.batch_normalization normalization.layer_normalization preprocessing recurrent "
    "recurrent_v2 wrappers",
    "optimizers": "adam_v2 adadelta_v2 adagrad_v2 adamax_v2 experimental gradient_descent_v2 "
    "legacy nadam_v2 rmsprop_v2",
    "saving": "save saving_api saving_lib",
    "utils": "data_utils generic_utils io_utils layer_utils legacy np_utils training_utils "
    "vis_utils visualize_util",
    "wrappers": "scikit_learn",
}
TODAY = {"initializations": "initializers", "objectives": "losses"}

# Names that neither Keras 3 nor TensorFlow 2 has, by module
NAMES = {
    "": "flags float string estimator feature_column",
    "app": "flags",
    "backend": "conv1d get_session in_test_phase in_train_phase manual_variable_initialization "
    "placeholder set_session tf",
    "client.device_lib": "list_local_devices",
    "engine": "Input InputSpec Layer Model Sequential",
    "engine.base_layer": "InputSpec Layer",
    "engine.input_layer": "Input InputLayer",
    "engine.sequential": "Sequential",
    "engine.network": "Container Network",
    "engine.topology": "Container Input InputLayer InputSpec Layer get_source_inputs",
    "engine.training": "Model",
    "layers": "AtrousConvolution1D ConvRecurrent2D CuDNNGRU CuDNNLSTM Highway LocallyConnected1D "
    "LocallyConnected2D MaxoutDense Merge Recurrent TimeDistributedDense merge",
    "callbacks": "BaseLogger",
    "experimental": "LinearModel PeepholeLSTMCell SequenceFeatures WideDeepModel",
    "legacy": "interfaces",
    "losses": "Reduction",
    "mixed_precision.experimental": "LossScaleOptimizer Policy global_policy set_policy",
    "models": "Graph layers model_from_yaml optimizers",
    "optimizer_v2.adam": "Adam",
    "optimizer_v2.gradient_descent": "SGD",
    "optimizer_v2.rmsprop": "RMSprop",
    "regularizers": "WeightRegularizer activity_l1 activity_l1l2 activity_l2",
    "utils": "GeneratorEnqueuer HDF5Matrix OrderedEnqueuer multi_gpu_model plot print_summary "
    "probas_to_classes",
    "wrappers.scikit_learn": "BaseWrapper KerasClassifier KerasRegressor",
}


def alias_modules(package: str) -> None:
    """Have the old modules of a package mean the package itself."""
    module = sys.modules[package]
    for name in MODULES[package.rpartition(".")[2]].split():
        sys.modules[f"{package}.{name}"] = module
        if "." not in name:
            setattr(module, name, module)


# Methods ----------------------------------------------------------------------------------------


class OldMethods:
    """The methods of a model that ``fit``, ``evaluate`` and ``predict`` have replaced."""

    def fit_generator(
        self: Any,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        **kwargs: Any,
    ) -> History:
        """Train on a generator, as scripts for Keras 2 say it; ``fit`` does the same."""
        history: History = self.fit(
            generator, steps_per_epoch=steps_per_epoch, epochs=epochs, **kwargs
        )
        return history

    def evaluate_generator(
        self: Any, generator: Any, steps: int | None = None, **kwargs: Any
    ) -> float | list[float] | dict[str, float]:
        """Evaluate on a generator; ``evaluate`` does the same."""
        return self.evaluate(generator, steps=steps, **kwargs)

    def predict_generator(
        self: Any, generator: Any, steps: int | None = None, **kwargs: Any
    ) -> Array:
        """Predict on a generator; ``predict`` does the same."""
        return self.predict(generator, steps=steps, **kwargs)

    def predict_classes(self: Any, x: Any, **kwargs: Any) -> Array:
        """Return the class with the largest output, or for one output whether it is above 0.5."""
        y: Array = self.predict(x, **kwargs)
        return y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")


def refuse_unknown(function: str, given: dict[str, Any]) -> None:
    """Refuse keywords that are not those of Keras 2's queue."""
    unknown = given and given.keys() - {"workers", "use_multiprocessing", "max_queue_size"}
    if unknown:
        raise TypeError(f"{function}: got an unexpected argument {', '.join(sorted(unknown))}")


# Arguments --------------------------------------------------------------------------------------

# Today's name of a class's or function's argument: the old one
RENAMED = {
    "LeakyReLU.negative_slope": "alpha",
    "Model.inputs": "input",
    "Model.outputs": "output",
    "Optimizer.learning_rate": "lr",
    "Tokenizer.num_words": "nb_words",
    "fit.epochs": "nb_epoch",
}

# Keras 1's names of what layers take: today's. A layer has one of those that are joined by a space.
KERAS_1 = {
    "U_constraint": "recurrent_constraint",
    "U_regularizer": "recurrent_regularizer",
    "W_constraint": "kernel_constraint embeddings_constraint",
    "W_regularizer": "kernel_regularizer embeddings_regularizer",
    "atrous_rate": "dilation_rate",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "bias": "use_bias",
    "border_mode": "padding",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "init": "kernel_initializer embeddings_initializer",
    "inner_activation": "recurrent_activation",
    "inner_init": "recurrent_initializer",
    "length": "size",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample_length": "strides",
}


def keras_1(known: tuple[str, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a layer that knows certain arguments, those of Keras 1 renamed."""
    if not keywords.keys() & KERAS_1.keys() - set(known):
        return keywords
    today = {
        old: next((name for name in names.split() if name in known), old)
        for old, names in KERAS_1.items()
        if old not in known
    }
    return {today.get(name, name): value for name, value in keywords.items()}


def argument(name: str, value: Any, keywords: dict[str, Any]) -> Any:
    """Return an argument's value, which the keywords may have under its old name."""
    return keywords.pop(RENAMED[name], value)


def input_shape(layer: Layer, keywords: dict[str, Any]) -> Shape | None:
    """Take out of a first layer's keywords the shape of the input, the batch axis included."""
    batch = keywords.pop("batch_size", None)
    length, dim = keywords.pop("input_length", None), keywords.pop("input_dim", None)
    whole = [keywords.pop(key, None) for key in ("batch_input_shape", "batch_shape")]
    shape = keywords.pop("input_shape", None)
    for given in whole:
        if given is not None:
            return tuple(given)
    if shape is not None:
        return (batch, *((shape,) if isinstance(shape, int) else shape))
    if layer.integer_input:
        return None if length is None and batch is None else (batch, length)
    if dim is None:
        return None
    return (batch, length, dim) if layer.input_rank == 3 else (batch, dim)


# Configurations ---------------------------------------------------------------------------------


def text(value: Any) -> str:
    """Return an attribute of an old file as text; some are bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def modern(config: Any, version: Any) -> Any:
    """Bring a configuration up to date that a version of Keras before 3 wrote."""
    if int(text(version).split(".")[0]) >= 3:
        return config
    if isinstance(config, list):
        return [modern(c, version) for c in config]
    if not isinstance(config, dict):
        return config
    config = {key: modern(value, version) for key, value in config.items()}
    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = "hard_sigmoid_keras2"
    inner = config.get("config")
    if config.get("class_name") == "Sequential" and isinstance(inner, list):
        config["config"] = {"layers": inner}
    if not isinstance(inner, dict):
        return config
    if config["class_name"] == "MeanMetricWrapper":
        return inner["name"]
    if config["class_name"] == "GRU":
        inner.setdefault("reset_after", False)
    dropped = {"is_legacy_optimizer", "jit_compile", "fn"}
    if config["class_name"] == "SpatialDropout1D":
        dropped.add("noise_shape")
    if "fn" in inner and inner.get("axis") == -1:
        dropped.add("axis")
    config["config"] = {key: value for key, value in inner.items() if key not in dropped}
    return config
