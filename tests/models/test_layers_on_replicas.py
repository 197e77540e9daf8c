"""Layers of Keras in networks that two replicas train give the weights of one device."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.shared import assert_same_weights

layers, ops = keras.layers, keras.ops
NO_STRATEGY = tf.distribute.get_strategy()
IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 4, 4, 2)).astype("float32")
RATE = 0.01


def in_a_sequence(layer):
    """A layer that takes (batch, time, features)."""
    return [layers.Reshape((8, 4)), layers.Dense(4), layer]


class Attends(layers.Layer):
    """A layer of a user that is made of those of Keras."""

    def __init__(self, attention, **kwargs):
        super().__init__(**kwargs)
        self.attention = attention

    def call(self, x, training=False):
        return self.attention(x, x, training=training)


class AttendsToLists(Attends):
    def call(self, x, training=False):
        return self.attention([x, x], training=training)


class Masks(layers.Layer):
    """Hides half of the steps of half of the examples."""

    def call(self, x):
        return x + 0

    def compute_mask(self, x, previous=None):
        hidden = (x[:, :, 0] > 0) & (ops.arange(8) >= 4)
        return ops.logical_not(hidden)


@keras.saving.register_keras_serializable("tests")
class Shakes(layers.Layer):
    """A layer of a user that draws noise itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x, training=False):
        return x + keras.random.normal(ops.shape(x), seed=self.seeds) if training else x


@keras.saving.register_keras_serializable("tests")
class Remembers(layers.Layer):
    """A layer of a user that keeps a running mean."""

    def build(self, shape):
        self.mean = self.add_weight(shape=shape[-1:], trainable=False, initializer="zeros")

    def call(self, x, training=False):
        return x - self.mean


@keras.saving.register_keras_serializable("tests")
class Shifts(layers.Layer):
    """A layer of a user that has a constant."""

    def build(self, shape):
        self.shift = self.add_weight(shape=shape[-1:], trainable=False, initializer="ones")

    def call(self, x):
        return x + self.shift


@keras.saving.register_keras_serializable("tests")
class SmallDropout(layers.Dropout):
    """A layer of Keras under another name."""

    def __init__(self, rate=0.1, **kwargs):
        super().__init__(rate, **kwargs)


#: What is alike, at once: the layers of a critic.
LAYERS = {
    "noise": lambda: [
        layers.Dropout(0.2),
        layers.Dropout(0.2, noise_shape=(None, 1, 1, 2)),
        layers.SpatialDropout2D(0.2),
        layers.GaussianNoise(0.5),
        layers.GaussianDropout(0.2),
        layers.AlphaDropout(0.2),
        keras.Sequential([layers.Dense(2), SmallDropout()]),
    ],
    "normalization": lambda: [
        layers.BatchNormalization(),
        layers.Dense(2),
        layers.BatchNormalization(axis=1, renorm=True),
    ],
    "masked normalization": lambda: [
        layers.Reshape((8, 4)),
        Masks(),
        layers.BatchNormalization(),
    ],
    "recurrent": lambda: [
        layers.Reshape((2, 16)),
        layers.TimeDistributed(layers.Dropout(0.2)),
        layers.LSTM(3, dropout=0.4, return_sequences=True),
        layers.Bidirectional(layers.SimpleRNN(3, recurrent_dropout=0.4, unroll=True)),
    ],
    "attention": lambda: [
        layers.Reshape((8, 4)),
        Attends(layers.MultiHeadAttention(2, 2, dropout=0.4)),
        AttendsToLists(layers.Attention(dropout=0.4)),
    ],
    "images": lambda: [layers.RandomFlip(), layers.RandomTranslation(0.3, 0.3)],
    "what needs nothing": lambda: [
        layers.SpectralNormalization(layers.Conv2D(2, 3)),
        layers.GroupNormalization(1),
        Shifts(),
    ],
}


def make(strategy, own_layers, **kwargs):
    """A GAN whose critic holds such layers, and whose generator some others."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        generator = [
            keras.Input((3,)),
            layers.Dense(32, activation="tanh"),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.Reshape((4, 4, 2)),
        ]
        critic = [keras.Input((4, 4, 2)), layers.Conv2D(2, 3, padding="same"), *own_layers()]
        gan = kg.models.GAN(
            keras.Sequential(generator),
            keras.Sequential([*critic, layers.Flatten(), layers.Dense(1)]),
            latent_dim=3,
            seed=1,
            **kwargs,
        )
    return gan


def compiled(gan):
    with gan.distribute_strategy.scope():
        gan.compile(keras.optimizers.SGD(RATE), keras.optimizers.SGD(RATE))
    return gan


def trained(gan):
    gan.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return gan


def assert_same_training(one, two):
    """The weights, and the state of what draws noise."""
    assert_same_weights(one, two, rtol=1e-4, atol=1e-5)
    states = [gan._seed_states() for gan in (one, two)]
    assert len(states[0]) > 2
    for key, state in states[0].items():
        np.testing.assert_array_equal(states[1][key], state, err_msg=key)


@pytest.mark.filterwarnings("ignore:.*hold layers without a config")
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("error:Layers of GAN")
def test_two_replicas_train_as_one(name, two_replicas):
    one, two = (
        trained(compiled(make(strategy, LAYERS[name]))) for strategy in (NO_STRATEGY, two_replicas)
    )
    assert_same_training(one, two)


def test_what_is_saved_and_made_of_them_is_as_before(two_replicas, tmp_path):
    """And a model goes on, on replicas and without."""
    gan = make(two_replicas, LAYERS["noise"], ema_decay=0.5)
    before = gan.get_config(), gan.discriminator.get_config()
    trained(compiled(compiled(gan)))
    assert (gan.get_config(), gan.discriminator.get_config()) == before
    gan.save(tmp_path / "gan.keras")
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.sample(4, seed=0), gan.sample(4, seed=0), atol=1e-6)
    again = keras.models.load_model(tmp_path / "gan.keras")
    with two_replicas.scope():
        shared = keras.models.load_model(tmp_path / "gan.keras")
    assert shared.get_config() == again.get_config()
    for loaded in (again, shared):
        trained(loaded)
    assert_same_training(again, shared)
    assert_same_training(again, trained(gan))
    np.testing.assert_allclose(
        gan.ema_generator(np.ones((2, 3))), again.ema_generator(np.ones((2, 3))), atol=1e-5
    )
    clone = keras.models.clone_model(gan.discriminator)
    assert not any("call" in vars(layer) for layer in clone.layers)


def test_layers_used_outside_of_replicas_are_as_before(two_replicas):
    critics = [
        compiled(make(s, LAYERS["noise"])).discriminator for s in (NO_STRATEGY, two_replicas)
    ]
    alone, shared = (critic(IMAGES, training=True) for critic in critics)
    np.testing.assert_array_equal(shared, alone)


class NoisyTest(kg.models.GAN):
    """Networks are in training while it is evaluated, as in image translation by dropout."""

    def test_step(self, data):
        num = ops.shape(data)[0]
        logits = self.discriminator(data, training=True)
        self.record(kg.models.LossResult({"d_loss": ops.mean(logits)}), num)
        return self.logs()


@pytest.mark.parametrize("name", ["noise", "normalization"])
def test_an_evaluation_in_training_mode_is_that_of_one(name, two_replicas):
    """Though there are 3, 3 and 1 examples."""
    results = []
    for strategy in (NO_STRATEGY, two_replicas):
        gan = make(strategy, LAYERS[name])
        with strategy.scope():
            gan = compiled(NoisyTest(gan.generator, gan.discriminator, latent_dim=3, seed=1))
        results.append(gan.evaluate(IMAGES[:7], batch_size=3, verbose=0, return_dict=True))
        results[-1]["weights"] = gan.get_weights()[-1]
    assert results[1]["d_loss"] == pytest.approx(results[0]["d_loss"], rel=1e-4)
    np.testing.assert_allclose(results[1]["weights"], results[0]["weights"], rtol=1e-4)


def test_layers_of_which_nothing_is_known_are_named(two_replicas):
    with pytest.warns(UserWarning, match="Layers of GAN draw noise or keep") as found:
        compiled(make(two_replicas, lambda: [Shakes(name="own"), Remembers(), Shifts()]))
    message = str(found[0].message)
    assert "own (Shakes)" in message
    assert "(Remembers)" in message
    assert "Shifts" not in message
    assert "dropout" not in message
    assert "`GaussianNoise`" in message
    assert len(found) == 1


def test_one_device_needs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gan = compiled(make(NO_STRATEGY, lambda: [Shakes(), layers.Dropout(0.1)]))
    assert not any("call" in vars(layer) for layer in gan.discriminator.layers)
