"""Presets of models that draw the digits of MNIST."""

from keras_gans import metrics
from keras_gans.data import DatasetInfo
from keras_gans.presets._images import ImagePreset

CLASS_NAMES = tuple(str(digit) for digit in range(10))


class MNISTPreset(ImagePreset):
    """Of a model of MNIST, judged by the classifier of MNIST that is part of the package."""

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
