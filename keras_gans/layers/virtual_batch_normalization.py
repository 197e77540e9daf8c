"""Virtual batch normalization: each example is normalized with a reference batch, not its own."""

import numbers

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import ArrayLike, Config, Initializer, Shape, Tensor
from keras_gans.layers.reference_batch import ReferenceBatch


@keras.saving.register_keras_serializable(package="keras_gans")
class VirtualBatchNormalization(ReferenceBatch):
    """Normalizes each example by statistics of a fixed reference batch and of itself.

    With N reference examples and w = 1/(N + 1), for each example and channel

        mean = w·x̄ + (1 − w)·mean_ref
        variance = w·E[x²] + (1 − w)·E[x²]_ref − mean²
        output = γ·(x − mean)/√(variance + epsilon) + β

    where x̄ and E[x²] average over the example's own positions. An example's output does not depend
    on the other examples of its batch, in training as in inference, nor on other replicas.

    Args:
        reference_batch: One of

            - an array `(N, …)` of reference activations at this layer's input, kept as a
              non-trainable weight and saved with the model, whose configuration keeps its shape;
            - a positive integer N: the first N examples of every input are the reference batch.
              They are normalized by their own statistics, as batch normalization would. This is how
              a reference batch passes through every layer of a network; see `PrependReference` and
              `keras_gans.networks.virtual_batch_normalization`.
        epsilon: Float > 0, added to the variance. Defaults to `1e-5`.
        center: Boolean, add β. Defaults to `True`.
        scale: Boolean, multiply by γ. Defaults to `True`.
        beta_initializer: Initializer of β. Defaults to `"zeros"`.
        gamma_initializer: Initializer of γ. Defaults to `"ones"`.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If an argument is out of range, or the reference examples have
            another shape than the inputs.

    Input shape: `(batch, …, channels)`.
    Output shape: the same.

    Example:

    >>> import keras, numpy as np, keras_gans as kg
    >>> normalize = kg.layers.VirtualBatchNormalization(np.array([[-1.0], [1.0]]))
    >>> normalize(keras.ops.array([[0.0], [0.0], [3.0]])).numpy().round(2)
    array([[0.  ],
           [0.  ],
           [1.22]], dtype=float32)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.4.
    """

    def __init__(
        self,
        reference_batch: ArrayLike,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Initializer = "zeros",
        gamma_initializer: Initializer = "ones",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.center = _checks.boolean("center", center)
        self.scale = _checks.boolean("scale", scale)
        self.beta_initializer = _checks.initializer("beta_initializer", beta_initializer)
        self.gamma_initializer = _checks.initializer("gamma_initializer", gamma_initializer)
        self.first_examples = self.mixes_examples = isinstance(reference_batch, numbers.Number)
        if self.first_examples:
            self.num_reference = _checks.positive_int("reference_batch", reference_batch)
        else:
            self.keep_reference(reference_batch)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        if not self.first_examples:
            self.check_fits(input_shape)
        weight = {"shape": (input_shape[-1],), "autocast": False}
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(initializer=self.gamma_initializer, name="gamma", **weight)
        if self.center:
            self.beta = self.add_weight(initializer=self.beta_initializer, name="beta", **weight)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Called as `BatchNormalization` is; `training` changes nothing, and masks are refused."""
        if mask is not None:
            raise ValueError("`mask` must be None: virtual batch normalization has no masks.")
        x = at_least_float32(inputs)
        if self.first_examples:
            reference, x = x[: self.num_reference], x[self.num_reference :]
        else:
            reference = at_least_float32(self.reference_batch)
        axes = list(range(1, len(inputs.shape) - 1))
        reference_moments = ops.moments(reference, [0, *axes], keepdims=True)
        outputs = self._normalize(x, *self._mixed_moments(x, axes, *reference_moments))
        if self.first_examples:
            outputs = ops.concatenate([self._normalize(reference, *reference_moments), outputs])
        return ops.cast(outputs, inputs.dtype)

    def _mixed_moments(self, x, axes, reference_mean, reference_variance):
        """Moments of the mixture of an example, of weight w, and the reference batch.

        Written without the difference of E[x²] and mean², which is the same but loses digits.
        """
        w = 1 / (self.num_reference + 1)
        own_mean = ops.mean(x, axis=axes, keepdims=True) if axes else x
        own_variance = ops.mean(ops.square(x - own_mean), axis=axes, keepdims=True) if axes else 0.0
        mean = w * own_mean + (1 - w) * reference_mean
        between = w * (1 - w) * ops.square(own_mean - reference_mean)
        return mean, w * own_variance + (1 - w) * reference_variance + between

    def _normalize(self, x, mean, variance):
        outputs = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if self.scale:
            outputs = outputs * self.gamma
        if self.center:
            outputs = outputs + self.beta
        return outputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        reference = {"reference_batch": self.num_reference} if self.first_examples else {}
        return {
            **super().get_config(),
            **reference,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }
