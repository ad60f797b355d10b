"""What Keras 2 had under this name, and Keras 3 dropped."""

from .. import missing

missing.answer(__name__)
