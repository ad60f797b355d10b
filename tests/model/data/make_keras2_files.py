"""Write from_keras2*.h5, .keras and .json: models saved by Keras 2, and what they give.

Run with a Python that has TensorFlow and tf_keras, which is Keras 2.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tf_keras as k

HERE = Path(__file__).parent
la = k.layers
rng = np.random.default_rng(0)
x = rng.normal(size=(12, 5, 3)).astype(np.float32)
y = (rng.random(12) > 0.5).astype(np.float32)
models = {
    "from_keras2": (
        [
            la.Masking(input_shape=(5, 3)),
            la.Bidirectional(la.LSTM(2, return_sequences=True)),
            la.BatchNormalization(),
            la.SpatialDropout1D(0.1),
            la.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"),
            la.Dense(1, activation="sigmoid"),
        ],
        k.optimizers.legacy.SGD(0.05, decay=0.1, momentum=0.9),
        k.losses.BinaryCrossentropy(label_smoothing=0.1),
        ["accuracy"],
    ),
    "from_keras2_adam": (
        [
            la.LSTM(3, activation="relu", batch_input_shape=(12, 5, 3), stateful=True),
            la.RepeatVector(2),
            la.GRU(2, return_sequences=True, kernel_regularizer="l2"),
            la.LayerNormalization(),
            la.LeakyReLU(alpha=0.1),
            la.TimeDistributed(la.Dense(2)),
            la.Flatten(),
            la.Dense(1),
        ],
        k.optimizers.Adam(0.02),
        "huber",
        ["mae", k.metrics.RootMeanSquaredError(name="rmse")],
    ),
}
results = {}
for name, (layers, optimizer, loss, metrics) in models.items():
    model = k.Sequential(layers)
    model.compile(optimizer, loss, metrics)
    model.fit(x, y, epochs=2, batch_size=12, verbose=0)
    for ending in ("keras", "h5"):
        model.save(HERE / f"{name}.{ending}")
    model.reset_states()
    result = {
        "config": model.to_json(),
        "outputs": model.predict(x, batch_size=12).ravel().tolist(),
    }
    model.reset_states()
    result["scores"] = model.evaluate(x, y, batch_size=12)
    if name == "from_keras2_adam":  # nothing is drawn
        model.reset_states()
        model.fit(x, y, epochs=2, batch_size=12, shuffle=False)
        model.reset_states()
        result["after two more epochs"] = model.predict(x, batch_size=12).ravel().tolist()
    results[name] = result
results["x"], results["y"] = x.ravel().tolist(), y.tolist()
(HERE / "from_keras2.json").write_text(json.dumps(results) + "\n")
