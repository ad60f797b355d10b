"""``python -m bench loops OBJECT``: the inner loops of kernels for aarch64, from their listing.

Nothing is executed: what there is to say of a processor that is not at hand. With llvm-mca (LLVM 17
or later) the shares of the peak that its models of two processors expect, if all that is read comes
from L1. The object is of any build of the project; a cross compiler's:

    cmake -S . -B build/aarch64 -G Ninja -DSKBUILD_PROJECT_VERSION=0 -DCMAKE_SYSTEM_NAME=Linux \\
        -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \\
        -DPython_EXECUTABLE=$(which python) -Dpybind11_DIR=$(python -m pybind11 --cmakedir) \\
        -DPython_INCLUDE_DIR=$(python -c "import sysconfig as s; print(s.get_path('include'))") \\
        -DPYTHON_MODULE_EXTENSION=.so
    ninja -C build/aarch64 kernels_baseline
    python -m bench loops build/aarch64/CMakeFiles/kernels_baseline.dir/csrc/kernels/kernels.cpp.o
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from .report import Table, show_table

OBJDUMP = "aarch64-linux-gnu-objdump"
PIPES = {"neoverse-n1": 2, "neoverse-v1": 4}  # multiply-adds a cycle, of 16 bytes
ROUNDS = 200


class Instruction(NamedTuple):
    address: int
    name: str
    operands: str

    @property
    def jump(self) -> int | None:
        """Where it may go within its function."""
        target = re.search(r"\b([0-9a-f]+) <.*\+0x[0-9a-f]+>", self.operands)
        return int(target[1], 16) if target and re.match(r"b$|b\.|cbn?z|tbn?z", self.name) else None


class Loop(NamedTuple):
    function: str
    body: list[Instruction]

    def count(self, pattern: str) -> int:
        return sum(bool(re.match(pattern, f"{i.name} {i.operands}")) for i in self.body)

    @property
    def multiply_adds(self) -> int:
        return self.count("fmla")

    @property
    def stack(self) -> int:
        """Accesses of the stack: sums for which there is no register."""
        return self.count(r".*\[sp\b")

    def cycles(self, mca: str, processor: str) -> float:
        """Of one round, as llvm-mca expects."""
        lines = [f"{i.name} {re.sub(r'[0-9a-f]+ <.*', '#0', i.operands)}" for i in self.body]
        command = [mca, "-mtriple=aarch64", f"-mcpu={processor}", f"-iterations={ROUNDS}"]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True,
                              check=True)  # fmt: skip
        return int(re.search(r"Total Cycles:\s+(\d+)", done.stdout)[1]) / ROUNDS


def functions(listing: str) -> Iterator[tuple[str, list[Instruction]]]:
    """Functions of a listing by their demangled names."""
    for part in re.split(r"^[0-9a-f]+ <(?=.*>:$)", listing, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition(">:\n")
        name = re.search(r"(\w+(<.*?>)?)\(", title.replace("(anonymous namespace)::", ""))
        found = re.findall(r"^\s+([0-9a-f]+):\t(\S+)[ \t]*([^/\n]*)", text, flags=re.MULTILINE)
        yield name[1] if name else title, [Instruction(int(a, 16), *rest) for a, *rest in found]


def inner_loops(listing: str) -> Iterator[Loop]:
    """Loops that have a multiply-add and no loop in them."""
    for function, code in functions(listing):
        place = {instruction.address: k for k, instruction in enumerate(code)}
        found = [(place[i.jump], k) for k, i in enumerate(code)
                 if i.jump in place and i.jump <= i.address]  # fmt: skip
        for first, last in found:
            if any((f, k) != (first, last) and first <= f and k <= last for f, k in found):
                continue
            loop = Loop(function, code[first : last + 1])
            if loop.multiply_adds:
                yield loop


def table(loops: list[Loop], mca: str | None) -> Table:
    """Each loop once."""
    columns = ["loop", "instructions", "multiply-adds", "ratio", "loads", "of the stack"]
    lines = []
    for loop in loops:
        n, fmla = len(loop.body), loop.multiply_adds
        line = [loop.function, str(n), str(fmla), f"{n / fmla:.2f}", str(loop.count("ld")),
                str(loop.stack)]  # fmt: skip
        for processor, pipes in PIPES.items() if mca else ():
            line.append(f"{fmla / pipes / loop.cycles(mca, processor):.0%}")
        if line not in lines:
            lines.append(line)
    return Table("inner loops", columns + [f"of peak, {p}" for p in PIPES if mca], lines)


def main(arguments: list[str]) -> None:
    """List the object and print its loops."""
    parser = argparse.ArgumentParser(
        "python -m bench loops",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("object", help="of kernels.cpp, for aarch64")
    parser.add_argument("--only", default=r"tile<|multiply_adds<", metavar="PATTERN",
                        help="functions (default: %(default)s)")  # fmt: skip
    parser.add_argument(
        "--mca", default=shutil.which("llvm-mca"), help="llvm-mca (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    if not shutil.which(OBJDUMP):
        sys.exit(f"bench loops: {OBJDUMP} is not installed")
    listing = subprocess.run([OBJDUMP, "-dC", "--no-show-raw-insn", given.object],
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    loops = [loop for loop in inner_loops(listing) if re.search(given.only, loop.function)]
    show_table(table(loops, given.mca))
