"""Training steps of `WGANGP` against the train_step of the Keras tutorial, for the same update."""

import contextlib
import functools
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import keras_gans as kg
from benchmarks.speed import devices
from benchmarks.speed.rows import Row, stated
from keras_gans.data.mini_batches import interleaved_dataset

LATENT_DIM = 128
CRITIC_UPDATES = 3
BATCH_SIZE = 64
STEPS = 8


def upsampling_and_convolution(filters):
    return keras.Sequential(
        [
            layers.UpSampling2D(2),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
        ]
    )


def tutorial_critic(conv, leaky_relu, dropout, slope):
    blocks = [keras.Input((28, 28, 1)), layers.ZeroPadding2D(2)]
    for filters, rate in ((64, 0), (128, 0.3), (256, 0.3), (512, 0)):
        blocks += [conv(filters, 5, strides=2, padding="same"), leaky_relu(slope)]
        blocks += [layers.Dropout(rate * dropout)] if rate else []
    blocks += [layers.Flatten(), layers.Dropout(0.2 * dropout), layers.Dense(1)]
    return keras.Sequential(blocks)


def tutorial_generator(leaky_relu, upsample_conv, slope):
    blocks = [keras.Input((LATENT_DIM,)), layers.Dense(4 * 4 * 256, use_bias=False)]
    blocks += [layers.BatchNormalization(), leaky_relu(slope), layers.Reshape((4, 4, 256))]
    for filters in (128, 64):
        blocks += [upsample_conv(filters), layers.BatchNormalization(), leaky_relu(slope)]
    blocks += [upsample_conv(1), layers.BatchNormalization(), layers.Activation("tanh")]
    return keras.Sequential([*blocks, layers.Cropping2D(2)])


class TutorialWGANGP(keras.Model):
    """The training step of keras.io's WGAN-GP example, written anew from its description.

    Every critic update makes its fakes on the critic's tape, from the same real batch.
    """

    def __init__(self, generator, discriminator, latent_dim, n_critic, seed):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.latent_dim = latent_dim
        self.n_critic = n_critic
        self.seeds = keras.random.SeedGenerator(seed)
        self.built = True

    def compile(self, g_optimizer, d_optimizer):
        super().compile(optimizer=None, jit_compile=devices.jit_compile())
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer

    def gradient_penalty(self, real, fake):
        ones = [1] * (len(real.shape) - 1)
        alpha = keras.random.uniform(
            (tf.shape(real)[0], *ones), dtype=keras.config.floatx(), seed=self.seeds
        )
        alpha = tf.cast(alpha, real.dtype)
        interpolated = fake + alpha * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(interpolated)
            logits = self.discriminator(interpolated, training=True)
        gradients = tape.gradient(logits, interpolated)
        axes = list(range(1, len(real.shape)))
        norms = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=axes))
        return tf.reduce_mean((norms - 1.0) ** 2)

    def draw_latents(self, batch_size):
        return keras.random.normal(
            (batch_size, self.latent_dim), dtype=keras.config.floatx(), seed=self.seeds
        )

    def train_step(self, real):
        batch_size = tf.shape(real)[0]
        for _ in range(self.n_critic):
            latents = self.draw_latents(batch_size)
            with tf.GradientTape() as tape:
                fake = self.generator(latents, training=True)
                fake_logits = self.discriminator(fake, training=True)
                real_logits = self.discriminator(real, training=True)
                cost = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
                d_loss = cost + 10.0 * self.gradient_penalty(real, fake)
            gradients = tape.gradient(d_loss, self.discriminator.trainable_variables)
            self.d_optimizer.apply(gradients, self.discriminator.trainable_variables)
        latents = self.draw_latents(batch_size)
        with tf.GradientTape() as tape:
            fake = self.generator(latents, training=True)
            g_loss = -tf.reduce_mean(self.discriminator(fake, training=True))
        gradients = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_optimizer.apply(gradients, self.generator.trainable_variables)
        return {"d_loss": d_loss, "g_loss": g_loss}


def adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.9)


def tutorial(seed, optimizer=adam, dropout=1, slope=0.2):
    keras.utils.set_random_seed(seed)
    model = TutorialWGANGP(
        tutorial_generator(layers.LeakyReLU, upsampling_and_convolution, slope),
        tutorial_critic(layers.Conv2D, layers.LeakyReLU, dropout, slope),
        LATENT_DIM,
        CRITIC_UPDATES,
        seed,
    )
    model.compile(optimizer(), optimizer())
    return model


def library(seed, optimizer=adam, dropout=1, slope=0.2):
    keras.utils.set_random_seed(seed)
    model = kg.models.WGANGP(
        tutorial_generator(
            kg.layers.LeakyReLU,
            lambda filters: kg.layers.UpsampleConv2D(filters, use_bias=False),
            slope,
        ),
        tutorial_critic(kg.layers.Conv2D, kg.layers.LeakyReLU, dropout, slope),
        latent_dim=LATENT_DIM,
        n_critic=CRITIC_UPDATES,
        seed=seed,
    )
    model.compile(optimizer(), optimizer(), jit_compile=devices.jit_compile())
    return model


def real_images(dtype="float32"):
    shape = (BATCH_SIZE, 28, 28, 1)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)


def difference_of_updates(seed):
    """Relative difference ‖Δ − Δ'‖ / ‖Δ‖ between the two updates of one step, for each network.

    In float64, as the tutorial's generator ends in a batch normalization that cancels most of its
    gradient, and by plain gradient descent, as Adam turns the rounding error of a gradient that
    should be zero into a full step. The slope is one that float32 holds, as TensorFlow rounds it.
    """
    with float64():
        tutors, ours = (
            m(seed, lambda: keras.optimizers.SGD(0.1), dropout=0, slope=0.25)
            for m in (tutorial, library)
        )
        differences = {}
        before = {}
        for name in ("generator", "discriminator"):
            getattr(ours, name).set_weights(getattr(tutors, name).get_weights())
            before[name] = trained_weights(getattr(tutors, name))
        batch = tf.data.Dataset.from_tensors(real_images("float64"))
        tutors.fit(batch, shuffle=False, verbose=0)
        ours.fit(batch.repeat(CRITIC_UPDATES), verbose=0)
        for name, start in before.items():
            update = trained_weights(getattr(tutors, name)) - start
            difference = trained_weights(getattr(ours, name)) - start - update
            differences[name] = float(np.linalg.norm(difference) / np.linalg.norm(update))
    return differences


@contextlib.contextmanager
def float64():
    """What is computed, and what is drawn, has this type."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def trained_weights(network):
    return np.concatenate([v.numpy().ravel() for v in network.trainable_variables])


def steps_of(model, batches, steps=STEPS):
    """A function that takes compiled training steps, as `fit` calls them, without its loop."""
    batches = iter(batches)

    def take():
        model.make_train_function()
        for _ in range(steps):
            logs = model.train_function(batches)
        return float(logs["d_loss"])

    return take


def steps_of_images(name, seed, steps=STEPS, policy="float32"):
    """A function that takes steps on the tutorial's networks, of one of both."""
    real = tf.data.Dataset.from_tensors(real_images()).repeat()
    if name == "tutorial":
        return steps_of(tutorial(seed), real, steps)
    keras.config.set_dtype_policy(policy)
    model = library(seed)
    keras.config.set_dtype_policy("float32")
    return steps_of(model, interleaved_dataset(real, CRITIC_UPDATES, replicas=1), steps)


def images(policy, seed):
    return {
        "keras_gans": steps_of_images("keras_gans", seed, policy=policy),
        "tutorial": steps_of_images("tutorial", seed),
    }


# Small networks, whose steps are mostly overhead: whole `fit` on arrays, with defaults

TOY_UPDATES, TOY_STEPS = 5, 200
#: Epochs of as many steps that are a long training, which `fit` compiles by XLA.
LONG = 25


def toy_networks(units):
    return (
        kg.networks.mlp_generator((2,), 2, hidden_units=(units,) * 3),
        kg.networks.mlp_discriminator((2,), hidden_units=(units,) * 3),
        2,
    )


def seconds_a_step(fit, epochs=1):
    """A way that says what a step takes of a training of some epochs."""

    def way():
        start = time.perf_counter()
        fit(epochs=epochs)
        return (time.perf_counter() - start) / (epochs * TOY_STEPS)

    return way


def toy_fit(units, batch_size, seed):
    """Points of the plane, and `fit` of a model with its defaults, a function of epochs."""
    keras.utils.set_random_seed(seed)
    model = kg.models.WGANGP(*toy_networks(units), n_critic=TOY_UPDATES, seed=seed)
    model.compile(adam(), adam(), jit_compile=devices.jit_compile())
    points = kg.data.ring_of_gaussians().sample(TOY_STEPS * batch_size * TOY_UPDATES, seed=seed)
    return points, functools.partial(model.fit, points, batch_size=batch_size, verbose=0)


def toys(units, batch_size, epochs, seed):
    points, fit = toy_fit(units, batch_size, seed)
    other = TutorialWGANGP(*toy_networks(units), TOY_UPDATES, seed)
    other.compile(adam(), adam())
    fit_other = functools.partial(
        other.fit, points[: TOY_STEPS * batch_size], batch_size=batch_size, verbose=0
    )
    return {
        "keras_gans": seconds_a_step(fit, epochs),
        "tutorial": seconds_a_step(fit_other, min(epochs, 5)),
    }


ROWS = {
    "wgan_gp": Row(functools.partial(images, "float32"), 1.5, 1, difference=difference_of_updates),
    "wgan_gp_bfloat16": Row(functools.partial(images, "mixed_bfloat16"), 2.2),
    "toy_64_tutorial": Row(functools.partial(toys, 64, 64, LONG), 3, 1, measure=stated),
    "toy_64_short": Row(functools.partial(toys, 64, 64, 1), 1, measure=stated),
    "toy_128_tutorial": Row(functools.partial(toys, 128, 256, 1), 1, measure=stated),
}
