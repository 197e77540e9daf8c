"""Instance statistics: what instance normalization takes away."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class InstanceStatistics(keras.layers.Layer):
    """The mean and the standard deviation √(variance + epsilon) of each channel of each image.

    These are what instance normalization takes away, and what adaptive instance normalization
    gives: the style of the image. The layer has no weights.

    Args:
        epsilon: Float > 0, added to the variance. Defaults to `1e-5`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `epsilon` is not a positive number.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, 2 · channels)`: means first, then deviations.

    Example:

    >>> import keras, keras_gans as kg
    >>> x = keras.ops.array([[[[1.0], [7.0]]]])
    >>> kg.layers.InstanceStatistics()(x).numpy().round(3).tolist()
    [[4.0, 3.0]]

    Reference:
        Pidhorskyi et al. 2020, Adversarial Latent Autoencoders, section 4.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs) -> None:
        super().__init__(**kwargs)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs: Tensor) -> Tensor:
        mean, variance = ops.moments(at_least_float32(inputs), axes=(1, 2))
        statistics = ops.concatenate([mean, ops.sqrt(variance + self.epsilon)], axis=-1)
        return ops.cast(statistics, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], 2 * input_shape[-1])

    def get_config(self) -> Config:
        return {**super().get_config(), "epsilon": self.epsilon}
