import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_gans as kg
from keras_gans._mixing import mixes_examples
from keras_gans.techniques import DifferentiableAugmentation, LabelSmoothing, Packing
from keras_gans.techniques.technique import Technique

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (8, 16, 16, 3)).astype("float32")

APART = {
    "dense": [layers.Dense(3), kg.layers.LeakyReLU(), layers.LayerNormalization()],
    "dropout": [layers.Dropout(0.5), layers.GaussianNoise(0.1)],
    "spectral": [kg.layers.SpectralNormalization(layers.Dense(3))],
    "nested": [keras.Sequential([layers.Dense(3)])],
    "reference": [kg.layers.VirtualBatchNormalization(RNG.normal(size=(2, 4)))],
    "activation": [layers.Dense(3, activation="tanh"), layers.Activation(layers.LeakyReLU())],
    "recurrent": [layers.Reshape((2, 2)), layers.GRU(3)],
}
MIXING = {
    "batch normalization": [layers.BatchNormalization()],
    "nested": [keras.Sequential([layers.Dense(3), layers.BatchNormalization()])],
    "spectral normalization of Keras": [layers.SpectralNormalization(layers.Dense(3))],
    "minibatch discrimination": [kg.layers.MinibatchDiscrimination(3, 2)],
    "moving mean": [kg.layers.MovingMean()],
    "first examples": [kg.layers.VirtualBatchNormalization(2)],
    "dropped examples": [kg.layers.DropReference(2)],
    "activation": [layers.Dense(3, activation=lambda x: x - keras.ops.mean(x, axis=0))],
    "function": [layers.Lambda(lambda x: x - keras.ops.mean(x, axis=0))],
    "stateful": [layers.Reshape((2, 2)), layers.GRU(3, stateful=True)],
    "activity": [layers.Dense(3, activity_regularizer="l2")],
}


class Own(layers.Layer):
    def call(self, inputs):
        return inputs


class OwnApart(Own):
    mixes_examples = False


def network(parts):
    return keras.Sequential([keras.Input((4,), batch_size=8), *parts])


@pytest.mark.parametrize("name", APART)
def test_layers_that_see_one_example_at_a_time(name):
    assert not mixes_examples(network(APART[name]))


@pytest.mark.parametrize("name", MIXING)
def test_layers_where_examples_meet(name):
    assert mixes_examples(network(MIXING[name]))


def test_of_what_comes_from_elsewhere_only_its_word_is_known():
    assert mixes_examples(network([Own()]))
    assert not mixes_examples(network([OwnApart()]))

    class Subclass(keras.Model):
        def call(self, inputs):
            return inputs

    assert mixes_examples(Subclass())


def test_a_function_between_layers_may_do_anything():
    x = keras.Input((4,))
    outputs = layers.Dense(1)(x - keras.ops.mean(x, axis=0))
    assert mixes_examples(keras.Model(x, outputs))
    assert mixes_examples(keras.Sequential([keras.Input((4,)), keras.Model(x, outputs)]))


def test_techniques():
    class Mixup(Technique):
        def augment(self, model, examples):
            return (examples + examples[::-1]) / 2

    class Apart(Mixup):
        mixes_examples = False

    assert mixes_examples(Mixup())
    for technique in (Apart(), LabelSmoothing(), DifferentiableAugmentation(), Packing(2)):
        assert not mixes_examples(technique)


@pytest.mark.parametrize(
    "build",
    [
        kg.networks.dcgan_discriminator,
        kg.networks.resnet_discriminator,
        kg.networks.r3gan_discriminator,
        kg.networks.biggan_discriminator,
        kg.networks.stylegan2_discriminator,
        kg.networks.progressive_discriminator,
    ],
)
def test_of_built_in_networks_it_says_what_they_do(build):
    """Of one call of two batches, and of a call for each."""
    keras.utils.set_random_seed(0)
    kwargs = {"num_classes": 3} if build is kg.networks.biggan_discriminator else {}
    model = build(
        (16, 16, 3), **({} if "progressive" in build.__name__ else {"filters": 4}), **kwargs
    )

    def logits(images):
        labels = [np.zeros(len(images), "int32")] if kwargs else []
        return model([images, *labels] if labels else images, training=True).numpy()

    # Of half the size, so that statistics of both batches are those of neither.
    batches = IMAGES[:4], 0.5 * IMAGES[4:]
    apart = np.concatenate([logits(x) for x in batches])
    together = logits(np.concatenate(batches))
    same = np.allclose(apart, together, rtol=1e-3, atol=1e-5)
    assert same == (not mixes_examples(model))


class TestOneCallForBoth:
    def model(self, normalization=None, techniques=(), **kwargs):
        keras.utils.set_random_seed(0)
        return kg.models.GAN(
            kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
            kg.networks.dcgan_discriminator((8, 8, 1), 4, normalization=normalization),
            latent_dim=4,
            techniques=techniques,
            **kwargs,
        )

    @pytest.mark.parametrize("normalization", [None, "layer", "batch"])
    def test_logits_are_those_of_a_call_for_each(self, normalization):
        model = self.model(normalization)
        real, fake = (tf.constant(IMAGES[k : k + 4, :8, :8, :1]) for k in (0, 4))
        found = model.discriminate_both(real, fake, training=True)
        for logits, images in zip(found, (real, fake), strict=True):
            np.testing.assert_allclose(
                logits, model.discriminate(images, training=True), rtol=1e-4, atol=1e-5
            )

    def test_packs_hold_examples_of_one_kind(self):
        model = kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((4,), (8,)),
            latent_dim=3,
            techniques=[Packing(2)],
        )
        real, fake = (tf.constant(RNG.normal(size=(4, 2)), "float32") for _ in range(2))
        found = model.discriminate_both(real, fake)
        for logits, points in zip(found, (real, fake), strict=True):
            np.testing.assert_allclose(logits, model.discriminate(points), rtol=1e-5, atol=1e-6)

    def test_fakes_of_a_step_are_of_one_call_where_that_is_the_same(self):
        for normalization, calls in (("batch", 3), (None, 1)):
            generator = kg.networks.dcgan_generator((8, 8, 1), 4, 4, normalization=normalization)
            discriminator = kg.networks.dcgan_discriminator((8, 8, 1), 4, normalization=None)
            model = kg.models.GAN(generator, discriminator, latent_dim=4, n_critic=3)
            seen, call = [], generator.call
            generator.call = lambda x, call=call, seen=seen, **kw: (
                seen.append(len(x)) or call(x, **kw)
            )
            pairs = list(model.pairs_of_mini_batches(tf.constant(IMAGES[:6, :8, :8, :1])))
            assert [tuple(map(len, pair)) for pair in pairs] == [(2, 2)] * 3
            assert seen == [6 // calls] * calls
