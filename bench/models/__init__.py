"""Whole PyTorch programs of the kinds that people have, a file a kind; none knows of fusedrnn.

Sizes are those of tutorials and of the libraries' defaults; the data is random, since it costs the
same. Not here: clocks, and what makes the layers ours (programs.py).
"""
