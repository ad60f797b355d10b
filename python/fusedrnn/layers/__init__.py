"""The layers, under Keras's names, one file a kind.

``layer`` is their base and the table of their names; ``rnn`` is what the recurrent ones share.

Not here: models, training loops, file formats.
"""

from .. import activations, missing
from .._state import snake_case
from ..legacy import LAYER_MODULES, alias_modules
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .attention import AdditiveAttention, Attention
from .batch_normalization import BatchNormalization
from .convolution import Conv1D, SeparableConv1D
from .dense import Dense
from .dropout import Dropout, SpatialDropout1D
from .embedding import Embedding
from .function import Lambda
from .gru import GRU
from .identity import Identity
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
from .multi_head_attention import MultiHeadAttention
from .operation import Operation
from .padding import Cropping1D, UpSampling1D, ZeroPadding1D
from .pooling import AveragePooling1D, GlobalAveragePooling1D, GlobalMaxPooling1D, MaxPooling1D
from .regularization import ActivityRegularization, GaussianDropout, GaussianNoise
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .rnn_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from .rnn_over_cells import RNN
from .simple_rnn import SimpleRNN
from .unit_normalization import UnitNormalization
from .wrapper import Bidirectional, TimeDistributed, Wrapper

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "Attention",
    "Average",
    "AveragePooling1D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Cropping1D",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Identity",
    "Input",
    "InputLayer",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Operation",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "SeparableConv1D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "Variable",
    "Wrapper",
    "ZeroPadding1D",
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
activations.LAYERS.update(LAYERS)
alias_modules(__name__, LAYER_MODULES)

AvgPool1D, MaxPool1D = AveragePooling1D, MaxPooling1D
GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D
Convolution1D, SeparableConvolution1D = Conv1D, SeparableConv1D
CuDNNLSTM, CuDNNGRU = LSTM, GRU  # what Keras 2 called the fast ones

missing.answer(__name__)
missing.answer(f"{__name__}.pooling", __name__)  # which had more in Keras 2
