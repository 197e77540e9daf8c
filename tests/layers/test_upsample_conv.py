"""UpsampleConv2D equals an upsampling and a convolution."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import UpsampleConv2D
from tests.shared import LayerTests


class TestUpsampleConv2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5, 3, 2)).astype("float32")

    def make_layer(self):
        return UpsampleConv2D(3, kernel_size=5, activation="tanh")


def two_layers(layer, filters, kernel_size, **kwargs):
    """The same as two Keras layers, with the weights of `layer`."""
    conv = keras.layers.Conv2D(filters, kernel_size, padding="same", **kwargs)
    conv.build((None, None, None, layer.kernel.shape[2]))
    conv.set_weights(layer.get_weights())
    upsample = keras.layers.UpSampling2D(2, interpolation="nearest", dtype=kwargs.get("dtype"))
    return lambda x: conv(upsample(x))


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("arguments", [{"bias_initializer": "normal"}, {"use_bias": False}])
def test_equals_upsampling_and_convolution(kernel_size, arguments):
    arguments = {"kernel_initializer": "normal", "dtype": "float64", **arguments}
    layer = UpsampleConv2D(4, kernel_size, **arguments)
    x = np.random.default_rng(0).normal(size=(2, 5, 3, 2))
    outputs = layer(x)
    expected = two_layers(layer, 4, kernel_size, **arguments)(x)
    assert outputs.dtype == tf.float64
    assert outputs.shape == (2, 10, 6, 4)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)


def test_equals_them_in_float32_with_an_activation():
    layer = UpsampleConv2D(8, activation="tanh", kernel_initializer="he_normal")
    x = np.random.default_rng(0).normal(size=(2, 7, 7, 16)).astype("float32")
    outputs = layer(x)
    assert layer.kernel.shape == (3, 3, 16, 8)
    np.testing.assert_allclose(outputs, two_layers(layer, 8, 3, activation="tanh")(x), atol=1e-5)


def test_its_gradients_are_theirs():
    layer = UpsampleConv2D(3, 5, dtype="float64")
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 4, 2)))
    layer.build(x.shape)
    conv = keras.layers.Conv2D(3, 5, padding="same", dtype="float64")
    conv.build((None, 8, 8, 2))
    conv.set_weights(layer.get_weights())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(x)))
    ours = tape.gradient(loss, [layer.kernel.value, layer.bias.value])
    with tf.GradientTape() as tape:
        upsampled = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
        loss = tf.reduce_sum(tf.sin(conv(upsampled)))
    for a, b in zip(ours, tape.gradient(loss, [conv.kernel.value, conv.bias.value]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_unknown_sides_run():
    layer = UpsampleConv2D(2)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, None, 2)
    assert model(np.zeros((1, 3, 5, 3))).shape == (1, 6, 10, 2)


@pytest.mark.parametrize(
    "shape, expected",
    [((None, 7, 5, 3), (None, 14, 10, 4)), ((2, None, 5, 3), (2, None, 10, 4))],
)
def test_compute_output_shape(shape, expected):
    assert UpsampleConv2D(4).compute_output_shape(shape) == expected


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy):
    layer = UpsampleConv2D(4, kernel_initializer="he_normal", dtype=policy)
    x = np.random.default_rng(0).normal(size=(2, 5, 3, 2)).astype("float32")
    outputs = layer(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    assert layer.kernel.dtype == "float32"
    expected = two_layers(layer, 4, 3)(x)
    np.testing.assert_allclose(tf.cast(outputs, "float32"), expected, atol=0.1)


def test_config_round_trip():
    layer = UpsampleConv2D(4, 5, activation="relu", use_bias=False, name="grow")
    again = UpsampleConv2D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.filters, again.kernel_size, again.use_bias) == (4, (5, 5), False)
    assert again.activation is keras.activations.relu


def test_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((3, 3, 2)), UpsampleConv2D(4), UpsampleConv2D(1, 5)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 2)).astype("float32")
    np.testing.assert_array_equal(model(x), again(x))
    assert again.output_shape == (None, 12, 12, 1)


@pytest.mark.parametrize("kernel_size", [2, 4, (3, 5), (3,), (3, 3, 3), 3.0, "3", -1])
def test_kernels_must_be_odd_squares(kernel_size):
    with pytest.raises(ValueError, match="`kernel_size`"):
        UpsampleConv2D(4, kernel_size)


@pytest.mark.parametrize("argument", [{"strides": 1}, {"padding": "same"}, {"groups": 2}])
def test_what_is_fixed_cannot_be_given(argument):
    with pytest.raises(TypeError, match=next(iter(argument))):
        UpsampleConv2D(4, **argument)


def test_what_conv2d_refuses_is_refused():
    with pytest.raises(ValueError, match="filters"):
        UpsampleConv2D(0)
