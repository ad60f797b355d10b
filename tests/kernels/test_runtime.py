"""Instruction sets, threads, fork, and what a call must leave as it found it."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
import sysconfig
import threading

import numpy as np
import pytest

import fusedrnn
from fusedrnn import _core, runtime
from fusedrnn import functional as F
from kernel_cases import CELLS, make_case, run_kernels
from shapes import TEST_SHAPES, Shape


def run_python(code, **env):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **env}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_build_info():
    info = fusedrnn.build_info()
    assert info["version"] == fusedrnn.__version__
    assert info["isas"][0] == "baseline"
    assert set(runtime.available_isas()) <= set(info["isas"])


def test_use_isa_restores_and_refuses():
    before = runtime.isa()
    with runtime.use_isa("baseline"):
        assert runtime.isa() == "baseline"
    assert runtime.isa() == before
    with pytest.raises(ValueError, match="unknown instruction set 'sse9', built: baseline"):
        runtime.use_isa("sse9").__enter__()


def test_environment_caps_the_isa():
    code = "import fusedrnn.runtime as r; print(r.isa())"
    assert run_python(code, FUSEDRNN_ISA="baseline").stdout.strip() == "baseline"
    unknown = run_python(code, FUSEDRNN_ISA="sse9")
    assert unknown.returncode != 0
    assert "FUSEDRNN_ISA: unknown instruction set 'sse9'" in unknown.stderr


def test_environment_sets_the_threads():
    code = "import fusedrnn.runtime as r; print(r.num_threads(), r.threadpool() is not None)"
    too_many = 1 if "Clang" in _core.compiler else _core.most_threads  # LLVM's runtime says 1
    for given, threads in (("3", 3), ("999999999999", too_many)):
        n, pool = run_python(code, OMP_NUM_THREADS=given).stdout.split()
        assert int(n) == (threads if pool == "True" else 1)


@pytest.mark.skipif(_core.openmp or os.name == "nt", reason="has its own, or looks for none")
@pytest.mark.parametrize("name", ["gomp", "omp"])
def test_a_build_without_a_runtime_has_the_threads_of_another(name):
    library = ctypes.util.find_library(name)
    if not library:
        pytest.skip(f"there is no lib{name}")
    code = f"""
import ctypes
import numpy as np
from fusedrnn import functional as F, runtime
def call():
    return F.lstm(*(np.ones(s, "f4") / 99 for s in ((64, 50, 8), (8, 400), (100, 400))))[0]
runtime.set_num_threads(2)
assert (runtime.threadpool(), runtime.num_threads()) == (None, 1)
alone = call()
ctypes.CDLL({library!r})
runtime.set_num_threads(2)
pool = runtime.threadpool()
assert (pool["prefix"], pool["own"], pool["num_threads"]) == ("lib{name}", False, 2), pool
assert call().tobytes() == alone.tobytes()
"""
    done = run_python(code, OMP_NUM_THREADS="4")
    assert done.returncode == 0, done.stderr


def test_threads():
    before = runtime.num_threads()
    with runtime.threads(1):
        assert runtime.num_threads() == 1
    assert runtime.num_threads() == before
    with pytest.raises(ValueError, match="set_num_threads: n is 0"):
        runtime.set_num_threads(0)
    with pytest.raises(TypeError):
        runtime.set_num_threads(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{}, {"lengths": True}, {"recurrent_mask": True}])
@pytest.mark.parametrize(
    "shape", [Shape(32, 128, 40, 37), Shape(8, 64, 60, 51), Shape(60, 260, 250, 2)]
)
def test_same_bits_for_any_number_of_threads(shape, cell, options):
    # Enough work for three threads, which share the rows or, where they are few, the units.
    case = make_case(cell, shape, options)
    results = []
    for n in (1, 2, 3):
        with runtime.threads(n):
            outputs, gradients = run_kernels(cell, case, options, np.float32)
            results.append([*outputs, *gradients])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_two_python_threads_at_once():
    case = make_case("lstm", TEST_SHAPES["prime"], {})
    expected = run_kernels("lstm", case, {}, np.float32)[1]
    failures = []

    def work():
        for _ in range(20):
            for a, b in zip(run_kernels("lstm", case, {}, np.float32)[1], expected, strict=True):
                if not np.array_equal(a, b):
                    failures.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_child_after_fork_works():
    code = """
import os, sys
import numpy as np
from fusedrnn import functional as F, runtime
runtime.set_num_threads(2)
x, W, R = np.ones((64, 50, 8), "f4"), np.ones((8, 400), "f4") / 9, np.ones((100, 400), "f4") / 99
expected = F.lstm(x, W, R)[0]
pid = os.fork()
if pid == 0:
    same = np.array_equal(F.lstm(x, W, R)[0], expected)
    os._exit(0 if same and runtime.num_threads() == 1 else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert run_python(code).returncode == 0


def test_denormals_of_the_caller_are_kept():
    tiny = np.array([np.finfo(np.float32).tiny], np.float32)
    x, W, R = np.ones((1, 1, 1), "f4"), np.ones((1, 4), "f4"), np.ones((1, 4), "f4")
    F.lstm(x, W, R)
    assert (tiny / np.float32(2))[0] > 0


def test_import_is_light():
    code = "import sys, fusedrnn, fusedrnn.functional; print(*sys.modules)"
    modules = run_python(code).stdout.split()
    assert "numpy" in modules
    assert not {"pandas", "torch", "sklearn", "matplotlib", "rich", "h5py"} & set(modules)


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="a Python with a GIL")
def test_a_python_without_a_gil_stays_without():
    code = "import sys, fusedrnn.functional; print(sys._is_gil_enabled())"
    assert run_python(code).stdout.strip() == "False"
