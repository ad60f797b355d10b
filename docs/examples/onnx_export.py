"""Train here, run anywhere: export to ONNX, for batches and sequences of any length."""

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

import fusedrnn.onnx
from fusedrnn import Sequential
from fusedrnn.layers import GRU, LSTM, Dense, Input, Masking

model = Sequential([Input((None, 2)), Masking(), GRU(16, return_sequences=True), LSTM(8), Dense(1)])
rng = np.random.default_rng(0)
x = rng.normal(size=(64, 10, 2)).astype("float32")
x[::2, 6:] = 0  # rows of six steps, padded at the end
model.compile("adam", "mse")
model.fit(x, x[:, 0, :1], epochs=2, verbose=0)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.onnx"
    print("checked in ONNX Runtime, difference", fusedrnn.onnx.export(model, path))
    session = onnxruntime.InferenceSession(path)
    (y,) = session.run(None, {"x": x[:3, :7]})
    print("a batch of 3, 7 steps:", y.ravel(), model.predict(x[:3, :7], verbose=0).ravel())
