"""Affine maps of images against SciPy in float64, and against functions of the plane."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import tensorflow as tf

from keras_gans.techniques import warps
from tests.techniques.test_operations import gradients

RNG = np.random.default_rng(0)
FILTER, AROUND = warps.FILTER, 40


def images(num, height, width, channels):
    return RNG.uniform(-1, 1, (num, height, width, channels))


def maps(num, strength=0.3):
    """Random inverse maps."""
    made = np.tile(np.eye(3), (num, 1, 1))
    made[:, :2, :2] += strength * RNG.normal(size=(num, 2, 2))
    made[:, :2, 2] = RNG.normal(size=(num, 2))
    return made


def reference(image, inverse):
    """Padding, filters and interpolation of SciPy, of one channel."""
    height, width = image.shape
    fine = np.pad(image, AROUND, "reflect")
    for axis in (0, 1):
        fine = scipy.signal.upfirdn(2 * FILTER, fine, up=2, axis=axis)
    y, x = np.meshgrid(
        *((np.arange(2 * s + 10) - 5) / 2 - (s - 1) / 2 for s in image.shape), indexing="ij"
    )
    x, y, _ = np.einsum("ij,jab->iab", inverse, np.stack([x, y, np.ones_like(x)]))
    places = [2 * (p + (s - 1) / 2) + 5 + 2 * AROUND for p, s in ((y, height), (x, width))]
    made = scipy.ndimage.map_coordinates(fine, places, order=1)
    for axis in (0, 1):
        made = scipy.signal.upfirdn(FILTER[::-1], made, axis=axis)
    return made[11:-11:2, 11:-11:2]


@pytest.mark.parametrize("shape", [(8, 8, 1), (5, 9, 3)])
def test_is_the_interpolation_of_scipy(shape):
    x, inverse = images(4, *shape), maps(4)
    found = warps.warp(tf.constant(x), tf.constant(inverse))
    expected = [
        np.stack([reference(image[..., c], m) for c in range(shape[-1])], axis=-1)
        for image, m in zip(x, inverse, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_the_identity_changes_nothing(dtype):
    x = tf.cast(images(3, 6, 7, 2), dtype)
    inverse = np.tile(np.eye(3, dtype="float32"), (3, 1, 1))
    inverse[1, 0, 2] = 0.5
    made = warps.warp(x, tf.constant(inverse))
    assert made.dtype == dtype
    is_same = np.equal(tf.cast(made, tf.float32), tf.cast(x, tf.float32)).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(is_same, [True, False, True])


def test_whole_pixels_are_moved_exactly_and_reflected_without_end():
    x = images(1, 5, 6, 2)
    made = warps.warp(tf.constant(x), warps.translation(*tf.constant([[-9.0], [2.0]], tf.float64)))
    padded = np.pad(x[0], ((12, 12), (12, 12), (0, 0)), "reflect")
    np.testing.assert_allclose(made[0], padded[14:19, 3:9], atol=1e-12)


@pytest.mark.parametrize(
    "name, numbers, x, y",
    [
        ("translation", [1.5, -0.75], lambda x, y: x + 1.5, lambda x, y: y - 0.75),
        ("scaling", [0.5, 2.0], lambda x, y: 0.5 * x, lambda x, y: 2 * y),
        ("scaling", [-1.0, 1.0], lambda x, y: -x, lambda x, y: y),
        ("rotation", [np.pi / 2], lambda x, y: -y, lambda x, y: x),
        (
            "rotation",
            [0.4],
            lambda x, y: np.cos(0.4) * x - np.sin(0.4) * y,
            lambda x, y: np.sin(0.4) * x + np.cos(0.4) * y,
        ),
    ],
)
def test_a_smooth_image_is_the_function_of_moved_places(name, numbers, x, y):
    def picture(x, y):
        return np.exp(-((x - 2) ** 2 + (y + 1) ** 2 / 2) / 40)

    rows, columns = np.mgrid[:20, :24]
    places = columns - 11.5, rows - 9.5
    inverse = getattr(warps, name)(*(tf.constant([n], tf.float64) for n in numbers))
    made = warps.warp(tf.constant(picture(*places))[None, :, :, None], inverse)[0, :, :, 0]
    sources = x(*places), y(*places)
    is_inside = (abs(sources[0]) < 10) & (abs(sources[1]) < 8)
    assert is_inside.mean() > 0.3
    np.testing.assert_allclose(made[is_inside], picture(*sources)[is_inside], atol=0.02)


def test_products_are_those_of_matrices():
    a, b, c = maps(3), maps(3), maps(3)
    np.testing.assert_allclose(warps.product(*map(tf.constant, (a, b, c))), a @ b @ c, atol=1e-12)


def test_gradients_to_the_second_order():
    """Of Σ f(x)³ with f(x) = Ax: 3 Aᵀy², and from its norm 36 Aᵀ(y ⊙ A Aᵀ y²)."""
    x, inverse = images(1, 4, 5, 1), tf.constant(maps(1))
    first, second = gradients(lambda x: warps.warp(x, inverse), tf.constant(x))
    units = tf.constant(np.eye(20).reshape(20, 4, 5, 1))
    a = warps.warp(units, tf.repeat(inverse, 20, axis=0)).numpy().reshape(20, 20).T
    y = a @ x.ravel()
    np.testing.assert_allclose(first.numpy().ravel(), 3 * a.T @ y**2, atol=1e-9)
    expected = 36 * a.T @ (y * (a @ a.T @ y**2))
    np.testing.assert_allclose(second.numpy().ravel(), expected, atol=1e-9)
