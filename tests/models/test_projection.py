"""Projection: the distance, the spaces, and what is kept of the way."""

import types

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.models import projection

RANDOM = np.random.default_rng(0)


def test_distances_are_of_pixels_and_relative_of_features():
    a, b = RANDOM.normal(size=(2, 5, 4, 4, 1))
    of_a, of_b = ([x[:, :2] ** 3, 100 * x.sum(axis=3)] for x in (a, b))
    found = projection.distances(tf.constant(a), of_a, tf.constant(b), of_b)
    expected = np.mean((a - b) ** 2, axis=(1, 2, 3))
    for u, v in zip(of_a, of_b, strict=True):
        axes = tuple(range(1, u.ndim))
        expected += np.mean((u - v) ** 2, axis=axes) / (np.mean(u**2, axis=axes) + 1e-8)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def linear(codes):
    """Images of two pixels, each of a style of its own; far beyond the range at large codes."""
    return tf.reshape(codes[:, :, :1], (-1, 1, 2, 1))


def project(images, space, steps=200, features=None, start=0.0):
    images = np.reshape(images, (-1, 1, 2, 1)).astype("float32")
    at = np.full((2, 3), start, "float32")
    return projection.project(linear, images, at, space, features, steps, 0.1)


def test_one_code_is_the_mean_of_what_each_style_would_be():
    found = project([[0.2, 0.6], [-0.5, 0.5]], "w")
    assert found.shape == (2, 2, 3)
    np.testing.assert_allclose(found[:, :, 0], [[0.4, 0.4], [0, 0]], atol=1e-3)
    np.testing.assert_array_equal(found[:, :, 1:], 0)
    found = project([[0.2, 0.6], [-0.5, 0.5]], "w+")
    np.testing.assert_allclose(found[:, :, 0], [[0.2, 0.6], [-0.5, 0.5]], atol=1e-3)


def test_counts_its_steps():
    steps = []
    progress = types.SimpleNamespace(add=steps.append)
    images, start = np.zeros((1, 1, 2, 1), "float32"), np.zeros((2, 3), "float32")
    projection.project(linear, images, start, "w", None, 5, 0.1, progress)
    assert steps == [1] * 5


@pytest.mark.slow
def test_images_beyond_the_range_come_back():
    found = project([[0.2, 0.6]], "w+", steps=400, start=4.0)
    np.testing.assert_allclose(found[0, :, 0], [0.2, 0.6], atol=1e-2)


@pytest.mark.slow
def test_features_count():
    """Those of the first pixel, relative to their square, beside the mean over both pixels."""
    found = project([[0.2, 0.6]], "w", features=lambda x: 10 * x[:, :, 0])
    weight = 1 / 0.2**2
    expected = (0.2 * (0.5 + weight) + 0.6 * 0.5) / (1 + weight)
    np.testing.assert_allclose(found[0, :, 0], expected, atol=1e-3)


def test_the_nearest_on_the_way_is_kept():
    """Steps that are too large leave the best behind."""
    images = np.zeros((1, 1, 2, 1), "float32")
    start = np.zeros((2, 3), "float32")
    found = projection.project(linear, images, start, "w+", None, 3, 5.0)
    np.testing.assert_array_equal(found, 0)
