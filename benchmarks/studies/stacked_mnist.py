"""Modes covered on stacked MNIST: three digits as color channels, 1,000 classes.

The protocol is PacGAN's: 128,000 training images drawn once, 26,000 samples, a classifier of digits
for each channel; modes with at least one sample, and KL(samples ‖ uniform) in nats, unsmoothed. The
classifier is the package's, 99.4 % right on MNIST's test digits.

    python benchmarks/studies/stacked_mnist.py --rounds 1

plays the small game of Metz et al. 2017 (Unrolled GANs) for a stated number of generator updates,
1,500 instead of the published 500,000: latents N(0, I) in 256 dimensions; a generator of 64,
32, 16 and 8 channels at sides 4, 7, 14 and 28; a discriminator of a quarter (2, 4, 8 channels) and
of half (4, 8, 16) its size; 3×3 kernels, leaky rectifiers of slope 0.3; batches of 128; Adam(β₁ .5,
β₂ .99). As the updates are few, learning rates are five times the published 1e-4 for the generator
and 2e-4 for the discriminator. The variants differ in the objective and in what is added to it.
Discriminators with a penalty are the same without batch normalization, which penalties on a
gradient do not go with; WGAN-GP takes its five updates of the critic, and all others one. Here the
data are 128,000 images drawn once; the published runs of this game drew theirs anew from MNIST's
60,000 digits. After so few updates only WGAN-GP draws strokes, as the picture shows; of patterns
that are no digits yet, the classifier counts what it takes them for.

    python benchmarks/studies/stacked_mnist.py --model r3gan --seeds 0 1 2

trains R3GAN instead, with small networks: those of the package's DCGAN, of 0.8 million weights, the
discriminator without normalization. An update of both takes 0.17 seconds of CPU; of R3GAN's own
networks, of 1.1 million, it takes 0.54. Adam's learning rate falls to zero over the run.

The large networks of VEEGAN's and PacGAN's tables are for whoever has a GPU, and have not been
trained here: `--sizes full --steps 100000 --rate-factor 1`. Of the published runs they differ in
the latents, here normal, there uniform, and in the generator's updates, of which there each of the
discriminator has two.

Each run is kept in output/stacked_mnist, and goes on where it was stopped. Results go to
benchmarks/results/stacked_mnist.json or stacked_mnist_r3gan.json, samples beside them.
"""

import argparse
import dataclasses
import functools
import pathlib
import sys

import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import cosine_adams, steps_within, train_in_rounds
from keras_gans import models, techniques

CACHE = pathlib.Path("output") / "stacked_mnist"
IMAGE_SHAPE = (28, 28, 3)
NUM_CLASSES = 1000


@dataclasses.dataclass(frozen=True)
class Setting:
    """Networks and optimizers of a published game.

    Attributes:
        generator: Sides and channels of the generator's layers, but for the images.
        discriminator: Channels of the discriminator's layers, each of which halves the sides.
    """

    generator: tuple[tuple[int, int], ...]
    discriminator: tuple[int, ...]
    latent_dim: int = 256
    kernel_size: int = 3
    slope: float = 0.3
    learning_rates: tuple[float, float] = (1e-4, 2e-4)
    beta_2: float = 0.99
    batch_size: int = 128

    def optimizers(self, rate_factor):
        return [
            keras.optimizers.Adam(rate_factor * r, beta_1=0.5, beta_2=self.beta_2)
            for r in self.learning_rates
        ]


SMALL = ((4, 64), (7, 32), (14, 16), (28, 8))
SETTINGS = {
    "quarter": Setting(SMALL, (2, 4, 8)),
    "half": Setting(SMALL, (4, 8, 16)),
    "full": Setting(
        ((2, 512), (4, 256), (7, 128), (14, 64)),
        (64, 128, 256, 512),
        latent_dim=100,
        kernel_size=5,
        slope=0.2,
        learning_rates=(2e-4, 2e-4),
        beta_2=0.999,
        batch_size=64,
    ),
}


# Networks, and the variants of the game


def generator(setting):
    """Transposed convolutions; every layer but the last is normalized."""
    latents = keras.Input((setting.latent_dim,))
    (side, filters), *others = setting.generator
    x = layers.Dense(side * side * filters, use_bias=False)(latents)
    x = layers.Reshape((side, side, filters))(x)
    for next_side, filters in others:
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2DTranspose(
            filters,
            setting.kernel_size,
            2,
            padding="same",
            output_padding=next_side - (2 * side - 1),
            use_bias=False,
        )(x)
        side = next_side
    x = layers.ReLU()(layers.BatchNormalization()(x))
    images = layers.Conv2DTranspose(
        3, setting.kernel_size, 28 // side, padding="same", activation="tanh", dtype="float32"
    )
    return keras.Model(latents, images(x), name="generator")


def discriminator(setting, normalization, packing=1):
    """Of packs of images, whose channels are all that it sees more of."""
    images = keras.Input((28, 28, 3 * packing))
    x = images
    for filters in setting.discriminator:
        x = layers.Conv2D(filters, setting.kernel_size, 2, padding="same")(x)
        x = layers.BatchNormalization()(x) if normalization else x
        x = kg.layers.LeakyReLU(setting.slope)(x)
    logits = layers.Dense(1, dtype="float32")(layers.Flatten()(x))
    return keras.Model(images, logits, name="discriminator")


def dcgan(networks, latent_dim, options):
    return models.GAN(*networks(normalization=True), latent_dim)


def packed(networks, latent_dim, options):
    return models.GAN(
        *networks(normalization=True, packing=2), latent_dim, techniques=[techniques.Packing(2)]
    )


def wgan_gp(networks, latent_dim, options):
    return models.WGANGP(*networks(normalization=False), latent_dim)


def penalized(objective, *penalties):
    def make(networks, latent_dim, options):
        return models.GAN(
            *networks(normalization=False),
            latent_dim,
            objective=objective,
            techniques=[penalty(options.gamma) for penalty in penalties],
        )

    return make


VARIANTS = {
    "DCGAN": dcgan,
    "DCGAN, packs of 2": packed,
    "WGAN-GP": wgan_gp,
    "non-saturating, R1": penalized("non_saturating", techniques.R1),
    "non-saturating, R1 + R2": penalized("non_saturating", techniques.R1, techniques.R2),
    "relativistic, R1 + R2": penalized("relativistic", techniques.R1, techniques.R2),
}


def game(variant, setting, options):
    """A function that makes the model, compiled; its seed decides all that is random."""

    def networks(**arguments):
        return generator(setting), discriminator(setting, **arguments)

    def make(steps, seed):
        keras.utils.set_random_seed(seed)
        gan = VARIANTS[variant](networks, setting.latent_dim, options)
        optimizers = setting.optimizers(options.rate_factor)
        gan.compile(*optimizers, steps_per_execution=options.steps_per_execution)
        return gan

    return make


def r3gan(options):
    def make(steps, seed):
        keras.utils.set_random_seed(seed)
        gan = models.R3GAN(
            kg.networks.dcgan_generator(IMAGE_SHAPE, options.latent_dim, options.filters),
            kg.networks.dcgan_discriminator(IMAGE_SHAPE, options.filters, normalization=None),
            options.latent_dim,
            gamma=options.gamma,
            burn_in=steps,
            ema_decay=0.999,
        )
        optimizers = cosine_adams(options.learning_rate, steps)
        gan.compile(**optimizers, steps_per_execution=options.steps_per_execution)
        return gan

    return make


# Runs


def play(name, make, batch_size, seed, options):
    """Train one model, or go on; return its record and some samples."""
    folder = CACHE / f"{name} {seed}".replace(" ", "_").replace(",", "")
    batches, _ = kg.data.load("stacked_mnist", batch_size=batch_size, seed=seed, repeat=True)
    steps = options.steps
    if not steps:
        steps = steps_within(options.minutes, lambda steps: make(steps, seed), batches, folder)
    gan = make(steps, seed)
    made_by = {k: v for k, v in vars(options).items() if k not in ("seeds", "sizes", "variants")}
    rounds = train_in_rounds(
        gan,
        batches,
        steps,
        options.rounds,
        folder,
        lambda gan: coverage(gan.sample(options.num_samples, seed=0)),
        {**made_by, "batch_size": batch_size, "game": name, "seed": seed},
    )
    print(f"{name}, seed {seed}: {rounds[-1]}", flush=True)
    return {"seed": seed, **rounds[-1], "rounds": rounds}, gan.sample(100, seed=0)


def coverage(images):
    """Modes of 1,000 that images are of, and KL(samples ‖ uniform)."""
    metric = kg.metrics.ModeCoverage(NUM_CLASSES, feature_extractor=digits())
    for start in range(0, len(images), 500):
        metric.update_state(images[start : start + 500])
    found = {name: float(value) for name, value in metric.result().items()}
    return {"modes": int(found["modes_covered"]), "kl": round(found["mode_kl"], 4)}


@functools.cache
def digits():
    return kg.metrics.PerChannelFeatures(kg.metrics.MNISTFeatures())


def floor(options):
    """What real images of the test split have in place of samples."""
    test, _ = kg.data.load("stacked_mnist", "test", batch_size=500)
    batches = test.take(max(options.num_samples // 500, 1))
    return coverage(np.concatenate(list(batches.as_numpy_iterator())))


def summary(runs):
    """Mean and standard error over the seeds, as in the published tables."""
    found = {}
    for name in ("modes", "kl"):
        values = [run[name] for run in runs]
        error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
        found[name] = {"mean": float(np.mean(values)), "standard_error": float(error)}
    return found


def games(options):
    """What is to be played, by its name: the function that makes it, and its batch size."""
    if options.model == "r3gan":
        return {"R3GAN": (r3gan(options), options.batch_size)}
    return {
        f"{variant}, {size}": (game(variant, SETTINGS[size], options), SETTINGS[size].batch_size)
        for size in options.sizes
        for variant in options.variants
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["published", "r3gan"], default="published")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--minutes", type=float, default=15, help="of two cores, without --steps")
    parser.add_argument("--steps", type=int, help="generator updates; 1,500 of published games")
    parser.add_argument("--rounds", type=int, default=8, help="measurements in a run")
    parser.add_argument("--num-samples", type=int, default=26_000)
    parser.add_argument("--gamma", type=float, help="of R1 and R2: 1, or of R3GAN .1")
    parser.add_argument("--steps-per-execution", type=int, default=10)
    published = parser.add_argument_group("published games")
    published.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    published.add_argument("--sizes", nargs="+", default=["quarter", "half"], choices=SETTINGS)
    published.add_argument("--rate-factor", type=float, default=5, help="times the published rates")
    own = parser.add_argument_group("R3GAN")
    own.add_argument("--batch-size", type=int, default=32)
    own.add_argument("--filters", type=int, default=64)
    own.add_argument("--learning-rate", type=float, default=5e-4)
    own.add_argument("--latent-dim", type=int, default=64)
    options = parser.parse_args()
    if options.model == "published":
        options.steps = 1_500 if options.steps is None else options.steps
    if options.gamma is None:
        options.gamma = {"published": 1.0, "r3gan": 0.1}[options.model]
    return options


def main():
    options = parse()
    runs, samples = {}, []
    for name, (make, batch_size) in games(options).items():
        found = [play(name, make, batch_size, seed, options) for seed in options.seeds]
        runs[name] = [record for record, _ in found]
        samples.append(found[0][1])
    values = {
        "real_test_images": floor(options),
        "table": {name: summary(of_seeds) for name, of_seeds in runs.items()},
        "runs": runs,
    }
    name = "stacked_mnist_r3gan" if options.model == "r3gan" else "stacked_mnist"
    results.save(name, options, values)
    shown = np.concatenate([images[: max(20, 100 // len(samples))] for images in samples])
    kg.data.save_grid(shown, results.FOLDER / f"{name}.png", columns=20)


if __name__ == "__main__":
    main()
