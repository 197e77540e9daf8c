"""What the generator learns from a discriminator that has learned too well.

Data and generator are two Gaussians on the line, eight standard deviations apart; the generator,
G(z) = a z + b, stands still while its opponent trains, and the gradient of its loss with respect to
(a, b) is measured on mini-batches. It is the figure of Arjovsky et al. 2017 (figure 2) beside that
of Arjovsky and Bottou 2017 (figures 2 and 3). One discriminator serves both losses of the first
game.

- The minimax gradient vanishes, but for single bursts. That of least squares becomes small, and its
  direction is lost.
- The non-saturating gradient grows, and its variance with it.
- The gradient through a Lipschitz critic stays as it is; clipping decides how large that is.
- The two-sided penalty asks for slope 1 up or down: here it holds a critic that starts with the
  wrong sign for hundreds of updates; the one-sided penalty does not.

    python benchmarks/studies/vanishing_gradient.py

The result goes to benchmarks/results/vanishing_gradient.json, and a figure beside it.
"""

import argparse
import dataclasses
import functools
import pathlib
import sys
import time
from collections.abc import Callable

import keras
import matplotlib
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results

matplotlib.use("Agg")
import matplotlib.pyplot as plt

DATA = tfd.Normal(-2.0, 0.5)
FAKES = tfd.Normal(2.0, 0.5)
BATCH_SIZE = 256
HIDDEN_UNITS = (64, 64)
GRADIENTS = 30
MARKS_PER_DECADE = 6

PROTOCOL = {
    "data": "N(-2, 0.5^2)",
    "generator": "a z + b with a = 0.5, b = 2, which stays as it is",
    "discriminator": "2x64 leaky ReLU; Adam(1e-3, 0.5, 0.9), clipping critics RMSprop(1e-3)",
    "norm": "of the gradient of the generator's loss with respect to (a, b): mean over "
    f"{GRADIENTS} mini-batches of {BATCH_SIZE}, and over seeds",
    "noise": "trace of the covariance of these gradients over mini-batches, mean over seeds",
    "towards_data": "share of these gradients whose descent moves b towards the data",
}


@dataclasses.dataclass
class Game:
    """A game whose discriminator is trained, and the generator's losses measured with it."""

    model: Callable  # (generator, discriminator, **kwargs) -> model
    optimizer: Callable
    objectives: dict  # label -> objective whose generator's loss is measured


def adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9)


def rmsprop():
    return keras.optimizers.RMSprop(1e-3)


def clipped(clip_value):
    return functools.partial(kg.models.WGAN, clip_value=clip_value)


GAMES = {
    "GAN": Game(kg.models.GAN, adam, {"minimax": "minimax", "non-saturating": "non_saturating"}),
    "LSGAN": Game(
        functools.partial(kg.models.GAN, objective="least_squares"),
        adam,
        {"least squares": "least_squares"},
    ),
    "WGAN c = 0.1": Game(clipped(0.1), rmsprop, {"WGAN, clipping at 0.1": "wasserstein"}),
    "WGAN c = 0.01": Game(clipped(0.01), rmsprop, {"WGAN, clipping at 0.01": "wasserstein"}),
    "WGAN-GP": Game(kg.models.WGANGP, adam, {"WGAN-GP": "wasserstein"}),
    "WGAN-GP one-sided": Game(
        functools.partial(kg.models.WGANGP, one_sided=True),
        adam,
        {"WGAN-GP, one-sided": "wasserstein"},
    ),
}
COLORS = {
    "minimax": "tab:red",
    "non-saturating": "tab:orange",
    "least squares": "tab:purple",
    "WGAN, clipping at 0.1": "tab:blue",
    "WGAN, clipping at 0.01": "tab:cyan",
    "WGAN-GP": "tab:green",
    "WGAN-GP, one-sided": "tab:olive",
}


def affine_generator():
    """G(z) = a z + b, distributed as `FAKES`."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    generator.set_weights([np.full((1, 1), FAKES.stddev()), np.full(1, FAKES.mean())])
    return generator


def marks(steps):
    """Steps at which to measure: 0, then evenly on the logarithmic scale, `steps` the last."""
    count = max(2, round(MARKS_PER_DECADE * np.log10(steps)) + 1)
    return [0, *np.unique(np.rint(np.geomspace(1, steps, count)).astype(int)).tolist()]


def play(game, steps, seed):
    """Train the discriminator of a game. Returns the gradients of each loss, and it.

    The gradients are an array `(marks, GRADIENTS, 2)` for each label.
    """
    keras.utils.set_random_seed(seed)
    discriminator = kg.networks.mlp_discriminator((1,), HIDDEN_UNITS)
    gan = game.model(affine_generator(), discriminator, latent_dim=1, seed=seed)
    gan.compile(d_optimizer=game.optimizer())

    @tf.function
    def train(updates):
        for _ in tf.range(updates):
            gan.train_discriminator(DATA.sample((BATCH_SIZE, 1)))

    measure = {
        label: tf.function(lambda name=name: generator_gradient(gan, kg.losses.get(name)))
        for label, name in game.objectives.items()
    }
    found = {label: [] for label in measure}
    for updates in np.diff(marks(steps), prepend=0):
        train(tf.constant(updates))
        for label, gradient in measure.items():
            found[label].append([gradient().numpy() for _ in range(GRADIENTS)])
    return {label: np.array(gradients) for label, gradients in found.items()}, discriminator


def generator_gradient(gan, objective):
    """Gradient of the generator's loss with respect to (a, b), on a fresh mini-batch."""
    weights = gan.generator.trainable_variables
    with tf.GradientTape() as tape:
        fake = gan.generator(gan.draw_latents(BATCH_SIZE))
        loss = objective.generator(None, gan.discriminate(fake))
    return tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, weights)], axis=0)


def summary(gradients, steps):
    """Means over the seeds of what the gradients `(seeds, marks, mini-batches, 2)` tell."""
    norms = np.linalg.norm(gradients, axis=-1)
    noise = np.var(gradients, axis=2, ddof=1).sum(axis=-1)
    values = {
        "steps": marks(steps),
        "norm": norms.mean(axis=(0, 2)).tolist(),
        "norm_of_each_seed": norms.mean(axis=2).tolist(),
        "noise": noise.mean(axis=0).tolist(),
        "towards_data": np.mean(gradients[..., 1] > 0, axis=(0, 2)).tolist(),
    }
    first, last = values["norm"][0], values["norm"][-1]
    return {"first": first, "last": last, "last_over_first": last / first, **values}


def draw(curves, discriminators, path):
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(14.5, 5), layout="constrained")
    draw_discriminators(left, discriminators)
    draw_gradients(right, curves)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_discriminators(ax, discriminators):
    """D(x), and the critics at zero in the middle and of slope at most one, over the densities."""
    x = np.linspace(-4, 4, 400, dtype="float32")
    for density, name in ((DATA, "data"), (FAKES, "generator")):
        color = "0.35" if name == "data" else "0.7"
        ax.fill_between(x, density.prob(x), color=color, alpha=0.5, lw=0, label=name)
    outputs = {name: d(x[:, None]).numpy()[:, 0] for name, d in discriminators.items()}
    probability = keras.ops.sigmoid(outputs["GAN"])
    ax.plot(x, probability, color=COLORS["minimax"], label="D of the GAN")
    ax.plot(x, outputs["LSGAN"], color=COLORS["least squares"], label="D of LSGAN")
    ax.set(xlabel="x", ylabel="density; D(x)", ylim=(-0.15, 1.9), title="after training")
    critics = ax.twinx()
    for name, label in (("WGAN c = 0.1", "WGAN, clipping at 0.1"), ("WGAN-GP", "WGAN-GP")):
        f = outputs[name]
        slope = np.abs(np.gradient(f, x)).max()
        critics.plot(x, (f - np.median(f)) / slope, color=COLORS[label], label=f"critic of {name}")
    critics.set(ylabel="critic / largest slope")
    handles = [h for a in (ax, critics) for h in a.get_legend_handles_labels()[0]]
    ax.legend(handles=handles, frameon=False, ncols=2, loc="upper center")


def draw_gradients(ax, curves):
    """Against updates; crosses where most mini-batches would move the generator away."""
    for label, curve in curves.items():
        steps = np.array(curve["steps"][1:])
        away = np.array(curve["towards_data"][1:]) < 0.5
        seeds = np.array(curve["norm_of_each_seed"])[:, 1:]
        norms = np.array(curve["norm"][1:])
        ax.plot(steps, norms, color=COLORS[label], label=label)
        ax.plot(steps[away], norms[away], "x", color=COLORS[label])
        ax.fill_between(steps, seeds.min(0), seeds.max(0), color=COLORS[label], alpha=0.2, lw=0)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="updates of the discriminator",
        title="norm of the generator's gradient; crosses: away from the data",
    )
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=4000, help="updates of each discriminator")
    options.add_argument("--seeds", type=int, default=3)
    options = options.parse_args()

    start = time.perf_counter()
    curves, discriminators = {}, {}
    for name, game in GAMES.items():
        runs = [play(game, options.steps, seed) for seed in range(options.seeds)]
        discriminators[name] = runs[0][1]
        for label in game.objectives:
            gradients = np.array([found[label] for found, _ in runs])
            curves[label] = summary(gradients, options.steps)
            print(f"{label:24}{curves[label]['first']:12.3e}{curves[label]['last']:12.3e}")
    draw(curves, discriminators, results.FOLDER / "vanishing_gradient.png")
    values = {"protocol": PROTOCOL, "gradients": curves, "seconds": time.perf_counter() - start}
    results.save("vanishing_gradient", options, values)


if __name__ == "__main__":
    main()
