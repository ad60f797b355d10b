"""The compiled core; what the functions of the cells do is documented in functional.py."""

from collections.abc import Iterable
from typing import Any, NoReturn, TypeAlias, final, type_check_only

import numpy as np

_Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
_Out: TypeAlias = tuple[_Array, _Array, _Array | None] | None

@type_check_only
class _Metaclass(type): ...  # pybind11's

version: str
compiler: str
openmp: bool
most_threads: int

def built_isas() -> list[str]: ...
def available_isas() -> list[str]: ...
def isa() -> str: ...
def set_isa(name: str) -> None: ...
def num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def chosen_threads() -> int: ...
def threadpool() -> tuple[str, bool]: ...
def fma_peak(dtype: str) -> float: ...
def sigmoid(x: _Array) -> _Array: ...
def tanh(x: _Array) -> _Array: ...
def fingerprint(arrays: Iterable[_Array]) -> bytes: ...
def memory(
    address: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    dtype: np.dtype[Any],
    owner: object,
) -> _Array: ...

# Cells: csrc/bind_cell.hpp. `Any` in a result of `lstm`, `gru`, `rnn`: see functional.py.
@final
class LSTMTape(metaclass=_Metaclass):
    def __init__(self, *args: NoReturn, **kwargs: NoReturn) -> None: ...
    def gates(self) -> dict[str, _Array]: ...

class PackedLSTM(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(
        self,
        x: _Array,
        h0: _Array | None = None,
        c0: _Array | None = None,
        *,
        lengths: _Array | None = None,
        mask: _Array | None = None,
        reverse: bool = False,
        time_major: bool = False,
        training: bool = False,
        return_sequences: bool = True,
        recurrent_mask: _Array | None = None,
    ) -> Any: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

class LSTMStep(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(self, x: _Array, h: _Array, c: _Array) -> tuple[_Array, _Array]: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

def lstm(
    x: _Array,
    kernel: _Array,
    recurrent_kernel: _Array,
    bias: _Array | None = None,
    h0: _Array | None = None,
    c0: _Array | None = None,
    *,
    activation: str = "tanh",
    lengths: _Array | None = None,
    mask: _Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: _Array | None = None,
) -> Any: ...
def lstm_backward(
    tape: LSTMTape,
    dy: _Array | None = None,
    dh_n: _Array | None = None,
    dc_n: _Array | None = None,
    *,
    need_dx: bool = True,
    need_dstates: bool = True,
    out: _Out = None,
) -> tuple[_Array | None, _Array, _Array, _Array | None, Any, Any]: ...

@final
class GRUTape(metaclass=_Metaclass):
    def __init__(self, *args: NoReturn, **kwargs: NoReturn) -> None: ...
    def gates(self) -> dict[str, _Array]: ...

class PackedGRU(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        reset_after: bool = True,
        update_gate: str = "keep",
        gate_order: str = "zrn",
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(
        self,
        x: _Array,
        h0: _Array | None = None,
        *,
        lengths: _Array | None = None,
        mask: _Array | None = None,
        reverse: bool = False,
        time_major: bool = False,
        training: bool = False,
        return_sequences: bool = True,
        recurrent_mask: _Array | None = None,
    ) -> Any: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

class GRUStep(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        reset_after: bool = True,
        update_gate: str = "keep",
        gate_order: str = "zrn",
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(self, x: _Array, h: _Array) -> _Array: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

def gru(
    x: _Array,
    kernel: _Array,
    recurrent_kernel: _Array,
    bias: _Array | None = None,
    h0: _Array | None = None,
    *,
    reset_after: bool = True,
    update_gate: str = "keep",
    gate_order: str = "zrn",
    activation: str = "tanh",
    lengths: _Array | None = None,
    mask: _Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: _Array | None = None,
) -> Any: ...
def gru_backward(
    tape: GRUTape,
    dy: _Array | None = None,
    dh_n: _Array | None = None,
    *,
    need_dx: bool = True,
    need_dstates: bool = True,
    out: _Out = None,
) -> tuple[_Array | None, _Array, _Array, _Array | None, Any]: ...

@final
class RNNTape(metaclass=_Metaclass):
    def __init__(self, *args: NoReturn, **kwargs: NoReturn) -> None: ...

class PackedRNN(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(
        self,
        x: _Array,
        h0: _Array | None = None,
        *,
        lengths: _Array | None = None,
        mask: _Array | None = None,
        reverse: bool = False,
        time_major: bool = False,
        training: bool = False,
        return_sequences: bool = True,
        recurrent_mask: _Array | None = None,
    ) -> Any: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

class RNNStep(metaclass=_Metaclass):
    def __init__(
        self,
        kernel: _Array,
        recurrent_kernel: _Array,
        bias: _Array | None = None,
        *,
        activation: str = "tanh",
        weights: str | None = None,
    ) -> None: ...
    def __call__(self, x: _Array, h: _Array) -> _Array: ...
    @property
    def weights(self) -> str: ...
    @property
    def nbytes(self) -> int: ...

def rnn(
    x: _Array,
    kernel: _Array,
    recurrent_kernel: _Array,
    bias: _Array | None = None,
    h0: _Array | None = None,
    *,
    activation: str = "tanh",
    lengths: _Array | None = None,
    mask: _Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: _Array | None = None,
) -> Any: ...
def rnn_backward(
    tape: RNNTape,
    dy: _Array | None = None,
    dh_n: _Array | None = None,
    *,
    need_dx: bool = True,
    need_dstates: bool = True,
    out: _Out = None,
) -> tuple[_Array | None, _Array, _Array, _Array | None, Any]: ...

# Products of a dense layer: csrc/bind_dense.cpp.
def dense(x: _Array, kernel: _Array, bias: _Array | None = None) -> _Array: ...
def dense_backward(
    x: _Array,
    kernel: _Array,
    dy: _Array,
    *,
    need_dx: bool = True,
    out: tuple[_Array, _Array | None] | None = None,
) -> tuple[_Array | None, _Array, _Array | None]: ...

# Steps of the optimizers, in place: csrc/optimizer.hpp.
def sgd(
    param: _Array,
    grad: _Array,
    *,
    velocity: _Array | None,
    rate: float,
    decay: float,
    momentum: float,
    nesterov: bool,
) -> None: ...
def rmsprop(
    param: _Array,
    grad: _Array,
    *,
    velocity: _Array,
    mean_grad: _Array | None,
    increments: _Array | None,
    rate: float,
    decay: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None: ...
def adam(
    param: _Array,
    grad: _Array,
    *,
    momentum: _Array,
    velocity: _Array,
    velocity_max: _Array | None,
    rate: float,
    decay: float,
    alpha: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None: ...
def nadam(
    param: _Array,
    grad: _Array,
    *,
    momentum: _Array,
    velocity: _Array,
    rate: float,
    decay: float,
    m_scale: float,
    g_scale: float,
    v_scale: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None: ...
def adagrad(
    param: _Array, grad: _Array, *, accumulator: _Array, rate: float, decay: float, epsilon: float
) -> None: ...
