"""A learned constant: where a style generator begins."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class LearnedConstant(keras.layers.Layer):
    """Returns one learned tensor for every example, whatever the example is.

    Args:
        shape: Shape of the tensor, without the batch: positive integers.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: If `shape` does not hold positive integers.

    Input shape: `(batch, …)`; of the values, none is read.
    Output shape: `(batch, *shape)`. The tensor starts from N(0, 1).

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.LearnedConstant((4, 4, 8))(keras.ops.zeros((3, 16))).shape
    TensorShape([3, 4, 4, 8])

    Reference:
        Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
        Networks, section 2.
    """

    def __init__(self, shape: Sequence[int], **kwargs) -> None:
        super().__init__(**kwargs)
        self.shape = _shape(shape)

    def build(self, input_shape: Shape) -> None:
        self.constant = self.add_weight(
            shape=self.shape,
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="constant",
        )

    def call(self, inputs: Tensor) -> Tensor:
        # Not `broadcast_to`, whose gradient has shapes that are known only when it runs.
        return ops.tile(self.constant[None], (ops.shape(inputs)[0], *([1] * len(self.shape))))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self.shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "shape": self.shape}


def _shape(value):
    shape = _checks.sides(value)
    if not shape or min(shape) < 1 or max(shape) >= 2**31:
        raise ValueError(
            f"`shape` must hold positive integers below 2**31. Received: shape={value!r}"
        )
    return shape
