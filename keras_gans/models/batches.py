"""Networks called on more examples than one call should take."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._precision import as_float
from keras_gans._typing import Tensor, Tensors


def in_batches(
    function: Callable[[Tensors], Tensor], inputs: Tensors, batch_size: int
) -> np.ndarray:
    """Call a network, or a function, on parts of its inputs.

    Args:
        function: Function of tensors with a batch axis, to one tensor.
        inputs: Array, or list of arrays, `(num, …)`.
        batch_size: Positive integer, examples of one call.

    Returns:
        Its outputs as one array `(num, …)`, float32 (float64 if that is Keras's `floatx`).
    """
    num, batch_size = (
        len(tf.nest.flatten(inputs)[0]),
        _checks.positive_int("batch_size", batch_size),
    )
    outputs = [
        function(tf.nest.map_structure(lambda x, i=i: x[i : i + batch_size], inputs))
        for i in range(0, num, batch_size)
    ]
    return np.concatenate([ops.convert_to_numpy(as_float(x)) for x in outputs])
