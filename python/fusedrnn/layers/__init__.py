"""The layers, under Keras's names."""

from .activation import Activation
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

__all__ = ["GRU", "LSTM", "Activation", "Bidirectional", "Dense", "Dropout", "Embedding", "Flatten",
           "Input", "InputLayer", "Layer", "LayerNormalization", "Masking", "Permute",
           "RepeatVector", "Reshape", "SimpleRNN", "SpatialDropout1D", "TimeDistributed",
           "Variable"]
