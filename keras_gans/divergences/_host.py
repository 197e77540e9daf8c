"""Algorithms that run in NumPy, called on tensors."""

import tensorflow as tf


def on_host(function, inputs, dtypes):
    """`function(*arrays)` as tensors of `dtypes`; inside a `tf.function`, when the graph runs.

    Eagerly the function is called directly, so its exceptions arrive as they were raised.
    """
    if any(tf.is_symbolic_tensor(x) for x in inputs if tf.is_tensor(x)):
        return tf.numpy_function(function, inputs, dtypes, stateful=False)
    results = function(*(x.numpy() if tf.is_tensor(x) else x for x in inputs))
    return tf.nest.map_structure(lambda x, dtype: tf.convert_to_tensor(x, dtype), results, dtypes)
