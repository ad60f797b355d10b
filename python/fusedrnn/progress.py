"""Keras's progress lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

BAR = "━"
BOLD, GREEN, GREY, RESET = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


interactive = True  # whether lines are for somebody who looks on


def enable_interactive_logging() -> None:
    """Show lines on standard output, as they are by default."""
    global interactive
    interactive = True


def disable_interactive_logging() -> None:
    """Give lines to Python's ``logging`` instead, to the logger "fusedrnn", as information."""
    global interactive
    interactive = False


def is_interactive_logging_enabled() -> bool:
    """Return whether lines are shown on standard output."""
    return interactive


def write(message: str) -> None:
    """Write to standard output at once; where it cannot show the bar, with plain characters."""
    if not interactive:
        import logging  # slow to import

        logging.getLogger("fusedrnn").info(message.strip())
        return
    try:
        sys.stdout.write(message)
    except UnicodeEncodeError:
        sys.stdout.write(message.replace(BAR, "=").encode("ascii", "replace").decode())
    sys.stdout.flush()


def number(value: float) -> str:
    """Format a value as Keras does: four decimals, or four and an exponent when small."""
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def duration(seconds: float, unit: str) -> str:
    """Format the time of a step: ``20ms/step``."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/{unit}"
    return f"{seconds * 1e6:.0f}us/{unit}"


def remaining(seconds: float) -> str:
    """Format the time that is left: ``1:02:03``, ``2:03`` or ``3s``."""
    s = int(seconds)
    if s > 3600:
        return f"{s // 3600}:{s % 3600 // 60:02d}:{s % 60:02d}"
    return f"{s // 60}:{s % 60:02d}" if s > 60 else f"{s}s"


class Progbar:
    """A progress bar, or with ``verbose=2`` one line at the end.

    Where standard output is no terminal, as in a notebook or a file, the bar has neither colours
    nor backspaces, whose codes a page or a file shows: a carriage return begins the line anew.

    Parameters
    ----------
    target : int or None
        Number of steps, if known.
    width : int
        Characters of the bar.
    verbose : int
        0 nothing, 1 a bar that is drawn anew, 2 one line.
    interval : float
        Seconds between two drawings.
    stateful_metrics : list of str, optional
        Names that are shown as they are; the others are averaged over the steps.
    unit_name : str
        What a step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self._start, self._first, self._last = time.time(), 0.0, 0.0
        self._values: dict[str, list[float]] = {}
        self._seen = self._shown = 0

    def due(self) -> bool:
        """Return whether the bar would be drawn now."""
        return self.verbose == 1 and time.time() - self._last >= self.interval

    def add(self, n: int, values: Any = None) -> None:
        """Go ``n`` steps on."""
        self.update(self._seen + n, values)

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Show that ``current`` steps are done, with values as (name, value) pairs."""
        finalize = (
            (self.target is not None and current >= self.target) if finalize is None else finalize
        )
        for name, value in values or ():
            value = value if isinstance(value, float) else np.mean(value)
            if finalize or name in (self.stateful_metrics or ()):
                self._values[name] = [float(value), 1]
            else:
                steps = max(current - self._seen, 1)
                total, count = self._values.get(name, [0.0, 0])
                self._values[name] = [total + float(value) * steps, count + steps]
        self._seen, now = current, time.time()
        step = self._step_duration(current, now)
        if self.verbose == 0 or (self.verbose == 2 and not (finalize and self.target)):
            return
        if self.verbose == 1 and now - self._last < self.interval and not finalize:
            return
        self._last = now
        known = bool(self.target)
        where = (
            f"{current:{len(str(self.target))}d}/{self.target}"
            if known
            else f"{current:7d}/Unknown"
        )
        metrics = "".join(f" - {k}: {number(v / max(1, n))}" for k, (v, n) in self._values.items())
        per_step = duration(step, self.unit_name)
        if self.verbose == 2:
            write(f"{where} - {now - self._start:.0f}s - {per_step}{metrics}\n")
            return
        clock = (
            f"{now - self._start:.0f}s"
            if finalize or not known
            else remaining(step * (self.target - current))  # type: ignore[operator]
        )
        done = int(self.width * current / self.target) if known else 0  # type: ignore[operator]
        bar = f"{BAR * done:{self.width}} " if known else ""
        plain = drawn = f"{where} {bar}{clock} {per_step}{metrics}"
        back = "\r"
        if getattr(sys.stdout, "isatty", bool)():
            back = "\b" * self._shown + back
            if known:
                green = f"{GREEN}{BAR * done}{RESET}" if done else ""
                where = f"{BOLD}{where}{RESET} {green}{GREY}{BAR * (self.width - done)}{RESET}"
            drawn = f"{where} {BOLD}{clock}{RESET} {per_step}{metrics}"
        blanks = " " * max(0, self._shown - len(plain))
        write(back + drawn + blanks + ("\n" if finalize else ""))
        self._shown = len(plain)

    def _step_duration(self, current: int, now: float) -> float:
        """Return the time of a step, the first left out once there are others."""
        if not current:
            return 0.0
        if self._first and current > 1:
            return (now - self._first) / (current - 1)
        if current == 1:
            self._first = now
        return (now - self._start) / current
