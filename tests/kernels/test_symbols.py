"""A kernel object exports its table and nothing else, weak symbols least of all.

Needs the objects of a build: FUSEDRNN_OBJECTS names the folder that has them (.ci/run sets it).
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

OBJECTS = os.environ.get("FUSEDRNN_OBJECTS", "")


@pytest.mark.skipif(not OBJECTS or not shutil.which("nm"), reason="needs FUSEDRNN_OBJECTS and nm")
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_one_symbol_per_kernel_object(isa):
    (path,) = pathlib.Path(OBJECTS).rglob(f"kernels_{isa}.dir/**/kernels.cpp.o")
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    symbols = [line.split()[-2:] for line in lines.splitlines()]
    exported = {name for kind, name in symbols if kind.isupper() and kind != "U"}
    weak = {name for kind, name in symbols if kind in "VvWwu"}
    undefined = {name for kind, name in symbols if kind == "U"}
    assert exported == {f"fusedrnn_kernels_{isa}"}
    assert not weak
    assert undefined <= {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"}
