"""Piecewise-linear activations whose second derivative is known to be zero."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class LeakyReLU(keras.layers.LeakyReLU):
    """Leaky rectifier, f(x) = x where x > 0 and negative_slope · x elsewhere.

    Equal to `keras.layers.LeakyReLU` in value and gradient. It is written as x times a slope that
    is constant to the gradient, so that a gradient penalty, which differentiates twice, does not
    carry the zeros of the second derivative through the network.

    Args:
        negative_slope: Float ≥ 0. Defaults to `0.2`, the DCGAN paper's.

    Raises:
        ValueError, TypeError: If `negative_slope` is not a number of at least 0.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.LeakyReLU(0.2)(keras.ops.array([-1.0, 2.0])).numpy().tolist()
    [-0.20000000298023224, 2.0]
    """

    def __init__(self, negative_slope: float = 0.2, **kwargs) -> None:
        negative_slope = _checks.real_number("negative_slope", negative_slope, low=0.0)
        super().__init__(negative_slope=negative_slope, **kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        slope = ops.where(inputs > 0, 1.0, self.negative_slope)
        return inputs * ops.stop_gradient(ops.cast(slope, inputs.dtype))
