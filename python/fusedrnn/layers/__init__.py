"""The layers, under Keras's names, one file a kind.

``layer`` is their base and the table of their names; ``rnn`` is what the recurrent ones share.

Not here: models, training loops, file formats.
"""

from .. import activations, missing
from .._state import snake_case
from ..legacy import alias_modules
from . import merging
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU
from .attention import AdditiveAttention, Attention
from .batch_normalization import BatchNormalization
from .categories import CategoryEncoding
from .convolution import Conv1D, Conv1DTranspose
from .dense import Dense
from .depthwise import DepthwiseConv1D, SeparableConv1D
from .discretization import Discretization
from .dropout import AlphaDropout, Dropout, SpatialDropout1D
from .einsum_dense import EinsumDense
from .embedding import Embedding
from .function import Lambda
from .group_normalization import GroupNormalization, RMSNormalization
from .gru import GRU
from .hashing import Hashing
from .identity import Identity
from .input import Input, InputLayer
from .layer import LAYERS, Layer, Variable
from .layer_normalization import LayerNormalization
from .lookup import IntegerLookup, StringLookup
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
from .multi_head_attention import GroupedQueryAttention, MultiHeadAttention
from .normalization import Normalization
from .operation import Operation
from .padding import Cropping1D, UpSampling1D, ZeroPadding1D
from .pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveMaxPooling1D,
    AveragePooling1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
)
from .regularization import ActivityRegularization, GaussianDropout, GaussianNoise
from .rescaling import Rescaling
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .rnn_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from .rnn_over_cells import RNN
from .simple_rnn import SimpleRNN
from .text_vectorization import TextVectorization
from .unit_normalization import UnitNormalization
from .wrapper import Bidirectional, TimeDistributed, Wrapper

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveMaxPooling1D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Cropping1D",
    "Dense",
    "DepthwiseConv1D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "GroupNormalization",
    "GroupedQueryAttention",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "IntegerLookup",
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
    "Normalization",
    "Operation",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "ThresholdedReLU",
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
LAYERS["group_query_attention"] = GroupedQueryAttention  # as Keras exports it
activations.LAYERS.update(LAYERS)
alias_modules(__name__)
merge = merging.merge  # which the module of this name hides

AvgPool1D, MaxPool1D = AveragePooling1D, MaxPooling1D
GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D
Convolution1D, SeparableConvolution1D = Conv1D, SeparableConv1D
Convolution1DTranspose = Conv1DTranspose
GroupQueryAttention = GroupedQueryAttention
CuDNNLSTM, CuDNNGRU = LSTM, GRU  # what Keras 2 called the fast ones
__all__ += [
    "AvgPool1D", "Convolution1D", "Convolution1DTranspose", "CuDNNGRU", "CuDNNLSTM",
    "GlobalAvgPool1D", "GlobalMaxPool1D", "GroupQueryAttention", "MaxPool1D",
    "SeparableConvolution1D", "merge",
]  # fmt: skip

missing.answer(__name__)
missing.answer(f"{__name__}.pooling", __name__)  # which had more in Keras 2
