"""Laplacian pyramids of images (Burt and Adelson 1983)."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Tensor

_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


def laplacian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Take images apart into a coarse one, and what each doubling of the sides lacks.

    With `reduce`, which smooths and keeps every other pixel, and `expand`, which doubles the sides:

        I_k = reduce(I_k+1),    h_0 = I_0,    h_k = I_k − expand(I_k−1).

    Both smooth with the filter (1, 4, 6, 4, 1) / 16 in each direction, mirrored at the edges.
    `from_laplacian_pyramid` puts the images together again.

    Args:
        images: Float tensor `(batch, height, width, channels)`.
        levels: Positive integer, images in the pyramid.

    Returns:
        List of `levels` float tensors, coarse to fine: the coarse images h_0, and the band-pass
        images h_1, …, the last with the sides of `images`. Sides are halved rounding up.

    Raises:
        ValueError, TypeError: If the images have another rank, or `levels` is not a positive
            integer, or so many that a side of 1 would be halved.

    Example:

    >>> import keras, keras_gans as kg
    >>> images = keras.random.uniform((2, 28, 21, 1), -1, 1)
    >>> [tuple(h.shape) for h in kg.layers.laplacian_pyramid(images, levels=3)]
    [(2, 7, 6, 1), (2, 14, 11, 1), (2, 28, 21, 1)]

    References:
        - Burt and Adelson 1983, The Laplacian Pyramid as a Compact Image Code.
        - Denton et al. 2015, Deep Generative Image Models using a Laplacian Pyramid of Adversarial
          Networks, section 2.2.
    """
    images = _images("images", images)
    bands = []
    for side in pyramid_sides(images.shape[1:3], levels)[:0:-1]:
        smaller = reduce(images)
        bands.append(images - expand(smaller, side))
        images = smaller
    return [images, *reversed(bands)]


def from_laplacian_pyramid(pyramid: Sequence[Tensor]) -> Tensor:
    """Put images together from their Laplacian pyramid, exactly but for rounding.

    Args:
        pyramid: List of float tensors, coarse to fine, as `laplacian_pyramid` returns it.

    Returns:
        Float tensor `(batch, height, width, channels)`, of the shape of the last.

    Raises:
        ValueError: If there is none, or the shapes are not those of a pyramid.

    Example:

    >>> import keras, keras_gans as kg
    >>> images = keras.random.uniform((2, 28, 21, 1), -1, 1)
    >>> again = kg.layers.from_laplacian_pyramid(kg.layers.laplacian_pyramid(images, 3))
    >>> float(keras.ops.max(keras.ops.abs(again - images))) < 1e-6
    True
    """
    images, *bands = _check_pyramid(pyramid)
    for band in bands:
        images = expand(images, band.shape[1:3]) + band
    return images


def pyramid_sides(side, levels):
    """The sides `(height, width)` of a pyramid's images, coarse to fine; the last is `side`."""
    sides = [tuple(side)]
    for _ in range(_checks.positive_int("levels", levels) - 1):
        if min(sides[0]) < 2:
            raise ValueError(
                "`levels` must be so few that no side of 1 is halved. Received: "
                f"levels={levels} of images {sides[-1]} high and wide"
            )
        sides.insert(0, tuple(-(-s // 2) for s in sides[0]))
    return sides


def reduce(images):
    """Images of half the sides, rounding up: smoothed, every other pixel kept."""
    return smooth(images)[:, ::2, ::2]


def expand(images, side):
    """Images of the sides `(height, width)`, twice as long or one less: zeros between, smoothed."""
    height, width = side
    _, rows, columns, channels = images.shape
    spread = ops.stack([images, ops.zeros_like(images)], axis=3)
    spread = ops.reshape(spread, (-1, rows, 2 * columns, channels))
    spread = ops.stack([spread, ops.zeros_like(spread)], axis=2)
    spread = ops.reshape(spread, (-1, 2 * rows, 2 * columns, channels))
    return 4.0 * smooth(spread[:, :height, :width])


def smooth(images):
    """Binomial 5×5 filter of each channel, mirrored at the edges."""
    kernel = np.outer(_BINOMIAL, _BINOMIAL)[:, :, None, None]
    kernel = ops.convert_to_tensor(np.tile(kernel, (1, 1, images.shape[-1], 1)), images.dtype)
    # Not `ops.pad`, whose mirror refuses an empty batch, and sides of 2.
    for axis in (1, 2):
        mirrored = np.pad(np.arange(images.shape[axis]), 2, mode="reflect")
        images = ops.take(images, mirrored, axis=axis)
    return ops.depthwise_conv(images, kernel, padding="valid", data_format="channels_last")


def _check_pyramid(pyramid):
    if not isinstance(pyramid, (list, tuple)) or not pyramid:
        raise TypeError(
            "`pyramid` must be a list of images, coarse to fine. "
            f"Received: pyramid of type {_checks.type_name(pyramid)}"
        )
    found = [_images(f"pyramid[{k}]", level) for k, level in enumerate(pyramid)]
    shapes = [tuple(level.shape[1:]) for level in found]
    *side, channels = shapes[-1]
    expected = [(*side, channels) for side in pyramid_sides(side, len(found))]
    if shapes != expected:
        raise ValueError(
            "`pyramid` must hold images each half as high and wide as the next, rounding up: "
            f"{expected}. Received: shapes {shapes}"
        )
    return found


def _images(name, value):
    is_tensor = tf.is_tensor(value) or isinstance(value, keras.KerasTensor)
    value = value if is_tensor else _checks.array(name, value)
    shape, dtype = tuple(value.shape), keras.backend.standardize_dtype(value.dtype)
    if len(shape) != 4 or not all(shape[1:]) or not keras.backend.is_float_dtype(dtype):
        raise ValueError(
            f"`{name}` must be floats of shape (batch, height, width, channels). "
            f"Received: shape {shape} of dtype {dtype}"
        )
    return ops.convert_to_tensor(value)
