"""ReflectionPadding2D: NumPy's reflection, and its gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import ReflectionPadding2D
from tests.shared import LayerTests


class TestReflectionPadding2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 5, 2)).astype("float32")

    def make_layer(self):
        return ReflectionPadding2D(2)


@pytest.mark.parametrize("padding", [1, 3])
def test_equals_numpy(padding):
    x = np.random.default_rng(0).normal(size=(2, 4, 7, 3))
    sides = (padding, padding)
    outputs = ReflectionPadding2D(padding, dtype="float64")(x)
    np.testing.assert_array_equal(outputs, np.pad(x, ((0, 0), sides, sides, (0, 0)), "reflect"))


def test_gradients_are_those_of_finite_differences():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 4, 1)))
    layer = ReflectionPadding2D(2, dtype="float64")
    theoretical, numerical = tf.test.compute_gradient(lambda x: tf.sin(layer(x)), [x], 1e-6)
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-7)


def test_gradients_of_both_orders_count_the_copies_of_a_pixel():
    """1 2 3 becomes 2 1 2 3 2: of n copies of x, Σ y² has the derivatives 2nx and 2n."""
    x = tf.reshape(tf.constant([1.0, 2.0, 3.0]), (1, 1, 3, 1)) * tf.ones((1, 3, 1, 1))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            squares = tf.reduce_sum(ReflectionPadding2D()(x) ** 2)
        slope = inner.gradient(squares, x)
    copies = np.outer([1, 3, 1], [1, 3, 1])
    np.testing.assert_allclose(slope[0, :, :, 0], 2 * copies * np.array([1, 2, 3]))
    np.testing.assert_allclose(outer.gradient(slope, x)[0, :, :, 0], 2 * copies)


def test_gradients_under_xla(xla):
    layer = ReflectionPadding2D(2)

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x)))
        return tape.gradient(loss, x)

    x = tf.constant(TestReflectionPadding2D.inputs)
    np.testing.assert_allclose(tf.function(slope, jit_compile=True)(x), slope(x), atol=1e-5)


def test_unknown_sides_run():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, ReflectionPadding2D(2)(inputs))
    assert model.output_shape == (None, None, None, 3)
    assert model(np.zeros((1, 3, 5, 3))).shape == (1, 7, 9, 3)


@pytest.mark.parametrize("error, value", [(ValueError, 0), (TypeError, 1.5), (TypeError, (1, 1))])
def test_padding_must_be_a_positive_integer(error, value):
    with pytest.raises(error, match="`padding` must be a positive integer"):
        ReflectionPadding2D(value)


@pytest.mark.parametrize("shape", [(2, 3, 8, 1), (2, 8, 2, 1)])
def test_images_must_be_larger_than_the_padding(shape):
    with pytest.raises(ValueError, match=r"sides of more than 3.*Received"):
        ReflectionPadding2D(3)(np.zeros(shape))
