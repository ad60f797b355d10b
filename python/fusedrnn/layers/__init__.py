"""The layers, under Keras's names."""

import sys
from typing import Any

from .activation import Activation, LeakyReLU
from .batch_normalization import BatchNormalization
from .dense import Dense
from .dropout import Dropout, SpatialDropout1D
from .embedding import Embedding
from .gru import GRU
from .input import Input, InputLayer
from .layer import Layer, Variable
from .layer_normalization import LayerNormalization
from .lstm import LSTM
from .masking import Masking
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .simple_rnn import SimpleRNN
from .wrapper import Bidirectional, TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "BatchNormalization",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "SpatialDropout1D",
    "TimeDistributed",
    "Variable",
]

# Keras 1 and 2 also had the layers in modules of these names.
for _old in ("core", "embeddings", "normalization", "recurrent", "wrappers"):
    sys.modules[f"{__name__}.{_old}"] = sys.modules[__name__]

_BEYOND = {
    "Add",
    "AdditiveAttention",
    "Attention",
    "AveragePooling1D",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "GRUCell",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "LSTMCell",
    "Lambda",
    "MaxPooling1D",
    "MaxPooling2D",
    "MultiHeadAttention",
    "RNN",
    "StackedRNNCells",
    "TextVectorization",
    "concatenate",
}


def __getattr__(name: str) -> Any:
    if name in _BEYOND:
        raise ImportError(
            f"layers.{name} is beyond fusedrnn, which has sequences of recurrent and dense "
            "layers; keep Keras for the model and speed up its LSTM and GRU instead: see "
            "fusedrnn.keras"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
