"""From images in [-1, 1] to features: the stage before the scores.

An extractor is any callable from a batch of images to features (batch, d). Those here also give the
class logits: `extractor(images)` are the features, `extractor.logits(images)` the logits, and
`extractor.features_and_logits(images)` both from one pass.
"""

import os
import pathlib

import keras
import tensorflow as tf

from keras_gans.metrics.checks import as_tensor, check

_CLASSIFIER = pathlib.Path("mnist_classifier", "classifier.keras")


def find_saved_model(relative_path, how_to_make_it):
    """Path of a model that comes with the repository.

    Looked for in the directory that the environment variable KERAS_GANS_SAVED_MODELS names, inside
    the installed package, and beside the package in a checkout.

    Raises:
        FileNotFoundError: It is in none of them; says how to make it.
    """
    package = pathlib.Path(__file__).parents[1]
    places = [package / "saved_models", package.parent / "saved_models"]
    if os.environ.get("KERAS_GANS_SAVED_MODELS"):
        places.insert(0, pathlib.Path(os.environ["KERAS_GANS_SAVED_MODELS"]))
    for place in places:
        if (place / relative_path).exists():
            return place / relative_path
    raise FileNotFoundError(
        f"saved_models/{pathlib.PurePath(relative_path).as_posix()} must exist; make it with "
        f"`{how_to_make_it}`, or name its directory in KERAS_GANS_SAVED_MODELS. "
        f"Received: none in {', '.join(map(str, places))}"
    )


class ClassifierFeatures:
    """Features and logits of a classifier; `features_and_logits` is what a subclass gives."""

    def features_and_logits(self, images):
        """Two tensors, (batch, d) and (batch, classes), of images in [-1, 1]."""
        raise NotImplementedError

    def __call__(self, images):
        return self.features_and_logits(images)[0]

    def logits(self, images):
        return self.features_and_logits(images)[1]

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_gans")
class InceptionFeatures(ClassifierFeatures):
    """InceptionV3 of `keras.applications`: 2048 pooled features and 1000 ImageNet logits.

    Images (batch, height, width, 1 or 3) in [-1, 1] are resized to 299×299 (bilinear) and grey ones
    become RGB. The weights are those that Keras distributes; they are not the 2015 TensorFlow graph
    of the published FID tables, so compare only numbers made with the same extractor.

    Args:
        weights: "imagenet", downloaded by Keras at first use; the path of a weights file; or `None`
            for random weights (tests).

    Raises:
        RuntimeError: The weights cannot be downloaded or read.

    Example:

    >>> extractor = InceptionFeatures(weights=None)
    >>> extractor(keras.ops.zeros((1, 32, 32, 3))).shape
    TensorShape([1, 2048])

    References:
        - [Szegedy et al. 2016, Rethinking the Inception Architecture](
          https://arxiv.org/abs/1512.00567)
    """

    name = "InceptionV3"

    def __init__(self, weights="imagenet"):
        self.weights = weights
        try:
            classifier = keras.applications.InceptionV3(weights=weights, classifier_activation=None)
        except Exception as error:
            raise RuntimeError(
                "The InceptionV3 weights must be downloaded once by keras.applications, and that "
                "failed. Run `keras.applications.InceptionV3()` where there is a network, copy "
                "~/.keras/models/inception_v3_weights_tf_dim_ordering_tf_kernels.h5 to the same "
                "place here or pass its path as `weights`; or use another feature extractor, "
                f"such as MNISTFeatures. Received: {type(error).__name__}: {error}"
            ) from error
        pooled = classifier.get_layer("avg_pool").output
        self.model = keras.Model(classifier.input, [pooled, classifier.output])
        self.model.trainable = False

    def features_and_logits(self, images):
        images = as_images(images, channels=(1, 3))
        if images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
        images = tf.image.resize(images, (299, 299), method="bilinear")
        return tuple(self.model(images, training=False))

    def get_config(self):
        return {"weights": self.weights}


@keras.saving.register_keras_serializable(package="keras_gans")
class MNISTFeatures(ClassifierFeatures):
    """The MNIST classifier that comes with the repository: 64 features and 10 logits, offline.

    Takes images (batch, 28, 28, 1) in [-1, 1]. Made by `python benchmarks/mnist_classifier.py`; its
    test accuracy is written beside it in saved_models/mnist_classifier.

    Raises:
        FileNotFoundError: The classifier is missing.

    Example:

    >>> extractor = MNISTFeatures()
    >>> extractor(keras.ops.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 64])
    """

    name = "MNIST classifier"

    def __init__(self):
        path = find_saved_model(_CLASSIFIER, "python benchmarks/mnist_classifier.py")
        self.model = keras.models.load_model(path, compile=False)
        self.model.trainable = False

    def features_and_logits(self, images):
        images = as_images(images, channels=(1,))
        if tuple(images.shape[1:]) != (28, 28, 1):
            raise ValueError(
                f"`images` must be of shape (batch, 28, 28, 1). Received: shape {images.shape}"
            )
        outputs = self.model(images, training=False)
        return outputs["features"], outputs["logits"]


def as_images(images, channels):
    images = as_tensor(images, "images")
    if not images.dtype.is_floating:
        raise TypeError(
            "`images` must be floating point values in [-1, 1]. "
            f"Received: dtype {images.dtype.name}"
        )
    if images.shape.rank != 4 or images.shape[-1] not in channels:
        raise ValueError(
            "`images` must be of shape (batch, height, width, "
            f"{' or '.join(map(str, channels))}). Received: shape {images.shape}"
        )
    images = tf.cast(images, tf.float32)
    check(
        tf.reduce_all(tf.math.is_finite(images)),
        "`images` must be finite. Received: NaN or infinity",
    )
    return images
