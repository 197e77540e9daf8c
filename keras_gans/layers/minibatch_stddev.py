"""Minibatch standard deviation: a discriminator that sees how varied its batch is."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Shape, Tensor

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="keras_gans")
class MinibatchStdDev(keras.layers.Layer):
    """Appends a channel that tells how much the examples of a group differ from each other.

    In each group of examples the standard deviation √(variance + 1e-8) of every feature at every
    position is averaged over positions and features, and the mean is appended as a constant channel
    to all examples of the group.

    Groups are dealt from the global batch, over all replicas, as cards are: of ⌊batch / group_size⌋
    groups (at least one), example i joins group i modulo their number. Each has `group_size`
    examples, and if the batch does not divide, some have more; a smaller batch is one group.

    Args:
        group_size: Positive integer, examples of a group, or `None` for the whole batch. Defaults
            to `4`, that of the paper's code.
        num_features: Positive integer, channels to append: each is the mean over one of
            `num_features` equal parts of the channels. Defaults to `1`, the paper's.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If an argument is not a positive integer, or the channels do not
            divide into `num_features` parts.

    Input shape: `(batch, …, channels)`.
    Output shape: `(batch, …, channels + num_features)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> images = keras.ops.reshape([-1.0, 1.0], (2, 1, 1, 1))
    >>> kg.layers.MinibatchStdDev()(images).numpy().tolist()
    [[[[-1.0, 1.0]]], [[[1.0, 1.0]]]]

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, section 3.
    """

    mixes_examples = True

    def __init__(self, group_size: int = 4, num_features: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        if group_size is not None:
            group_size = _checks.positive_int("group_size", group_size)
        self.group_size = group_size
        self.num_features = _checks.positive_int("num_features", num_features)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        if input_shape[-1] % self.num_features:
            raise ValueError(
                "`num_features` must divide the channels. Received: "
                f"num_features={self.num_features}, inputs of shape {tuple(input_shape)}"
            )

    def call(self, inputs: Tensor) -> Tensor:
        batch = _replicas.gather(at_least_float32(inputs))
        size = ops.shape(batch)[0]
        groups = 1 if self.group_size is None else _at_least_one(size // self.group_size)
        stddev = ops.sqrt(_variances(ops.reshape(batch, (size, -1)), groups) + _EPSILON)

        part = inputs.shape[-1] // self.num_features
        stddev = ops.reshape(stddev, (groups, -1, self.num_features, part))
        of_examples = ops.take(ops.mean(stddev, axis=(1, 3)), ops.arange(size) % groups, axis=0)
        own = _replicas.own_part(of_examples, inputs)
        own = ops.reshape(own, (-1, *[1] * (len(inputs.shape) - 2), self.num_features))
        # A sum, as TensorFlow does not know the shapes in the gradient of a broadcast.
        channels = own + ops.zeros((*ops.shape(inputs)[:-1], self.num_features), own.dtype)
        return ops.concatenate([inputs, ops.cast(channels, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], input_shape[-1] + self.num_features)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "num_features": self.num_features,
        }


def _at_least_one(groups):
    """An integer where the size of the batch is known, so that all shapes are."""
    return max(groups, 1) if isinstance(groups, int) else ops.maximum(groups, 1)


def _variances(features, groups):
    """Variances within each group, `(groups, features)`, where example i is in i modulo groups.

    The examples are laid out in rows of one for each group; the last row may have gaps.
    """
    size = ops.shape(features)[0]
    gaps = -size % groups

    def rows(x):
        return ops.reshape(tf.pad(x, [[0, gaps], [0, 0]]), (-1, groups, ops.shape(x)[1]))

    present = rows(ops.ones((size, 1), features.dtype))
    count = ops.sum(present, axis=0)
    mean = ops.sum(rows(features), axis=0) / count
    return ops.sum(present * ops.square(rows(features) - mean), axis=0) / count
