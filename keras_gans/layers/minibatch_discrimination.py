"""Minibatch discrimination: a discriminator that sees how alike the examples of a batch are."""

import keras
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._precision import at_least_float32


@keras.saving.register_keras_serializable(package="keras_gans")
class MinibatchDiscrimination(keras.layers.Layer):
    """Appends to each example how close it is to the other examples of the batch.

    A learnt tensor T maps the features xᵢ to a matrix Mᵢ = xᵢT with a row for each kernel, and

        o(xᵢ)ₖ = Σ_{j ≠ i} exp(−‖Mᵢₖ − Mⱼₖ‖₁)

    is appended to xᵢ. The sum is over the other examples of the global batch, on all replicas; for
    a batch of one it is zero. Memory grows as
    `local batch · global batch · num_kernels · kernel_dim`.

    Args:
        num_kernels: Positive integer, numbers appended to each example. Defaults to `100`, that of
            the paper's code.
        kernel_dim: Positive integer, length of the rows that are compared. Defaults to `5`, that of
            the paper's code.
        kernel_initializer: Initializer of T, a matrix `(features, num_kernels · kernel_dim)`.
            Defaults to `"glorot_uniform"`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or the inputs are not of rank 2.

    Input shape: `(batch, features)`.
    Output shape: `(batch, features + num_kernels)`; what is appended lies in [0, batch − 1].

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.MinibatchDiscrimination(num_kernels=3)(keras.ops.ones((4, 2))).numpy()[0].tolist()
    [1.0, 1.0, 3.0, 3.0, 3.0]

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.2.
    """

    def __init__(
        self, num_kernels=100, kernel_dim=5, kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.num_kernels = _checks.positive_int("num_kernels", num_kernels)
        self.kernel_dim = _checks.positive_int("kernel_dim", kernel_dim)
        self.kernel_initializer = _checks.initializer("kernel_initializer", kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.num_kernels * self.kernel_dim),
            initializer=self.kernel_initializer,
            autocast=False,
            name="kernel",
        )

    def call(self, inputs):
        rows = ops.matmul(at_least_float32(inputs), self.kernel)
        rows = ops.reshape(rows, (-1, self.num_kernels, self.kernel_dim))
        distances = ops.sum(ops.abs(rows[:, None] - _replicas.gather(rows)[None]), axis=-1)
        closeness = ops.sum(ops.exp(-distances), axis=1) - 1  # exp(0) of each example to itself
        return ops.concatenate([inputs, ops.cast(closeness, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] + self.num_kernels)

    def get_config(self):
        return {
            **super().get_config(),
            "num_kernels": self.num_kernels,
            "kernel_dim": self.kernel_dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
