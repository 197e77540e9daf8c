"""One table for MNIST at 28×28: what each model makes of the same minutes.

10,000 samples, from the moving average of the generator, against the 10,000 images of the test
split, with the features of the package's MNIST classifier: Fréchet distance, precision, recall and
Inception Score. As many training images in place of the samples are what a perfect model would
score. A minute is one of two cores: 120 seconds of CPU time.

R3GAN and StyleGAN2 take labels here, and draw as many samples of each class: of them the share is
measured that is read as its class, too. The others do not know of classes. R3GAN's networks are
those of the DCGAN, of which two cores get more updates than of its own; StyleGAN2's generator ends
in tanh. The learning rates of both fall to zero.

    python benchmarks/studies/mnist_quality.py r3gan stylegan2 wgan_gp dcgan --minutes 150

Training is kept in output/mnist_quality, and goes on where it was stopped. After each of 30 rounds
the Fréchet distance of 2,000 samples is measured. The result of each model goes to
benchmarks/results/mnist_quality_<model>.json, with a grid of the first hundred samples of seed 0,
not selected; the table of all that are there to mnist_quality.json.
"""

import argparse
import json
import pathlib
import sys

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.judging import Judge
from benchmarks.training import cosine_adams, mnist, steps_within, train_in_rounds
from keras_gans.metrics.evaluation import untruncated

CACHE = pathlib.Path("output") / "mnist_quality"
IMAGE_SHAPE = (28, 28, 1)
LATENT_DIM = 64


def wgan_gp(steps, options):
    """That of examples/wgan_gp.py, in one run."""
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, filters=2 * options.filters),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, options.filters, normalization=None),
        LATENT_DIM,
        n_critic=3,
        ema_decay=0.999,
        seed=options.seed,
    )

    def adam(updates):
        schedule = keras.optimizers.schedules.PolynomialDecay(5e-4, updates, 0.0)
        return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.9)

    return gan, {"g_optimizer": adam(steps), "d_optimizer": adam(3 * steps)}


def dcgan(steps, options):
    gan = kg.models.DCGAN(
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, filters=2 * options.filters),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, 2 * options.filters),
        LATENT_DIM,
        ema_decay=0.999,
        seed=options.seed,
    )
    return gan, {}


def r3gan(steps, options):
    filters = 2 * options.filters
    gan = kg.models.R3GAN(
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, filters, num_classes=10),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, filters, normalization=None, num_classes=10),
        LATENT_DIM,
        gamma=options.gamma,
        burn_in=steps,
        ema_decay=0.999,
        seed=options.seed,
    )
    return gan, cosine_adams(5e-4, steps)


def stylegan2(steps, options):
    """Small and bounded as in examples/stylegan2.py, without path lengths."""
    sizes = {"filters": options.filters // 2, "code_dim": LATENT_DIM, "num_classes": 10}
    gan = kg.models.StyleGAN2(
        kg.networks.stylegan2_generator(
            IMAGE_SHAPE, LATENT_DIM, mapping_layers=4, output_activation="tanh", **sizes
        ),
        kg.networks.stylegan2_discriminator(IMAGE_SHAPE, mapping_layers=4, **sizes),
        LATENT_DIM,
        techniques=[kg.techniques.R1(options.gamma, every=16)],
        ema_decay=0.999,
        seed=options.seed,
    )
    return gan, cosine_adams(5e-3, steps)


#: Functions of the number of steps and the options: a model, and what it is compiled with.
MODELS = {"wgan_gp": wgan_gp, "dcgan": dcgan, "r3gan": r3gan, "stylegan2": stylegan2}


def train(name, judge, options):
    """Return the model and the records of its rounds."""
    folder = CACHE / f"{name}_{options.seed}"
    seed = options.seed

    def make(steps):
        keras.utils.set_random_seed(seed)
        gan, arguments = MODELS[name](steps, options)
        gan.compile(**arguments, steps_per_execution=options.steps_per_execution)
        return gan

    order = {"batch_size": options.batch_size, "seed": seed, "repeat": True}
    batches, _ = kg.data.load("mnist", labels=make(1).conditional, **order)

    steps = options.steps or steps_within(options.minutes, make, batches, folder)
    gan = make(steps)
    rounds = train_in_rounds(
        gan,
        batches,
        steps,
        options.rounds,
        folder,
        lambda gan: {"frechet_distance": judge.frechet_distance(samples(gan, 2000, options))},
        {**{k: v for k, v in vars(options).items() if k != "models"}, "model": name},
    )
    return gan, rounds


def samples(gan, num, options):
    num = min(num, options.num_samples)
    return untruncated(gan.sample)(num, labels=labels_of(gan, num), seed=0)


def labels_of(gan, num):
    """As many of each class, or none."""
    return np.arange(num) % 10 if gan.conditional else None


def measure(name, judge, options):
    gan, rounds = train(name, judge, options)
    num = options.num_samples
    values = {
        **judge(samples(gan, num, options), labels_of(gan, num)),
        "minutes": rounds[-1]["minutes"],
        "steps": rounds[-1]["step"],
        "parameters": [gan.generator.count_params(), gan.discriminator.count_params()],
        "rounds": rounds,
    }
    results.save(f"mnist_quality_{name}", options, values)
    kg.data.save_grid(samples(gan, 100, options), results.FOLDER / f"mnist_quality_{name}.png")


def table():
    """What all models that were trained so far score, each as its own result says."""
    found = {}
    for name in MODELS:
        path = results.FOLDER / f"mnist_quality_{name}.json"
        if path.exists():
            values = json.loads(path.read_text())["results"]
            found[name] = {k: v for k, v in values.items() if k != "rounds"}
    return found


def draw(path):
    """The distance of 2,000 samples through each training."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name in table():
        kept = (results.FOLDER / f"mnist_quality_{name}.json").read_text()
        rounds = json.loads(kept)["results"]["rounds"]
        minutes, distances = zip(
            *[(r["minutes"], r["frechet_distance"]) for r in rounds], strict=True
        )
        axes.plot(minutes, distances, marker=".", label=name)
    axes.set(
        xlabel="minutes of two cores",
        ylabel="Fréchet distance of 2,000 samples",
        yscale="log",
        title="MNIST",
    )
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", choices=MODELS)
    parser.add_argument("--minutes", type=float, default=150, help="of two cores, without --steps")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, default=30, help="measurements in a run")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--gamma", type=float, default=0.1, help="of R3GAN and StyleGAN2")
    parser.add_argument("--num-samples", type=int, default=10_000)
    parser.add_argument("--precision", default="float32", help="policy of the networks")
    parser.add_argument("--steps-per-execution", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    (images, _), (test_images, _) = mnist("train"), mnist("test")
    judge = Judge(kg.metrics.MNISTFeatures(), test_images)
    training_images = np.random.default_rng(0).permutation(images)[: options.num_samples]
    perfect = judge(training_images)
    keras.config.set_dtype_policy(options.precision)
    for name in options.models:
        measure(name, judge, options)
    results.save("mnist_quality", options, {"training_images": perfect, "models": table()})
    draw(results.FOLDER / "mnist_quality.png")


if __name__ == "__main__":
    main()
