"""
Title: Progressive growing of GANs
Author: The keras_gans authors
Description: Learn blots of four pixels first, then shapes, then strokes: networks that grow.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

Large images are hard for a GAN: there are many ways to be wrong, and most of them have nothing to
do with what the image shows. [Karras et al., 2018](https://arxiv.org/abs/1710.10196) begin with
images of a few pixels, where there is little to learn but what goes where, and let both networks
grow: when a resolution is learned, layers for the next are *faded in*. The generator's image goes
from the old one, enlarged, to that of the new layers, as α goes from 0 to 1; the discriminator's
features likewise; and so do the real images, from coarse to fine. So nothing ever changes at once.

Most steps are taken while the networks are small, and are cheap.

`ProgressiveGAN` does this inside one `fit`. Both networks are there in full from the start; the
step is compiled anew when a phase begins, of the part that is in use.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
IMAGE_SIZE = 16 if DATASET == "digits" else None
LATENT_DIM = 64
FILTERS = 32
MAX_FILTERS = 128
BATCH_SIZE = 32
STEPS_PER_PHASE = 1000
LAST_PHASES = 2
OUTPUT = pathlib.Path("output") / f"progressive_gan_{DATASET}"

"""
## Data

Images are floats in [−1, 1]. The digits have 8×8 pixels; enlarged to 16×16 they are drawn in three
resolutions, 4×4, 8×8 and 16×16. Those of `python examples/progressive_gan.py mnist` are drawn in
7×7, 14×14 and 28×28.
"""

train, info = kg.data.load(DATASET, batch_size=BATCH_SIZE, image_size=IMAGE_SIZE, seed=0)
print(info)

"""
## Networks

Each level has two convolutions, and a way to and from colors of its own. `filters` are the channels
next to the image, twice as many a level below. Weights are drawn from N(0, 1) and scaled when they
are used, so that all layers learn at the same rate; the generator normalizes the features of each
pixel, and the discriminator sees how much the images of a batch differ.
"""

widths = {"filters": FILTERS, "max_filters": MAX_FILTERS}
gan = kg.models.ProgressiveGAN(
    generator=kg.networks.progressive_generator(info.image_shape, LATENT_DIM, **widths),
    discriminator=kg.networks.progressive_discriminator(info.image_shape, **widths),
    latent_dim=LATENT_DIM,
    images_per_phase=STEPS_PER_PHASE * BATCH_SIZE,
    ema_decay=0.995,
)

"""
## Training

With three levels there are five phases: the lowest level, a fade, the next level, a fade, and the
whole image, which is given some time more. An epoch is a phase here, and at its end the same
latents are drawn again.
"""

phases = len(gan.growth.ends) + LAST_PHASES
drawn = []
keep = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: drawn.append(gan.sample(12, seed=0))
)
gan.compile(steps_per_execution=10)
gan.fit(
    train.repeat(),
    epochs=phases,
    steps_per_epoch=STEPS_PER_PHASE,
    callbacks=[keep, kg.callbacks.SampleGrid(OUTPUT / "samples", num=100)],
    verbose=2,
)

"""
## Look

Each row is the end of a phase, each column one latent vector: what it draws is settled while there
are few pixels, and gets details later.
"""

kg.data.save_grid(np.concatenate(drawn), OUTPUT / "growth.png", columns=12)
kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")

"""
## Serve

Samples have their full size whatever the level, and so has the SavedModel, which can be written in
the middle of a fade.
"""

gan.export(OUTPUT / "saved_model")
print(f"{kg.load(OUTPUT / 'saved_model').sample(4).shape} are samples at level {gan.level}.")
print(f"Look at {OUTPUT / 'growth.png'} and {OUTPUT / 'grid.png'}.")
