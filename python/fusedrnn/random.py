"""``random.set_seed``, where TensorFlow has it."""

from typing import TYPE_CHECKING

from . import missing
from .utils import set_random_seed as set_seed

__all__ = ["set_seed"]

if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name
    __getattr__ = missing.names(__name__)
