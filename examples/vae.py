"""
Title: A variational autoencoder
Author: The keras_gans authors
Description: Learn a map of handwritten digits, and walk about in it.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A GAN turns noise into images, but cannot say which noise would have made a given image. A
*variational autoencoder* ([Kingma and Welling, 2013](https://arxiv.org/abs/1312.6114)) learns both
directions: an *encoder* says where in latent space an image may lie, a normal distribution with
mean μ(x) and variance σ²(x), and a *decoder* says what image a latent vector stands for. Both climb
the evidence lower bound,

    ELBO = E log p(x | z) − KL(q(z | x) ‖ N(0, I)):

the first term wants images to be rebuilt from z = μ + σε, the second wants the codes of all images
together to fill N(0, I) without holes, so that any z means something. The price is blur: where the
code is vague, the decoder answers with an average.

## Setup
"""

import pathlib
import sys

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import ndtri

import keras_gans as kg

keras.utils.set_random_seed(0)

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"
LATENT_DIM = 10
HIDDEN_UNITS = (256, 256)
ROUNDS = 12
STEPS_PER_ROUND = 500
OUTPUT = pathlib.Path("output") / f"vae_{DATASET}"

"""
## Data

Pixels from −1 to 1, black to white. For the Bernoulli likelihood a gray pixel is a probability of
white.
"""

train, info = kg.data.load(DATASET, batch_size=64, seed=0)
held_out, _ = kg.data.load(DATASET, "test", batch_size=99, shuffle=False)
print(info)

"""
## Networks and training

One optimizer trains both networks. A callback draws the same paths through latent space after every
round: watch them become paths through digits.
"""

vae = kg.models.VAE(
    encoder=kg.networks.mlp_encoder(info.image_shape, LATENT_DIM, HIDDEN_UNITS),
    decoder=kg.networks.mlp_decoder(info.image_shape, LATENT_DIM, HIDDEN_UNITS),
    latent_dim=LATENT_DIM,
)
vae.compile(keras.optimizers.Adam(1e-3))
vae.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    validation_data=held_out,
    callbacks=[kg.callbacks.LatentInterpolation(OUTPUT / "interpolations")],
    verbose=2,
)

"""
## How good is it?

The ELBO is a lower bound of the evidence log p(x); many latents for each image, weighted by how
well they explain it, come nearer.
"""

images = np.concatenate(list(held_out.as_numpy_iterator()))
elbo = vae.evaluate(images, verbose=0, return_dict=True)["elbo"]
evidence = vae.log_likelihood(images, num_samples=200).mean()
print(f"Held-out ELBO {elbo:.2f} nats, log-likelihood {evidence:.2f} nats.")

"""
## Look

Held-out digits in the first row and their reconstructions in the second; then forty samples, not
selected.
"""

rows = [images[:20], vae.reconstruct(images[:20]), vae.sample(40, seed=0)]
kg.data.save_grid(np.concatenate(rows), OUTPUT / "grid.png", columns=20)

"""
## Between two digits

The mean of two images is two images on top of each other. The image of the mean of two codes is
something between: each row goes from one held-out digit to another.
"""

codes = vae.encode(images[:16])
paths = kg.latents.interpolate(codes[:8], codes[8:], steps=12, path="linear")
between = vae.decode(paths.reshape(-1, LATENT_DIM))
kg.data.save_paths(between.reshape(8, 12, *info.image_shape), OUTPUT / "between.png")

"""
## A walk

Small random steps that stay where the digits live.
"""

walk = vae.decode(kg.latents.random_walk(LATENT_DIM, steps=120, step_size=0.2, seed=0))
frames = [kg.data.image_grid(image[None], scale=16) for image in walk]
kg.data.save_animation(frames, OUTPUT / "walk.gif")

"""
## A map on paper

Two latents can be printed. A second autoencoder, the same but for that, pays for the smaller code
with blur; in return all that it knows fits on a page. The codes are N(0, 1) in each direction, so a
grid of equally probable strips, quantiles 2.5 % to 97.5 %, shows what the decoder draws in nine
tenths of its samples: dense in the middle, and far out at the edges.
"""

small = kg.models.VAE(
    encoder=kg.networks.mlp_encoder(info.image_shape, 2, HIDDEN_UNITS),
    decoder=kg.networks.mlp_decoder(info.image_shape, 2, HIDDEN_UNITS),
    latent_dim=2,
)
small.compile(keras.optimizers.Adam(1e-3))
small.fit(train.repeat(), epochs=ROUNDS, steps_per_epoch=STEPS_PER_ROUND, verbose=2)

SIDE = 20
quantiles = ndtri((np.arange(SIDE) + 0.5) / SIDE)
right, up = np.meshgrid(quantiles, quantiles[::-1])
places = np.stack([right, up], axis=-1).reshape(-1, 2)
kg.data.save_grid(small.decode(places), OUTPUT / "map.png", columns=SIDE)

"""
Where do the digits live? A dot for each held-out digit, at the mean of its code and in the color of
its class, which the encoder has never been told.
"""

labeled, _ = kg.data.load(DATASET, "test", batch_size=99, labels=True, shuffle=False)
images, labels = (np.concatenate(a) for a in zip(*labeled.as_numpy_iterator(), strict=True))
codes = small.encode(images)
figure, axes = plt.subplots(figsize=(7, 6), layout="constrained")
for label in range(info.num_classes):
    axes.plot(*codes[labels == label].T, ".", color=f"C{label}", label=info.class_names[label])
axes.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
figure.legend(title="class", loc="outside right center")
figure.savefig(OUTPUT / "codes.png", dpi=100)

"""
## Serve
"""

vae.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
assert np.allclose(served.reconstruct(images[:5]), vae.reconstruct(images[:5]), atol=1e-4)
print(f"Look at {OUTPUT / 'grid.png'}, {OUTPUT / 'between.png'}, {OUTPUT / 'map.png'},")
print(f"{OUTPUT / 'codes.png'} and {OUTPUT / 'walk.gif'}.")
