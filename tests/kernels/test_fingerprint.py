"""The fingerprint that tells whether any byte of some weights has changed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fusedrnn import _core, runtime

SIZES = [0, 1, 3, 4, 5, 63, 64, 252, 255, 256, 257, 260, 511, 512, 513, 1000, 4099]
each_isa = pytest.mark.parametrize("isa", runtime.available_isas())


def formula(*memories: bytes) -> bytes:
    """The same in NumPy: four rows of 16 words, each mixed with memory and with the next row."""
    rows = (np.arange(1, 65, dtype=np.uint32) * np.uint32(0x9E3779B9)).reshape(4, 16)
    for memory in memories:
        whole = memory + bytes(-len(memory) % 256)
        for block in np.frombuffer(whole, "<u4").reshape(-1, 4, 16):
            for r in range(4):
                mixed = (rows[r] ^ block[r]) + rows[(r + 1) % 4]
                rows[r] = (mixed << 13 | mixed >> 19) * np.uint32(0x9E3779B1)
    return rows.tobytes()


def random_bytes(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


@each_isa
@pytest.mark.parametrize("offset", [0, 1, 2, 4])
def test_equals_the_formula(isa, offset):
    with runtime.use_isa(isa):
        for size in SIZES:
            a = random_bytes(size + offset)[offset:]
            assert _core.fingerprint([a]) == formula(a.tobytes())
            assert _core.fingerprint([a, a[:7], a]) == formula(
                a.tobytes(), a[:7].tobytes(), a.tobytes()
            )


@each_isa
def test_every_bit_of_every_byte_counts(isa):
    a = random_bytes(700)
    with runtime.use_isa(isa):
        before = _core.fingerprint([a])
        seen = {before}
        for at in range(a.size):
            for bit in range(8):
                a[at] ^= 1 << bit
                seen.add(_core.fingerprint([a]))
                a[at] ^= 1 << bit
        assert _core.fingerprint([a]) == before
    assert len(seen) == 1 + 8 * a.size


@each_isa
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_changes_that_cancel_in_plain_sums(isa, dtype):
    a = np.random.default_rng(0).normal(size=(64, 64)).astype(dtype)
    changes = [
        lambda b: np.negative(b, out=b),
        lambda b: np.negative(b[3], out=b[3]),
        lambda b: np.negative(b[:, 3], out=b[:, 3]),
        lambda b: b.__setitem__(([0, 32], 0), -b[[0, 32], 0]),
        lambda b: b.__setitem__(slice(None), b[::-1].copy()),
        lambda b: b.__setitem__(slice(None), b.T.copy()),
        lambda b: b.__setitem__([0, 1], b[[1, 0]]),
        lambda b: b.__setitem__((slice(None), [0, 16]), b[:, [16, 0]]),
        lambda b: b.fill(0),
        lambda b: b.fill(1),
        lambda b: b.fill(-1),
        lambda b: b.fill(np.nan),
    ]  # fmt: skip
    with runtime.use_isa(isa):
        seen = {_core.fingerprint([a])}
        for change in changes:
            b = a.copy()
            change(b)
            seen.add(_core.fingerprint([b]))
    assert len(seen) == 1 + len(changes)


def test_zeros_of_both_signs_and_payloads_of_nan_differ():
    kinds = np.array([0, 0x80000000, 0x7FC00000, 0x7FC00001, 0xFFC00000], np.uint32)
    assert len({_core.fingerprint([k.view(np.float32)[None]]) for k in kinds}) == len(kinds)


def test_any_layout():
    a = np.arange(600, dtype=np.float32).reshape(20, 30)
    assert _core.fingerprint([a.T]) == _core.fingerprint([a])  # the same memory
    for part in (a[:, ::2], a[::-1], a[3:, 1:].T, np.broadcast_to(a[0], (5, 30)), a[:, :0]):
        assert _core.fingerprint([part]) == formula(part.tobytes())
    assert _core.fingerprint([]) == formula()
    assert _core.fingerprint(iter([a])) == formula(a.tobytes())


@pytest.mark.parametrize("wrong", [[[1.0]], [None], 3])
def test_wrong_arguments(wrong):
    with pytest.raises(TypeError):
        _core.fingerprint(wrong)


def test_references_are_counted_with_the_gil():
    # A type of its own, whose references nobody else counts.
    code = """
import sys, threading
import numpy as np
from fusedrnn import _core
sys.setswitchinterval(1e-6)
a = np.zeros(4, np.dtype("f4", metadata={"unit": "m"}))
before = sys.getrefcount(a.dtype)
def look():
    for _ in range(600):
        _core.fingerprint([a] * 3000)
for _ in range(4):
    threads = [threading.Thread(target=look) for _ in range(4)]
    for t in threads: t.start()
    for t in threads: t.join()
assert sys.getrefcount(a.dtype) == before, (sys.getrefcount(a.dtype), before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
