"""The kernels of linear layers."""

import keras

_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


def output_axis(layer):
    """The axis of a layer's kernel, counted from its end, that its output units are on."""
    return -2 if isinstance(layer, _TRANSPOSED) else -1
