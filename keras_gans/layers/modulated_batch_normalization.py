"""Batch normalization whose scale and shift are linear in a code of each example."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Initializer, Shape, Tensor
from keras_gans.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="keras_gans")
class ModulatedBatchNormalization(keras.layers.Layer):
    """Batch normalization, then a scale and a shift that each example's code c says.

    With the mean μ and the variance σ² of a channel, and two matrices A and B without biases,

        output = (1 + A c) · (x − μ) / √(σ² + epsilon) + B c.

    In BigGAN c is an embedding of the class, which all layers share, beside a part of the latents.
    Statistics are those of the whole global batch, of all replicas together; moving averages of
    them are used with `training=False`. The layer is called on `[x, c]`; `scale` and `shift` are
    the dense layers of A and B.

    Args:
        momentum: Float in [0, 1), of the moving averages. Defaults to `0.9`.
        epsilon: Float > 0, added to the variance. Defaults to `1e-5`.
        spectral_normalization: Boolean, whether to normalize A and B spectrally. Defaults to
            `False`.
        power_iterations: Positive integer or `None`, that of `SpectralNormalization`. Defaults to
            `None`.
        kernel_initializer: Initializer of A and B. Defaults to `"glorot_uniform"`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If an argument is out of range, or of another kind.

    Input shape: `[(batch, …, channels), (batch, code_dim)]`.
    Output shape: that of the first input.

    Example:

    >>> import keras, keras_gans as kg
    >>> x, c = keras.ops.array([[-1.0], [1.0]]), keras.ops.zeros((2, 3))
    >>> layer = kg.layers.ModulatedBatchNormalization()
    >>> layer([x, c], training=True).numpy().round(2).tolist()
    [[-1.0], [1.0]]

    References:
        - Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
          section 3 and appendix B.
        - de Vries et al. 2017, Modulating early visual processing by language, section 3.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        spectral_normalization: bool = False,
        power_iterations: int | None = None,
        kernel_initializer: Initializer = "glorot_uniform",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.momentum = _checks.real_number("momentum", momentum, 0.0, 1.0, high_open=True)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.spectral_normalization = _checks.boolean(
            "spectral_normalization", spectral_normalization
        )
        self.power_iterations = _checks.optional_positive_int("power_iterations", power_iterations)
        self.kernel_initializer = _checks.initializer("kernel_initializer", kernel_initializer)
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            synchronized=True,
            dtype=self.variable_dtype,
        )

    def build(self, input_shape: Sequence[Shape]) -> None:
        shape, code_shape = input_shape
        self.normalization.build(shape)
        self.scale = self._linear(shape[-1], code_shape, "scale")
        self.shift = self._linear(shape[-1], code_shape, "shift")

    def _linear(self, channels, code_shape, name):
        """A dense layer without bias. Each draws weights of its own."""
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
        layer.build(code_shape)
        return layer

    def call(self, inputs: Sequence[Tensor], training: bool | None = None) -> Tensor:
        x, code = inputs
        normalized = self.normalization(at_least_float32(x), training=training)
        shape = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])
        scale = ops.reshape(at_least_float32(self.scale(code)), shape)
        shift = ops.reshape(at_least_float32(self.shift(code)), shape)
        return ops.cast((1 + scale) * normalized + shift, x.dtype)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return tuple(input_shape[0])

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "spectral_normalization": self.spectral_normalization,
            "power_iterations": self.power_iterations,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
