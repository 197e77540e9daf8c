"""Weight normalization: the length of a kernel's columns apart from their direction."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import ArrayLike, Config, Shape, Tensor
from keras_gans.layers.kernels import output_axis


@keras.saving.register_keras_serializable(package="keras_gans")
class WeightNormalization(keras.layers.Wrapper):
    """Gives every unit of a linear layer the kernel W = s·θ/‖θ‖, and a bias.

    θ is the kernel of the layer, of which each output unit (or channel) has its own column; s is
    `scale`, a number for each unit. The length of θ does not matter. The scale starts at one; from
    data it is set by `initialize`, or for whole networks by
    `keras_gans.networks.data_dependent_initialization`.

    The layer is linear, so that what it makes of θ is multiplied by s/‖θ‖. It must add nothing
    itself: the bias belongs to the wrapper, and an activation follows as a layer of its own.

    Args:
        layer: Layer that is linear in its `kernel`, with `use_bias=False` and no activation:
            `Dense`, a convolution or a transposed convolution.
        train_scale: Boolean, whether s is trained, as in the paper. Defaults to `True`.
        **kwargs: Those of `keras.layers.Wrapper`.

    Raises:
        ValueError, TypeError: If the layer has no `kernel`, has a bias or an activation, or its
            kernel does not have a column for each of its output units, or `train_scale` is not a
            boolean.

    Input and output shape: those of the layer.

    Example:

    >>> import keras, keras_gans as kg
    >>> inner = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> dense = kg.layers.WeightNormalization(inner)
    >>> round(float(dense(keras.ops.array([[3.0, 3.0]]))[0, 0]) / 2**0.5, 4)
    3.0

    Reference:
        Salimans and Kingma 2016, Weight Normalization: A Simple Reparameterization to Accelerate
        Training of Deep Neural Networks, equation 2, and section 3 for the initialization.
    """

    def __init__(self, layer: keras.layers.Layer, train_scale: bool = True, **kwargs) -> None:
        # No mixed policy of its own, under which Keras would show the norm a kernel in half
        # precision.
        super().__init__(layer, **{"dtype": getattr(layer, "variable_dtype", None), **kwargs})
        self.train_scale = _checks.boolean("train_scale", train_scale)
        self.autocast = False
        linear = getattr(layer, "activation", None) in (None, keras.activations.linear)
        if getattr(layer, "use_bias", False) or not linear:
            raise ValueError(
                "`layer` must have use_bias=False and no activation: the bias is that of "
                "WeightNormalization, an activation follows as a layer of its own. "
                f"Received: layer={layer.name!r} with "
                f"use_bias={getattr(layer, 'use_bias', False)}, activation="
                f"{keras.activations.serialize(layer.activation)!r}"
            )

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if not hasattr(self.layer, "kernel"):
            raise ValueError(
                f"`layer` must have a `kernel`. Received: layer of type {type(self.layer).__name__}"
            )
        units = self.layer.kernel.shape[self._kernel_axis]
        data_format = getattr(self.layer, "data_format", "channels_last")
        output_shape = self.layer.compute_output_shape(input_shape)
        if data_format != "channels_last" or output_shape[-1] != units:
            raise ValueError(
                "`layer` must have a column of its kernel for each of its output units, which are "
                f"on the last axis. Received: a kernel of shape {tuple(self.layer.kernel.shape)}, "
                f"outputs of shape {output_shape}, data_format={data_format!r}"
            )
        self.scale = self.add_weight(
            shape=(units,), initializer="ones", trainable=self.train_scale, name="scale"
        )
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")

    @property
    def _kernel_axis(self):
        """The axis of the output units."""
        return output_axis(self.layer)

    def call(self, inputs: Tensor, **kwargs) -> Tensor:
        outputs = self.layer(inputs, **kwargs)
        normalized = at_least_float32(outputs) * (self.scale / self.norms()) + self.bias
        return ops.cast(normalized, outputs.dtype)

    def norms(self) -> Tensor:
        """Return ‖θ‖ of every unit, in float32 at least: 1e-3 where it is less, as for zeros."""
        kernel = at_least_float32(self.layer.kernel)
        rank = len(kernel.shape)
        others = [i for i in range(rank) if i != rank + self._kernel_axis]
        return ops.sqrt(ops.maximum(ops.sum(ops.square(kernel), axis=others), 1e-6))

    def initialize(self, inputs: ArrayLike) -> Tensor:
        """Set scale and bias so that outputs have mean 0 and standard deviation 1 on `inputs`.

        Units that are constant on `inputs` are only centered.

        Args:
            inputs: Array or tensor `(num, …)`, what the layer takes.

        Returns:
            The outputs with the new scale and bias.
        """
        outputs = at_least_float32(self(inputs))
        mean, variance = ops.moments(outputs, axes=list(range(len(outputs.shape) - 1)))
        stddev = ops.where(variance > 0, ops.sqrt(variance), 1.0)
        self.scale.assign(self.scale / stddev)
        self.bias.assign((self.bias - mean) / stddev)
        return self(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, *args, **kwargs) -> keras.KerasTensor:
        return self.layer.compute_output_spec(*args, **kwargs)

    def get_config(self) -> Config:
        return {**super().get_config(), "train_scale": self.train_scale}
