"""A classifier of MNIST's digits, to judge by."""

from typing import Any

import keras
import numpy as np
from keras import layers

from keras_gans import data, models
from keras_gans._typing import Config, Shape
from keras_gans.data import DatasetInfo
from keras_gans.presets import _papers
from keras_gans.presets._images import arrays, half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset, as_read
from keras_gans.presets._preset import Preset as AnyPreset


class Preset(AnyPreset):
    title = "Classifier of MNIST"
    summary = (
        "Reads handwritten digits, and has 64 features to compare generated digits with real ones "
        "by: a small convolutional network."
    )
    paper = _papers.TTUR
    differs = "A small network that learned MNIST, in place of Inception, which learned ImageNet."
    limits = [
        "It knows digits as they are in MNIST, white on black, of 28×28 pixels. Whatever else it "
        "is shown is a digit to it, too.",
        "The one that the package measures with, `keras_gans.metrics.MNISTFeatures`, is another "
        "run of such a network: distances by one do not compare with distances by the other.",
    ]
    data = MNISTPreset.data
    task = "image-classification"
    tags = ["mnist"]
    uses = [
        "probabilities = model.classify(digits)  # of float (num, 28, 28, 1) in [−1, 1]",
        "features = model.features(digits)  # (num, 64)",
    ]
    check = "accuracy"
    tolerance = 0.001

    model = models.Classifier
    dataset = "mnist"
    info = MNISTPreset.info
    batch_size, steps_per_epoch, epochs = 128, 468, 8
    rates = {"optimizer": 2e-3}

    def build(self, info: DatasetInfo, filters: int = 32, **changes: Any) -> keras.Model:
        made = {
            "network": network(info.image_shape, info.num_classes or 0, filters),
            "class_names": info.class_names,
        }
        return self.model(**{**made, **self.arguments, **changes})

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine)

    def load(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        """Batches of images and labels."""
        return data.load(source or self.dataset, split, labels=True, **kwargs)

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        images, labels = self.tested()
        read = generator.classify(images).argmax(axis=-1)
        return {
            "results": {"accuracy": float(np.mean(read == labels))},
            "protocol": {"split": f"{self.dataset}, test"},
        }

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        images, labels = self.tested()
        read = generator.classify(images).argmax(axis=-1)
        wrong = images[read != labels][:100]
        return {
            "read.png": as_read(images, read),
            "wrong.png": (
                data.image_grid(wrong, columns=10),
                f"All of the {np.sum(read != labels)} test images that it misclassifies, at most "
                "a hundred of them.",
            ),
        }

    def tested(self) -> tuple[np.ndarray, np.ndarray]:
        """The test images, and their classes."""
        return arrays(self.load(split="test", batch_size=1, shuffle=False)[0])


def network(image_shape: Shape, num_classes: int, filters: int) -> keras.Model:
    """Three convolutions with batch normalization, and a dense layer of features."""
    hidden = inputs = keras.Input(image_shape)
    for width, is_last in ((filters, False), (2 * filters, False), (2 * filters, True)):
        hidden = layers.Conv2D(width, 3, padding="same", use_bias=False)(hidden)
        hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
        hidden = hidden if is_last else layers.MaxPooling2D()(hidden)
    hidden = layers.Dropout(0.4)(layers.Flatten()(hidden))
    features = layers.Dense(2 * filters, activation="relu")(hidden)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Dropout(0.2)(features)))
