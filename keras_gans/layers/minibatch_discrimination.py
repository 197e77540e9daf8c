"""Minibatch discrimination: a discriminator that sees how alike the examples of a batch are."""

import keras
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._precision import at_least_float32
from keras_gans._typing import ArrayLike, Config, Initializer, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class MinibatchDiscrimination(keras.layers.Layer):
    """Appends to each example how close it is to the other examples of the batch.

    A learned tensor T maps the features xᵢ to a matrix Mᵢ = xᵢT with a row for each kernel, and

        o(xᵢ)ₖ = Σ_{j ≠ i} exp(−‖Mᵢₖ − Mⱼₖ‖₁) + bₖ

    is appended to xᵢ. The sum is over the other examples of the global batch, on all replicas; for
    a batch of one it is zero. The bias b starts at zero. Memory grows as
    `local batch · global batch · num_kernels · kernel_dim`.

    With a random T and large batches the sums are large numbers beside other features: up to
    batch − 1, in every example. They saturate the logits before the discriminator has learned
    anything, and a minimax generator gets no gradient. The authors' code sets the scale of T and b
    from data, and so does `keras_gans.networks.data_dependent_initialization`; there T is also
    weight-normalized.

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
    Output shape: `(batch, features + num_kernels)`; what is appended lies in [0, batch − 1] + b.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.MinibatchDiscrimination(num_kernels=3)(keras.ops.ones((4, 2))).numpy()[0].tolist()
    [1.0, 1.0, 3.0, 3.0, 3.0]

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.2; the bias is that
        of the authors' code.
    """

    mixes_examples = True

    def __init__(
        self,
        num_kernels: int = 100,
        kernel_dim: int = 5,
        kernel_initializer: Initializer = "glorot_uniform",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.num_kernels = _checks.positive_int("num_kernels", num_kernels)
        self.kernel_dim = _checks.positive_int("kernel_dim", kernel_dim)
        self.kernel_initializer = _checks.initializer("kernel_initializer", kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape: Shape) -> None:
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.num_kernels * self.kernel_dim),
            initializer=self.kernel_initializer,
            autocast=False,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(self.num_kernels,), initializer="zeros", autocast=False, name="bias"
        )

    def call(self, inputs: Tensor) -> Tensor:
        closeness = self.closeness(inputs) + self.bias
        return ops.concatenate([inputs, ops.cast(closeness, inputs.dtype)], axis=-1)

    def closeness(self, inputs: Tensor) -> Tensor:
        """Return the sums over the other examples, `(batch, num_kernels)`."""
        return ops.sum(ops.exp(-self.distances(inputs)), axis=1) - 1  # exp(0) is to itself

    def distances(self, inputs: Tensor) -> Tensor:
        """Return ‖Mᵢₖ − Mⱼₖ‖₁, `(batch, global batch, num_kernels)`."""
        rows = ops.matmul(at_least_float32(inputs), self.kernel)
        rows = ops.reshape(rows, (-1, self.num_kernels, self.kernel_dim))
        return ops.sum(ops.abs(rows[:, None] - _replicas.gather(rows)[None]), axis=-1)

    def initialize(self, inputs: ArrayLike) -> Tensor:
        """Set the scale of T and the bias from data, as the authors' code does.

        In each kernel the distance of an example to its nearest one is then 2 in the mean, and the
        mean of what is appended is 0. A kernel in which all are equal keeps its scale.

        Args:
            inputs: Array or tensor `(num, features)`, best a mini-batch as in training.

        Returns:
            The outputs with the new weights.
        """
        inputs = ops.convert_to_tensor(inputs, dtype=self.variable_dtype)
        if not self.built:
            self.build(inputs.shape)
        own = 1e6 * ops.eye(inputs.shape[0], dtype=inputs.dtype)[..., None]
        nearest = ops.mean(ops.min(self.distances(inputs) + own, axis=1), axis=0)
        is_scale = (nearest > 0) & (nearest < 1e6)  # none where all are equal, or there is but one
        scale = ops.where(is_scale, 2 / ops.where(is_scale, nearest, 1.0), 1.0)
        self.kernel.assign(self.kernel * ops.repeat(scale, self.kernel_dim))
        self.bias.assign(-ops.mean(self.closeness(inputs), axis=0))
        return self(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], input_shape[1] + self.num_kernels)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_kernels": self.num_kernels,
            "kernel_dim": self.kernel_dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
