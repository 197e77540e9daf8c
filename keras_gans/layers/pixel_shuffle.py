"""The shuffle of sub-pixel convolution: channels become pixels."""

import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class PixelShuffle(keras.layers.Layer):
    """Rearranges r² channels of every pixel as r × r pixels, r the factor.

    With C channels of the output, y[r·i + a, r·j + b, c] = x[i, j, (r·a + b)·C + c]. A convolution
    with r²·C filters before it is a sub-pixel convolution: it enlarges images at the cost of a
    convolution of small ones. The layer has no weights.

    Args:
        factor: Integer ≥ 2, r. Defaults to `2`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `factor` is not such an integer.
        ValueError: If the channels are no multiple of r².

    Input shape: `(batch, height, width, r² · channels)`.
    Output shape: `(batch, r · height, r · width, channels)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> pixel = keras.ops.reshape([1.0, 2.0, 3.0, 4.0], (1, 1, 1, 4))
    >>> kg.layers.PixelShuffle(2)(pixel)[0, :, :, 0].numpy().tolist()
    [[1.0, 2.0], [3.0, 4.0]]

    Reference:
        Shi et al. 2016, Real-Time Single Image and Video Super-Resolution Using an Efficient
        Sub-Pixel Convolutional Neural Network, section 3.1.
    """

    def __init__(self, factor: int = 2, **kwargs) -> None:
        super().__init__(**kwargs)
        self.factor = _checks.positive_int("factor", factor, minimum=2)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        if input_shape[-1] % self.factor**2:
            raise ValueError(
                f"`inputs` must have a multiple of {self.factor**2} channels for `factor` "
                f"{self.factor}. Received: inputs of shape {tuple(input_shape)}"
            )

    def call(self, inputs: Tensor) -> Tensor:
        return tf.nn.depth_to_space(inputs, self.factor)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        return (batch, *(side and self.factor * side for side in sides), channels // self.factor**2)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}
