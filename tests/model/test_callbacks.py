"""Callbacks: when their hooks run, and what they do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

import fusedrnn
from fusedrnn.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    RemoteMonitor,
    SwapEMAWeights,
    TerminateOnNaN,
)
from small_models import X, Y, model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


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


class _Interrupt(Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise RuntimeError("interrupted")


@pytest.mark.parametrize("freq", ["epoch", 2])
@pytest.mark.parametrize("damaged", [False, True])
def test_an_interrupted_training_goes_on(tmp_path: Path, freq: Any, damaged: bool) -> None:
    pytest.importorskip("h5py")
    folder, options = tmp_path / "backup", {"batch_size": 20, "shuffle": False, "verbose": 0}
    m, whole = model(), model()
    whole.set_weights(m.get_weights())
    whole.fit(X, Y, epochs=5, **options)
    backup = BackupAndRestore(folder, save_freq=freq, double_checkpoint=True)
    with pytest.raises(RuntimeError, match="interrupted"):
        m.fit(X, Y, epochs=5, callbacks=[backup, _Interrupt()], **options)
    names = {"latest.weights.h5", "training_metadata.json"}
    assert {p.name for p in folder.iterdir()} == names | {f"{n}.bkp" for n in names}
    if damaged:
        (folder / "latest.weights.h5").write_bytes(b"damaged")
    again = model()
    history = again.fit(X, Y, epochs=5, callbacks=[BackupAndRestore(folder)], **options)
    assert not folder.exists()
    if freq == "epoch":
        assert history.epoch == ([1, 2, 3, 4] if damaged else [2, 3, 4])
        for ours, want in zip(again.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_allclose(ours, want, rtol=1e-6, atol=1e-7)
    assert again.fit(X, Y, epochs=2, **options).epoch == [0, 1]


def test_a_backup_that_keras_reads_and_one_of_its_own(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    for k, other in ((fusedrnn, keras), (keras, fusedrnn)):
        folder = tmp_path / k.__name__
        found = []
        for module in (k, other):
            m = module.Sequential([module.Input((2,)), module.layers.Dense(1)])
            m.compile("adam", "mse")
            calls = [module.callbacks.BackupAndRestore(folder, delete_checkpoint=False)]
            epochs = 2 if module is k else 3
            h = m.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=epochs, verbose=0, callbacks=calls)
            found.append(h)
        assert found[1].epoch == [2]
        assert found[1].history["loss"][0] < found[0].history["loss"][-1]


def test_backup_arguments() -> None:
    with pytest.raises(ValueError, match="Empty `backup_dir`"):
        BackupAndRestore("")
    with pytest.raises(TypeError, match="save_freq"):
        BackupAndRestore("x", save_freq="batch")
    m = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    m.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must be built before `fit`"):
        m.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[BackupAndRestore("x")])


@pytest.mark.parametrize("on_epoch", [False, True])
def test_evaluation_with_averaged_weights(on_epoch: bool) -> None:
    keras = pytest.importorskip("keras")
    found, seen = [], []
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    for k in (fusedrnn, keras):
        m = k.Sequential([k.Input((3,)), k.layers.Dense(1)])
        m.set_weights([np.full((3, 1), 0.5), np.zeros(1)])
        m.compile(k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8), "mse")
        kept: list[Any] = []
        calls = [
            k.callbacks.SwapEMAWeights(on_epoch),
            k.callbacks.LambdaCallback(
                on_epoch_end=lambda e, logs, m=m, kept=kept: kept.append(m.get_weights()[0].ravel())
            ),
        ]
        h = m.fit(x, x[:, :1], batch_size=5, epochs=3, shuffle=False, verbose=0, callbacks=calls,
                  validation_data=(x, x[:, :1]))  # fmt: skip
        loss = m.evaluate(x, x[:, :1], verbose=0, callbacks=calls[:1])
        found.append([*h.history["loss"], *h.history["val_loss"], loss, *m.get_weights()[0][:, 0]])
        seen.append(np.concatenate(kept))
    np.testing.assert_allclose(*found, rtol=1e-5)
    np.testing.assert_allclose(*seen, rtol=1e-5)
    with pytest.raises(ValueError, match="must be used when `use_ema=True`"):
        model().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])


@pytest.mark.parametrize("as_json", [False, True])
def test_logs_sent_to_a_server(as_json: bool) -> None:
    posts: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posts.append((self.path, self.headers["X-A"], self.headers["Content-Type"], body))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monitor = RemoteMonitor(
            f"http://127.0.0.1:{server.server_port}", headers={"X-A": "b"}, send_as_json=as_json
        )
        loss = model().fit(X, Y, verbose=0, callbacks=[monitor]).history["loss"][0]
        server.shutdown()
    ((path, header, kind, body),) = posts
    assert (path, header) == ("/publish/epoch/end/", "b")
    text = body if as_json else parse_qs(body)["data"][0]
    assert kind == f"application/{'json' if as_json else 'x-www-form-urlencoded'}"
    assert json.loads(text) == {"epoch": 0, "loss": loss}
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server"):
        model().fit(X, Y, verbose=0, callbacks=[monitor])
