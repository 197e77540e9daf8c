"""Pixel normalization: feature vectors of unit length at every position."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class PixelNormalization(keras.layers.Layer):
    """Divides each pixel's feature vector by its root mean square: x / √(mean_c x² + epsilon).

    Images are normalized at each position, latents `(batch, latent_dim)` each as a whole. The layer
    has no weights.

    Args:
        epsilon: Float > 0. Defaults to `1e-8`, the paper's.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `epsilon` is not a positive number.

    Input shape: `(batch, …, channels)`.
    Output shape: the same.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.PixelNormalization()(keras.ops.array([[3.0, -3.0]])).numpy().tolist()
    [[1.0, -1.0]]

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, section 4.2.
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs) -> None:
        super().__init__(**kwargs)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)

    def call(self, inputs: Tensor) -> Tensor:
        x = at_least_float32(inputs)
        outputs = x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + self.epsilon)
        return ops.cast(outputs, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "epsilon": self.epsilon}
