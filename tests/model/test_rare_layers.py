"""Layers that few models have: what Keras's numbers do not say of them."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import layers, utils


def test_kernels_begin_as_wide_as_those_of_keras() -> None:
    """The fans of a convolution are those of all its steps; of letters, those that are summed."""
    utils.set_random_seed(0)
    cases = (
        (layers.Conv1D(8, 5), (None, 20, 4), 5 * 4 + 5 * 8),
        (layers.Conv1DTranspose(8, 5), (None, 20, 4), 5 * 4 + 5 * 8),
        (layers.EinsumDense("abc,cde->abde", (20, 3, 5), bias_axes="e"), (None, 20, 9), 9 + 15),
    )
    for layer, shape, fans in cases:
        layer.build(shape)
        limit, widest = np.sqrt(6 / fans), np.abs(layer.kernel.value).max()
        assert 0.9 * limit < widest <= limit


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(1).normal(size=(400, 100))
    y = layers.AlphaDropout(0.3, seed=2, dtype="float64")(x, training=True)
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=0.02)
    assert len(np.unique(y[:, :1].round(9))) < 400  # many are one and the same
    np.testing.assert_array_equal(layers.AlphaDropout(0.3)(x), x.astype(np.float32))


def test_thresholded_relu() -> None:
    np.testing.assert_array_equal(layers.ThresholdedReLU(1.5)([[1.0, 1.5, 2.0]]), [[0, 0, 2]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.EinsumDense("ab,bc", 3), "equation is 'ab,bc', expected"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="d")(np.ones((2, 2))), "bias_axes"),
        (lambda: layers.EinsumDense("ab,bd->ac", 3)(np.ones((2, 2))), "'d' in .* has no size"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3)(np.ones((2, 2, 2))), "does not fit an input"),
        (lambda: layers.EinsumDense("ab,bc->ac", (3, 4))(np.ones((2, 2))), "output_shape is"),
        (lambda: layers.EinsumDense("abc,cd->abd", (4, 3))(np.ones((2, 5, 2))), "do not match"),
        (lambda: layers.Conv1DTranspose(2, 3, output_padding=1), "output_padding is 1"),
        (lambda: layers.GroupNormalization(0), "groups is 0"),
        (lambda: layers.GroupNormalization(3)(np.ones((2, 4))), "groups is 3, expected a divisor"),
        (lambda: layers.GroupQueryAttention(2, 3, 2), "must be divisible"),
        (lambda: layers.MultiHeadAttention(2, 2, flash_attention=True, dropout=0.1), "flash"),
        (lambda: layers.AdaptiveMaxPooling1D(0), "output_size is 0"),
    ],
)
def test_errors(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
