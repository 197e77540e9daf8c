"""EqualizedLearningRate: kernels of N(0, 1), used with He's deviation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import EqualizedLearningRate, UpsampleConv2D
from tests.shared import LayerTests


class TestDense(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")

    def make_layer(self):
        return EqualizedLearningRate(keras.layers.Dense(3), gain=1.0, lr_multiplier=0.1)


class TestConv2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 6, 5, 2)).astype("float32")

    def make_layer(self):
        return EqualizedLearningRate(keras.layers.Conv2D(3, 3, strides=2, padding="same"))


class TestConv2DTranspose(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype("float32")

    def make_layer(self):
        return EqualizedLearningRate(keras.layers.Conv2DTranspose(3, 4))


#: Layers, shapes of inputs, and how many weights each output is a sum over.
LAYERS = [
    (keras.layers.Dense(3), (2, 5), 5),
    (keras.layers.Conv1D(4, 3), (2, 6, 5), 3 * 5),
    (keras.layers.Conv2D(4, (3, 2)), (2, 6, 6, 2), 3 * 2 * 2),
    (keras.layers.Conv2D(4, 3, groups=2), (2, 6, 6, 6), 3 * 3 * 3),
    (keras.layers.Conv2DTranspose(4, 3), (2, 6, 6, 2), 3 * 3 * 2),
    (UpsampleConv2D(4), (2, 6, 6, 2), 3 * 3 * 2),
]


@pytest.mark.parametrize("layer, shape, fan_in", LAYERS)
@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_is_the_layer_with_scaled_weights(layer, shape, fan_in, multiplier):
    config = {**layer.get_config(), "dtype": "float64", "bias_initializer": "normal"}
    wrapped = EqualizedLearningRate(type(layer).from_config(config), 1.5, multiplier)
    x = np.random.default_rng(0).normal(size=shape)
    outputs = wrapped(x)
    kernel, bias = wrapped.get_weights()

    plain = type(layer).from_config(config)
    plain.build(shape)
    scale = multiplier * 1.5 / np.sqrt(fan_in)
    plain.set_weights([kernel * scale, bias * multiplier])
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, plain(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_gradients_are_scaled_as_the_weights_are(multiplier):
    layer = EqualizedLearningRate(keras.layers.Dense(3, dtype="float64"), 1.5, multiplier)
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 6)))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    variables = [layer.layer.kernel.value, layer.layer.bias.value]
    by_kernel, by_bias = tape.gradient(loss, variables)
    expected = multiplier * 1.5 / np.sqrt(6) * np.sum(x, axis=0)[:, None]
    np.testing.assert_allclose(by_kernel, np.tile(expected, 3), rtol=1e-12)
    np.testing.assert_allclose(by_bias, np.full(3, 4 * multiplier), rtol=1e-12)


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_outputs_start_with_the_variance_that_gain_says(multiplier):
    """Of inputs of unit variance: gain². With a rectifier after it, √2 keeps the mean square."""
    keras.utils.set_random_seed(0)
    layer = EqualizedLearningRate(keras.layers.Dense(300), lr_multiplier=multiplier)
    outputs = layer(np.random.default_rng(0).normal(size=(300, 400)))
    kernel, bias = layer.get_weights()
    assert kernel.std() == pytest.approx(1 / multiplier, rel=0.02)
    assert abs(kernel.mean()) < 0.02 / multiplier
    assert not bias.any()
    assert np.std(outputs) == pytest.approx(np.sqrt(2), rel=0.02)
    assert np.mean(np.maximum(outputs, 0) ** 2) == pytest.approx(1, rel=0.03)


def test_half_precision_rounds_what_is_scaled_once():
    """The scale itself is not rounded, which would be an error of all outputs alike."""
    x = np.random.default_rng(0).normal(size=(64, 700)).astype("float32")
    plain = EqualizedLearningRate(keras.layers.Dense(32))
    expected = plain(x).numpy()
    half = EqualizedLearningRate(keras.layers.Dense(32, dtype="mixed_bfloat16"))
    half.build(x.shape)
    half.set_weights(plain.get_weights())
    ratio = np.sum(tf.cast(half(x), "float32") * expected) / np.sum(expected**2)
    assert ratio == pytest.approx(1, abs=2e-4)


def test_what_does_not_go_is_refused():
    with pytest.raises(ValueError, match=r"`layer` must have a `kernel`.*ReLU"):
        EqualizedLearningRate(keras.layers.ReLU())
    with pytest.raises(ValueError, match=r"`layer` must have no activation.*'relu'"):
        EqualizedLearningRate(keras.layers.Dense(1, activation="relu"))
    with pytest.raises(ValueError, match=r"`gain`.*gain=0"):
        EqualizedLearningRate(keras.layers.Dense(1), gain=0)
    with pytest.raises(ValueError, match=r"`lr_multiplier`.*lr_multiplier=-1"):
        EqualizedLearningRate(keras.layers.Dense(1), lr_multiplier=-1)
