"""What metrics have in common that compare each generated image with the real one it stands for."""

from typing import Any

import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Config, Tensor
from keras_gans.metrics.base import SampleMetric

#: Red, green and blue in the Y of ITU-R BT.601 as MATLAB's `rgb2ycbcr` has it, 16 to 235 of 255.
_LUMINANCE = (65.481 / 255, 128.553 / 255, 24.966 / 255)
_BLACK = 16 / 255


class PairMetric(SampleMetric):
    """Mean similarity of pairs of images: `update_state(real, generated)`, the i-th with the i-th.

    A subclass states `similarity(real, generated)`, of images in [0, 1] one number each. Images may
    differ in size from batch to batch.
    """

    layout = "batch, height, width, channels"
    sides = ("real", "generated")

    def __init__(self, luminance=False, border=0, name=None, dtype="float64"):
        super().__init__(name=name, dtype=dtype)
        self.luminance = _checks.boolean("luminance", luminance)
        self.border = _checks.positive_int("border", border, minimum=0)

    def similarity(self, real: Tensor, generated: Tensor) -> Tensor:
        raise NotImplementedError

    def takes_images(self, samples: ArrayLike) -> bool:
        return True

    def build(self, sample_shape: tf.TensorShape) -> None:
        channels = sample_shape[-1]
        if self.luminance and channels not in (1, 3):
            raise ValueError(
                "`luminance` must be False for images that are neither gray nor red-green-blue. "
                f"Received: luminance=True, and images of {channels} channels"
            )
        super().build(tf.TensorShape((1, 1, channels)))
        self.sample_shape = (None, None, channels)

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        self.total = self.add_variable((), "zeros", dtype="float64", name="total")
        self.pairs = self.add_variable((), "zeros", dtype="float64", name="pairs")

    def update_state(self, real: ArrayLike, generated: ArrayLike) -> None:
        """Take in as many real images as generated ones.

        Args:
            real: Float array `(batch, height, width, channels)` in [−1, 1].
            generated: Likewise, of the same shape.

        Raises:
            ValueError, TypeError: If they are no such images, or differ in shape.
        """
        sides = {"generated": generated, "real": real}
        generated, real = (self.prepare(images, name) for name, images in sides.items())
        if not real.shape.is_compatible_with(generated.shape):
            raise ValueError(
                "`generated` must have the shape of `real`, each image with its own. Received: "
                f"{generated.shape} and {real.shape}"
            )
        compared = (as_compared(x, self.luminance, self.border) for x in (real, generated))
        found = self.similarity(*compared)
        for name, images in sides.items():
            self.watch(name, images)
        self.total.assign_add(tf.reduce_sum(tf.cast(found, tf.float64)))
        self.pairs.assign_add(tf.cast(tf.shape(real)[0], tf.float64))

    def count(self) -> Tensor:
        return tf.convert_to_tensor(self.pairs)

    def result(self) -> Tensor:
        if not self.built or (tf.executing_eagerly() and self.count() == 0):
            return self.nan()
        self.check_ranges()
        return self.as_result(tf.convert_to_tensor(self.total) / self.count())

    def merge_state(self, metrics: Any) -> None:
        for metric in metrics:
            if type(metric) is type(self) and metric.built and not self.built:
                self.build(tf.TensorShape(metric.sample_shape))
        super().merge_state(metrics)

    def merge_one(self, metric: Any) -> None:
        self.total.assign_add(metric.total)
        self.pairs.assign_add(metric.pairs)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["feature_extractor"]
        return {**config, "luminance": self.luminance, "border": self.border}


def as_compared(images: Tensor, luminance: bool, border: int) -> Tensor:
    """What of images in [−1, 1] is compared, in [0, 1]: the luminance, without their border."""
    if border and min(side or 2 * border + 1 for side in images.shape[1:3]) <= 2 * border:
        raise ValueError(
            f"`border` must leave something of images of shape {tuple(images.shape[1:])}. "
            f"Received: border={border}"
        )
    if border:
        images = images[:, border:-border, border:-border]
    images = (images + 1.0) / 2.0
    if luminance and images.shape[-1] == 3:
        weights = tf.constant(_LUMINANCE, images.dtype)
        images = tf.reduce_sum(images * weights, axis=-1, keepdims=True) + _BLACK
    return images
