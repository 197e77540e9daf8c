"""What each example's class has learned: rows of a table by integer labels."""

import keras
import tensorflow as tf
from keras import ops


def rows_of(table, labels):
    """Return the row of `table`, `(num_classes, …)`, for each of the integer `labels`, `(batch,)`.

    Raises:
        TypeError: If the labels are not integers.
        ValueError: If they have more axes than one or, where their values can be seen, as in eager
            execution, one is out of range.
    """
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" not in dtype:
        raise TypeError(f"`labels` must be integers. Received: labels of dtype {dtype}")
    if len(labels.shape) != 1:
        raise ValueError(
            f"`labels` must have shape (batch,). Received: labels of shape {tuple(labels.shape)}"
        )
    if tf.executing_eagerly():
        _check_range(ops.convert_to_numpy(labels), table.shape[0])
    table = ops.reshape(table, table.shape)  # its gradient is dense, that of `take` alone sparse
    return ops.take(table, labels, axis=0)


def _check_range(labels, num_classes):
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"`labels` must lie in [0, {num_classes}), as `num_classes` says. Received: labels "
            f"between {labels.min()} and {labels.max()}"
        )
