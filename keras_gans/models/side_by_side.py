"""Several networks as one, each with inputs and an output of its own."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_gans._configured import Configured
from keras_gans._typing import Tensor, Tensors


@keras.saving.register_keras_serializable(package="keras_gans")
class SideBySide(Configured, keras.Model):
    """Networks that do not meet: a list of inputs, one for each, becomes a list of outputs.

    So a model that trains a network for each of several tasks is one of few networks: one optimizer
    may train all of them, one moving average follow them, and one call be made of them.

    Args:
        networks: List of built `keras.Model`s.
        **kwargs: `name`, `trainable` of `keras.Model`.

    Example:

    >>> import keras
    >>> from keras_gans.models.side_by_side import SideBySide
    >>> networks = [keras.Sequential([keras.Input((n,)), keras.layers.Dense(1)]) for n in (2, 3)]
    >>> outputs = SideBySide(networks)([keras.ops.ones((4, 2)), keras.ops.ones((5, 3))])
    >>> [tuple(x.shape) for x in outputs]
    [(4, 1), (5, 1)]
    """

    def __init__(self, networks: Sequence[keras.Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.networks = tuple(networks)
        self.built = True

    def call(self, inputs: Sequence[Tensors], training: bool = False) -> list[Tensor]:
        pairs = zip(self.networks, inputs, strict=True)
        return [network(x, training=training) for network, x in pairs]
