"""The tests of threads on a build with ThreadSanitizer.

By Clang, with LLVM's OpenMP, whose archer tells the sanitizer of each fork, join and barrier: no
report is expected, and none is suppressed. Python runs inside a program that has the sanitizer,
which cannot be loaded later. Each case is a test, or some Python threads that call at once.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from builds import Build, Failed, command
from run import Run

PYTHON = """
int Py_BytesMain(int, char**);
int main(int argc, char** argv) { return Py_BytesMain(argc, argv); }
"""
AT_ONCE = """
import sys, threading
import numpy as np
from fusedrnn import functional as F, runtime
rng = np.random.default_rng(int(sys.argv[1]))
runtime.set_num_threads(int(rng.integers(2, 5)))
shared = {}
for kind, G in (("lstm", 4), ("gru", 3), ("rnn", 1)):
    I, H = int(rng.integers(1, 20)), int(rng.integers(60, 120))
    weights = [rng.normal(size=s).astype("f4") / 9 for s in ((I, G * H), (H, G * H))]
    packed = getattr(F, "Packed" + kind.upper())(*weights)
    x = rng.normal(size=(int(rng.choice([2, 40])), 20, I)).astype("f4")
    y, *_, tape = getattr(F, kind)(x, *weights, training=True)
    shared[kind] = weights, packed, x, y, tape
def work(seed):
    rng = np.random.default_rng(seed)
    for _ in range(6):
        kind = str(rng.choice(list(shared)))
        weights, packed, x, y, tape = shared[kind]
        what = rng.integers(3)
        if what == 0:
            packed(x)
        elif what == 1:
            getattr(F, kind + "_backward")(tape, y)
        else:
            *_, own = getattr(F, kind)(x, *weights, training=True)
            getattr(F, kind + "_backward")(own, y)
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
"""
FILES = ("tests/kernels/test_runtime.py", "tests/kernels/test_functional.py")
CASES = 62
HANG = 3600  # seconds a case may take


def prove(run: Run) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = sysconfig.get_config_var
        (folder / "python.c").write_text(PYTHON)
        command(
            "clang", "-fsanitize=thread", folder / "python.c", "-o", folder / "interpreter",
            f"-L{config('LIBDIR')}", f"-L{config('LIBPL')}", f"-Wl,-rpath,{config('LIBDIR')}",
            f"-lpython{config('VERSION')}", *config("LIBS").split(), *config("SYSLIBS").split(),
            "-Wl,-export-dynamic",
        )  # fmt: skip
        prefix = Path(command("clang", "-print-resource-dir").strip()).parents[2]
        (archer,) = prefix.rglob("libarcher.so")
        environment = {
            "PYTHONHOME": sys.base_prefix,
            "OMP_TOOL_LIBRARIES": str(archer),
            "TSAN_OPTIONS": "ignore_noninstrumented_modules=1 die_after_fork=0 exitcode=66",
        }
        build = Build(
            folder / "build", ["-O1", "-g1", "-fsanitize=thread", "-march=x86-64-v3"],
            {"CMAKE_CXX_COMPILER": "clang++", "FUSEDRNN_ISAS": "baseline"},
            environment, str(folder / "interpreter"), [Path(sysconfig.get_path("purelib"))],
        )  # fmt: skip
        build.make()
        build.check()
        # Without archer the sanitizer sees no barrier and has to report: it is awake.
        try:
            build.run_python("-c", AT_ONCE, "0", variables={"OMP_TOOL": "disabled"})
            run.fail("check", "no report without archer: the sanitizer sees nothing")
        except Failed as error:
            if "ThreadSanitizer: data race" not in str(error):
                raise
        for case, _ in run.each():
            try:
                if case < CASES - len(FILES):
                    build.run_python("-c", AT_ONCE, str(case))
                    run.count("times four Python threads")
                elif case < CASES:
                    build.pytest("-x", FILES[case - CASES])
                    run.count("files of tests")
            except (Failed, subprocess.TimeoutExpired) as error:
                run.fail(case, str(error))
