"""Continue a text character by character with a GRU; the text is the project's licence.

Training predicts the next character at every step of a window. Writing uses a second model with
the same weights that takes one character at a time and keeps its state.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusedrnn import Sequential
from fusedrnn.layers import GRU, Dense, Input
from fusedrnn.losses import SparseCategoricalCrossentropy
from fusedrnn.optimizers import Adam
from fusedrnn.utils import set_random_seed

TEXT = " ".join((Path(__file__).resolve().parents[2] / "LICENSE").read_text().split())
CHARACTERS = sorted(set(TEXT))
LENGTH = 40


def network(batch_shape: tuple[int | None, int | None, int], stateful: bool) -> Sequential:
    """Return the model; its outputs are logits for the next character."""
    return Sequential(
        [
            Input(batch_shape=batch_shape),
            GRU(96, return_sequences=True, stateful=stateful),
            Dense(len(CHARACTERS)),
        ]
    )


def write(weights: list[np.ndarray], start: str, length: int, temperature: float) -> str:
    """Continue ``start`` by ``length`` characters, drawn from the predicted distribution."""
    writer, rng = network((1, 1, len(CHARACTERS)), stateful=True), np.random.default_rng(0)
    writer.set_weights(weights)
    eye, text = np.eye(len(CHARACTERS), dtype=np.float32), ""
    for i in range(len(start) + length - 1):
        character = start[i] if i < len(start) else text[-1]
        logits = writer.predict_on_batch(eye[None, None, CHARACTERS.index(character)])[0, 0]
        if i >= len(start) - 1:
            p = np.exp((logits - logits.max()) / temperature)
            text += rng.choice(CHARACTERS, p=p / p.sum())
    return start + text


def main(epochs: int = 15, verbose: int = 2) -> tuple[float, str]:
    """Train, print what the network writes, and return its last loss and the text."""
    set_random_seed(2)
    codes = np.array([CHARACTERS.index(c) for c in TEXT])
    starts = np.arange(0, len(codes) - LENGTH - 1, 3)[:, None] + np.arange(LENGTH)
    x = np.eye(len(CHARACTERS), dtype=np.float32)[codes[starts]]
    y = codes[starts + 1]
    model = network((None, None, len(CHARACTERS)), stateful=False)
    model.compile(
        Adam(0.005), SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    history = model.fit(x, y, batch_size=64, epochs=epochs, verbose=verbose).history
    text = write(model.get_weights(), "the Work ", 200, temperature=0.5)
    print(text)
    return history["loss"][-1], text


if __name__ == "__main__":
    main()
