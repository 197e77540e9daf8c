"""
Title: DCGAN on handwritten digits
Author: The keras_gans authors
Description: A deep convolutional GAN learns to write digits, and to see them.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

The first GANs were made of dense layers. DCGAN ([Radford et al.,
2015](https://arxiv.org/abs/1511.06434)) found the convolutional networks that train: strided
convolutions instead of pooling, batch normalization nearly everywhere, ReLU in the generator and
leaky ReLU in the discriminator, small random weights, and Adam with a low momentum.

The paper's second finding is what this example ends with: the discriminator, which has never seen a
label, has learned features by which a linear classifier tells the digits apart.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import keras_gans as kg

keras.utils.set_random_seed(0)

"""
`digits` comes with scikit-learn; `mnist` is downloaded once, and takes longer:
`python examples/dcgan.py mnist`.
"""

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
LATENT_DIM = 100
FILTERS = 32
ROUNDS = 10
STEPS_PER_ROUND = 200
LABELS = 100
OUTPUT = pathlib.Path("output") / f"dcgan_{DATASET}"

"""
## Data

Images are scaled to [−1, 1], the range of the generator's tanh. The labels are put aside.
"""

train, info = kg.data.load(DATASET, batch_size=64, labels=True, seed=0)
test, _ = kg.data.load(DATASET, split="test", batch_size=64, labels=True)
print(info)

"""
## The model

`DCGAN` is a `GAN` with the paper's networks and optimizers as its defaults; here the networks are
given, as the paper's are made for larger images and for machines with a GPU. The discriminator's
real targets are 0.9 instead of 1 (one-sided label smoothing), which keeps it from being too sure.
"""

gan = kg.models.DCGAN(
    kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, filters=FILTERS),
    kg.networks.dcgan_discriminator(info.image_shape, filters=FILTERS),
    latent_dim=LATENT_DIM,
    techniques=[kg.techniques.LabelSmoothing(real=0.9)],
    ema_decay=0.99,
)
gan.compile(steps_per_execution=10)
gan.fit(
    train.map(lambda images, labels: images).repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples")],
    verbose=2,
)

"""
## Look

These images are not selected: they are the first hundred of seed 0.
"""

kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")

"""
## What the discriminator sees

A linear classifier gets a few labeled images: once as pixels, once as what the discriminator makes
of them before its last layer.
"""


def arrays(batches):
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def accuracy(features):
    """Learn from the labeled training images, test on all test images."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    classifier.fit(features(images[:LABELS]), labels[:LABELS])
    return classifier.score(features(test_images), test_labels)


def pixels(images):
    return images.reshape(len(images), -1)


def discriminator_features(images):
    return features.predict(images, verbose=0)


images, labels = arrays(train)
test_images, test_labels = arrays(test)
features = keras.Model(gan.discriminator.inputs, gan.discriminator.layers[-1].input)

print(f"A linear classifier that has seen {LABELS} labels is right about")
print(f"  {accuracy(pixels):.1%} of the test images by their pixels,")
print(f"  {accuracy(discriminator_features):.1%} by the discriminator's features.")
print(f"Look at {OUTPUT / 'grid.png'}, and at {OUTPUT / 'samples' / 'animation.gif'}.")
