"""MinibatchStdDev: the paper's statistic for any batch size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import MinibatchStdDev
from tests.shared import LayerTests


class TestMinibatchStdDev(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(6, 3, 2, 4)).astype("float32")

    def make_layer(self):
        return MinibatchStdDev(3, 2)


def dealt_groups(size, group_size):
    """Indices of the examples of each group, dealt as cards are."""
    groups = max(size // group_size, 1)
    return [np.arange(size)[i::groups] for i in range(groups)]


def statistics(x, group_size, num_features=1):
    """What is appended to each example: (batch, num_features)."""
    values = np.zeros((len(x), num_features))
    for group in dealt_groups(len(x), group_size):
        stddev = np.sqrt(x[group].var(axis=0) + 1e-8)
        for k, part in enumerate(np.split(stddev, num_features, axis=-1)):
            values[group, k] = part.mean()
    return values


@pytest.mark.parametrize("size", [1, 2, 4, 5, 7, 8, 9, 12])
@pytest.mark.parametrize("num_features", [1, 3])
def test_equals_numpy_for_any_batch_size(size, num_features):
    x = np.random.default_rng(0).normal(size=(size, 3, 2, 6))
    outputs = MinibatchStdDev(4, num_features, dtype="float64")(x).numpy()
    assert outputs.shape == (size, 3, 2, 6 + num_features)
    np.testing.assert_array_equal(outputs[..., :6], x)
    expected = statistics(x, 4, num_features)[:, None, None]
    np.testing.assert_allclose(
        outputs[..., 6:], np.broadcast_to(expected, (size, 3, 2, num_features)), rtol=1e-12
    )


def test_groups_are_those_of_the_papers_code():
    """There the batch is reshaped to (group_size, groups, …)."""
    x = np.random.default_rng(0).normal(size=(8, 2, 2, 3))
    stddev = np.sqrt(x.reshape(4, 2, 2, 2, 3).var(axis=0) + 1e-8).mean(axis=(1, 2, 3))
    outputs = MinibatchStdDev(dtype="float64")(x)[:, 0, 0, -1]
    np.testing.assert_allclose(outputs, np.tile(stddev, 4), rtol=1e-12)


def test_the_whole_batch_can_be_one_group():
    x = np.random.default_rng(0).normal(size=(7, 2, 2, 3))
    outputs = MinibatchStdDev(None, dtype="float64")(x)[..., -1]
    np.testing.assert_allclose(outputs, np.full((7, 2, 2), statistics(x, 7)[0, 0]), rtol=1e-12)


def test_vectors_are_images_without_positions():
    x = np.random.default_rng(0).normal(size=(8, 3))
    outputs = MinibatchStdDev(dtype="float64")(x)
    np.testing.assert_allclose(outputs[:, 3:], statistics(x, 4), rtol=1e-12)


def test_identical_examples_have_finite_gradients():
    x = tf.ones((4, 2, 2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = MinibatchStdDev()(x)
    np.testing.assert_allclose(outputs[..., -1], np.full((4, 2, 2), 1e-4), rtol=1e-6)
    assert np.isfinite(tape.gradient(outputs, x)).all()


def test_gradients_are_those_of_finite_differences():
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 2, 1, 2)))
    layer = MinibatchStdDev(2, dtype="float64")
    theoretical, numerical = tf.test.compute_gradient(lambda x: tf.sin(layer(x)), [x], 1e-6)
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-7)


def test_unknown_sides_run():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, MinibatchStdDev()(inputs))
    assert model.output_shape == (None, None, None, 4)
    assert model(np.zeros((2, 3, 5, 3))).shape == (2, 3, 5, 4)


@pytest.mark.parametrize("name", ["group_size", "num_features"])
def test_sizes_must_be_positive(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer.*{name}=0"):
        MinibatchStdDev(**{name: 0})


def test_channels_must_divide():
    with pytest.raises(ValueError, match=r"`num_features` must divide.*num_features=2"):
        MinibatchStdDev(num_features=2)(keras.ops.ones((4, 2, 2, 3)))
