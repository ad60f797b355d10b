"""The listing of the kernels for aarch64 is read, and their tiles keep their sums in registers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bench import loops

ROOT = Path(__file__).parents[2]
COMPILER = "aarch64-linux-gnu-g++"
LISTING = """
0000000000000010 <void (anonymous namespace)::tile<float, 1, 2>((anonymous namespace)::Segment<float> const*, long)>:
      10:\tldr\tq8, [sp, #16]
      14:\tldp\tq1, q0, [x0]
      18:\tfmla\tv8.4s, v1.4s, v2.s[0]
      1c:\tfmla\tv9.4s, v0.4s, v2.s[0]
      20:\tstr\tq8, [sp, #16]
      24:\tcmp\tx1, x2
      28:\tb.ne\t14 <void (anonymous namespace)::tile<float, 1, 2>((anonymous namespace)::Segment<float> const*, long)+0x4>  // b.any
      2c:\tsubs\tx3, x3, #0x1
      30:\tb.ne\t10 <void (anonymous namespace)::tile<float, 1, 2>((anonymous namespace)::Segment<float> const*, long)>  // b.any
      34:\tret

0000000000000040 <without>:
      40:\tadd\tx0, x0, #0x1
      44:\tcbnz\tx0, 40 <without+0x0>
"""  # noqa: E501


def test_inner_loops_of_a_listing():
    (loop,) = loops.inner_loops(LISTING)
    assert loop.function == "tile<float, 1, 2>"
    assert [i.name for i in loop.body] == ["ldp", "fmla", "fmla", "str", "cmp", "b.ne"]
    assert (loop.multiply_adds, loop.count("ld"), loop.stack) == (2, 1, 1)
    (line,) = loops.table([loop, loop], None).lines
    assert line == ["tile<float, 1, 2>", "6", "2", "3.00", "1", "1"]


@pytest.mark.skipif(not shutil.which(COMPILER), reason=f"needs {COMPILER}")
def test_sums_stay_in_registers(tmp_path):
    cmake = (ROOT / "CMakeLists.txt").read_text()
    flags = [flag for name in ("FUSEDRNN_FLAGS", "FUSEDRNN_FLAGS_baseline")
             for flag in re.search(rf"set\({name} (.*)\)", cmake)[1].split()]  # fmt: skip
    source, built = tmp_path / "tiles.cpp", tmp_path / "tiles.o"
    source.write_text("""#include "tile.hpp"
extern const void* const used[] = {kTiles<float, false>, kTiles<double, false>};
void use(void (**row)(...)) {
  row[0] = (void (*)(...))row_tile<float, false, 4, 3>;
  row[1] = (void (*)(...))row_tile<double, false, 4, 3>;
}
""")
    kernels = ROOT / "csrc" / "kernels"
    subprocess.run([COMPILER, "-std=gnu++17", "-fPIC", *flags, f"-I{kernels}", "-c", source, "-o",
                    built], check=True)  # fmt: skip
    listing = subprocess.run([loops.OBJDUMP, "-dC", "--no-show-raw-insn", built],
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    found = list(loops.inner_loops(listing))
    ratios = {}
    for loop in found:
        assert loop.stack == 0, loop.function
        least = ratios.get(loop.function, 9.0)
        ratios[loop.function] = min(least, len(loop.body) / loop.multiply_adds)
    for real in ("float", "double"):
        assert ratios[f"tile<{real}, false, 6, 4>"] < 1.5
        assert ratios[f"tile<{real}, false, 8, 3>"] < 1.7
        assert ratios[f"row_tile<{real}, false, 4, 3>"] < 2.5
