"""Write from_keras.keras, from_keras.h5 and from_keras.json: a model saved by Keras, its outputs.

Run with a Python that has Keras 3 and PyTorch: ``KERAS_BACKEND=torch python make_keras_files.py``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

import keras  # noqa: E402

import keras_cases  # noqa: E402

k, name = keras, "from_keras"
case = keras_cases.Case(lambda k: [], shape=(5, 3), padding="post")
x, y = keras_cases.data(name, case)
model = k.Sequential(
    [
        k.layers.Input((5, 3)),
        k.layers.Masking(),
        k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True, recurrent_regularizer="l2")),
        k.layers.TimeDistributed(k.layers.Dense(3, activation="relu")),
        k.layers.GRU(2),
        k.layers.Dense(1),
    ]
)
model.compile(
    k.optimizers.Adam(k.optimizers.schedules.CosineDecay(0.02, 50)),
    k.losses.Huber(),
    metrics=["mae", k.metrics.RootMeanSquaredError()],
)
model.fit(x, y, epochs=3, verbose=0)
for ending in ("keras", "h5"):
    model.save(HERE / f"{name}.{ending}")
outputs = model.predict(x, verbose=0).ravel().tolist()
scores = model.evaluate(x, y, verbose=0)
model.fit(x, y, epochs=2, verbose=0, shuffle=False)
(HERE / f"{name}.json").write_text(
    json.dumps(
        {
            "outputs": outputs,
            "scores": scores,
            "after two more epochs": model.predict(x, verbose=0).ravel().tolist(),
        }
    )
    + "\n"
)
