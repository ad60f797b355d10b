"""Tell C++ from Python, line by line: Embedding and a bidirectional LSTM on padded sequences.

The data are the lines of this project's own source files.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fusedrnn import Sequential
from fusedrnn.callbacks import EarlyStopping
from fusedrnn.layers import LSTM, Bidirectional, Dense, Embedding, Input
from fusedrnn.preprocessing.sequence import pad_sequences
from fusedrnn.utils import set_random_seed

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY, LENGTH = 500, 24


def lines(folder: str, ending: str) -> list[list[str]]:
    """Return the lines of three tokens and more, comments left out, as lists of tokens."""
    found = set()
    for path in sorted((ROOT / folder).rglob(ending)):
        for line in path.read_text().splitlines():
            if not line.strip().startswith(("//", "#", '"', "*")):
                found.add(tuple(re.findall(r"\w+|[^\w\s]", line)))
    return [list(tokens) for tokens in sorted(found) if len(tokens) >= 3]


def main(epochs: int = 8, verbose: int = 2) -> float:
    """Train, print some answers, and return the accuracy on lines that were held out."""
    set_random_seed(1)
    cpp, python = lines("csrc", "*.?pp"), lines("python", "*.py")
    texts = cpp + python
    labels = np.array([1.0] * len(cpp) + [0.0] * len(python))
    order = np.random.default_rng(0).permutation(len(texts))
    texts, labels = [texts[i] for i in order], labels[order]

    cut = int(0.8 * len(texts))
    tokens, counts = np.unique([t for text in texts[:cut] for t in text], return_counts=True)
    frequent = tokens[np.argsort(-counts, kind="stable")][: VOCABULARY - 2]
    index = {token: i + 2 for i, token in enumerate(frequent)}  # 0 is padding, 1 any other token

    x = pad_sequences(
        [[index.get(t, 1) for t in text] for text in texts],
        LENGTH,
        padding="post",
        truncating="post",
    )
    model = Sequential(
        [
            Input((LENGTH,)),
            Embedding(VOCABULARY, 16, mask_zero=True),
            Bidirectional(LSTM(16)),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        x[:cut],
        labels[:cut],
        epochs=epochs,
        verbose=verbose,
        validation_split=0.1,
        callbacks=[EarlyStopping(patience=2, restore_best_weights=True)],
    )
    _, accuracy = model.evaluate(x[cut:], labels[cut:], verbose=0)
    share = max(labels[cut:].mean(), 1 - labels[cut:].mean())
    print(
        f"accuracy on {len(x) - cut} held-out lines: {accuracy:.1%} "
        f"(always the same answer: {share:.1%})"
    )
    answers = model.predict(x[cut : cut + 5], verbose=0)[:, 0]
    for text, p in zip(texts[cut : cut + 5], answers, strict=True):
        print(f"{'C++' if p > 0.5 else 'Python':>6} ({p:.2f})  {' '.join(text)}")
    return accuracy


if __name__ == "__main__":
    main()
