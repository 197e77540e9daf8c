"""ConditionalBatchNormalization: batch normalization, then a scale and a shift by class."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import ConditionalBatchNormalization
from tests.shared import LayerTests

LABELS = np.int32([0, 2, 1, 1, 0, 2])


class TestImages(LayerTests):
    inputs = [np.random.default_rng(0).normal(1, 2, (6, 3, 2, 4)).astype("float32"), LABELS]

    def make_layer(self):
        return ConditionalBatchNormalization(3, momentum=0.5, epsilon=1e-3)


class TestVectors(LayerTests):
    inputs = [np.random.default_rng(0).normal(1, 2, (6, 4)).astype("float32"), LABELS]

    def make_layer(self):
        return ConditionalBatchNormalization(3)


def randomized(layer, shape):
    layer.build([shape, shape[:1]])
    rng = np.random.default_rng(1)
    layer.gamma.assign(rng.normal(size=layer.gamma.shape))
    layer.beta.assign(rng.normal(size=layer.beta.shape))
    return layer


@pytest.mark.parametrize("shape", [(6, 4), (6, 5, 4), (6, 3, 2, 4)])
def test_equals_numpy_in_training_and_inference(shape):
    x = np.random.default_rng(0).normal(1, 2, shape)
    layer = randomized(ConditionalBatchNormalization(3, momentum=0.8, dtype="float64"), shape)
    axes = tuple(range(len(shape) - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    per_example = (6, *[1] * (len(shape) - 2), 4)
    gamma = layer.gamma.numpy()[LABELS].reshape(per_example)
    beta = layer.beta.numpy()[LABELS].reshape(per_example)

    outputs = layer([x, LABELS], training=True)
    assert outputs.dtype == tf.float64
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)

    mean, variance = 0.2 * mean, 0.8 + 0.2 * variance
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta
    np.testing.assert_allclose(layer([x, LABELS]), expected, rtol=1e-10, atol=1e-12)


def test_starts_as_plain_batch_normalization():
    x = np.random.default_rng(0).normal(1, 2, (600, 4)).astype("float32")
    outputs = ConditionalBatchNormalization(3)([x, np.tile(LABELS, 100)], training=True).numpy()
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=0), 1, atol=1e-4)


def test_a_class_learns_from_its_own_examples_only():
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    layer = randomized(ConditionalBatchNormalization(4), (6, 4))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer([x, LABELS], training=True) ** 2)
    for gradient in tape.gradient(loss, [layer.gamma.value, layer.beta.value]):
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert (gradient[:3] != 0).all()
        assert (gradient[3] == 0).all()


def test_half_precision_keeps_statistics_in_float32():
    layer = ConditionalBatchNormalization(3, dtype="mixed_float16")
    x = 300 + np.random.default_rng(0).normal(0, 30, (600, 4)).astype("float32")
    outputs = layer([x, np.tile(LABELS, 100)], training=True)
    assert {w.dtype for w in layer.weights} == {"float32"}
    np.testing.assert_allclose(outputs.numpy().std(axis=0), 1, atol=1e-2)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(ValueError, match=r"`labels` must lie in \[0, 3\)"):
        ConditionalBatchNormalization(3)([np.ones((2, 5), "float32"), np.array(labels)])


def test_one_hot_labels_are_refused():
    with pytest.raises(ValueError, match=r"`labels` must have shape \(batch,\)"):
        ConditionalBatchNormalization(3)([np.ones((2, 5), "float32"), np.eye(3, dtype=int)[:2]])


@pytest.mark.parametrize("argument", [{"num_classes": 0}, {"momentum": 1.0}, {"epsilon": 0.0}])
def test_arguments_out_of_range_are_refused(argument):
    (name,) = argument
    with pytest.raises(ValueError, match=f"`{name}`.*{name}="):
        ConditionalBatchNormalization(**{"num_classes": 3, **argument})


def test_the_number_of_classes_is_kept():
    assert ConditionalBatchNormalization(7).num_classes == 7
