"""Against a dense convolution with a kernel of zeros between the groups, in float64."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import GroupedConv2D, grouped_conv
from tests.shared import LayerTests

RANDOM = np.random.default_rng(0)


class TestGroupedConv2D(LayerTests):
    inputs = RANDOM.normal(size=(4, 5, 3, 4)).astype("float32")

    def make_layer(self):
        return GroupedConv2D(6, 3, groups=2, padding="same", activation="tanh")


def dense_kernel(kernel, groups):
    """The kernel `(…, channels, filters)` of the same convolution without groups."""
    *sides, channels, filters = kernel.shape
    dense = np.zeros((*sides, groups * channels, filters), kernel.dtype)
    for g in range(groups):
        rows = slice(g * channels, (g + 1) * channels)
        columns = slice(g * filters // groups, (g + 1) * filters // groups)
        dense[..., rows, columns] = kernel[..., columns]
    return dense


def penalty_gradients(convolve, x, kernel):
    """The gradients of a function of the gradient at `x`, as penalties need them."""
    with tf.GradientTape() as outer:
        outer.watch([x, kernel])
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(convolve(x, kernel) ** 3)
        penalty = loss + tf.reduce_sum(tape.gradient(loss, x) ** 2)
    return outer.gradient(penalty, [x, kernel])


@pytest.fixture(params=[True, False], ids=["one operation", "one a group"])
def has_gradients(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(grouped_conv, "_has_gradients", lambda dtype: False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"padding": "same"},
        {"padding": "valid", "strides": 2},
        {"padding": "same", "dilation_rate": 2, "use_bias": False},
    ],
)
def test_it_is_a_convolution_with_a_sparse_kernel(arguments, has_gradients):
    layer = GroupedConv2D(6, 3, groups=3, dtype="float64", bias_initializer="normal", **arguments)
    dense = keras.layers.Conv2D(6, 3, dtype="float64", **arguments)
    x = RANDOM.normal(size=(2, 6, 7, 9))
    for each in (layer, dense):
        each.build(x.shape)
    dense.set_weights([dense_kernel(layer.kernel.numpy(), 3), *layer.get_weights()[1:]])
    np.testing.assert_allclose(layer(x), dense(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-3), ("float64", 1e-10)])
def test_gradients_of_gradients_are_those_of_the_sparse_kernel(dtype, tolerance, has_gradients):
    layer = GroupedConv2D(4, 3, groups=2, padding="same", use_bias=False, dtype=dtype)
    x = tf.constant(RANDOM.normal(size=(2, 4, 5, 6)), dtype)
    layer.build(x.shape)
    kernel = layer.kernel.value
    dense = tf.constant(dense_kernel(kernel.numpy(), 2))
    found = penalty_gradients(layer.convolution_op, x, tf.constant(kernel))
    expected = penalty_gradients(lambda x, k: tf.nn.conv2d(x, k, 1, "SAME"), x, dense)
    np.testing.assert_allclose(found[0], expected[0], rtol=tolerance, atol=tolerance)
    of_groups = expected[1] * tf.cast(dense != 0, dtype)
    np.testing.assert_allclose(
        dense_kernel(found[1].numpy(), 2), of_groups, rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_has_gradients_of_gradients(dtype):
    layer = GroupedConv2D(4, 3, groups=2, padding="same", dtype=dtype)
    x = tf.cast(RANDOM.normal(size=(2, 4, 5, 6)) / 10, dtype)
    layer.build(x.shape)
    for gradient in penalty_gradients(layer.convolution_op, x, tf.constant(layer.kernel.value)):
        assert np.isfinite(tf.cast(gradient, tf.float32)).all()


def test_xla_compiles_it(has_gradients):
    layer = GroupedConv2D(4, 3, groups=2)
    x = tf.constant(RANDOM.normal(size=(2, 4, 5, 4)), tf.float32)
    layer.build(x.shape)
    arguments = layer.convolution_op, x, tf.constant(layer.kernel.value)
    compiled = tf.function(penalty_gradients, jit_compile=True)
    for a, b in zip(compiled(*arguments), penalty_gradients(*arguments), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_its_weights_are_those_of_keras():
    layer, of_keras = (kind(8, (3, 5), groups=4) for kind in (GroupedConv2D, keras.layers.Conv2D))
    x = RANDOM.normal(size=(1, 6, 7, 8)).astype("float32")
    for each in (layer, of_keras):
        each.build(x.shape)
    of_keras.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x), of_keras(x), atol=1e-5)


def test_it_is_what_is_tried_that_is_used(monkeypatch):
    convolutions = itertools.count()
    convolve = tf.nn.conv2d
    monkeypatch.setattr(
        tf.nn, "conv2d", lambda *a, **kw: (next(convolutions), convolve(*a, **kw))[1]
    )
    monkeypatch.setattr(grouped_conv, "_has_gradients", lambda dtype: dtype == tf.float32)
    GroupedConv2D(8, 3, groups=4)(np.zeros((1, 3, 3, 8), "float32"))
    assert next(convolutions) == 1
    GroupedConv2D(8, 3, groups=4, dtype="float64")(np.zeros((1, 3, 3, 8)))
    assert next(convolutions) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 4, "groups": 0}, "`groups` must be a positive integer"),
        ({"filters": 0, "groups": 1}, "`filters` must be a positive integer"),
        ({"filters": 5, "groups": 2}, "groups"),
    ],
)
def test_numbers_must_be_positive_and_divide(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupedConv2D(kernel_size=3, **arguments)


def test_channels_come_last():
    with pytest.raises(TypeError, match="data_format"):
        GroupedConv2D(4, 3, groups=2, data_format="channels_first")
