"""InstanceStatistics: mean and deviation of each channel of each image."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import InstanceStatistics
from tests.shared import LayerTests


class TestInstanceStatistics(LayerTests):
    inputs = np.random.default_rng(0).normal(1, 2, (4, 3, 2, 5)).astype("float32")

    def make_layer(self):
        return InstanceStatistics(1e-3)


@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_equals_numpy(epsilon):
    x = np.random.default_rng(0).normal(3, 2, (4, 5, 3, 2))
    outputs = InstanceStatistics(epsilon, dtype="float64")(x)
    assert outputs.dtype == tf.float64
    deviation = np.sqrt(x.var(axis=(1, 2)) + epsilon)
    expected = np.concatenate([x.mean(axis=(1, 2)), deviation], axis=1)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)


def test_a_constant_channel_has_finite_first_and_second_derivatives():
    x = tf.ones((2, 3, 3, 1))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            outputs = InstanceStatistics()(x)
        first = inner.gradient(outputs, x)
        squares = tf.reduce_sum(first**2)
    np.testing.assert_allclose(first, np.full((2, 3, 3, 1), 1 / 9), rtol=1e-6)
    assert np.isfinite(outer.gradient(squares, x)).all()


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=-1"):
        InstanceStatistics(-1)
