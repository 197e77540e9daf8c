"""What the commands do; `keras_gans.__main__` reads their options."""

import math
import os
import pathlib
import re
import signal
import sys

import keras
import numpy as np
import tensorflow as tf

from keras_gans import (
    _checks,
    _files,
    _memory,
    callbacks,
    data,
    latents,
    metrics,
    models,
    networks,
    runs,
    saved_model,
)

#: What `train` can train: a model, and the normalization of its discriminator.
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

#: What turns images into features, by the name that `--extractor` takes.
EXTRACTORS = {
    "inception": metrics.InceptionFeatures,
    "mnist": metrics.MNISTFeatures,
    "pixels": lambda: pixels,
}

#: What goes wrong though the code is right: options, files, the network, memory.
FORESEEN = (ValueError, TypeError, OSError, RuntimeError, MemoryError, ImportError)
FORESEEN += (tf.errors.OpError,)


def run(options):
    """Run the command of the options. What is foreseen to go wrong ends it with one line."""
    try:
        COMMANDS[options.command](options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        _drop_output()
        sys.exit(141)  # what a shell makes of SIGPIPE, which Windows does not have
    except FORESEEN as error:
        _drop_output()
        sys.exit(f"Error: {in_options(' '.join(describe(error).split()), options)}")


def describe(error):
    """What went wrong, with its kind where the message does not tell it."""
    if isinstance(error, RecursionError):
        return "RecursionError: something is nested too deeply, a file that holds JSON or a model"
    if isinstance(error, (MemoryError, tf.errors.OpError)):
        return f"{type(error).__name__}: {error}"
    return str(error) or type(error).__name__


def in_options(message, options):
    """A message about arguments in the words of the command line."""
    aliases = {
        "source": "dataset",
        "real_batches": "dataset",
        "image_shape": "image_size",
        "folder": "output",
    }
    aliases |= {"filepath": "output", "feature_extractor": "extractor", "num_samples": "num"}
    names = {name: name for name in vars(options)}
    names |= {name: alias for name, alias in aliases.items() if alias in names}
    flags = {
        name: option.upper() if option in ("model", "run") else f"--{option.replace('_', '-')}"
        for name, option in names.items()
    }

    def value(match):
        flag, value = flags[match[1]], match[2].strip("'")
        return f"no {flag}" if value == "None" else f"{flag} {value}"

    any_name = f"({'|'.join(flags)})"
    message = re.sub(f"`{any_name}`", lambda match: f"`{flags[match[1]]}`", message)
    return re.sub(rf"\b{any_name}=('[^']*'|[^\s,;)]+)", value, message)


def _drop_output():
    """Leave nothing for Python to flush at its end into a closed pipe or onto a full disk."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Training


def train(options):
    """Train a model, or go on if the output folder holds a run of the same configuration."""
    run = runs.Run(options.output)
    check_folders(options.dataset, run)
    _files.check_folder(run.folder)
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(options.seed)
    info = what_to_train_on(options)
    model = build(info, options)
    checkpoint = callbacks.Checkpoint(run.folder, configuration=configuration(options, info))
    stopped_by = fit(model, options, checkpoint)
    checkpoint.run.check_held()
    model.export(run.saved_model)
    print(f"Samples are in {run.samples}, the SavedModel is {run.saved_model}.")
    if stopped_by:
        sys.exit(128 + stopped_by)


def check_folders(dataset, run):
    """Refuse a run among the pictures that it is trained on, some of which its grids would be."""
    pictures, output = pathlib.Path(dataset).resolve(), run.folder.resolve()
    overlap = output.is_relative_to(pictures) or pictures.is_relative_to(run.samples.resolve())
    if overlap and dataset != "digits":
        raise ValueError(
            f"`output` must be outside of {dataset!r}, which `source` names: it would be read as a "
            f"folder of pictures. Received: {str(run.folder)!r}"
        )


def what_to_train_on(options):
    """The `DatasetInfo` of images that the model can learn from."""
    _, info = batches(options, labels=False)
    if is_conditional(options) and info.num_classes is None:
        raise ValueError(
            f"`source` must have classes for {options.model}: sub-folders, if it is a folder of "
            f"pictures. Received: {info.name!r}, which has none"
        )
    return info


def is_conditional(options):
    return RECIPES[options.model][0].conditional


def batches(options, labels):
    """The batches of a run, and what the dataset holds."""
    return load(
        options,
        batch_size=options.batch_size,
        image_size=options.image_size,
        channels=options.channels,
        labels=labels,
        shuffle=True,
        seed=options.seed,
        repeat=True,
    )


def load(options, *arguments, **kwargs):
    """As `data.load`, but not of the folder of a run that has the name of a dataset."""
    if runs.Run(options.dataset).configuration.exists():
        raise ValueError(
            "`source` must not be the folder of a run, which a dataset of that name cannot be told "
            f"from. Received: {options.dataset!r}"
        )
    return data.load(options.dataset, *arguments, on_error=options.on_error, **kwargs)


def build(info, options):
    """Return a compiled model with the DCGAN networks for the dataset's images."""
    model, normalization = RECIPES[options.model]
    num_classes = info.num_classes if model.conditional else None
    names = {"class_names": info.class_names} if model.conditional else {}
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
        **names,
    )
    gan.compile(steps_per_execution=math.gcd(10, options.steps_per_epoch))
    return gan


def fit(model, options, checkpoint):
    """Train to the end of the last epoch. Returns the signal that stopped it before, or `None`."""
    run = checkpoint.run
    nan, stop = callbacks.TerminateOnNaN(run.checkpoint), runs.StopOnSignal()
    print(f"Training {options.model} in {run.folder}, {options.epochs} epochs.")
    history = model.fit(
        batches(options, labels=is_conditional(options))[0],
        epochs=options.epochs,
        steps_per_epoch=options.steps_per_epoch,
        callbacks=[nan, stop, callbacks.SampleGrid(run.samples), checkpoint],
    )
    if nan.message:
        sys.exit(f"Error: {nan.message}")
    if not history.epoch:
        print(f"{run.folder} has been trained for {options.epochs} epochs already.")
    if stop.received:
        reached = f"stopped after step {checkpoint.steps}"
        print(f"{stop.received.name}: {reached}. Run again to go on.")
    return stop.received


def configuration(options, info):
    """What makes one run another run: options, and what images there are."""
    others = ("command", "epochs", "output", "on_error")
    chosen = {k: v for k, v in vars(options).items() if k not in others}
    names = info.class_names and list(info.class_names)
    return {**chosen, "num_examples": info.num_examples, "class_names": names}


# Trained models


def trained(folder):
    """Return the SavedModel of a run, or that at a path of its own."""
    folder = pathlib.Path(folder)
    run = runs.Run(folder.parent if folder.suffix == ".keras" else folder)
    for place in (folder, run.saved_model):
        if _files.is_saved_model(place):
            return saved_model.load(place)
    if run.configuration.exists():
        hint = "a run that writes its SavedModel when it ends: run `train` again"
    elif folder.suffix == ".keras":
        hint = "a Keras file, whose model must be exported first, with its method `export`"
    else:
        hint = "which holds neither" if folder.exists() else "which does not exist"
    raise ValueError(
        f"`run` must be the folder of a run or of a SavedModel. Received: {str(folder)!r}, {hint}"
    )


def trained_sampler(folder):
    """As `trained`, of a model that draws from latents."""
    generator = trained(folder)
    if "generate" not in generator.endpoints:
        raise ValueError(
            "`run` must hold a model that makes examples from latents. "
            f"Received: {str(folder)!r}, whose model has {', '.join(generator.endpoints)}"
        )
    if generator.conditional and generator.num_classes is None:
        raise ValueError(
            "`run` must hold a model whose only condition is the class: call `sample` of "
            f"keras_gans.load({str(folder)!r}) in Python. Received: a model with other conditions"
        )
    return generator


def labels_of(generator, given, num):
    """Labels for `num` examples: those given, by name or by number, or every class, in turn."""
    if not generator.conditional:
        if given:
            raise ValueError(f"`labels` must be left out: the model has none. Received: {given}")
        return None
    if given is None:
        return np.arange(num) % generator.num_classes
    return np.resize([label_of(name, generator) for name in given], num)


def label_of(name, generator):
    if name in (generator.class_names or ()):
        return generator.class_names.index(name)
    if not name.isdecimal() or int(name) >= generator.num_classes:
        classes = f"numbers below {generator.num_classes}"
        if generator.class_names:
            classes = f"{', '.join(generator.class_names)}, or {classes}"
        raise ValueError(f"`labels` must be of {classes}. Received: {name}")
    return int(name)


def sample(options):
    """Draw images of a trained model into one picture, or print the texts that it writes."""
    generator = trained_sampler(options.run)
    num = options.num
    _memory.check("num", num, [(generator.latent_dim + 2,)])  # with labels, of 8 bytes
    columns = math.ceil(math.sqrt(num))
    if generator.conditional:
        in_turn = len(options.labels or range(generator.num_classes))
        columns = callbacks.pictures.columns_of_classes(num, in_turn) or columns
    if not generator.makes_text:
        check_picture(options.output, generator, "num", num, columns)
    labels = labels_of(generator, options.labels, num)
    points = latents.draw(num, generator.latent_dim, _checks.seed_or_new(options.seed)).numpy()
    if generator.makes_text:
        for part in saved_model.parts(points):
            print("\n".join(generator.generate(part)))
    else:
        samples = generator.generate(points, labels)
        data.save_grid(samples, options.output, columns=columns)
        print(f"{num} samples are in {options.output}.")


def interpolate(options):
    """Draw, or print, what a trained model makes of paths between latents."""
    generator = trained_sampler(options.run)
    num, steps = options.num, options.steps
    _memory.check("steps", steps, [(generator.latent_dim + 2,)])
    _memory.check("num", num, [(steps, generator.latent_dim + 2)])
    labels = labels_of(generator, options.labels, num)
    if generator.makes_text:
        paths = latents.paths(num, generator.latent_dim, steps, options.kind, options.seed)
        for i, points in enumerate(paths):
            print("\n" * (i > 0) + "\n".join(generator.generate(points)))
        return
    animation = pathlib.Path(options.output).with_suffix(".gif")
    if animation == pathlib.Path(options.output):
        raise ValueError(
            "`output` must not end in .gif, which is the animation beside the picture. "
            f"Received: {options.output}"
        )
    check_picture(options.output, generator, "num", num * steps, steps)
    examples = callbacks.pictures.along_paths(
        generator, num, steps, options.kind, labels, options.seed
    )
    data.save_paths(examples, options.output)
    print(f"{num} paths of {steps} images are in {options.output} and {animation}.")


def check_picture(filepath, generator, option, num, columns):
    """Refuse a picture that cannot be written, before its images are made.

    Args:
        filepath: Its path.
        generator: What makes the images.
        option: Name of the option that says how many.
        num: Integer, how many images.
        columns: Integer, how many side by side.
    """
    from PIL import Image

    Image.init()
    endings = [ending for ending, kind in Image.EXTENSION.items() if kind in Image.SAVE]
    if pathlib.Path(filepath).suffix.lower() not in endings:
        raise ValueError(
            "`output` must end in .png, .jpg or another ending of pictures. "
            f"Received: {str(filepath)!r}"
        )
    data.images.check_grid_size(option, num, generator.example_shape, columns)
    if os.path.isdir(filepath):
        raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
    _files.check_folder(pathlib.Path(filepath).parent)


# Evaluation


def evaluate(options):
    """Compare a trained model's samples with real images, and print a table with the protocol.

    The samples of a conditional model are of its classes in the shares of the real images; of all
    its classes alike, if these have none.
    """
    generator = trained_sampler(options.run)
    real, info = real_images(generator, options)
    extractor = EXTRACTORS[options.extractor or extractor_for(options.dataset)]()
    uniform = generator.conditional and info.num_classes is None
    report = metrics.evaluate(
        of_all_classes(generator) if uniform else generator.sample,
        real,
        metrics=options.metrics,
        num_samples=options.num,
        feature_extractor=extractor,
        seed=options.seed,
        split=f"{info.name}, {info.split}",
    )
    if uniform:
        report["protocol"]["labels"] = "all classes alike"
    print(metrics.format_table(report))


def extractor_for(dataset):
    is_mnist = re.split("[:/]", dataset)[0].lower() == "mnist" and not os.path.isdir(dataset)
    return "mnist" if is_mnist else "inception"


def pixels(images):
    """Images as features: a vector of pixels each."""
    return keras.ops.reshape(images, (len(images), -1))


def real_images(generator, options):
    """All images of the dataset as the model makes them, in batches, and what the dataset holds.

    For a conditional model they come with the model's labels, if the dataset has classes.
    """
    is_folder = os.path.isdir(options.dataset)
    own_size, own_channels = None, None
    if is_folder and len(generator.example_shape) == 3:
        *own_size, own_channels = generator.example_shape

    def load_all(labels):
        images, info = load(
            options,
            options.split or ("train" if is_folder else "test"),
            batch_size=1,  # which drops no rest
            image_size=options.image_size or own_size,
            channels=own_channels,
            labels=labels,
            shuffle=False,
        )
        return images.rebatch(100), info

    real, info = load_all(labels=False)
    if info.image_shape != generator.example_shape:
        raise ValueError(
            f"`source` must hold images of shape {generator.example_shape}, as the model makes "
            f"them. Received: {info.name!r} with images of shape {info.image_shape}"
        )
    if generator.conditional and info.num_classes:
        labels = tf.constant(own_labels(generator, info))
        real = load_all(labels=True)[0].map(lambda x, y: (x, tf.gather(labels, y)))
    return real, info


def own_labels(generator, info):
    """The model's label of each class of a dataset: by its name, if both know the names."""
    if generator.class_names and info.class_names:
        unknown = set(info.class_names) - set(generator.class_names)
        if unknown:
            raise ValueError(
                f"`source` must have classes of the model, {', '.join(generator.class_names)}. "
                f"Received: {', '.join(sorted(unknown))}"
            )
        return [generator.class_names.index(name) for name in info.class_names]
    if info.num_classes > generator.num_classes:
        raise ValueError(
            f"`source` must have at most the model's {generator.num_classes} classes. "
            f"Received: {info.num_classes} classes"
        )
    return list(range(info.num_classes))


def of_all_classes(generator):
    """`sample(num, seed)` of a conditional model, of classes that are drawn alike."""

    def sample(num, seed):
        labels = np.random.default_rng(seed).integers(0, generator.num_classes, num)
        return generator.sample(num, labels, seed)

    return sample


def list_all(options):
    """List what there is to train, and on what."""
    print("Models for `train`:")
    for name, (model, _) in RECIPES.items():
        print(f"  {name:20} {model.__doc__.splitlines()[0]}")
    print("Datasets for `--dataset`:")
    print("  digits     1,797 handwritten digits 8×8×1, no download")
    print("  NAME       any TFDS image dataset: mnist, fashion_mnist, cifar10, celeb_a, …")
    print("  FOLDER     a folder of pictures, with --image-size")


COMMANDS = {
    "train": train,
    "sample": sample,
    "interpolate": interpolate,
    "evaluate": evaluate,
    "list": list_all,
}
