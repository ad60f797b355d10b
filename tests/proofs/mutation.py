"""Break a line of the kernels or of what drives them, rebuild, and see a test of them fail.

A mutant is one change of one line that a script can make: another comparison, a sum for a
difference, a neighbour's index, a statement left out. They are built for AVX2 alone, without much
optimisation, where a rebuild takes seconds. A mutant that no test sees is a failure of the tests,
unless it changes no result, which then is said in EQUIVALENT. Not here: buffer.cpp, whose faults
the sanitizers and failing allocations show.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builds import Build, Failed
from run import Run

CASES = 40
HANG = 900  # seconds a case may take
FILES = (
    "kernels/*.hpp", "lstm.cpp", "gru.cpp", "rnn.cpp", "dense.cpp", "optimizer.cpp", "forward.hpp",
    "backward.hpp", "row_order.hpp", "schedule.hpp", "cut.hpp", "dropout_gradient.hpp",
    "panels.hpp", "panel_buffer.hpp", "weights.hpp", "gradient_products.hpp", "buffer.hpp",
    "parallel.hpp", "parallel.cpp", "threadpool.cpp",
)  # fmt: skip
TESTS = [
    f"tests/kernels/test_{name}.py"
    for name in ("fingerprint", "kernels", "math", "functional", "runtime")
]
OTHERS = {  # what tests a file that TESTS do not
    "optimizer.cpp": "tests/model/test_optimizers.py",
    "threadpool.cpp": "tests/kernels/test_threadpool.py",
}
LIMITED = ("prlimit", f"--as={8 << 30}")  # a mutant may ask for all memory

OPERATORS = (  # of a line of code: what is found, what takes its place
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" / ", " * "), (r" % ", " / "),
    (r" \+= ", " = "), (r" -= ", " += "), (r" & ", " | "), (r" \+ 1\b", ""), (r" - 1\b", ""),
    (r"\+\+", "--"), (r"\bmin\b", "max"), (r"\bmax\b", "min"), (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"), (r"(?<=[(,=?:] )-(?=\w)", ""), (r"(?<=\()-(?=\w)", ""),
    (r"\[0\]", "[1]"), (r"\[1\]", "[0]"), (r"\[2\]", "[1]"), (r"\b2 \* m\b", "3 * m"),
    (r"\b3 \* m\b", "2 * m"), (r"\+ m\b", "+ 2 * m"), (r"\bkValid\b", "kEmit"),
    (r"\bkEmit\b", "kValid"), (r"\bh_prev\b", "h"), (r"\bc_prev\b", "c"), (r"\bbegin\b", "end"),
    (r"\bend\b", "begin"), (r"\bn0\b", "n1"), (r"\brows\b", "columns"), (r"\bstep\b", "slot"),
    (r"\bstep_end\b", "step_begin"), (r"\bReal\(0\)", "Real(1)"), (r"\bReal\(1\)", "Real(0)"),
)  # fmt: skip
STATEMENT = re.compile(r"\s*(?!return\b|throw\b|using\b)(?:[\w.\[\]()*>:<-]+ [-+|]?= .+|[\w.:>-]+"
                       r"(?:<[\w, ]+>)?\(.*\)|\+\+\w+);$")  # fmt: skip
HEAD = re.compile(r"(\s*)(if|for|while) \(")

# Changes that no result shows, by the reason: a file, a part of a line of it and, where not every
# change of the line is meant, a part of the changed line.
EQUIVALENT: dict[str, tuple[tuple[str, ...], ...]] = {
    "what is fetched ahead of its use: speed": (
        ("kernels/tile.hpp", "R > 2 && kColumn == 0"),
        ("kernels/tile.hpp", "prefetch(next)"),
        ("kernels/tile.hpp", "next += "),
        ("kernels/tile.hpp", "bytes_"),
        ("kernels/tile.hpp", "if (!data_) return"),
        ("kernels/tile.hpp", "K += rows_in_panels(kHalf, segments[s].K)"),
        ("kernels/tile.hpp", "s < count; ++s) K"),
        ("kernels/tile.hpp", "segments[s].next"),
        ("kernels/tile.hpp", "size * ptrdiff_t(sizeof(Real)) <"),
        ("kernels/gate_product.hpp", "prefetches_"),
        ("kernels/gate_product.hpp", "next.spread"),
        ("kernels/gate_product.hpp", "return p + 1 < call_.units.end"),
        ("kernels/gru_forward.hpp", "prefetches_"),
        ("kernels/gru_forward.hpp", "p + 1 < last_"),
        ("kernels/gru_forward.hpp", "next_x"),
        ("kernels/gru_forward.hpp", "next_h"),
        ("kernels/gru_forward.hpp", "return kGates * call_.H *"),
        ("kernels/gru_forward.hpp", "(1 + rows_in_panels(kHalf, call_.I)"),
        ("kernels/lstm_forward.hpp", "(last - first) * P.offset(1, weights.K(call.H)))"),
        ("kernels/rnn_forward.hpp", "(last - first) * P.offset(1, weights.K(call.H)))"),
        ("kernels/panel_product.hpp", "prefetches"),
        ("kernels/panel_product.hpp", "next.spread"),
        ("kernels/gradient_products.hpp", "row_step"),
        ("kernels/gradient_products.hpp", "reinterpret_cast<const char*>(d"),
        ("kernels/gradient_products.hpp", "next += "),
        ("kernels/gradient_products.hpp", "segments[s].next"),
    ),
    "which of two ways to the same bits: speed": (
        ("kernels/tile.hpp", "R == 1 ? load"),
        ("kernels/tile.hpp", "kRegisters == 32"),
        ("kernels/tile.hpp", "if (max_rows(C) == 3)"),
        ("kernels/tile.hpp", "left == 4 || left == 5 || left < 3", "left <= 3"),
        ("kernels/tile.hpp", "last - first == 2 || last - first == 4", "|| last - first != 4"),
        ("kernels/rows.hpp", "end - begin < kCells", "<="),
        ("kernels/packing.hpp", "i < V; ++i", "i <= V"),
        ("kernels/packing.hpp", "n < V ? store_n", "<="),
        ("kernels/packing.hpp", "m < V ? load_n", "<="),
        ("kernels/packing.hpp", "a.rows - k < step", "<="),
        ("kernels/simd.hpp", "if (n == 4) return store(p, v)", "if (!"),
        ("kernels/simd.hpp", "if (n == 8) return store(p, v)", "if (!"),
    ),
    "of vectors that a build for AVX2 alone has not": (
        ("kernels/simd.hpp", "h, h + 2)"),
        ("kernels/simd.hpp", "h + 16"),
    ),
    "more room than is used, or a product that is never made ahead": (
        ("kernels/gru_forward.hpp", "Vec<Real> zr[2 * K]", "zr[2 + K]"),
        ("kernels/gru_forward.hpp", "begin, end, 0),"),
    ),
    "when a call is worth several threads, and how it is cut over them: speed": (
        ("forward.hpp", "operations_("),
        ("forward.hpp", "const int threads"),
        ("forward.hpp", "operations_ / double("),
        ("backward.hpp", "operations_("),
        ("backward.hpp", "double(tape.I + tape.H)"),
        ("backward.hpp", "const int threads"),
        ("backward.hpp", "operations_ / double("),
        ("backward.hpp", "ptrdiff_t(1 << 20)"),
        ("cut.hpp", "operations > kBeyondL2"),
        ("cut.hpp", "N < (beyond"),
        ("cut.hpp", "slices_ = std::min"),
        ("cut.hpp", "rows > 8"),
        ("cut.hpp", "ptrdiff_t(1 << 16)"),
        ("parallel.hpp", "operations / kWorth"),
        ("parallel.hpp", "most < 2 || cores_are_contended()"),
        ("parallel.hpp", "processor_seconds()"),
        ("row_order.hpp", "done * pieces >= all"),
        ("row_order.hpp", "done += length_"),
    ),
    "when a call begins to ask whether it is to stop": (
        ("forward.hpp", "Interrupt interrupt("),
        ("backward.hpp", "Interrupt interrupt("),
    ),
    "whether another process keeps a core busy: speed": (
        ("parallel.cpp", "t.tv_nsec"),
        ("parallel.cpp", "clock_gettime"),
        ("parallel.cpp", "spins"),
        ("parallel.cpp", "_mm_pause"),
        ("parallel.cpp", "seconds < least"),
        ("parallel.cpp", "took - least_"),
        ("parallel.cpp", "in_a_row"),
        ("parallel.cpp", "hold"),
    ),
    "a look at the libraries in vain": (("threadpool.cpp", "choice && looked_at"),),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    file: str
    number: int  # of the line, from 1
    line: str
    change: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}\n    - {self.line.strip()}\n    + {self.change.strip()}"

    def reason(self) -> str | None:
        """Why no test can see it; None if one should."""
        for reason, places in EQUIVALENT.items():
            if any(self.at(*place) for place in places):
                return reason
        return None

    def at(self, file: str, line: str, change: str = "") -> bool:
        """Whether this is a change of that line."""
        return self.file == file and line in self.line and change in self.change


def closing(text: str, opening: int) -> int:
    """Where the bracket that opens there closes, or -1."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return -1


def changes(line: str) -> Iterator[str]:
    """The lines that may stand in for one."""
    code = line.split("//")[0].rstrip()
    for pattern, other in OPERATORS:
        for found in re.finditer(pattern, code):
            yield code[: found.start()] + other + code[found.end() :]
    if STATEMENT.match(code):
        yield re.sub(r"\S.*", ";", code)
    if head := HEAD.match(code):
        end = closing(code, head.end() - 1)
        if end < 0:
            return
        inside, rest = code[head.end() : end], code[end + 1 :]
        if head[2] == "if" and ";" not in inside:
            yield f"{code[: head.end()]}!({inside})){rest}"
        if STATEMENT.match(rest):
            yield f"{code[: end + 1]} ;"


def live_lines(build: Build) -> set[tuple[str, int]]:
    """File and number of each line that the preprocessor leaves in a translation unit."""
    source = build.source / "csrc"
    live: set[tuple[str, int]] = set()
    for entry in json.loads((build.objects / "compile_commands.json").read_text()):
        command = shlex.split(entry["command"])
        command[command.index("-o") :] = ["-E", entry["file"]]
        text = subprocess.run(
            command, cwd=entry["directory"], capture_output=True, text=True, check=True
        ).stdout
        file, number = "", 0
        for line in text.splitlines():
            if marker := re.match(r'# (\d+) "(.*?)"', line):
                number, path = int(marker[1]), Path(marker[2])
                file = str(path.relative_to(source)) if path.is_relative_to(source) else ""
                continue
            if file and line.strip():
                live.add((file, number))
            number += 1
    return live


def all_mutants(build: Build) -> list[Mutant]:
    live, mutants = live_lines(build), []
    for pattern in FILES:
        for path in sorted((build.source / "csrc").glob(pattern)):
            file = str(path.relative_to(build.source / "csrc"))
            for number, line in enumerate(path.read_text().splitlines(), 1):
                stripped = line.lstrip()
                if (file, number) in live and not stripped.startswith(("//", "#", "template")):
                    mutants += [Mutant(file, number, line, c) for c in changes(line)]
    return list(dict.fromkeys(mutants))


def prove(run: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        build = Build(
            Path(folder), flags=["-march=x86-64-v3", "-O1", "-DFUSEDRNN_POISON"],
            options={"FUSEDRNN_ISAS": "baseline"},
        )  # fmt: skip
        build.make()
        build.check()
        pristine = Path(folder, "pristine")
        shutil.copytree(build.objects, pristine)
        start = time.monotonic()
        build.pytest("-x", *TESTS, *OTHERS.values())  # or every mutant would be seen
        patience = 30 + 5 * (time.monotonic() - start)

        mutants = all_mutants(build)
        for place in (place for places in EQUIVALENT.values() for place in places):
            if not any(mutant.at(*place) for mutant in mutants):
                run.fail("EQUIVALENT", f"there is no such mutant any more: {place}")
        chosen = [m for m in mutants if m.reason() is None]
        np.random.default_rng(run.seed).shuffle(chosen)
        run.count("mutants there are", len(mutants))
        run.count("of them named equivalent", len(mutants) - len(chosen))
        for case, _ in run.each():
            if case < len(chosen):
                run.count(outcome(build, pristine, chosen[case], patience, run, case))


def outcome(
    build: Build, pristine: Path, mutant: Mutant, patience: float, run: Run, case: int
) -> str:
    """What became of a mutant; the build is as before then."""
    path = build.source / "csrc" / mutant.file
    kept = path.with_suffix(".kept")
    path.rename(kept)
    lines = kept.read_text().splitlines()
    lines[mutant.number - 1] = mutant.change
    path.write_text("\n".join(lines) + "\n")
    try:
        try:
            build.make()
        except Failed:
            return "did not compile"
        tests = [OTHERS[mutant.file]] if mutant.file in OTHERS else TESTS
        try:
            build.pytest("-x", *tests, timeout=patience, prefix=LIMITED)
        except Failed:
            return "failed a test"
        except subprocess.TimeoutExpired:
            return "never ended"
        run.fail(case, f"no test sees {mutant}")
        return "survived"
    finally:
        kept.replace(path)
        shutil.rmtree(build.objects)
        shutil.copytree(pristine, build.objects)
