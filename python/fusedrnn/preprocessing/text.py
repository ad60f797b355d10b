"""What Keras 2 had under this name, and Keras 3 dropped."""

from typing import TYPE_CHECKING

from .. import missing

if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name
    __getattr__ = missing.names(__name__)
