"""Against SciPy's convolution in float64: zeros between pixels, filter, every other pixel kept."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import tensorflow as tf

import keras_gans as kg
from tests.shared import LayerTests

RANDOM = np.random.default_rng(0)
KERNELS = [(1, 3, 3, 1), (1, 1), (1, 2, -0.5, 3), (1, 5, 10, 10, 5, 1)]
SIDES = [(8, 6), (7, 5), (1, 2), (3, 16)]


class TestBlurDownsample2D(LayerTests):
    inputs = RANDOM.normal(size=(4, 5, 6, 3)).astype("float32")

    def make_layer(self):
        return kg.layers.BlurDownsample2D()


class TestBlurUpsample2D(LayerTests):
    inputs = RANDOM.normal(size=(4, 5, 3, 2)).astype("float32")

    def make_layer(self):
        return kg.layers.BlurUpsample2D((1, 2, 3, 1))


@pytest.mark.slow
class TestBlur2D(LayerTests):
    inputs = RANDOM.normal(size=(4, 5, 3, 2)).astype("float32")

    def make_layer(self):
        return kg.layers.Blur2D(padding=2)


def filtered(x, kernel):
    """y[i] = Σₜ k[t] x[i + t − (K − 2)/2] along both axes of sides."""
    line = np.array(kernel) / sum(kernel)
    for axis in (1, 2):
        x = scipy.ndimage.correlate1d(x, line, axis=axis, mode="constant", origin=-1)
    return x


def downsampled(x, kernel):
    return filtered(x, kernel)[:, ::2, ::2]


def upsampled(x, kernel):
    spread = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]))
    spread[:, ::2, ::2] = x
    line = 2 * np.array(kernel) / sum(kernel)
    for axis in (1, 2):
        spread = scipy.ndimage.convolve1d(spread, line, axis=axis, mode="constant", origin=-1)
    return spread


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize(
    ("layer", "expected"),
    [(kg.layers.BlurDownsample2D, downsampled), (kg.layers.BlurUpsample2D, upsampled)],
)
def test_it_is_scipys(layer, expected, sides, kernel):
    x = RANDOM.normal(size=(2, *sides, 3))
    found = layer(kernel, dtype="float64")(x)
    np.testing.assert_allclose(found, expected(x, kernel), rtol=1e-12, atol=1e-13)


def test_up_is_the_transpose_of_down_times_four():
    x, y = RANDOM.normal(size=(1, 6, 8, 2)), RANDOM.normal(size=(1, 3, 4, 2))
    down = np.sum(kg.layers.BlurDownsample2D(dtype="float64")(x) * y)
    up = np.sum(kg.layers.BlurUpsample2D(dtype="float64")(y) * x)
    np.testing.assert_allclose(up, 4 * down, rtol=1e-12)


def test_the_smallest_kernel_is_a_mean_and_nearest_neighbors():
    x = RANDOM.normal(size=(2, 4, 6, 3)).astype("float32")
    mean = keras.ops.average_pool(x, 2)
    np.testing.assert_allclose(kg.layers.BlurDownsample2D((1, 1))(x), mean, atol=1e-6)
    nearest = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(kg.layers.BlurUpsample2D((2, 2))(x), nearest, atol=1e-6)


def penalty_gradient(layer, x):
    """The gradient of a function of the gradient, as penalties of discriminators need it."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) ** 3)
        penalty = tf.reduce_sum(tape.gradient(loss, x) ** 2)
    return outer.gradient(penalty, x)


@pytest.mark.parametrize("layer", [kg.layers.BlurDownsample2D, kg.layers.BlurUpsample2D])
def test_gradients_of_gradients_are_those_of_the_matrix(layer):
    """p = ‖∇Σ(Ax)³‖² has the gradient Aᵀ(6y · 2A∇), with y = Ax and ∇ = Aᵀ(3y²)."""
    layer = layer(dtype="float64")
    basis = np.eye(20).reshape(20, 5, 4, 1)
    matrix = np.reshape(layer(basis), (20, -1)).T
    x = RANDOM.normal(size=20)
    y = matrix @ x
    expected = matrix.T @ (12 * y * (matrix @ (matrix.T @ (3 * y**2))))
    found = penalty_gradient(layer, tf.constant(x.reshape(1, 5, 4, 1)))
    np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-10)


@pytest.mark.parametrize("layer", [kg.layers.BlurDownsample2D, kg.layers.BlurUpsample2D])
def test_xla_compiles_it_and_its_gradients(layer):
    x = tf.constant(RANDOM.normal(size=(2, 5, 4, 3)), tf.float32)
    compiled = tf.function(lambda x: penalty_gradient(layer(), x), jit_compile=True)
    np.testing.assert_allclose(compiled(x), penalty_gradient(layer(), x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "sides"),
    [(kg.layers.BlurDownsample2D, (2, 3)), (kg.layers.BlurUpsample2D, (6, 10))],
)
def test_images_may_have_any_size(layer, sides):
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, layer()(inputs))
    assert model.output_shape == (None, None, None, 2)
    x = RANDOM.normal(size=(1, 3, 5, 2)).astype("float32")
    np.testing.assert_allclose(model(x), layer()(x), atol=1e-6)
    assert model(x).shape[1:3] == sides


@pytest.mark.parametrize("layer", [kg.layers.BlurDownsample2D, kg.layers.BlurUpsample2D])
def test_shapes_that_are_known_are_known_inside(layer):
    signature = [tf.TensorSpec((2, 6, 4, 3))]
    function = tf.function(lambda x: penalty_gradient(layer(), x), input_signature=signature)
    operations = function.get_concrete_function().graph.get_operations()
    outputs = [output for operation in operations for output in operation.outputs]
    assert [o.name for o in outputs if not o.shape.is_fully_defined()] == []


@pytest.mark.parametrize("kernel", [(), (1, 2, 1), 4, None, "1331", (1, -1), (1, float("nan"))])
@pytest.mark.parametrize("layer", [kg.layers.BlurDownsample2D, kg.layers.BlurUpsample2D])
def test_kernels_must_be_even(layer, kernel):
    with pytest.raises(ValueError, match="`kernel` must be"):
        layer(kernel)


class TestBetweenPixels:
    @pytest.mark.parametrize("kernel", KERNELS)
    @pytest.mark.parametrize("padding", [1, 2, 5])
    def test_it_is_scipys(self, kernel, padding):
        x = RANDOM.normal(size=(2, 7, 6, 3))
        plane = np.outer(kernel, kernel)[None, :, :, None] / sum(kernel) ** 2
        edges = (padding, padding)
        padded = np.pad(x, ((0, 0), edges, edges, (0, 0)))
        expected = scipy.signal.correlate(padded, plane, mode="valid")
        layer = kg.layers.Blur2D(padding, kernel, dtype="float64")
        assert layer.compute_output_shape(x.shape) == expected.shape
        np.testing.assert_allclose(layer(x), expected, rtol=1e-10, atol=1e-12)

    def test_every_other_one_is_a_downsampled_image(self):
        x = RANDOM.normal(size=(2, 8, 6, 3))
        found = kg.layers.Blur2D(padding=1, dtype="float64")(x)[:, ::2, ::2]
        np.testing.assert_allclose(
            found, kg.layers.BlurDownsample2D(dtype="float64")(x), atol=1e-12
        )

    def test_padding_is_not_negative(self):
        with pytest.raises(ValueError, match="`padding` must be an integer of at least 0"):
            kg.layers.Blur2D(padding=-1)
