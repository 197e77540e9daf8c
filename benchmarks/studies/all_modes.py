"""All modes of 8 and of 25 Gaussians, for every seed: R3GAN, and packs of four.

Both are shown beside the non-saturating game with R1. Networks, mini-batches and data are those of
mode_coverage.py, and so are modes and good samples. What differs is how the games end: the rate of
Adam(2e-3, β₁ 0, β₂ 0.99) falls to nearly zero as half a cosine, the γ of penalties from 0.1 to a
tenth of it, and samples are those of the moving average of the generator's weights. So the
discriminator may become steep at last, and what still circles is averaged.

The discriminator of packs has layers that look at each of the four points first, and one that looks
at what they make of all four; it has as many layers and units as that of single points. One whose
first layer takes all eight numbers at once, as in PacGAN, covered fewer modes after as many updates
in trials.

    python benchmarks/studies/all_modes.py --seeds 0 1 2 3 4

The result goes to benchmarks/results/all_modes.json, and all seeds to all_modes.png. Finished runs
are kept in output/all_modes: the same command goes on where it was stopped.
"""

import argparse
import pathlib
import sys
import time

import keras
import matplotlib
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.studies.mode_coverage import (
    BATCH_SIZE,
    DENSITIES,
    LATENT_DIM,
    NUM_EXAMPLES,
    NUM_SAMPLES,
    STEPS_PER_CALL,
    UNITS,
    batches_of,
    draw_points,
    kept,
    measure,
)
from benchmarks.training import cosine_adams
from keras_gans import models, techniques
from keras_gans.models.schedules import HalfCosine

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CACHE = pathlib.Path("output") / "all_modes"
GAMMA = 0.1
LEARNING_RATE = 2e-3
PACK = 4


def generator():
    return kg.networks.mlp_generator((2,), LATENT_DIM, UNITS)


def discriminator():
    return kg.networks.mlp_discriminator((2,), UNITS)


def discriminator_of_packs():
    """Of all points by themselves first, then of a pack."""
    *of_points, of_packs = UNITS
    packs = keras.Input((2 * PACK,))
    x = layers.Reshape((PACK, 2))(packs)
    for units in of_points:
        x = kg.layers.LeakyReLU()(layers.Dense(units)(x))
    x = kg.layers.LeakyReLU()(layers.Dense(of_packs)(layers.Flatten()(x)))
    return keras.Model(packs, layers.Dense(1)(x), name="discriminator")


def falling(steps):
    return HalfCosine(GAMMA, GAMMA / 10, steps)


def gan(discriminator, *chosen):
    return models.GAN(generator(), discriminator, LATENT_DIM, techniques=chosen, ema_decay=0.999)


#: Functions of the number of updates that return the model.
GAMES = {
    "non-saturating + R1": lambda steps: gan(discriminator(), techniques.R1(falling(steps))),
    "packs of 4 + R1": lambda steps: gan(
        discriminator_of_packs(), techniques.Packing(PACK), techniques.R1(falling(steps))
    ),
    "R3GAN": lambda steps: models.R3GAN(
        generator(), discriminator(), LATENT_DIM, gamma=GAMMA, burn_in=steps, ema_decay=0.999
    ),
}


def train(name, density, seed, options):
    keras.utils.set_random_seed(seed)
    model = GAMES[name](options.steps)
    model.compile(
        **cosine_adams(LEARNING_RATE, options.steps),
        jit_compile=True,
        steps_per_execution=STEPS_PER_CALL,
    )
    batches = batches_of(density.sample(NUM_EXAMPLES, seed=seed), seed)
    model.fit(batches, steps_per_epoch=options.steps, verbose=0)
    return model.sample(NUM_SAMPLES, seed=0, batch_size=NUM_SAMPLES)


def run(name, density_name, seed, options):
    """The samples and the record of a game."""

    def play():
        start = time.process_time()
        density = DENSITIES[density_name]
        samples = train(name, density, seed, options)
        seconds = round(time.process_time() - start, 1)
        return samples, {"seed": seed, **measure(samples, density), "cpu_seconds": seconds}

    return kept(CACHE / f"{name} {density_name} {seed} {options.steps}", play)


def draw(samples, table, seeds, path):
    """A row a density and game, a column a seed; centers of the modes in red."""
    rows = [(density_name, name) for density_name in DENSITIES for name in GAMES]
    figure, axes = plt.subplots(
        len(rows), len(seeds), figsize=(2.4 * len(seeds), 2.6 * len(rows)), squeeze=False
    )
    for (density_name, name), line in zip(rows, axes, strict=True):
        density = DENSITIES[density_name]
        for record, axis in zip(table[density_name][name], line, strict=True):
            covered = f"{record['modes_covered']:.0f} of {len(density.modes)}"
            title = f"seed {record['seed']}: {covered}, {record['good_share']:.1%} good"
            draw_points(axis, samples[name, density_name, record["seed"]], density, title)
        line[0].set_ylabel(name)
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def worst(table):
    """Of every game the fewest modes, and the smallest share of good samples, of any seed."""
    return {
        density_name: {
            name: {key: min(r[key] for r in runs) for key in ("modes_covered", "good_share")}
            for name, runs in games.items()
        }
        for density_name, games in table.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=16_000, help="generator updates")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    table, samples = {}, {}
    for density_name in DENSITIES:
        table[density_name] = {name: [] for name in GAMES}
        for name in GAMES:
            for seed in options.seeds:
                drawn, record = run(name, density_name, seed, options)
                samples[name, density_name, seed] = drawn
                table[density_name][name].append(record)
    protocol = {
        "batch_size": BATCH_SIZE,
        "samples": f"{NUM_SAMPLES} for modes and good samples",
    }
    values = {"protocol": protocol, "worst_seed": worst(table), "runs": table}
    results.save("all_modes", options, values)
    draw(samples, table, options.seeds, results.FOLDER / "all_modes.png")


if __name__ == "__main__":
    main()
