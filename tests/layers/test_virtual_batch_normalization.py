"""VirtualBatchNormalization: the paper's formula, in both ways of giving the reference batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import DropReference, PrependReference, VirtualBatchNormalization
from tests.shared import LayerTests

REFERENCE = np.random.default_rng(7).normal(1, 2, (5, 3, 2, 4)).astype("float32")


class TestGivenReference(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(6, 3, 2, 4)).astype("float32")

    def make_layer(self):
        return VirtualBatchNormalization(REFERENCE, epsilon=1e-3, center=False)


class TestFirstExamples(LayerTests):
    inputs = TestGivenReference.inputs

    def make_layer(self):
        return VirtualBatchNormalization(5)

    def model(self):
        return keras.Sequential(
            [
                keras.Input(self.inputs.shape[1:]),
                PrependReference(REFERENCE),
                keras.layers.Conv2D(4, 2, padding="same"),
                self.make_layer(),
                DropReference(5),
            ]
        )


def formula(x, reference, epsilon=1e-5):
    """Equations of the class's docstring, an example and a channel at a time."""
    outputs = np.empty_like(x)
    w = 1 / (len(reference) + 1)
    for i, c in np.ndindex(len(x), x.shape[-1]):
        own, ref = x[i, ..., c], reference[..., c]
        mean = w * own.mean() + (1 - w) * ref.mean()
        square = w * (own**2).mean() + (1 - w) * (ref**2).mean()
        outputs[i, ..., c] = (own - mean) / np.sqrt(square - mean**2 + epsilon)
    return outputs


def data(shape, num_reference=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=shape), rng.normal(1, 2, (num_reference, *shape[1:]))


SHAPES = [(6, 4), (6, 7, 4), (6, 3, 2, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_formula_with_a_given_reference(shape):
    x, reference = data(shape)
    layer = VirtualBatchNormalization(reference, dtype="float64")
    outputs = layer(x)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, formula(x, reference), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_formula_with_the_first_examples_and_batch_normalization_on_them(shape):
    x, reference = data(shape)
    layer = VirtualBatchNormalization(5, epsilon=1e-3, dtype="float64")
    outputs = layer(np.concatenate([reference, x]))
    expected = formula(x, reference, 1e-3)
    np.testing.assert_allclose(outputs[5:], expected, rtol=1e-10, atol=1e-12)
    batch_normalization = keras.layers.BatchNormalization(epsilon=1e-3, dtype="float64")
    expected = batch_normalization(reference, training=True)
    np.testing.assert_allclose(outputs[:5], expected, rtol=1e-10, atol=1e-12)


def test_is_batch_normalization_in_the_limit_of_a_large_reference_batch():
    x, reference = data((4, 3), num_reference=100_000)
    outputs = VirtualBatchNormalization(reference, dtype="float64")(x)
    expected = (x - reference.mean(axis=0)) / np.sqrt(reference.var(axis=0) + 1e-5)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-3)
    assert np.abs(outputs - expected).max() > 1e-7


def test_an_example_does_not_depend_on_its_companions():
    x, reference = data((6, 3, 2, 4))
    layer = VirtualBatchNormalization(reference, dtype="float64")
    together = layer(x, training=True)
    for i in range(6):
        np.testing.assert_allclose(layer(x[i : i + 1]), together[i : i + 1], rtol=1e-12)


@pytest.mark.parametrize("arguments", [{}, {"center": False}, {"scale": False}])
def test_gamma_and_beta(arguments):
    x, reference = data((6, 4))
    layer = VirtualBatchNormalization(
        reference, gamma_initializer="normal", beta_initializer="normal", dtype="float64"
    )
    layer = VirtualBatchNormalization.from_config({**layer.get_config(), **arguments})
    layer.build(x.shape)
    layer.reference_batch.assign(reference)
    gamma = 1 if layer.gamma is None else layer.gamma.numpy()
    beta = 0 if layer.beta is None else layer.beta.numpy()
    assert len(layer.trainable_weights) == 2 - len(arguments)
    expected = gamma * formula(x, reference) + beta
    np.testing.assert_allclose(layer(x), expected, rtol=1e-10, atol=1e-12)


def test_a_large_mean_costs_no_digits():
    """As E[x²] − mean² in float32 the variance 1 would vanish beside the mean² of 10⁸."""
    x, reference = (a + 1e4 for a in data((6, 3, 2, 4)))
    outputs = VirtualBatchNormalization(reference)(x.astype("float32"))
    np.testing.assert_allclose(outputs, formula(x, reference), atol=2e-3)


def test_a_constant_reference_and_example_have_finite_outputs_and_gradients():
    layer = VirtualBatchNormalization(np.ones((3, 2)))
    x = tf.ones((4, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x)
    np.testing.assert_array_equal(outputs, np.zeros((4, 2)))
    assert np.isfinite(tape.gradient(outputs, x)).all()


def test_gradients_are_those_of_finite_differences():
    layer = VirtualBatchNormalization(2, dtype="float64")
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 2, 2, 3)))
    layer.build(x.shape)
    theoretical, numerical = tf.test.compute_gradient(lambda x: tf.sin(layer(x)), [x], 1e-6)
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-7)


def test_half_precision_keeps_statistics_in_float32():
    x, reference = (300 + 30 * a for a in data((6, 8, 8, 4)))
    layer = VirtualBatchNormalization(reference, dtype="mixed_float16")
    outputs = layer(x.astype("float32"))
    assert {w.dtype for w in layer.weights} == {"float32"}
    np.testing.assert_allclose(outputs, formula(x, reference), atol=2e-2)


def test_the_configuration_holds_the_shape_of_a_given_reference_and_the_number_of_another():
    layer = VirtualBatchNormalization(REFERENCE)
    assert layer.get_config()["reference_shape"] == (5, 3, 2, 4)
    assert VirtualBatchNormalization(np.int64(5)).get_config()["reference_batch"] == 5


def test_inputs_must_look_like_the_reference():
    with pytest.raises(ValueError, match=r"`reference_batch` holds examples of shape \(3, 2, 4\)"):
        VirtualBatchNormalization(REFERENCE)(np.ones((2, 3, 2, 5), "float32"))


@pytest.mark.parametrize("number, error", [(0, ValueError), (True, TypeError), (2.5, TypeError)])
def test_a_number_must_be_a_positive_integer(number, error):
    with pytest.raises(error, match=f"`reference_batch` must be a positive.*={number}"):
        VirtualBatchNormalization(number)


def test_masks_are_refused():
    layer = VirtualBatchNormalization(np.ones((3, 2)))
    with pytest.raises(ValueError, match="`mask` must be None"):
        layer(np.ones((4, 2), "float32"), mask=np.ones(4, bool))


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=0"):
        VirtualBatchNormalization(5, epsilon=0)
