"""Presets of models of the digits of MNIST."""

import numpy as np

from keras_gans import data, metrics
from keras_gans._typing import Picture
from keras_gans.data import DatasetInfo
from keras_gans.presets._images import ImagePreset

CLASS_NAMES = tuple(str(digit) for digit in range(10))


class MNISTPreset(ImagePreset):
    """Of a model that draws MNIST, judged by the classifier that is part of the package."""

    dataset = "mnist"
    info = DatasetInfo("mnist", (28, 28, 1), 60_000, 10, "train", CLASS_NAMES)
    data = {
        "name": "mnist",
        "description": "MNIST, 60,000 handwritten digits of 28×28 pixels (LeCun et al. 1998)",
        "url": "https://www.tensorflow.org/datasets/catalog/mnist",
        "license": "CC BY-SA 3.0",
    }
    tags = ["mnist"]
    extractor = metrics.MNISTFeatures
    limits = [
        "It draws digits as they are in MNIST, white on black, of 28×28 pixels, and nothing else.",
        "Distances by these features compare models of MNIST with each other, and with nothing "
        "else.",
    ]


def as_read(images: np.ndarray, read: np.ndarray) -> tuple[Picture, str]:
    """A picture of digits by the classes that they are taken for, and its caption."""
    first = np.full((10, 10, *images.shape[1:]), -1, images.dtype)  # black
    for k in range(10):
        found = images[read == k][:10]
        first[: len(found), k] = found
    return (
        data.image_grid(first.reshape(-1, *images.shape[1:]), columns=10),
        "The first ten test images that it reads as each class, a column for each.",
    )
