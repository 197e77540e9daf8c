"""ModulatedBatchNormalization: batch normalization, then a scale and a shift by a code."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import ModulatedBatchNormalization, SpectralNormalization
from tests.shared import LayerTests, gradients_on_replicas

CODES = np.random.default_rng(1).normal(size=(6, 5)).astype("float32")


class TestImages(LayerTests):
    inputs = [np.random.default_rng(0).normal(1, 2, (6, 3, 2, 4)).astype("float32"), CODES]
    arguments = {"momentum": 0.5, "epsilon": 1e-3}

    def make_layer(self):
        return ModulatedBatchNormalization(**self.arguments)


class TestSpectrallyNormalized(TestImages):
    arguments = {"spectral_normalization": True, "power_iterations": 2}


@pytest.mark.parametrize("shape", [(6, 4), (6, 5, 4), (6, 3, 2, 4)])
@pytest.mark.parametrize("spectral_normalization", [False, True])
def test_equals_numpy_in_training_and_inference(shape, spectral_normalization):
    x = np.random.default_rng(0).normal(1, 2, shape)
    layer = ModulatedBatchNormalization(0.8, 1e-4, spectral_normalization, dtype="float64")
    layer.build([shape, CODES.shape])
    dense = [layer.scale, layer.shift]
    if spectral_normalization:
        dense = [wrapper.layer for wrapper in dense]
    kernels = [d.kernel.numpy() for d in dense]
    if spectral_normalization:
        kernels = [kernel / np.linalg.norm(kernel, 2) for kernel in kernels]
    per_example = (6, *[1] * (len(shape) - 2), 4)
    codes = CODES.astype("float64")
    scale, shift = ((codes @ kernel).reshape(per_example) for kernel in kernels)
    axes = tuple(range(len(shape) - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)

    outputs = layer([x, codes], training=True)
    assert outputs.dtype == tf.float64
    expected = (1 + scale) * (x - mean) / np.sqrt(variance + 1e-4) + shift
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)

    mean, variance = 0.2 * mean, 0.8 + 0.2 * variance
    expected = (1 + scale) * (x - mean) / np.sqrt(variance + 1e-4) + shift
    np.testing.assert_allclose(layer([x, codes]), expected, rtol=1e-10, atol=1e-12)


def test_a_code_of_zeros_leaves_plain_batch_normalization():
    x = np.random.default_rng(0).normal(1, 2, (600, 4)).astype("float32")
    outputs = ModulatedBatchNormalization()([x, np.zeros((600, 5))], training=True)
    plain = keras.layers.BatchNormalization(epsilon=1e-5)(x, training=True)
    np.testing.assert_allclose(outputs, plain, rtol=1e-5, atol=1e-5)


def test_statistics_are_of_all_replicas(two_replicas):
    """Each replica's own mean would make both halves alike."""
    x = np.concatenate([np.full((3, 4), -1.0), np.full((3, 4), 1.0)]).astype("float32")

    def model():
        inputs = keras.Input((4,)), keras.Input((5,))
        return keras.Model(inputs, ModulatedBatchNormalization()(inputs))

    with two_replicas.scope():
        copy = model()
    codes = np.zeros((6, 5), "float32")
    gradients_on_replicas(two_replicas, copy, [x, codes], x)
    moving_mean, moving_variance = copy.layers[-1].normalization.weights
    np.testing.assert_allclose(moving_mean, 0, atol=1e-7)
    np.testing.assert_allclose(moving_variance, 0.9 + 0.1, rtol=1e-6)


def test_scale_and_shift_draw_weights_of_their_own():
    initializer = keras.initializers.Orthogonal()
    layer = ModulatedBatchNormalization(kernel_initializer=initializer)
    layer.build([(None, 4), (None, 5)])
    assert not np.allclose(layer.scale.kernel, layer.shift.kernel)


def test_half_precision_keeps_statistics_in_float32():
    layer = ModulatedBatchNormalization(dtype="mixed_float16")
    x = 300 + np.random.default_rng(0).normal(0, 30, (600, 4)).astype("float32")
    outputs = layer([x, np.zeros((600, 5))], training=True)
    assert {w.dtype for w in layer.weights} == {"float32"}
    assert outputs.dtype == tf.float16
    np.testing.assert_allclose(outputs.numpy().std(axis=0), 1, atol=1e-2)


@pytest.mark.parametrize("argument", [{"momentum": 1.0}, {"epsilon": 0.0}, {"power_iterations": 0}])
def test_arguments_out_of_range_are_refused(argument):
    (name,) = argument
    with pytest.raises(ValueError, match=f"`{name}`.*{name}="):
        ModulatedBatchNormalization(**argument)


def test_its_power_iterations_are_those_of_its_dense_layers():
    layer = ModulatedBatchNormalization(spectral_normalization=True, power_iterations=3)
    layer.build([(None, 4), (None, 5)])
    for dense in (layer.scale, layer.shift):
        assert isinstance(dense, SpectralNormalization)
        assert dense.power_iterations == 3
