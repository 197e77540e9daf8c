"""From images in [-1, 1] to features: the stage before the scores.

An extractor is any callable from a batch of images to features (batch, d). Those here also give the
class logits: `extractor(images)` are the features, `extractor.logits(images)` the logits, and
`extractor.features_and_logits(images)` both from one pass.
"""

import functools
import pathlib
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, _replicas
from keras_gans._typing import ArrayLike, Config, PathLike, Tensor
from keras_gans.metrics.images import as_images

_MNIST_CLASSIFIER = pathlib.Path(__file__).parent / "mnist_classifier" / "classifier.keras"


class ClassifierFeatures:
    """Features and logits of a classifier of images in [-1, 1].

    A subclass states the `channels` that its images may have, and what its network makes of them in
    `outputs`. Images are rounded to 8 bits first, as the real ones are that a file holds.
    """

    channels: tuple[int, ...] = (1, 3)

    def outputs(self, images):
        """Two tensors, (batch, d) and (batch, classes), of float32 images."""
        raise NotImplementedError

    def features_and_logits(self, images: ArrayLike) -> tuple[Tensor, Tensor]:
        """Features (batch, d) and logits (batch, classes) of images in [-1, 1], from one pass.

        Raises:
            TypeError: The images are not floating point numbers.
            ValueError: They have another shape, or values that are not finite or beyond [-1, 1].
        """
        images = as_images(images, channels=self.channels)
        outputs = self._traced_outputs if tf.executing_eagerly() else self.outputs
        return _replicas.also_of_none(outputs, images)

    @functools.cached_property
    def _traced_outputs(self):
        return tf.function(self.outputs, autograph=False, reduce_retracing=True)

    def __call__(self, images: ArrayLike) -> Tensor:
        return self.features_and_logits(images)[0]

    def logits(self, images: ArrayLike) -> Tensor:
        return self.features_and_logits(images)[1]

    def get_config(self) -> Config:
        return {}

    @classmethod
    def from_config(cls, config: Config) -> "ClassifierFeatures":
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_gans")
class InceptionFeatures(ClassifierFeatures):
    """InceptionV3 of `keras.applications`: 2048 pooled features and 1000 ImageNet logits.

    Images (batch, height, width, 1 or 3) in [-1, 1] are rounded to 8 bits, resized to 299×299 as
    Parmar et al. do (bicubic, with antialiasing; clipped), and gray ones become RGB. The weights
    are those that Keras distributes; they are not the 2015 TensorFlow graph of the published FID
    tables, so compare only numbers made with the same extractor.

    Args:
        weights: "imagenet", downloaded by Keras at first use; the path of a weights file; or `None`
            for random weights (tests).

    Raises:
        RuntimeError: The weights cannot be downloaded or read.
        TypeError, ValueError: Images are not floating point numbers in [-1, 1] of such a shape.

    Example:

    >>> extractor = InceptionFeatures(weights=None)
    >>> extractor(keras.ops.zeros((1, 32, 32, 3))).shape
    TensorShape([1, 2048])

    References:
        - [Szegedy et al. 2016, Rethinking the Inception Architecture](
          https://arxiv.org/abs/1512.00567)
        - [Parmar et al. 2022, On Aliased Resizing and Surprising Subtleties in GAN Evaluation](
          https://arxiv.org/abs/2104.11222)
    """

    name = "InceptionV3"
    size = (299, 299)

    def __init__(self, weights: PathLike | None = "imagenet") -> None:
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

    def outputs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        images = tf.image.resize(images, self.size, method="bicubic", antialias=True)
        images = tf.clip_by_value(images, -1.0, 1.0)
        if images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
        return tuple(self.model(images, training=False))

    def get_config(self) -> Config:
        return {"weights": self.weights}


@keras.saving.register_keras_serializable(package="keras_gans")
class MNISTFeatures(ClassifierFeatures):
    """The MNIST classifier that comes with the package: 64 features and 10 logits, offline.

    Takes images (batch, 28, 28, 1) in [-1, 1] and rounds them to 8 bits. Made by `python
    benchmarks/studies/mnist_classifier.py`, which writes its test accuracy beside it.

    Raises:
        TypeError, ValueError: Images are not floating point numbers in [-1, 1] of such a shape.

    Example:

    >>> extractor = MNISTFeatures()
    >>> extractor(keras.ops.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 64])
    """

    name = "MNIST classifier"
    channels = (1,)

    def __init__(self):
        self.model = keras.models.load_model(_MNIST_CLASSIFIER, compile=False)
        self.model.trainable = False

    def outputs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if tuple(images.shape[1:]) != (28, 28, 1):
            raise ValueError(
                f"`images` must be of shape (batch, 28, 28, 1). Received: shape {images.shape}"
            )
        outputs = self.model(images, training=False)
        return outputs["features"], outputs["logits"]


@keras.saving.register_keras_serializable(package="keras_gans")
class PerChannelFeatures(ClassifierFeatures):
    """A classifier of gray images, applied to each channel of others: stacked digits, say.

    Features are those of the channels side by side. Classes are all combinations of the channels'
    classes, the first channel's counting most: of three channels with ten digits each, class 100 a
    + 10 b + c of 1,000, as `keras_gans.data.load("stacked_mnist")` numbers them. A logit is the sum
    of the channels' log-probabilities, so that their softmax are the classes' probabilities.

    Args:
        classifier: Object with `features_and_logits(images)` for images (batch, height, width, 1)
            in [-1, 1], such as `MNISTFeatures()`.
        num_channels: Positive integer, channels of the images. Defaults to 3.

    Raises:
        TypeError: `classifier` has no `features_and_logits`.
        TypeError, ValueError: Images are not floating point numbers in [-1, 1] of such a shape.

    Example:

    >>> extractor = PerChannelFeatures(MNISTFeatures())
    >>> images = keras.ops.zeros((2, 28, 28, 3))
    >>> extractor(images).shape, extractor.logits(images).shape
    (TensorShape([2, 192]), TensorShape([2, 1000]))
    """

    def __init__(self, classifier: Any, num_channels: int = 3) -> None:
        if not hasattr(classifier, "features_and_logits"):
            raise TypeError(
                "`classifier` must have `features_and_logits`, as MNISTFeatures() does. "
                f"Received: {classifier!r} of type {type(classifier)}"
            )
        self.classifier = classifier
        self.channels = (_checks.positive_int("num_channels", num_channels),)
        self.name = f"{getattr(classifier, 'name', type(classifier).__name__)}, per channel"

    @property
    def parts(self) -> tuple[Any, ...]:
        """What a configuration of it must hold, too."""
        return (self.classifier,)

    def outputs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        (num_channels,) = self.channels
        gray = tf.concat(tf.split(images, num_channels, axis=-1), axis=0)
        features, logits = self.classifier.features_and_logits(gray)
        scores = tf.split(tf.nn.log_softmax(logits), num_channels, axis=0)
        joint = scores[0]
        for score in scores[1:]:
            pairs = joint[:, :, tf.newaxis] + score[:, tf.newaxis]
            joint = tf.reshape(pairs, (-1, joint.shape[1] * score.shape[1]))
        return tf.concat(tf.split(features, num_channels, axis=0), axis=1), joint

    def get_config(self) -> Config:
        classifier = keras.saving.serialize_keras_object(self.classifier)
        return {"classifier": classifier, "num_channels": self.channels[0]}

    @classmethod
    def from_config(cls, config: Config) -> "PerChannelFeatures":
        classifier = keras.saving.deserialize_keras_object(config["classifier"])
        return cls(classifier, config["num_channels"])


def pixels(images: Tensor) -> Tensor:
    """Images as features: a vector of pixels each."""
    return keras.ops.reshape(images, (len(images), -1))
