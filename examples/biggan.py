"""
Title: BigGAN
Author: The keras_gans authors
Description: Digits on demand from a small BigGAN, and its truncation trick.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

BigGAN ([Brock et al., 2018](https://arxiv.org/abs/1809.11096)) showed what a class-conditional GAN
can do at scale: residual networks with spectral normalization and self-attention, an embedding of
the class that all blocks of the generator share, each beside a part of the latents, a projection
discriminator and the hinge loss. Its *truncation trick* turns one trained generator into many:
latents that are drawn from nearer to zero give cleaner pictures, and fewer different ones.

What the paper trains for days on hundreds of accelerators is here cut down to digits and minutes.
`python examples/biggan.py mnist` does the same with MNIST, in hours.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np
from sklearn.svm import SVC

import keras_gans as kg

keras.utils.set_random_seed(0)

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
LATENT_DIM = 32
FILTERS = 12
ROUNDS = 10
STEPS_PER_ROUND = 300
SAMPLES = 1000
OUTPUT = pathlib.Path("output") / f"biggan_{DATASET}"

"""
## Data

With `labels=True` every batch is a pair of images and integer labels.
"""

train, info = kg.data.load(DATASET, batch_size=64, labels=True, seed=0)
print(info)

"""
## Networks

The builders take images of any shape. `filters` is the unit of channels, of which small images have
four times as many everywhere; the paper's for ImageNet are 96, with an embedding of 128 numbers.
Every kernel is divided by its largest singular value, which one power iteration an update keeps
track of.
"""

sizes = {"num_classes": info.num_classes, "filters": FILTERS}
generator = kg.networks.biggan_generator(
    info.image_shape, latent_dim=LATENT_DIM, embedding_dim=LATENT_DIM, **sizes
)
discriminator = kg.networks.biggan_discriminator(info.image_shape, **sizes)

"""
## Training

Two updates of the discriminator for each of the generator, and an orthogonal regularization of the
generator's filters, logged as `orthogonal_penalty`: it is there for the truncation below. The
paper's learning rates are for batches of 2048, and its moving average for 100,000 steps; a run of
minutes wants larger ones, and a shorter average.
"""

gan = kg.models.BigGAN(generator, discriminator, LATENT_DIM, ema_decay=0.998)
gan.compile(
    g_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.999, epsilon=1e-6),
    d_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.0, beta_2=0.999, epsilon=1e-6),
    steps_per_execution=10,
)
gan.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples", num=100)],
    verbose=2,
)

"""
## Truncation

With `truncation=t` every number of the latents lies in [−t, t]. What the batch normalization of the
generator knows of its inputs is of latents without bounds, so it is measured anew for each t: the
paper's *standing statistics*. Each column is a class; rows are the first samples of seed 0, not
selected. From one grid to the next the same latents move towards zero.

A support vector machine that learned from real images only reads the generated ones, and tells
whether they are of the class asked for. What truncation costs is variety: the standard deviation of
pixels within a class.
"""


def flat(images):
    return images.reshape(len(images), -1)


images, real_labels = (np.concatenate(a) for a in zip(*train.as_numpy_iterator(), strict=True))
reader = SVC().fit(flat(images[:5000]), real_labels[:5000])
labels = np.tile(np.arange(info.num_classes), 10)
wanted = np.resize(np.arange(info.num_classes), SAMPLES)
for truncation in (None, 1.0, 0.5, 0.1):
    gan.measure_standing_statistics(truncation=truncation)
    grid = gan.sample(len(labels), labels=labels, seed=0, truncation=truncation)
    kg.data.save_grid(grid, OUTPUT / f"truncation_{truncation}.png")
    samples = flat(gan.sample(SAMPLES, labels=wanted, seed=1, truncation=truncation))
    share = np.mean(reader.predict(samples) == wanted)
    variety = np.mean([samples[wanted == y].std(axis=0) for y in range(info.num_classes)])
    print(
        f"truncation {truncation}: {share:.1%} of {SAMPLES} generated images are read as the class "
        f"asked for; standard deviation within a class {variety:.2f}"
    )
of_classes = [images[real_labels == y] for y in range(info.num_classes)]
variety = np.mean([flat(x).std(axis=0) for x in of_classes])
print(f"Real images: standard deviation within a class {variety:.2f}.")

"""
## Serve

The SavedModel takes the truncation, too. Its statistics are those that were measured last.
"""

gan.measure_standing_statistics(truncation=0.5)
gan.export(OUTPUT / "saved_model")
sevens = kg.load(OUTPUT / "saved_model").sample(16, labels=7, seed=1, truncation=0.5)
kg.data.save_grid(sevens, OUTPUT / "sevens.png")
print(f"Look at {OUTPUT / 'truncation_None.png'} and {OUTPUT / 'sevens.png'}.")
