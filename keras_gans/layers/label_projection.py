"""The term of a projection discriminator that depends on the label."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Initializer, Shape, Tensor
from keras_gans.layers.class_lookup import rows_of


@keras.saving.register_keras_serializable(package="keras_gans")
class LabelProjection(keras.layers.Layer):
    """Inner product ⟨v_y, φ(x)⟩ of an example's features and its class's embedding.

    A projection discriminator adds it to the logit that does not look at the label:
    D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩. The layer is called on `[features, labels]`.

    Args:
        num_classes: Positive integer; labels lie in [0, num_classes).
        embeddings_initializer: Initializer of the embeddings `(num_classes, features)`. Defaults to
            `"glorot_uniform"`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `num_classes` is not a positive integer, the features are not of
            rank 2, labels are not integers of shape `(batch,)` or, in eager execution, a label is
            out of range.

    Input shape: `[(batch, features), (batch,)]`.
    Output shape: `(batch, 1)`, in float32 also under mixed precision, as all logits.

    Example:

    >>> import keras, keras_gans as kg
    >>> features, labels = keras.ops.ones((2, 8)), keras.ops.array([0, 2])
    >>> kg.layers.LabelProjection(3)([features, labels]).shape
    TensorShape([2, 1])

    Reference:
        Miyato and Koyama 2018, cGANs with Projection Discriminator, equation 3.
    """

    def __init__(
        self, num_classes: int, embeddings_initializer: Initializer = "glorot_uniform", **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = _checks.positive_int("num_classes", num_classes)
        self.embeddings_initializer = _checks.initializer(
            "embeddings_initializer", embeddings_initializer
        )
        self.input_spec = [keras.layers.InputSpec(ndim=2), keras.layers.InputSpec(ndim=1)]

    def build(self, input_shape: Sequence[Shape]) -> None:
        features, _ = input_shape
        self.embeddings = self.add_weight(
            shape=(self.num_classes, features[-1]),
            initializer=self.embeddings_initializer,
            autocast=False,
            name="embeddings",
        )

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        features, labels = inputs
        products = at_least_float32(features) * rows_of(self.embeddings, labels)
        return ops.sum(products, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return (input_shape[0][0], 1)

    def compute_output_spec(self, inputs: Sequence[Tensor]) -> keras.KerasTensor:
        shape = self.compute_output_shape([x.shape for x in inputs])
        return keras.KerasTensor(shape, dtype=self.variable_dtype)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
        }
