"""What fusedrnn is timed beside, a module each.

A peer has ``contestant(case, threads)``, which returns a :class:`bench.contestant.Contestant`, or
None where the peer has nothing of that case; a table says what it calls the cells and in which
order it has the gates. Not here: fusedrnn itself (``ours.py``), clocks and checks.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple


class Peer(NamedTuple):
    module: str
    needs: tuple[str, ...]  # packages


PEERS = {  # by the name in --peers
    "torch": Peer("pytorch", ("torch",)),
    "onnxruntime": Peer("onnx_runtime", ("onnxruntime", "onnx")),
    "jax": Peer("jax_scan", ("jax",)),
    "keras": Peer("keras_tensorflow", ("keras", "tensorflow")),
    "numpy": Peer("numpy_loop", ("numpy",)),
}


def installed(name: str) -> bool:
    """Whether a peer's packages can be found."""
    return all(find_spec(package) for package in PEERS[name].needs)


def load(name: str) -> Any:
    """Import a peer's module."""
    return import_module(f".{PEERS[name].module}", __package__)
