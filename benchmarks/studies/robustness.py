"""Which game trains which networks: 7 architectures times 4 methods, on MNIST.

The table of Gulrajani et al. 2017, figure 2, at 28×28 and in a budget that two CPU cores can train:
DCGAN, LSGAN, WGAN and WGAN-GP, with the same number of generator steps, learn with good networks,
with networks lamed on purpose, and with deep ones: residual networks of 10 (G) and 17 (D) layers,
where the paper has 101. As in the paper, the discriminator's batch normalization is layer
normalization for WGAN-GP.

Each method has its paper's hyperparameters, but for one: as these few steps are less than a
hundredth of the paper's 200,000, the learning rate is the paper's or five times it, whichever is
better for the method on the baseline. The other architectures are trained with the same.

A cell *trains* if all its losses are finite and the Fréchet distance of its samples is below
`TRAINS_BELOW`; real images of half of the digits are about that far from all digits.

    python benchmarks/studies/robustness.py

Each cell is kept in output/robustness, so that a run that was stopped goes on. The table goes to
benchmarks/results/robustness.json, and a picture beside it.
"""

import argparse
import dataclasses
import functools
import json
import multiprocessing
import pathlib
import sys
import time
from collections.abc import Callable

import keras
import matplotlib
import numpy as np
import tensorflow as tf
from keras import layers, ops

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results

matplotlib.use("Agg")
import matplotlib.pyplot as plt

IMAGE_SHAPE = (28, 28, 1)
LATENT_DIM = 128
TRAINS_BELOW = 200.0
SAMPLES = 5000
DRAWN = 25
EPOCHS = 10
RATE_FACTORS = (1, 5)

PROTOCOL = {
    "frechet_distance": f"{SAMPLES} samples against as many images of MNIST's test split, features "
    "of the package's MNIST classifier",
    "trains": f"all losses finite, and a Fréchet distance below {TRAINS_BELOW:g}",
    "step": "one update of the generator; before it 5 of the critic for WGAN and WGAN-GP, 1 of the "
    "discriminator for the others",
    "seeds": "one run of each cell, seed 0",
    "seconds": "wall time of training on one thread, with other work on the machine",
    "samples": f"the first {DRAWN} of seed 0, not selected; the generator's last weights",
}


# Architectures: functions of the options and the discriminator's normalization


def baseline(options, normalization):
    return (
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, options.filters),
        discriminator(options, normalization),
    )


def constant_filters(options, normalization):
    generator = kg.networks.dcgan_generator(
        IMAGE_SHAPE, LATENT_DIM, options.filters, max_filters=options.filters, normalization=None
    )
    return generator, discriminator(options, normalization)


def mlp(options, normalization):
    generator = kg.networks.mlp_generator(IMAGE_SHAPE, LATENT_DIM, hidden_units=(512,) * 4)
    return generator, discriminator(options, normalization)


def no_normalization(options, normalization):
    generator = kg.networks.dcgan_generator(
        IMAGE_SHAPE, LATENT_DIM, options.filters, normalization=None
    )
    return generator, discriminator(options, normalization=None)


def gated(options, normalization):
    generator = kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, 2 * options.filters)
    critic = kg.networks.dcgan_discriminator(
        IMAGE_SHAPE, 2 * options.filters, normalization=normalization
    )
    return with_activation(generator, Gate), with_activation(critic, Gate)


def tanh(options, normalization):
    def activation():
        return layers.Activation("tanh")

    return tuple(
        with_activation(network, activation) for network in baseline(options, normalization)
    )


def resnet(options, normalization):
    size = {"filters": options.resnet_filters, "blocks_per_stage": options.resnet_blocks}
    return (
        kg.networks.resnet_generator(IMAGE_SHAPE, LATENT_DIM, **size),
        kg.networks.resnet_discriminator(IMAGE_SHAPE, normalization=normalization, **size),
    )


def discriminator(options, normalization):
    return kg.networks.dcgan_discriminator(
        IMAGE_SHAPE, options.filters, normalization=normalization
    )


class Gate(layers.Layer):
    """tanh of one half of the channels, times the sigmoid of the other."""

    def call(self, inputs):
        a, b = ops.split(inputs, 2, axis=-1)
        return ops.tanh(a) * ops.sigmoid(b)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // 2)


def with_activation(network, activation):
    """The network with another layer in place of each hidden rectifier, and new weights."""

    def clone(layer):
        if isinstance(layer, (layers.ReLU, layers.LeakyReLU)):
            return activation()
        return type(layer).from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=clone)


ARCHITECTURES = {
    "baseline": (baseline, "baseline\nDCGAN G and D"),
    "constant_filters": (constant_filters, "G: no BN, constant\nnumber of filters"),
    "mlp": (mlp, "G: MLP of 4 layers\nof 512 ReLU"),
    "no_normalization": (no_normalization, "no normalization\nin G or D"),
    "gated": (gated, "gated nonlinearities\nin G and D"),
    "tanh": (tanh, "tanh nonlinearities\nin G and D"),
    "resnet": (resnet, "deep ResNet\nG and D"),
}


@dataclasses.dataclass
class Method:
    """A game with its paper's hyperparameters."""

    title: str
    model: Callable  # (generator, discriminator, **kwargs) -> model
    optimizer: Callable  # learning rate -> optimizer
    learning_rate: float
    normalization: str = "batch"  # of discriminators that have one


def adam(beta_1, beta_2):
    return functools.partial(keras.optimizers.Adam, beta_1=beta_1, beta_2=beta_2)


METHODS = {
    "wgan_gp": Method("WGAN-GP", kg.models.WGANGP, adam(0.0, 0.9), 1e-4, normalization="layer"),
    "dcgan": Method("DCGAN", kg.models.GAN, adam(0.5, 0.999), 2e-4),
    "lsgan": Method(
        "LSGAN",
        functools.partial(kg.models.GAN, objective="least_squares"),
        keras.optimizers.RMSprop,
        1e-4,
    ),
    "wgan": Method("WGAN (clipping)", kg.models.WGAN, keras.optimizers.RMSprop, 5e-5),
}


# Cells


@dataclasses.dataclass(frozen=True)
class Cell:
    """One method on one architecture, with its paper's learning rate times a factor."""

    method: str
    architecture: str
    rate_factor: int

    @property
    def name(self):
        return f"{self.method}-{self.architecture}-rate_x{self.rate_factor}"


def train_cell(cell, options):
    """Train one cell; write its numbers and samples."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    method = METHODS[cell.method]
    build, _ = ARCHITECTURES[cell.architecture]
    gan = method.model(*build(options, method.normalization), latent_dim=LATENT_DIM, seed=0)
    rate = method.learning_rate * cell.rate_factor
    gan.compile(
        g_optimizer=method.optimizer(rate),
        d_optimizer=method.optimizer(rate),
        steps_per_execution=5,
    )
    train, _ = kg.data.load("mnist", batch_size=options.batch_size, seed=0)
    start = time.perf_counter()
    history = gan.fit(
        train.repeat(),
        epochs=EPOCHS,
        steps_per_epoch=options.steps // EPOCHS,
        callbacks=[kg.callbacks.TerminateOnNaN()],
        verbose=0,
    ).history
    seconds = time.perf_counter() - start
    finite = all(np.isfinite(w).all() for w in [*history.values(), *gan.get_weights()])
    distance = None
    if finite:
        distance = frechet_distance(lambda num, seed: gan.sample(num, seed=seed))
    record = {
        "settings": settings(options),
        "learning_rate": rate,
        "finite": finite,
        "frechet_distance": distance,
        "trains": finite and distance < TRAINS_BELOW,
        "losses": {name: [round(v, 4) for v in values] for name, values in history.items()},
        "parameters": [gan.generator.count_params(), gan.discriminator.count_params()],
        "seconds": round(seconds, 1),
    }
    np.save(path(cell, options, ".npy"), gan.sample(DRAWN, seed=0))
    path(cell, options, ".json").write_text(json.dumps(record))


def frechet_distance(sample):
    """Of `sample(num, seed)` to the test split."""
    test, _ = kg.data.load("mnist", split="test", batch_size=100)
    report = kg.metrics.evaluate(
        sample,
        test,
        metrics=("fid",),
        num_samples=SAMPLES,
        feature_extractor=kg.metrics.MNISTFeatures(),
        verbose=0,
    )
    return report["results"]["frechet_distance"]


def references():
    """Fréchet distances of images that no network made, to compare with."""
    train, _ = kg.data.load("mnist", batch_size=1000, labels=True, shuffle=False)
    images, labels = (np.concatenate(part) for part in zip(*train, strict=True))
    noise = np.random.default_rng(0).uniform(-1, 1, (SAMPLES, *IMAGE_SHAPE)).astype("float32")
    sets = {
        "training images": images,
        "training images of the digits 0 to 4": images[labels < 5],
        "training images of the digits 5 to 9": images[labels >= 5],
        "training images of the digit 1": images[labels == 1],
        "uniform noise": noise,
    }

    def distance(images):
        batches = iter(np.array_split(images[:SAMPLES], SAMPLES // 100))
        return frechet_distance(lambda num, seed: next(batches))

    return {name: distance(images) for name, images in sets.items()}


def settings(options):
    """What all cells depend on."""
    names = ("steps", "batch_size", "filters", "resnet_filters", "resnet_blocks")
    return {name: getattr(options, name) for name in names}


def path(cell, options, suffix):
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / (cell.name + suffix)


def read(cell, options):
    """The record of a cell that was trained with the same settings, or `None`."""
    file = path(cell, options, ".json")
    record = json.loads(file.read_text()) if file.exists() else None
    return record if record and record["settings"] == settings(options) else None


def train_missing(cells, options, pool):
    """Train the cells that are not there yet. Returns the records of all."""
    missing = [cell for cell in cells if read(cell, options) is None]
    for cell, job in [(cell, pool.apply_async(train_cell, (cell, options))) for cell in missing]:
        job.get()
        record = read(cell, options)
        print(f"{cell.name:40}{score(record):>10}{record['seconds']:10.1f} s", flush=True)
    return {cell: read(cell, options) for cell in cells}


def use_one_thread():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def score(record):
    return f"{record['frechet_distance']:.1f}" if record["finite"] else "diverged"


def best_rate_factors(records):
    """For each method, the factor with the lowest Fréchet distance."""

    def distance(cell):
        return records[cell]["frechet_distance"] if records[cell]["finite"] else np.inf

    best = sorted(records, key=distance, reverse=True)
    return {cell.method: cell.rate_factor for cell in best}


# The table and the picture


def draw(records, options, figure_path):
    """Samples of every cell with its Fréchet distance: green if it trains, red if not."""
    figure, axes = plt.subplots(
        len(METHODS), len(ARCHITECTURES), figsize=(14, 9.2), layout="constrained", squeeze=False
    )
    places = {
        (m, a): ax
        for m, row in zip(METHODS, axes, strict=True)
        for a, ax in zip(ARCHITECTURES, row, strict=True)
    }
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    for cell, record in records.items():
        draw_cell(places[cell.method, cell.architecture], cell, record, options)
    for method, row in zip(METHODS.values(), axes, strict=True):
        row[0].set_ylabel(method.title, fontsize=13)
    for ax, (_, title) in zip(axes[0], ARCHITECTURES.values(), strict=True):
        ax.annotate(title, (0.5, 1.16), xycoords="axes fraction", ha="center", fontsize=10)
    figure.suptitle(
        f"Fréchet distance after {options.steps} generator steps of batch {options.batch_size}; "
        f"green: it trains (below {TRAINS_BELOW:g})",
        fontsize=12,
    )
    figure.savefig(figure_path, dpi=110)
    plt.close(figure)


def draw_cell(ax, cell, record, options):
    color = "tab:green" if record["trains"] else "tab:red"
    ax.set_title(score(record), color=color, fontsize=11)
    ax.spines[:].set(color=color, linewidth=2)
    images = np.load(path(cell, options, ".npy"), allow_pickle=False)
    ax.imshow(kg.data.image_grid(images, scale=1, padding=1), cmap="gray", vmin=0, vmax=255)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="of the generator")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--filters", type=int, default=32, help="of the DCGAN networks")
    parser.add_argument("--resnet-filters", type=int, default=16)
    parser.add_argument("--resnet-blocks", type=int, default=2, help="of each stage")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=METHODS)
    parser.add_argument(
        "--architectures", nargs="*", default=list(ARCHITECTURES), choices=ARCHITECTURES
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="cells trained at a time, a thread each"
    )
    parser.add_argument("--output", default="output/robustness", help="folder of the cells")
    options = parser.parse_args()

    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers, use_one_thread) as pool:
        trials = [Cell(m, "baseline", factor) for m in options.methods for factor in RATE_FACTORS]
        trials = train_missing(trials, options, pool)
        factors = best_rate_factors(trials)
        cells = [Cell(m, a, factors[m]) for m in options.methods for a in options.architectures]
        records = train_missing(cells, options, pool)
    draw(records, options, results.FOLDER / "robustness.png")
    results.save(
        "robustness",
        options,
        {
            "protocol": PROTOCOL,
            "references": references(),
            "learning_rates_tried": {c.name: r["frechet_distance"] for c, r in trials.items()},
            "trains": {
                method: sum(r["trains"] for cell, r in records.items() if cell.method == method)
                for method in options.methods
            },
            "cells": {f"{cell.method}/{cell.architecture}": r for cell, r in records.items()},
        },
    )


if __name__ == "__main__":
    main()
