"""Critics as distances, and a discriminator as a density ratio, against the exact values.

The generator is fixed: it has no weights, and turns its latents into exact samples of the second
density, so that the game trains the critic alone. A converged Wasserstein critic f then estimates
W1(p, q), by Kantorovich and Rubinstein, as E_p f − E_q f; a discriminator converges to p / (p + q).

The penalized critic is taken as it is. The clipping critic is divided by its Lipschitz constant,
measured as its largest gradient on the segments between held-out samples. What it maximizes does
not ask for slope 1 everywhere: where its steepest part is not where most of the mass travels (see
the outer slopes of "two modes"), the estimate stays below the distance, by more than 10 % for some.

    python benchmarks/studies/critic_as_distance.py

The result goes to benchmarks/results/critic_as_distance.json, and a figure beside it.
"""

import argparse
import dataclasses
import math
import pathlib
import sys
import time
from collections.abc import Callable

import keras
import matplotlib
import numpy as np
from keras import layers, ops
from tensorflow_probability import distributions as tfd

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans import divergences, penalties

matplotlib.use("Agg")
import matplotlib.pyplot as plt

BATCH_SIZE = 256
TRAINING_SAMPLES = 100 * 1024
GP_WEIGHT = 100.0
POINTS_ON_A_SEGMENT = 5
TRAINING_SEED, VALIDATION_SEED, HELD_OUT_SEED, OTHER_SEED = 1, 2, 3, 4
REAL, FAKE = "tab:blue", "tab:orange"
COLORS = {"WGANGP": "tab:green", "WGAN": "tab:red"}
LABELS = {"WGANGP": "WGAN-GP", "WGAN": "WGAN (clipping), normalized"}

PROTOCOL = {
    "critic": "trained by fit() of the library's model against a fixed generator without weights",
    "WGANGP": "3x64 units, one-sided penalty of weight 100, Adam(1e-3, 0.5, 0.9); "
    "the estimate is E_p f - E_q f as it is",
    "WGAN": "RMSprop(1e-3); the critics of CLIPPING; each estimate is divided by the critic's "
    "Lipschitz constant, and the critic with the largest on the validation samples is kept",
    "schedule": "cosine decay of the learning rate to zero",
    "lipschitz": "largest gradient norm at 5 uniform points on each segment from a sample of p to "
    "one of q; held-out samples, validation samples for the choice among clipping critics",
    "estimate": "mean of f over held-out samples of p less that of q; a few thousand samples each",
}


@dataclasses.dataclass
class Clipping:
    """A clipping critic: hidden units, clip value, and whether the plane is seen obliquely."""

    units: tuple
    clip_value: float
    oblique: bool


# A clipped weight ends at a bound, so that critics prefer some slopes and directions; which of them
# suits a pair of densities is tried. Any f / Lipschitz gives a lower bound: the largest is best.
CLIPPING = (
    Clipping((128, 128), 0.1, oblique=False),
    Clipping((128, 128, 128), 0.2, oblique=True),
    Clipping((64, 64, 64), 0.3, oblique=True),
)


@dataclasses.dataclass
class Pair:
    """Samples of p, and a generator without weights that makes samples of q."""

    name: str
    sample: Callable  # (num, seed) -> float32 (num, dimension)
    generator: keras.Model
    exact: float | None  # W1(p, q); None where only samples give it
    exact_by: str


def generator(latent_dim, transform):
    latents = keras.Input((latent_dim,))
    return keras.Model(latents, transform(latents))


def sampler(distribution):
    """Samples (num, dimension) of a distribution, from a seed."""

    def sample(num, seed):
        return distribution.sample(num, seed=(seed, 0)).numpy().reshape(num, -1)

    return sample


def all_pairs():
    blocks = tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.25, 0.25, 0.5]),
        tfd.Uniform(low=[-5.0, -3.0, 3.0], high=[-4.0, -2.0, 4.0]),
    )
    two_modes = tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.6, 0.4]), tfd.Normal(loc=[-1.5, 2.0], scale=[0.4, 0.6])
    )
    quadrature = "quadrature of |F_p - F_q| (earth_movers_distance of the distributions)"
    shift = np.array([1.5, 2.0])
    ring = kg.data.ring_of_gaussians(8)
    return [
        Pair(
            "blocks",
            sampler(blocks),
            generator(1, lambda z: ops.erf(z / math.sqrt(2))),  # uniform on [-1, 1]
            float(divergences.earth_movers_distance(blocks, tfd.Uniform(-1.0, 1.0))),
            quadrature,
        ),
        Pair(
            "two modes",
            sampler(two_modes),
            generator(1, layers.Rescaling(1.0)),
            float(divergences.earth_movers_distance(two_modes, tfd.Normal(0.0, 1.0))),
            quadrature,
        ),
        Pair(
            "shifted Gaussians",
            sampler(tfd.MultivariateNormalDiag(shift.astype("float32"), [1.0, 0.5])),
            generator(2, layers.Rescaling([1.0, 0.5])),
            float(np.linalg.norm(shift)),
            "closed form: the length of the shift",
        ),
        Pair(
            "concentric Gaussians",
            sampler(tfd.MultivariateNormalDiag([0.0, 0.0], [2.0, 2.0])),
            generator(2, layers.Rescaling(1.0)),
            math.sqrt(math.pi / 2),
            "closed form: the difference of the mean radii, (2 - 1) sqrt(pi / 2)",
        ),
        Pair(
            "ring of 8 Gaussians",
            ring.sample,
            generator(2, layers.Rescaling(0.5)),
            None,
            "exact transport between the held-out samples (wasserstein_distance)",
        ),
    ]


def penalized(pair):
    """WGAN-GP of which only the critic learns.

    One-sided, as the distance is over all f with ‖∇f‖ ≤ 1. The penalty lets f grow: a f has the
    objective a W1 − λ (a − 1)², so that a = 1 + W1/(2λ), 1.5 % too much for W1 = 3 and λ = 100.
    """
    (dimension,) = pair.generator.output_shape[1:]
    critic = kg.networks.mlp_discriminator((dimension,), (64, 64, 64))
    return kg.models.WGANGP(
        pair.generator,
        critic,
        pair.generator.input_shape[1],
        gp_weight=GP_WEIGHT,
        one_sided=True,
        seed=0,
    )


def clipped(pair, clipping):
    """WGAN of which only the critic learns.

    The critic sees the points scaled down, as its biases are clipped too, and with them the places
    where a unit bends. Oblique, it sees them along 8 directions: clipped weights end in corners of
    a cube, so that on two coordinates the slopes of its units would all be diagonal.
    """
    (dimension,) = pair.generator.output_shape[1:]
    directions = 0.1 * np.eye(dimension, dtype="float32")
    if clipping.oblique and dimension == 2:
        angles = math.pi * (np.arange(8) + 0.5) / 8
        directions = np.float32(0.02 * np.stack([np.cos(angles), np.sin(angles)]))
    points = keras.Input((dimension,))
    mlp = kg.networks.mlp_discriminator((directions.shape[1],), clipping.units)
    critic = keras.Model(points, mlp(ops.matmul(points, directions)))
    return kg.models.WGAN(
        pair.generator,
        critic,
        pair.generator.input_shape[1],
        clip_value=clipping.clip_value,
        seed=0,
    )


def train(gan, examples, optimizer, updates):
    """Train the critic, as the generator has no weights. Returns the seconds it took."""
    start = time.perf_counter()
    gan.compile(d_optimizer=optimizer, jit_compile=True, steps_per_execution=20)
    steps_per_epoch = len(examples) // (BATCH_SIZE * gan.n_critic)
    epochs = math.ceil(updates / (steps_per_epoch * gan.n_critic))
    gan.fit(examples, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return time.perf_counter() - start


def to_zero(rate, updates):
    """A learning rate that falls to zero over the updates, as convergence asks for."""
    return keras.optimizers.schedules.CosineDecay(rate, updates)


def scores(network, x):
    return network(x).numpy()[:, 0].astype("float64")


def largest_gradient(network, x, y, seed=0):
    """The largest ‖∇f‖ at uniform points of the segments from x[i] to y[i]."""
    alpha = np.random.default_rng(seed).random((POINTS_ON_A_SEGMENT, len(x), 1), "float32")
    points = alpha * x + (1 - alpha) * y
    return max(
        float(ops.max(penalties.gradient_norms(penalties.input_gradients(network, part))))
        for part in points
    )


def estimates(critic, x, y):
    """E_p f − E_q f from samples, the critic's Lipschitz constant, and their ratio."""
    raw = float(scores(critic, x).mean() - scores(critic, y).mean())
    lipschitz = largest_gradient(critic, x, y)
    return {"raw": raw, "lipschitz": lipschitz, "normalized": raw / lipschitz}


def distances(pair, options):
    """W1 of one pair: exact, by transport between held-out samples, and by both critics."""
    examples = pair.sample(TRAINING_SAMPLES, TRAINING_SEED)
    keras.utils.set_random_seed(0)
    gan = penalized(pair)
    adam = keras.optimizers.Adam(to_zero(1e-3, options.updates), beta_1=0.5, beta_2=0.9)
    seconds = train(gan, examples, adam, options.updates)

    def samples(seed):
        num = options.held_out
        return pair.sample(num, seed), gan.sample(num, seed=seed, batch_size=num)

    x, y = samples(HELD_OUT_SEED)
    values = transport(pair, x, y, *samples(OTHER_SEED))
    values["WGANGP"] = {**estimates(gan.discriminator, x, y), "seconds": seconds}
    values["WGANGP"]["estimate"] = values["WGANGP"]["raw"]
    critics = {"WGANGP": gan.discriminator}

    tried = []
    for clipping in CLIPPING:
        keras.utils.set_random_seed(0)
        gan_of_clipping = clipped(pair, clipping)
        rmsprop = keras.optimizers.RMSprop(to_zero(1e-3, options.clipped_updates))
        seconds = train(gan_of_clipping, examples, rmsprop, options.clipped_updates)
        critic = gan_of_clipping.discriminator
        validation = estimates(critic, *samples(VALIDATION_SEED))["normalized"]
        record = {**dataclasses.asdict(clipping), "validation_normalized": validation}
        tried.append((validation, critic, {**record, "seconds": seconds}))
    _, critics["WGAN"], chosen = max(tried, key=lambda t: t[0])
    values["WGAN"] = {**estimates(critics["WGAN"], x, y), "chosen": chosen}
    values["WGAN"]["estimate"] = values["WGAN"]["normalized"]
    values["WGAN"]["tried"] = [record for *_, record in tried]

    for name in critics:
        estimate = values[name]["estimate"]
        values[name]["relative_error"] = estimate / values["exact"] - 1
        values[name]["error_to_held_out_transport"] = estimate / values["held_out_transport"] - 1
        report(pair.name, name, values)
    return values, (pair, critics, x, y)


def transport(pair, x, y, x_again, y_again):
    """Exact transport between the held-out samples, and how far samples are from the densities.

    The expectation of the distance between samples is above that between the densities. The witness
    of one pair of samples, which is 1-Lipschitz, is on average below it on the other pair. The
    distance between two samples of one density is the floor of the first.
    """
    held_out = float(divergences.wasserstein_distance(x, y))
    witness = divergences.kantorovich_dual(x_again, y_again).witness
    return {
        "exact": held_out if pair.exact is None else pair.exact,
        "exact_by": pair.exact_by,
        "held_out_transport": held_out,
        "held_out_witness_of_other_samples": float(np.mean(witness(x)) - np.mean(witness(y))),
        "floor_of_p": float(divergences.wasserstein_distance(x, x_again)),
        "floor_of_q": float(divergences.wasserstein_distance(y, y_again)),
    }


def report(pair, name, values):
    v = values[name]
    print(
        f"{pair:22}{name:8}exact {values['exact']:.4f}  held-out {values['held_out_transport']:.4f}"
        f"  raw {v['raw']:9.4f}  Lipschitz {v['lipschitz']:8.4f}  normalized {v['normalized']:.4f}"
        f"  error {v['relative_error']:+7.2%}",
        flush=True,
    )


def density_ratio(options):
    """The discriminator of `GAN` on two Gaussians on the line, against p / (p + q)."""
    p, q = tfd.Normal(-1.0, 1.0), tfd.Normal(1.5, 0.7)
    keras.utils.set_random_seed(0)
    gan = kg.models.GAN(
        generator(1, layers.Rescaling(0.7, offset=1.5)),
        kg.networks.mlp_discriminator((1,), (64, 64)),
        latent_dim=1,
        n_critic=5,
        seed=0,
    )
    adam = keras.optimizers.Adam(to_zero(2e-3, options.updates), beta_1=0.5)
    seconds = train(gan, sampler(p)(TRAINING_SAMPLES, TRAINING_SEED), adam, options.updates)
    x = sampler(p)(options.held_out, HELD_OUT_SEED)
    x = np.concatenate([x, gan.sample(options.held_out, seed=HELD_OUT_SEED)])
    trained = 1 / (1 + np.exp(-scores(gan.discriminator, x)))
    optimal = divergences.optimal_discriminator(p, q, x[:, 0]).numpy()
    error = np.abs(trained - optimal)
    print(f"density ratio: mean absolute error {error.mean():.4f}, largest {error.max():.4f}")
    values = {
        "p": "N(-1, 1)",
        "q": "N(1.5, 0.7^2)",
        "mean_absolute_error": float(error.mean()),
        "largest_error": float(error.max()),
        "seconds": seconds,
    }
    return values, (p, q, x[:, 0], trained)


def draw(distance_values, curves, ratio, ratio_curve, path):
    """One figure: estimates beside exact values, what each critic looks like, and D beside D*."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(13, 7.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.05))
    bars, density = top.subplots(1, 2, width_ratios=(1.6, 1))
    draw_estimates(bars, distance_values)
    draw_density_ratio(density, ratio, ratio_curve)
    for ax, curve in zip(bottom.subplots(1, len(curves)), curves, strict=True):
        draw_critic(ax, *curve, distance_values[curve[0].name])
    figure.legend(
        handles=[
            plt.Line2D([], [], color=COLORS["WGANGP"], label="f of WGAN-GP"),
            plt.Line2D([], [], color=COLORS["WGAN"], label="f of WGAN / Lipschitz constant"),
            plt.Rectangle((0, 0), 1, 1, color=REAL, alpha=0.5, label="held-out samples of p"),
            plt.Rectangle((0, 0), 1, 1, color=FAKE, alpha=0.5, label="held-out samples of q"),
        ],
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_estimates(ax, values):
    places = np.arange(len(values))
    exact = np.array([v["exact"] for v in values.values()])
    for offset, name in ((-0.2, "WGANGP"), (0.2, "WGAN")):
        ratios = [v[name]["estimate"] / v["exact"] for v in values.values()]
        bars = ax.bar(places + offset, ratios, 0.36, color=COLORS[name], label=LABELS[name])
        ax.bar_label(
            bars,
            [f"{r - 1:+.1%}" for r in ratios],
            label_type="center",
            color="w",
            fontweight="bold",
        )
    ax.axhspan(0.9, 1.1, color="0.9", zorder=0, label="within 10 %")
    ax.axhline(1, color="k", lw=1)
    names = [name.replace(" Gaussians", "\nGaussians") for name in values]
    labels = [f"{name}\nW1 = {w:.3f}" for name, w in zip(names, exact, strict=True)]
    ax.set(title="estimate / exact W1", ylim=(0, 1.3), xticks=places, xticklabels=labels)
    ax.legend(loc="upper center", ncols=3, frameon=False)


def draw_density_ratio(ax, values, curve):
    p, q, x, trained = curve
    order = np.argsort(x)
    x, trained = x[order], trained[order]
    ax.fill_between(x, 0.5 * p.prob(x), color=REAL, alpha=0.25, lw=0, label="p / 2")
    ax.fill_between(x, 0.5 * q.prob(x), color=FAKE, alpha=0.25, lw=0, label="q / 2")
    ax.plot(x, divergences.optimal_discriminator(p, q, x), "k", lw=1, label="D* = p / (p + q)")
    ax.plot(x, trained, "--", color=COLORS["WGANGP"], lw=2, label="D, trained")
    error = values["mean_absolute_error"]
    ax.set(title=f"discriminator: mean |D − D*| = {error:.4f}", xlabel="x", ylim=(0, 1.05))
    ax.legend(frameon=False, loc="center left")


def draw_critic(ax, pair, critics, x, y, values):
    ax.set_title(pair.name)
    if x.shape[1] == 1:
        grid = np.linspace(min(x.min(), y.min()), max(x.max(), y.max()), 300, dtype="float32")
        for name, network in critics.items():
            f = scores(network, grid[:, None])
            scale = 1 if name == "WGANGP" else values[name]["lipschitz"]
            ax.plot(grid, (f - f.mean()) / scale, color=COLORS[name], label=LABELS[name])
        bottom = ax.get_ylim()[0]
        for samples, color in ((x, REAL), (y, FAKE)):
            counts, edges = np.histogram(samples, 60, (grid[0], grid[-1]), density=True)
            ax.stairs(
                counts + bottom - 1, edges, baseline=bottom - 1, fill=True, color=color, alpha=0.5
            )
        ax.set(xlabel="x", ylabel="f(x)" if pair.name == "blocks" else None)
        return
    limit = 1.05 * np.quantile(np.abs(np.concatenate([x, y])), 0.995)
    axis = np.linspace(-limit, limit, 120, dtype="float32")
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    for name, network in critics.items():
        f = scores(network, grid.reshape(-1, 2)).reshape(grid.shape[:2])
        f = (f - f.mean()) / (1 if name == "WGANGP" else values[name]["lipschitz"])
        ax.contour(axis, axis, f, 8, colors=COLORS[name], linewidths=1, linestyles="-")
    ax.scatter(*x[:400].T, s=3, color=REAL, alpha=0.5, lw=0)
    ax.scatter(*y[:400].T, s=3, color=FAKE, alpha=0.5, lw=0)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--updates", type=int, default=4000, help="of a critic, D included")
    options.add_argument("--clipped-updates", type=int, default=1200, help="of a clipping critic")
    options.add_argument("--held-out", type=int, default=4000, help="samples of each density")
    options.add_argument("--figure", default=str(results.FOLDER / "critic_as_distance.png"))
    options = options.parse_args()

    start = time.perf_counter()
    ratio, ratio_curve = density_ratio(options)
    pairs, curves = {}, []
    for pair in all_pairs():
        pairs[pair.name], curve = distances(pair, options)
        curves.append(curve)
    draw(pairs, curves, ratio, ratio_curve, options.figure)
    del options.figure
    results.save(
        "critic_as_distance",
        options,
        {
            "protocol": PROTOCOL,
            "batch_size": BATCH_SIZE,
            "training_samples_of_p": TRAINING_SAMPLES,
            "training_samples_of_q": "fresh at every update",
            "pairs": pairs,
            "largest_relative_error": {
                name: max((v[name]["relative_error"] for v in pairs.values()), key=abs)
                for name in ("WGANGP", "WGAN")
            },
            "discriminator": ratio,
            "seconds": time.perf_counter() - start,
        },
    )


if __name__ == "__main__":
    main()
