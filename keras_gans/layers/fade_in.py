"""Fading a part of a network in."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class FadeIn(keras.layers.Layer):
    """Goes from one tensor to another as its weight α goes from 0 to 1: (1 − α)·old + α·new.

    α is not trained: `keras_gans.models.ProgressiveGAN` sets it. It starts at one, so that a
    network that nothing grows is whole.

    Args:
        level: Positive integer, which of the fades of a network this is, in their order. Defaults
            to `1`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `level` is not a positive integer; when it is called, if the
            inputs are not two of one shape.

    Input shape: a list `[old, new]` of two tensors of one shape.
    Output shape: the same.

    Example:

    >>> import keras, keras_gans as kg
    >>> fade = kg.layers.FadeIn()
    >>> fade([keras.ops.array([0.0]), keras.ops.array([8.0])]).numpy().tolist()
    [8.0]
    >>> alpha = fade.alpha.assign(0.25)
    >>> fade([keras.ops.array([0.0]), keras.ops.array([8.0])]).numpy().tolist()
    [2.0]

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, figure 2.
    """

    def __init__(self, level: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.level = _checks.positive_int("level", level)

    def build(self, input_shape: Sequence[Shape]) -> None:
        shapes = list(map(tuple, input_shape)) if _is_list(input_shape) else [tuple(input_shape)]
        if len(shapes) != 2 or shapes[0] != shapes[1]:
            raise ValueError(
                f"`inputs` must be a list of two tensors of one shape. Received: shapes {shapes}"
            )
        self.alpha = self.add_weight(
            shape=(),
            initializer="ones",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
            name="alpha",
        )

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        old, new = map(at_least_float32, inputs)
        alpha = ops.cast(self.alpha, old.dtype)
        return ops.cast((1 - alpha) * old + alpha * new, inputs[0].dtype)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return input_shape[0]

    def get_config(self) -> Config:
        return {**super().get_config(), "level": self.level}


def _is_list(shapes):
    return bool(shapes) and isinstance(shapes[0], (tuple, list))
