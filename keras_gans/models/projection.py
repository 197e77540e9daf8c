"""Projection: the codes whose images are nearest to given ones, found by optimization."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._precision import as_float
from keras_gans._typing import Tensor

#: In which codes are sought: one for all styles, or one for each.
SPACES = ("w", "w+")


def project(
    synthesis: Callable[[Tensor], Tensor],
    images: np.ndarray,
    start: np.ndarray,
    space: str,
    features: Callable[[Tensor], Any] | None,
    steps: int,
    learning_rate: float,
    progress: keras.utils.Progbar | None = None,
) -> np.ndarray:
    """Return the codes that make images like those given, by Adam from one start.

    Args:
        synthesis: Function from codes `(num, styles, code_dim)` to images, which are cut to
            [−1, 1].
        images: Float array `(num, …)`.
        start: Float array `(styles, code_dim)`.
        space: `"w"`, one code for all styles, or `"w+"`, one for each.
        features: See `distances`.
        steps: Positive integer.
        learning_rate: Positive float, from which Adam's goes to zero as half a cosine.
        progress: Progress bar that counts steps. Defaults to `None`.

    Returns:
        Float array `(num, styles, code_dim)`: of each image the nearest on the way.
    """
    num, num_styles = len(images), len(start)
    start = np.tile(start[: 1 if space == "w" else num_styles], (num, 1, 1))
    codes, best = keras.Variable(start), keras.Variable(start)
    nearest = keras.Variable(np.full(num, np.inf, "float32"))
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build([codes])
    images = as_float(tf.constant(images))
    wanted = _features_of(images, features)

    def step():
        with tf.GradientTape() as tape:
            made = _cut(synthesis(ops.repeat(codes, num_styles // codes.shape[1], axis=1)))
            found = distances(images, wanted, made, _features_of(made, features))
            loss = ops.sum(found)
        is_nearer = found < nearest
        nearest.assign(ops.where(is_nearer, found, nearest))
        best.assign(ops.where(is_nearer[:, None, None], codes, best))
        optimizer.apply(tape.gradient(loss, [codes]), [codes])

    compiled = tf.function(step)
    for _ in range(steps):
        compiled()
        if progress is not None:
            progress.add(1)
    return np.repeat(ops.convert_to_numpy(best), num_styles // codes.shape[1], axis=1)


def distances(images: Tensor, wanted: list, made: Tensor, found: list) -> Tensor:
    """Return perceptual distances `(num,)` of images from others, with the features of both.

    That of pixels is their mean squared difference; those of features are relative to the mean
    square of the features that are wanted, so that layers of any scale count alike.
    """
    total = _mean_of_squares(images - made)
    for a, b in zip(wanted, found, strict=True):
        total += _mean_of_squares(a - b) / (_mean_of_squares(a) + 1e-8)
    return total


def check(space: str, features: Any, steps: int, learning_rate: float) -> None:
    """Refuse what no projection can be made with."""
    _checks.one_of("space", space, SPACES)
    if features is not None:
        _checks.function("features", features)
    _checks.positive_int("steps", steps)
    _checks.real_number("learning_rate", learning_rate, low=0.0, low_open=True)


def _cut(images):
    """Images in [−1, 1], with the gradient of those beyond, too, which so can come back."""
    return images + ops.stop_gradient(ops.clip(images, -1.0, 1.0) - images)


def _features_of(images, features):
    return [] if features is None else [as_float(x) for x in tf.nest.flatten(features(images))]


def _mean_of_squares(x):
    return ops.mean(ops.square(x), axis=tuple(range(1, len(x.shape))))
