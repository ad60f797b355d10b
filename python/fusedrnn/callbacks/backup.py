"""A training that goes on where an interruption left it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from ..checks import flag, whole
from .callback import Callback


class BackupAndRestore(Callback):
    """Saves weights, optimizer and epoch as it goes; the next ``fit`` begins there.

    Parameters
    ----------
    backup_dir : path
        A folder of its own, made when there is something to save; Keras reads it too.
    save_freq : "epoch" or int
        Every how many batches to save.
    double_checkpoint : bool
        Whether to keep the one before the last too, in case that the last is damaged.
    delete_checkpoint : bool
        Whether to delete all of it when the training is over.

    Raises
    ------
    ValueError
        If there is no ``backup_dir``; in ``fit``, if the model is not built.
    ImportError
        In ``fit``, if h5py is missing.

    Examples
    --------
    >>> backup = fusedrnn.callbacks.BackupAndRestore("backup")
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        where = type(self).__name__
        if not backup_dir:
            raise ValueError("Empty `backup_dir` argument passed")
        if save_freq != "epoch":
            whole(where, "save_freq", save_freq)
        self.backup_dir, self.save_freq = os.fsdecode(os.fspath(backup_dir)), save_freq
        self.double_checkpoint = flag(where, "double_checkpoint", double_checkpoint)
        self.delete_checkpoint = flag(where, "delete_checkpoint", delete_checkpoint)
        self._paths = [
            os.path.join(self.backup_dir, name)
            for name in ("latest.weights.h5", "training_metadata.json")
        ]
        self._epoch = self._batches = 0

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        if not self.model.built:
            raise ValueError(f"{type(self).__name__}: the model must be built before `fit`")
        self._epoch = self._batches = 0
        try:
            self._restore()
        except (OSError, ValueError):
            if not os.path.exists(f"{self._paths[0]}.bkp"):
                raise
            self._copy(".bkp", "")
            self._restore()

    def _copy(self, source: str, target: str) -> None:
        import shutil  # slow to import

        for path in self._paths:
            if os.path.exists(f"{path}{source}"):
                shutil.copyfile(f"{path}{source}", f"{path}{target}")

    def _restore(self) -> None:
        weights, metadata = self._paths
        if os.path.exists(weights):
            self.model.load_weights(weights)
        if os.path.exists(metadata):
            with open(metadata, encoding="utf-8") as file:
                self._epoch = whole(metadata, "epoch", json.load(file)["epoch"], 0)
            self.model._initial_epoch = self._epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: D102
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save(batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(0)

    def _save(self, batch: int) -> None:
        from .. import _files  # slow to import

        os.makedirs(self.backup_dir, exist_ok=True)
        weights, metadata = self._paths
        if self.double_checkpoint:
            self._copy("", ".bkp")
        self.model.save_weights(weights)
        text = json.dumps({"epoch": self._epoch, "batch": batch})
        _files.write(metadata, lambda path: path.write_text(text, encoding="utf-8"))

    def on_train_end(self, logs: Any = None) -> None:  # noqa: D102
        if self.delete_checkpoint:
            for path in self._paths:
                for old in (path, f"{path}.bkp"):
                    with suppress(FileNotFoundError):
                        os.unlink(old)
            with suppress(OSError):  # something else is in it, or it was never made
                os.rmdir(self.backup_dir)
