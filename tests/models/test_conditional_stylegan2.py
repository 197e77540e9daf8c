"""ConditionalStyleGAN2: labels reach the codes, and the logits."""

import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.models.test_stylegan2 import IMAGES, LATENTS, TINY
from tests.shared import ModelTests


def tiny(shape=(4, 4, 1), **kwargs):
    return kg.models.ConditionalStyleGAN2(
        kg.networks.stylegan2_generator(shape, 3, **TINY, num_classes=3),
        kg.networks.stylegan2_discriminator(shape, **TINY, num_classes=3),
        latent_dim=3,
        **{"ema_decay": 0.5, **kwargs},
    )


def tiny_examples():
    return every_model.IMAGES, every_model.LABELS


def tiny_calls(model):
    codes = model.map(np.ones((2, model.latent_dim)), 1)
    return {model.mix: {"rows": codes, "columns": codes, "layer": 1}}


@pytest.mark.slow
class TestConditionalStyleGAN2(ModelTests):
    noise_of_losses = 0.5
    labels = np.arange(64) % 3

    def make_model(self):
        techniques = [kg.techniques.R1(0.1, every=2), kg.techniques.PathLength(0.1, every=2)]
        return tiny((8, 8, 1), techniques=techniques, seed=1)

    @property
    def examples(self):
        return IMAGES, self.labels


def test_codes_are_those_of_the_class():
    model = tiny()
    codes = [model.map(LATENTS, label)[:, 0] for label in range(3)]
    mapping = kg.networks.mapping(model.generator)
    for label, found in enumerate(codes):
        expected = mapping([tf.constant(LATENTS), tf.fill([4], label)])
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(codes[0] - codes[1]).max() > 0.01
    images = model.generate(LATENTS, [0, 1, 2, 1])
    np.testing.assert_allclose(images, model([LATENTS, np.array([0, 1, 2, 1])]), atol=1e-6)


def test_both_latents_of_an_example_are_of_its_class():
    model = tiny(style_mixing=1.0)
    taken = []
    labels = tf.constant([2, 0, 1, 1])
    real = [tf.constant(every_model.IMAGES[:4]), labels]
    model.fake_examples(real, lambda x: taken.append(x) or x[0][0])
    ((z, others, is_other), label) = taken[0]
    mapping = kg.networks.mapping(model.generator)
    a, b = (mapping([x, label])[:, None] for x in (z, others))
    np.testing.assert_array_equal(label, labels)
    np.testing.assert_allclose(
        model.codes_of(taken[0]), tf.where(is_other[..., None], b, a), atol=1e-6
    )
