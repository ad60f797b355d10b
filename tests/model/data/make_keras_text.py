"""Write keras_text.json: what Keras prints for the calls of ``tests/keras_text.py``.

Run with a Python that has Keras 3 and PyTorch: ``KERAS_BACKEND=torch python make_keras_text.py``.
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

import keras_text  # noqa: E402

texts = keras_text.everything(keras) | {"fit": keras_text.fit_lines(keras)}
(HERE / "keras_text.json").write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n")
