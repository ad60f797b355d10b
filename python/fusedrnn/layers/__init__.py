"""The layers, under Keras's names."""

from .dense import Dense
from .dropout import Dropout, SpatialDropout1D
from .gru import GRU
from .input import Input, InputLayer
from .layer import Layer, Variable
from .lstm import LSTM
from .simple_rnn import SimpleRNN

__all__ = ["GRU", "LSTM", "Dense", "Dropout", "Input", "InputLayer", "Layer", "SimpleRNN",
           "SpatialDropout1D", "Variable"]
