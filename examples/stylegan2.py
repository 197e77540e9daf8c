"""
Title: StyleGAN2
Author: The keras_gans authors
Description: Digits from codes of styles: truncate them, mix them, and find those of real images.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

The generator of StyleGAN2 ([Karras et al., 2020](https://arxiv.org/abs/1912.04958)) does not begin
with its latents. A *mapping* turns them into a code w first; a *synthesis* begins with a learned
constant, and at each of its convolutions the code, as a style, scales the kernel. *Demodulation*
takes back what that does to the size of the outputs, in expectation: no feature map is normalized,
and none can be blown up to cheat a normalization, which was the cause of StyleGAN's droplets. Noise
takes care of details that no code needs to know.

So codes say what is large in the first styles, and what is small in the last; and *path length
regularization* makes a step among the codes one step among the images, wherever it is made. Such a
generator can be inverted: there is a code for a given image, or for one near it.

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

DATASET = sys.argv[1] if len(sys.argv) > 1 else "mnist"
LATENT_DIM = 64
FILTERS = 16
LEARNING_RATE = 5e-3
ROUNDS = 10
STEPS_PER_ROUND = 300
PROJECTION_STEPS = 300
OUTPUT = pathlib.Path("output") / f"stylegan2_{DATASET}"

"""
## Data

Images are floats in [−1, 1].
"""

train, info = kg.data.load(DATASET, batch_size=32, seed=0)
print(info)

"""
## Networks

The builders take images of any shape. `filters` is the number of channels next to the image, which
doubles at each smaller side; the paper's for images of 1024×1024 are 32 to 512, and a code has 512
numbers. In one thing we leave the paper, whose generator ends without an activation: in drawings
like these most pixels are pure black in all images. Whatever a code changes there is an error, so a
linear generator makes little use of its codes: as small as here, it draws one digit. Where tanh
saturates, codes change nothing.
"""

generator = kg.networks.stylegan2_generator(
    info.image_shape, LATENT_DIM, filters=FILTERS, code_dim=LATENT_DIM, output_activation="tanh"
)
discriminator = kg.networks.stylegan2_discriminator(info.image_shape, filters=FILTERS)
print(f"The generator makes images of {kg.networks.synthesis(generator).input_shape[1]} styles.")

"""
## Training

Both penalties are *lazy*: they are computed now and then only, with as many times the weight. That
of the discriminator is R1, in every 16th update; its weight γ falls with the size of images. That
of the generator is the path length regularization, in every 4th. In training most images have the
styles of two codes, up to a random layer those of one, from there on those of the other.

The networks are narrow. With equalized learning rates, an update moves a layer's output by the rate
times the square root of the number of its inputs, so we take a higher rate than the paper's 0.002.
"""

gan = kg.models.StyleGAN2(
    generator,
    discriminator,
    LATENT_DIM,
    techniques=[kg.techniques.R1(0.05, every=16), kg.techniques.PathLength(2.0, every=4)],
)
gan.compile(
    *[keras.optimizers.Adam(LEARNING_RATE, beta_1=0.0, beta_2=0.99) for _ in range(2)],
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
## Truncation

The mapping keeps the mean of its codes. With `truncation=ψ` codes are ψ times as far from it as
they were drawn: at 1 the images are those of the distribution that was learned, at 0 all are that
of the mean code. Rows are ψ = 1, 0.7, 0.4, 0.1 of the same latents.
"""

rows = [gan.sample(12, seed=0, truncation=psi) for psi in (1.0, 0.7, 0.4, 0.1)]
kg.data.save_grid(np.concatenate(rows), OUTPUT / "truncation.png", columns=12)

"""
## Mix styles

`map` returns the code of each style, the same for all. Here every row has the first two styles of
the image at its left, and every column the other four of the image above it: the grid of 7×7 says
roughly which strokes there are, and those above it how they run.
"""

latents = np.random.default_rng(0).normal(size=(16, LATENT_DIM))
codes = gan.map(latents, truncation=0.7)
table = np.ones((9, 9, *info.image_shape), "float32")
table[1:, 0], table[0, 1:] = np.split(gan.synthesize(codes), 2)
table[1:, 1:] = gan.mix(codes[:8], codes[8:], layer=2)
kg.data.save_grid(table.reshape(-1, *info.image_shape), OUTPUT / "mixing.png", columns=9)

"""
## Find the codes of images

`project` looks for codes whose images are nearest to given ones, by gradient descent from the mean
code. In W an image has one code for all styles, in W+ one for each, and comes nearer. Each row of
real images stands above those of their codes in W, and in W+.
"""

images = next(train.as_numpy_iterator())[:12]
projected = {space: gan.project(images, space, steps=PROJECTION_STEPS) for space in ("w", "w+")}
found = {space: gan.synthesize(codes) for space, codes in projected.items()}
kg.data.save_grid(np.concatenate([images, *found.values()]), OUTPUT / "projections.png", columns=12)
for space, made in found.items():
    psnr = 10 * np.log10(4 / np.mean((made - images) ** 2, axis=(1, 2, 3)))
    print(f"Real images are found in {space} with a PSNR of {psnr.mean():.1f} dB.")
drawn = gan.sample(12, seed=0)
again = gan.synthesize(gan.project(drawn, steps=PROJECTION_STEPS))
psnr = 10 * np.log10(4 / np.mean((again - drawn) ** 2, axis=(1, 2, 3)))
print(f"Images that the generator drew are found in w with {psnr.mean():.1f} dB.")

"""
## Serve

The SavedModel maps, truncates and draws without any training code.
"""

gan.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
kg.data.save_grid(served.sample(100, seed=1, truncation=0.7), OUTPUT / "samples.png")
print(f"Look at {OUTPUT / 'samples.png'}, {OUTPUT / 'truncation.png'}, {OUTPUT / 'mixing.png'}")
print(f"and {OUTPUT / 'projections.png'}.")
