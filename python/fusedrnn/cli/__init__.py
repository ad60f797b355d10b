"""The command ``fusedrnn``: `main` is the door, each command a file with its options and what runs.

A command's file imports what it needs when it runs, so that help and all errors that need no data
come before pandas, SciPy or PyTorch are imported.

Not here: what a command does, which is in the package for Python to call.
"""
