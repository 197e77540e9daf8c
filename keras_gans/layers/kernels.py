"""The kernels of linear layers."""

import keras
from keras import ops

from keras_gans._precision import at_least_float32

_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


def output_axis(layer):
    """The axis of a layer's kernel, counted from its end, that its output units are on."""
    return -2 if isinstance(layer, _TRANSPOSED) else -1


def as_matrix(layer, weight):
    """A layer's kernel, or a table of embeddings, as a matrix with a column for each output unit.

    It is of float32 at least.
    """
    weight = at_least_float32(weight)
    if output_axis(layer) == -2:
        weight = ops.swapaxes(weight, -1, -2)
    return ops.reshape(weight, (-1, weight.shape[-1]))
