"""Latent vectors: draws, and paths between them."""

import itertools

import numpy as np
import tensorflow as tf

from keras_gans import _checks, _memory
from keras_gans._typing import ArrayLike

__all__ = ["interpolate", "paths", "random_walk"]


def draw(num, latent_dim, seed, truncation=None):
    """Latents of a seed: float32 `(num, latent_dim)` from N(0, I), here and in a SavedModel.

    With a truncation t every number comes from N(0, 1) given that it lies in [−t, t], as if it
    were drawn again until it does. It is the same quantile of that distribution as it is of N(0, 1)
    without: erf(z'/√2) = erf(t/√2) erf(z/√2). With t = ∞ all is as without.
    """
    seed = tf.stack([tf.cast(seed, tf.int32), 0])
    z = tf.random.stateless_normal((num, latent_dim), seed)
    if truncation is None:
        return z
    truncation = tf.cast(truncation, tf.float64)
    share = tf.math.erf(truncation / np.sqrt(2)) * tf.math.erf(tf.cast(z, tf.float64) / np.sqrt(2))
    truncated = tf.clip_by_value(np.sqrt(2) * tf.math.erfinv(share), -truncation, truncation)
    return tf.where(tf.math.is_inf(truncation), z, tf.cast(truncated, z.dtype))


def linear(start, end, share):
    """The point that divides the straight line from `start` to `end` by `share`."""
    return (1 - share) * start + share * end


def spherical(start, end, share):
    """The point that divides the arc from `start` to `end` by `share` (Shoemake 1985).

    Latents of many dimensions lie near a sphere, and straight lines leave it. Vectors of opposite
    directions, between which no arc is the shortest, are joined by a straight line, as are those of
    one direction, and zero.
    """
    norms = np.prod(np.linalg.norm([start, end], axis=-1, keepdims=True), axis=0)
    dot = np.sum(start * end, axis=-1, keepdims=True)
    cosine = np.divide(dot, norms, out=np.ones_like(dot), where=norms > 0)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    is_arc = sine > 1e-6
    sine = np.where(is_arc, sine, 1)
    arc = np.sin((1 - share) * angle) / sine * start + np.sin(share * angle) / sine * end
    return np.where(is_arc, arc, linear(start, end, share))


#: How to go from one latent vector to another, by name.
PATHS = {"linear": linear, "spherical": spherical}


def interpolate(
    start: ArrayLike, end: ArrayLike, steps: int, path: str = "spherical"
) -> np.ndarray:
    """Go from some latents to others.

    Args:
        start, end: Float arrays `(…, latent_dim)`.
        steps: Integer of at least 2, latents on each path, both ends included.
        path: `"linear"`, the straight line, or `"spherical"`, the arc of a great circle (White
            2016), on which norms stay typical of N(0, I). Defaults to `"spherical"`.

    Returns:
        Float32 array `(…, steps, latent_dim)`.

    Raises:
        ValueError, TypeError: If the shapes differ, `steps` is too small or `path` is unknown.

    Example:

    >>> from keras_gans import latents
    >>> latents.interpolate([1.0, 0.0], [0.0, 1.0], steps=3).round(3).tolist()
    [[1.0, 0.0], [0.7070000171661377, 0.7070000171661377], [0.0, 1.0]]

    References:
        - Shoemake 1985, Animating Rotation with Quaternion Curves: the formula.
        - White 2016, Sampling Generative Networks: its use for latents.
    """
    steps = _checks.positive_int("steps", steps, minimum=2)
    _checks.one_of("path", path, list(PATHS))
    start, end = (
        _checks.finite(name, value).astype("float64")
        for name, value in (("start", start), ("end", end))
    )
    if start.shape != end.shape or start.ndim == 0:
        raise ValueError(
            "`start` and `end` must have the same shape (…, latent_dim). "
            f"Received: shapes {start.shape} and {end.shape}"
        )
    _memory.check("steps", steps, [(2, *start.shape)])
    shares = np.linspace(0, 1, steps)
    on_path = [PATHS[path](start, end, share).astype("float32") for share in shares]
    return np.stack(on_path, axis=-2)


def random_walk(latent_dim: int, steps: int, step_size: float = 0.2, seed: int = 0) -> np.ndarray:
    """Wander among latents: every one is a draw from N(0, I), near the one before.

    z₁ ~ N(0, I) and zₜ₊₁ = √(1 − s²) zₜ + s ε, ε ~ N(0, I), with the step size s.

    Args:
        latent_dim: Positive integer, size of the latent vectors.
        steps: Positive integer, how many latents.
        step_size: Float in (0, 1]; `1.0` makes independent draws. Defaults to `0.2`.
        seed: Integer. Defaults to `0`.

    Returns:
        Float32 array `(steps, latent_dim)`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> from keras_gans import latents
    >>> latents.random_walk(latent_dim=64, steps=100).shape
    (100, 64)
    """
    step_size = _checks.real_number("step_size", step_size, 0.0, 1.0, low_open=True)
    shape = _checks.positive_int("steps", steps), _checks.positive_int("latent_dim", latent_dim)
    _memory.check("steps", shape[0], [(3, shape[1])])  # float64, and float32
    walk = np.random.default_rng(_checks.seed("seed", seed)).standard_normal(shape)
    for before, after in itertools.pairwise(walk):
        after[:] = np.sqrt(1 - step_size**2) * before + step_size * after
    return walk.astype("float32")


def paths(
    num: int, latent_dim: int, steps: int, kind: str = "spherical", seed: int | None = 0
) -> np.ndarray:
    """Paths through the latents N(0, I), to look at what a model makes of them.

    Args:
        num: Positive integer, how many paths.
        latent_dim: Positive integer, size of the latent vectors.
        steps: Integer of at least 2, latents on each path.
        kind: `"linear"` or `"spherical"`, between two random latents: see `interpolate`; or
            `"walk"`: see `random_walk`. Defaults to `"spherical"`.
        seed: Integer, or `None` for a new one at every call. Defaults to `0`.

    Returns:
        Float32 array `(num, steps, latent_dim)`.

    Raises:
        ValueError, TypeError: If a number is out of range or `kind` is unknown, or the latents
            could never fit in memory.

    Example:

    >>> from keras_gans import latents
    >>> latents.paths(4, latent_dim=64, steps=10).shape
    (4, 10, 64)
    """
    num = _checks.positive_int("num", num)
    latent_dim = _checks.positive_int("latent_dim", latent_dim)
    steps = _checks.positive_int("steps", steps, minimum=2)
    _memory.check("steps", steps, [(2, latent_dim)])
    _memory.check("num", num, [(2, steps, latent_dim)])
    seed = _checks.seed_or_new("seed", seed)
    if _checks.one_of("kind", kind, [*PATHS, "walk"]) == "walk":
        seeds = np.random.default_rng(seed).integers(0, 2**31, num)
        return np.stack([random_walk(latent_dim, steps, seed=s) for s in seeds])
    start, end = np.split(draw(2 * num, latent_dim, seed).numpy(), 2)
    return interpolate(start, end, steps, kind)
