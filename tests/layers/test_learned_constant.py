"""LearnedConstant: the same for every example."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import LearnedConstant
from tests.shared import LayerTests


class TestLearnedConstant(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")

    def make_layer(self):
        return LearnedConstant((3, 2, 5))


def test_is_its_weight_for_every_example():
    layer = LearnedConstant([3, 2])
    outputs = layer(np.random.default_rng(0).normal(size=(4, 5, 6)))
    assert len(layer.weights) == 1
    np.testing.assert_array_equal(outputs, np.stack([layer.constant.numpy()] * 4))


def test_starts_from_a_standard_normal():
    layer = LearnedConstant((40, 50))
    layer.build((None, 1))
    np.testing.assert_allclose([np.mean(layer.constant), np.std(layer.constant)], [0, 1], atol=0.07)


@pytest.mark.parametrize("shape", [(), 3, None, (2, 0), (2, 1.5)])
def test_shapes_that_are_none_are_refused(shape):
    with pytest.raises(ValueError, match=r"`shape` must hold positive integers.*shape="):
        LearnedConstant(shape)


def test_shapes_that_are_known_are_known_inside():
    layer = LearnedConstant((2, 3))
    layer.build((4, 1))

    def gradient(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.constant.value)

    graph = tf.function(gradient).get_concrete_function(tf.TensorSpec((4, 1))).graph
    outputs = [output for operation in graph.get_operations() for output in operation.outputs]
    assert [o.name for o in outputs if not o.shape.is_fully_defined()] == []
