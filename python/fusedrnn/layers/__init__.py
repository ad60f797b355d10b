"""The layers, under Keras's names, one file a kind.

``layer`` is their base and the table of their names; ``rnn`` is what the recurrent ones share.

Not here: models, training loops, file formats.
"""

from typing import TYPE_CHECKING, Any

from .._state import snake_case
from ..checks import beyond
from ..legacy import LAYER_MODULES, alias_modules
from .activation import Activation, LeakyReLU
from .batch_normalization import BatchNormalization
from .dense import Dense
from .dropout import Dropout, SpatialDropout1D
from .embedding import Embedding
from .function import Lambda
from .gru import GRU
from .input import Input, InputLayer
from .layer import LAYERS, Layer, Variable
from .layer_normalization import LayerNormalization
from .lstm import LSTM
from .masking import Masking
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .operation import Operation
from .pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .simple_rnn import SimpleRNN
from .wrapper import Bidirectional, TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "Average",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Operation",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "SpatialDropout1D",
    "Subtract",
    "TimeDistributed",
    "Variable",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

LAYERS.update(
    (snake_case(name), layer)
    for name, layer in ((name, globals()[name]) for name in __all__)
    if isinstance(layer, type) and issubclass(layer, Layer)
)
alias_modules(__name__, LAYER_MODULES)

GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D
CuDNNLSTM, CuDNNGRU = LSTM, GRU  # what Keras 2 called the fast ones

# Scripts import these, often without use.
_BEYOND = """
AdditiveAttention Attention AveragePooling1D AveragePooling2D Conv1D
Conv2D Conv3D Convolution1D ConvLSTM1D ConvLSTM2D Cropping1D ELU GRUCell GaussianDropout
GaussianNoise GlobalAveragePooling2D GlobalMaxPooling2D LSTMCell MaxPool1D MaxPool2D
MaxPooling1D MaxPooling2D MultiHeadAttention Normalization PReLU RNN ReLU SeparableConv1D
SimpleRNNCell Softmax SpatialDropout2D StackedRNNCells StringLookup TextVectorization
ThresholdedReLU UpSampling1D Wrapper ZeroPadding1D
"""

if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name

    def __getattr__(name: str) -> Any:
        if name in _BEYOND.split():
            return beyond(
                f"layers.{name}",
                "which has sequences of recurrent and dense layers; keep Keras for the model and "
                "speed up its LSTM and GRU instead: see fusedrnn.keras",
            )
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
