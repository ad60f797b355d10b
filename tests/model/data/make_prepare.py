"""Write prepare.json and prepare.keras: what Keras gives for ``tests/support/prepare_cases.py``.

Run with a Python that has Keras 3 and TensorFlow, without which Keras has no layers for texts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import prepare_cases  # noqa: E402

found = {name: prepare_cases.answers(keras, name) for name in prepare_cases.CASES}
model = prepare_cases.model(keras)
model.save(HERE / "prepare.keras")
text, number, features = prepare_cases.MODEL_X
x = [tf.constant(text), np.array(number), np.array(features, "float32")]
found["model"] = model.predict(x, verbose=0).tolist()
(HERE / "prepare.json").write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
