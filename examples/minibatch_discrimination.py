"""
Title: Minibatch discrimination for diversity
Author: The keras_gans authors
Description: A discriminator that sees a whole mini-batch notices when samples are too alike.
Accelerator: None
"""

"""
## Introduction

A discriminator that looks at one sample at a time cannot tell that all samples are the same. So a
generator may draw a few convincing things only: mode collapse, in the worst case one thing.

Minibatch discrimination ([Salimans et al., 2016](https://arxiv.org/abs/1606.03498)) tells the
discriminator how close each sample is to the others of its mini-batch. Equal samples then look
false together, however good each of them is.

This script plays the same game on 8×8 digits twice, with one layer more the second time. It takes a
minute or two.

## Setup
"""

import pathlib

import keras
import numpy as np

import keras_gans as kg

LATENT_DIM = 16
UNITS = (256, 256)
STEPS = 2000
OUTPUT = pathlib.Path("output/minibatch_discrimination")

train, info = kg.data.load("digits", batch_size=64, seed=0)
images = np.concatenate(list(train.as_numpy_iterator()))

"""
## Two discriminators

They differ in one layer: before the logit, `MinibatchDiscrimination` appends 32 numbers to the
features of each image, each the summed similarity to the other images under one learned kernel.
"""


def plain_discriminator():
    return kg.networks.mlp_discriminator(info.image_shape, UNITS)


def minibatch_discriminator():
    network = plain_discriminator()
    features = network.layers[-1].input
    features = kg.layers.MinibatchDiscrimination(num_kernels=32, kernel_dim=8)(features)
    return keras.Model(network.inputs, keras.layers.Dense(1)(features))


"""
## Two games
"""


def play(discriminator):
    keras.utils.set_random_seed(0)
    gan = kg.models.GAN(
        kg.networks.mlp_generator(info.image_shape, LATENT_DIM, UNITS),
        discriminator,
        latent_dim=LATENT_DIM,
        seed=0,
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
        steps_per_execution=20,
    )
    gan.fit(train.repeat(), steps_per_epoch=STEPS, verbose=0)
    return gan.sample(len(images), seed=0)


drawn = {
    "one_image_at_a_time": play(plain_discriminator()),
    "minibatch_discrimination": play(minibatch_discriminator()),
}

"""
## Look, and measure

*Precision* is the share of generated images that lie among the real ones, *recall* the share of
real images that lie among the generated ones: a generator that draws few things well has the first
and lacks the second.
"""


def pixels(images):
    return keras.ops.reshape(images, (len(images), -1))


for name, samples in drawn.items():
    metric = kg.metrics.PrecisionRecall(feature_extractor=pixels)
    metric.update_state(real=images, generated=samples)
    result = {key: float(value) for key, value in metric.result().items()}
    print(f"{name}: precision {result['precision']:.2f}, recall {result['recall']:.2f}")
    kg.data.save_grid(samples[:100], OUTPUT / f"{name}.png")

print(f"Look at the pictures in {OUTPUT}: the first hundred samples of seed 0, not selected.")
