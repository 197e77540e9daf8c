"""What augmentations do to images: functions of images and of drawn numbers.

Images are float tensors `(num, height, width, channels)`, and drawn numbers are tensors `(num,)`,
one for each image. With the number that means nothing, such as an angle of 0, images come back as
they are, bit for bit. Gradients by the images exist to any order, and XLA compiles everything.
"""

import math

import tensorflow as tf
from keras import ops

from keras_gans._typing import Tensor

# Colors. Luma is the direction in which all channels are equal.


def brightness(images: Tensor, offset: Tensor) -> Tensor:
    """Add a number to all pixels."""
    return images + _of_images(offset, images)


def contrast(images: Tensor, factor: Tensor, center: Tensor | float = 0.0) -> Tensor:
    """Multiply distances from a center, which may be the mean of each image, by a factor."""
    factor = _of_images(factor, images)
    return images * factor + (1 - factor) * center


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply distances from luma by a factor: of one channel nothing changes."""
    if images.shape[-1] == 1:
        return images
    return contrast(images, factor, luma(images))


def luma_flip(images: Tensor, is_flipped: Tensor) -> Tensor:
    """Mirror colors, light to dark, and leave their hue and saturation: where it is 1, not 0."""
    return images - 2 * _of_images(is_flipped, images) * luma(images)


def hue(images: Tensor, angle: Tensor) -> Tensor:
    """Turn colors about luma, of three channels, by Rodrigues's formula."""
    angle = _of_images(angle, images)
    across = (ops.roll(images, 1, axis=-1) - ops.roll(images, -1, axis=-1)) / math.sqrt(3)
    along = (1 - ops.cos(angle)) * luma(images)
    return images * ops.cos(angle) + across * ops.sin(angle) + along


def luma(images: Tensor) -> Tensor:
    """The mean over channels, `(num, height, width, 1)`."""
    return ops.mean(images, axis=-1, keepdims=True)


# Whole pixels


def flip(images: Tensor, is_flipped: Tensor) -> Tensor:
    """Mirror images left to right, where it is true."""
    flipped = ops.flip(images, axis=2)
    return ops.where(is_flipped[:, None, None, None], flipped, images)


def shift(images: Tensor, down: Tensor, right: Tensor, reflect: bool = False) -> Tensor:
    """Move images by whole pixels, and fill what comes into sight by zeros or by reflection."""
    for axis, by in ((1, down), (2, right)):
        side = images.shape[axis]
        places = ops.arange(side, dtype="int32") - ops.cast(by, "int32")[:, None]
        inside = ops.clip(places, 0, side - 1)
        source = _reflected(places, side) if reflect else inside
        images = tf.gather(images, source, axis=axis, batch_dims=1)
        if not reflect:
            is_inside = ops.cast(places == inside, images.dtype)
            images *= ops.expand_dims(is_inside, (3 - axis, 3))
    return images


def cutout(images: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Set a rectangle, of any numbers of pixels, to zero: those whose centers are inside."""
    near = [
        ops.abs(ops.arange(side, dtype=start.dtype) + 0.5 - (start + size / 2)[:, None])
        < size[:, None] / 2
        for side, start, size in zip(images.shape[1:3], (top, left), (height, width), strict=True)
    ]
    is_cut = near[0][:, :, None, None] & near[1][:, None, :, None]
    return images * ops.cast(~is_cut, images.dtype)


def _reflected(places: Tensor, side: int) -> Tensor:
    """The places inside an image of which its mirror images have copies in places anywhere."""
    period = 2 * (side - 1)
    places = places % period
    return ops.minimum(places, period - places)


def _of_images(numbers, images):
    """Numbers as tensors that meet all numbers of an image."""
    return ops.cast(ops.reshape(numbers, (-1, 1, 1, 1)), images.dtype)
