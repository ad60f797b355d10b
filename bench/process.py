"""A function in a Python process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def in_fresh_process(
    function: Callable[..., Any], *arguments: Any, environment: dict[str, str] | None = None
) -> Any:
    """Return or raise what the function does, in a process with `environment` or ours.

    A library that is loaded there finds the variables as they are to be, and what the process
    takes of memory is the function's.
    """
    before = dict(os.environ)
    try:
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        os.environ.clear()
        os.environ.update(before)
