"""
Title: A GAN from five hundred images
Author: The keras_gans authors
Description: What augmentation does for a discriminator that could learn its images by heart.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

With few training images a discriminator can learn them by heart: it calls them real, and everything
else a fake, test images too. From then on it tells the generator nothing about what images look
like, and the generated ones get worse.

Augmentation keeps it from that, if fakes are augmented like real images, and if the generator
learns through the augmentation: `DifferentiableAugmentation`
([Zhao et al., 2020](https://arxiv.org/abs/2006.10738)) always changes all that the discriminator
sees, `AdaptiveAugmentation` ([Karras et al., 2020](https://arxiv.org/abs/2006.06676)) as often as
the discriminator's certainty about real images asks for. Either is one line.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

DATASET = sys.argv[1] if len(sys.argv) > 1 else "mnist"
NUM_IMAGES = 500
LATENT_DIM = 64
FILTERS = 32
STEPS = 4000
OUTPUT = pathlib.Path("output") / f"little_data_{DATASET}"

"""
## Data

The images that there are, and images of the test split, which only the measurements see.
"""


def first(split, num):
    batches, info = kg.data.load(DATASET, split=split, batch_size=100, shuffle=False)
    images = np.concatenate(list(batches.take(-(-num // 100)).as_numpy_iterator()))
    return images[:num], info


images, info = first("train", NUM_IMAGES)
test_images, _ = first("test", 2000)
print(f"{len(images)} images of {info.image_shape} to learn from")

"""
## The same game, with and without

The techniques' defaults suit photographs: handwritten digits are not mirrored or recolored, as a
mirrored 2 is no digit. The generator could not tell that such images are not wanted, were they
always shown. `adjustment_images` is how soon the probability of augmentation may have grown to 1.
"""

AUGMENTATIONS = {
    "none": [],
    "differentiable": [kg.techniques.DifferentiableAugmentation(("translation", "cutout"))],
    "adaptive": [kg.techniques.AdaptiveAugmentation(adjustment_images=STEPS * 8)],
}


def play(augmentation):
    keras.utils.set_random_seed(0)
    gan = kg.models.GAN(
        kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, FILTERS),
        kg.networks.dcgan_discriminator(info.image_shape, FILTERS, normalization=None),
        LATENT_DIM,
        techniques=[*augmentation, kg.techniques.R1(weight=0.5)],
        ema_decay=0.998,
        seed=0,
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.99),
        d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.99),
        steps_per_execution=20,
    )
    batches, _ = kg.data.load(images, batch_size=32, seed=0, repeat=True)
    gan.fit(batches, steps_per_epoch=STEPS, verbose=0)
    return gan


"""
## Look, and measure

The *Fréchet distance* compares samples with test images, by the features of a classifier. The
*gap* is by how much more real the discriminator calls the images that it was trained on than test
images: what it has learned by heart. Below each sample is the training image nearest to it.
"""

features = kg.metrics.MNISTFeatures() if DATASET == "mnist" else keras.layers.Flatten()


def distance(samples):
    metric = kg.metrics.FrechetDistance(feature_extractor=features)
    metric.update_state(real=test_images, generated=samples)
    return float(metric.result())


def nearest(samples):
    apart = np.abs(samples[:, None] - images).sum(axis=(2, 3, 4))
    return images[apart.argmin(axis=1)]


for name, augmentation in AUGMENTATIONS.items():
    gan = play(augmentation)
    samples = gan.sample(2000, seed=0)
    gap = gan.score(images).mean() - gan.score(test_images).mean()
    print(f"{name}: Fréchet distance {distance(samples):.1f}, gap {gap:.2f}")
    rows = [rows for s in np.split(samples[:60], 5) for rows in (s, nearest(s))]
    kg.data.save_grid(np.concatenate(rows), OUTPUT / f"{name}.png", columns=12)

print(f"Look at the pictures in {OUTPUT}: the first samples of seed 0, not selected.")
