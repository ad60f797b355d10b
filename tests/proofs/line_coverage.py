"""Which lines of csrc the tests of the kernels run, by gcov: at least 95 of 100.

A line counts as run if any of the instruction sets runs it; AVX-512's kernels are made of AVX2
instructions. Those that are not are named in the result.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from builds import Build, all_tests, run_files
from run import Run

LEAST = 0.95
FILES = [f for f in all_tests() if "/kernels/" in f] + ["tests/model/test_optimizers.py"]
CASES = len(FILES)
HANG = 3600  # seconds a case may take


def lines_run(build: Build) -> dict[str, dict[int, bool]]:
    """Of each file, each line that has code, and whether it ran."""
    source, ran = build.source / "csrc", defaultdict(lambda: defaultdict(bool))
    for counts in build.objects.rglob("*.gcda"):
        text = subprocess.run(
            ["gcov", "--json-format", "--stdout", counts], cwd=build.objects, capture_output=True,
            text=True, check=True,
        ).stdout  # fmt: skip
        for document in text.splitlines():
            for file in json.loads(document)["files"]:
                path = Path(build.objects, file["file"]).resolve()
                if path.is_relative_to(source.resolve()):
                    lines = ran[str(path.relative_to(source.resolve()))]
                    for line in file["lines"]:
                        lines[line["line_number"]] |= line["count"] > 0
    return ran


def prove(run: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        build = Build(
            Path(folder), ["-O0", "--coverage", "-fprofile-update=atomic"],
            {"FUSEDRNN_EMULATE_AVX512": "ON"}, {"FUSEDRNN_ISA": "avx2"},
        )  # fmt: skip
        build.make()
        build.check()
        run_files(run, build, FILES)
        ran = lines_run(build)
        total = sum(map(len, ran.values()))
        covered = sum(sum(lines.values()) for lines in ran.values())
        run.count("lines", total)
        run.count("lines run", covered)
        for file, lines in sorted(ran.items()):
            if left := sorted(number for number, done in lines.items() if not done):
                run.count(f"not run in {file}: {' '.join(map(str, left))}", len(left))
        if run.done == CASES and covered < LEAST * total:
            run.fail("coverage", f"{covered} of {total} lines: less than {LEAST:.0%}")
