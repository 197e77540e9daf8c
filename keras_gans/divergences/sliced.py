"""Sliced Wasserstein distance: exact transport on random lines."""

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Seed, Tensor
from keras_gans.divergences import _inputs
from keras_gans.divergences._plans import monotone_coupling, root


def sliced_wasserstein_distance(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 1,
    *,
    num_projections: int = 128,
    projections: ArrayLike | None = None,
    seed: Seed = None,
) -> Tensor:
    """Sliced Wasserstein distance: (mean over directions θ of W_p(θ·X, θ·Y)^p)^(1/p).

    Each projection is one-dimensional, where transport is a sort: it costs O(n log n) for each
    direction where exact transport costs about O(n³).

    Args:
        x: Cloud `(..., n, d)` or `(n,)`.
        y: Cloud `(..., m, d)` or `(m,)`; leading axes broadcast.
        p: Order, at least 1. Defaults to 1.
        num_projections: Number of random directions, uniform on the sphere. Defaults to 128.
        projections: Directions to use instead, `(num_projections, d)` of unit length.
        seed: Integer, `keras.random.SeedGenerator` or None, for the directions.

    Returns:
        Float64 tensor of the leading axes' shape, non-negative, in the units of the samples and at
        most W_p. Differentiable in `x` and `y`; works in a `tf.function` that knows n and m.

    Raises:
        ValueError: If the clouds differ in dimension, are empty or not finite.

    Example:

    >>> import numpy as np
    >>> from keras_gans.divergences import sliced_wasserstein_distance
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> axes = [[1.0, 0.0], [0.0, 1.0]]
    >>> print(f"{sliced_wasserstein_distance(x, x + [3.0, 1.0], projections=axes):.6f}")
    2.000000

    Reference:
        Bonneel, Rabin, Peyré and Pfister 2015, "Sliced and Radon Wasserstein barycenters of
        measures", definition 4.
    """
    x, y = _inputs.clouds(x, y, batched=True)
    p = _inputs.order("p", p, x, y)
    if projections is None:
        num_projections = _checks.positive_int("num_projections", num_projections)
        projections = _random_directions(num_projections, x.shape[-1], seed)
    else:
        projections = _unit_directions(projections, x.shape[-1])
    x, y = (tf.sort(tf.matmul(projections, cloud, transpose_b=True), axis=-1) for cloud in (x, y))
    if x.shape[-1] != y.shape[-1]:
        rows, columns, mass = _uniform_coupling(x.shape[-1], y.shape[-1])
        x, y = tf.gather(x, rows, axis=-1), tf.gather(y, columns, axis=-1)
        cost = tf.reduce_sum(mass * tf.abs(x - y) ** p, -1)
    else:
        cost = tf.reduce_mean(tf.abs(x - y) ** p, -1)
    return root(tf.reduce_mean(cost, -1), p)


def _random_directions(num, dimension, seed):
    directions = keras.random.normal((num, dimension), dtype="float64", seed=seed)
    return directions / tf.norm(directions, axis=-1, keepdims=True)


def _unit_directions(projections, dimension):
    projections = _inputs.array("projections", projections)
    if projections.shape.rank != 2 or projections.shape[-1] != dimension:
        raise _inputs.error("projections", f"of shape (num, {dimension})", projections)
    if not _inputs.known(
        projections, lambda v: np.allclose(np.linalg.norm(v, axis=-1), 1, atol=1e-4)
    ):
        raise _inputs.error("projections", "of unit length", projections)
    return projections


def _uniform_coupling(n, m):
    if n is None or m is None:
        raise ValueError(
            "`x` must be of a known number of samples inside a `tf.function`. "
            f"Received: clouds of {n} and {m} samples"
        )
    return monotone_coupling(np.full(n, 1 / n), np.full(m, 1 / m))
