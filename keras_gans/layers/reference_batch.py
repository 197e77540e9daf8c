"""A reference batch that travels through a network in front of the batch."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Config, Shape, Tensor


class ReferenceBatch(keras.layers.Layer):
    """Base class of layers that keep a reference batch as a non-trainable weight.

    The configuration keeps its shape only: its values are saved and loaded with the weights.
    """

    reference_batch: Any = None

    def keep_reference(self, reference_batch: ArrayLike) -> None:
        values = _checks.finite("reference_batch", reference_batch, self.variable_dtype)
        if values.ndim < 2 or not len(values):
            raise ValueError(
                "`reference_batch` must be an array of numbers (num_reference, …) with at least "
                f"one example. Received: an array of shape {values.shape}"
            )
        self.num_reference = len(values)
        self.reference_batch = self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype),
            trainable=False,
            autocast=False,
            name="reference_batch",
        )

    def check_fits(self, input_shape: Shape) -> None:
        shape = tuple(self.reference_batch.shape[1:])
        if len(shape) != len(input_shape) - 1 or any(
            a not in (None, b) for a, b in zip(input_shape[1:], shape, strict=True)
        ):
            raise ValueError(
                f"`reference_batch` holds examples of shape {shape}, which the inputs must have, "
                f"too. Received: inputs of shape {tuple(input_shape)}"
            )

    def get_config(self) -> Config:
        config = super().get_config()
        if self.reference_batch is not None:
            config["reference_shape"] = tuple(self.reference_batch.shape)
        return config

    @classmethod
    def from_config(cls, config: Config) -> "ReferenceBatch":
        config = dict(config)
        shape = config.pop("reference_shape", None)
        if shape is not None:
            config["reference_batch"] = np.zeros(shape, "float32")
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_gans")
class PrependReference(ReferenceBatch):
    """Puts a reference batch in front of every batch.

    After it, layers such as `VirtualBatchNormalization(num_reference)` find the reference examples
    at the head of the batch, as the layers before them made them. `DropReference` removes them.

    Args:
        reference_batch: Array of numbers `(num_reference, …)`, examples like the inputs'. Kept as
            a non-trainable weight and saved with the model; the configuration keeps its shape only.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: If the reference batch is empty or not finite, or its examples have another
            shape than the inputs'.

    Input shape: `(batch, …)`.
    Output shape: `(num_reference + batch, …)`: under a distribution strategy, on every replica.

    Example:

    >>> import keras, numpy as np, keras_gans as kg
    >>> kg.layers.PrependReference(np.zeros((3, 2)))(keras.ops.ones((4, 2))).shape
    TensorShape([7, 2])

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.4.
    """

    def __init__(self, reference_batch: ArrayLike, **kwargs) -> None:
        super().__init__(**kwargs)
        self.keep_reference(reference_batch)

    def build(self, input_shape: Shape) -> None:
        self.check_fits(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.concatenate([ops.cast(self.reference_batch, inputs.dtype), inputs])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *example = input_shape
        return (None if batch is None else batch + self.num_reference, *example)


@keras.saving.register_keras_serializable(package="keras_gans")
class DropReference(keras.layers.Layer):
    """Removes the reference examples from the head of the batch, where `PrependReference` put them.

    Args:
        num_reference: Positive integer, how many they are.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `num_reference` is not a positive integer.

    Input shape: `(num_reference + batch, …)`.
    Output shape: `(batch, …)`.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.layers.DropReference(3)(keras.ops.ones((7, 2))).shape
    TensorShape([4, 2])
    """

    mixes_examples = True  # where they are in a batch matters

    def __init__(self, num_reference: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_reference = _checks.positive_int("num_reference", num_reference)

    def call(self, inputs: Tensor) -> Tensor:
        return inputs[self.num_reference :]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *example = input_shape
        return (None if batch is None else max(batch - self.num_reference, 0), *example)

    def get_config(self) -> Config:
        return {**super().get_config(), "num_reference": self.num_reference}
