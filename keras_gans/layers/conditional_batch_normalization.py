"""Batch normalization whose scale and shift depend on each example's class."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor
from keras_gans.layers.class_lookup import rows_of


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalization, then a scale γ_y and a shift β_y for the channels of class y.

    Statistics are those of the whole global batch, all classes and replicas together; moving
    averages of them are used with `training=False`. The layer is called on `[x, labels]`.

    Args:
        num_classes: Positive integer; labels lie in [0, num_classes).
        momentum: Float in [0, 1), of the moving averages. Defaults to `0.9`.
        epsilon: Float > 0, added to the variance. Defaults to `1e-5`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If an argument is out of range, labels are not integers of shape
            `(batch,)` or, in eager execution, a label is out of range.

    Input shape: `[(batch, …, channels), (batch,)]`.
    Output shape: that of the first input.

    Example:

    >>> import keras, keras_gans as kg
    >>> x, labels = keras.ops.array([[-1.0], [1.0]]), keras.ops.array([0, 2])
    >>> kg.layers.ConditionalBatchNormalization(3)([x, labels], training=True).numpy().round(2)
    array([[-1.],
           [ 1.]], dtype=float32)

    Reference:
        de Vries et al. 2017, Modulating early visual processing by language, section 3;
        Miyato and Koyama 2018, cGANs with Projection Discriminator.
    """

    def __init__(
        self, num_classes: int, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = _checks.positive_int("num_classes", num_classes)
        self.momentum = _checks.real_number("momentum", momentum, 0.0, 1.0, high_open=True)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            synchronized=True,
            dtype=self.variable_dtype,
        )

    def build(self, input_shape: Sequence[Shape]) -> None:
        shape, _ = input_shape
        self.normalization.build(shape)
        per_class = {"shape": (self.num_classes, shape[-1]), "autocast": False}
        self.gamma = self.add_weight(initializer="ones", name="gamma", **per_class)
        self.beta = self.add_weight(initializer="zeros", name="beta", **per_class)

    def call(self, inputs: Sequence[Tensor], training: bool | None = None) -> Tensor:
        x, labels = inputs
        normalized = self.normalization(at_least_float32(x), training=training)
        shape = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])
        gamma = ops.reshape(rows_of(self.gamma, labels), shape)
        beta = ops.reshape(rows_of(self.beta, labels), shape)
        return ops.cast(gamma * normalized + beta, x.dtype)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return tuple(input_shape[0])

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
