"""Callbacks that keep or show the logs: in memory, on the screen, in a file."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable as Function
from typing import Any

import numpy as np

from .._types import Logs
from ..progress import Progbar, number, write
from .callback import Callback


class History(Callback):
    """Keeps the logs of all epochs; ``fit`` returns one.

    Attributes
    ----------
    history : dict
        A list of one number an epoch by the names of the logs.
    epoch : list of int
        The epochs, counted from 0.
    params : dict
        ``verbose``, ``epochs`` and ``steps``.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.zeros((4, 2)), np.zeros(4), epochs=2, verbose=0)
    >>> history.epoch, history.history
    ([0, 1], {'loss': [0.0, 0.0]})
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = ", ".join(f"{k} {number(float(v[-1]))}" for k, v in self.history.items())
        return f"<History of {len(self.epoch)} epochs{f': {last}' if last else ''}>"


class ProgbarLogger(Callback):
    """Keras's progress lines, which ``fit``, ``evaluate`` and ``predict`` show by themselves."""

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
    """Writes the logs of every epoch as a line of a CSV file.

    The columns are those of the first epoch; where it has none of a validation, as with
    ``validation_freq=2``, there are columns for one, as in Keras.

    Parameters
    ----------
    filename : path
    separator : str
    append : bool
        Whether the lines go after those that are there, which must have the same columns.

    Raises
    ------
    ValueError
        In ``fit``, if the file has other columns.
    OSError
        In ``fit``, if it cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = fusedrnn.callbacks.CSVLogger(os.path.join(folder, "log.csv"))
    ...     history = model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0, callbacks=[log])
    ...     print(np.loadtxt(log.filename, str).tolist())
    ['epoch,loss,val_loss', '0,0.0,NA']
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        filename = os.fsdecode(os.fspath(filename))
        self.filename, self.separator, self.append = filename, separator, append
        self.columns: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        from .. import _files  # slow to import, as csv is, and few scripts log to a file

        self.columns = []
        _files.check(self.filename)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        import csv

        from .. import _files

        logs, text = logs or {}, io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator)
        first = not self.columns
        if first:
            self.columns = ["epoch", *sorted(logs)]
            if not any(name.startswith("val_") for name in logs):
                self.columns += [f"val_{name}" for name in self.columns[1:]]
        old = first and self.append and os.path.exists(self.filename)
        if old and os.path.getsize(self.filename):
            with open(self.filename, newline="") as file:
                have = next(csv.reader(file, delimiter=self.separator), [])
            if sorted(have) != sorted(self.columns):
                raise ValueError(
                    f"CSVLogger: {self.filename} has the columns {', '.join(have)}, the logs have "
                    f"{', '.join(self.columns)}: they do not go into one file"
                )
            self.columns, first = have, False
        if first:
            writer.writerow(self.columns)
        row = {"epoch": epoch, **logs}
        writer.writerow([row.get(name, "NA") for name in self.columns])
        data = text.getvalue().encode()
        if first:
            _files.write(self.filename, lambda path: path.write_bytes(data))
        else:
            _files.append(self.filename, data)


class RemoteMonitor(Callback):
    """Sends the logs of every epoch to a server by HTTP POST, as JSON or as a field of a form.

    A server that cannot be reached is a warning.

    Parameters
    ----------
    root, path : str
        The two parts of the address.
    field : str
        Of the form.
    headers : dict, optional
    send_as_json : bool

    Examples
    --------
    >>> monitor = fusedrnn.callbacks.RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        import json
        from urllib import error, parse, request  # slow to import

        text = json.dumps(
            {"epoch": epoch, **{k: np.asarray(v).item() for k, v in (logs or {}).items()}}
        )
        kind = "json" if self.send_as_json else "x-www-form-urlencoded"
        data = text if self.send_as_json else parse.urlencode({self.field: text})
        headers = {"Content-Type": f"application/{kind}", **(self.headers or {})}
        post = request.Request(self.root + self.path, data.encode(), headers, method="POST")
        try:
            request.urlopen(post).close()
        except error.HTTPError:
            pass  # it was reached
        except OSError:
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}", stacklevel=2)
