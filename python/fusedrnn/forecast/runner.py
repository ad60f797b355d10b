"""Run jobs here, in processes, or on a cluster, through joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module

import joblib

from .jobs import Job, Result
from .store import Store

BACKENDS = ("processes", "dask", "ray")
ATTEMPTS = 3
"""Times that broken workers are replaced without one job finished in between."""
TIMEOUT = 10
"""Seconds to wait for a cluster to answer."""


def run(
    jobs: Sequence[Job],
    *,
    n_jobs: int = 1,
    backend: str = "processes",
    address: str | None = None,
    store: Store | None = None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
) -> Iterator[tuple[Job, Result]]:
    """Yield each job and its result, in the order in which they finish.

    Parameters
    ----------
    jobs : sequence of Job
    n_jobs : int
        Worker processes; 1 works here. Workers compute on one thread each.
    backend : {"processes", "dask", "ray"}
        Who runs the workers.
    address : str, optional
        Of the cluster's scheduler, as "tcp://host:8786". Default: workers on this machine.
    store : Store, optional
        Finished jobs are taken from here and put here.
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
    todo = {}
    for job in jobs:
        found = store.get(job.key) if store else None
        if found is None:
            todo[job.key] = job
        else:
            on_step(job.model, job.cost)
            yield job, found
    if n_jobs == 1 and backend == "processes":
        here = ((key, job.run(partial(on_step, job.model, 1))) for key, job in todo.items())
        yield from _keep(dict(todo), here, store)
        return
    with _workers(backend, n_jobs, address):
        failures = 0
        while todo:
            before = len(todo)
            done = _results(list(todo.values()), backend)
            try:
                for job, result in _keep(todo, done, store):
                    on_step(job.model, job.cost)
                    yield job, result
            except BrokenProcessPool as error:
                failures = failures + 1 if len(todo) == before else 0
                if failures == ATTEMPTS:
                    raise OSError(f"worker processes died {ATTEMPTS} times: {error}") from None


def _results(jobs: Sequence[Job], backend: str) -> Iterator[tuple[str, Result]]:
    """Yield the keys and results of jobs as workers finish them."""
    if backend == "ray":  # its joblib backend returns lists only: a few at a time, to keep them
        size = 4 * joblib.effective_n_jobs()
        for start in range(0, len(jobs), size):
            part = jobs[start : start + size]
            yield from joblib.Parallel()(joblib.delayed(_work)(job) for job in part)
        return
    parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    yield from parallel(joblib.delayed(_work)(job) for job in jobs)


def _work(job: Job) -> tuple[str, Result]:
    return job.key, job.run_alone()


def _keep(
    todo: dict[str, Job], done: Iterator[tuple[str, Result]], store: Store | None
) -> Iterator[tuple[Job, Result]]:
    """Yield finished jobs, after they are stored and crossed off."""
    for key, result in done:
        if store:
            store.put(key, result)
        yield todo.pop(key), result


@contextmanager
def _workers(backend: str, n_jobs: int, address: str | None) -> Iterator[None]:
    """Enter joblib's context for a backend."""
    if backend not in BACKENDS:
        raise ValueError(f"backend is {backend!r}, expected one of {', '.join(BACKENDS)}")
    with ExitStack() as stack:
        try:
            if backend == "dask":
                client = import_module("distributed").Client
                stack.enter_context(client(address, timeout=TIMEOUT))
            elif backend == "ray":
                import_module("ray").init(address=address, ignore_reinit_error=True)
                import_module("ray.util.joblib").register_ray()
        except ModuleNotFoundError as error:
            package = "dask[distributed]" if backend == "dask" else "ray"
            needs = f"backend {backend} needs {error.name}: pip install '{package}'"
            raise ValueError(needs) from None
        local = backend == "processes"
        name, workers = ("loky", n_jobs) if local else (backend, -1)
        stack.enter_context(joblib.parallel_config(name, n_jobs=workers))
        yield
