"""Small color images: R3GAN with labels against WGAN-GP and a hinge GAN, for the same minutes.

All learn the 50,000 training images of CIFAR-10 with their labels. 10,000 samples, of all classes
alike and from the moving average of the generator, are judged by the classifier that
cifar10_classifier.py trains: Fréchet distance to the 10,000 images of the test split, precision,
recall, Inception Score, and the share that is read as the class asked for. As many training images
in place of the samples are what a perfect model would score. A minute is one of two cores: 120
seconds of CPU time.

    python benchmarks/studies/cifar10_classifier.py
    python benchmarks/studies/cifar10.py r3gan wgan_gp hinge

The copy of CIFAR-10 at hand may be compressed, and the features are no Inception's: no number here
compares with published ones.

    python benchmarks/studies/cifar10.py r3gan --only ship

trains on the images of one class, without labels. R3GAN and WGAN-GP have the networks of the DCGAN,
of which two cores get more updates than of R3GAN's own. For whoever has a GPU

    python benchmarks/studies/cifar10.py r3gan_authors --filters 768 --batch-size 512 --steps 488281

are the networks and numbers of R3GAN's authors for this dataset, but for their augmentation; it has
not been trained here.

Training is kept in output/cifar10, and goes on where it was stopped. Each result goes to
benchmarks/results/cifar10_<model>.json, with a grid beside it, a row a class, not selected.
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
from benchmarks.studies import cifar10_classifier
from benchmarks.training import cosine_adams, images_and_labels, steps_within, train_in_rounds

CACHE = pathlib.Path("output") / "cifar10"
IMAGE_SHAPE = (32, 32, 3)
NUM_CLASSES = 10


def dcgan_networks(num_classes, options):
    """The discriminator's without batch normalization, which no penalty on a gradient goes with."""
    sizes = {"filters": options.filters, "num_classes": num_classes}
    return (
        kg.networks.dcgan_generator(IMAGE_SHAPE, options.latent_dim, **sizes),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, normalization=None, **sizes),
    )


def r3gan(steps, num_classes, options):
    """R3GAN's game, with a learning rate and a γ that fall over the run."""
    gan = kg.models.R3GAN(
        *dcgan_networks(num_classes, options),
        options.latent_dim,
        gamma=options.gamma,
        burn_in=steps,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )
    return gan, cosine_adams(5e-4, steps)


def r3gan_authors(steps, num_classes, options):
    """With the networks and schedules of R3GAN's authors, which end after 20 million images."""
    widths = dict.fromkeys(("filters", "max_filters"), options.filters)
    widths["num_classes"] = num_classes
    gan = kg.models.R3GAN(
        kg.networks.r3gan_generator(IMAGE_SHAPE, options.latent_dim, **widths),
        kg.networks.r3gan_discriminator(IMAGE_SHAPE, **widths),
        options.latent_dim,
        gamma=0.05,
        burn_in=20_000_000 // options.batch_size,
        ema_decay=0.5 ** (options.batch_size / 5_000_000),
        seed=options.seed,
    )
    return gan, {}


def wgan_gp(steps, num_classes, options):
    """On the same networks, with learning rates that fall to zero."""
    kind = kg.models.ConditionalWGANGP if num_classes else kg.models.WGANGP
    gan = kind(
        *dcgan_networks(num_classes, options),
        options.latent_dim,
        n_critic=3,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )
    return gan, cosine_adams(5e-4, steps, gan.n_critic)


def hinge(steps, num_classes, options):
    """BigGAN's game and networks, small: the hinge loss under spectral normalization."""
    sizes = {"num_classes": num_classes, "filters": options.filters // 2, "attention": 16}
    gan = kg.models.BigGAN(
        kg.networks.biggan_generator(
            IMAGE_SHAPE, latent_dim=options.latent_dim, embedding_dim=32, **sizes
        ),
        kg.networks.biggan_discriminator(IMAGE_SHAPE, **sizes),
        options.latent_dim,
        n_critic=1,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )
    adams = [keras.optimizers.Adam(r, 0.0, 0.999, epsilon=1e-6) for r in (2e-4, 4e-4)]
    return gan, dict(zip(("g_optimizer", "d_optimizer"), adams, strict=True))


#: Functions of the number of steps, of the number of classes or `None`, and of the options: a
#: model, and what it is compiled with.
MODELS = {"r3gan": r3gan, "wgan_gp": wgan_gp, "hinge": hinge, "r3gan_authors": r3gan_authors}
WITHOUT_LABELS = ("r3gan", "wgan_gp", "r3gan_authors")


def train(name, source, judge, options):
    """Return the model and the records of its rounds."""
    seed, has_labels = options.seed, options.only is None
    num_classes = NUM_CLASSES if has_labels else None
    folder = CACHE / "_".join([name, *([options.only] if options.only else []), str(seed)])
    batches, _ = kg.data.load(
        source, batch_size=options.batch_size, labels=has_labels, seed=seed, repeat=True
    )

    def make(steps):
        keras.utils.set_random_seed(seed)
        gan, arguments = MODELS[name](steps, num_classes, options)
        gan.compile(**arguments, steps_per_execution=options.steps_per_execution)
        return gan

    steps = options.steps or steps_within(options.minutes, make, batches, folder)
    gan = make(steps)

    def measure(gan):
        images, _ = samples(gan, min(2000, options.num_samples))
        return {"frechet_distance": judge.frechet_distance(images)}

    made_by = {**{k: v for k, v in vars(options).items() if k != "models"}, "model": name}
    return gan, train_in_rounds(gan, batches, steps, options.rounds, folder, measure, made_by)


def samples(gan, num):
    """Samples of all classes in turn, and their labels; without labels, if the model has none."""
    if not gan.conditional:
        return gan.sample(num, seed=0), None
    labels = np.resize(np.arange(NUM_CLASSES), num)
    return gan.sample(num, labels, seed=0), labels


def measure(name, source, judge, options):
    gan, rounds = train(name, source, judge, options)
    values = {
        **judge(*samples(gan, options.num_samples)),
        "minutes": rounds[-1]["minutes"],
        "steps": rounds[-1]["step"],
        "parameters": [gan.generator.count_params(), gan.discriminator.count_params()],
        "rounds": rounds,
    }
    return gan, values


def draw(gan, path):
    """Ten samples of seed 0 of each class, a row a class; or a hundred of the only one."""
    images, labels = samples(gan, 100)
    order = np.arange(100) if labels is None else np.argsort(labels, kind="stable")
    kg.data.save_grid(images[order], path, columns=10)


def data(only, class_names):
    """What to train on, for `kg.data.load`; training images to judge; and test images."""
    test_images, test_labels = images_and_labels("cifar10", "test")
    if only is None:
        images, _ = images_and_labels("cifar10", "train[:20%]")
        return "cifar10", images, test_images
    label = class_names.index(only)
    images, labels = images_and_labels("cifar10", "train")
    images = images[labels == label]
    return images, images, test_images[test_labels == label]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", choices=MODELS)
    parser.add_argument("--only", metavar="CLASS", help="train on one class, without labels")
    parser.add_argument("--minutes", type=float, default=16, help="of two cores, without --steps")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, default=8, help="measurements in a run")
    parser.add_argument("--filters", type=int, default=32, help="next to the images")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--gamma", type=float, default=1.0, help="of R3GAN")
    parser.add_argument("--ema-decay", type=float, default=0.999)
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--num-samples", type=int, default=10_000)
    parser.add_argument("--precision", default="mixed_bfloat16", help="policy of the networks")
    parser.add_argument("--steps-per-execution", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.only and set(options.models) - set(WITHOUT_LABELS):
        parser.error(f"--only takes the models {', '.join(WITHOUT_LABELS)}")
    return options


def main():
    options = parse()
    _, info = kg.data.load("cifar10")
    if options.only not in (None, *info.class_names):
        raise SystemExit(f"--only must be one of {', '.join(info.class_names)}")
    source, images, test_images = data(options.only, info.class_names)
    judge = Judge(cifar10_classifier.Features(), test_images)
    perfect = judge(images[: options.num_samples])
    keras.config.set_dtype_policy(options.precision)
    for name in options.models:
        gan, values = measure(name, source, judge, options)
        stem = "_".join(["cifar10", name, *([options.only] if options.only else [])])
        results.save(stem, options, {"training_images": perfect, **values})
        draw(gan, results.FOLDER / f"{stem}.png")


if __name__ == "__main__":
    main()
