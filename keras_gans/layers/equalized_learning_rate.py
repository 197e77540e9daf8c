"""Equalized learning rate: weights of unit variance, scaled when they are used."""

import math

import keras

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor
from keras_gans.layers.kernels import output_axis


@keras.saving.register_keras_serializable(package="keras_gans")
class EqualizedLearningRate(keras.layers.Wrapper):
    """Draws the kernel of a layer from N(0, 1), and scales it to He's deviation at every call.

    The kernel that is used is W · gain / √fan_in, where fan_in is the number of weights that each
    output is a sum over. Optimizers such as Adam, whose steps do not depend on the scale of a
    gradient, so change all layers equally fast relative to their kernels.

    With a multiplier λ of the learning rate, W starts from N(0, 1/λ²), and both what is used of it
    and of the bias is λ times as much: the outputs start as they would without it, and change λ
    times as fast.

    The layer is linear in its kernel, so it is applied to scaled inputs, and nothing is written to
    the kernel.

    Args:
        layer: Layer that is linear in its `kernel`, without activation: `Dense`, a convolution, a
            transposed convolution or `UpsampleConv2D`. Its `kernel_initializer` is replaced; one
            that is built keeps its kernel.
        gain: Positive float. Defaults to √2, for a rectifier that follows; `1.0` suits the last
            layer of a network.
        lr_multiplier: Positive float, λ. Defaults to `1.0`.
        **kwargs: Those of `keras.layers.Wrapper`.

    Raises:
        ValueError, TypeError: If the layer has no `kernel` or has an activation, or a number is not
            positive.

    Input and output shape: those of the layer.

    Example:

    >>> import keras, keras_gans as kg
    >>> layer = kg.layers.EqualizedLearningRate(keras.layers.Dense(64))
    >>> outputs = layer(keras.random.normal((256, 128), seed=0))
    >>> round(float(keras.ops.std(layer.layer.kernel)), 1), round(float(keras.ops.std(outputs)), 1)
    (1.0, 1.4)

    References:
        - Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
          Variation, section 4.1.
        - Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
          Networks, appendix C: the multiplier, of the mapping network.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        gain: float = math.sqrt(2),
        lr_multiplier: float = 1.0,
        **kwargs,
    ) -> None:
        # No mixed policy of its own, under which Keras would cast inputs before they are scaled.
        super().__init__(layer, **{"dtype": getattr(layer, "variable_dtype", None), **kwargs})
        self.gain = _checks.real_number("gain", gain, low=0.0, low_open=True)
        self.lr_multiplier = _checks.real_number(
            "lr_multiplier", lr_multiplier, low=0.0, low_open=True
        )
        self.autocast = False
        _check(layer)
        layer.kernel_initializer = keras.initializers.RandomNormal(stddev=1 / self.lr_multiplier)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        shape = tuple(self.layer.kernel.shape)
        self.fan_in = math.prod(shape) // shape[output_axis(self.layer)]

    def call(self, inputs: Tensor, **kwargs) -> Tensor:
        inputs = at_least_float32(inputs) * (self.gain / math.sqrt(self.fan_in))
        outputs = self.layer(inputs, **kwargs)
        return outputs if self.lr_multiplier == 1 else outputs * self.lr_multiplier

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, *args, **kwargs) -> keras.KerasTensor:
        return self.layer.compute_output_spec(*args, **kwargs)

    def get_config(self) -> Config:
        return {**super().get_config(), "gain": self.gain, "lr_multiplier": self.lr_multiplier}


def _check(layer):
    if not hasattr(layer, "kernel_initializer"):
        raise ValueError(
            f"`layer` must have a `kernel`. Received: layer of type {type(layer).__name__}"
        )
    if getattr(layer, "activation", None) not in (None, keras.activations.linear):
        raise ValueError(
            "`layer` must have no activation, which follows as a layer of its own. Received: "
            f"layer={layer.name!r} with activation="
            f"{keras.activations.serialize(layer.activation)!r}"
        )
