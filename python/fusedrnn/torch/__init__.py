"""Fused LSTM, GRU and RNN for PyTorch.

In this folder is what knows torch's tensors, and Keras on its torch backend: layers, cells and
accelerate on top, recurrent below them, call at the core.

Not here: mathematics but that of composed, and what runs without torch.

``LSTM``, ``GRU``, ``RNN``, ``LSTMCell``, ``GRUCell`` and ``RNNCell`` stand in for the classes of
``torch.nn`` of the same names; :func:`accelerate` puts them into an existing model. ``layer.path``
says whether a layer runs fused. Threads follow ``torch.get_num_threads()``, for the whole process.

Under ``torch.compile`` a layer is one operator of the graph, ``fusedrnn::recurrent``, if
``torch._dynamo.config.allow_rnn`` is True; torch otherwise breaks the graph at any recurrent layer,
its own too, and the layer runs as in eager mode. ``torch.export`` needs nothing. What is to run
without fusedrnn, by ``torch.jit`` or ``torch.onnx.export``, has torch's own layers in it;
``torch.jit.script`` puts them into the model that it is given, too: :func:`accelerate` it again.

Our classes are equal to torch's, ``LSTM == torch.nn.LSTM``, though not identical: code that looks
modules up by class finds them, as ``torch.ao.quantization`` does, where a layer becomes torch's own
and then the quantized one.

Weights may change by any way at any time: every call without gradients looks at all of their bytes
before it uses what it has kept of them. :func:`freeze` leaves that out.
"""

from __future__ import annotations

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("fusedrnn.torch needs PyTorch: pip install torch") from error

from .accelerate import Accelerated, accelerate, restore
from .cells import GRUCell, LSTMCell, RNNCell
from .freeze import freeze, unfreeze
from .layers import GRU, LSTM, RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Accelerated",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "accelerate",
    "freeze",
    "restore",
    "unfreeze",
]
