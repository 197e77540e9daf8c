"""Weights in half precision: rounded, or kept so by what computes with them in float32."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans._typing import Tensors


def rounded(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Arrays with their floats rounded to float16, in the type that they had.

    Raises:
        ValueError: If one is not finite, or beyond float16.
    """
    return [_half(weight).astype(weight.dtype) for weight in weights]


def _half(weight):
    if not np.issubdtype(weight.dtype, np.floating):
        return weight
    if not np.isfinite(weight).all():
        raise ValueError("`half_precision` must be False for weights that are not finite.")
    with np.errstate(over="ignore"):
        half = weight.astype("float16")
    if not np.isfinite(half).all():
        raise ValueError(
            "`half_precision` must be False for weights beyond 65,504, the largest of float16. "
            f"Received: weights up to {np.abs(weight).max():g}"
        )
    return half


class Halves:
    """The float32 weights of a model as float16 variables of TensorFlow.

    Args:
        model: The model.

    Raises:
        ValueError: If a weight is beyond float16.
    """

    def __init__(self, model: keras.Model) -> None:
        weights = [weight for weight in model.variables if weight.dtype == "float32"]
        self.by_weight = {
            id(weight): tf.Variable(_half(np.asarray(weight)), trainable=False)
            for weight in weights
        }

    def used_by(self, function: Callable[..., Tensors]) -> Callable[..., Tensors]:
        """A function that computes as `function` does, with these weights."""

        def with_halves(*inputs: Any) -> Tensors:
            with _Scope(self.by_weight):
                return function(*inputs)

        return with_halves


class _Scope(keras.StatelessScope):
    """Where a weight is read, its half is, as float32: a graph holds those that it reads."""

    def __init__(self, halves: dict[int, tf.Variable]) -> None:
        super().__init__()
        self.halves = halves

    def get_current_value(self, variable: keras.Variable) -> Any:
        half = self.halves.get(id(variable))
        return None if half is None else tf.cast(half, variable.dtype)
