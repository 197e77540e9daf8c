"""Precision: losses and penalties are computed in float32 at least, whatever the networks use."""

import keras
from keras import ops


def at_least_float32(x):
    """Cast half-precision tensors to float32, and leave wider ones alone."""
    x = ops.convert_to_tensor(x)
    return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
