"""The moving mean of what passes: the center of the codes that a mapping makes."""

import keras
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class MovingMean(keras.layers.Layer):
    """Passes vectors on, and keeps a moving mean of them.

    In training its weight `mean` moves by mean ← momentum · mean + (1 − momentum) · (mean of the
    batch), that of all replicas. It starts at zero.

    Args:
        momentum: Float in [0, 1). Defaults to `0.995`, StyleGAN's.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `momentum` is out of range.

    Input shape: `(batch, size)`.
    Output shape: the same.

    Example:

    >>> import keras, keras_gans as kg
    >>> layer = kg.layers.MovingMean(momentum=0.75)
    >>> outputs = layer(keras.ops.array([[2.0], [6.0]]), training=True)
    >>> layer.mean.numpy().tolist()
    [1.0]

    Reference:
        Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
        Networks, section 2.1 and appendix B.
    """

    mixes_examples = True

    def __init__(self, momentum: float = 0.995, **kwargs) -> None:
        super().__init__(**kwargs)
        self.momentum = _checks.real_number("momentum", momentum, 0.0, 1.0, high_open=True)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape: Shape) -> None:
        self.mean = self.add_weight(
            name="mean",
            shape=input_shape[1:],
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            batch = _replicas.mean(ops.mean(at_least_float32(inputs), axis=0))
            self.mean.assign(self.momentum * self.mean + (1 - self.momentum) * batch)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "momentum": self.momentum}
