"""
Title: Text to image in two stages with StackGAN
Author: The keras_gans authors
Description: Sentences in, pictures out: a small one first, then a larger one drawn over it.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

StackGAN ([Zhang et al., 2017](https://arxiv.org/abs/1612.03242)) draws what a sentence says. The
generator of *stage I* takes noise and the embedding of the sentence to a small image, right in
colors and places. That of *stage II* looks at the small image and at the sentence again, and draws
the details.

Two ideas make it learn from few sentences. *Conditioning augmentation* turns an embedding into a
Gaussian, of which the generator gets a sample, so that the space between the sentences is filled.
And the discriminator is *matching-aware*: it is shown real images with the sentence of another
image, too, and has to call these wrong.

The images are drawn by the library: two shapes each, of three kinds, four colors and two sizes.

## Setup
"""

import pathlib

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

NUM = 20_000
SIZES = 16, 32
BATCH_SIZE = 16
ROUNDS = 16, 12
STEPS_PER_ROUND = 500
LEARNING_RATES = 2e-3, 1.5e-3
CONDITIONING_DIM = 32
NOISE_DIM = 32
FILTERS = 64, 16
DISCRIMINATOR_FILTERS = 32
OUTPUT = pathlib.Path("output") / "stackgan"

"""
## Data

The same seed draws the same scenes in any size.
"""

small, captions = kg.data.drawn_shapes(NUM, image_size=SIZES[0], num_shapes=2, seed=0)
large, _ = kg.data.drawn_shapes(NUM, image_size=SIZES[1], num_shapes=2, seed=0)
print(f'{len(set(captions))} different captions, such as "{captions[0]}".')
kg.data.save_grid(large[:64], OUTPUT / "real.png")

"""
The text encoder has nothing to learn: it knows which words, and which two or three words in a row,
a caption has. Three tell which of two circles is above the other. Any `keras.Model` from strings to
vectors would do.
"""

encoder = kg.networks.ngram_encoder(captions, ngrams=3)
embedding_dim = encoder.output_shape[1]
print(f"An embedding has {embedding_dim} numbers.")

"""
## Training

The two stages are two models, trained one after the other. `fit` takes images and strings. Networks
are small, without batch normalization in the discriminator and with a gradient penalty at real
images in its place (R1). `kl_weight` is a hundredth of the paper's: the larger it is, the longer
samples ignore their sentences. Many small steps learn faster here than few large ones.
"""


def train(generator, discriminator, images, rounds, learning_rate, name):
    gan = kg.models.StackGAN(
        generator,
        discriminator,
        encoder,
        latent_dim=generator.input_shape[0][1],
        kl_weight=0.02,
        techniques=[kg.techniques.R1(0.2)],
        ema_decay=0.99,
    )
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate, rounds * STEPS_PER_ROUND, alpha=0.1
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
        steps_per_execution=10,
    )
    gan.fit(
        images,
        captions,
        batch_size=BATCH_SIZE,
        epochs=rounds,
        steps_per_epoch=STEPS_PER_ROUND,
        callbacks=[kg.callbacks.SampleGrid(OUTPUT / name, labels=captions[:64])],
        verbose=2,
    )
    return gan


shape = (SIZES[0], SIZES[0], 3)
first = train(
    kg.networks.stackgan_generator(
        shape, CONDITIONING_DIM + NOISE_DIM, embedding_dim, CONDITIONING_DIM, filters=FILTERS[0]
    ),
    kg.networks.stackgan_discriminator(
        shape, embedding_dim, DISCRIMINATOR_FILTERS, normalization=None
    ),
    small,
    ROUNDS[0],
    LEARNING_RATES[0],
    "stage_one",
)

"""
The generator of stage II holds that of stage I, whose weights stay as they are: here the moving
average, which draws the better samples.
"""

shape = (SIZES[1], SIZES[1], 3)
second = train(
    kg.networks.stackgan_refiner(
        first.ema_generator.copy(), shape, CONDITIONING_DIM, filters=FILTERS[1], num_blocks=2
    ),
    kg.networks.stackgan_discriminator(
        shape, embedding_dim, DISCRIMINATOR_FILTERS, normalization=None
    ),
    large,
    ROUNDS[1],
    LEARNING_RATES[1],
    "stage_two",
)

"""
## Look

Each row is a sentence. The first image is what stage I draws, the others are samples of stage II,
the second of them with the noise of the first.
"""

sentences = [
    "a small red circle above a large blue square",
    "a large yellow triangle left of a small green circle",
    "a large blue triangle below a large red triangle",
    "a small green square right of a small yellow square",
]
latents = np.random.default_rng(0).normal(size=(len(sentences), 5, second.latent_dim))
rows = []
for sentence, z in zip(sentences, latents.astype("float32"), strict=True):
    coarse = first.generate(z[:1, CONDITIONING_DIM:], sentence)
    enlarged = coarse.repeat(SIZES[1] // SIZES[0], 1).repeat(SIZES[1] // SIZES[0], 2)
    rows += [enlarged, second.generate(z, sentence)]
kg.data.save_grid(np.concatenate(rows), OUTPUT / "sentences.png", columns=6)

"""
## Does it draw what the sentence says?

A network that learned to read real drawings, from their captions, reads the generated ones: the
color and the shape of the first thing, from the top or from the left, those of the second, and how
they lie.
"""

COLORS = "red", "green", "blue", "yellow"
KINDS = "circle", "square", "triangle"


def facts(caption):
    """What there is to see: how two things lie, and the color and the shape of each."""
    for place in ("above", "below", "left of", "right of"):
        if f" {place} " in caption:
            things = [thing.split() for thing in caption.split(f" {place} ")]
            break
    if place in ("below", "right of"):
        things = things[::-1]
    numbers = [COLORS.index(thing[2]) * 3 + KINDS.index(thing[3]) for thing in things]
    return int(place in ("left of", "right of")), *numbers


real_facts = np.array([facts(caption) for caption in captions])
inputs = keras.Input(shape)
x = inputs
for filters in (32, 64, 64):
    x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
x = keras.layers.Dense(128, activation="relu")(keras.layers.Flatten()(x))
heads = [keras.layers.Dense(n, name=name)(x) for name, n in (("lie", 2), ("a", 12), ("b", 12))]
reader = keras.Model(inputs, heads)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
reader.compile("adam", [loss] * 3)
reader.fit(large, list(real_facts.T), epochs=4, batch_size=64, verbose=0)


def share_read(images, captions):
    found = np.stack([logits.argmax(-1) for logits in reader.predict(images, verbose=0)], axis=1)
    return np.mean((found == [facts(caption) for caption in captions]).all(axis=1))


images, asked = kg.data.drawn_shapes(1000, image_size=SIZES[1], num_shapes=2, seed=1)
print(f"{share_read(images, asked):.1%} of new drawings are read as their captions say.")
share = share_read(second.sample(len(asked), asked, seed=1), asked)
print(f"{share:.1%} of {len(asked)} generated images are read as their captions say.")

"""
## Serve

The SavedModel takes strings.
"""

second.export(OUTPUT / "saved_model")
image = kg.load(OUTPUT / "saved_model").sample(1, "a small red circle above a large blue square")
print(f"Look at {OUTPUT / 'sentences.png'}. One image has the shape {image.shape[1:]}.")
