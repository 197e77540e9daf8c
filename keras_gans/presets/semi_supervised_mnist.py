"""A classifier of MNIST's digits that learned from a hundred labels."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_gans import data, models, networks
from keras_gans._typing import Config, Shape
from keras_gans.data.semi_supervised import UNLABELED
from keras_gans.layers import WeightNormalization
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import arrays, optimizers_of
from keras_gans.presets._mnist import MNISTPreset, as_read

LABELS_PER_CLASS = 10

#: Half of those of the authors' code.
UNITS = 500, 250, 125, 125, 125


class Preset(MNISTPreset):
    title = "Semi-supervised GAN, digits of MNIST"
    summary = (
        "Reads handwritten digits, though it was told the classes of no more than a hundred: the "
        "other 59,900 it learned from by telling them from digits that a generator draws."
    )
    paper = _papers.IMPROVED_TECHNIQUES
    differs = (
        "A generator of the DCGAN's kind, and half the units in the classifier; 45 epochs, not "
        "300, with learning rates that fall to zero along a straight line; latents from a normal "
        "distribution; networks that compute in bfloat16 up to the logits."
    )
    limits = [
        *MNISTPreset.limits,
        "The generator is there to teach the classifier, by features that agree in the mean. It "
        "draws worse than one that learned for its own sake.",
    ]
    task = "image-classification"
    uses = [
        "probabilities = model.classify(digits)  # of float (num, 28, 28, 1) in [−1, 1]",
        'gan = kg.models.SemiSupervisedGAN.from_preset("semi_supervised_mnist")  # to train on',
    ]
    check = "errors_in_10000"
    tolerance = 0.05

    model = models.SemiSupervisedGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 100, 600, 45
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 5e-4, "d_optimizer": 1e-3}

    def networks(self, info, latent_dim, filters):
        return {
            "generator": networks.dcgan_generator(info.image_shape, latent_dim, filters),
            "discriminator": discriminator(info.image_shape, info.num_classes, UNITS),
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.5, epsilon=1e-4)

    def load(
        self,
        source: Any = None,
        split: str = "train",
        batch_size: int = 100,
        shuffle: bool = True,
        seed: int | None = None,
        repeat: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Labeled and unlabeled batches in turn, of a dataset all but a few of whose labels go."""
        batches, info = self.in_order(source, split, labels=True, **kwargs)
        images, labels = arrays(batches)
        few = hide_all_but(labels, LABELS_PER_CLASS)
        made = data.semi_supervised_batches(images, few, batch_size, shuffle, seed)
        return made.repeat() if repeat else made, info

    def prepare(
        self, model: Any, batches: Any, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        """Begin with features of mean 0 and variance 1, as the authors' code does."""
        some = [images for images, _ in batches.take(15).as_numpy_iterator()]
        networks.data_dependent_initialization(model.discriminator, np.concatenate(some[1::3]))

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        images, labels = arrays(self.in_order(split="test", labels=True)[0])
        read = generator.classify(images).argmax(axis=-1)
        results = {"errors_in_10000": int(np.sum(read != labels))}
        protocol = {"errors_in_10000": "digits of the test split that are taken for another class"}
        if only_check:
            return {"results": results, "protocol": protocol}
        report = super().measure(generator)
        return {
            "results": {**results, **report["results"]},
            "protocol": {**protocol, **report["protocol"]},
        }

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        images, _ = arrays(self.in_order(split="test", labels=True)[0])
        read = generator.classify(images).argmax(axis=-1)
        return {
            "read.png": as_read(images, read),
            **super().pictures(generator, source, **kwargs),
        }


def discriminator(
    image_shape: Shape, num_classes: int, units: Sequence[int] = (1000, 500, 250, 250, 250)
) -> keras.Model:
    """The classifier of the authors' code: dense layers of normalized weights, and noise."""

    def normalized(units, train_scale=False, **kwargs):
        kernel = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.1)}
        dense = layers.Dense(units, use_bias=False, **kernel, **kwargs)
        return WeightNormalization(dense, train_scale=train_scale)

    network = keras.Sequential([keras.Input(image_shape)], name="discriminator")
    network.add(layers.Rescaling(0.5, 0.5))  # pixels in [0, 1]
    network.add(layers.Flatten())
    network.add(layers.GaussianNoise(0.3))
    for width in units:
        network.add(normalized(width))
        network.add(layers.ReLU())
        network.add(layers.GaussianNoise(0.5))
    network.add(normalized(num_classes, train_scale=True, dtype="float32"))
    return network


def hide_all_but(labels: np.ndarray, per_class: int, seed: int = 0) -> np.ndarray:
    """Keep the labels of some random examples of every class, and hide the others."""
    random = np.random.default_rng(seed)
    kept = np.concatenate(
        [
            random.choice(np.flatnonzero(labels == k), per_class, replace=False)
            for k in np.unique(labels)
        ]
    )
    hidden = np.full_like(labels, UNLABELED)
    hidden[kept] = labels[kept]
    return hidden
