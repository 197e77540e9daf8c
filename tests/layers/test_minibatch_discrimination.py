"""MinibatchDiscrimination: sums over the other examples, by the paper's formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import MinibatchDiscrimination
from tests.shared import LayerTests


class TestMinibatchDiscrimination(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")

    def make_layer(self):
        return MinibatchDiscrimination(4, 3)


def closeness(x, kernel):
    """The double loop over examples, `kernel` being (features, num_kernels, kernel_dim)."""
    rows = np.einsum("na,abc->nbc", x, kernel)
    sums = np.zeros(rows.shape[:2])
    for i in range(len(x)):
        for j in range(len(x)):
            if j != i:
                sums[i] += np.exp(-np.abs(rows[i] - rows[j]).sum(axis=-1))
    return sums


def test_equals_the_double_loop():
    x = np.random.default_rng(0).normal(size=(7, 5))
    layer = MinibatchDiscrimination(4, 3, dtype="float64")
    outputs = layer(x)
    assert outputs.dtype == tf.float64
    kernel = layer.kernel.numpy().reshape(5, 4, 3)
    np.testing.assert_array_equal(outputs[:, :5], x)
    np.testing.assert_allclose(outputs[:, 5:], closeness(x, kernel), rtol=1e-12, atol=1e-14)


def test_is_symmetric_under_permutation():
    x = np.random.default_rng(0).normal(size=(8, 5))
    layer = MinibatchDiscrimination(dtype="float64")
    order = np.random.default_rng(1).permutation(8)
    np.testing.assert_allclose(layer(x[order]), layer(x).numpy()[order], rtol=1e-12)


def test_a_batch_of_one_has_no_others():
    np.testing.assert_array_equal(
        MinibatchDiscrimination(3)(np.float32([[1, 2]])), [[1, 2, 0, 0, 0]]
    )


def test_identical_examples_are_as_close_as_can_be_and_have_finite_gradients():
    layer = MinibatchDiscrimination(3)
    x = tf.ones((5, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x)
    np.testing.assert_array_equal(outputs[:, 2:], np.full((5, 3), 4))
    for gradient in tape.gradient(outputs, [x, layer.kernel.value]):
        assert np.isfinite(gradient).all()


def test_gradients_are_those_of_finite_differences():
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 3)))
    layer = MinibatchDiscrimination(2, 3, dtype="float64")
    layer.build(x.shape)
    theoretical, numerical = tf.test.compute_gradient(lambda x: tf.sin(layer(x)), [x], 1e-6)
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-7)


def test_half_precision_compares_in_float32():
    """In bfloat16, rows near 100 would be 0.5 apart at least."""
    x = np.float32([[100.0], [100.5]])
    layer = MinibatchDiscrimination(1, 1, kernel_initializer="ones", dtype="mixed_bfloat16")
    layer.build(x.shape)
    layer.kernel.assign([[0.3]])
    np.testing.assert_allclose(layer(x).numpy()[:, 1].astype("float32"), np.exp(-0.15), rtol=5e-3)


def test_the_sizes_are_those_of_the_papers_code():
    layer = MinibatchDiscrimination()
    assert (layer.num_kernels, layer.kernel_dim) == (100, 5)
    assert layer.compute_output_shape((None, 7)) == (None, 107)


def test_a_bias_is_added():
    x = np.random.default_rng(0).normal(size=(7, 5))
    layer = MinibatchDiscrimination(2, 3, dtype="float64")
    before = layer(x).numpy()
    layer.bias.assign([1.0, -2.0])
    np.testing.assert_allclose(layer(x) - before, [[0] * 5 + [1, -2]] * 7, atol=1e-12)


def test_initialize_sets_scale_and_bias_as_the_authors_do():
    x = np.random.default_rng(0).normal(0, 30, size=(9, 5))
    layer = MinibatchDiscrimination(4, 3, dtype="float64")
    layer.build(x.shape)
    before = layer.kernel.numpy().reshape(5, 4, 3)
    outputs = layer.initialize(x)
    kernel = layer.kernel.numpy().reshape(5, 4, 3)
    rows = np.einsum("na,abc->nbc", x, kernel)
    distances = np.abs(rows[:, None] - rows[None]).sum(axis=-1)
    distances[np.arange(9), np.arange(9)] = np.inf
    np.testing.assert_allclose(distances.min(axis=1).mean(axis=0), 2, rtol=1e-10)
    ratio = (kernel / before).transpose(1, 0, 2).reshape(4, -1)
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(15, axis=1), rtol=1e-10)
    np.testing.assert_allclose(outputs[:, 5:].numpy().mean(axis=0), 0, atol=1e-12)
    sums = closeness(x, kernel)
    np.testing.assert_allclose(outputs[:, 5:], sums - sums.mean(axis=0), atol=1e-10)


@pytest.mark.parametrize("num", [1, 4])
def test_initialize_keeps_the_scale_where_there_is_no_distance(num):
    layer = MinibatchDiscrimination(2, 3)
    x = np.ones((num, 5))
    layer.build(x.shape)
    before = layer.kernel.numpy()
    layer.initialize(x)
    np.testing.assert_array_equal(layer.kernel, before)
    np.testing.assert_allclose(layer.bias, 1 - num)


@pytest.mark.parametrize("name", ["num_kernels", "kernel_dim"])
def test_sizes_must_be_positive(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer.*{name}=0"):
        MinibatchDiscrimination(**{name: 0})


def test_images_must_be_flattened_first():
    with pytest.raises(ValueError, match="expected ndim=2"):
        MinibatchDiscrimination()(keras.ops.ones((2, 4, 4, 1)))
