"""Penalties on the gradient of a network with respect to its input, and on kernels.

Those of a discriminator take it as a function of examples alone, so that labels or a
training flag are bound by the caller. All are computed in float32 at least, whatever the precision
of the networks.

D(x) is the mean of a discriminator's logits for x, as in the losses: one that judges patches is
penalized as the function that the losses see, whatever the number of patches.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._precision import at_least_float32
from keras_gans._typing import ArrayLike, Critic, Tensor

__all__ = ["gradient_penalty", "orthogonal_penalty", "path_lengths", "r1_penalty"]


def gradient_penalty(
    critic: Critic,
    real: ArrayLike,
    fake: ArrayLike,
    target: float = 1.0,
    one_sided: bool = False,
    alpha: ArrayLike | None = None,
) -> Tensor:
    """Penalize the critic's gradient norm along the lines between real and fake examples.

    For x̂ᵢ = αᵢ xᵢ + (1 − αᵢ) G(z)ᵢ this is the mean over i of (‖∇D(x̂ᵢ)‖₂ − target)², each
    sample's own norm over all its axes; one-sided, only norms above the target are penalized.

    Args:
        critic: Function from examples `(batch, …)` to logits `(batch, …)`. One sample's logits must
            depend on that sample only: no batch normalization.
        real: Real examples, float tensor `(batch, …)`.
        fake: Generated examples, of the same shape.
        target: Float, the norm asked for. Defaults to `1.0`.
        one_sided: Boolean, penalize max(0, ‖∇D‖ − target)² instead. Defaults to `False`.
        alpha: Mixing coefficients in [0, 1], tensor `(batch,)`: one a sample. Defaults to a
            draw from U(0, 1).

    Returns:
        Scalar tensor, float32 (float64 for float64 examples); NaN or infinite where a gradient is,
        as with examples that are not finite.

    Raises:
        ValueError, TypeError: If examples are not floats or differ in shape, `alpha` is not one
            number for each, or another argument is of another kind.

    Example:

    >>> import keras
    >>> from keras_gans import penalties
    >>> x = keras.ops.ones((4, 2))
    >>> float(penalties.gradient_penalty(lambda x: 3 * x[:, 0], x, -x))
    4.0

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, equation 3.
    """
    target = _checks.real_number("target", target)
    one_sided = _checks.boolean("one_sided", one_sided)
    real, fake = _examples("real", real), _examples("fake", fake)
    if not real.shape.is_compatible_with(fake.shape):
        raise ValueError(
            f"`fake` must have the shape of `real`, {real.shape}. Received: shape {fake.shape}"
        )
    dtype = keras.backend.result_type(real.dtype, fake.dtype, "float32")
    real, fake = ops.cast(real, dtype), ops.cast(fake, dtype)
    alpha = None if alpha is None else _examples("alpha", alpha)
    if alpha is None:
        alpha = keras.random.uniform((ops.shape(real)[0],), dtype=dtype)
    elif not alpha.shape.is_compatible_with(real.shape[:1]):
        raise ValueError(
            "`alpha` must be one number for each example. "
            f"Received: shape {alpha.shape} for {real.shape[0]} examples"
        )
    alpha = ops.reshape(ops.cast(alpha, dtype), (-1,) + (1,) * (len(real.shape) - 1))
    gradients = input_gradients(critic, fake + alpha * (real - fake))
    excess = gradient_norms(gradients) - target
    if one_sided:
        excess = ops.relu(excess)
    return ops.mean(ops.square(excess))


def r1_penalty(discriminator: Critic, real: ArrayLike) -> Tensor:
    """Penalize the squared norm of the discriminator's gradient at real examples: E ‖∇D(x)‖²/2.

    Args:
        discriminator: Function from examples `(batch, …)` to logits `(batch, …)`.
        real: Real examples, float tensor `(batch, …)`.

    Returns:
        Scalar tensor, float32 (float64 for float64 examples); NaN or infinite where a gradient is,
        as with examples that are not finite. Weight it by the paper's γ.

    Raises:
        ValueError, TypeError: If examples are not floats, or `discriminator` is not a function.

    Example:

    >>> import keras
    >>> from keras_gans import penalties
    >>> float(penalties.r1_penalty(lambda x: 3 * x[:, 0], keras.ops.ones((4, 2))))
    4.5

    Reference:
        Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, equation 9.
    """
    gradients = input_gradients(discriminator, _examples("real", real))
    return 0.5 * ops.mean(squared_gradient_norms(gradients))


def path_lengths(
    synthesis: Callable[[Tensor], Tensor], codes: ArrayLike, noise: ArrayLike | None = None
) -> Tensor:
    """Measure how far images move with their codes, along a random direction of images: ‖Jᵀy‖₂.

    J is the Jacobian of the image by its code, and y ~ N(0, I) / √(number of positions). For codes
    of several styles, `(batch, styles, code_dim)`, it is √(mean over styles of ‖(Jᵀy)_style‖²).
    The path length penalty is the mean of (‖Jᵀy‖₂ − a)², with a a moving mean of the lengths.

    Args:
        synthesis: Function from codes to images `(batch, …, channels)`. One image must depend on
            its own code only: no batch normalization.
        codes: Float tensor `(batch, code_dim)`, or `(batch, styles, code_dim)`, or of more axes,
            such as maps of noise, which are all of one code.
        noise: The noise y√(number of positions), of the shape of the images. Defaults to a draw
            from N(0, I).

    Returns:
        Tensor `(batch,)`, float32 (float64 for float64 codes).

    Raises:
        ValueError, TypeError: If codes are not floats, or `synthesis` is not a function.

    Example:

    >>> import keras
    >>> from keras_gans import penalties
    >>> codes, noise = keras.ops.zeros((1, 2)), keras.ops.ones((1, 3))
    >>> kernel = keras.ops.array([[1.0, 1.0, 1.0], [0.0, 0.0, 4.0]])
    >>> penalties.path_lengths(lambda w: keras.ops.matmul(w, kernel), codes, noise).numpy().tolist()
    [5.0]

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, equation 4; the
        authors' code: the mean over styles.
    """
    codes = at_least_float32(_examples("codes", codes, "(batch, …, code_dim)", rank=2))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(codes)
        images = at_least_float32(_checks.function("synthesis", synthesis)(codes))
        if noise is None:
            noise = keras.random.normal(ops.shape(images), dtype=images.dtype)
        positions = ops.prod(ops.cast(ops.shape(images)[1:-1], images.dtype))
        moved = ops.sum(images * ops.cast(noise, images.dtype)) / ops.sqrt(positions)
    gradients = tape.gradient(moved, codes, unconnected_gradients="zero")
    styles = codes.shape[1] if len(codes.shape) == 3 else 1
    squares = ops.sum(ops.square(gradients), axis=tuple(range(1, len(codes.shape))))
    return _root(squares / styles)


def orthogonal_penalty(kernel: ArrayLike) -> Tensor:
    """Penalize the cosines between a layer's filters, and leave their lengths alone.

    With the kernel as a matrix W that has a column for each filter, this is the modified orthogonal
    regularization of BigGAN: ‖WᵀW ⊙ (1 − I)‖²_F, with the gradient 4 W (WᵀW ⊙ (1 − I)).

    Args:
        kernel: Float array or tensor `(…, filters)` of at least two axes.

    Returns:
        Scalar tensor, float32 (float64 for float64 kernels); NaN or infinite where the kernel is.
        Weight it by the paper's β.

    Raises:
        ValueError, TypeError: If `kernel` does not hold floats, or has fewer axes.

    Example:

    >>> from keras_gans import penalties
    >>> float(penalties.orthogonal_penalty([[1.0, 2.0], [0.0, 3.0]]))
    8.0

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
        equation 3.
    """
    kernel = at_least_float32(_examples("kernel", kernel, "(…, filters)", rank=2))
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    rows, columns = matrix.shape
    if columns <= rows:
        products = ops.matmul(ops.transpose(matrix), matrix)
        return ops.sum(ops.square(products * (1 - ops.eye(columns, dtype=matrix.dtype))))
    # ‖WᵀW‖ = ‖WWᵀ‖, which is the smaller matrix here, and the diagonal of WᵀW is known.
    squares = ops.sum(ops.square(matrix), axis=0)
    products = ops.matmul(matrix, ops.transpose(matrix))
    return ops.sum(ops.square(products)) - ops.sum(ops.square(squares))


def _examples(name, examples, shape="(batch, …)", rank=1):
    """Return floats of at least so many axes as a tensor, or say why they are none."""
    if not isinstance(examples, (tf.Tensor, tf.Variable)):
        examples = _checks.array(name, examples)
    examples = tf.convert_to_tensor(examples)
    if not examples.dtype.is_floating or examples.shape.rank < rank:
        raise ValueError(
            f"`{name}` must hold floats of shape {shape}. "
            f"Received: shape {examples.shape} and dtype {examples.dtype.name}"
        )
    return examples


def input_gradients(critic: Critic, examples: Tensor) -> Tensor:
    """Return ∇D at each example, as a row: the gradient of its mean logit with respect to it.

    Examples that the critic judges together, as they have one logit, are one row.
    """
    return logits_and_gradients(critic, examples)[1]


def logits_and_gradients(critic: Critic, examples: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits, and what `input_gradients` does, of one call of the critic."""
    examples = at_least_float32(examples)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(examples)
        logits = _checks.function("critic", critic)(examples)
        if not tf.is_tensor(logits):
            raise TypeError(f"`critic` must return logits. Received: {type(logits).__name__}")
        means = ops.mean(at_least_float32(logits), axis=tuple(range(1, len(logits.shape))))
    gradients = tape.gradient(means, examples, unconnected_gradients="zero")
    return logits, ops.reshape(gradients, (ops.shape(logits)[0], -1))


def squared_gradient_norms(gradients: Tensor) -> Tensor:
    """Return ‖gᵢ‖² of each sample's gradient, over all axes but the first."""
    return ops.sum(ops.square(gradients), axis=tuple(range(1, len(gradients.shape))))


def gradient_norms(gradients: Tensor) -> Tensor:
    """Return ‖gᵢ‖ of each sample's gradient, with a finite derivative (zero) at zero."""
    return _root(squared_gradient_norms(gradients))


def _root(squares):
    """√x, with a finite derivative (zero) at zero."""
    positive = squares > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, squares, 1)), 0)


def refuse_batch_normalization(name: str, network: keras.Model) -> None:
    """Refuse a network, under a gradient penalty, that normalizes batches."""
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            raise ValueError(
                f"`{name}` must not use batch normalization: the gradient penalty is about each "
                "sample's own gradient, and batch normalization makes it depend on the other "
                "samples. Use normalization='layer', 'instance' or None. "
                f"Received: the layer {layer.name!r}"
            )
