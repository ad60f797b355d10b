"""Callbacks: when their hooks run, and what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from small_models import X, Y, model


def test_all_hooks_run_in_keras_s_order() -> None:
    order: list[str] = []
    names = [
        "train_begin",
        "epoch_begin",
        "train_batch_begin",
        "train_batch_end",
        "test_begin",
        "test_batch_begin",
        "test_batch_end",
        "test_end",
        "epoch_end",
        "train_end",
        "predict_begin",
        "predict_batch_begin",
        "predict_batch_end",
        "predict_end",
    ]
    hooks = {f"on_{n}": lambda *a, n=n, **k: order.append(n) for n in names}
    m = model()
    m.fit(
        X,
        Y,
        verbose=0,
        callbacks=[LambdaCallback(**hooks)],
        batch_size=40,
        validation_data=(X, Y),
        validation_batch_size=40,
    )
    assert order == names[:10]
    order.clear()
    m.predict(X, verbose=0, batch_size=40, callbacks=[LambdaCallback(**hooks)])
    assert order == names[10:]
    with pytest.raises(TypeError, match="on_nothing is not a hook"):
        LambdaCallback(on_nothing=print)


def test_old_batch_hooks_and_logs() -> None:
    seen: list[dict[str, float]] = []

    class Old(Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(dict(logs))

    history = model(metrics=["mae"]).fit(X, Y, batch_size=10, verbose=0, callbacks=[Old()])
    assert [set(logs) for logs in seen] == [{"loss", "mae"}] * 4
    assert seen[-1]["loss"] == history.history["loss"][0]
    assert history.params == {"verbose": 0, "epochs": 1, "steps": 4}
    assert history.epoch == [0]


def test_early_stopping_restores_the_best_weights() -> None:
    m = model(optimizer=fusedrnn.optimizers.SGD(100.0))
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = m.fit(X, Y, epochs=20, verbose=0, callbacks=[stop], shuffle=False, batch_size=40)
    losses = history.history["loss"]
    assert len(losses) < 20
    assert stop.best == min(losses)
    assert stop.stopped_epoch == len(losses) - 1


def test_early_stopping_needs_to_know_the_direction() -> None:
    m = model(metrics=["mae"])
    with pytest.warns(UserWarning, match="val_loss is not available; there are loss, mae"):
        m.fit(X, Y, verbose=0, callbacks=[EarlyStopping()])
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(other=1.0))
    with pytest.raises(ValueError, match="give mode='max' or mode='min'"):
        m.fit(X, Y, epochs=2, verbose=0, callbacks=[add, EarlyStopping("other")])
    m.fit(X, Y, verbose=0, callbacks=[add, EarlyStopping("other", mode="max")])


def test_checkpoints(tmp_path: Any) -> None:
    pytest.importorskip("h5py")
    m = model()
    path = tmp_path / "deep" / "m-{epoch:02d}-{loss:.2f}.keras"
    m.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path)])
    names = sorted(p.name for p in (tmp_path / "deep").iterdir())
    assert [n[:5] for n in names] == ["m-01-", "m-02-"]
    best = ModelCheckpoint(tmp_path / "best.safetensors", "loss", save_best_only=True)
    m.fit(X, Y, epochs=3, verbose=0, callbacks=[best])
    loaded = fusedrnn.models.load_model(tmp_path / "best.safetensors")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), m.predict(X, verbose=0))
    with pytest.raises(ValueError, match="must end in"):
        ModelCheckpoint("model.ckpt")


@pytest.mark.parametrize("name", ["ckpt_{epoch}", "best.ckpt", "21_checkpoint.keras"])
def test_checkpoints_of_keras_2(tmp_path: Any, name: str) -> None:
    pytest.importorskip("h5py")
    m, path = model(), tmp_path / name
    with pytest.warns(UserWarning, match="is an HDF5 file, end it in .h5"):
        m.fit(
            X, Y, epochs=4, verbose=0,
            callbacks=[ModelCheckpoint(path, save_weights_only=True, period=2)],
        )  # fmt: skip
    if "{" in name:
        assert sorted(p.name for p in tmp_path.iterdir()) == ["ckpt_2", "ckpt_4"]
    loaded = model()
    loaded.load_weights(str(path).format(epoch=4))
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), m.predict(X, verbose=0))


def test_csv_logger_and_terminate_on_nan(tmp_path: Any, capsys: Any) -> None:
    m = model(metrics=["mae"])
    log = tmp_path / "log.csv"
    for append in (False, True):
        m.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(log, append=append)])
    lines = log.read_text().splitlines()
    assert lines[0] == "epoch,loss,mae,val_loss,val_mae"  # as Keras, which may validate later
    assert [line[0] for line in lines[1:]] == ["0", "1", "0", "1"]
    bad = Y.copy()
    bad[0] = np.nan
    history = m.fit(X, bad, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    assert len(history.history["loss"]) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out


def test_csv_logger_keeps_what_is_there(tmp_path: Any, monkeypatch: Any) -> None:
    m, log = model(), tmp_path / "log.csv"
    log.write_text("of yesterday")
    with pytest.raises(ZeroDivisionError):  # before the first epoch ends
        m.fit(X, Y, verbose=0, callbacks=[CSVLogger(log), LambdaCallback(
            on_train_batch_end=lambda batch, logs: 1 / 0)])  # fmt: skip
    assert log.read_text() == "of yesterday"
    with pytest.raises(ValueError, match=r"log\.csv has the columns of yesterday, the logs have"):
        m.fit(X, Y, verbose=0, callbacks=[CSVLogger(log, append=True)])
    assert log.read_text() == "of yesterday"
    log.write_text("loss,epoch,val_loss\n")
    m.fit(X, Y, verbose=0, callbacks=[CSVLogger(bytes(log), append=True)])
    assert float(log.read_text().splitlines()[1].split(",")[0]) > 0  # the columns of the file
    log = tmp_path / "seldom.csv"
    m.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), validation_freq=2,
          callbacks=[CSVLogger(log)])  # fmt: skip
    (_, *first), (_, *second) = (line.split(",") for line in log.read_text().splitlines()[1:])
    assert first[1] == "NA"
    assert float(second[1]) > 0


def test_reduce_learning_rate_on_plateau() -> None:
    m = model()
    history = m.fit(
        X,
        Y,
        epochs=4,
        verbose=0,
        callbacks=[ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10, min_lr=2e-4)],
    )
    np.testing.assert_allclose(
        history.history["learning_rate"], [1e-3, 1e-3, 5e-4, 2.5e-4], rtol=1e-6
    )


def test_ctrl_c_leaves_a_usable_model_and_the_history() -> None:
    def stop(epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    m = model()
    with pytest.raises(KeyboardInterrupt):
        m.fit(X, Y, epochs=9, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=stop)])
    assert m.history.epoch == [0, 1]
    assert len(m.history.history["loss"]) == 2
    assert np.isfinite(m.predict(X, verbose=0)).all()
    m.fit(X, Y, verbose=0)
