"""
Title: LAPGAN on handwritten digits
Author: The keras_gans authors
Description: A coarse image is drawn, and refined level by level.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

To draw a whole image at once is hard. LAPGAN ([Denton et al.,
2015](https://arxiv.org/abs/1506.05751)) was the first to draw it as painters do: a rough sketch,
then finer and finer strokes. A Laplacian pyramid takes an image apart into a coarse one and, for
each doubling of the sides, a band-pass image: what the enlarged coarser image lacks. Each level has
a generator and a discriminator of its own, a GAN that is told the enlarged coarser image.

The idea has stayed: progressive growing, StackGAN and diffusion cascades go from coarse to fine.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

"""
`digits` comes with scikit-learn; `mnist` is downloaded once, has a level more, and takes longer:
`python examples/lapgan.py mnist`.
"""

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
LATENT_DIM = 64
FILTERS = 32
LEVELS = 2 if DATASET == "digits" else 3
SCALE = 4 if DATASET == "digits" else 2
BATCH_SIZE = 32
LEARNING_RATE = 1e-3
ROUNDS = 10
STEPS_PER_ROUND = 1200
OUTPUT = pathlib.Path("output") / f"lapgan_{DATASET}"

"""
## A pyramid

From its pyramid an image comes back exactly.
"""

train, info = kg.data.load(DATASET, batch_size=BATCH_SIZE, seed=0)
print(info)
images = next(iter(train))
pyramid = kg.layers.laplacian_pyramid(images, LEVELS)
error = np.abs(kg.layers.from_laplacian_pyramid(pyramid) - images).max()
print(
    f"Levels of {[tuple(level.shape[1:3]) for level in pyramid]} give the image within {error:.0e}."
)

"""
## The model

The coarse images come from dense layers; the other levels are convolutions that keep the sides, of
a noise map beside the enlarged coarser image. In each step every level learns from the pyramids of
real images. Levels share nothing, so that all may be trained at the same time.

The paper trains by gradient descent for days. To get there in minutes, the learning rate is high,
and a penalty on the gradient of each level's discriminator (`R1`) does what dropout does there: it
keeps the discriminator from learning the few images by heart.
"""

shape = info.image_shape
gan = kg.models.LAPGAN(
    kg.networks.lapgan_generators(shape, LATENT_DIM, LEVELS, FILTERS),
    kg.networks.lapgan_discriminators(shape, LEVELS, FILTERS, dropout=0.0),
    latent_dim=LATENT_DIM,
    techniques=[kg.techniques.R1(weight=0.1)],
    ema_decay=0.998,
)
rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, ROUNDS * STEPS_PER_ROUND, alpha=0.05)
gan.compile(
    g_optimizer=keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99, name="g_adam"),
    d_optimizer=keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99, name="d_adam"),
    steps_per_execution=10,
)
gan.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples")],
    verbose=2,
)

"""
## Look

These images are not selected: they are the first hundred of seed 0.
"""

kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png", scale=SCALE)

"""
## From coarse to fine

One row for each level: the coarse image, and what each refinement makes of it. The latents are
those of the coarse image and a noise map for each further level, in one vector. So one sketch can
be refined in many ways: the second picture keeps the latents of the coarse images, column by
column, and draws other noise maps in each row.
"""


def enlarged(images):
    """The images of a level as large as the finest, pixel by pixel."""
    times = -(-shape[0] // images.shape[1])
    return images.repeat(times, axis=1).repeat(times, axis=2)[:, : shape[0], : shape[1]]


latents = np.random.default_rng(0).normal(size=(10, gan.latent_dim))
levels = gan.generate_levels(latents)
rows = np.concatenate([enlarged(level) for level in levels])
kg.data.save_grid(rows, OUTPUT / "levels.png", columns=10, scale=SCALE)

ROWS = 5
others = np.random.default_rng(1).normal(size=(ROWS * 10, gan.latent_dim))
others[:, :LATENT_DIM] = np.tile(latents[:, :LATENT_DIM], (ROWS, 1))
rows = np.concatenate([enlarged(levels[0]), gan.generate(others)])
kg.data.save_grid(rows, OUTPUT / "refinements.png", columns=10, scale=SCALE)

gan.export(OUTPUT / "saved_model")
pictures = ", ".join(str(OUTPUT / f"{name}.png") for name in ("grid", "levels", "refinements"))
print(f"Look at {pictures}.")
