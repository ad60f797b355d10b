"""EinsumDense: a dense layer over axes that letters name."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from .. import activations, functional, initializers
from .._types import Array
from ..autodiff import Tracked, differentiate, unbroadcast
from ..checks import whole
from .layer import Layer, Shape

FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """``activation(einsum(equation, x, kernel) + bias)``.

    Parameters
    ----------
    equation : str
        Such as "abc,cd->abd"; an ellipsis on either side of the input's letters stands for more
        axes, which the output has too.
    output_shape : int or tuple
        Sizes of the output's axes without that of the rows and those of an ellipsis; None where
        they are the input's.
    activation, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        As of :class:`Dense`.
    bias_axes : str, optional
        Which of the output's axes the bias has; without, there is none.
    kernel_constraint, bias_constraint, **kwargs
        As of :class:`Dense`.

    Raises
    ------
    ValueError
        If the equation is none, or does not fit ``output_shape`` or the input.

    Examples
    --------
    >>> layer = fusedrnn.layers.EinsumDense("abc,cd->abd", output_shape=(None, 8), bias_axes="d")
    >>> layer(np.zeros((2, 10, 4))).shape
    (2, 10, 8)
    """

    supports_masking = False

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation, self.bias_axes = equation, bias_axes
        sizes = output_shape if isinstance(output_shape, (list, tuple)) else [output_shape]
        self.sizes = tuple(n if n is None else whole(self.name, "output_shape", n) for n in sizes)
        self.activation = activations.get(activation)
        self.take_parts(locals(), "kernel", "bias")
        found = FORM.fullmatch(equation.replace(" ", ""))
        left, given, right, own, left_out, out, right_out = found.groups() if found else [None] * 7
        if not found or (left, right) != (left_out, right_out) or (left and right):
            raise ValueError(
                f"{self.name}: equation is {equation!r}, expected [X],[Y]->[Z], ...[X],[Y]->...[Z] "
                "or [X]...,[Y]->[Z]..."
            )
        self.left = bool(left)
        self.letters: tuple[str, str, str] = (str(given), str(own), str(out))
        self.ellipsis = bool(left or right)

    def _sizes(self, input_shape: Shape) -> tuple[dict[str, Any], Any]:
        """Return the size of each letter, and what the ellipsis stands for."""
        given, own, out = self.letters
        more = len(input_shape) - len(given)
        if more < 0 or (more and not self.ellipsis):
            raise ValueError(f"{self.name}: {self.equation} does not fit an input {input_shape}")
        rest = input_shape[:more] if self.left else input_shape[len(given) :]
        mine = input_shape[more:] if self.left else input_shape[: len(given)]
        sizes = dict(zip(given, mine, strict=True))
        named = out if self.left else out[1:]  # the first one is that of the rows
        if len(named) != len(self.sizes):
            raise ValueError(f"{self.name}: output_shape is {self.sizes}, expected {len(named)}")
        for letter, size in zip(named, self.sizes, strict=True):
            if size is not None and sizes.get(letter) not in (None, size):
                raise ValueError(
                    f"{self.name}: Input shape and output shape do not match at shared dimension "
                    f"{letter!r}: {sizes[letter]} and {size}"
                )
            sizes[letter] = sizes.get(letter) if size is None else size
        for letter in own + out:
            if letter not in sizes or (letter in out and letter not in given + own):
                raise ValueError(f"{self.name}: {letter!r} in {self.equation} has no size")
        return sizes, rest

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        _, own, out = self.letters
        sizes, rest = self._sizes(input_shape)
        shape = [sizes[letter] for letter in own]
        if None in shape:
            raise ValueError(f"{self.name}: an axis of the kernel {own} has no fixed size")
        summed = math.prod(sizes[letter] for letter in own if letter not in out)
        drawn, *rules = self.part("kernel")
        self.kernel = self.add_weight("kernel", shape, fanned(drawn, summed), *rules)
        self.bias: Any = None
        if self.bias_axes is not None:
            unknown = [letter for letter in self.bias_axes if letter not in out]
            if unknown:
                raise ValueError(f"{self.name}: bias_axes has {unknown[0]!r}, the output is {out}")
            first = min(out.index(letter) for letter in self.bias_axes)
            axes = [sizes[c] if c in self.bias_axes else 1 for c in out[first:]]
            self.bias = self.add_part("bias", axes + [1] * (0 if self.left else len(rest)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        _, rest = self._sizes(input_shape)  # as Keras: None, where the user says so
        return (*rest, *self.sizes) if self.left else (input_shape[0], *self.sizes, *rest)

    @property
    def is_product(self) -> bool:
        """Whether it is one product of matrices: the last letters summed, others in their place."""
        given, own, out = self.letters
        summed = "".join(c for c in given if c not in out)
        return (
            bool(summed)
            and given.endswith(summed)
            and own.startswith(summed)
            and out == given.removesuffix(summed) + own.removeprefix(summed)
            and (self.left or not self.ellipsis)
        )

    @property
    def _summed(self) -> int:
        given, _, out = self.letters
        return sum(letter not in out for letter in given)

    def _matrix(self, kernel: Array) -> Array:
        return kernel.reshape(math.prod(kernel.shape[: self._summed]), -1)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        kernel = self.kernel.value
        if self.is_product:
            matrix = self._matrix(kernel)
            flat = np.ascontiguousarray(x).reshape(-1, len(matrix))
            a = functional.dense(flat, matrix, None)
            a = a.reshape(*x.shape[: x.ndim - self._summed], *kernel.shape[self._summed :])
        else:
            flat, a = x, np.einsum(self.equation, x, kernel, optimize=True)
        a = a if self.bias is None else a + self.bias.value
        y = self.activation(a)
        self.tape = (x.shape, flat, a, y) if training else None
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shape, x, a, y = self.tape
        da = self.activation.gradient(np.asarray(dy), a, y)
        kernel, grad = self.kernel.value, self.kernel.grad
        if self.bias is not None:
            self.bias.grad[...] = unbroadcast(da, self.bias.shape)
        if self.is_product:
            matrix, out = self._matrix(kernel), (self._matrix(grad), None)
            flat = np.ascontiguousarray(da).reshape(len(x), -1)
            dx = functional.dense_backward(x, matrix, flat, need_dx=need_dx, out=out)[0]
            return None if dx is None else dx.reshape(shape)
        inputs = [Tracked(x), Tracked(kernel)]
        product = differentiate(lambda *both: np.einsum(self.equation, *both), self.name, *inputs)
        dx, grad[...] = product.gradients(inputs, da)
        return dx

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"output_shape": self.sizes}


def fanned(initializer: Any, summed: int) -> Any:
    """Return an initializer that takes a kernel for the matrix (summed, others) that it is."""
    if not isinstance(initializer, (initializers.VarianceScaling, initializers.Scaled)):
        return initializer

    def fill(shape: Any, dtype: Any = None) -> Array:
        drawn: Array = initializer((summed, math.prod(shape) // summed), dtype).reshape(shape)
        return drawn

    return fill
