"""Turning, scaling and moving images by fractions of pixels: all in one interpolation."""

import functools

import numpy as np
import pywt
import tensorflow as tf
from keras import ops

from keras_gans._precision import at_least_float32
from keras_gans._typing import Tensor
from keras_gans.layers.resampling import resampled

#: The low-pass filter of Daubechies's sixth symlet, with the sum 1.
FILTER = np.array(pywt.Wavelet("sym6").dec_lo) / np.sqrt(2)


def warp(images: Tensor, inverse: Tensor) -> Tensor:
    """Move the pixels of images by affine maps of the plane.

    As in the authors' code of adaptive augmentation, images are continued by reflection, made twice
    as large by the low-pass filter of the wavelet sym6, read there by bilinear interpolation, and
    made smaller again by the same filter, so that small and large scales do not alias. As the
    wavelet is orthogonal, the identity gives back the images: up to rounding by the filters, and
    bit for bit, as it is not computed with them. While the authors reflect images once, and have
    zeros beyond, here reflection has no end.

    Args:
        images: Float tensor `(num, height, width, channels)`, of sides of at least 2.
        inverse: Float tensor `(num, 3, 3)`: for each image where (x, y, 1), a place in what is
            made, comes from. Places are in pixels from the center, to the right and down.

    Returns:
        Tensor like `images`.
    """
    height, width = images.shape[1:3]
    fine = _filtered(at_least_float32(images), _up(height), _up(width))
    x, y = _places(height, width, inverse)
    made = _filtered(_bilinear(fine, x, y), _down(height), _down(width))
    is_moved = ops.any(inverse != ops.eye(3, dtype=inverse.dtype), axis=(1, 2))
    return ops.where(is_moved[:, None, None, None], ops.cast(made, images.dtype), images)


def _filtered(images, *matrices):
    return resampled(images, *(tf.constant(matrix, images.dtype) for matrix in matrices))


def _places(height, width, inverse):
    """Where the pixels of a result of twice the size come from, x and y in the fine image.

    Pixel m of a fine image is at m/2 of the other, but for a twentieth, as the filter, whose mean
    is 5.1, is not even. The result is larger by what the filter takes.
    """
    taps = len(FILTER)
    sides = width, height
    to = [(np.arange(2 * side + taps - 2) - taps // 2 + 1) / 2 - (side - 1) / 2 for side in sides]
    x, y = (ops.convert_to_tensor(places, inverse.dtype) for places in to)
    for i, side in enumerate(sides):
        of_x, of_y, moved = (ops.reshape(inverse[:, i, j], (-1, 1, 1)) for j in range(3))
        place = of_x * x[None, None] + of_y * y[None, :, None] + moved
        yield 2 * place + side - 1


def _bilinear(periodic, x, y):
    """Read images that repeat themselves without end at places between their pixels."""
    _, height, width, channels = periodic.shape
    flat = ops.reshape(periodic, (-1, height * width, channels))

    def at(row, column):
        places = row % height * width + column % width
        return tf.gather(flat, places, axis=1, batch_dims=1)

    row, column = (ops.cast(ops.floor(place), "int32") for place in (y, x))
    beyond = [ops.cast(p - ops.floor(p), flat.dtype)[..., None] for p in (y, x)]
    rows = [at(r, column) * (1 - beyond[1]) + at(r, column + 1) * beyond[1] for r in (row, row + 1)]
    return rows[0] * (1 - beyond[0]) + rows[1] * beyond[0]


@functools.cache
def _up(side):
    """The matrix that reflects a line of pixels and makes it twice as long: one period of it."""
    period = 2 * (side - 1)
    matrix = np.zeros((2 * period, side))
    for m in range(2 * period):
        for k, weight in enumerate(FILTER):
            place = m + len(FILTER) // 2 - 1 - k
            if place % 2 == 0:
                matrix[m, _reflected(place // 2, period)] += 2 * weight
    return matrix


def _reflected(place, period):
    return min(place % period, -place % period)


@functools.cache
def _down(side):
    """The matrix that makes a line half as long, its ends being longer by what the filter takes."""
    matrix = np.zeros((side, 2 * side + len(FILTER) - 2))
    for j in range(side):
        matrix[j, 2 * j : 2 * j + len(FILTER)] = FILTER
    return matrix


# Matrices `(num, 3, 3)` of maps of the plane


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Move by x to the right and by y down."""
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    return _matrix([one, zero, x], [zero, one, y], [zero, zero, one])


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Multiply by x from side to side, and by y from top to bottom."""
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    return _matrix([x, zero, zero], [zero, y, zero], [zero, zero, one])


def rotation(angle: Tensor) -> Tensor:
    """Turn by an angle, from right to down."""
    sine, cosine, zero = ops.sin(angle), ops.cos(angle), ops.zeros_like(angle)
    return _matrix([cosine, -sine, zero], [sine, cosine, zero], [zero, zero, zero + 1])


def product(*matrices: Tensor) -> Tensor:
    """The product of matrices, without the matrix units of GPUs, which round to fewer bits."""
    return functools.reduce(
        lambda a, b: ops.sum(a[:, :, :, None] * b[:, None, :, :], axis=2), matrices
    )


def _matrix(*rows):
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)
