"""Spectral normalization: a linear layer divided by its largest singular value."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._typing import Config, Shape, Tensor
from keras_gans.layers.kernels import as_matrix, output_axis


@keras.saving.register_keras_serializable(package="keras_gans")
class SpectralNormalization(keras.layers.Wrapper):
    """Divides the kernel W of a layer by its spectral norm σ(W), at every call.

    W is the kernel as a matrix with a column for each output channel. The layer is linear in its
    kernel, so W/σ is applied as the layer itself to inputs divided by σ: nothing is written to
    the kernel, and the bias is left alone. A call changes nothing: it is the same with
    `training=True` and `False`, on every replica, and in the phase that trains the other network.
    The gradient passes through σ: ∂σ/∂W = u vᵀ, the first singular vectors.

    By default u and v come from the eigenvectors of the smaller of WᵀW and WWᵀ, in float32 at
    least. That costs a number of operations cubic in its side: for one call on one CPU core, about
    3 milliseconds for 128 channels, 60 for 512 and 400 for 1024.

    With `power_iterations` they are approximated as in the paper. The layer keeps a vector v, the
    paper's ũ (whose W is this one transposed), which starts from N(0, I), and σ = ‖Wv‖ with
    u = Wv/σ. `before_update` moves it by so many power iterations, v ← Wᵀ(Wv)/‖Wᵀ(Wv)‖. The
    models of this package call it once in each update of the network that the layer is in; a
    training loop of another kind has to. v is saved with the layer.

    Args:
        layer: Layer that is linear in its `kernel`, with output channels on the last axis (`Dense`,
            convolutions, `UpsampleConv2D`) or on the last but one (transposed convolutions), or
            linear in its `embeddings` (`Embedding`, `LabelProjection`).
        epsilon: Float > 0, least value to divide by, for kernels that are zero. Defaults to `1e-4`.
        power_iterations: Positive integer, power iterations in each update; the paper's is `1`.
            Defaults to `None`: u and v are exact.
        **kwargs: Those of `keras.layers.Wrapper`.

    Raises:
        ValueError, TypeError: If `epsilon` is not a positive number, `power_iterations` no positive
            integer, or the layer has neither a `kernel` nor `embeddings`.

    Input and output shape: those of the layer.

    Example:

    >>> import keras, keras_gans as kg
    >>> dense = kg.layers.SpectralNormalization(keras.layers.Dense(1, kernel_initializer="ones"))
    >>> round(float(dense(keras.ops.array([[3.0, 3.0]]))[0, 0]) / 2**0.5, 4)
    3.0

    Reference:
        Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks, equations 8
        and 9, and Algorithm 1.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        epsilon: float = 1e-4,
        power_iterations: int | None = None,
        **kwargs,
    ) -> None:
        # No mixed policy of its own, under which Keras would show σ the kernel in half precision.
        super().__init__(layer, **{"dtype": getattr(layer, "variable_dtype", None), **kwargs})
        self.epsilon = _checks.real_number("epsilon", epsilon, low=0.0, low_open=True)
        self.power_iterations = _checks.optional_positive_int("power_iterations", power_iterations)
        self.autocast = False

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        weight = _weight(self.layer)
        if weight is None:
            raise ValueError(
                "`layer` must have a `kernel` or `embeddings`. Received: layer of type "
                f"{type(self.layer).__name__}"
            )
        if self.power_iterations is not None:
            self.v = self.add_weight(
                shape=(weight.shape[output_axis(self.layer)],),
                initializer=keras.initializers.RandomNormal(stddev=1.0),
                dtype=keras.backend.result_type(weight.dtype, "float32"),
                trainable=False,
                aggregation="only_first_replica",  # they all have the same weights
                name="v",
            )

    def call(self, inputs: Tensor, **kwargs) -> Tensor:
        sigma = ops.maximum(self.spectral_norm(), self.epsilon)
        if hasattr(self.layer, "kernel"):
            return self.layer(ops.cast(inputs, sigma.dtype) / sigma, **kwargs)
        outputs = self.layer(inputs, **kwargs)
        return ops.cast(ops.cast(outputs, sigma.dtype) / sigma, outputs.dtype)

    def spectral_norm(self) -> Tensor:
        """Return σ, differentiable: a scalar in float32, or float64 if the kernel is."""
        matrix = self._matrix()
        if self.power_iterations is None:
            return spectral_norm(matrix)
        return _stretch(matrix, _unit(ops.convert_to_tensor(self.v)))

    def before_update(self) -> None:
        """Move v towards the first singular vector of the kernel, if it is approximated.

        To be called once before each update of the kernel.
        """
        if self.power_iterations is not None:
            matrix, v = self._matrix(), ops.convert_to_tensor(self.v)
            for _ in range(self.power_iterations):
                u = _unit(ops.matmul(matrix, v))
                v = _unit(ops.matmul(ops.transpose(matrix), u))
            self.v.assign(ops.where(ops.any(v != 0), v, self.v))  # a kernel of zeros has no vectors

    def _matrix(self):
        return as_matrix(self.layer, _weight(self.layer))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, *args, **kwargs) -> keras.KerasTensor:
        return self.layer.compute_output_spec(*args, **kwargs)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "power_iterations": self.power_iterations,
        }


def spectral_norm(matrix):
    """Largest singular value σ = uᵀWv of a matrix W, whose gradient is u vᵀ."""
    if matrix.shape[0] < matrix.shape[1]:
        matrix = ops.transpose(matrix)
    constant = ops.stop_gradient(matrix)
    _, eigenvectors = ops.eigh(ops.matmul(ops.transpose(constant), constant))
    return _stretch(matrix, _unit(eigenvectors[:, -1]))


def _stretch(matrix, v):
    """How far a matrix W stretches a unit vector v: ‖Wv‖ = uᵀWv, whose gradient is u vᵀ."""
    v = ops.stop_gradient(v)
    u = ops.stop_gradient(_unit(ops.matmul(matrix, v)))
    return ops.sum(matrix * (u[:, None] * v))


def _weight(layer):
    return getattr(layer, "kernel", getattr(layer, "embeddings", None))


def _unit(vector):
    return vector / ops.maximum(ops.norm(vector), 1e-30)
