"""Time of a WGAN-GP step: `WGANGP` against the train_step of the Keras tutorial.

Both train the tutorial's networks (28×28×1, critic 64-128-256-512, upsampling generator) with
batch 64 and 3 critic updates, in turns in one process, and the medians' ratio is kept. First it is
checked that, without dropout, both make the same update from the same noise.

    python benchmarks/guards/speed.py

The result goes to benchmarks/results/speed.json. The command fails if the updates differ or the
tutorial is faster.
"""

import argparse
import pathlib
import statistics
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans.data.mini_batches import interleaved_dataset

LATENT_DIM = 128
CRITIC_UPDATES = 3
BATCH_SIZE = 64
#: How much the updates of both may differ, relative to themselves.
BOUND = 1e-9


def upsampling_and_convolution(filters):
    return keras.Sequential(
        [
            layers.UpSampling2D(2),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
        ]
    )


def tutorial_critic(leaky_relu, dropout):
    blocks = [keras.Input((28, 28, 1)), layers.ZeroPadding2D(2)]
    for filters, rate in ((64, 0), (128, 0.3), (256, 0.3), (512, 0)):
        blocks += [layers.Conv2D(filters, 5, strides=2, padding="same"), leaky_relu(0.2)]
        blocks += [layers.Dropout(rate * dropout)] if rate else []
    blocks += [layers.Flatten(), layers.Dropout(0.2 * dropout), layers.Dense(1)]
    return keras.Sequential(blocks)


def tutorial_generator(leaky_relu, upsample_conv):
    blocks = [keras.Input((LATENT_DIM,)), layers.Dense(4 * 4 * 256, use_bias=False)]
    blocks += [layers.BatchNormalization(), leaky_relu(0.2), layers.Reshape((4, 4, 256))]
    for filters in (128, 64):
        blocks += [upsample_conv(filters), layers.BatchNormalization(), leaky_relu(0.2)]
    blocks += [upsample_conv(1), layers.BatchNormalization(), layers.Activation("tanh")]
    return keras.Sequential([*blocks, layers.Cropping2D(2)])


class TutorialWGANGP(keras.Model):
    """The training step of keras.io's WGAN-GP example, written anew from its description.

    Every critic update makes its fakes on the critic's tape, from the same real batch.
    """

    def __init__(self, generator, discriminator, seed):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.seeds = keras.random.SeedGenerator(seed)
        self.built = True

    def compile(self, g_optimizer, d_optimizer):
        super().compile(optimizer=None)
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer

    def gradient_penalty(self, real, fake):
        alpha = keras.random.uniform((tf.shape(real)[0], 1, 1, 1), dtype="float32", seed=self.seeds)
        alpha = tf.cast(alpha, real.dtype)
        interpolated = fake + alpha * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(interpolated)
            logits = self.discriminator(interpolated, training=True)
        gradients = tape.gradient(logits, interpolated)
        norms = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3]))
        return tf.reduce_mean((norms - 1.0) ** 2)

    def draw_latents(self, batch_size):
        return keras.random.normal((batch_size, LATENT_DIM), dtype="float32", seed=self.seeds)

    def train_step(self, real):
        batch_size = tf.shape(real)[0]
        for _ in range(CRITIC_UPDATES):
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


def tutorial(seed, optimizer=adam, dropout=1):
    keras.utils.set_random_seed(seed)
    model = TutorialWGANGP(
        tutorial_generator(layers.LeakyReLU, upsampling_and_convolution),
        tutorial_critic(layers.LeakyReLU, dropout),
        seed=seed,
    )
    model.compile(optimizer(), optimizer())
    return model


def library(seed, optimizer=adam, dropout=1):
    keras.utils.set_random_seed(seed)
    model = kg.models.WGANGP(
        tutorial_generator(
            kg.layers.LeakyReLU, lambda filters: kg.layers.UpsampleConv2D(filters, use_bias=False)
        ),
        tutorial_critic(kg.layers.LeakyReLU, dropout),
        latent_dim=LATENT_DIM,
        n_critic=CRITIC_UPDATES,
        seed=seed,
    )
    model.compile(optimizer(), optimizer())
    return model


def real_images(dtype="float32"):
    shape = (BATCH_SIZE, 28, 28, 1)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)


def difference_of_updates(seed):
    """Relative difference ‖Δ − Δ'‖ / ‖Δ‖ between the two updates of one step, for each network.

    In float64, as the tutorial's generator ends in a batch normalization that cancels most of its
    gradient, and by plain gradient descent, as Adam turns the rounding error of a gradient that
    should be zero into a full step.
    """
    keras.config.set_dtype_policy("float64")
    tutors, ours = (
        m(seed, lambda: keras.optimizers.SGD(0.1), dropout=0) for m in (tutorial, library)
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
    keras.config.set_dtype_policy("float32")
    return differences


def trained_weights(network):
    return np.concatenate([v.numpy().ravel() for v in network.trainable_variables])


def milliseconds_per_step(model, batches, steps):
    """Time of the compiled training step, as `fit` calls it, without the loop around it."""
    model.make_train_function()
    start = time.perf_counter()
    for _ in range(steps):
        logs = model.train_function(batches)
    float(logs["d_loss"])
    return 1000 * (time.perf_counter() - start) / steps


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9, help="timed runs of each, in turns")
    options.add_argument("--steps", type=int, default=8, help="steps of one timed run")
    options.add_argument("--seed", type=int, default=0)
    options = options.parse_args()

    differences = difference_of_updates(options.seed)
    print(f"Relative difference between the updates: {differences}")

    real = tf.data.Dataset.from_tensors(real_images()).repeat()
    models = {"tutorial": tutorial(options.seed), "keras_gans": library(options.seed)}
    batches = {
        "tutorial": iter(real),
        "keras_gans": iter(interleaved_dataset(real, CRITIC_UPDATES, replicas=1)),
    }
    times = {name: [] for name in models}
    for name, model in models.items():
        milliseconds_per_step(model, batches[name], 2)
    for _ in range(options.rounds):
        for name, model in models.items():
            times[name].append(milliseconds_per_step(model, batches[name], options.steps))
        print({name: round(values[-1], 1) for name, values in times.items()})

    ratios = [t / k for t, k in zip(times["tutorial"], times["keras_gans"], strict=True)]
    medians = {name: statistics.median(values) for name, values in times.items()}
    speed_against_tutorial = medians["tutorial"] / medians["keras_gans"]
    results.save(
        "speed",
        options,
        {
            "relative_difference_of_updates": differences,
            "median_milliseconds_per_step": medians,
            "speed_against_tutorial": speed_against_tutorial,
            "smallest_and_largest_ratio_of_a_round": [min(ratios), max(ratios)],
        },
    )
    return 0 if max(differences.values()) < BOUND and speed_against_tutorial > 1 else 1


if __name__ == "__main__":
    sys.exit(main())
