"""Presets of models that draw images."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_gans import _files, callbacks, data, metrics, networks
from keras_gans._typing import Config, PathLike, Picture, Shape
from keras_gans.metrics.evaluation import untruncated
from keras_gans.models.schedules import HalfCosine
from keras_gans.networks.conditioning import Labels
from keras_gans.presets._preset import Preset
from keras_gans.techniques import Technique

#: Samples beside which the nearest training images are shown, and how many of these.
SHOWN, NEIGHBORS = 8, 3


class ImagePreset(Preset):
    """Of a model that draws images from latents.

    A subclass states `networks`, too, what the constructor takes beside `arguments`; `techniques`,
    if any; and `labels`, whether it learns from images with their classes, or `None` if it does
    where there are any.

    Args:
        name: See `Preset`.

    Raises:
        TypeError: As `Preset`.

    Example:

    >>> import keras_gans as kg
    >>> class Mine(kg.presets.ImagePreset):
    ...     model = kg.models.DCGAN
    ...     arguments = {"latent_dim": 8}
    ...     dataset = "digits"
    ...
    ...     def networks(self, info, latent_dim, filters):
    ...         return {
    ...             "generator": kg.networks.dcgan_generator(info.image_shape, latent_dim, filters),
    ...             "discriminator": kg.networks.dcgan_discriminator(info.image_shape, filters),
    ...         }
    >>> preset = Mine("mine")
    >>> batches, info = preset.load(batch_size=32)
    >>> gan = preset.build(info, filters=4)
    >>> gan.example_shape
    (8, 8, 1)
    """

    filters = 64
    labels: bool | None = False
    num_samples = 10_000
    metrics: tuple[str, ...] = ("fid", "is", "prdc")
    extractor: Any = None

    @property
    def sampling(self) -> str:  # type: ignore[override]  # with labels
        return super().sampling if self.labels is False else "10, labels=range(10), seed=0"

    def networks(self, info: data.DatasetInfo, latent_dim: int, filters: int) -> dict[str, Any]:
        """Return networks for the images of a dataset, by argument of the constructor."""
        raise NotImplementedError

    def techniques(self) -> list[Technique]:
        """Return new techniques for a model."""
        return []

    def build(
        self, info: data.DatasetInfo, filters: int | None = None, **changes: Any
    ) -> keras.Model:
        own = self.techniques()
        arguments = {**self.arguments, **({"techniques": own} if own else {}), **changes}
        filters = self.filters if filters is None else filters
        made = self.networks(info, arguments["latent_dim"], filters)
        return self.model(**{**made, **arguments})

    def load(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        source = self.dataset if source is None else source
        return data.load(source, split, **{"labels": self.labels, **kwargs})

    def in_order(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        """A split of a dataset one by one, in its order, and with labels as `load` returns it."""
        order: Config = {"batch_size": 1, "shuffle": False, "labels": self.labels}
        return data.load(self.dataset if source is None else source, split, **{**order, **kwargs})

    def callbacks(self, folder: PathLike) -> list[keras.callbacks.Callback]:
        return [callbacks.SampleGrid(folder)]

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        real, _ = self.in_order(split="test")
        report = metrics.evaluate(
            generator.sample,
            real.rebatch(100),
            ["fid"] if only_check else list(self.metrics),
            num_samples=self.num_samples,
            feature_extractor=self.extractor(),
            split=f"{self.dataset}, test",
            verbose=0,
        )
        if generator.conditional and not only_check:
            report["results"]["read_as_their_class"] = self.share_read(generator)
        return report

    def share_read(self, generator: Any) -> float:
        """The share of samples, of all classes alike, that are read as the class asked for."""
        labels = np.arange(self.num_samples) % generator.num_classes
        samples = untruncated(generator.sample)(len(labels), labels=labels, seed=1)
        extractor = self.extractor()
        starts = range(0, len(labels), 500)
        logits = [extractor.logits(samples[start : start + 500]) for start in starts]
        return float(np.mean(np.concatenate(logits).argmax(axis=1) == labels))

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        batches, _ = self.in_order(source, labels=False, **kwargs)
        real = np.concatenate(list(batches.rebatch(1000).as_numpy_iterator()))
        labels = np.arange(100) % generator.num_classes if generator.conditional else None
        samples = untruncated(generator.sample)(100, labels=labels, seed=0)
        of_classes = ", a column for each class" if generator.conditional else ""
        return {
            "samples.png": (
                data.image_grid(samples, columns=10),
                f"The first hundred samples of seed 0, not selected{of_classes}.",
            ),
            "nearest.png": (
                data.image_grid(beside_nearest(samples[:SHOWN], real), columns=SHOWN),
                f"The first {SHOWN} samples, and under each the {NEIGHBORS} training images whose "
                "pixels are nearest.",
            ),
        }


def arrays(batches: Any) -> tuple[np.ndarray, np.ndarray]:
    """All images of a dataset and their labels."""
    images, labels = zip(*batches.rebatch(1000).as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def beside_nearest(samples: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Samples, then the real image nearest to each by its pixels, the second nearest, …."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=NEIGHBORS, algorithm="brute")
    search.fit(real.reshape(len(real), -1))
    _, places = search.kneighbors(samples.reshape(len(samples), -1))
    return np.concatenate([samples, *real[places.T]])


class PictureEachEpoch(keras.callbacks.Callback):
    """Draw a picture after every epoch, as `epoch_0001.png`, … in a folder.

    Args:
        folder: Path.
        draw: Function of the model that returns a picture.
    """

    def __init__(self, folder: PathLike, draw: Callable[[Any], Picture]) -> None:
        super().__init__()
        self.folder, self.draw = pathlib.Path(folder), draw

    def on_train_begin(self, logs: Any = None) -> None:
        _files.check_folder(self.folder)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if callbacks.pictures.writes_files(self.model):
            callbacks.pictures.save_of_epoch(self.draw(self.model), self.folder, epoch)


def dcgan_networks(
    info: data.DatasetInfo,
    latent_dim: int,
    filters: int,
    discriminator_filters: int,
    normalization: str | None = None,
    labels: bool = False,
) -> dict[str, Any]:
    """A generator and a discriminator of the DCGAN's kind, by argument of a model.

    Args:
        info: What the dataset holds.
        latent_dim, filters: Those of the generator.
        discriminator_filters, normalization: Those of the discriminator.
        labels: Boolean, whether they take labels. Defaults to `False`.
    """
    discriminator = functools.partial(
        networks.dcgan_discriminator, filters=discriminator_filters, normalization=normalization
    )
    return beside_dcgan_generator(discriminator, info, latent_dim, filters, labels)


def deep_networks(
    info: data.DatasetInfo, latent_dim: int, filters: int, labels: bool = False
) -> dict[str, Any]:
    """A generator of the DCGAN's kind and a `deep_discriminator`, by argument of a model.

    Args:
        info, latent_dim, filters, labels: As of `dcgan_networks`. The discriminator's first
            convolution has a third of the filters.
    """
    discriminator = functools.partial(deep_discriminator, filters=max(1, filters // 3))
    return beside_dcgan_generator(discriminator, info, latent_dim, filters, labels)


def beside_dcgan_generator(
    discriminator: Callable[..., keras.Model],
    info: data.DatasetInfo,
    latent_dim: int,
    filters: int,
    labels: bool,
) -> dict[str, Any]:
    """A generator of the DCGAN's kind, and the discriminator that a function makes, for a model."""
    classes: dict[str, Any] = {"num_classes": info.num_classes} if labels else {}
    made = {
        "generator": networks.dcgan_generator(info.image_shape, latent_dim, filters, **classes),
        "discriminator": discriminator(info.image_shape, **classes),
    }
    return {**made, **classes, "class_names": info.class_names} if labels else made


def deep_discriminator(
    image_shape: Shape, filters: int, num_classes: int | None = None
) -> keras.Model:
    """A discriminator of 3×3 convolutions, two at each side, without normalization.

    The first has so many filters; the second halves the sides and doubles the filters, down to
    four times as many. On small images it judges far more than the two layers of the DCGAN's kind.

    Args:
        image_shape: `(height, width, channels)`.
        filters: Positive integer.
        num_classes: Positive integer, for one that takes labels and projects them. Defaults to
            `None`.
    """

    def convolved(x, filters, strides):
        convolution = layers.Conv2D(
            filters, 3, strides, padding="same", kernel_initializer="he_normal"
        )
        return layers.LeakyReLU(0.2)(convolution(x))

    x = images = keras.Input(image_shape)
    labels = Labels(num_classes)
    for width in (filters, 2 * filters, 4 * filters):
        x = convolved(x, width, 1)
        x = convolved(x, min(2 * width, 4 * filters), 2)
    features = layers.Flatten()(x)
    logits = layers.Dense(1, dtype="float32")(features)
    outputs = labels.projected_onto(logits, features)
    return keras.Model(labels.beside(images), outputs, name="discriminator")


def optimizers_of(
    model: Any,
    steps: int,
    rates: dict[str, float],
    schedule: Any,
    kind: type[keras.optimizers.Optimizer] = keras.optimizers.Adam,
    **arguments: Any,
) -> dict[str, keras.optimizers.Optimizer]:
    """An optimizer for each rate, which a schedule leads through the updates of a run.

    Args:
        model: The model, of whose discriminator's or critic's updates there are `n_critic` a step.
        steps: Integer, training steps of the run.
        rates: Learning rates by optimizer.
        schedule: Function of a rate and a number of updates.
        kind: Class of the optimizers. Defaults to `keras.optimizers.Adam`.
        **arguments: Others of its arguments.
    """
    updates = {"d_optimizer": steps * getattr(model, "n_critic", 1)}
    return {
        name: kind(schedule(rate, updates.get(name, steps)), **arguments)
        for name, rate in rates.items()
    }


def half_cosine(rate: float, updates: int) -> HalfCosine:
    """A learning rate that falls to nearly zero as half a cosine."""
    return HalfCosine(rate, 0.02 * rate, updates)
