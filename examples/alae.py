"""
Title: An adversarial latent autoencoder
Author: The keras_gans authors
Description: A GAN that can also read: encode digits, draw them again, and mix their styles.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A GAN draws, but it cannot read: there is no way from an image back to what the generator would
have drawn it from. An autoencoder reads and draws, but learns to draw by comparing pixels, which
makes it blur.

The adversarial latent autoencoder ([Pidhorskyi et al.,
2020](https://arxiv.org/abs/2004.04467)) cuts both networks of a GAN in two. The generator is F,
from noise to a code w, and then G, from the code to an image; the discriminator is E, from an image
to a code, and then D, from the code to a logit. One training step has three parts:

1. E and D learn to tell images from drawings;
2. F and G learn to fool them;
3. E and G learn to be each other's inverse *on codes*: E should read from G's drawing the code that
   it was drawn from. No image is ever compared with another.

Here G is a small style generator, as in the paper's StyleALAE: a learned constant grows into an
image, and the code sets the mean and the deviation of every channel on the way.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
LATENT_DIM = 32
CODE_DIM = 64
FILTERS = 32
ROUNDS = 10
STEPS_PER_ROUND = 200
OUTPUT = pathlib.Path("output") / f"alae_{DATASET}"

"""
## Data

Images are floats in [−1, 1].
"""

train, info = kg.data.load(DATASET, batch_size=64, seed=0)
print(info)

"""
## Networks

F and D are multi-layer perceptrons; G and E mirror each other.
"""

alae = kg.models.ALAE(
    mapping=kg.networks.mlp_generator((CODE_DIM,), LATENT_DIM, hidden_units=(64, 64)),
    generator=kg.networks.style_generator(info.image_shape, CODE_DIM, filters=FILTERS),
    encoder=kg.networks.style_encoder(info.image_shape, CODE_DIM, filters=FILTERS),
    discriminator=kg.networks.mlp_discriminator((CODE_DIM,), hidden_units=(64, 64)),
    latent_dim=LATENT_DIM,
    gamma=1.0,
    ema_decay=0.998,
)

"""
## Training

Each of the three parts has an optimizer of its own.
"""

alae.compile(
    d_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
    g_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
    r_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
    steps_per_execution=10,
)
alae.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples", num=100)],
    verbose=2,
)
kg.data.save_grid(alae.sample(100, seed=0), OUTPUT / "samples.png")

"""
## Read and draw again

Rows of images, each above what the generator makes of its codes. They show the same digits in the
same writing, and never the same pixels.
"""

images = np.concatenate(list(train.take(2).as_numpy_iterator()))
rows = []
for i in range(0, 60, 12):
    rows += [images[i : i + 12], alae.reconstruct(images[i : i + 12])]
kg.data.save_grid(np.concatenate(rows), OUTPUT / "reconstructions.png", columns=12)

"""
## Mix styles

The generator takes the code once for each of its styles, so that it can be given two. Here every
row has all styles but the last of the image at its left, and every column the last style of the
image above it: rows keep their shape, and columns shade it. Training never showed the generator two
codes at once, so that not every mixture is a clean digit.
"""

coarse, fine = images[60:68], images[68:76]
layer = kg.networks.synthesis(alae.generator).input_shape[1] - 1
mixed = alae.mix(np.repeat(coarse, len(fine), axis=0), np.tile(fine, (len(coarse), 1, 1, 1)), layer)
table = np.ones((len(coarse) + 1, len(fine) + 1, *info.image_shape), "float32")
table[0, 1:], table[1:, 0] = alae.reconstruct(fine), alae.reconstruct(coarse)
table[1:, 1:] = mixed.reshape(len(coarse), len(fine), *info.image_shape)
kg.data.save_grid(
    table.reshape(-1, *info.image_shape), OUTPUT / "mixing.png", columns=len(fine) + 1
)

"""
## Serve

The SavedModel reads and draws without any training code.
"""

alae.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
codes = served.encode(images)
print(f"{len(images)} images have codes of shape {codes.shape}.")
print(f"Look at {OUTPUT / 'reconstructions.png'} and {OUTPUT / 'mixing.png'}.")
