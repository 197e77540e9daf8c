"""Padding by reflection."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class ReflectionPadding2D(keras.layers.Layer):
    """Continues images beyond their edges by their mirror image, without repeating the edge.

    A row 1 2 3 becomes, with two more pixels on either side, 3 2 1 2 3 2 1. A convolution without
    padding of its own then sees no black frame, which networks that paint whole images would
    otherwise learn to see. The layer has no weights.

    Args:
        padding: Positive integer, pixels to add on each of the four sides. Defaults to `1`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `padding` is not a positive integer.
        ValueError: If the images are not larger than the padding.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, height + 2 · padding, width + 2 · padding, channels)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> row = keras.ops.reshape([1.0, 2.0, 3.0], (1, 1, 3, 1))
    >>> image = keras.ops.repeat(row, 3, axis=1)
    >>> kg.layers.ReflectionPadding2D(2)(image)[0, 0, :, 0].numpy().tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]

    Reference:
        Zhu et al. 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
        Networks, section 7.2.
    """

    def __init__(self, padding: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.padding = _checks.positive_int("padding", padding)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        sides = [side for side in input_shape[1:3] if side is not None]
        if min(sides, default=self.padding + 1) <= self.padding:
            raise ValueError(
                f"`inputs` must be images with sides of more than {self.padding}, to be reflected "
                f"by `padding`. Received: inputs of shape {tuple(input_shape)}"
            )

    def call(self, inputs: Tensor) -> Tensor:
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        return (batch, *(side and side + 2 * self.padding for side in sides), channels)

    def get_config(self) -> Config:
        return {**super().get_config(), "padding": self.padding}
