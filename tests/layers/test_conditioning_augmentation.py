"""ConditioningAugmentation: draws from the Gaussian, and its divergence from TFP."""

import keras
import numpy as np
import pytest
import tensorflow_probability as tfp

from keras_gans.layers import ConditioningAugmentation
from tests.shared import LayerTests

RANDOM = np.random.default_rng(0)


class TestConditioningAugmentation(LayerTests):
    inputs = [
        RANDOM.normal(size=(6, 5)).astype("float32"),
        RANDOM.normal(size=(6, 3)).astype("float32"),
    ]

    def make_layer(self):
        return ConditioningAugmentation(3)


def made(embeddings):
    layer = ConditioningAugmentation(3, dtype="float64")
    layer([embeddings, np.zeros((len(embeddings), 3))])
    layer.set_weights([RANDOM.normal(size=(5, 6)), RANDOM.normal(size=6)])
    both = embeddings @ layer.kernel.numpy() + layer.bias.numpy()
    both = np.where(both > 0, both, 0.2 * both)
    return layer, both[:, :3], np.exp(both[:, 3:])


def test_is_mean_plus_scaled_noise():
    embeddings, noise = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(4, 3))
    layer, mean, scale = made(embeddings)
    np.testing.assert_allclose(layer([embeddings, noise]), mean + scale * noise, rtol=1e-12)


def test_divergence_is_that_of_tfp():
    embeddings = RANDOM.normal(size=(4, 5))
    layer, mean, scale = made(embeddings)
    tfd = tfp.distributions
    standard = tfd.MultivariateNormalDiag(np.zeros(3), np.ones(3))
    expected = tfd.MultivariateNormalDiag(mean, scale).kl_divergence(standard)
    np.testing.assert_allclose(layer.divergence(embeddings), expected, rtol=1e-10)


def test_divergence_is_in_single_precision_under_a_mixed_policy():
    keras.config.set_dtype_policy("mixed_float16")
    layer = ConditioningAugmentation(3)
    embeddings = RANDOM.normal(size=(4, 5)).astype("float32")
    assert layer([embeddings, np.zeros((4, 3), "float32")]).dtype == "float16"
    assert layer.divergence(embeddings).dtype == "float32"


def test_noise_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"`inputs` must be \[embeddings, noise \(batch, 3\)\]"):
        ConditioningAugmentation(3)([np.ones((2, 5)), np.ones((2, 4))])
