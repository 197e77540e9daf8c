"""
Title: A GAN from two hundred images
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
NUM_IMAGES = 200
LATENT_DIM = 64
FILTERS = 32
STEPS = 2500
OUTPUT = pathlib.Path("output") / f"little_data_{DATASET}"

"""
## Data

The images that there are, and images of the test split, which only the measurements see; with their
labels, as a conditional GAN learns sooner.
"""


def first(split, num):
    batches, info = kg.data.load(DATASET, split=split, batch_size=100, labels=True, shuffle=False)
    images, labels = zip(*batches.take(-(-num // 100)).as_numpy_iterator(), strict=True)
    return np.concatenate(images)[:num], np.concatenate(labels)[:num], info


images, labels, info = first("train", NUM_IMAGES)
test_images, test_labels, _ = first("test", 2000)
print(f"{len(images)} images of {info.image_shape} to learn from")

"""
## The same game, with and without

The discriminator has no other regularization, so that one sees what it learns. Digits are moved and
partly covered, but not recolored: they have no colors. The adaptive augmentation mirrors and turns
them, too, and the generator is not misled: as long as that happens to some of the images only, the
digits as they are remain what is most often seen. `adjustment_images` is how soon the probability
of augmentation may have grown to 1.
"""

AUGMENTATIONS = {
    "none": [],
    "differentiable": [kg.techniques.DifferentiableAugmentation(("translation", "cutout"))],
    "adaptive": [kg.techniques.AdaptiveAugmentation(adjustment_images=STEPS * 8)],
}


def play(augmentation):
    keras.utils.set_random_seed(0)
    classes = {"num_classes": info.num_classes}
    gan = kg.models.ConditionalGAN(
        kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, FILTERS, **classes),
        kg.networks.dcgan_discriminator(
            info.image_shape, 2 * FILTERS, normalization=None, **classes
        ),
        LATENT_DIM,
        techniques=augmentation,
        ema_decay=0.998,
        seed=0,
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.99),
        d_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        steps_per_execution=20,
    )
    batches, _ = kg.data.load((images, labels), batch_size=32, labels=True, seed=0, repeat=True)
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
    samples = gan.sample(2000, np.resize(np.arange(info.num_classes), 2000), seed=0)
    gap = gan.score(images, labels).mean() - gan.score(test_images, test_labels).mean()
    print(f"{name}: Fréchet distance {distance(samples):.1f}, gap {gap:.2f}")
    rows = [rows for s in np.split(samples[:50], 5) for rows in (s, nearest(s))]
    kg.data.save_grid(np.concatenate(rows), OUTPUT / f"{name}.png", columns=10)

pictures = ", ".join(str(OUTPUT / f"{name}.png") for name in AUGMENTATIONS)
print(f"Look at {pictures}: the first samples of seed 0, not selected.")
