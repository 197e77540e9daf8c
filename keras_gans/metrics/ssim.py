import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import Config, Tensor
from keras_gans.metrics.pairs import PairMetric


@keras.saving.register_keras_serializable(package="keras_gans")
class SSIM(PairMetric):
    """Mean structural similarity of generated images with the real ones: 1 means the same.

    Means, variances and covariances are those under a Gaussian window (σ = 1.5) that lies in the
    image, with K₁ = 0.01, K₂ = 0.03 and images scaled to [0, 1]. The similarity of a pair is the
    mean over places and channels.

    Args:
        luminance: Boolean, whether to compare the luminance alone of red-green-blue images, the Y
            of YCbCr from 16 to 235, as the papers of super-resolution do. Defaults to `False`.
        border: Non-negative integer, pixels to leave out at each edge. Those papers leave out as
            many as the factor of enlargement. Defaults to `0`.
        filter_size: Integer ≥ 2, side of the window. Defaults to 11; smaller for tiny images.
        name: Defaults to "ssim".
        dtype: Type of the result. Defaults to float64; a pair's similarity is found in float32.

    `update_state(real, generated)` takes images (batch, height, width, channels) in [-1, 1], which
    are rounded to 8 bits.

    Raises:
        TypeError: Images are not floating point numbers.
        ValueError: Images are NaN, beyond [-1, 1], in [0, 1], of different shapes, or without the
            border smaller than the window.

    Example:

    >>> metric = SSIM()
    >>> images = keras.random.uniform((2, 16, 16, 3), -1, 1)
    >>> metric.update_state(images, images)
    >>> float(metric.result())
    1.0

    Reference:
        [Wang et al. 2004, Image Quality Assessment: From Error Visibility to Structural
        Similarity](https://www.cns.nyu.edu/pub/eero/wang03-reprint.pdf)
    """

    def __init__(
        self,
        luminance: bool = False,
        border: int = 0,
        filter_size: int = 11,
        name: str = "ssim",
        dtype: str = "float64",
    ) -> None:
        super().__init__(luminance, border, name, dtype)
        self.filter_size = _checks.positive_int("filter_size", filter_size, minimum=2)

    def similarity(self, real: Tensor, generated: Tensor) -> Tensor:
        sides = real.shape[1:3]
        if any(side is not None and side < self.filter_size for side in sides):
            raise ValueError(
                f"`generated` must be at least {self.filter_size} pixels high and wide "
                f"(`filter_size`) within the border. Received: {tuple(sides)}"
            )
        return ssim(real, generated, self.filter_size)

    def get_config(self) -> Config:
        return {**super().get_config(), "filter_size": self.filter_size}


def ssim(real: Tensor, generated: Tensor, filter_size: int = 11) -> Tensor:
    """SSIM of each of some images in [0, 1], float32 `(batch,)`."""
    real, generated = tf.cast(real, tf.float32), tf.cast(generated, tf.float32)
    return tf.image.ssim(real, generated, max_val=1.0, filter_size=filter_size)
