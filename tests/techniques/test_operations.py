"""Operations on images, and their gradients, against NumPy in float64."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.techniques import operations

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (5, 6, 8, 3))
NUMBERS = RNG.normal(size=5)
COLUMN = NUMBERS[:, None, None, None]
MEANS = IMAGES.mean(axis=-1, keepdims=True)
ONES = np.ones(3) / np.sqrt(3)


def turned(angle):
    """The rotation about the luma axis, by the exponential of its generator."""
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    values, vectors = np.linalg.eig(across)
    return (vectors @ np.diag(np.exp(angle * values)) @ np.linalg.inv(vectors)).real


def cut(images, top, left, height, width):
    made = images.copy()
    for i, image in enumerate(made):
        rows, columns = (
            slice(max(int(np.ceil(a - 0.5)), 0), max(int(np.ceil(a + b - 0.5)), 0))
            for a, b in ((top[i], height[i]), (left[i], width[i]))
        )
        image[rows, columns] = 0
    return made


def shifted(images, down, right, mode):
    made = np.empty_like(images)
    for i, image in enumerate(images):
        padded = np.pad(image, ((5, 5), (7, 7), (0, 0)), mode)
        made[i] = padded[5 - down[i] : 11 - down[i], 7 - right[i] : 15 - right[i]]
    return made


DOWN, RIGHT = np.array([0, 1, -5, 3, 5]), np.array([2, 0, 7, -7, -1])
TOP, LEFT = np.array([0.0, -1, 2.3, 5, -9]), np.array([1.0, 6, 0.4, -2, 0])
HEIGHT, WIDTH = np.array([3.0, 3, 2.5, 4, 4]), np.array([4.0, 3, 0, 4, 4])
FLAGS = np.array([1.0, 0, 1, 0, 1])
CASES = {
    "brightness": ([NUMBERS], IMAGES + COLUMN),
    "contrast": ([NUMBERS], COLUMN * IMAGES),
    "contrast_about_a_center": ([NUMBERS, 0.3], 0.3 + COLUMN * (IMAGES - 0.3)),
    "saturation": ([NUMBERS], MEANS + COLUMN * (IMAGES - MEANS)),
    "luma_flip": (
        [FLAGS],
        IMAGES @ np.eye(3) - 2 * FLAGS[:, None, None, None] * (IMAGES @ np.outer(ONES, ONES)),
    ),
    "hue": (
        [NUMBERS],
        np.stack([x @ turned(angle).T for x, angle in zip(IMAGES, NUMBERS, strict=True)]),
    ),
    "flip": (
        [FLAGS > 0],
        np.where(FLAGS[:, None, None, None] > 0, IMAGES[:, :, ::-1], IMAGES),
    ),
    "shift": ([DOWN, RIGHT], shifted(IMAGES, DOWN, RIGHT, "constant")),
    "shift_by_reflection": ([DOWN, RIGHT, True], shifted(IMAGES, DOWN, RIGHT, "reflect")),
    "cutout": ([TOP, LEFT, HEIGHT, WIDTH], cut(IMAGES, TOP, LEFT, HEIGHT, WIDTH)),
}
ZERO, ONE = np.zeros(5), np.ones(5)
NOTHING = {
    "brightness": [ZERO],
    "contrast": [ONE],
    "contrast_about_a_center": [ONE, 0.3],
    "saturation": [ONE],
    "luma_flip": [ZERO],
    "hue": [ZERO],
    "flip": [ZERO > 0],
    "shift": [ZERO, ZERO],
    "shift_by_reflection": [ZERO, ZERO, True],
    "cutout": [ONE, ONE, ZERO, ZERO],
}


def apply(case, images, arguments):
    function = getattr(operations, case.partition("_by_")[0].partition("_about_")[0])
    tensors = [tf.constant(x) if isinstance(x, np.ndarray) else x for x in arguments]
    return function(tf.constant(images), *tensors)


@pytest.mark.parametrize("case", CASES)
def test_is_its_definition(case):
    arguments, expected = CASES[case]
    np.testing.assert_allclose(apply(case, IMAGES, arguments), expected, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_nothing_changes_nothing_and_the_type_stays(case, dtype):
    images = tf.cast(IMAGES, dtype)
    made = apply(case, images, NOTHING[case])
    assert made.dtype == dtype
    assert np.array_equal(tf.cast(made, tf.float32), tf.cast(images, tf.float32))


def test_of_one_channel_only_light_changes():
    images = tf.constant(IMAGES[..., :1])
    assert np.array_equal(operations.saturation(images, tf.constant(NUMBERS)), images)
    np.testing.assert_allclose(operations.luma_flip(images, tf.ones(5)), -images)


def gradients(function, images):
    """The first, and the gradient of its squared norm."""
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(function(images) ** 3)
        first = tape.gradient(total, images)
        squares = tf.reduce_sum(first**2)
    return first, outer.gradient(squares, images)


@pytest.mark.first_cases
@pytest.mark.parametrize("case", CASES)
def test_gradients_to_the_second_order(case):
    """Of Σ f(x)³ with f(x) = Ax + b: 3 Aᵀy², and from its norm 36 Aᵀ(y ⊙ A Aᵀ y²)."""
    arguments, _ = CASES[case]
    images = tf.constant(IMAGES[:, :3, :4])
    if case == "shift_by_reflection":
        arguments = [arguments[0] % 3, arguments[1] % 4, True]

    def function(x):
        return apply(case, x, arguments)

    found = gradients(function, images)
    size = int(np.prod(images.shape))
    zeros, units = np.zeros(images.shape), np.eye(size).reshape(size, *images.shape)
    b = function(zeros).numpy().ravel()
    a = np.stack([function(unit).numpy().ravel() - b for unit in units], axis=1)
    y = a @ images.numpy().ravel() + b
    np.testing.assert_allclose(found[0].numpy().ravel(), 3 * a.T @ y**2, atol=1e-9)
    expected = 36 * a.T @ (y * (a @ a.T @ y**2))
    np.testing.assert_allclose(found[1].numpy().ravel(), expected, atol=1e-9)
