"""Adaptive instance normalization: a style gives every channel its mean and its deviation."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class AdaptiveInstanceNormalization(keras.layers.Layer):
    """Normalizes each channel of each image, then scales and shifts it as a style says.

    With the mean μ and the variance σ² of a channel over the positions of one image, and a dense
    layer that makes a scale and a shift for each channel of the code w,

        output = (1 + scale(w)) · (x − μ) / √(σ² + epsilon) + shift(w).

    The layer is called on `[x, w]`. Its dense layer is `style`: scales first, then shifts.

    Args:
        epsilon: Float > 0, added to the variance. Defaults to `1e-5`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `epsilon` is not a positive number.

    Input shape: `[(batch, height, width, channels), (batch, code_dim)]`.
    Output shape: that of the first input.

    Example:

    >>> import keras, keras_gans as kg
    >>> x, w = keras.ops.array([[[[-3.0], [3.0]]]]), keras.ops.array([[0.0, 0.0]])
    >>> kg.layers.AdaptiveInstanceNormalization()([x, w]).numpy().round(3).tolist()
    [[[[-1.0], [1.0]]]]

    Reference:
        Huang and Belongie 2017, Arbitrary Style Transfer in Real-time with Adaptive Instance
        Normalization, equation 8; Karras et al. 2019, A Style-Based Generator Architecture for
        Generative Adversarial Networks, equation 1.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs) -> None:
        super().__init__(**kwargs)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.normalization = keras.layers.GroupNormalization(
            groups=-1, epsilon=self.epsilon, center=False, scale=False, dtype=self.variable_dtype
        )

    def build(self, input_shape: Sequence[Shape]) -> None:
        image_shape, code_shape = input_shape
        self.normalization.build(image_shape)
        self.style = keras.layers.Dense(2 * image_shape[-1], dtype=self.dtype_policy, name="style")
        self.style.build(code_shape)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        x, w = inputs
        style = at_least_float32(self.style(w))
        scale, shift = ops.split(style[:, None, None, :], 2, axis=-1)
        outputs = (1 + scale) * self.normalization(at_least_float32(x)) + shift
        return ops.cast(outputs, x.dtype)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return tuple(input_shape[0])

    def get_config(self) -> Config:
        return {**super().get_config(), "epsilon": self.epsilon}
