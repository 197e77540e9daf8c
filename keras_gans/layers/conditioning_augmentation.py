"""Conditioning augmentation: a random vector around what a text means."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditioningAugmentation(keras.layers.Layer):
    """Draws a condition from N(μ(φ), diag σ(φ)²), a Gaussian that an embedding φ stands for.

    There are few texts beside the images that fit each. Conditions that lie around an embedding
    fill the space between, so that a generator learns more of them, and draws more for each:

        ĉ = μ(φ) + σ(φ) ∘ ε,   ε ~ N(0, I)

    μ and log σ are one dense layer with a leaky ReLU, as in the authors' code. ε is an input, a
    part of the generator's latents, so that the same latents give the same image.

    Args:
        units: Positive integer, size of the condition.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `units` is not a positive integer, or the noise has another size.

    Input shape: `[(batch, embedding_dim), (batch, units)]`, embeddings and noise.
    Output shape: `(batch, units)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> augmentation = kg.layers.ConditioningAugmentation(2)
    >>> embeddings = keras.ops.ones((3, 5))
    >>> augmentation([embeddings, keras.ops.zeros((3, 2))]).shape
    TensorShape([3, 2])
    >>> augmentation.divergence(embeddings).shape
    TensorShape([3])

    Reference:
        Zhang et al. 2017, StackGAN, section 3.2 and equation 2.
    """

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = _checks.positive_int("units", units)

    def build(self, input_shape: Sequence[Shape]) -> None:
        embeddings, noise = input_shape
        if noise[-1] != self.units:
            raise ValueError(
                f"`inputs` must be [embeddings, noise (batch, {self.units})]. "
                f"Received: noise of shape {tuple(noise)}"
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(embeddings[-1], 2 * self.units),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            autocast=False,
        )
        self.bias = self.add_weight(
            name="bias", shape=(2 * self.units,), initializer="zeros", autocast=False
        )

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        embeddings, noise = inputs
        mean, log_scale = self.parameters(embeddings)
        condition = mean + ops.exp(log_scale) * ops.cast(noise, mean.dtype)
        return ops.cast(condition, self.compute_dtype)

    def parameters(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ of embeddings, each `(batch, units)`, in float32 at least."""
        both = ops.matmul(ops.cast(embeddings, self.kernel.dtype), self.kernel) + self.bias
        mean, log_scale = ops.split(ops.maximum(both, 0.2 * both), 2, axis=-1)
        return mean, log_scale

    def divergence(self, embeddings: Tensor) -> Tensor:
        """Return KL(N(μ, diag σ²) ‖ N(0, I)) of each embedding, `(batch,)`, in float32 at least."""
        mean, log_scale = self.parameters(embeddings)
        variance = ops.exp(2.0 * log_scale)
        return 0.5 * ops.sum(mean**2 + variance - 1.0 - 2.0 * log_scale, axis=-1)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return (input_shape[0][0], self.units)

    def get_config(self) -> Config:
        return {**super().get_config(), "units": self.units}
