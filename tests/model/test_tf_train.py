"""Checkpoints under TensorFlow's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn as tf

X, Y = np.ones((8, 3, 2), np.float32), np.ones((8, 1), np.float32)


def trained(seed: int) -> Any:
    tf.keras.utils.set_random_seed(seed)
    model = tf.keras.Sequential([tf.keras.Input((3, 2)), tf.keras.layers.GRU(4)])
    model.add(tf.keras.layers.Dense(1))
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    return model


def test_training_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    first, second = trained(1), trained(2)
    step = tf.Variable(7.0)
    at = tf.train.Checkpoint(model=first, optimizer=first.optimizer, step=step)
    path = at.save(tmp_path / "new" / "ckpt")
    assert path == str(tmp_path / "new" / "ckpt-1")
    first.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    other = tf.Variable(0.0)
    to = tf.train.Checkpoint(model=second, optimizer=second.optimizer, step=other)
    to.restore(path).expect_partial()
    assert (float(other), int(other)) == (7, 7)
    assert second.optimizer.iterations == 2
    second.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    compiled = tf.keras.models.clone_model(first)  # an optimizer without a state takes it
    compiled.compile("adam", "mse")
    tf.train.Checkpoint(model=compiled, optimizer=compiled.optimizer, step=other).restore(path)
    assert compiled.optimizer.iterations == 2


def test_a_manager_keeps_the_newest(tmp_path: Path) -> None:
    model = trained(1)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(net=model), tmp_path, max_to_keep=2, checkpoint_name="at"
    )
    assert manager.latest_checkpoint is None
    assert manager.restore_or_initialize() is None
    for _ in range(11):
        manager.save()
    assert [Path(path).name for path in manager.checkpoints] == ["at-10", "at-11"]
    assert manager.latest_checkpoint == tf.train.latest_checkpoint(tmp_path)
    kept = model.get_weights()
    model.set_weights([w + 1 for w in kept])
    again = tf.train.CheckpointManager(tf.train.Checkpoint(net=model), tmp_path, None, "at")
    assert again.restore_or_initialize() == manager.latest_checkpoint
    np.testing.assert_array_equal(model.get_weights()[0], kept[0])
    assert Path(again.save()).name == "at-12"


def test_the_latest_file_of_weights(tmp_path: Path) -> None:
    """As tutorials on making text have it: ModelCheckpoint, then ``latest_checkpoint``."""
    assert tf.train.latest_checkpoint(tmp_path) is None
    with pytest.raises(ValueError, match="latest_filename is 'mine'"):
        tf.train.latest_checkpoint(tmp_path, "mine")
    model = trained(1)
    keep = tf.keras.callbacks.ModelCheckpoint(
        str(tmp_path / "ckpt_{epoch}"), save_weights_only=True
    )
    with pytest.warns(UserWarning, match="HDF5"):
        model.fit(X, Y, epochs=3, callbacks=[keep], verbose=0)
    (tmp_path / "notes.txt").write_text("later")
    path = tf.train.latest_checkpoint(str(tmp_path))
    assert path == str(tmp_path / "ckpt_3")
    other = trained(2)
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[1], model.get_weights()[1])


def test_what_does_not_fit(tmp_path: Path) -> None:
    model = trained(1)
    path = tf.train.Checkpoint(model=model).save(tmp_path / "a")
    wider = tf.keras.Sequential([tf.keras.Input((3, 2)), tf.keras.layers.GRU(5)])
    before = wider.get_weights()
    with pytest.raises(ValueError, match="does not fit"):
        tf.train.Checkpoint(model=wider).restore(path)
    np.testing.assert_array_equal(wider.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="no variable 'step'"):
        tf.train.Checkpoint(model=model, step=tf.Variable(1.0)).restore(path)
    (tmp_path / "b").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        tf.train.Checkpoint(model=model).restore(tmp_path / "b")
    with pytest.raises(ValueError, match="no weights yet"):
        tf.train.Checkpoint(model=tf.keras.Sequential([tf.keras.layers.GRU(5)])).save(tmp_path)
    with pytest.raises(TypeError, match="step is int"):
        tf.train.Checkpoint(step=1)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "ckpt-1.index").write_bytes(b"x")
    with pytest.raises(ValueError, match="TensorFlow's"):
        tf.train.latest_checkpoint(theirs)
