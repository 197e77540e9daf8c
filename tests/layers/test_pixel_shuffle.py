import keras
import numpy as np
import pytest

import keras_gans as kg
from tests.shared import LayerTests

RANDOM = np.random.default_rng(0)


class TestPixelShuffle(LayerTests):
    inputs = RANDOM.normal(size=(4, 5, 3, 8)).astype("float32")

    def make_layer(self):
        return kg.layers.PixelShuffle(2)


@pytest.mark.parametrize("factor", [2, 3])
def test_channels_become_pixels(factor):
    x = RANDOM.normal(size=(2, 4, 3, 2 * factor**2))
    found = kg.layers.PixelShuffle(factor, dtype="float64")(x)
    expected = np.zeros((2, 4 * factor, 3 * factor, 2))
    for row, column, c in np.ndindex(*expected.shape[1:]):
        i, a = divmod(row, factor)
        j, b = divmod(column, factor)
        expected[:, row, column, c] = x[:, i, j, (factor * a + b) * 2 + c]
    np.testing.assert_array_equal(found, expected)


def test_a_convolution_before_it_is_a_transposed_one():
    """With kernels of r × r that do not overlap."""
    kernel = RANDOM.normal(size=(1, 1, 3, 8))
    x = RANDOM.normal(size=(2, 4, 5, 3))
    found = kg.layers.PixelShuffle(2, dtype="float64")(keras.ops.conv(x, kernel))
    transposed = kernel.reshape(3, 2, 2, 2).transpose(1, 2, 3, 0)
    np.testing.assert_allclose(found, keras.ops.conv_transpose(x, transposed, 2), rtol=1e-10)


def test_images_may_have_any_size():
    inputs = keras.Input((None, None, 12))
    model = keras.Model(inputs, kg.layers.PixelShuffle(2)(inputs))
    assert model.output_shape == (None, None, None, 3)
    assert model(np.zeros((1, 3, 5, 12))).shape == (1, 6, 10, 3)


@pytest.mark.parametrize("factor", [1, 0, 2.0, "2", None])
def test_factors_must_be_whole(factor):
    with pytest.raises((TypeError, ValueError), match="`factor`"):
        kg.layers.PixelShuffle(factor)


def test_channels_must_be_enough():
    with pytest.raises(ValueError, match="`inputs` must have a multiple of 9 channels"):
        kg.layers.PixelShuffle(3)(np.zeros((1, 2, 2, 12)))
