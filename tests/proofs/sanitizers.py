"""The tests with AddressSanitizer and UndefinedBehaviorSanitizer, those of frameworks among them.

New memory holds NaN, and the kernels of AVX-512 are made of AVX2 instructions; a quick run (with
--seconds) leaves those out. A finding ends the process of its test file. Leaks are not looked for:
Python and NumPy end with thousands of blocks that nothing points to any more. Not run: the tests of
documents, of the bench and of the report in a browser, and test_processes.py, whose children run
long calls.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from builds import Build, all_tests, command, run_files
from run import Run

FILES = [
    f for f in all_tests()
    if not any(part in f for part in ("/docs/", "/bench/", "test_forecast_page", "test_processes"))
]  # fmt: skip
CASES = len(FILES)
HANG = 3600  # seconds a file may take
FLAGS = ("-O1", "-g1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", "-DFUSEDRNN_POISON")  # fmt: skip


def prove(run: Run) -> None:
    # Python knows nothing of the sanitizers, so they have to be there before it; and libstdc++,
    # or they do not find what throws.
    preload = [
        command("c++", f"-print-file-name={lib}.so").strip() for lib in ("libasan", "libstdc++")
    ]
    environment = {
        "LD_PRELOAD": " ".join(preload),
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "FUSEDRNN_ISA": "avx2",  # where a test does not choose: what is emulated is slow
    }
    quick = run.seconds is not None
    options = {"FUSEDRNN_EMULATE_AVX512": "ON"}
    if quick:
        options["FUSEDRNN_ISAS"] = "baseline;avx2"
    with tempfile.TemporaryDirectory() as folder:
        build = Build(Path(folder), [*FLAGS, *(["-O0"] if quick else [])], options, environment)
        build.make()
        build.check()
        run_files(run, build, FILES)
