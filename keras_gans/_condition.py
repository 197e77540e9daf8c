"""What is computed under a condition alone, its gradient included."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_gans._typing import Tensor


def value_if(
    condition: Tensor, function: Callable[[], Tensor], sources: Any, dtype: str = "float32"
) -> Tensor:
    """Return the scalar that `function` computes where a condition holds, and otherwise zero.

    Its gradient by the sources is computed in the same branch. TensorFlow's gradient of a condition
    has a condition of its own, which takes what the function has computed on its way, and zeros
    where it has not: XLA fails where these are the axes of a transposition, and the gradient of an
    embedding has no static shape, which TPUs want.

    Args:
        condition: Boolean scalar.
        function: Function of no arguments that returns a float scalar. In graphs it is traced once.
        sources: Variables and tensors in any structure, that the value is differentiated by.
        dtype: That of the value. Defaults to `"float32"`.
    """
    if tf.executing_eagerly():
        return function() if condition else tf.zeros((), dtype)
    sources = [source for source in tf.nest.flatten(sources) if source.dtype.is_floating]
    used = []

    def value_and_gradients():
        nonlocal used
        with tf.GradientTape() as tape:
            tape.watch(sources)
            value = function()
        gradients = tape.gradient(value, sources)
        used = [i for i, gradient in enumerate(gradients) if gradient is not None]
        return value, [tf.reshape(gradients[i], tf.shape(sources[i])) for i in used]

    def zeros():
        return tf.zeros((), dtype), [tf.zeros_like(sources[i]) for i in used]

    value, gradients = tf.cond(condition, value_and_gradients, zeros)

    @tf.custom_gradient
    def differentiable(*_):
        return tf.identity(value), lambda upstream: [
            tf.cast(upstream, gradient.dtype) * gradient for gradient in gradients
        ]

    return differentiable(*(sources[i] for i in used))
