"""Keras itself, unmodified, with its LSTM and GRU layers on the fused kernels.

Keras must run on its torch backend: set KERAS_BACKEND=torch.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

import fusedrnn.keras

fusedrnn.keras.enable()

keras.utils.set_random_seed(0)
words = keras.Input((None,), dtype="int32")
x = keras.layers.Embedding(100, 16, mask_zero=True)(words)
x = keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True))(x)
x = keras.layers.GRU(16)(x)
model = keras.Model(words, keras.layers.Dense(1, activation="sigmoid")(x))
print([fusedrnn.keras.path(layer) for layer in model.layers if hasattr(layer, "cell")])

rng = np.random.default_rng(0)
texts = rng.integers(1, 100, (256, 12))
texts[:, 8:] *= rng.integers(0, 2, (256, 1))  # half of the texts are shorter: zeros are padding
labels = (texts[:, 0] > 50).astype("float32")
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(texts, labels, epochs=8, verbose=0)
print("accuracy", history.history["accuracy"][-1])

fusedrnn.keras.disable()
