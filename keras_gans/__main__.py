"""The front door for people who do not write Python: train, sample, interpolate, evaluate, list."""

import argparse
import math
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks, callbacks, data, metrics, models, networks, runs, saved_model

#: What `train` can train: a model, and the normalisation of its discriminator.
RECIPES = {
    "gan": (models.GAN, "batch"),
    "dcgan": (models.DCGAN, "batch"),
    "lsgan": (models.LSGAN, "batch"),
    "wgan": (models.WGAN, "batch"),
    "wgan_gp": (models.WGANGP, None),
    "conditional_gan": (models.ConditionalGAN, "batch"),
    "conditional_wgan": (models.ConditionalWGAN, "batch"),
    "conditional_wgan_gp": (models.ConditionalWGANGP, None),
}


#: What `--on-error` is for.
ON_ERROR = "what to do with pictures of a folder that cannot be read"


def build(info, options):
    """Return a compiled model with the DCGAN networks for the dataset's images."""
    model, normalization = RECIPES[options.model]
    num_classes = info.num_classes if model.conditional else None
    gan = model(
        networks.dcgan_generator(
            info.image_shape, options.latent_dim, options.filters, num_classes=num_classes
        ),
        networks.dcgan_discriminator(
            info.image_shape, options.filters, normalization=normalization, num_classes=num_classes
        ),
        latent_dim=options.latent_dim,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )
    gan.compile(steps_per_execution=math.gcd(10, options.steps_per_epoch))
    return gan


def train(options):
    """Train a model, or go on if the output folder holds a run of the same configuration."""
    run = runs.Run(options.output)
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(options.seed)
    _, info = batches(options)
    model = build(info, options)
    run.claim(configuration(options, info))
    model = run.resume() or model
    if steps_done(model) >= options.epochs * options.steps_per_epoch:
        print(f"{run.folder} has been trained for {options.epochs} epochs already.")
    else:
        fit(model, options, run)
    model.export(run.folder / "saved_model")
    samples, saved = run.folder / "samples", run.folder / "saved_model"
    print(f"Samples are in {samples}, the SavedModel is {saved}.")


def batches(options, skip=0):
    """The batches of a run after the first `skip`, and what the dataset holds."""
    return data.load(
        options.dataset,
        batch_size=options.batch_size,
        image_size=options.image_size,
        labels=RECIPES[options.model][0].conditional,
        shuffle=True,
        seed=options.seed,
        repeat=True,
        skip=skip,
        on_error=options.on_error,
    )


def steps_done(model):
    return int(model.g_optimizer.iterations)


def fit(model, options, run):
    """Train to the end of the last epoch; an epoch that was cut short is ended first."""
    nan = callbacks.TerminateOnNaN(run.checkpoint)
    stop = runs.StopOnSignal()
    while steps_done(model) < options.epochs * options.steps_per_epoch:
        epoch, step = divmod(steps_done(model), options.steps_per_epoch)
        last = epoch + 1 if step else options.epochs
        print(f"Training {options.model}, epochs {epoch + 1} to {last}.")
        run.cut_log(epoch)
        model.fit(
            batches(options, skip=steps_done(model) * model.batches_per_step)[0],
            initial_epoch=epoch,
            epochs=last,
            steps_per_epoch=options.steps_per_epoch - step,
            callbacks=[
                nan,
                stop,
                callbacks.SampleGrid(run.folder / "samples"),
                keras.callbacks.CSVLogger(run.log, append=True),
                runs.Checkpoints(run),
            ],
        )
        if nan.message:
            sys.exit(f"Error: {nan.message}")
        if stop.received:
            reached = f"stopped after step {steps_done(model)}"
            print(f"{stop.received.name}: {reached}. Run again to go on.")
            sys.exit(128 + stop.received)


def configuration(options, info):
    """What makes one run another run: options, and how many images there are."""
    others = ("run", "epochs", "output", "on_error")
    chosen = {k: v for k, v in vars(options).items() if k not in others}
    return {**chosen, "num_examples": info.num_examples}


def sample(options):
    """Draw images from a SavedModel into one picture, or print the texts that it writes."""
    labels = options.labels and np.resize(options.labels, options.num)
    generator = saved_model.load(options.saved_model)
    samples = generator.sample(options.num, labels, options.seed)
    if generator.makes_text:
        print("\n".join(samples))
    else:
        data.save_grid(samples, options.output)
        print(f"{options.num} samples are in {options.output}.")


def interpolate(options):
    """Draw, or print, what a SavedModel makes of paths between latents."""
    generator = saved_model.load(options.saved_model)
    num = options.num
    labels = options.labels and np.resize(options.labels, num)
    examples = callbacks.along_paths(
        generator, num, options.steps, options.kind, labels, options.seed
    )
    if generator.makes_text:
        print("\n\n".join("\n".join(path) for path in examples))
    else:
        data.save_paths(examples, options.output)
        animation = pathlib.Path(options.output).with_suffix(".gif")
        print(f"{num} paths of {options.steps} images are in {options.output} and {animation}.")


def evaluate(options):
    """Compare a SavedModel's samples with real images, and print a table with the protocol.

    A conditional model's samples are of random classes, each as likely as the others.
    """
    generator = saved_model.load(options.saved_model)
    split = options.split or ("train" if pathlib.Path(options.dataset).is_dir() else "test")
    real, info = data.load(
        options.dataset,
        split,
        batch_size=100,
        image_size=options.image_size,
        shuffle=False,
        on_error=options.on_error,
    )
    if info.image_shape != generator.example_shape:
        raise ValueError(
            f"`--dataset` must hold images of shape {generator.example_shape}, as the SavedModel "
            f"makes them. Received: {info.name!r} with images of shape {info.image_shape}"
        )

    def samples(num, seed):
        labels = None
        if generator.conditional:
            labels = np.random.default_rng(seed).integers(0, info.num_classes, num)
        return generator.sample(num, labels, seed)

    report = metrics.evaluate(
        samples,
        real,
        metrics=options.metrics.split(","),
        num_samples=options.num,
        feature_extractor=EXTRACTORS[options.extractor or extractor_for(options.dataset)](),
        seed=options.seed,
        split=f"{info.name}, {info.split}",
    )
    print(metrics.format_table(report))


#: What turns images into features, by the name that `--extractor` takes.
EXTRACTORS = {
    "inception": metrics.InceptionFeatures,
    "mnist": metrics.MNISTFeatures,
    "pixels": lambda: pixels,
}


def extractor_for(dataset):
    return "mnist" if dataset == "mnist" else "inception"


def pixels(images):
    """Images as features: a vector of pixels each."""
    return keras.ops.reshape(images, (len(images), -1))


def list_all(options):
    """List what there is to train, and on what."""
    print("Models for `train`:")
    for name, (model, _) in RECIPES.items():
        print(f"  {name:20} {model.__doc__.splitlines()[0]}")
    print("Datasets for `--dataset`:")
    print("  digits     1,797 handwritten digits 8×8×1, no download")
    print("  NAME       any TFDS image dataset: mnist, fashion_mnist, cifar10, celeb_a, …")
    print("  FOLDER     a folder of pictures, with --image-size")


def parser():
    main = argparse.ArgumentParser(
        prog="python -m keras_gans",
        description="Train generative adversarial networks, and sample from them.",
    )
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "train",
        help="train a model; run again to go on",
        description="Train a model. The output folder holds a grid of samples for every epoch, the "
        "log, the last two checkpoints, and the SavedModel. When the same command runs again it "
        "goes on from the last checkpoint, and ends as if it had never been stopped.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=train)
    command.add_argument("model", choices=RECIPES, help="what to train")
    command.add_argument("--dataset", default="digits", help="a name, or a folder of pictures")
    command.add_argument("--epochs", type=positive, default=10, help="epochs to have in the end")
    command.add_argument("--output", required=True, help="folder of the run")
    command.add_argument(
        "--steps-per-epoch", type=positive, default=200, help="generator updates in an epoch"
    )
    command.add_argument(
        "--batch-size", type=positive, default=64, help="images of one discriminator update"
    )
    command.add_argument("--image-size", type=positive, help="resize images to this side")
    command.add_argument("--on-error", choices=["raise", "skip"], default="raise", help=ON_ERROR)
    command.add_argument("--latent-dim", type=positive, default=64, help="size of the latents")
    command.add_argument(
        "--filters", type=positive, default=64, help="channels of the layers next to the image"
    )
    command.add_argument(
        "--ema-decay", type=float, default=0.998, help="decay of the generator's moving average"
    )
    command.add_argument("--seed", type=seed, default=0, help="seed of everything random")
    command.add_argument(
        "--deterministic",
        action="store_true",
        help="compute the same weights bit for bit every time, slower on GPUs",
    )

    command = commands.add_parser(
        "sample",
        help="draw images, or texts, from a SavedModel",
        description="Draw images from a SavedModel into one picture, or print its texts.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=sample)
    command.add_argument("saved_model", metavar="SAVED_MODEL", help="its folder")
    command.add_argument("--num", type=positive, default=64, help="how many images")
    command.add_argument("--output", default="grid.png", help="picture to write")
    command.add_argument(
        "--labels", type=labels, help="classes of a conditional model, such as 0,1,2; repeated"
    )
    command.add_argument("--seed", type=seed, help="the same seed draws the same images")

    command = commands.add_parser(
        "interpolate",
        help="draw what a SavedModel makes of paths between latents",
        description="Draw what a SavedModel makes of paths between latents: a picture with a row "
        "for each path, and an animation beside it that goes along the paths and back. Texts are "
        "printed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=interpolate)
    command.add_argument("saved_model", metavar="SAVED_MODEL", help="its folder")
    command.add_argument("--num", type=positive, default=8, help="how many paths")
    command.add_argument("--steps", type=positive, default=12, help="images on each path")
    command.add_argument(
        "--kind",
        choices=["spherical", "linear", "walk"],
        default="spherical",
        help="arcs or straight lines between random latents, or random walks",
    )
    command.add_argument(
        "--labels", type=labels, help="classes of a conditional model, one a path; repeated"
    )
    command.add_argument("--output", default="interpolation.png", help="picture to write")
    command.add_argument("--seed", type=seed, default=0, help="the same seed draws the same paths")

    command = commands.add_parser(
        "evaluate",
        help="compare a SavedModel's samples with real images",
        description="Compare a SavedModel's samples with real images, and print a table of the "
        "metrics together with what they depend on: counts, split, feature extractor.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=evaluate)
    command.add_argument("saved_model", metavar="SAVED_MODEL", help="its folder")
    command.add_argument("--dataset", required=True, help="a name, or a folder of pictures")
    command.add_argument(
        "--split", help="part of the dataset; by default test, or all the pictures of a folder"
    )
    command.add_argument("--metrics", default="fid,kid,is,prdc", help="which, with commas between")
    command.add_argument("--num", type=positive, default=10_000, help="images of each side")
    command.add_argument(
        "--extractor",
        choices=EXTRACTORS,
        help="what turns images into features; by default mnist for mnist, inception for others",
    )
    command.add_argument("--image-size", type=positive, help="resize real images to this side")
    command.add_argument("--on-error", choices=["raise", "skip"], default="raise", help=ON_ERROR)
    command.add_argument("--seed", type=seed, default=0, help="seed of everything random")

    command = commands.add_parser("list", help="list models and datasets")
    command.set_defaults(run=list_all)
    return main


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text}")
    return value


def labels(text):
    try:
        return [int(label) for label in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be integers with commas between, not {text}"
        ) from None


def seed(text):
    try:
        return _checks.seed("seed", int(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, TypeError, OSError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
