"""Few training images: what augmentation does for a discriminator that could learn them by heart.

DCGAN networks, without batch normalization in the discriminator, play the non-saturating game on
the first 500, 1,000 and 5,000 images of MNIST with their labels: without augmentation, with a
differentiable one and with an adaptive one, with the same number of updates, and with no other
regularization. The Fréchet distance is that of 10,000 samples to the 10,000 images of the test
split, on the features of the package's MNIST classifier. Overfitting shows in the discriminator's
mean logits: it has learned its training images by heart as far as it calls them more real than
images of the test split, which it has not seen.

    python benchmarks/studies/little_data.py

Runs are kept in output/little_data, and go on where they were stopped. The result goes to
benchmarks/results/little_data.json, curves to little_data.png; little_data_samples.png has for
each run a sample of each class, not selected, and below each the training image nearest to it.
"""

import argparse
import pathlib
import sys

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.judging import Judge
from benchmarks.training import mnist, train_in_rounds
from keras_gans import techniques

CACHE = pathlib.Path("output") / "little_data"
IMAGE_SHAPE = (28, 28, 1)
LATENT_DIM = 64
NUM_CLASSES = 10
SHOWN = 10

#: Functions of the options that return techniques.
AUGMENTATIONS = {
    "none": lambda options: [],
    "differentiable": lambda options: [
        techniques.DifferentiableAugmentation(policy=options.policy)
    ],
    "adaptive": lambda options: [
        techniques.AdaptiveAugmentation(
            target=options.target, adjustment_images=options.adjustment_images
        )
    ],
}


def model(augmentation, options):
    keras.utils.set_random_seed(options.seed)
    filters, labels = options.filters, {"num_classes": NUM_CLASSES}
    gan = kg.models.ConditionalGAN(
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, filters, **labels),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, 2 * filters, normalization=None, **labels),
        LATENT_DIM,
        techniques=AUGMENTATIONS[augmentation](options),
        ema_decay=0.999,
        seed=options.seed,
    )
    adams = [keras.optimizers.Adam(r, beta_1=0.0, beta_2=0.99) for r in options.learning_rates]
    gan.compile(*adams, steps_per_execution=options.steps_per_execution)
    return gan


def train(num, augmentation, training, test, judge, options):
    """Return the model and the records of its rounds. Splits are images with their labels."""
    gan = model(augmentation, options)
    order = {"batch_size": options.batch_size, "seed": options.seed, "repeat": True}
    batches, _ = kg.data.load(training, labels=True, **order)

    def measure(gan):
        fake = samples(gan, min(2000, options.num_samples))
        sets = {"training": training, "test": test, "fake": fake}
        logits = {f"d_{name}": mean_logit(gan, *some) for name, some in sets.items()}
        return {"frechet_distance": judge.frechet_distance(fake[0]), **logits}

    rounds = train_in_rounds(
        gan,
        batches,
        options.steps,
        options.rounds,
        CACHE / f"{num}_{augmentation}_{options.seed}",
        measure,
        {**settings(options), "num": num, "augmentation": augmentation},
    )
    return gan, rounds


def settings(options):
    """What every run depends on."""
    return {k: v for k, v in vars(options).items() if k not in ("nums", "augmentations")}


def samples(gan, num):
    """Images of all classes in turn, and their labels."""
    labels = np.resize(np.arange(NUM_CLASSES), num)
    return gan.sample(num, labels, seed=0), labels


def mean_logit(gan, images, labels):
    """Of the first thousand."""
    return round(float(np.mean(gan.score(images[:1000], labels[:1000]))), 4)


def nearest(samples, images):
    """The image nearest to each sample, by the distance between pixels."""
    flat = images.reshape(len(images), -1)
    distances = [np.sum((flat - sample.ravel()) ** 2, axis=1) for sample in samples]
    return images[np.argmin(distances, axis=1)]


def compare(images, labels, test, judge, options):
    """The record of every run, by the number of images and the augmentation, and a picture."""
    table, rows = {}, []
    for num in options.nums:
        table[num] = {}
        for augmentation in options.augmentations:
            training = images[:num], labels[:num]
            gan, rounds = train(num, augmentation, training, test, judge, options)
            fake, asked = samples(gan, options.num_samples)
            found = judge(fake, asked)
            print(num, augmentation, found, flush=True)
            table[num][augmentation] = {**found, "rounds": rounds}
            rows += [fake[:SHOWN], nearest(fake[:SHOWN], images[:num])]
    return table, np.concatenate(rows)


def gains(table):
    """How many times nearer to the test split augmentation brings the samples."""
    return {
        num: {
            name: round(runs["none"]["frechet_distance"] / run["frechet_distance"], 2)
            for name, run in runs.items()
        }
        for num, runs in table.items()
        if "none" in runs
    }


def draw(table, path):
    """A column a number of images: the distance, and the logits of images seen and not seen."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(table), 7), layout="constrained")
    axes = figure.subplots(2, len(table), squeeze=False)
    for (num, runs), (above, below) in zip(table.items(), axes.T, strict=True):
        for color, (name, run) in enumerate(runs.items()):
            steps = [r["step"] for r in run["rounds"]]
            curves = {key: [r[key] for r in run["rounds"]] for key in run["rounds"][0]}
            above.plot(steps, curves["frechet_distance"], color=f"C{color}", label=name)
            for kind, style in (("training", "-"), ("test", "--"), ("fake", ":")):
                below.plot(steps, curves[f"d_{kind}"], style, color=f"C{color}")
        above.set(title=f"{num} images", ylabel="Fréchet distance to the test split", yscale="log")
        below.set(xlabel="updates of the generator", ylabel="mean logit")
        above.legend(title="augmentation")
    for kind, style in (("training images", "-"), ("test images", "--"), ("fakes", ":")):
        axes[1, 0].plot([], [], style, color="gray", label=kind)
    axes[1, 0].legend()
    figure.savefig(path, dpi=120)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nums", type=int, nargs="+", default=[500, 1000, 5000])
    parser.add_argument(
        "--augmentations", nargs="+", default=list(AUGMENTATIONS), choices=AUGMENTATIONS
    )
    parser.add_argument("--steps", type=int, default=8000, help="updates of the generator")
    parser.add_argument("--rounds", type=int, default=10, help="measurements in a run")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--filters", type=int, default=32, help="of the generator")
    parser.add_argument("--learning-rates", type=float, nargs=2, default=[5e-4, 1e-3])
    parser.add_argument("--policy", nargs="+", default=["translation", "cutout"])
    parser.add_argument("--target", type=float, default=0.6)
    parser.add_argument("--adjustment-images", type=int, default=100_000)
    parser.add_argument("--num-samples", type=int, default=10_000)
    parser.add_argument("--steps-per-execution", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    options = parse()
    (images, labels), test = mnist("train"), mnist("test")
    judge = Judge(kg.metrics.MNISTFeatures(), test[0])
    table, picture = compare(images, labels, test, judge, options)
    training = {num: judge(images[:num]) for num in options.nums}
    values = {"times_nearer": gains(table), "training_images": training, "runs": table}
    results.save("little_data", options, values)
    draw(table, results.FOLDER / "little_data.png")
    path = results.FOLDER / "little_data_samples.png"
    kg.data.save_grid(picture, path, columns=SHOWN)


if __name__ == "__main__":
    main()
