"""Run jobs here, in processes, or on a cluster, through joblib."""

from __future__ import annotations

import multiprocessing.resource_tracker
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any, get_args

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend import resource_tracker
from joblib.externals.loky.backend.utils import kill_process_tree

from ..needs import check_installed
from ..settings import Backend
from .jobs import Job
from .results import Result, Store

ATTEMPTS = 3
"""Times that broken workers are replaced without one job finished in between."""
TIMEOUT = 10
"""Seconds to wait for a cluster to answer."""


def run(
    plan: Callable[[], Iterable[Job]],
    store: Store,
    *,
    n_jobs: int = 1,
    backend: Backend = "processes",
    address: str | None = None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
) -> None:
    """Run the jobs whose results are not in the store, and put them there.

    Parameters
    ----------
    plan : callable
        Returns the jobs; they are drawn a few at a time, and again when workers died.
    store : Store
    n_jobs : int
        Worker processes; 1 works here. Workers compute on one thread each.
    backend : {"processes", "dask", "ray"}
        Who runs the workers.
    address : str, optional
        Of the cluster's scheduler, as "tcp://host:8786". Default: workers on this machine.
    on_step : callable
        Called with the model and how many steps of it were done.

    Raises
    ------
    ValueError
        If the backend is unknown or not installed.
    OSError
        If no cluster answers at the address, or workers die again and again.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs is 0, expected the number of processes, or -1 for one a core")
    for job in plan():
        if job.key in store:
            on_step(job.model, job.cost)
    if n_jobs == 1 and backend == "processes":
        for job in _todo(plan, store):
            store.put(job.key, job.run(partial(on_step, job.model, 1)))
        return

    def keep(key: str, model: str, cost: int, result: Result) -> None:
        store.put(key, result)
        on_step(model, cost)

    with workers(backend, n_jobs, address):
        finish(lambda: (joblib.delayed(_work)(job) for job in _todo(plan, store)), keep, backend)


def finish(
    tasks: Callable[[], Iterator[Any]], keep: Callable[..., None], backend: Backend = "processes"
) -> None:
    """Work tasks off with joblib; when a worker dies, with new workers what is left of them.

    Parameters
    ----------
    tasks : callable
        Returns the delayed calls whose results are not kept yet.
    keep : callable
        Takes what a call returned, a tuple, as arguments; calls end in any order.
    backend : {"processes", "dask", "ray"}

    Raises
    ------
    OSError
        If workers die again and again.
    """
    failures = 0
    died: tuple[type[Exception], ...] = (BrokenProcessPool,)
    if backend == "ray":
        died = (*died, import_module("ray").exceptions.RayActorError)
    while True:
        finished = 0
        try:
            for found in _results(tasks(), backend):
                keep(*found)
                finished += 1
            return
        except died as error:
            failures = 0 if finished else failures + 1
            if failures == ATTEMPTS:
                raise OSError(f"worker processes died {ATTEMPTS} times: {error}") from None


def _todo(plan: Callable[[], Iterable[Job]], store: Store) -> Iterator[Job]:
    return (job for job in plan() if job.key not in store)


def _results(tasks: Iterator[Any], backend: Backend) -> Iterator[Any]:
    """Yield what delayed calls return as workers finish them."""
    if backend == "ray":  # its joblib backend returns lists only: a few at a time, to keep them
        size = 4 * joblib.effective_n_jobs()
        with joblib.Parallel() as parallel:
            while part := list(islice(tasks, size)):
                yield from parallel(part)
        return
    parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    held: list[int] = []
    # joblib would lose sight of a worker that it is starting
    with _on_signal(held.append), _no_interrupt():
        found = parallel(tasks)
    try:
        with _on_signal(_kill, held):
            yield from found
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tasks that are not finished
            found.close()


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Have processes that start here never see Ctrl-C, which a terminal sends to them too.

    It is for the process that waits for them, and in one that still imports it is a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Here, for the start of one unblocks the signal; and a thread of joblib's that the end of this
    # process cuts short may leave one something to remove, of which it would warn.
    sys.warnoptions.append("ignore")
    try:
        for tracker in (resource_tracker, multiprocessing.resource_tracker):
            tracker.ensure_running()
    finally:
        sys.warnoptions.remove("ignore")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _on_signal(act: Callable[[int], object], held: Sequence[int] = ()) -> Iterator[None]:
    """Have Ctrl-C, and a signal to end that is handled, call a function.

    What was there to handle them is called after `_kill`, now for a signal that was held back.
    """
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        numbers = (signal.SIGINT, signal.SIGTERM)
        handlers = {n: h for n in numbers if callable(h := signal.getsignal(n))}

    def handle(number: int, frame: Any) -> None:
        act(number)
        if act is _kill:
            handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        for number in held[:1]:
            signal.raise_signal(number)
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


def _kill(number: int = 0) -> None:
    """Kill the workers: one that starts would print that the others are gone."""
    executor = get_reusable_executor(reuse=True)
    for process in list((executor._processes or {}).values()):
        kill_process_tree(process)


def _work(job: Job) -> tuple[str, str, int, Result]:
    return job.key, job.model, job.cost, job.run_alone()


def _knock(address: str | None) -> None:
    """Raise `OSError` if nobody answers at an address, for which Ray waits minutes."""
    host, _, port = (address or "").rpartition("//")[2].rpartition(":")
    if not port.isdecimal():  # none, "auto", "local"
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise OSError(f"address {address}: no Ray cluster answers: {error}") from None


@contextmanager
def workers(backend: Backend, n_jobs: int, address: str | None = None) -> Iterator[None]:
    """Enter joblib's context for a backend."""
    if backend not in get_args(Backend):
        known = ", ".join(get_args(Backend))
        raise ValueError(f"backend is {backend!r}, expected one of {known}")
    with ExitStack() as stack:
        check_installed(backend=backend)
        if backend == "dask":
            client = import_module("distributed").Client
            stack.enter_context(client(address, timeout=TIMEOUT))
        elif backend == "ray":
            ray = import_module("ray")
            _knock(address)
            ray.init(address=address, ignore_reinit_error=True)
            import_module("ray.util.joblib").register_ray()
        if backend != "processes":
            stack.enter_context(joblib.parallel_config(backend, n_jobs=-1))
            yield
            return
        own = joblib.parallel_config("loky", n_jobs=n_jobs, initializer=_leave_signals)
        stack.enter_context(own)
        try:
            yield
        except KeyboardInterrupt:
            if n_jobs != 1:
                executor = get_reusable_executor(reuse=True, kill_workers=True)
                executor.shutdown(wait=True, kill_workers=True)
            raise


def _leave_signals() -> None:
    """Leave Ctrl-C, which a terminal sends to workers too, to the process that they work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
