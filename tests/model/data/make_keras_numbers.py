"""Write keras_numbers.json: what Keras gives for the models of ``tests/support/keras_cases.py``.

Run with a Python that has Keras 3 and PyTorch: ``KERAS_BACKEND=torch python make_keras_numbers.py
[NAME ...]``; with names only those models are run anew.
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

OUT = HERE / "keras_numbers.json"


def main(names: list[str]) -> None:
    """Run the models and write the file."""
    drawn: dict[tuple[int, ...], int] = {}
    gates = 1

    def dropout(inputs, rate, noise_shape=None, seed=None):  # type: ignore[no-untyped-def]
        shape = tuple(inputs.shape)
        gate = drawn.get(shape, 0) % gates
        drawn[shape] = gate + 1
        mask = keras_cases.masks(shape, rate, gate)
        return inputs * keras.ops.convert_to_tensor(mask)

    keras.src.backend.random.dropout = dropout
    numbers = json.loads(OUT.read_text()) if OUT.exists() and names else {}
    for name in names or keras_cases.CASES:
        drawn.clear()
        gates = keras_cases.CASES[name].gates
        numbers[name] = keras_cases.run(keras, name)
        print(name, numbers[name]["history"]["loss"])
    numbers = {name: numbers[name] for name in keras_cases.CASES if name in numbers}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in numbers.items())
    OUT.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
