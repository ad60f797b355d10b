from typing import Any, final

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

version: str
compiler: str
openmp: bool

def built_isas() -> list[str]: ...
def available_isas() -> list[str]: ...
def isa() -> str: ...
def set_isa(name: str) -> None: ...
def num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def fma_peak(dtype: str) -> float: ...
def sigmoid(x: Array) -> Array: ...
def tanh(x: Array) -> Array: ...

@final
class LSTMTape: ...

@final
class GRUTape: ...

class PackedLSTM:
    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        activation: str = "tanh",
    ) -> None: ...
    def __call__(
        self,
        x: Array,
        h0: Array | None = None,
        c0: Array | None = None,
        *,
        lengths: Array | None = None,
        mask: Array | None = None,
        reverse: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, Array, Array]: ...

class PackedGRU:
    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        reset_after: bool = True,
        update_gate: str = "keep",
        gate_order: str = "zrn",
        activation: str = "tanh",
    ) -> None: ...
    def __call__(
        self,
        x: Array,
        h0: Array | None = None,
        *,
        lengths: Array | None = None,
        mask: Array | None = None,
        reverse: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, Array]: ...

class LSTMStep:
    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        activation: str = "tanh",
    ) -> None: ...
    def __call__(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]: ...

class GRUStep:
    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        reset_after: bool = True,
        update_gate: str = "keep",
        gate_order: str = "zrn",
        activation: str = "tanh",
    ) -> None: ...
    def __call__(self, x: Array, h: Array) -> Array: ...

# Typed and documented in functional.py.
def lstm(*args: Any, **options: Any) -> Any: ...
def lstm_backward(
    *args: Any, **options: Any
) -> tuple[Array | None, Array, Array, Array | None, Array, Array]: ...
def gru(*args: Any, **options: Any) -> Any: ...
def gru_backward(
    *args: Any, **options: Any
) -> tuple[Array | None, Array, Array, Array | None, Array]: ...
def dense(*args: Any) -> Array: ...
def dense_backward(*args: Any, **options: Any) -> tuple[Array | None, Array, Array | None]: ...
