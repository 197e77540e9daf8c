"""AdaptiveInstanceNormalization: channels get the mean and the deviation that a style says."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import AdaptiveInstanceNormalization
from tests.shared import LayerTests


class TestAdaptiveInstanceNormalization(LayerTests):
    inputs = [
        np.random.default_rng(0).normal(1, 2, (4, 3, 2, 5)).astype("float32"),
        np.random.default_rng(1).normal(size=(4, 6)).astype("float32"),
    ]

    def make_layer(self):
        return AdaptiveInstanceNormalization(1e-3)


def randomized(layer, x, w):
    layer.build([x.shape, w.shape])
    layer.style.bias.assign(np.random.default_rng(2).normal(size=layer.style.bias.shape))
    return layer


@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_equals_numpy(epsilon):
    rng = np.random.default_rng(0)
    x, w = rng.normal(3, 2, (4, 5, 3, 2)), rng.normal(size=(4, 6))
    layer = randomized(AdaptiveInstanceNormalization(epsilon, dtype="float64"), x, w)
    style = w @ layer.style.kernel.numpy() + layer.style.bias.numpy()
    outputs = layer([x, w])
    assert outputs.dtype == tf.float64
    for i in range(4):
        for c in range(2):
            channel = x[i, :, :, c]
            normalized = (channel - channel.mean()) / np.sqrt(channel.var() + epsilon)
            expected = (1 + style[i, c]) * normalized + style[i, 2 + c]
            np.testing.assert_allclose(outputs[i, :, :, c], expected, rtol=1e-10, atol=1e-12)


def test_the_style_is_the_mean_and_the_deviation_of_the_outputs():
    rng = np.random.default_rng(0)
    x, w = rng.normal(3, 2, (4, 8, 8, 2)).astype("float32"), rng.normal(size=(4, 6))
    layer = randomized(AdaptiveInstanceNormalization(), x, w)
    outputs = layer([x, w.astype("float32")]).numpy()
    scale, shift = np.split(layer.style(w.astype("float32")).numpy(), 2, axis=1)
    np.testing.assert_allclose(outputs.mean(axis=(1, 2)), shift, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=(1, 2)), np.abs(1 + scale), rtol=1e-4)


def test_images_keep_to_themselves():
    layer_tests = TestAdaptiveInstanceNormalization()
    x, w = layer_tests.inputs
    layer = randomized(layer_tests.make_layer(), x, w)
    np.testing.assert_allclose(layer([x[:1], w[:1]]), layer([x, w])[:1], rtol=1e-5, atol=1e-6)


def test_a_constant_channel_has_a_finite_gradient():
    x, w = tf.ones((2, 3, 3, 1)), tf.zeros((2, 4))
    layer = AdaptiveInstanceNormalization()
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer([x, w])
    np.testing.assert_array_equal(outputs, np.zeros((2, 3, 3, 1)))
    assert np.isfinite(tape.gradient(outputs, x)).all()


def test_squares_do_not_overflow_in_float16():
    x = np.float32([1000.0, -1000.0]).reshape(1, 1, 2, 1)
    outputs = AdaptiveInstanceNormalization(dtype="mixed_float16")([x, np.zeros((1, 3), "float32")])
    np.testing.assert_allclose(np.ravel(outputs), [1, -1], rtol=1e-3)


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=0"):
        AdaptiveInstanceNormalization(0)
