"""What images are to every metric that takes them: floats in [-1, 1], as exact as 8 bits."""

import keras
import tensorflow as tf

from keras_gans.metrics.checks import as_tensor, check

_LARGEST = 1.001  # as `fit` allows: rounding of half precision


def as_images(images, name="images", channels=None):
    """Float32 images (batch, height, width, channels), rounded to 8 bits as files hold them.

    Raises:
        TypeError: They are not floating point numbers.
        ValueError: They have another shape, are not finite, or hold values outside [-1, 1].
    """
    images = as_tensor(name, images)
    if not images.dtype.is_floating:
        raise TypeError(
            f"`{name}` must be floating point values in [-1, 1]. "
            f"Received: dtype {images.dtype.name}"
        )
    if images.shape.rank != 4 or (channels and images.shape[-1] not in channels):
        axis = " or ".join(map(str, channels)) if channels else "channels"
        raise ValueError(
            f"`{name}` must be of shape (batch, height, width, {axis}). "
            f"Received: shape {images.shape}"
        )
    images = tf.cast(images, tf.float32)
    check(
        tf.reduce_all(tf.math.is_finite(images)),
        f"`{name}` must be finite. Received: values that are NaN or infinite",
    )
    check(
        tf.reduce_all(tf.abs(images) <= _LARGEST),
        f"`{name}` must be images in [-1, 1]: for pixels in [0, 255] pass {name} / 127.5 - 1. "
        "Received: values outside",
    )
    return rounded_to_8_bits(images)


def rounded_to_8_bits(images):
    """Images in [-1, 1] at the 256 values of 8-bit pixels, as `keras_gans.data.to_uint8` rounds."""
    exact = tf.clip_by_value(tf.cast(images, tf.float64), -1.0, 1.0)
    return tf.cast(tf.round((exact + 1.0) * 127.5) / 127.5 - 1.0, images.dtype)


def are_images(samples):
    """Whether samples are images by their shape, as `fit` tells them, too."""
    return as_tensor("samples", samples).shape.rank == 4


class ValueRange(keras.metrics.Metric):
    """Sees a stream of images, and whether they are scaled to [0, 1] instead of [-1, 1].

    Images in [-1, 1] may be bright, but of a whole data set some have a value below 0. Blank images
    tell nothing.
    """

    def __init__(self, name="value_range"):
        super().__init__(name=name, dtype="float64")
        self.blank, self.positive, self.dark = (
            self.add_variable((), "zeros", dtype="float64", name=name)
            for name in ("blank", "positive", "dark")
        )

    def update_state(self, images):
        axes = list(range(1, len(images.shape)))
        low, high = tf.reduce_min(images, axes), tf.reduce_max(images, axes)
        is_blank, is_dark = low == high, low < 0
        for count, counted in (
            (self.blank, is_blank),
            (self.positive, ~is_blank & ~is_dark),
            (self.dark, ~is_blank & is_dark),
        ):
            count.assign_add(tf.math.count_nonzero(counted, dtype=tf.float64))

    def check(self, name):
        """Refuse a stream without a single value below 0."""
        if not tf.executing_eagerly():
            return
        positive, dark = (int(tf.convert_to_tensor(v)) for v in (self.positive, self.dark))
        if positive and not dark:
            raise ValueError(
                f"`{name}` must be images in [-1, 1]: for images in [0, 1] pass 2 * {name} - 1. "
                f"Received: {positive} images without a value below 0"
            )

    def merge_state(self, other):
        for own, others in zip(self.variables, other.variables, strict=True):
            own.assign_add(tf.convert_to_tensor(others))
