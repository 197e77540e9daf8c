"""
Title: A CycleGAN
Author: The keras_gans authors
Description: Translation between two kinds of pictures, learned without a single pair.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

To translate horses into zebras one would like to learn from pairs: the same animal, once with
stripes and once without. There are none. A CycleGAN ([Zhu et al.,
2017](https://arxiv.org/abs/1703.10593)) learns from two sets of pictures that have nothing to do
with each other. Two generators translate between the domains A and B, and two discriminators tell
translations from the real pictures of each. That alone would allow any picture of the other
domain as an answer. What ties the answer to the question is *cycle consistency*: a translation,
translated back, must be the picture that it came from.

## Setup
"""

import pathlib

import keras
import numpy as np
from matplotlib.colors import hsv_to_rgb
from scipy import ndimage
from sklearn.svm import SVC

import keras_gans as kg

keras.utils.set_random_seed(0)

FILTERS = 16
BLOCKS = 3
EPOCHS = 8
BATCH_SIZE = 4
OUTPUT = pathlib.Path("output") / "cyclegan"

"""
## Two domains

Domain A are the bundled handwritten digits, white on black, as sharp strokes on 24×24 pixels. For
domain B *other* digits are drawn as outlines on a woven ground, in a color that says which way the
outline faces. No digit is in both, and no label is used in training.

A random color for each digit would not do: no one who sees white strokes can know it, and cycle
consistency asks for every pixel of B back.
"""

digits, _ = kg.data.load("digits", "all", batch_size=1797, labels=True, shuffle=True, seed=0)
images, labels = next(digits.as_numpy_iterator())
large = ndimage.zoom((images[..., 0] + 1) / 2, (1, 2.5, 2.5), order=3)
strokes = np.pad(np.clip(4 * (large - 0.3), 0, 1), ((0, 0), (2, 2), (2, 2)))


def as_strokes(strokes):
    return np.repeat(2 * strokes[..., None] - 1, 3, axis=-1).astype("float32")


def as_outlines(strokes):
    outlines = (ndimage.maximum_filter(strokes, (1, 3, 3)) - strokes)[..., None]
    down, right = np.gradient(ndimage.gaussian_filter(strokes, (0, 1, 1)), axis=(1, 2))
    hues = np.arctan2(down, right) / (2 * np.pi) % 1
    colors = hsv_to_rgb(np.stack([hues, np.full_like(hues, 0.8), np.ones_like(hues)], axis=-1))
    y, x = np.indices(strokes.shape[1:])
    weave = np.sin(np.pi / 2 * x) * np.cos(np.pi / 2 * y)
    ground = (0.3 + 0.12 * weave)[..., None] * [1.0, 0.8, 0.6]
    return (2 * (outlines * colors + (1 - outlines) * ground) - 1).astype("float32")


a, b = as_strokes(strokes[:750]), as_outlines(strokes[750:1500])
test_a, test_b = as_strokes(strokes[1500:]), as_outlines(strokes[1500:])
test_labels = labels[1500:]

"""
## Networks and training

The networks are those of the paper, with fewer filters and residual blocks: generators with
instance normalization and reflection padding, and discriminators that judge patches. `fit` takes
the two domains side by side, and shuffles each on its own.

A mini-batch has four images of each domain instead of the paper's one, and the learning rate is
twice the paper's.
"""

SHAPE = a.shape[1:]
generators = [
    kg.networks.translation_generator(SHAPE, filters=FILTERS, num_blocks=BLOCKS) for _ in range(2)
]
discriminators = [
    kg.networks.patch_discriminator(SHAPE, filters=2 * FILTERS, num_layers=2) for _ in range(2)
]
gan = kg.models.CycleGAN(*generators, *discriminators, cycle_weight=10.0, identity_weight=0.5)
gan.compile(
    g_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.5),
    d_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.5),
)
gan.fit(a, b, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)

"""
## Look

Three rows for each direction: test images, their translations, and these translated back.
"""

to_b, to_a = gan.translate(test_a, "ab"), gan.translate(test_b, "ba")
back_to_a, back_to_b = gan.translate(to_b, "ba"), gan.translate(to_a, "ab")
rows = [images[:12] for images in (test_a, to_b, back_to_a, test_b, to_a, back_to_b)]
OUTPUT.mkdir(parents=True, exist_ok=True)
kg.data.save_grid(np.concatenate(rows), OUTPUT / "grid.png", columns=12, scale=3)

"""
## Measure

The cycle error is the mean absolute difference of pixels between an image and what comes back.
"""

for name, images, back in (("A→B→A", test_a, back_to_a), ("B→A→B", test_b, back_to_b)):
    others = np.roll(images, 1, axis=0)
    print(
        f"cycle error {name}: {np.abs(back - images).mean():.3f} "
        f"(two different images differ by {np.abs(others - images).mean():.3f})"
    )

"""
A translated digit should still be the digit that it was. For each domain a support vector machine
learns to read real images, by the brightest channel of each pixel, and reads the translations.
"""


def flat(images):
    return images.max(axis=-1).reshape(len(images), -1)


reader_of_a = SVC().fit(flat(a), labels[:750])
reader_of_b = SVC().fit(flat(b), labels[750:1500])
for reader, name, views in (
    (reader_of_a, "A", {"A": test_a, "B as it is": test_b, "B→A": to_a, "A→B→A": back_to_a}),
    (reader_of_b, "B", {"B": test_b, "A as it is": test_a, "A→B": to_b, "B→A→B": back_to_b}),
):
    for view, images in views.items():
        share = reader.score(flat(images), test_labels)
        print(f"a reader of {name} reads {view}: {share:.1%} (chance: 10%)")

"""
## Serve

The SavedModel translates both ways, without any training code.
"""

gan.save(OUTPUT / "model.keras")
gan.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
print("served translations:", served.translate(test_b[:4], "ba").shape)
print(f"Look at {OUTPUT / 'grid.png'}.")
