"""
Title: Many GPUs, one script
Description: A WGAN-GP on every GPU of a machine, with the weights of one.
Accelerator: GPUs, if there are any (two halves of the CPU if there are none)
"""

"""
## Introduction

A batch that is too large for one GPU, or too slow on it, is shared: each of the *replicas* of the
networks takes a piece of it, and the gradients of all are summed. `tf.distribute.MirroredStrategy`
does that on one machine. What a GAN has beyond a classifier does not change its meaning by it: the
noise is drawn for the whole batch and cut like the images; batch normalization, minibatch
discrimination and replayed fakes see the whole batch; two optimizers take their turns. So the same
batch gives the same weights, on however many GPUs.

## Setup

A machine without a second GPU can show it all: its CPU is divided into two.
"""

import pathlib

import keras
import tensorflow as tf

import keras_gans as kg

if len(tf.config.list_physical_devices("GPU")) < 2:
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    DEVICES = ["CPU:0", "CPU:1"]
else:
    DEVICES = None  # all GPUs

LATENT_DIM = 32
FILTERS = 32
BATCH_SIZE = 64
ROUNDS = 12
STEPS_PER_ROUND = 100
OUTPUT = pathlib.Path("output") / "multi_gpu"

"""
## Data

`batch_size` is that of the whole step: with two replicas, each sees half of every batch.
"""

train, info = kg.data.load("digits", batch_size=BATCH_SIZE, seed=0)


"""
## Models

Whatever has weights is made in the scope of the strategy: networks, model, optimizers. The paper's
optimizers, which `compile()` makes if none are given, know their place themselves.
"""


def make_gan(strategy):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        gan = kg.models.WGANGP(
            kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, filters=FILTERS),
            kg.networks.dcgan_discriminator(info.image_shape, filters=FILTERS, normalization=None),
            latent_dim=LATENT_DIM,
            n_critic=3,
            ema_decay=0.99,
            seed=0,
        )
        gan.compile(
            g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
            d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
        )
    return gan


"""
## Training

`fit` does not change. The two models take the same steps, one on one device and the other on all;
what is left between their weights is the order in which floats are added.
"""

everywhere = tf.distribute.MirroredStrategy(DEVICES)
alone = make_gan(tf.distribute.get_strategy())
shared = make_gan(everywhere)
print(f"{everywhere.num_replicas_in_sync} replicas share batches of {BATCH_SIZE}.")

for gan in (alone, shared):
    same, _ = kg.data.load("digits", batch_size=BATCH_SIZE, seed=0)  # from the beginning
    gan.fit(same.take(15), verbose=0)
differences = [
    float(abs(a.numpy() - b.numpy()).max())
    for a, b in zip(alone.trainable_weights, shared.trainable_weights, strict=True)
]
print(f"After 5 steps no weight differs by more than {max(differences):.1e}.")

shared.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples", num=16)],
    verbose=2,
)

"""
## After it

A file remembers nothing of the replicas: it is loaded on one device, or in the scope of another
strategy, to train on there.
"""

shared.save(OUTPUT / "model.keras")
kg.data.save_grid(keras.models.load_model(OUTPUT / "model.keras").sample(100), OUTPUT / "grid.png")
print(f"Look at {OUTPUT / 'grid.png'}.")
