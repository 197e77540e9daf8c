"""Low-pass filters of images, and halving and doubling their sides with them: no aliasing."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor


class _Blur(keras.layers.Layer):
    """A filter of each channel, alike in both directions."""

    def __init__(self, kernel: Sequence[float] = (1, 3, 3, 1), **kwargs) -> None:
        super().__init__(**kwargs)
        self.taps = _kernel(kernel)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def _filters(self, channels, total):
        """The filter `(taps, taps, channels, 1)` of a depthwise convolution that sums to `total`.

        This is the fastest form on CPUs, many times faster than sums of slices.
        """
        line = np.array(self.taps) / sum(self.taps)
        plane = total * np.outer(line, line)[:, :, np.newaxis, np.newaxis]
        return tf.constant(np.tile(plane, (1, 1, channels, 1)), self.compute_dtype)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "kernel": self.taps}


@keras.saving.register_keras_serializable(package="keras_gans")
class BlurDownsample2D(_Blur):
    """Halves the sides of images, rounding up, after a low-pass filter.

    With the kernel k of K taps, divided by its sum, and zeros beyond the edges,
    y[i] = Σₜ k[t] · x[2i + t − (K − 2)/2] in each direction: the default is bilinear interpolation
    at half the resolution, with antialiasing. The layer has no weights.

    Args:
        kernel: The filter in one direction: an even number of numbers, whose sum is positive.
            Defaults to `(1, 3, 3, 1)`; `(1, 1)` is a mean of 2×2 pixels.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `kernel` does not hold such numbers.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, ⌈height/2⌉, ⌈width/2⌉, channels)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.BlurDownsample2D()(keras.ops.ones((1, 28, 7, 3))).shape
    TensorShape([1, 14, 4, 3])

    References:
        - Zhang 2019, Making Convolutional Networks Shift-Invariant Again.
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, appendix B.
    """

    def call(self, inputs: Tensor) -> Tensor:
        filters = self._filters(inputs.shape[-1], total=1)
        return tf.nn.depthwise_conv2d(inputs, filters, (1, 2, 2, 1), "SAME")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        return (batch, *(side and -(-side // 2) for side in sides), channels)


@keras.saving.register_keras_serializable(package="keras_gans")
class BlurUpsample2D(_Blur):
    """Doubles the sides of images: zeros between pixels, then a low-pass filter.

    The transpose of `BlurDownsample2D`, times four, so that it keeps the mean: the default is
    bilinear interpolation, y[2i] = ¾ x[i] + ¼ x[i − 1] and y[2i + 1] = ¾ x[i] + ¼ x[i + 1] in each
    direction, with zeros beyond the edges. The layer has no weights.

    Args:
        kernel: The filter in one direction: an even number of numbers, whose sum is positive.
            Defaults to `(1, 3, 3, 1)`; `(1, 1)` is nearest-neighbor upsampling.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `kernel` does not hold such numbers.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, 2 · height, 2 · width, channels)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.BlurUpsample2D()(keras.ops.ones((1, 14, 4, 3))).shape
    TensorShape([1, 28, 8, 3])

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, appendix B.
    """

    def call(self, inputs: Tensor) -> Tensor:
        images = inputs
        for axis in (1, 2):
            even, odd = (self._phase(images, axis, phase) for phase in (0, 1))
            sides = list(ops.shape(images))
            sides[axis] *= 2
            images = ops.reshape(ops.stack([even, odd], axis=axis + 1), sides)
        return images

    def _phase(self, images, axis, phase):
        """Every second pixel of the result along an axis: a filter of every second tap."""
        last = len(self.taps) - 1
        end = phase + (last - 1) // 2
        offsets = range(-((last - end) // 2), end // 2 + 1)
        line = 2 * np.array([self.taps[end - 2 * i] for i in offsets]) / sum(self.taps)
        paddings = [[0, 0] for _ in range(4)]
        paddings[axis] = [-offsets[0], offsets[-1]]
        filters = np.expand_dims(line, [k for k in range(4) if k != axis - 1])
        filters = tf.constant(np.tile(filters, (1, 1, images.shape[-1], 1)), self.compute_dtype)
        return tf.nn.depthwise_conv2d(tf.pad(images, paddings), filters, (1, 1, 1, 1), "VALID")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        return (batch, *(side and 2 * side for side in sides), channels)


@keras.saving.register_keras_serializable(package="keras_gans")
class Blur2D(_Blur):
    """Filters images, which keep their resolution.

    With the kernel k of K taps, divided by its sum, and `padding` zeros beyond each edge,
    y[i] = Σₜ k[t] · x[i + t − padding] in each direction. An even K puts pixels between those of x:
    what a convolution with stride two needs before it, and a transposed one after it, so that both
    together resample as `BlurDownsample2D` and `BlurUpsample2D` do. The layer has no weights.

    Args:
        padding: Integer ≥ 0, zeros beyond each edge. Defaults to `1`.
        kernel: The filter in one direction: an even number of numbers, whose sum is positive.
            Defaults to `(1, 3, 3, 1)`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `padding` is negative or `kernel` does not hold such numbers.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, height + 2 · padding − K + 1, width + 2 · padding − K + 1, channels)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.Blur2D(padding=2)(keras.ops.ones((1, 28, 7, 3))).shape
    TensorShape([1, 29, 8, 3])

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, appendix B.
    """

    def __init__(self, padding: int = 1, kernel: Sequence[float] = (1, 3, 3, 1), **kwargs) -> None:
        super().__init__(kernel, **kwargs)
        self.padding = _checks.positive_int("padding", padding, minimum=0)

    def call(self, inputs: Tensor) -> Tensor:
        edges = (self.padding, self.padding)
        padded = tf.pad(inputs, ((0, 0), edges, edges, (0, 0)))
        filters = self._filters(inputs.shape[-1], total=1)
        return tf.nn.depthwise_conv2d(padded, filters, (1, 1, 1, 1), "VALID")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        more = 2 * self.padding - len(self.taps) + 1
        return (batch, *(side and side + more for side in sides), channels)

    def get_config(self) -> Config:
        return {**super().get_config(), "padding": self.padding}


def _kernel(value):
    values = value if isinstance(value, (tuple, list)) else ()
    taps = tuple(_checks.real_number("kernel", tap) for tap in values)
    if not taps or len(taps) % 2 or sum(taps) <= 0:
        raise ValueError(
            "`kernel` must be a tuple of an even number of numbers, whose sum is positive. "
            f"Received: kernel={value!r}"
        )
    return taps
