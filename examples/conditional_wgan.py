"""
Title: A conditional Wasserstein GAN
Author: The keras_gans authors
Description: Digits on demand: a WGAN-GP whose networks are given the class.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A GAN draws whatever it likes. A *conditional* GAN ([Mirza and Osindero,
2014](https://arxiv.org/abs/1411.1784)) is asked for a class: the generator gets a class label
beside its latent vector, and the critic judges an image together with the label that it is said to
have. A beautiful 3 that should have been a 7 is then as bad as noise.

Here the objective is that of WGAN-GP; the label enters the generator as a learned vector beside the
latents, and the critic by a projection ([Miyato and Koyama,
2018](https://arxiv.org/abs/1802.05637)): the inner product of its features with another learned
vector of the class.

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
LATENT_DIM = 64
FILTERS = 32
ROUNDS = 10
STEPS_PER_ROUND = 200
OUTPUT = pathlib.Path("output") / f"conditional_wgan_{DATASET}"

"""
## Data

With `labels=True` every batch is a pair of images and integer labels.
"""

train, info = kg.data.load(DATASET, batch_size=64, labels=True, seed=0)
print(info)

"""
## Networks and training

`num_classes` is all that makes the networks conditional. The labels of generated images follow the
data: those of each mini-batch's fakes are those of its real images.
"""

gan = kg.models.ConditionalWGANGP(
    kg.networks.dcgan_generator(
        info.image_shape, LATENT_DIM, filters=FILTERS, num_classes=info.num_classes
    ),
    kg.networks.dcgan_discriminator(
        info.image_shape, filters=FILTERS, normalization=None, num_classes=info.num_classes
    ),
    latent_dim=LATENT_DIM,
    ema_decay=0.998,
)
gan.compile(
    g_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
    d_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
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
## Look

Each column is a class; rows are the first samples of seed 0, not selected.
"""

labels = np.tile(np.arange(info.num_classes), 10)
kg.data.save_grid(gan.sample(len(labels), labels=labels, seed=0), OUTPUT / "grid.png")

"""
## Does it draw what is asked for?

A support vector machine that learned from real images only reads the generated ones.
"""


def flat(images):
    return images.reshape(len(images), -1)


images, real_labels = (np.concatenate(a) for a in zip(*train.as_numpy_iterator(), strict=True))
reader = SVC().fit(flat(images[:5000]), real_labels[:5000])
wanted = np.tile(np.arange(info.num_classes), 100)
read = reader.predict(flat(gan.sample(len(wanted), labels=wanted, seed=1)))
share = np.mean(read == wanted)
print(f"{share:.1%} of {len(wanted)} generated images are read as the class asked for.")

"""
## Between two classes

There is no digit between a 1 and a 5, and no label; but the generator takes a label as a learned
vector, and between two vectors lies a line. The generator is a plain functional model, so it can be
cut where the vectors come in: `draw` is what is left of it, from latents and a vector side by side.

Each row goes from a class to the next one, 9 to 0 at last, with the same latents all the way.
"""

STEPS = 11
generator = gan.ema_generator.copy()
layers = {type(layer): layer for layer in generator.layers}
vectors = layers[keras.layers.Embedding].embeddings.numpy()
draw = keras.Model(layers[keras.layers.Concatenate].output, generator.output)

following = (wanted + 1) % info.num_classes
latents = np.random.default_rng(2).normal(size=(len(wanted), LATENT_DIM)).astype("float32")
paths = kg.latents.interpolate(vectors[wanted], vectors[following], STEPS, path="linear")
inputs = np.concatenate([latents[:, None].repeat(STEPS, axis=1), paths], axis=-1)
between = draw.predict(inputs.reshape(len(wanted) * STEPS, -1), batch_size=500, verbose=0)
between = between.reshape(len(wanted), STEPS, *info.image_shape)
kg.data.save_paths(between[: info.num_classes], OUTPUT / "between_classes.png")
assert np.allclose(between[:, 0], gan.generate(latents, labels=wanted), atol=1e-4)

"""
Half way, the reader decides which of the two it is, or whether it is another one.
"""

for step in (0, STEPS // 2, STEPS - 1):
    read = reader.predict(flat(between[:, step]))
    first, second = np.mean(read == wanted), np.mean(read == following)
    way = step / (STEPS - 1)
    said = f"{first:.0%} are read as the first class, {second:.0%} as the next."
    print(f"{way:.0%} of the way, {said}")

"""
## Serve

The SavedModel takes labels, too.
"""

gan.export(OUTPUT / "saved_model")
sevens = kg.load(OUTPUT / "saved_model").sample(16, labels=[7] * 16, seed=1)
kg.data.save_grid(sevens, OUTPUT / "sevens.png")
print(f"Look at {OUTPUT / 'grid.png'} and {OUTPUT / 'between_classes.png'}.")
