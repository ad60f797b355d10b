"""What Keras 2 had under this name, and Keras 3 dropped."""

from ..checks import beyond

Tokenizer = beyond(
    "preprocessing.text.Tokenizer",
    "which takes numbers: number the words with a dict, then pad_sequences",
)
