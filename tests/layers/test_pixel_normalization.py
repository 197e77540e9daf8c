"""PixelNormalization: root mean square one at every position."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import PixelNormalization
from tests.shared import LayerTests


class TestPixelNormalization(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 2, 5)).astype("float32")

    def make_layer(self):
        return PixelNormalization(1e-6)


@pytest.mark.parametrize("shape", [(3, 5), (3, 4, 2, 5)])
@pytest.mark.parametrize("epsilon", [1e-8, 0.1])
def test_equals_numpy(shape, epsilon):
    x = np.random.default_rng(0).normal(size=shape)
    outputs = PixelNormalization(epsilon, dtype="float64")(x)
    expected = x / np.sqrt((x**2).sum(axis=-1, keepdims=True) / 5 + epsilon)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)


def test_zero_stays_zero_with_a_finite_gradient():
    x = tf.zeros((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = PixelNormalization()(x)
    np.testing.assert_array_equal(outputs, np.zeros((2, 3)))
    np.testing.assert_allclose(tape.gradient(outputs, x), np.full((2, 3), 1e4), rtol=1e-5)


def test_squares_do_not_overflow_in_float16():
    outputs = PixelNormalization(dtype="mixed_float16")(np.float32([[1000.0, -1000.0]]))
    np.testing.assert_allclose(outputs, [[1, -1]], rtol=1e-3)


def test_epsilon_is_the_papers_and_must_be_positive():
    assert PixelNormalization().epsilon == 1e-8
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=0"):
        PixelNormalization(0)
