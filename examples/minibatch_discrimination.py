"""
Title: Minibatch discrimination against mode collapse
Author: The keras_gans authors
Description: A discriminator that sees a whole mini-batch notices when all samples are alike.
Accelerator: None
"""

"""
## Introduction

A discriminator that looks at one sample at a time cannot tell that all samples are the same. So a
generator may draw one convincing thing only, and jump to another when the discriminator has learned
that one: mode collapse.

Minibatch discrimination ([Salimans et al., 2016](https://arxiv.org/abs/1606.03498)) tells the
discriminator how close each sample is to the others of its mini-batch. A heap of equal samples then
looks false, however good each of them is.

This script plays the minimax game on 25 Gaussians twice, with the same networks and the same
budget. It takes about two minutes.

## Setup
"""

import pathlib

import keras
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import keras_gans as kg

LATENT_DIM = 2
UNITS = (128, 128, 128)
BATCH_SIZE = 256
STEPS = 4000
OUTPUT = pathlib.Path("output/minibatch_discrimination")
OUTPUT.mkdir(parents=True, exist_ok=True)

density = kg.data.grid_of_gaussians()
samples = density.sample(400 * BATCH_SIZE, seed=0)

"""
## Two discriminators

They differ in one layer: before the logit, `MinibatchDiscrimination` appends four numbers to the
features of each sample, each the summed similarity to the other samples under one learned kernel.
"""


def plain_discriminator():
    return kg.networks.mlp_discriminator((2,), UNITS)


def minibatch_discriminator():
    network = plain_discriminator()
    features = network.layers[-1].input
    features = kg.layers.MinibatchDiscrimination(num_kernels=4, kernel_dim=4)(features)
    return keras.Model(network.inputs, keras.layers.Dense(1)(features))


"""
## Two games
"""


def play(discriminator):
    keras.utils.set_random_seed(0)
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), LATENT_DIM, UNITS),
        discriminator,
        latent_dim=LATENT_DIM,
        objective="minimax",
        seed=0,
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9),
        d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9),
        steps_per_execution=50,
    )
    epochs = max(1, STEPS * BATCH_SIZE // len(samples))
    gan.fit(samples, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return gan.sample(10_000, seed=0)


drawn = {
    "one sample at a time": play(plain_discriminator()),
    "minibatch discrimination": play(minibatch_discriminator()),
}

"""
## Look

`ModeCoverage` counts the modes that have at least a tenth of their fair part of the samples.
"""

figure, axes = plt.subplots(1, 2, figsize=(9, 4.8))
for axis, (name, points) in zip(axes, drawn.items(), strict=True):
    coverage = kg.metrics.ModeCoverage(density.modes, density.stddev)
    coverage.update_state(points)
    found = {key: float(value) for key, value in coverage.result().items()}
    result = f"{found['modes_covered']:.0f} of 25 modes, {found['good_share']:.0%} good samples"
    print(f"{name}: {result}")
    axis.scatter(*points[:3000].T, s=2, alpha=0.3)
    axis.scatter(*density.modes.T, s=12, marker="x", linewidths=0.8, color="tab:red")
    axis.set_title(f"{name}\n{result}")
    axis.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xticks=[], yticks=[])
figure.tight_layout()
figure.savefig(OUTPUT / "samples.png")
print(f"Look at {OUTPUT / 'samples.png'}.")
