"""Convolutions of small images."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Tensor

#: Positions of the output up to which a product of matrices is the faster way, as measured.
FEW_POSITIONS = 4


@keras.saving.register_keras_serializable(package="keras_gans")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, which multiplies matrices where the output has few positions.

    Equal to it in value and gradients. The last strided convolution of a discriminator, to 2×2
    positions, has many weights for each: there a kernel for convolutions reaches half the speed of
    a product of matrices on a CPU, and a third in the gradient by the weights. So up to four
    positions the patches that they see, cut out by a constant matrix of zeros and ones, are
    multiplied with the weights.

    Args:
        filters: Positive integer, channels of the output.
        kernel_size, **kwargs: Those of `keras.layers.Conv2D`. With dilation, groups, channels
            first, or an input of unknown sides it is that layer.

    Raises:
        ValueError, TypeError: As that layer, and if `filters` is not a positive integer.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, new height, new width, filters)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.Conv2D(8, 5, strides=2, padding="same")(keras.ops.ones((1, 4, 4, 3))).shape
    TensorShape([1, 2, 2, 8])
    """

    def __init__(self, filters: int, kernel_size: Any, **kwargs) -> None:
        super().__init__(_checks.positive_int("filters", filters), kernel_size, **kwargs)

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        sides = inputs.shape[1:3]
        if not self._is_plain or None in sides:
            return super().convolution_op(inputs, kernel)
        rows, columns = (
            taps(side, size, stride, self.padding)
            for side, size, stride in zip(sides, self.kernel_size, self.strides, strict=True)
        )
        positions = (len(rows), len(columns))
        if not 0 < np.prod(positions) <= FEW_POSITIONS:
            return super().convolution_op(inputs, kernel)
        seen = np.einsum("uai,vbj->uvabij", rows, columns).reshape(-1, np.prod(sides))
        pixels = ops.reshape(inputs, (-1, seen.shape[1], inputs.shape[3]))
        patches = ops.matmul(ops.convert_to_tensor(seen, inputs.dtype), pixels)
        weights = ops.reshape(kernel, (-1, self.filters))
        outputs = ops.matmul(ops.reshape(patches, (-1, weights.shape[0])), weights)
        return ops.reshape(outputs, (-1, *positions, self.filters))

    @property
    def _is_plain(self):
        return (
            self.data_format == "channels_last"
            and self.groups == 1
            and tuple(self.dilation_rate) == (1, 1)
        )


def taps(side, kernel_size, stride, padding):
    """0-1 matrices `(positions, kernel_size, side)`: which pixel meets which weight, along a side.

    Padding adds pixels that meet none; of an odd number of them one more follows than precedes.
    """
    if padding == "same":
        positions = -(-side // stride)
        before = max((positions - 1) * stride + kernel_size - side, 0) // 2
    else:
        positions, before = (side - kernel_size) // stride + 1, 0
    first = stride * np.arange(max(positions, 0))[:, None, None] - before
    return np.arange(side) == first + np.arange(kernel_size)[:, None]
