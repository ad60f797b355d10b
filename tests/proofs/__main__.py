"""The one door to the proofs: ``python tests/proofs NAME``; see README.md."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from run import Run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = HERE / "results"
START = 900  # seconds until a proof's first case begins: some build before
sys.path[1:1] = [str(ROOT / "tests" / "support")]
PROOFS = {  # each the module of its name: CASES, perhaps HANG (seconds a case may take), prove(run)
    "random_cases": "cells, shapes and options against the float64 reference, gradients too",
    "hostile": "arguments that do not fit: refused by name, or the answer of the reference",
    "threads": "1 to 16 threads and several callers: the same bits",
    "guard_pages": "arrays and buffers with no memory beside them, for each instruction set",
    "allocation_failures": "each allocation of each operation fails once",
    "memory": "it stays flat over calls, shapes, models and fits",
    "forks": "a child after whatever its parent did before, by every start method",
    "stale_weights": "weights of torch modules changed by every way, against torch.nn",
    "file_mutants": "damaged and hostile files of every format",
    "stream_files": "such files in the library without Python, under the sanitizers",
    "mutation": "broken lines of the kernels and their drivers: a test of them fails for each",
    "sanitizers": "the whole suite under AddressSanitizer and UndefinedBehaviorSanitizer",
    "thread_sanitizer": "the tests of threads under ThreadSanitizer, with LLVM's OpenMP",
    "line_coverage": "the lines of csrc that the tests of the kernels run",
    "instruction_sets": "x86-64 and aarch64 processors that are not here, emulated",
}

children: set[subprocess.Popen[bytes]] = set()


def worker(options: argparse.Namespace) -> None:
    """Run the proof in this process and print what it found as the last line."""
    run = Run(options.cases, options.seconds, options.seed, options.only, options.progress)
    importlib.import_module(options.names[0]).prove(run)
    print(run.as_json(), flush=True)


def supervised(name: str, options: argparse.Namespace) -> dict[str, object]:
    """The proof in a process of its own, which may die or hang: then that is the failure."""
    module = importlib.import_module(name)
    cases = options.cases or module.CASES
    hang = getattr(module, "HANG", 120)
    with tempfile.TemporaryDirectory() as folder:
        progress = Path(folder, "case")
        progress.write_bytes(bytes(8))
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            str(HERE),
            name,
            "--worker",
            "--progress",
            str(progress),
            "--cases",
            str(cases),
            "--seed",
            str(options.seed),
        ]
        for flag in ("seconds", "only"):
            if getattr(options, flag) is not None:
                command += [f"--{flag}", str(getattr(options, flag))]
        out, err = Path(folder, "out"), Path(folder, "err")
        start = time.monotonic()
        with out.open("w") as stdout, err.open("w") as stderr:
            child = subprocess.Popen(command, stdout=stdout, stderr=stderr, start_new_session=True)
            last, since = bytes(8), start
            children.add(child)
            while child.poll() is None:
                time.sleep(0.2)
                now = progress.read_bytes()
                if now != last:
                    last, since = now, time.monotonic()
                elif time.monotonic() - since > (hang if any(now) else max(hang, START)):
                    os.killpg(child.pid, signal.SIGABRT)  # faulthandler prints where it was
                    child.wait()
            children.discard(child)
        seconds = time.monotonic() - start
        at = int.from_bytes(progress.read_bytes(), "little") - 1
        lines = out.read_text().splitlines()
        if child.returncode == 0:
            found = json.loads(lines[-1])
        else:
            end = f"ended with status {child.returncode} in case {at} after {seconds:.0f} s"
            told = err.read_text().partition("\nExtension modules:")[0]  # faulthandler's last line
            failures = [f"{end}\n{told[-3000:]}"]
            found = {"cases": max(at, 0), "counts": {}, "failures": failures}
    return {"proof": name, **found, "seed": options.seed, "seconds": round(seconds)}


def end(*_: object) -> None:
    """Take the workers along: each has a session of its own."""
    for child in list(children):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    os._exit(143)


def stamp() -> dict[str, str]:
    """Date, commit and machine of a result."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True,
                              check=True).stdout.strip()  # fmt: skip

    changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    models = (
        [
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ]
        if Path("/proc/cpuinfo").exists()
        else [platform.processor()]
    )
    return {
        "date": datetime.date.today().isoformat(),
        "commit": git("rev-parse", "--short", "HEAD") + changed,
        "machine": f"{models[0]} x {len(models)}" if models else platform.machine(),
    }


def main() -> None:
    listed = "\n".join(f"  {name:12} {line}" for name, line in PROOFS.items())
    parser = argparse.ArgumentParser(
        "python tests/proofs", epilog=listed, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help='proofs, or "all"')
    parser.add_argument("--cases", type=int, help="as many, rather than those of a whole run")
    parser.add_argument("--seconds", type=float, help="no case begins later than that")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="that case alone")
    parser.add_argument("--jobs", type=int, default=1, help="so many proofs at once")
    parser.add_argument("--store", action="store_true", help="keep the result in results/")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--progress", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.names:
        return parser.print_help()
    names = list(PROOFS) if options.names == ["all"] else options.names
    if unknown := set(names) - set(PROOFS):
        parser.error(f"no proof is called {', '.join(sorted(unknown))}")
    if options.worker:
        return worker(options)
    if options.store and (options.seconds or options.only is not None):
        parser.error("--store keeps whole runs: without --seconds and --only")
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    failed = False
    with ThreadPoolExecutor(options.jobs) as pool:
        for found in pool.map(lambda name: supervised(name, options), names):
            failed = failed or bool(found["failures"])
            counts = ", ".join(f"{n:,} {what}" for what, n in found["counts"].items())
            print(f"{found['proof']:12} {found['cases']:>9,} cases, {found['seconds']} s: {counts}",
                  *found["failures"], sep="\n  ", flush=True)  # fmt: skip
            if options.store and not found["failures"]:
                RESULTS.mkdir(exist_ok=True)
                path = RESULTS / f"{found['proof']}.json"
                path.write_text(json.dumps({**found, **stamp()}, indent=1) + "\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
