"""
Title: Super-resolution with a GAN
Author: The keras_gans authors
Description: Photographs made twice as large: first by their pixels, then by what they look like.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

There are many large images that shrink to the same small one. A network that is trained to make
the squared distance of pixels small answers with their mean, and the mean of many sharp images is
blurred. SRGAN ([Ledig et al., 2017](https://arxiv.org/abs/1609.04802)) begins there, and then asks
for something else: that features of a trained network agree, and that a discriminator cannot tell
the answer from a real photograph. What comes out has more errors in its pixels and looks sharper.

## Setup
"""

import pathlib

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

SCALE = 2
PATCH = 48
FILTERS = 24
BLOCKS = 2
CLASSIFIER_STEPS = 1500
PRETRAINING_STEPS = 12_000
ADVERSARIAL_STEPS = 600
BATCH_SIZES = 4, 16
LEARNING_RATE = 1e-3
OUTPUT = pathlib.Path("output") / "srgan"

"""
## Two photographs

scikit-learn comes with two photographs, a temple and a flower. Patches to test on are cut from
a strip of each that patches to train on know nothing of. Small images are not needed: the model
makes them in its training step, as the paper does, by bicubic interpolation with antialiasing.
"""

train = kg.data.photographs(PATCH)
test = kg.data.photographs(PATCH, stride=PATCH // 2, split="test")
large = kg.data.photographs(160, split="test")
print(f"{len(train)} patches to train on, {len(test)} to test on, of shape {train.shape[1:]}")

"""
## Features

The paper compares features of VGG19, `kg.networks.vgg19_features()`, which must be downloaded.
Here a small network learns to tell which of eight ways a patch has been turned and mirrored. To
know that, it has to look at edges and textures, and no one has to label anything. Images will be
compared by its first two convolutions, which see every pixel, as the paper's φ₂,₂ does.
"""

turned = [np.rot90(train, k, axes=(1, 2)) for k in range(4)]
many = np.concatenate([*turned, *(patches[:, :, ::-1] for patches in turned)])
ways = np.repeat(np.arange(8), len(train))


def convolution(filters, strides=1):
    return keras.layers.Conv2D(
        filters, 3, strides, padding="same", activation="relu", kernel_initializer="he_normal"
    )


features = keras.Sequential([keras.Input((None, None, 3)), convolution(24), convolution(24)])
classifier = keras.Sequential(
    [
        keras.Input(train.shape[1:]),
        features,
        *[convolution(48, strides=2) for _ in range(3)],
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(8),
    ]
)
classifier.compile(
    keras.optimizers.Adam(5e-4),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
batches, _ = kg.data.load((many, ways), batch_size=32, labels=True, seed=0)
classifier.fit(batches.repeat(), steps_per_epoch=CLASSIFIER_STEPS, verbose=2)

"""
## Two phases

`pretraining_steps` says how long the generator learns from pixels alone. One `fit` may hold both
phases; here each has its own, to see what it does. Networks are smaller than those of the paper,
the generator without batch normalization, and learning rates higher, as the training is so much
shorter. Patches are turned and mirrored. Many small steps teach pixels best; a discriminator wants
more images at once.
"""

gan = kg.models.SRGAN(
    kg.networks.srgan_generator(
        scale=SCALE, filters=FILTERS, num_blocks=BLOCKS, normalization=None
    ),
    kg.networks.srgan_discriminator(train.shape[1:], filters=FILTERS // 2),
    features,
    pretraining_steps=PRETRAINING_STEPS,
    adversarial_weight=1e-3,
    ema_decay=0.99,
)
rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, PRETRAINING_STEPS, alpha=0.1)
gan.compile(
    g_optimizer=keras.optimizers.Adam(rate),
    d_optimizer=keras.optimizers.Adam(LEARNING_RATE / 10),
    steps_per_execution=10,
)
low = gan.shrunk(test).numpy()
made = [np.clip(kg.layers.bicubic_upsample(low, SCALE), -1, 1)]
large_low = gan.shrunk(large)
large_made = [np.clip(kg.layers.bicubic_upsample(large_low, SCALE), -1, 1)]
for steps, batch_size in zip((PRETRAINING_STEPS, ADVERSARIAL_STEPS), BATCH_SIZES, strict=True):
    batches, _ = kg.data.load(many, batch_size=batch_size, seed=0)
    gan.fit(batches.repeat(), epochs=4, steps_per_epoch=steps // 4, verbose=2)
    made.append(gan.upscale(low))
    large_made.append(gan.upscale(large_low))

"""
## Look

From top to bottom: the small patches, bicubic interpolation, the generator after the first phase
and after the second, and the patches as they were.
"""

shown = np.linspace(0, len(test) - 1, 8).astype(int)
rows = [low.repeat(SCALE, axis=1).repeat(SCALE, axis=2), *made, test]
OUTPUT.mkdir(parents=True, exist_ok=True)
picture = np.concatenate([images[shown] for images in rows])
kg.data.save_grid(picture, OUTPUT / "grid.png", columns=len(shown), scale=2)

"""
## Measure

The peak signal-to-noise ratio and the structural similarity ask for the right pixels, and the first
phase is made for them. They are measured on large pieces, as the network takes images of any size,
and on all of them as one: `evaluate` gives the means over patches, of which flat ones, which every
method gets right, would be most.

What images look like, they do not say. The Fréchet distance between features does, whichever pixels
would be right: here those that the classifier decides by.
"""

pooled = keras.Model(classifier.inputs, classifier.layers[-2].output)


def as_one(images):
    return np.reshape(images, (1, -1, *images.shape[2:]))


def measured(metric, real, images):
    metric.update_state(real, images)
    return float(metric.result())


kinds = ("bicubic", "pixels", "features and discriminator")
for kind, images, large_images in zip(kinds, made, large_made, strict=True):
    psnr, ssim = (
        measured(metric(luminance=True, border=SCALE), as_one(large), as_one(large_images))
        for metric in (kg.metrics.PSNR, kg.metrics.SSIM)
    )
    distance = measured(kg.metrics.FrechetDistance(pooled), test, images)
    print(f"{kind:27} {psnr:.2f} dB  SSIM {ssim:.3f}  Fréchet distance {distance:.3f}")

"""
## Serve

So does what is served, without any training code.
"""

gan.save(OUTPUT / "model.keras")
gan.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
print("served:", served.upscale(low[:1]).shape, served.upscale(test[:1]).shape)
print(f"Look at {OUTPUT / 'grid.png'}.")
