"""What people install, made and tried out as they get it: ``python tests/packaging``.

The sdist, the wheel from it and the wheel from this tree; what the tools of packaging say of them;
the repaired wheel in a new environment without a compiler, with tests, and on emulated processors;
what an install without a compiler says. Linux; needs ``pip install --group packaging``, and
qemu-user for the processors.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 1_500_000  # of a repaired wheel
TESTS = ("tests/kernels/test_functional.py", "tests/kernels/test_math.py")
X86 = {"Nehalem": "baseline", "Haswell": "avx2"}  # processors of QEMU, and what each has to choose
NO_COMPILER = "fusedrnn: no C++ compiler found"


def run(*words: str | Path, fails: bool = False, **options: object) -> str:
    """What a command prints; SystemExit with it, if it ends otherwise than it should."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, **options)  # fmt: skip
    if bool(done.returncode) is not fails:
        sys.exit(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def tool(name: str, *words: str | Path) -> str:
    """The same of a program beside this Python, which finds others there."""
    folder = Path(sys.executable).parent
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return run(folder / name, *words, env=os.environ | {"PATH": path})


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def built(source: Path, folder: Path, kind: str) -> Path:
    run(sys.executable, "-m", "build", f"--{kind}", "--outdir", folder, source)
    return one(folder, "*.tar.gz" if kind == "sdist" else "*.whl")


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def without_compiler() -> dict[str, str]:
    """An environment whose PATH is empty."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CC", "CXX", "PYTHON"))}
    return kept | {"PATH": "/nonexistent"}


def new_environment(folder: Path, *packages: str | Path) -> Path:
    """The Python of a virtual environment with these, installed where there is no compiler."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", *packages, env=without_compiler())
    return python


def main() -> None:
    parser = argparse.ArgumentParser("python tests/packaging", description=__doc__)
    parser.add_argument("--out", type=Path, help="a new folder that keeps the sdist and the wheels")
    parser.add_argument("--tests", nargs="*", default=TESTS, help="files to run on the wheel")
    options = parser.parse_args()
    wrong = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        out = options.out.resolve() if options.out else folder / "out"

        sdist = built(ROOT, out, "sdist")
        with tarfile.open(sdist) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        source = one(folder / "unpacked", "fusedrnn-*")
        wheel = built(source, out, "wheel")
        here, there = contents(built(ROOT, folder / "tree", "wheel")), contents(wheel)
        other = sorted(n for n in here.keys() | there.keys() if here.get(n) != there.get(n))
        print(f"{sdist.name} -> {wheel.name}: {len(there)} files")
        if other:
            wrong.append(f"{wheel.name} is another from the sdist than from the tree: {other}")

        tool("auditwheel", "repair", "--wheel-dir", out / "repaired", wheel)
        repaired = one(out / "repaired", "*.whl")
        size = repaired.stat().st_size
        print(tool("auditwheel", "show", repaired).strip())
        print(f"{repaired.name}: {size:,} bytes")
        if size > MOST_BYTES:
            wrong.append(f"{size:,} bytes, more than {MOST_BYTES:,}")
        sboms = [name for name in contents(repaired) if "/sboms/" in name and name[-1] != "/"]
        print(f"lists what it bundles: {sboms}")

        print(tool("twine", "check", "--strict", sdist, repaired).strip())
        print(tool("check-wheel-contents", wheel).strip())
        print(tool("pyroma", "--min=8", source).rpartition("Found fusedrnn")[2].strip("-\n "))

        python = new_environment(folder / "new", repaired, "pytest>=8", "hypothesis>=6.100")
        work = folder / "work"  # the tests, and no package beside them
        shutil.copytree(ROOT / "tests", work / "tests")
        shutil.copy(ROOT / "pyproject.toml", work)
        env = without_compiler()
        print(run(python, "-c", "import fusedrnn; print(fusedrnn.build_info())", env=env).strip())
        last = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options.tests, cwd=work,
                   env=env).splitlines()[-1]  # fmt: skip
        print(f"without a compiler: {last}")

        code = "from fusedrnn import runtime; print(runtime.isa())"
        for processor, isa in X86.items() if shutil.which("qemu-x86_64") else ():
            found = run("qemu-x86_64", "-cpu", processor, python, "-c", code).split()[-1]
            print(f"{processor}: {found}")
            if found != isa:
                wrong.append(f"{processor}: {found}, expected {isa}")

        said = run(python, "-m", "pip", "install", "--no-cache-dir", source, env=env, fails=True)
        (line,) = {line.strip() for line in said.splitlines() if NO_COMPILER in line}
        print(f"pip install without a compiler: {line}")
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
