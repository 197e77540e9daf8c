"""Maximum mean discrepancy: the distance between mean embeddings in a kernel's feature space."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Seed, Tensor
from keras_gans.divergences import _inputs

KERNELS = ("rbf", "polynomial")
_ROUNDING = 1e-12


def maximum_mean_discrepancy(
    x: ArrayLike,
    y: ArrayLike,
    kernel: str | Callable[[Tensor, Tensor], Tensor] = "rbf",
    *,
    bandwidth: str | ArrayLike = "median",
    degree: int = 3,
    scale: float | None = None,
    offset: float = 1.0,
    unbiased: bool = True,
    num_permutations: int = 0,
    seed: Seed = None,
) -> Tensor | Any:
    """Squared maximum mean discrepancy, MMD² = E k(X, X′) − 2 E k(X, Y) + E k(Y, Y′).

    Args:
        x: Cloud `(..., n, d)` or `(n,)`, n ≥ 2.
        y: Cloud `(..., m, d)` or `(m,)`, m ≥ 2; leading axes broadcast.
        kernel: `"rbf"`, exp(−‖x − y‖² / 2σ²); `"polynomial"`, (scale · x·y + offset)^degree; or a
            function of two clouds that returns the matrix `(..., n, m)` of a positive definite
            kernel.
        bandwidth: σ of `"rbf"`, in the units of the samples: a positive number; several, for the
            mean of their kernels; or `"median"`, the median distance between two different points
            of both clouds together, held constant to differentiation. Defaults to `"median"`.
        degree: Of `"polynomial"`. Defaults to 3, the choice of the Kernel Inception Distance.
        scale: Of `"polynomial"`. Defaults to 1/d.
        offset: Of `"polynomial"`. Defaults to 1.
        unbiased: Whether to leave out the pairs of a sample with itself. The unbiased estimate has
            mean 0 for equal distributions, and so falls below 0 half the time; the biased one is
            non-negative. Defaults to True.
        num_permutations: If positive, a permutation test with that many random relabelings.
        seed: Integer, `keras.random.SeedGenerator` or None, for the permutations.

    Returns:
        Float64 tensor of the leading axes' shape, in units of the kernel. With `num_permutations`
        the pair `(value, p_value)`: the p-value, in (0, 1], is the probability that the samples
        differ at least as much if both come from one distribution.
        Differentiable in `x` and `y`; works in a `tf.function`. Needs O((n + m)²) memory.

    Raises:
        ValueError: If the clouds differ in dimension, have fewer than 2 samples or are not finite,
            or `bandwidth` is not positive.

    Example:

    >>> import numpy as np
    >>> from keras_gans.divergences import maximum_mean_discrepancy
    >>> x, y = np.random.default_rng(0).normal(size=(2, 100, 3))
    >>> _, same = maximum_mean_discrepancy(x, y, num_permutations=200, seed=0)
    >>> _, shifted = maximum_mean_discrepancy(x, y + 1, num_permutations=200, seed=0)
    >>> print(bool(same > 0.05), bool(shifted < 0.01))
    True True

    Reference:
        Gretton et al. 2012, "A kernel two-sample test", lemma 6, eqs. (3) and (5);
        Bińkowski et al. 2018, "Demystifying MMD GANs", for the polynomial kernel.
    """
    x, y = _inputs.clouds(x, y, min_samples=2, batched=True)
    num_permutations = _checks.positive_int("num_permutations", num_permutations, minimum=0)
    unbiased = _checks.boolean("unbiased", unbiased)
    x, y = _same_batch(x, y)
    points = tf.concat([x, y], -2)
    if isinstance(kernel, str) and kernel == "rbf":
        gram = _rbf(points, bandwidth)
    elif isinstance(kernel, str) and kernel == "polynomial":
        gram = _polynomial(points, degree, scale, offset)
    elif callable(kernel):
        gram = tf.cast(kernel(points, points), tf.float64)
    else:
        raise _inputs.error("kernel", "'rbf', 'polynomial' or a function of two clouds", kernel)
    if unbiased:
        gram -= tf.linalg.diag(tf.linalg.diag_part(gram))
    n, m = (tf.cast(tf.shape(cloud)[-2], tf.float64) for cloud in (x, y))
    in_x = tf.concat([tf.ones((1, tf.shape(x)[-2])), tf.zeros((1, tf.shape(y)[-2]))], -1)
    in_x = tf.cast(in_x, tf.float64)
    value = _discrepancy(gram, in_x, n, m, unbiased)[..., 0]
    if not num_permutations:
        return value
    keys = keras.random.uniform((num_permutations, tf.shape(points)[-2]), seed=seed)
    relabeled = tf.gather(in_x[0], tf.argsort(keys, axis=-1))
    permuted = _discrepancy(tf.stop_gradient(gram), relabeled, n, m, unbiased)
    # A relabeling that only renames the points may differ by rounding.
    rounding = _ROUNDING * tf.reduce_max(tf.abs(gram), axis=(-2, -1))
    reached = permuted >= (value - rounding)[..., tf.newaxis]
    at_least = tf.reduce_sum(tf.cast(reached, tf.float64), -1)
    return value, (1 + at_least) / (1 + num_permutations)


def _discrepancy(gram, in_x, n, m, unbiased):
    """MMD² for each of the labelings `in_x` `(k, n + m)` of the points: `(..., k)`."""
    in_y = 1 - in_x
    to_x, to_y = tf.matmul(in_x, gram), tf.matmul(in_y, gram)
    within_x = tf.reduce_sum(to_x * in_x, -1) / (n * (n - 1) if unbiased else n * n)
    within_y = tf.reduce_sum(to_y * in_y, -1) / (m * (m - 1) if unbiased else m * m)
    return within_x + within_y - 2 * tf.reduce_sum(to_x * in_y, -1) / (n * m)


def _same_batch(x, y):
    if x.shape[:-2] == y.shape[:-2]:
        return x, y
    try:
        tf.broadcast_static_shape(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise _inputs.error("y", f"of leading axes that broadcast with {x.shape[:-2]}", y) from None
    batch = tf.broadcast_dynamic_shape(tf.shape(x)[:-2], tf.shape(y)[:-2])
    return tuple(tf.broadcast_to(c, tf.concat([batch, tf.shape(c)[-2:]], 0)) for c in (x, y))


def _rbf(points, bandwidth):
    squared = _squared_distances(points)
    if isinstance(bandwidth, str):
        _checks.one_of("bandwidth", bandwidth, ("median",))
        bandwidths = tf.stop_gradient(_median_distance(squared))[..., tf.newaxis]
    else:
        bandwidths = tf.reshape(_inputs.positive("bandwidth", bandwidth), (-1,))
    bandwidths = bandwidths[..., tf.newaxis, tf.newaxis]
    kernels = tf.exp(-squared[..., tf.newaxis, :, :] / (2 * bandwidths**2))
    return tf.reduce_mean(kernels, -3)


def _polynomial(points, degree, scale, offset):
    _checks.positive_int("degree", degree)
    scale = 1 / points.shape[-1] if scale is None else _inputs.scalar("scale", scale)
    offset = _inputs.scalar("offset", offset)
    return (scale * tf.matmul(points, points, transpose_b=True) + offset) ** degree


def _squared_distances(points):
    # Centered first: the expansion of the square loses digits far from the origin.
    points -= tf.stop_gradient(tf.reduce_mean(points, -2, keepdims=True))
    norms = tf.reduce_sum(points**2, -1)
    products = tf.matmul(points, points, transpose_b=True)
    squared = norms[..., :, tf.newaxis] + norms[..., tf.newaxis, :] - 2 * products
    return tf.linalg.set_diag(tf.maximum(squared, 0.0), tf.zeros_like(norms))


def _median_distance(squared):
    """The median distance over the pairs of different points; 1 if half of them coincide."""
    size = tf.shape(squared)[-1]
    first, second = tf.meshgrid(tf.range(size), tf.range(size), indexing="ij")
    pairs = tf.where(tf.reshape(first < second, (-1,)))[:, 0]
    flat = tf.reshape(squared, tf.concat([tf.shape(squared)[:-2], [size * size]], 0))
    in_order = tf.sort(tf.gather(flat, pairs, axis=-1), -1)
    count = tf.shape(in_order)[-1]
    middle = (tf.sqrt(in_order[..., (count - 1) // 2]) + tf.sqrt(in_order[..., count // 2])) / 2
    return tf.where(middle > 0, middle, 1.0)
