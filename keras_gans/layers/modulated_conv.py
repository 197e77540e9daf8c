"""Modulated convolution: a style scales the kernel, and what the scaling did is taken back."""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor
from keras_gans.layers.blur import Blur2D
from keras_gans.layers.equalized_learning_rate import EqualizedLearningRate

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="keras_gans")
class ModulatedConv2D(keras.layers.Layer):
    """Convolution of which each example has a kernel of its own, as its style says.

    A dense layer makes of the code w a scale sᵢ for each input channel, 1 at first on average. With
    the kernel K that all examples share, a filter j of an example is

        K'ᵢⱼ = sᵢ Kᵢⱼ / √(Σ_{i, positions} (sᵢ Kᵢⱼ)² + 1e-8),

    so that outputs have the deviation 1 if inputs do, whatever the style: demodulation, which does
    to the statistics that are expected what instance normalization does to those of an image. No
    kernel is made for each example: to scale inputs and outputs comes to the same, and is what the
    layer does.

    Learning rates are equalized: K starts from N(0, 1), and is divided by √fan_in where it is used.

    The layer is called on `[x, w]`. Its dense layer is `style`.

    Args:
        filters: Positive integer, output channels.
        kernel_size: Positive integer, side of the kernel; 1, 3 or 5 to upsample. Defaults to `3`.
        upsample: Boolean. If true, a transposed convolution doubles the sides, and the filter
            [1, 3, 3, 1] follows. Defaults to `False`.
        demodulate: Boolean; if false, the kernel is sᵢ Kᵢⱼ: for the last layer, which makes colors.
            Defaults to `True`.
        gain: Positive float, factor of the outputs, before the bias. Defaults to √2, for a
            rectifier that follows. In the authors' code it comes after the rectifier, so that there
            biases learn as fast as if they were √2 times as large.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If an argument is of another kind or out of range.

    Input shape: `[(batch, height, width, channels), (batch, code_dim)]`.
    Output shape: `(batch, height, width, filters)`, with twice the sides if `upsample`.

    Example:

    >>> import keras, keras_gans as kg
    >>> layer = kg.layers.ModulatedConv2D(16, gain=1.0)
    >>> x, w = keras.random.normal((8, 32, 32, 4), seed=0), keras.random.normal((8, 6), seed=1)
    >>> round(float(keras.ops.std(layer([x, 10 * w]))), 1)
    1.0

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, equations 1 to 3.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        upsample: bool = False,
        demodulate: bool = True,
        gain: float = math.sqrt(2),
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = _checks.positive_int("filters", filters)
        self.kernel_size = _checks.positive_int("kernel_size", kernel_size)
        self.upsample = _checks.boolean("upsample", upsample)
        self.demodulate = _checks.boolean("demodulate", demodulate)
        self.gain = _checks.real_number("gain", gain, low=0.0, low_open=True)
        if self.upsample:
            _checks.one_of("kernel_size", self.kernel_size, (1, 3, 5))
            self.blur = Blur2D((5 - self.kernel_size) // 2, dtype=self.dtype_policy)

    def build(self, input_shape: Sequence[Shape]) -> None:
        (*_, channels), code_shape = input_shape
        size = self.kernel_size
        self.fan_in = size * size * channels
        affine = keras.layers.Dense(channels, bias_initializer="ones", dtype=self.variable_dtype)
        self.style = EqualizedLearningRate(affine, gain=1.0, name="style")
        self.style.build(code_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        x, code = inputs
        kernel = at_least_float32(self.kernel) / math.sqrt(self.fan_in)
        style = at_least_float32(self.style(code))
        scale = self.gain * (4.0 if self.upsample else 1.0)  # of what lies between zeros
        if self.demodulate:
            squares = ops.sum(ops.square(kernel), axis=(0, 1))
            scale *= ops.rsqrt(ops.matmul(ops.square(style), squares) + _EPSILON)[:, None, None]
        x = x * ops.cast(style[:, None, None], x.dtype)
        outputs = self._convolved(x, ops.cast(kernel, x.dtype))
        return outputs * ops.cast(scale, x.dtype) + self.bias

    def _convolved(self, x, kernel):
        if not self.upsample:
            return tf.nn.conv2d(x, kernel, 1, "SAME")
        batch, height, width, _ = tf.unstack(tf.shape(x))
        sides = (2 * n + self.kernel_size - 2 for n in (height, width))
        kernel = ops.swapaxes(kernel, 2, 3)
        spread = tf.nn.conv2d_transpose(x, kernel, (batch, *sides, self.filters), 2, "VALID")
        return self.blur(spread)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        batch, *sides, _ = input_shape[0]
        times = 2 if self.upsample else 1
        return (batch, *(side and times * side for side in sides), self.filters)

    def compute_output_spec(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        shape = self.compute_output_shape([x.shape for x in inputs])
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "upsample": self.upsample,
            "demodulate": self.demodulate,
            "gain": self.gain,
        }
