"""Precision: losses and penalties are computed in float32 at least, whatever the networks use."""

import keras
from keras import ops


def at_least_float32(x):
    """Cast half-precision tensors to float32, and leave wider ones alone."""
    x = ops.convert_to_tensor(x)
    return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))


def float_dtype():
    """Float32, or float64 where that is the float type of Keras."""
    return keras.backend.result_type("float32", keras.config.floatx())


def as_float(x):
    """Cast to `float_dtype()`, in which examples, logits and losses of a model meet."""
    return ops.cast(x, float_dtype())
