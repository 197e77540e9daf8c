"""Upsampling and convolution in one."""

import keras
import numpy as np
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor

_FIXED = {"strides", "padding", "data_format", "dilation_rate", "groups"}


@keras.saving.register_keras_serializable(package="keras_gans")
class UpsampleConv2D(keras.layers.Conv2D):
    """Nearest-neighbor upsampling by two, then a convolution, as one transposed convolution.

    Equal to `UpSampling2D(2)` followed by `Conv2D(filters, kernel_size, padding="same")`, with the
    same kernel. Each output pixel sees every input pixel of its window several times there; adding
    the weights that meet the same pixel first gives a kernel of side `kernel_size + 1` for a
    transposed convolution of stride two: 2.25 times fewer multiplications for a 3×3 kernel.

    Args:
        filters: Positive integer, channels of the output.
        kernel_size: Odd integer. Defaults to `3`.
        **kwargs: Those of `keras.layers.Conv2D`, but for `strides`, `padding`, `data_format`,
            `dilation_rate` and `groups`.

    Raises:
        ValueError: If `kernel_size` is not one odd integer, or `filters` not a positive one.
        TypeError: If an argument is of another kind, or one that is fixed is given.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, 2 · height, 2 · width, filters)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.UpsampleConv2D(8)(keras.ops.ones((1, 7, 7, 3))).shape
    TensorShape([1, 14, 14, 8])
    """

    def __init__(self, filters: int, kernel_size: int = 3, **kwargs) -> None:
        fixed = _FIXED.intersection(kwargs)
        if fixed:
            raise TypeError(f"`UpsampleConv2D` takes no {sorted(fixed)}: they are fixed.")
        sides = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * 2
        if (
            len(sides) != 2
            or sides[0] != sides[1]
            or not isinstance(sides[0], int)
            or sides[0] % 2 == 0
        ):
            raise ValueError(
                f"`kernel_size` must be one odd integer. Received: kernel_size={kernel_size!r}"
            )
        filters = _checks.positive_int("filters", filters)
        super().__init__(filters, tuple(sides), **kwargs)
        self.spread = _spread_matrix(sides[0])

    def call(self, inputs: Tensor) -> Tensor:
        spread = ops.cast(self.spread, self.compute_dtype)
        kernel = ops.einsum("ai,bj,ijcd->abdc", spread, spread, self.kernel)
        outputs = ops.conv_transpose(inputs, kernel, strides=2, padding="same")
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, _ = input_shape
        return (batch, height and 2 * height, width and 2 * width, self.filters)

    def get_config(self) -> Config:
        return {k: v for k, v in super().get_config().items() if k not in _FIXED}


def _spread_matrix(kernel_size):
    """0-1 matrix (kernel_size + 1, kernel_size): which weights meet the same input pixel.

    Along one axis output 2j + a is Σₖ w[k] x[⌊(2j + a + k − p)/2⌋] with p = ⌊kernel_size/2⌋, and a
    transposed convolution adds x[i] K[t] to output 2i + t − p: tap k of parity a lands on t.
    """
    padding = kernel_size // 2
    spread = np.zeros((kernel_size + 1, kernel_size), "float32")
    for parity in (0, 1):
        for tap in range(kernel_size):
            shift = (parity + tap - padding) // 2
            spread[parity - 2 * shift + padding, tap] = 1
    return spread
