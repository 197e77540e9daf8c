"""Early, named errors for what a metric is fed."""

import tensorflow as tf


def check(condition, message):
    """Raise `ValueError` when eager; inside a graph the step fails with the same message."""
    if tf.executing_eagerly():
        if not bool(condition):
            raise ValueError(message)
    else:
        tf.debugging.Assert(condition, [message])


def as_tensor(name, values):
    """`values` as a tensor, or an error that names them."""
    try:
        return tf.convert_to_tensor(values)
    except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
        raise TypeError(
            f"`{name}` must be an array. Received: {name} of type {type(values).__name__}"
        ) from error


def as_numbers(name, values, layout):
    """`values` as a finite float64 tensor with the axes of `layout`, e.g. "batch, features"."""
    tensor = as_tensor(name, values)
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
        raise TypeError(
            f"`{name}` must be an array of numbers. Received: dtype {tensor.dtype.name}"
        )
    axes = layout.split(", ")
    if tensor.shape.rank != len(axes):
        raise ValueError(f"`{name}` must be of shape ({layout}). Received: shape {tensor.shape}")
    tensor = tf.cast(tensor, tf.float64)
    check(
        tf.reduce_all(tf.math.is_finite(tensor)),
        f"`{name}` must be finite. Received: values that are NaN or infinite",
    )
    return tensor
