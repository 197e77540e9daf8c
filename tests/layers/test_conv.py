import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg

SHAPES = [
    ((4, 4, 3), 5, 2, "same"),
    ((4, 4, 3), 4, 2, "same"),
    ((3, 4, 2), (3, 2), 2, "same"),
    ((2, 2, 3), 3, 1, "same"),
    ((1, 4, 3), (1, 3), 1, "same"),
    ((5, 4, 3), (5, 3), 1, "valid"),
    ((4, 4, 3), 4, 1, "valid"),
    ((6, 6, 2), 3, 3, "valid"),
    ((8, 8, 2), 5, 2, "same"),  # more positions
]


def both(shape, kernel_size, strides, padding, dtype="float64", **kwargs):
    kwargs = {"kernel_size": kernel_size, "strides": strides, "padding": padding, **kwargs}
    layers = [make(5, dtype=dtype, **kwargs) for make in (kg.layers.Conv2D, keras.layers.Conv2D)]
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(2, *shape)), dtype)
    for layer in layers:
        layer.build(x.shape)
    layers[0].set_weights([rng.normal(size=w.shape) for w in layers[0].get_weights()])
    layers[1].set_weights(layers[0].get_weights())
    return x, layers


def penalty_and_gradients(layer, x):
    """A function of the gradient by the input, as in a gradient penalty, and its gradients."""
    weights = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(outputs**3)
        penalty = tf.reduce_sum(inner.gradient(loss, x) ** 2) + loss
    return [outputs, *outer.gradient(penalty, [x, *weights])]


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(("shape", "kernel_size", "strides", "padding"), SHAPES)
def test_is_a_convolution_in_value_and_gradients(shape, kernel_size, strides, padding, use_bias):
    x, layers = both(shape, kernel_size, strides, padding, use_bias=use_bias)
    found, expected = (penalty_and_gradients(layer, x) for layer in layers)
    for ours, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-10, atol=1e-10 * np.abs(plain).max())


@pytest.mark.parametrize(
    "kwargs", [{"dilation_rate": 2, "strides": 1}, {"groups": 2}, {"activation": "tanh"}]
)
def test_with_all_that_keras_offers(kwargs):
    kwargs = {"strides": 2, **kwargs}
    strides = kwargs.pop("strides")
    groups = kwargs.get("groups", 1)
    x, _ = both((4, 4, 4), 3, strides, "same")
    layers = [
        make(4 * groups, 3, strides=strides, padding="same", dtype="float64", **kwargs)
        for make in (kg.layers.Conv2D, keras.layers.Conv2D)
    ]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    np.testing.assert_allclose(layers[0](x), layers[1](x), rtol=1e-10)


def test_of_unknown_sides():
    inputs = keras.Input((None, None, 3))
    layer = kg.layers.Conv2D(2, 3, padding="same")
    model = keras.Model(inputs, layer(inputs))
    x = np.ones((1, 2, 2, 3), "float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), layer(x), rtol=1e-5, atol=1e-6)


def test_few_positions_are_a_product_of_matrices():
    layer = kg.layers.Conv2D(4, 5, strides=2, padding="same")
    for side, is_product in ((4, True), (8, False)):
        graph = tf.function(layer).get_concrete_function(tf.TensorSpec((2, side, side, 3))).graph
        kinds = {operation.type for operation in graph.get_operations()}
        assert ("Conv2D" in kinds) != is_product


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision(policy):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    layer = kg.layers.Conv2D(4, 5, strides=2, padding="same", dtype=policy)
    outputs = layer(x)
    assert outputs.dtype == policy.removeprefix("mixed_")
    plain = tf.nn.conv2d(x, layer.kernel.value, 2, "SAME")
    np.testing.assert_allclose(tf.cast(outputs, "float32"), plain, atol=0.05)


def test_is_saved(tmp_path):
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), kg.layers.Conv2D(4, 5, strides=2, padding="same")]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.ones((2, 4, 4, 3), "float32")
    np.testing.assert_array_equal(loaded(x), model(x))
