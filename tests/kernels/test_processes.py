"""Calls at the interpreter's end, around forks, under Ctrl-C, and settings that come from outside.

`tests/proofs/forks.py` tries many more ways to fork.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from child_scripts import GOMP
from fusedrnn import _core, runtime
from fusedrnn import functional as F

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such signals")
NEEDS_OPENMP = pytest.mark.skipif(not _core.openmp, reason="built without OpenMP")
CALL = (
    GOMP
    + """
import os, signal, sys, threading
import numpy as np
def arguments():
    return (np.ones((64, 50, 8), "f4"), np.ones((8, 400), "f4") / 9, np.ones((100, 400), "f4") / 99)
def in_child(work):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
"""
)


def run_script(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program; one that hangs is killed after ten minutes, however busy the machine."""
    quiet = "ignore:This process:DeprecationWarning"  # Python 3.12's of a fork beside threads
    return subprocess.run(
        [sys.executable, "-W", quiet, "-c", CALL + textwrap.dedent(code)],
        env={**os.environ, **env}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
def test_daemon_threads_inside_calls_when_the_interpreter_ends(threads):
    code = f"""
    from fusedrnn import functional as F, runtime
    runtime.set_num_threads({threads})
    x, W, R = arguments()
    called = threading.Semaphore(0)
    def work():
        while True:
            F.lstm(x, W, R, training=True)
            called.release()
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(9):
        called.acquire()
    """
    for _ in range(3):
        done = run_script(code)
        assert (done.returncode, done.stderr) == (0, "")


@NEEDS_OPENMP
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("imports", ["before", "in the child"])
def test_fork_after_another_used_openmp(imports):
    code = f"""
    if {imports == "before"}:
        from fusedrnn import functional
    try:
        gomp()
    except OSError:
        sys.exit("no libgomp")
    def work():
        from fusedrnn import functional as F, runtime
        runtime.set_num_threads(2)
        F.lstm(*arguments())
        assert runtime.num_threads() == 1
    in_child(work)
    """
    done = run_script(code)
    if done.stderr.strip() == "no libgomp":
        pytest.skip("no libgomp here")
    assert (done.returncode, done.stderr) == (0, "")


@NEEDS_OPENMP
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_of_a_parent_without_openmp_has_its_threads():
    code = """
    def work():
        from fusedrnn import functional as F, runtime
        runtime.set_num_threads(2)
        F.lstm(*arguments())
        assert runtime.num_threads() == 2
    in_child(work)
    """
    done = run_script(code)
    assert (done.returncode, done.stderr) == (0, "")


@NEEDS_OPENMP
@pytest.mark.parametrize("n", ["2000", "999999999999", "0", "-3", "x"])
def test_any_omp_num_threads(n):
    if n in ("-3", "x") and "libgomp" not in runtime.threadpool()["prefix"]:
        pytest.skip("LLVM's runtime ends the process itself")
    code = """
    from fusedrnn import runtime
    before = runtime.num_threads()
    with runtime.threads(2):
        assert runtime.num_threads() == 2
    assert runtime.num_threads() == before
    assert 1 <= before <= 1024
    """
    done = run_script(code, OMP_NUM_THREADS=n)
    assert done.returncode == 0, done.stderr


LONG = {  # each would go on for minutes
    "inference": "F.lstm(np.ones((1, 20_000_000, 1), 'f4'), W[:1], R, return_sequences=False)",
    "many rows": "F.gru(x, W[:, :300], R[:, :300], return_sequences=False)",
    "packed": "F.PackedRNN(W[:, :100], R[:, :100])(x, return_sequences=False)",
    "backward": "[F.lstm_backward(tape, y) for _ in range(10_000)]",
    "dense": "[F.dense(*np.ones((2, 4000, 4000), 'f4')) for _ in range(1000)]",
    "sigmoid": "[core.sigmoid(np.ones(50_000_000, 'f4')) for _ in range(1000)]",
}


@POSIX
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("what", LONG)
def test_ctrl_c_ends_a_long_call_and_all_goes_on(what, threads):
    code = f"""
    from fusedrnn import _core as core, functional as F, runtime
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job may ignore it
    runtime.set_num_threads({threads})
    small, W, R = arguments()
    expected = F.lstm(small, W, R)
    y, *_, tape = F.lstm(np.ones((64, 400, 8), "f4"), W, R, training=True)
    expected_gradients = F.lstm_backward(tape, y)
    x = np.broadcast_to(np.ones((1, 1, 8), "f4"), (20_000, 40_000, 8))
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        {LONG[what]}
    except KeyboardInterrupt:
        pass
    else:
        sys.exit("not interrupted")
    for got, want in zip(F.lstm(small, W, R), expected):
        assert np.array_equal(got, want)
    for got, want in zip(F.lstm_backward(tape, y), expected_gradients):
        assert np.array_equal(got, want)
    """
    done = run_script(code)
    assert (done.returncode, done.stderr) == (0, "")


@POSIX
def test_a_handler_that_does_not_raise_lets_the_call_go_on():
    answered = []
    before = signal.signal(signal.SIGALRM, lambda *_: answered.append(1))
    x, W, R = np.ones((1, 60_000, 8), "f4"), np.ones((8, 400), "f4"), np.ones((100, 400), "f4") / 99
    expected = F.lstm(x, W, R)[1]
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        np.testing.assert_array_equal(F.lstm(x, W, R)[1], expected)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert answered


@pytest.mark.parametrize("function", [_core.sigmoid, _core.tanh])
def test_other_threads_run_meanwhile(function):
    # While the call has the GIL, nobody can note that it runs.
    x = np.ones(1 << 22, np.float32)
    states, stop = [], threading.Event()
    calling = threading.Event()

    def watch():
        while not stop.is_set():
            states.append(calling.is_set())
            time.sleep(0)

    watcher = threading.Thread(target=watch)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # the watcher gets the GIL only where it is given up
    watcher.start()
    try:
        for _ in range(20):
            calling.set()
            function(x)
            calling.clear()
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        watcher.join()
    assert any(states)


def test_threads_of_runtime_are_restored_at_any_count():
    with runtime.threads(1024):
        assert runtime.num_threads() == (1024 if runtime.threadpool() else 1)
    with pytest.raises(ValueError, match="n is 1025, expected 1 to 1024"):
        runtime.set_num_threads(1025)
