"""
Title: Learning from few labels with a GAN
Author: The keras_gans authors
Description: A discriminator that tells real from fake needs fewer labels to tell classes apart.
Accelerator: None
"""

"""
## Introduction

Labels are expensive, images are not. A semi-supervised GAN ([Salimans et al.,
2016](https://arxiv.org/abs/1606.03498)) makes the discriminator a classifier of K classes, and lets
it learn from both: labeled images should get their class, unlabeled ones *any* class rather than
none, and generated ones none. To know a fake from a real image the classifier has to know what real
images have in common, and that is worth many labels.

The generator does not try to deceive it. It matches the mean of the classifier's features, which
gives worse pictures and better classifiers.

## Setup
"""

import pathlib

import keras
import numpy as np
from keras import layers
from sklearn.svm import SVC

import keras_gans as kg

keras.utils.set_random_seed(0)

LABELS_PER_CLASS = 5
LATENT_DIM = 50
EPOCHS = 150
OUTPUT = pathlib.Path("output/semi_supervised_gan")

"""
## Data

The 1,500 training images of `digits`; all but a few labels are replaced by −1, which means "not
known".
"""


def arrays(split):
    batches, _ = kg.data.load("digits", split, batch_size=50, labels=True, shuffle=False)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


images, labels = arrays("train")
test_images, test_labels = arrays("test")
known = np.concatenate([np.flatnonzero(labels == k)[:LABELS_PER_CLASS] for k in range(10)])
few_labels = np.full_like(labels, -1)
few_labels[known] = labels[known]

"""
## Networks

The discriminator has ten logits, one a class. Noise between its layers keeps it from memorizing
the few labeled images.
"""

discriminator = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Flatten(),
        layers.GaussianNoise(0.3),
        layers.Dense(256, activation="leaky_relu"),
        layers.GaussianNoise(0.5),
        layers.Dense(256, activation="leaky_relu"),
        layers.GaussianNoise(0.5),
        layers.Dense(10),
    ]
)
generator = kg.networks.mlp_generator((8, 8, 1), LATENT_DIM, (256, 256), normalization="batch")

"""
## Training

`fit` takes all images, with labels where there are any. `evaluate` gives the accuracy.
"""

gan = kg.models.SemiSupervisedGAN(generator, discriminator, latent_dim=LATENT_DIM)
gan.compile(
    g_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
    d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
)
gan.fit(images, few_labels, batch_size=50, epochs=EPOCHS, verbose=2)
accuracy = gan.evaluate(test_images, test_labels, verbose=0, return_dict=True)["accuracy"]

"""
## What the unlabeled images are worth

The same labels, without the unlabeled images: the same network as an ordinary classifier, and a
support vector machine.
"""

alone = keras.models.clone_model(discriminator)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
alone.compile("adam", loss, metrics=["accuracy"])
alone.fit(images[known], labels[known], batch_size=50, epochs=2 * EPOCHS, verbose=0)
alone_accuracy = alone.evaluate(test_images, test_labels, verbose=0)[1]

machine = SVC().fit(images[known].reshape(len(known), -1), labels[known])
machine_accuracy = machine.score(test_images.reshape(len(test_images), -1), test_labels)

print(f"With {len(known)} labels, right about the {len(test_labels)} test images:")
print(f"  support vector machine, labeled images only: {machine_accuracy:.1%}")
print(f"  the discriminator's network, labeled images only: {alone_accuracy:.1%}")
print(f"  semi-supervised GAN, with {len(images)} unlabeled images: {accuracy:.1%}")

kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")
print(f"Look at {OUTPUT / 'grid.png'}: these digits teach, and need not be beautiful.")
