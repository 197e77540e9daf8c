"""Modulated convolution: against the paper's, with a kernel for each example, in float64."""

import keras
import numpy as np
import pytest
import scipy.signal

import keras_gans as kg
from tests.shared import LayerTests


@pytest.mark.slow
class TestModulatedConv2D(LayerTests):
    inputs = [
        np.random.default_rng(0).normal(size=(4, 5, 4, 3)).astype("float32"),
        np.random.default_rng(1).normal(size=(4, 6)).astype("float32"),
    ]

    def make_layer(self):
        return kg.layers.ModulatedConv2D(2)


@pytest.mark.slow
class TestUpsampling(TestModulatedConv2D):
    def make_layer(self):
        return kg.layers.ModulatedConv2D(2, upsample=True, demodulate=False)


def made(x, w, *args, **kwargs):
    """A layer with random biases."""
    layer = kg.layers.ModulatedConv2D(*args, **kwargs, dtype="float64")
    layer.build([x.shape, w.shape])
    layer.bias.assign(np.random.default_rng(5).normal(size=layer.bias.shape))
    return layer


def kernels(layer, w, demodulate):
    """Equations 1 and 3 of the paper: kernels `(example, height, width, in, out)`."""
    affine = layer.style.layer
    style = w @ (affine.kernel.numpy() / np.sqrt(w.shape[1])) + affine.bias.numpy()
    kernel = layer.kernel.numpy() / np.sqrt(layer.kernel[..., 0].numpy().size)
    modulated = kernel[None] * style[:, None, None, :, None]
    if not demodulate:
        return modulated
    return modulated / np.sqrt(np.sum(modulated**2, axis=(1, 2, 3), keepdims=True) + 1e-8)


def convolved(image, kernel, mode="same"):
    """Correlation of one image `(height, width, in)` with `(height, width, in, out)`."""
    outputs = [
        sum(scipy.signal.correlate(image[..., i], kernel[..., i, j], mode) for i in range(3))
        for j in range(kernel.shape[-1])
    ]
    return np.stack(outputs, axis=-1)


X, W = (
    np.random.default_rng(0).normal(size=(2, 5, 4, 3)),
    np.random.default_rng(1).normal(1, 2, (2, 6)),
)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("size", [1, 3])
def test_equals_a_kernel_for_each_example(size, demodulate):
    layer = made(X, W, 2, size, demodulate=demodulate, gain=1.5)
    for image, kernel, found in zip(X, kernels(layer, W, demodulate), layer([X, W]), strict=True):
        expected = 1.5 * convolved(image, kernel) + layer.bias.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_upsampling_puts_zeros_between_pixels_and_filters(size):
    layer = made(X, W, 2, size, upsample=True, gain=1.0)
    outputs = layer([X, W])
    assert outputs.shape == (2, 10, 8, 2)
    line = np.array([1, 3, 3, 1]) / 8
    for image, kernel, found in zip(X, kernels(layer, W, True), outputs, strict=True):
        spread = np.zeros((10, 8, 3))
        spread[::2, ::2] = image
        full = convolved(spread, kernel[::-1, ::-1], "full")
        filtered = scipy.signal.convolve(full, 4 * np.outer(line, line)[:, :, None], "full")
        start = (size + 1) // 2  # zeros beyond the last pixel count, too
        expected = filtered[start : start + 10, start : start + 8] + layer.bias.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_a_constant_image_stays_constant_when_it_is_upsampled():
    """Away from the edges, where zeros come in."""
    layer = made(X, W, 2, upsample=True)
    outputs = layer([np.ones((2, 8, 8, 3)), W]).numpy()
    inner = outputs[:, 4:12, 4:12]
    np.testing.assert_allclose(inner, np.broadcast_to(inner[:, :1, :1], inner.shape), rtol=1e-10)


class TestDemodulation:
    def test_outputs_have_the_deviation_of_inputs_whatever_the_style(self):
        x = np.random.default_rng(0).normal(size=(3, 64, 64, 8))
        w = np.array([[0.0, 0.0], [30.0, 5.0], [-0.01, 0.02]])
        layer = kg.layers.ModulatedConv2D(16, gain=1.0, dtype="float64")
        deviations = np.std(layer([x, w]), axis=(1, 2, 3))
        np.testing.assert_allclose(deviations, 1, rtol=0.02)

    def test_the_scale_of_all_styles_does_not_matter(self):
        layer = made(X, W, 2)
        layer.style.layer.bias.assign(np.zeros(3))
        np.testing.assert_allclose(layer([X, W]), layer([X, 7 * W]), atol=1e-6)


def test_styles_start_around_one():
    layer = made(X, W, 2)
    np.testing.assert_array_equal(layer.style(np.zeros((1, 6))), np.ones((1, 3)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"filters": 0}, "`filters` must be a positive integer"),
        ({"gain": 0.0}, "`gain` must be a number"),
        ({"upsample": True, "kernel_size": 2}, "`kernel_size` must be one of"),
    ],
)
def test_refuses_what_makes_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        kg.layers.ModulatedConv2D(**{"filters": 2, **wrong})


def test_the_style_learns_with_an_equalized_rate():
    layer = made(X, W, 2)
    assert isinstance(layer.style, kg.layers.EqualizedLearningRate)
    assert float(keras.ops.std(layer.kernel)) == pytest.approx(1, abs=0.3)
