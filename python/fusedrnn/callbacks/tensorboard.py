"""TensorBoard's event files, by the package ``tensorboard`` or by ``tensorboardX``."""

from __future__ import annotations

import os
import time
import warnings
from importlib import import_module
from itertools import count
from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from .callback import Callback

_files = count()
BINS = 30  # of a histogram, as TensorFlow has them


class TensorBoard(Callback):
    """Writes what TensorBoard shows: scalars of every epoch in ``train/`` and ``validation/``.

    The tags are Keras's: ``epoch_loss``, ``epoch_learning_rate``, ``batch_loss``,
    ``evaluation_loss_vs_iterations``, ``dense/kernel/histogram``.

    Parameters
    ----------
    log_dir : path
    histogram_freq : int
        Every how many epochs to write histograms of the weights; 0: never.
    write_graph : bool
        Whether to write the model's configuration, which is drawn as its graph.
    write_images, profile_batch, embeddings_freq, embeddings_metadata
        Nothing is written of these; asking for it is a warning.
    write_steps_per_second : bool
    update_freq : {"epoch", "batch"} or int
        Every how many batches to write their scalars.
    **kwargs
        ``batch_size``, ``write_grads`` and others of Keras 2, of which the same is true.

    Raises
    ------
    ImportError
        Without either of the packages ``tensorboard`` and ``tensorboardX``.

    Examples
    --------
    >>> board = fusedrnn.callbacks.TensorBoard("logs", histogram_freq=1)  # doctest: +SKIP
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("batch_size", None)  # of Keras 2's histograms of gradients
        not_here = {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
            "embeddings_metadata": embeddings_metadata,
            **kwargs,
        }
        for name, value in not_here.items():
            if value:
                warnings.warn(
                    f"TensorBoard: {name} is not supported, nothing is written of it", stacklevel=2
                )
        self._events = _Events()
        self.log_dir = os.fsdecode(os.fspath(log_dir))
        self.histogram_freq = whole("TensorBoard", "histogram_freq", histogram_freq, 0)
        self.write_graph, self.write_steps_per_second = write_graph, write_steps_per_second
        self.update_freq = update_freq
        if update_freq != "epoch":
            self.update_freq = 1 if update_freq == "batch" else update_freq
            whole("TensorBoard", "update_freq", self.update_freq)
        self._batches, self._in_fit = 0, False

    def _write(self, where: str, scalars: dict[str, Any], step: int) -> None:
        for tag, value in scalars.items():
            self._add(where, tag, "scalars", np.asarray(value, np.float32), step)

    def _add(self, where: str, *entry: Any) -> None:
        self._events.add(os.path.join(self.log_dir, where), *entry)

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self._batches, self._in_fit = 0, True
        if self.write_graph and self.model.built:
            text = np.array(self.model.to_json().encode())
            self._add("train", "keras", "graph_keras_model", text, 0)

    def on_train_end(self, logs: Any = None) -> None:  # noqa: D102
        self._in_fit = False
        self._events.close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._epoch_start = time.time(), self.model.optimizer.iterations

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: D102
        self._batches += 1
        self._batch_start = time.time()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: D102
        if self.update_freq == "epoch" or self._batches % self.update_freq:
            return
        scalars = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            scalars["batch_steps_per_second"] = 1 / max(time.time() - self._batch_start, 1e-9)
        self._write("train", scalars, self._batches)

    def on_test_end(self, logs: Any = None) -> None:  # noqa: D102
        scalars = {f"evaluation_{k}_vs_iterations": v for k, v in (logs or {}).items()}
        self._write("validation", scalars, int(self.model.optimizer.iterations))
        if not self._in_fit:
            self._events.close()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        logs = {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        if self.write_steps_per_second:
            start, steps = self._epoch_start
            steps = int(self.model.optimizer.iterations) - steps
            logs["steps_per_second"] = steps / max(time.time() - start, 1e-9)
        for where in ("train", "validation"):
            scalars = {
                f"epoch_{name.removeprefix('val_')}": value
                for name, value in logs.items()
                if name.startswith("val_") == (where == "validation")
            }
            self._write(where, scalars, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for layer in self.model.layers:
                for v in layer.weights:
                    tag = f"{v.path.replace(':', '_')}/histogram"
                    table = histogram(v.value)
                    self._add("train", tag, "histograms", table, epoch)
        self._events.flush()


def histogram(values: Array) -> Array:
    """Return rows (from, to, how many), as TensorFlow writes a histogram."""
    data = np.asarray(values, np.float64).ravel()
    if not np.isfinite(data).all():
        raise ValueError("TensorBoard: there is no histogram of weights that are not finite")
    counts, edges = np.histogram(data, BINS)
    if data.size and data.min() == data.max():  # all are in a bin of no width
        edges[:], counts = data.min(), np.eye(1, BINS, BINS - 1)[0] * data.size
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


class _Events:
    """The event files of some directories; a file is made when there is something to write."""

    def __init__(self) -> None:
        try:
            writer = import_module("tensorboard.summary.writer.event_file_writer")
            package = "tensorboard.compat.proto"
        except ImportError:
            try:
                writer = import_module("tensorboardX.event_file_writer")
            except ImportError:
                raise ImportError(
                    "TensorBoard's files need the package tensorboard, or tensorboardX: "
                    "pip install tensorboard"
                ) from None
            package = "tensorboardX.proto"
        self._writer, self._writers = writer.EventFileWriter, dict[str, Any]()
        self._event, self._summary, self._tensor = (
            import_module(f"{package}.{name}_pb2") for name in ("event", "summary", "tensor")
        )

    def add(self, directory: str, tag: str, plugin: str, value: Array, step: int) -> None:
        """Write an array, or a text, for one of TensorBoard's plugins."""
        kind = {"f": 1, "d": 2, "S": 7}[value.dtype.char]  # DT_FLOAT, DT_DOUBLE, DT_STRING
        tensor = self._tensor.TensorProto(dtype=kind)
        for size in value.shape:
            tensor.tensor_shape.dim.add().size = size
        if kind == 7:
            tensor.string_val.append(value.item())
        else:
            tensor.tensor_content = value.tobytes()
        summary = self._summary.Summary()
        entry = summary.value.add(tag=tag, tensor=tensor)
        entry.metadata.plugin_data.plugin_name = plugin
        if plugin == "graph_keras_model":
            entry.metadata.plugin_data.content = b"1"  # its version
        if directory not in self._writers:
            os.makedirs(directory, exist_ok=True)
            suffix = f".{os.getpid()}.{next(_files)}"  # several may be begun in a second
            self._writers[directory] = self._writer(directory, filename_suffix=suffix)
        self._writers[directory].add_event(
            self._event.Event(wall_time=time.time(), step=step, summary=summary)
        )

    def flush(self) -> None:
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}
