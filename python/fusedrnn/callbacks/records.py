"""Callbacks that keep or show the logs: in memory, on the screen, in a file."""

from __future__ import annotations

import os
from collections.abc import Callable as Function
from typing import Any

from .._types import Logs
from ..progress import Progbar, write
from .callback import Callback


class History(Callback):
    """Keeps the logs of all epochs: ``history`` (dict of lists), ``epoch``, ``params``."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgbarLogger(Callback):
    """Keras's progress lines."""

    def __init__(self) -> None:
        self.bar = Progbar(None, verbose=0)
        self.in_fit = False
        self.seen = 0

    def _begin(self) -> None:
        self.bar, self.seen = Progbar(self.params["steps"], verbose=self.params["verbose"]), 0

    def _end(self, logs: Any) -> None:
        if self.bar.target is None:
            self.bar.target = self.params["steps"] = self.seen
        self.bar.update(self.bar.target, list((logs or {}).items()), finalize=True)

    def batch(self, seen: int, logs: Function[[], Logs]) -> None:
        """Take note of a batch; ``logs`` is called only if the bar is to be drawn."""
        self.seen = seen
        if seen == 1 or self.bar.due():
            self.bar.update(seen, list(logs().items()), finalize=False)

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self.in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._begin()
        if self.params["verbose"] and self.params["epochs"] > 1:
            write(f"Epoch {epoch + 1}/{self.params['epochs']}\n")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._end(logs)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: D102
        if not self.in_fit:
            self._begin()

    def on_test_end(self, logs: Any = None) -> None:  # noqa: D102
        if not self.in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:  # noqa: D102
        self._begin()

    def on_predict_end(self, logs: Any = None) -> None:  # noqa: D102
        self._end(None)


class CSVLogger(Callback):
    """Writes the logs of every epoch as a line of a CSV file."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self.file: Any = None
        self.writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        header = not (
            self.append and os.path.exists(self.filename) and os.path.getsize(self.filename)
        )
        self.header, self.writer = header, None
        self.file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        logs = logs or {}
        if self.writer is None:
            import csv  # slow to import, and few scripts log to a file

            self.writer = csv.DictWriter(
                self.file,
                ["epoch", *sorted(logs)],
                restval="NA",
                extrasaction="ignore",
                delimiter=self.separator,
            )
            if self.header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **logs})
        self.file.flush()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: D102
        self.file.close()
