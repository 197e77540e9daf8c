"""`evaluate`."""

import argparse
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gans import metrics, presets
from keras_gans.commands.dataset import load
from keras_gans.commands.trained import trained, trained_sampler
from keras_gans.data.sources import DatasetInfo
from keras_gans.metrics.evaluation import untruncated
from keras_gans.metrics.features import pixels

#: What turns images into features, by the name that `--extractor` takes.
EXTRACTORS: dict[str, Callable[[], Any]] = {
    "inception": metrics.InceptionFeatures,
    "mnist": metrics.MNISTFeatures,
    "stacked_mnist": lambda: metrics.PerChannelFeatures(metrics.MNISTFeatures()),
    "pixels": lambda: pixels,
}


def evaluate(options: argparse.Namespace) -> None:
    """Compare a trained model's samples with real images, and print a table with the protocol.

    The samples of a conditional model are of its classes in the shares of the real images; of all
    its classes alike, if these have none. A model that does not draw images from latents is
    measured as its card is.
    """
    if options.dataset is None:
        preset = preset_of(options.run)
        if not isinstance(preset, presets.ImagePreset):
            _check_left_out(options)
            print(metrics.format_table(preset.measure(trained(options.run))))
            return
        options.dataset = preset.dataset
    print(metrics.format_table(measurement(trained_sampler(options.run), options)()))


def _check_left_out(options):
    """What says how images are compared says nothing where none are."""
    for name in ("split", "metrics", "num", "extractor", "image_size"):
        value = getattr(options, name)
        if value is not None:
            raise ValueError(
                f"`{name}` must be left out for a model that is measured as its card is. "
                f"Received: {name}={value!r} and run={options.run!r}"
            )


def measurement(generator: Any, options: argparse.Namespace) -> Callable[[], dict[str, Any]]:
    """Function that compares a model's samples with real images, and returns results and protocol.

    What cannot be compared is refused at once.
    """
    real, info = real_images(generator, options)
    extractor = EXTRACTORS[options.extractor or extractor_for(options.dataset)]()
    for batch in real.take(1):
        extractor((batch[0] if isinstance(batch, tuple) else batch)[:1])
    uniform = generator.conditional and info.num_classes is None
    chosen = {"metrics": options.metrics, "num_samples": options.num}
    chosen = {name: value for name, value in chosen.items() if value is not None}

    def measure():
        report = metrics.evaluate(
            of_all_classes(generator) if uniform else generator.sample,
            real,
            feature_extractor=extractor,
            seed=options.seed,
            split=f"{info.name}, {info.split}",
            **chosen,
        )
        if uniform:
            report["protocol"]["labels"] = "all classes alike"
        return report

    return measure


def preset_of(run: str) -> presets.Preset:
    """The preset that a trained model has the name of."""
    name = os.path.basename(os.path.normpath(run))
    if name not in presets.list():
        raise ValueError(
            "`dataset` must be given for a model that is not that of a preset. "
            f"Received: dataset=None and run={run!r}"
        )
    return presets.get(name)


def extractor_for(dataset: str) -> str:
    if dataset == "stacked_mnist":
        return dataset
    is_mnist = re.split("[:/]", dataset)[0].lower() == "mnist" and not os.path.isdir(dataset)
    return "mnist" if is_mnist else "inception"


def real_images(generator: Any, options: argparse.Namespace) -> tuple[tf.data.Dataset, DatasetInfo]:
    """All images of the dataset as the model makes them, in batches, and what the dataset holds.

    For a conditional model they come with the model's labels, if the dataset has classes.
    """
    is_folder = os.path.isdir(options.dataset)
    own_size, own_channels = None, getattr(options, "channels", None)
    if is_folder and len(generator.example_shape) == 3:
        *own_size, own_channels = generator.example_shape

    def load_all(labels):
        images, info = load(
            options,
            split=options.split or ("train" if is_folder else "test"),
            batch_size=1,  # which drops no rest
            image_size=options.image_size or own_size,
            channels=own_channels,
            labels=labels,
            shuffle=False,
            on_error=options.on_error,
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


def own_labels(generator: Any, info: Any) -> list[int]:
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


def of_all_classes(generator: Any) -> Callable[[int, int], np.ndarray]:
    """`sample(num, seed)` of a conditional model, of classes that are drawn alike."""
    sample = untruncated(generator.sample)

    def of_classes(num, seed):
        labels = np.random.default_rng(seed).integers(0, generator.num_classes, num)
        return sample(num, labels, seed)

    return of_classes
