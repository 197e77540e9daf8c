"""Bicubic interpolation with antialiasing, as the papers of super-resolution shrink images."""

import tensorflow as tf

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Tensor
from keras_gans.layers.resampling import resampled


def bicubic_downsample(images: Tensor, factor: int) -> Tensor:
    """Make the sides of images smaller, without aliasing.

    Each pixel is a mean of those around its place, weighted by Keys's cubic kernel with a = −1/2
    stretched by `factor` and, at the edges, divided by the sum of the weights that meet a pixel. It
    is what Pillow does to floats and, but for the edges, which MATLAB's `imresize` mirrors, what
    the papers do. Values may exceed those of the images a little.

    Args:
        images: Float tensor `(batch, height, width, channels)`.
        factor: Positive integer. Sides that it does not divide are rounded down.

    Returns:
        Float tensor `(batch, height // factor, width // factor, channels)`, float32 at least.

    Raises:
        ValueError, TypeError: If the images have another rank or are smaller than `factor`, or it
            is not a positive integer.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.bicubic_downsample(keras.ops.ones((1, 8, 12, 3)), 4).shape
    TensorShape([1, 2, 3, 3])

    Reference:
        Keys 1981, Cubic Convolution Interpolation for Digital Image Processing.
    """
    factor = _checks.positive_int("factor", factor)
    return _resized(_images(images, factor), lambda side: side // factor)


def bicubic_upsample(images: Tensor, factor: int) -> Tensor:
    """Make the sides of images larger: what super-resolution is compared with.

    Args:
        images: Float tensor `(batch, height, width, channels)`.
        factor: Positive integer.

    Returns:
        Float tensor `(batch, factor · height, factor · width, channels)`, float32 at least.

    Raises:
        ValueError, TypeError: As `bicubic_downsample`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.bicubic_upsample(keras.ops.ones((1, 2, 3, 3)), 4).shape
    TensorShape([1, 8, 12, 3])
    """
    factor = _checks.positive_int("factor", factor)
    return _resized(_images(images), lambda side: factor * side)


def _images(images, smallest=1):
    images = at_least_float32(images)
    if images.shape.rank != 4 or any(s is not None and s < smallest for s in images.shape[1:3]):
        raise ValueError(
            "`images` must have shape (batch, height, width, channels), with sides of at least "
            f"{smallest}. Received: shape {images.shape}"
        )
    return images


def _resized(images, new):
    """Images with sides that are functions of theirs."""
    sides = [tf.shape(images)[i] if images.shape[i] is None else images.shape[i] for i in (1, 2)]
    rows, columns = (_weights(side, new(side), images.dtype) for side in sides)
    outputs = resampled(images, rows, columns)
    known = (None if tf.is_tensor(side) else new(side) for side in sides)
    return tf.ensure_shape(outputs, (images.shape[0], *known, images.shape[3]))


def _weights(old, new, dtype):
    """The matrix `(new, old)` that resizes one side."""
    ratio = tf.cast(old, tf.float64) / tf.cast(new, tf.float64)
    centers = (tf.range(new, dtype=tf.float64) + 0.5) * ratio - 0.5
    distances = tf.range(old, dtype=tf.float64)[tf.newaxis] - centers[:, tf.newaxis]
    weights = cubic(distances / tf.maximum(ratio, 1.0))
    return tf.cast(weights / tf.reduce_sum(weights, axis=1, keepdims=True), dtype)


def cubic(x):
    """Keys's kernel with a = −1/2."""
    x = tf.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return tf.where(x <= 1, near, tf.where(x < 2, far, tf.zeros_like(x)))
