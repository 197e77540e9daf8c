"""Images whose sides are resampled by matrices."""

import tensorflow as tf

from keras_gans._typing import Tensor


def resampled(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return images whose rows and columns of pixels are weighted sums of those there were.

    `tf.image.resize` does so with some matrices, but XLA does not compile it.

    Args:
        images: Float tensor `(num, height, width, channels)`.
        rows: Float tensor `(new height, height)`.
        columns: Float tensor `(new width, width)`.
    """
    return tf.einsum("ai,nijc,bj->nabc", rows, images, columns)
