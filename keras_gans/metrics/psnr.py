import keras
import tensorflow as tf

from keras_gans._typing import Tensor
from keras_gans.metrics.pairs import PairMetric

#: Mean squared error in [0, 1] below which images count as the same.
_SMALLEST = 1e-10


@keras.saving.register_keras_serializable(package="keras_gans")
class PSNR(PairMetric):
    """Mean peak signal-to-noise ratio of generated images, in decibels: high means alike.

    For each pair 10 log₁₀(1 / MSE), the mean squared error that of all pixels and channels, with
    images scaled to [0, 1]. Exact images count as 100 dB, so that the mean over images is finite.

    Args:
        luminance: Boolean, whether to compare the luminance alone of red-green-blue images, the Y
            of YCbCr from 16 to 235, as the papers of super-resolution do. Defaults to `False`.
        border: Non-negative integer, pixels to leave out at each edge. Those papers leave out as
            many as the factor of enlargement. Defaults to `0`.
        name: Defaults to "psnr".
        dtype: Type of the result. Defaults to float64.

    `update_state(real, generated)` takes images (batch, height, width, channels) in [-1, 1], which
    are rounded to 8 bits.

    Raises:
        TypeError: Images are not floating point numbers.
        ValueError: Images are NaN, beyond [-1, 1], in [0, 1], of different shapes, or no larger
            than the border.

    Example:

    >>> metric = PSNR()
    >>> metric.update_state(keras.ops.zeros((2, 8, 8, 3)) - 1, keras.ops.zeros((2, 8, 8, 3)))
    >>> round(float(metric.result()), 1)
    6.0
    """

    def __init__(
        self, luminance: bool = False, border: int = 0, name: str = "psnr", dtype: str = "float64"
    ) -> None:
        super().__init__(luminance, border, name, dtype)

    def similarity(self, real: Tensor, generated: Tensor) -> Tensor:
        return psnr(real, generated)


def psnr(real: Tensor, generated: Tensor) -> Tensor:
    """PSNR of each of some images in [0, 1], `(batch,)`."""
    error = tf.reduce_mean(tf.math.squared_difference(real, generated), axis=[1, 2, 3])
    return -10 * tf.math.log(tf.maximum(error, _SMALLEST)) / tf.math.log(tf.cast(10, error.dtype))
