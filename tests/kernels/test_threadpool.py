"""Whose threads run a call: one pool a process, whichever OpenMP runtime has it."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fusedrnn import runtime

CALL = """
import ctypes, hashlib, os, sys
import numpy as np
from fusedrnn import functional as F, runtime

def call(n=2):
    "A digest of a call's results, on so many threads."
    random = np.random.default_rng(0)
    x, W, R = (random.normal(size=s).astype("f4") for s in ((64, 50, 8), (8, 400), (100, 400)))
    with runtime.threads(n):
        tape = F.lstm(x, W, R, training=True)[-1]
        gradients = F.lstm_backward(tape, np.ones((64, 50, 100), "f4"))
    return hashlib.sha256(b"".join(np.array(g).tobytes() for g in gradients[:3])).hexdigest()

def alive():
    "Threads of this process."
    return len(os.listdir("/proc/self/task"))
"""


def run_script(code: str, **env: str) -> str:
    kept = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}  # torchrun's, say
    done = subprocess.run(
        [sys.executable, "-c", CALL + textwrap.dedent(code)], env={**kept, **env},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def own_library() -> str:
    """The file of the runtime that the core is linked with."""
    if not runtime.build_info()["openmp"]:
        return ""
    return run_script("print(runtime.threadpool()['filepath'])").strip()


OWN = own_library()
IS_LLVM = "libomp" in OWN  # and so is then each of `runtimes`
pytestmark = pytest.mark.skipif(not OWN, reason="no OpenMP, or its library is not known")


def runtimes() -> dict[str, str | None]:
    """Other runtimes: a copy of ours under a hashed name, as wheels carry it; LLVM's; Intel's."""
    intel = Path(sys.prefix) / "lib" / "libiomp5.so"
    return {
        "a wheel's": OWN,
        "LLVM": ctypes.util.find_library("omp"),
        "Intel": str(intel) if intel.exists() else ctypes.util.find_library("iomp5"),
    }


@pytest.fixture(params=["a wheel's", "LLVM", "Intel"])
def other(request, tmp_path):
    """The file of another runtime."""
    found = runtimes()[request.param]
    if found is None:
        pytest.skip(f"no OpenMP runtime of {request.param}")
    if request.param != "a wheel's":
        if IS_LLVM and request.param == "LLVM":
            pytest.skip("that is our own")
        return found
    return str(shutil.copy(os.path.realpath(found), tmp_path / "libgomp-0a1b2c3d.so.1.0.0"))


def test_without_another_it_is_our_own():
    run_script("""
    pool = runtime.threadpool()
    assert pool["own"] and pool["num_threads"] == runtime.num_threads(), pool
    assert pool["user_api"] == "openmp" and os.path.exists(pool["filepath"]), pool
    assert os.path.basename(pool["filepath"]).startswith(pool["prefix"]), pool
    """)


def test_another_that_is_loaded_already_is_used(other):
    run_script(f"""
    before = alive()
    library = ctypes.CDLL({other!r})
    pool = runtime.threadpool()
    assert not pool["own"], pool
    assert os.path.realpath(pool["filepath"]) == pool["filepath"] != {OWN!r}
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
    library.GOMP_parallel(work, None, 2, 0)
    with_theirs = alive()
    assert with_theirs > before
    call()
    assert alive() == with_theirs, "a pool of our own was started beside theirs"
    """)


def test_one_that_is_loaded_later_is_used_from_then_on(other):
    run_script(f"""
    expected = call(1)
    assert call() == expected and runtime.threadpool()["own"]
    ctypes.CDLL({other!r})
    # Two of LLVM's would end the process.
    assert call() == expected and runtime.threadpool()["own"] is {IS_LLVM}
    for n in (1, 2, 3, 5):
        assert call(n) == expected
    """)


def test_what_is_used_is_not_unloaded(other):
    run_script(f"""
    import _ctypes
    library = ctypes.CDLL({other!r})
    expected = call()
    path = runtime.threadpool()["filepath"]
    _ctypes.dlclose(library._handle)
    assert call() == expected and runtime.threadpool()["filepath"] == path
    """)


def test_limits_of_the_runtime_count(other):
    run_script(f"""
    library = ctypes.CDLL({other!r})
    library.omp_set_num_threads(3)
    assert runtime.num_threads() == 3
    library.omp_set_num_threads(1)  # as threadpoolctl does
    assert runtime.num_threads() == runtime.threadpool()["num_threads"] == 1
    library.omp_set_num_threads(4)
    with runtime.threads(2):  # what is asked for comes before the runtime's number
        assert runtime.num_threads() == 2
        library.omp_set_num_threads(1)  # and a limit that comes later before that
        assert runtime.num_threads() == 1
        library.omp_set_num_threads(4)
        assert runtime.num_threads() == 2
    assert runtime.num_threads() == 4
    """)


@pytest.mark.skipif(importlib.util.find_spec("threadpoolctl") is None, reason="no threadpoolctl")
def test_threadpoolctl_sees_and_limits_it():
    run_script("""
    from threadpoolctl import threadpool_info, threadpool_limits
    pool = runtime.threadpool()
    seen = [entry for entry in threadpool_info() if entry["filepath"] == pool["filepath"]]
    assert [entry["prefix"] for entry in seen] == [pool["prefix"]], (pool, threadpool_info())
    with runtime.threads(2), threadpool_limits(1, "openmp"):
        assert runtime.num_threads() == 1
    """)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no PyTorch")
@pytest.mark.parametrize("first", [True, False])
def test_that_of_pytorch_comes_first(first, other):
    run_script(f"""
    if {first}:
        import torch
    ctypes.CDLL({other!r})
    expected = call()
    import torch
    if not torch.backends.openmp.is_available():
        sys.exit(0)
    before, pool = alive(), runtime.threadpool()
    assert os.path.basename({other!r}) != os.path.basename(pool["filepath"]), pool
    torch.set_num_threads(2)
    torch.ones(1 << 22).tanh()
    with_torch = alive()
    assert call() == expected
    assert alive() == with_torch
    torch.set_num_threads(1)
    assert runtime.num_threads() == 1
    """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("ours", ["before", "in the child"])
def test_a_child_by_fork_does_not_wait_for_the_parents_threads(ours, other):
    code = f"""
    import ctypes, os
    library = ctypes.CDLL({other!r})
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
    library.GOMP_parallel(work, None, 2, 0)
    if {ours == "before"}:
        import fusedrnn.runtime
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            exec(os.environ["CALL"])
            call()
            status = int(runtime.num_threads() != 1)
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "CALL": CALL},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
