"""``random.set_seed``, where TensorFlow has it."""

from . import missing
from .utils import set_random_seed as set_seed

__all__ = ["set_seed"]

missing.answer(__name__)
