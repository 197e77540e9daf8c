"""
Title: Pictures from label maps
Author: The keras_gans authors
Description: Say where sky, rock, meadow and water are, and a GAN paints the landscape.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A condition need not be a class. In *semantic image synthesis* it is a map that says of each pixel
what is there, and the generator paints a picture of it. Normalization layers are in the way: in a
region of one label all features are alike, and a normalization takes away what they have in common.
*Spatially adaptive* normalization (SPADE, in GauGAN; [Park et al.,
2019](https://arxiv.org/abs/1903.07291)) gives it back: scale and offset after each normalization
are not learned numbers but images, made of the map by convolutions. So the map enters at every
resolution, and the latents are free to say everything else: the style.

The library has the game with conditions of any shape, the hinge loss, discriminators of patches and
penalties; SPADE is ten lines of Keras, as below. GauGAN itself has more: an encoder that reads the
style from a picture, and losses that compare a generated picture with the one that the map belongs
to.

## Setup
"""

import pathlib

import keras
import numpy as np
from matplotlib.colors import to_rgb
from sklearn.ensemble import RandomForestClassifier

import keras_gans as kg

keras.utils.set_random_seed(0)

SIDE = 32
LATENT_DIM = 16
FILTERS = 16
NUM_IMAGES = 5000
ROUNDS = 8
STEPS_PER_ROUND = 300
OUTPUT = pathlib.Path("output") / "label_maps"

"""
## Data

Landscapes under a sky, made up: a ridge, a shore, and a time of day between night and noon that
tints everything. The map knows ridge and shore. It does not know the time, where snow lies, or how
the water ripples.
"""

LABELS = ("sky", "rock", "meadow", "water")
HOURS = (
    ("#0b1030", "#1a1a2a", "#0c2018", "#101c3c"),  # night
    ("#e8824a", "#5a3a4a", "#4a4a28", "#b06a5a"),  # dawn
    ("#7fb8f0", "#8a8078", "#5aa040", "#3a78b8"),  # noon
)


def waves(rng, num, height, size):
    """Random smooth lines `(num, SIDE)`: heights of so many rows, give or take a size."""
    x = np.linspace(0, 2 * np.pi, SIDE)
    frequencies = np.array([0.7, 1.6, 3.1])[:, None, None]
    phases = rng.uniform(0, 2 * np.pi, (3, num, 1))
    weights = rng.uniform(0.3, 1, (3, num, 1)) * np.array([1, 0.6, 0.3])[:, None, None]
    shape = np.sum(weights * np.sin(frequencies * x + phases), axis=0)
    return rng.uniform(*height, (num, 1)) + size * shape


def label_maps(rng, num):
    """One-hot maps `(num, SIDE, SIDE, 4)`."""
    y = np.arange(SIDE)[:, None]
    ridge, shore = waves(rng, num, (7, 13), 4)[:, None], waves(rng, num, (21, 29), 3)[:, None]
    foot = rng.uniform(15, 19, (num, 1, 1))
    labels = np.where(y < np.minimum(ridge, foot), 0, np.where(y < foot, 1, 2 + (y >= shore)))
    return np.eye(len(LABELS), dtype="float32")[labels]


def landscapes(rng, maps):
    """Pictures `(num, SIDE, SIDE, 3)` of maps, each at an hour of its own."""
    num, y = len(maps), np.arange(SIDE)[:, None]
    colors = np.array([[to_rgb(color) for color in colors] for colors in HOURS])
    hour = rng.uniform(0, 2, (num, 1, 1))
    nearness = np.clip(1 - np.abs(hour[..., 0] - np.arange(3)), 0, 1)
    light = np.einsum("nh,hlc->nlc", nearness, colors)
    pictures = np.einsum("nyxl,nlc->nyxc", maps, light)
    sky, rock, meadow, water = np.moveaxis(maps, -1, 0)
    depth = np.cumsum(rock, axis=1)
    snow = rock * (depth < rng.uniform(1, 5, (num, 1, 1)))
    ripples = water * np.sin(rng.uniform(1, 2, (num, 1, 1)) * y + rng.uniform(0, 6, (num, 1, 1)))
    grain = rng.normal(size=sky.shape)
    shade = 0.25 * (y / SIDE - 0.3) * sky + 0.5 * snow * (0.2 + hour / 2) + 0.08 * ripples
    shade += 0.05 * grain * (meadow + rock)
    return np.clip(2 * (pictures + shade[..., None]) - 1, -1, 1).astype("float32")


rng = np.random.default_rng(0)
maps, test_maps = label_maps(rng, NUM_IMAGES), label_maps(rng, 200)
images, test_images = landscapes(rng, maps), landscapes(rng, test_maps)

"""
## Networks

`modulated` is SPADE. The discriminator judges patches of pictures that have the map as further
channels: a lake where the map says meadow is as bad as no landscape at all.
"""


def modulated(x, maps):
    """Batch normalization with scales and offsets that are made of the map."""
    side, width = x.shape[1], x.shape[-1]
    hidden = keras.layers.AveragePooling2D(SIDE // side)(maps)
    hidden = keras.layers.Conv2D(FILTERS, 3, padding="same", activation="relu")(hidden)
    scale = keras.layers.Conv2D(width, 3, padding="same", bias_initializer="ones")(hidden)
    offset = keras.layers.Conv2D(width, 3, padding="same")(hidden)
    x = keras.layers.BatchNormalization(center=False, scale=False)(x)
    return keras.layers.Add()([keras.layers.Multiply()([x, scale]), offset])


latents, condition = keras.Input((LATENT_DIM,)), keras.Input(maps.shape[1:])
x = keras.layers.Dense(4 * 4 * 4 * FILTERS)(latents)
x = keras.layers.Reshape((4, 4, 4 * FILTERS))(x)
for width in (4 * FILTERS, 2 * FILTERS, FILTERS):
    x = keras.layers.LeakyReLU(0.2)(modulated(x, condition))
    x = keras.layers.Conv2D(width, 3, padding="same")(keras.layers.UpSampling2D()(x))
x = keras.layers.LeakyReLU(0.2)(modulated(x, condition))
painted = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
generator = keras.Model([latents, condition], painted)

picture = keras.Input(images.shape[1:])
channels = images.shape[-1] + maps.shape[-1]
patches = kg.networks.patch_discriminator(
    (SIDE, SIDE, channels), filters=2 * FILTERS, num_layers=2, normalization=None
)
logits = patches(keras.layers.Concatenate()([picture, condition]))
discriminator = keras.Model([picture, condition], logits)

"""
## The model, and training

The model only has to be told what a condition is. Fakes have the maps of the real pictures
in their mini-batch.
"""


@keras.saving.register_keras_serializable("examples")
class LabelMapGAN(kg.models.conditional_gan.Conditional, kg.models.GAN):
    condition_spec = kg.data.Spec((SIDE, SIDE, len(LABELS)), value_range=(0, 1))


gan = LabelMapGAN(
    generator,
    discriminator,
    LATENT_DIM,
    objective="hinge",
    techniques=[kg.techniques.R1(1.0, every=4)],
    ema_decay=0.998,
)
gan.compile(
    g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.99),
    d_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
    steps_per_execution=10,
)
gan.fit(images, maps, batch_size=32, epochs=ROUNDS, steps_per_epoch=STEPS_PER_ROUND, verbose=2)

"""
## Look

Each row begins with a map that training has not seen, and a picture that it may have come from.
Then come six generated ones, of the same six latents in every row.
"""

styles = np.random.default_rng(1).normal(size=(6, LATENT_DIM))
palette = np.array([to_rgb(color) for color in ("#7fd0ff", "#707070", "#50c040", "#2040c0")])
rows = []
for test_map, test_image in zip(test_maps[:6], test_images[:6], strict=True):
    rows += [2 * test_map @ palette - 1, test_image]
    rows += list(gan.generate(styles, labels=np.repeat(test_map[None], len(styles), axis=0)))
OUTPUT.mkdir(parents=True, exist_ok=True)
kg.data.save_grid(rows, OUTPUT / "grid.png", columns=8, scale=3)

"""
## Measure

Do the pictures show what the map says? A random forest that has learned to read pixels of real
pictures, from the colors around them, reads the generated ones. And do the latents say what the map
does not? The brightness of pictures of one map should differ as it does between hours.
"""


def surroundings(pictures):
    """The colors of each pixel and its eight neighbors, a row a pixel."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return windows.reshape(-1, 9 * pictures.shape[-1])


forest = RandomForestClassifier(30, random_state=0)
forest.fit(surroundings(images[:100]), maps[:100].argmax(-1).ravel())
generated = gan.sample(len(test_maps), labels=test_maps, seed=0)
for name, pictures in {"real": test_images, "generated": generated}.items():
    share = forest.score(surroundings(pictures[:50]), test_maps[:50].argmax(-1).ravel())
    print(f"{share:.1%} of the pixels of {name} pictures are read as the map says.")

same = np.repeat(test_maps[:1], 200, axis=0)
for name, pictures in {
    "real": landscapes(rng, same),
    "generated": gan.sample(len(same), labels=same, seed=0),
}.items():
    print(f"brightness of {name} pictures of one map: ± {pictures.mean((1, 2, 3)).std():.2f}")

"""
## Serve
"""

gan.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
print("served pictures:", served.sample(2, labels=test_maps[:2], seed=0).shape)
print(f"Look at {OUTPUT / 'grid.png'}.")
