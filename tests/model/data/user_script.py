"""A user's script, which type checkers read in their strict modes."""

import numpy as np

import fusedrnn
import fusedrnn.torch
from fusedrnn import Input, Sequential, callbacks, metrics
from fusedrnn import functional as F
from fusedrnn.forecast import Comparison, RNNForecaster, Settings, compare
from fusedrnn.keras.layers import GRU
from fusedrnn.layers import LSTM, Dense, Dropout
from fusedrnn.losses import Huber, MeanSquaredError
from fusedrnn.models import load_model
from fusedrnn.optimizers import Adam
from fusedrnn.utils import set_random_seed


def report(table: str) -> Comparison:
    return compare(table, date="date", target="sales")


set_random_seed(1)
x = np.random.default_rng(0).normal(size=(64, 10, 3)).astype(np.float32)
y = x.sum(axis=(1, 2))

model = Sequential([Input((10, 3)), LSTM(8, return_sequences=True), GRU(8), Dropout(0.1), Dense(1)])
model.compile(Adam(0.01), MeanSquaredError(), metrics=[metrics.MeanAbsoluteError(), "mape"])
stop = callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
history = model.fit(x, y, epochs=3, validation_split=0.2, callbacks=[stop], verbose=0)
best: float = min(history.history["val_loss"])
scores = model.evaluate(x, y, verbose=0, return_dict=True)
prediction = model.predict(x, verbose=0)
model.save("model.safetensors")
again = load_model("model.safetensors")
error = Huber(0.5)(y, again.predict(x, verbose=0)[:, 0])

kernel, recurrent_kernel, bias = model.layers[0].get_weights()
sequence, h, c = F.lstm(x, kernel, recurrent_kernel, bias)
sequence, h, c, tape = F.lstm(x, kernel, recurrent_kernel, bias, training=True)
dx, *gradients = F.lstm_backward(tape, np.ones_like(sequence))
with fusedrnn.runtime.threads(2):
    layer = fusedrnn.torch.LSTM(3, 8, batch_first=True)
forecaster = RNNForecaster("LSTM", units=8)
settings = Settings()
print(scores["loss"], best, error, prediction.mean(), h.shape, c.dtype, layer, forecaster, settings)
