"""Against Pillow, against `tf.image.resize`, and against the formula in float64."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg

SIZES = [((32, 32), 4), ((24, 36), 2), ((45, 30), 3), ((31, 21), 2), ((9, 8), 1)]


def images(sides, dtype="float32"):
    return np.random.default_rng(0).uniform(-1, 1, (2, *sides, 3)).astype(dtype)


def by_pillow(x, sides):
    def resized(plane):
        return np.asarray(Image.fromarray(plane, "F").resize(sides[::-1], Image.BICUBIC))

    planes = [[resized(np.ascontiguousarray(image[..., c])) for c in range(3)] for image in x]
    return np.moveaxis(planes, 1, -1)


def keys(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def matrix(old, new):
    scale = old / new
    weights = np.array(
        [
            [keys((j - ((i + 0.5) * scale - 0.5)) / max(scale, 1)) for j in range(old)]
            for i in range(new)
        ]
    )
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("sides", "factor"), SIZES)
def test_downsampling_is_the_formula(sides, factor):
    x = images(sides, "float64")
    new = [side // factor for side in sides]
    rows, columns = (matrix(*pair) for pair in zip(sides, new, strict=True))
    found = kg.layers.bicubic_downsample(x, factor)
    assert found.dtype == tf.float64
    expected = np.einsum("ai,nijc,bj->nabc", rows, x, columns)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("sides", "factor"), SIZES)
def test_downsampling_is_pillows_and_tensorflows(sides, factor):
    x, new = images(sides), [side // factor for side in sides]
    found = kg.layers.bicubic_downsample(x, factor)
    np.testing.assert_allclose(found, by_pillow(x, new), atol=1e-6)
    of_tensorflow = tf.image.resize(x, new, "bicubic", antialias=True)
    np.testing.assert_allclose(found, of_tensorflow, atol=2e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_upsampling_is_pillows(factor):
    x = images((7, 9))
    found = kg.layers.bicubic_upsample(x, factor)
    np.testing.assert_allclose(found, by_pillow(x, (7 * factor, 9 * factor)), atol=1e-6)


@pytest.mark.parametrize("resize", [kg.layers.bicubic_downsample, kg.layers.bicubic_upsample])
def test_graphs_take_images_of_any_size(resize):
    signature = [tf.TensorSpec((None, None, None, 3))]
    traced = tf.function(lambda x: resize(x, 2), input_signature=signature)
    for sides in ((8, 6), (5, 4)):
        x = images(sides)
        np.testing.assert_allclose(traced(x), resize(x, 2), atol=1e-6)


def test_xla_compiles_it():
    x = images((8, 12))
    compiled = tf.function(kg.layers.bicubic_downsample, jit_compile=True)
    np.testing.assert_allclose(compiled(x, 2), kg.layers.bicubic_downsample(x, 2), atol=1e-6)


def test_constant_images_stay_constant_up_to_their_edges():
    x = np.full((1, 12, 12, 1), 0.7, "float32")
    np.testing.assert_allclose(kg.layers.bicubic_downsample(x, 4), x[:, :3, :3], atol=1e-6)
    np.testing.assert_allclose(kg.layers.bicubic_upsample(x[:, :3, :3], 4), x, atol=1e-6)


def test_half_precision_is_computed_in_float32():
    x = tf.cast(images((8, 8)), tf.float16)
    found = kg.layers.bicubic_downsample(x, 2)
    assert found.dtype == tf.float32


@pytest.mark.parametrize(
    ("x", "factor", "message"),
    [
        (images((8, 8)), 0, "`factor` must be a positive integer"),
        (images((8, 8))[0], 2, r"`images` must have shape \(batch"),
        (images((8, 3)), 4, "with sides of at least 4"),
    ],
)
def test_other_images_are_refused(x, factor, message):
    with pytest.raises(ValueError, match=message):
        kg.layers.bicubic_downsample(x, factor)
