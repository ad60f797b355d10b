"""What fusedrnn is timed beside, a module each.

A peer has ``contestant(case, threads)``, which returns a :class:`bench.contestant.Contestant`, or
None where the peer has nothing of that case; a table says what it calls the cells and in which
order it has the gates. Not here: fusedrnn itself (``ours.py``), clocks and checks.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from ..case import Case
from ..contestant import Contestant


class Peer(NamedTuple):
    name: str  # in the tables
    module: str
    needs: tuple[str, ...]  # packages


PEERS = {  # by the name in --peers
    "torch": Peer("PyTorch", "pytorch", ("torch",)),
    "onnxruntime": Peer("ONNX Runtime", "onnx_runtime", ("onnxruntime", "onnx")),
    "jax": Peer("JAX", "jax_scan", ("jax",)),
    "keras": Peer("Keras", "keras_tensorflow", ("keras", "tensorflow")),
    "numpy": Peer("NumPy", "numpy_loop", ("numpy",)),
}


def installed(name: str) -> bool:
    """Whether a peer's packages can be found."""
    return all(find_spec(package) for package in PEERS[name].needs)


def contestant(name: str, case: Case, threads: int) -> Contestant | None:
    """A peer's contestant."""
    module: Any = import_module(f".{PEERS[name].module}", __package__)
    return module.contestant(case, threads)
