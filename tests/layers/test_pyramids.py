"""Laplacian pyramids: against SciPy in float64, and put together again."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from keras_gans.layers import from_laplacian_pyramid, laplacian_pyramid
from keras_gans.layers.pyramids import expand, pyramid_sides

BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16
SIDES = [(32, 32), (28, 21), (15, 16), (5, 7), (2, 3)]


def images(height, width, dtype="float64"):
    drawn = np.random.default_rng(0).uniform(-1, 1, (3, height, width, 2))
    return drawn.astype(dtype)


def smoothed(batch):
    for axis in (1, 2):
        batch = scipy.ndimage.correlate1d(batch, BINOMIAL, axis=axis, mode="mirror")
    return batch


@pytest.mark.parametrize(("height", "width"), SIDES)
def test_levels_are_those_of_scipy(height, width):
    batch = images(height, width)
    smaller = smoothed(batch)[:, ::2, ::2]
    spread = np.zeros_like(batch)
    spread[:, ::2, ::2] = smaller
    coarse, band = laplacian_pyramid(batch, 2)
    np.testing.assert_allclose(coarse, smaller, atol=1e-12)
    np.testing.assert_allclose(band, batch - 4 * smoothed(spread), atol=1e-12)


@pytest.mark.parametrize(("height", "width"), SIDES)
def test_images_are_put_together_again(height, width):
    batch = images(height, width, "float32")
    levels = 2 if min(height, width) == 2 else 3
    pyramid = laplacian_pyramid(batch, levels)
    sides = [(height, width)]
    while len(sides) < levels:
        sides.insert(0, tuple((side + 1) // 2 for side in sides[0]))
    assert [tuple(level.shape) for level in pyramid] == [(3, *side, 2) for side in sides]
    assert {level.dtype.name for level in pyramid} == {"float32"}
    np.testing.assert_allclose(from_laplacian_pyramid(pyramid), batch, atol=2e-7)


def test_one_level_is_the_image():
    batch = images(5, 7)
    (only,) = laplacian_pyramid(batch, 1)
    np.testing.assert_array_equal(only, batch)
    np.testing.assert_array_equal(from_laplacian_pyramid([only]), batch)


@pytest.mark.parametrize("side", [*SIDES, (2, 2)])
def test_constant_images_have_no_bands_and_stay_in_range(side):
    """Smoothing and doubling are means: no image leaves the range of another."""
    coarse, *bands = laplacian_pyramid(np.ones((1, *side, 1)), 2)
    np.testing.assert_allclose(coarse, 1, atol=1e-12)
    np.testing.assert_allclose(bands[0], 0, atol=1e-12)
    half = tuple(-(-s // 2) for s in side)
    impulses = tf.reshape(tf.eye(np.prod(half), dtype=tf.float64), (-1, *half, 1))
    assert tf.reduce_min(expand(impulses, side)) >= 0


def test_gradients_are_those_of_the_inverse():
    """Taking apart is linear and is undone: the gradient of ½‖·‖² through both is the image."""
    batch = tf.constant(images(7, 6))
    with tf.GradientTape() as tape:
        tape.watch(batch)
        again = from_laplacian_pyramid(laplacian_pyramid(batch, 3))
        loss = tf.reduce_sum(again**2) / 2
    np.testing.assert_allclose(tape.gradient(loss, batch), batch, atol=1e-12)


def test_works_in_graphs_of_any_batch_and_on_symbolic_tensors():
    symbolic = laplacian_pyramid(keras.Input((9, 6, 1)), 2)
    assert [level.shape for level in symbolic] == [(None, 5, 3, 1), (None, 9, 6, 1)]
    signature = [tf.TensorSpec((None, 9, 6, 2), tf.float64)]
    function = tf.function(lambda x: laplacian_pyramid(x, 2), input_signature=signature)
    for num in (0, 3):
        batch = images(9, 6)[:num]
        for found, expected in zip(function(batch), laplacian_pyramid(batch, 2), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("value", "levels", "error", "message"),
    [
        (np.zeros((2, 8, 8)), 2, ValueError, "`images` must be floats of shape"),
        (np.zeros((2, 8, 8, 1), int), 2, ValueError, "`images` must be floats of shape"),
        ("images", 2, TypeError, "`images`"),
        (np.zeros((2, 8, 8, 1)), 0, ValueError, "`levels` must be a positive integer"),
        (np.zeros((2, 8, 3, 1)), 4, ValueError, "`levels` must be so few that no side of 1"),
    ],
)
def test_others_are_refused(value, levels, error, message):
    with pytest.raises(error, match=message):
        laplacian_pyramid(value, levels)


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        ([], TypeError, "`pyramid` must be a list of images"),
        ([(1, 4, 4)], ValueError, r"`pyramid\[0\]` must be floats of shape"),
        ([(1, 4, 4, 1), (1, 7, 9, 1)], ValueError, "`pyramid` must hold images each half"),
        ([(1, 4, 4, 1), (1, 7, 7, 2)], ValueError, "`pyramid` must hold images each half"),
    ],
)
def test_what_is_no_pyramid_is_refused(shapes, error, message):
    with pytest.raises(error, match=message):
        from_laplacian_pyramid([np.zeros(shape) for shape in shapes])


def test_sides_go_from_coarse_to_fine():
    assert pyramid_sides((28, 21), 3) == [(7, 6), (14, 11), (28, 21)]
