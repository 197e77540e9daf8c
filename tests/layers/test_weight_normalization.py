"""WeightNormalization: s·θ/‖θ‖ for every unit, and its initialization from data."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import WeightNormalization
from tests.shared import LayerTests

RANDOM = np.random.default_rng(0)


class TestDense(LayerTests):
    inputs = RANDOM.normal(size=(4, 5)).astype("float32")

    def make_layer(self):
        return WeightNormalization(keras.layers.Dense(3, use_bias=False), train_scale=False)


class TestConv2D(LayerTests):
    inputs = RANDOM.normal(size=(4, 6, 5, 2)).astype("float32")

    def make_layer(self):
        return WeightNormalization(keras.layers.Conv2D(3, 3, strides=2, use_bias=False))


class TestConv2DTranspose(LayerTests):
    inputs = RANDOM.normal(size=(4, 3, 3, 2)).astype("float32")

    def make_layer(self):
        return WeightNormalization(keras.layers.Conv2DTranspose(3, 4, strides=2, use_bias=False))


LAYERS = [
    (keras.layers.Dense, {"units": 3}, (4, 5)),
    (keras.layers.Dense, {"units": 3}, (4, 6, 5)),
    (keras.layers.Conv1D, {"filters": 4, "kernel_size": 3}, (4, 6, 5)),
    (keras.layers.Conv2D, {"filters": 4, "kernel_size": (3, 2)}, (4, 6, 6, 2)),
    (keras.layers.Conv2DTranspose, {"filters": 4, "kernel_size": (3, 2)}, (4, 6, 6, 2)),
]


def built(kind, arguments, shape, **kwargs):
    """In float64, with random weights."""
    arguments = {**arguments, "use_bias": False, "dtype": "float64"}
    layer = WeightNormalization(kind(**arguments), **kwargs)
    layer.build(shape)
    layer.set_weights([RANDOM.normal(size=weight.shape) for weight in layer.weights])
    return layer


def normalized_kernel(layer):
    """s·θ/‖θ‖ in NumPy."""
    theta, scale = layer.layer.kernel.numpy(), layer.scale.numpy()
    if "Transpose" in type(layer.layer).__name__:  # (…, units, inputs)
        theta = np.swapaxes(theta, -1, -2)
        columns = theta.reshape(-1, theta.shape[-1])
        kernel = scale * theta / np.sqrt((columns**2).sum(axis=0))
        return np.swapaxes(kernel, -1, -2)
    columns = theta.reshape(-1, theta.shape[-1])
    return scale * theta / np.sqrt((columns**2).sum(axis=0))


@pytest.mark.parametrize(("kind", "arguments", "shape"), LAYERS)
def test_is_the_layer_with_normalized_columns_and_a_bias(kind, arguments, shape):
    layer = built(kind, arguments, shape)
    plain = kind(**arguments, dtype="float64")
    plain.build(shape)
    plain.set_weights([normalized_kernel(layer), layer.bias.numpy()])
    x = RANDOM.normal(size=shape)
    outputs = layer(x)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, plain(x), rtol=1e-12, atol=1e-13)


def test_gradients_are_those_of_the_paper():
    """Equation 3: ∇s = ∇W·θ/‖θ‖, and ∇θ = s/‖θ‖ (∇W − ∇s θ/‖θ‖), orthogonal to θ."""
    layer = built(keras.layers.Dense, {"units": 3}, (4, 5))
    x, weights = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(4, 3))
    theta, scale = layer.layer.kernel.numpy(), layer.scale.numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) * weights)
    by_theta, by_scale = tape.gradient(loss, [layer.layer.kernel.value, layer.scale.value])
    norm = np.linalg.norm(theta, axis=0)
    by_w = x.T @ weights
    np.testing.assert_allclose(by_scale, (by_w * theta / norm).sum(axis=0), rtol=1e-12)
    expected = scale / norm * (by_w - by_scale * theta / norm)
    np.testing.assert_allclose(by_theta, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.sum(by_theta * theta, axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("train_scale", [True, False])
def test_the_scale_is_trained_where_it_should_be(train_scale):
    layer = built(keras.layers.Dense, {"units": 3}, (4, 5), train_scale=train_scale)
    trained = [weight.name for weight in layer.trainable_weights]
    assert sorted(trained) == sorted(["kernel", "bias", *["scale"] * train_scale])


@pytest.mark.parametrize(("kind", "arguments", "shape"), LAYERS)
def test_initialize_normalizes_each_unit_and_keeps_directions(kind, arguments, shape):
    layer = built(kind, arguments, shape)
    x = RANDOM.normal(2, 3, size=shape)
    kernel, before = normalized_kernel(layer), layer(x).numpy().reshape(-1, layer.bias.shape[0])
    outputs = layer.initialize(x).numpy().reshape(before.shape)
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(outputs.std(axis=0), 1, rtol=1e-12)
    expected = (before - before.mean(axis=0)) / before.std(axis=0)
    np.testing.assert_allclose(outputs, expected, atol=1e-12)
    ratio = normalized_kernel(layer) / kernel
    units = -2 if "Transpose" in kind.__name__ else -1
    ratio = np.moveaxis(ratio, units, -1).reshape(-1, before.shape[1])
    np.testing.assert_allclose(ratio, ratio[:1].repeat(len(ratio), 0), rtol=1e-10)


def test_initialize_only_centers_a_unit_that_is_constant():
    layer = WeightNormalization(keras.layers.Dense(2, use_bias=False))
    outputs = layer.initialize(np.ones((4, 3), "float32"))
    np.testing.assert_allclose(outputs, np.zeros((4, 2)), atol=1e-6)
    np.testing.assert_array_equal(layer.scale, [1, 1])


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_kernel_of_zeros_has_finite_outputs_and_gradients(policy):
    inner = keras.layers.Dense(3, use_bias=False, kernel_initializer="zeros", dtype=policy)
    layer = WeightNormalization(inner)
    x = tf.constant(RANDOM.normal(size=(4, 5)).astype("float32"))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        outputs = tf.cast(layer(x), "float32")
        loss = tf.reduce_sum(outputs)
    np.testing.assert_array_equal(outputs, np.zeros((4, 3)))
    assert np.isfinite(tape.gradient(loss, inner.kernel.value)).all()


def test_the_norm_is_of_the_kernel_in_full_precision():
    """In bfloat16 a kernel of 1 + 2⁻¹⁰ would be 1."""
    layer = WeightNormalization(keras.layers.Dense(1, use_bias=False, dtype="mixed_bfloat16"))
    outer = keras.Sequential([keras.Input((1,)), layer])
    layer.layer.kernel.assign([[1 + 2**-10]])
    assert outer(np.float32([[1.0]])).dtype == tf.bfloat16
    np.testing.assert_allclose(layer.norms(), [1 + 2**-10], rtol=1e-7)


def test_its_moving_average_is_the_layer_with_averaged_weights():
    from keras_gans.models.moving_average import MovingAverage

    network = keras.Sequential(
        [keras.Input((5,)), WeightNormalization(keras.layers.Dense(3, use_bias=False))]
    )
    average = MovingAverage(network, decay=0.5)
    x = RANDOM.normal(size=(4, 5)).astype("float32")
    network.set_weights([RANDOM.normal(size=w.shape) for w in network.weights])
    average.update()
    copy = average.copy()
    assert not np.allclose(copy(x), network(x))
    np.testing.assert_allclose(average(x), copy(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: keras.layers.Dense(3), r"must have use_bias=False.*use_bias=True"),
        (lambda: keras.layers.Dense(3, "relu", use_bias=False), r"activation='relu'"),
        (lambda: keras.layers.Flatten(), r"`layer` must have a `kernel`.*Flatten"),
        (lambda: keras.layers.DepthwiseConv1D(1, use_bias=False), r"a column of its kernel"),
        (
            lambda: keras.layers.Conv1D(3, 1, use_bias=False, data_format="channels_first"),
            r"data_format='channels_first'",
        ),
    ],
)
def test_refuses_layers_whose_kernel_cannot_be_normalized(layer, message):
    with pytest.raises(ValueError, match=message):
        WeightNormalization(layer())(np.ones((2, 4, 3), "float32"))
