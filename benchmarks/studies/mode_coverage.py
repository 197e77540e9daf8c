"""Modes covered on 8 and 25 Gaussians: every objective, and every technique on the minimax game.

All play with the same networks (three hidden layers of 128 units), mini-batches of 256 out of
102,400 samples, and the same number of generator updates. The Wasserstein games take their papers'
five critic updates for each of them, the others one. All play with Adam(5e-4, β₁ 0.5, β₂ 0.9), but
the clipping WGAN with its paper's RMSprop(5e-5); learning rates fall in a line to zero over the
second half. A mode is covered when it has at least a tenth of its even part of good samples, those
within 4 standard deviations.

Minibatch discrimination makes minimax fail: it counts neighbors in the mini-batch. Of 256 real
examples on 8 narrow modes every one has some thirty close by, those of a young generator have none,
and the discriminator is sure before the generator has learned anything. Minimax has no gradient
left there, and Adam makes steps of usual size of what is left. With T and b set from data, as here
and in the authors' code, logits are 3 and −1 after 100 updates instead of 10 and −11, so that the
generator learns for longer, but it is lost after some 500 all the same (discriminator's loss .07,
.016 after 1,000, no mode covered). The non-saturating loss keeps its gradient there.

    python benchmarks/studies/mode_coverage.py --seeds 0 1 2 3 4

The result goes to benchmarks/results/mode_coverage.json, and a figure beside it. Finished runs are
kept in output/mode_coverage: the same command goes on where it was stopped. Delete that folder
after changing a game.
"""

import argparse
import json
import pathlib
import sys
import time

import keras
import matplotlib
import numpy as np
import tensorflow as tf
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import LinearDecay
from keras_gans import divergences, metrics, models, techniques

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CACHE = pathlib.Path("output") / "mode_coverage"
LATENT_DIM = 2
UNITS = (128, 128, 128)
BATCH_SIZE = 256
NUM_EXAMPLES = 400 * BATCH_SIZE
NUM_SAMPLES = 10_000
TRANSPORT_SAMPLES = 2_000
STEPS_PER_CALL = 50

DENSITIES = {
    "8 Gaussians": kg.data.ring_of_gaussians(),
    "25 Gaussians": kg.data.grid_of_gaussians(),
}


def adam(steps):
    return keras.optimizers.Adam(LinearDecay(5e-4, steps), beta_1=0.5, beta_2=0.9)


def rmsprop(steps):
    return keras.optimizers.RMSprop(LinearDecay(5e-5, steps))


def discriminator():
    return kg.networks.mlp_discriminator((2,), UNITS)


def minibatch_discriminator():
    """The same, with minibatch discrimination before the logit, initialized in `train`."""
    network = discriminator()
    *hidden, _ = network.layers
    features = kg.layers.MinibatchDiscrimination(num_kernels=4, kernel_dim=4)(hidden[-1].output)
    return keras.Model(network.inputs, layers.Dense(1)(features), name="discriminator")


def game(model=models.GAN, objective=None, technique=(), discriminator=discriminator, **kwargs):
    """A function that makes the model."""

    def make(seed):
        chosen = {} if objective is None else {"objective": objective}
        return model(
            kg.networks.mlp_generator((2,), LATENT_DIM, UNITS),
            discriminator(),
            LATENT_DIM,
            seed=seed,
            techniques=[make_technique() for make_technique in technique],
            **chosen,
            **kwargs,
        )

    return make


def minimax_with(*technique, **kwargs):
    return game(objective="minimax", technique=technique, **kwargs)


GAMES = {
    "minimax": game(objective="minimax"),
    "non-saturating": game(objective="non_saturating"),
    "least squares": game(models.LSGAN),
    "hinge": game(objective="hinge"),
    "WGAN, clipping": game(models.WGAN),
    "WGAN-GP": game(models.WGANGP, gp_weight=0.1),
    "minimax + feature matching": minimax_with(techniques.FeatureMatching),
    "minimax + historical averaging": minimax_with(techniques.HistoricalAveraging),
    "minimax + label smoothing": minimax_with(techniques.LabelSmoothing),
    "minimax + instance noise": minimax_with(techniques.InstanceNoise),
    "minimax + experience replay": minimax_with(lambda: techniques.ExperienceReplay(4096)),
    "minimax + minibatch discrimination": minimax_with(discriminator=minibatch_discriminator),
}


def train(name, density, seed, options):
    keras.utils.set_random_seed(seed)
    model = GAMES[name](seed)
    optimizer = rmsprop if isinstance(model, models.WGAN) else adam
    model.compile(
        g_optimizer=optimizer(options.steps),
        d_optimizer=optimizer(options.steps * model.n_critic),
        jit_compile=True,
        steps_per_execution=STEPS_PER_CALL,
    )
    examples = density.sample(NUM_EXAMPLES, seed=seed)
    if name == "minimax + minibatch discrimination":
        kg.networks.data_dependent_initialization(model.discriminator, examples[:BATCH_SIZE])
    start = time.time()
    model.fit(batches_of(examples, seed), steps_per_epoch=options.steps, verbose=0)
    return model.sample(NUM_SAMPLES, seed=0, batch_size=NUM_SAMPLES), time.time() - start


def batches_of(examples, seed):
    """Endless mini-batches, in an order by the seed."""
    dataset = tf.data.Dataset.from_tensor_slices(examples).shuffle(len(examples), seed)
    return dataset.repeat().batch(BATCH_SIZE, drop_remainder=True)


def measure(samples, density):
    coverage = metrics.ModeCoverage(density.modes, density.stddev)
    coverage.update_state(samples)
    return {
        **{name: float(value) for name, value in coverage.result().items()},
        "w1": w1(samples[:TRANSPORT_SAMPLES], density),
    }


def w1(samples, density):
    """The exact distance to as many true samples."""
    real = density.sample(len(samples), seed=1)
    return float(divergences.wasserstein_distance(samples, real))


def run(name, density_name, seed, options):
    """The samples and the record of a game."""

    def play():
        density = DENSITIES[density_name]
        samples, seconds = train(name, density, seed, options)
        return samples, {**measure(samples, density), "seconds": round(seconds, 1)}

    return kept(CACHE / f"{name} {density_name} {seed} {options.steps}", play)


def kept(path, play):
    """The samples and the record that `play` returns, or that an earlier call has kept."""
    path = path.with_name(path.name.replace(" ", "_") + ".npz")
    if path.exists():
        with np.load(path, allow_pickle=False) as found:
            return found["samples"], json.loads(str(found["record"]))
    samples, record = play()
    print(f"{path.stem}: {record}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, samples=samples, record=json.dumps(record))
    return samples, record


def draw(samples, table, path):
    """All games beside each other: samples of the first seed, centers of the modes in red."""
    figure, axes = plt.subplots(
        2 * len(DENSITIES), len(GAMES) // 2, figsize=(2.3 * len(GAMES) // 2, 10), squeeze=False
    )
    for place, name in enumerate(GAMES):
        for row, (density_name, density) in enumerate(DENSITIES.items()):
            half, column = divmod(place, len(GAMES) // 2)
            axis = axes[2 * half + row, column]
            modes = [int(record["modes_covered"]) for record in table[density_name][name]]
            share = np.mean([record["good_share"] for record in table[density_name][name]])
            title = f"{', '.join(map(str, modes))} of {len(density.modes)} modes, {share:.0%} good"
            header = name.replace(" + ", "\n+ ") + "\n" if row == 0 else ""
            draw_points(axis, samples[name, density_name], density, header + title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def draw_points(axis, points, density, title):
    axis.scatter(*points[:2000].T, s=1, alpha=0.3)
    axis.scatter(*density.modes.T, s=8, marker="x", linewidths=0.7, color="tab:red")
    axis.set_title(title, fontsize=8)
    axis.set(xticks=[], yticks=[], xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8_000, help="generator updates")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=GAMES)
    options = parser.parse_args()
    table, samples = {}, {}
    for density_name in DENSITIES:
        table[density_name] = {}
        for name in options.games:
            runs = [run(name, density_name, seed, options) for seed in options.seeds]
            samples[name, density_name] = runs[0][0]
            table[density_name][name] = [record for _, record in runs]
    if options.games != list(GAMES):
        return
    floor = {
        name: w1(density.sample(TRANSPORT_SAMPLES, seed=2), density)
        for name, density in DENSITIES.items()
    }
    protocol = {
        "samples": f"{NUM_SAMPLES} for modes and good samples, {TRANSPORT_SAMPLES} of either side "
        "for W1, exact",
        "w1_between_true_samples": floor,
    }
    results.save("mode_coverage", options, {"protocol": protocol, "runs": table})
    draw(samples, table, results.FOLDER / "mode_coverage.png")


if __name__ == "__main__":
    main()
