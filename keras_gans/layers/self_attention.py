"""Self-attention: every position of an image looks at all others."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Initializer, Shape, Tensor
from keras_gans.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="keras_gans")
class SelfAttention2D(keras.layers.Layer):
    """Adds to each position a weighted mean over all positions, with weights by similarity.

    Queries f(x), keys g(x) and values h(x) are 1×1 convolutions of the input without bias, v is one
    back to its channels, and with positions i and j

        βⱼᵢ = softmaxᵢ(f(xⱼ)·g(xᵢ)),   output = x + γ·v(Σᵢ βⱼᵢ h(xᵢ)).

    γ is one learned number that starts at zero, so that the layer starts as the identity.

    Args:
        key_channels: Positive integer, channels of queries and keys. Defaults to `None`, an eighth
            of the input's.
        value_channels: Positive integer, channels of values. Defaults to `None`, half of the
            input's, as in the papers' code.
        pool: Boolean, halve the sides of keys and values by max pooling, as the papers' code does:
            a quarter of the memory. Defaults to `False`.
        spectral_normalization: Boolean, whether to normalize the convolutions spectrally, as the
            paper does. Defaults to `False`.
        power_iterations: Positive integer or `None`, that of `SpectralNormalization`. Defaults to
            `None`.
        kernel_initializer: Initializer of the convolutions. Defaults to `"glorot_uniform"`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If a number of channels, or of power iterations, is not a positive
            integer, or the inputs are not of rank 4.

    Input shape: `(batch, height, width, channels)`; sides may be unknown.
    Output shape: the same.

    Example:

    >>> import keras, keras_gans as kg
    >>> images = keras.random.normal((2, 8, 8, 16))
    >>> bool(keras.ops.all(kg.layers.SelfAttention2D()(images) == images))
    True

    Reference:
        Zhang et al. 2019, Self-Attention Generative Adversarial Networks, section 3; Brock et al.
        2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis.
    """

    def __init__(
        self,
        key_channels: int | None = None,
        value_channels: int | None = None,
        pool: bool = False,
        spectral_normalization: bool = False,
        power_iterations: int | None = None,
        kernel_initializer: Initializer = "glorot_uniform",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.key_channels = _channels("key_channels", key_channels)
        self.value_channels = _channels("value_channels", value_channels)
        self.pool = _checks.boolean("pool", pool)
        self.spectral_normalization = _checks.boolean(
            "spectral_normalization", spectral_normalization
        )
        self.power_iterations = _checks.optional_positive_int("power_iterations", power_iterations)
        self.kernel_initializer = _checks.initializer("kernel_initializer", kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        channels = input_shape[-1]
        key_channels = self.key_channels or max(channels // 8, 1)
        value_channels = self.value_channels or max(channels // 2, 1)
        self.query = self._convolution(key_channels, input_shape, "query")
        self.key = self._convolution(key_channels, input_shape, "key")
        self.value = self._convolution(value_channels, input_shape, "value")
        self.output_convolution = self._convolution(
            channels, (*input_shape[:-1], value_channels), "output"
        )
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")

    def _convolution(self, channels, input_shape, name):
        """A 1×1 convolution: a dense layer on the last axis. Each draws weights of its own."""
        initializer = keras.initializers.serialize(self.kernel_initializer)
        layer = keras.layers.Dense(
            channels,
            use_bias=False,
            kernel_initializer=keras.initializers.get(initializer),
            dtype=self.dtype_policy,
            name=name,
        )
        if self.spectral_normalization:
            layer = SpectralNormalization(
                layer, power_iterations=self.power_iterations, name=f"spectral_{name}"
            )
        layer.build(input_shape)
        return layer

    def call(self, inputs: Tensor) -> Tensor:
        queries = _positions(self.query(inputs))
        keys = _positions(self._pooled(self.key(inputs)))
        values = _positions(self._pooled(self.value(inputs)))
        scores = at_least_float32(ops.matmul(queries, ops.swapaxes(keys, 1, 2)))
        attention = ops.cast(ops.softmax(scores), values.dtype)
        attended = ops.matmul(attention, values)
        attended = ops.reshape(attended, (*ops.shape(inputs)[:3], values.shape[-1]))
        return inputs + self.gamma * self.output_convolution(attended)

    def _pooled(self, x):
        return ops.max_pool(x, 2, padding="same") if self.pool else x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "key_channels": self.key_channels,
            "value_channels": self.value_channels,
            "pool": self.pool,
            "spectral_normalization": self.spectral_normalization,
            "power_iterations": self.power_iterations,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _channels(name, value):
    return None if value is None else _checks.positive_int(name, value)


def _positions(x):
    """Flatten height and width into one axis."""
    return ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
