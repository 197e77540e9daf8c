import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from keras_gans.data import to_uint8
from keras_gans.metrics import MultiScaleSSIM


def measure(images, **arguments):
    metric = MultiScaleSSIM(**arguments)
    metric.update_state(images)
    return float(metric.result())


def reference(x, y, weights, size=11, sigma=1.5):
    """Wang et al. 2003 for one channel in [0, 1], in float64."""
    window = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    window /= window.sum()

    def local_mean(image):
        for axis in (0, 1):
            image = scipy.ndimage.correlate1d(image, window, axis=axis)
        edge = size // 2
        return image[edge:-edge, edge:-edge]

    c1, c2 = 0.01**2, 0.03**2
    value = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            x, y = (image.reshape(len(image) // 2, 2, -1, 2).mean(axis=(1, 3)) for image in (x, y))
        mean_x, mean_y = local_mean(x), local_mean(y)
        var_x = local_mean(x * x) - mean_x**2
        var_y = local_mean(y * y) - mean_y**2
        cov = local_mean(x * y) - mean_x * mean_y
        structure = (2 * cov + c2) / (var_x + var_y + c2)
        if scale == len(weights) - 1:
            structure = structure * (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        value *= max(structure.mean(), 0.0) ** weight
    return value


def smooth_images(number, size, seed=0):
    noise = np.random.default_rng(seed).normal(size=(number, size, size, 1))
    return rounded(np.tanh(3 * scipy.ndimage.gaussian_filter(noise, (0, 2, 2, 0))))


def rounded(images):
    """At the values of 8-bit pixels."""
    return to_uint8(images) / 127.5 - 1


def test_equals_the_formula():
    first, second = smooth_images(2, 44)
    second = rounded(first + 0.8 * second)
    weights = np.array([0.0448, 0.2856, 0.3001])
    expected = reference(
        (first[..., 0] + 1) / 2, (second[..., 0] + 1) / 2, weights * 1.0001 / weights.sum()
    )
    assert 0.1 < expected < 0.95
    assert measure(np.stack([first, second])) == pytest.approx(expected, rel=1e-4)


def test_five_scales_are_those_of_tensorflow():
    images = smooth_images(4, 176)
    images[1::2] = rounded(images[::2] + 0.2 * images[1::2])
    unit = tf.constant((images + 1) / 2, tf.float32)
    expected = tf.reduce_mean(tf.image.ssim_multiscale(unit[::2], unit[1::2], max_val=1.0))
    assert measure(images) == pytest.approx(float(expected), rel=1e-5)


def test_equal_images_are_one():
    assert measure(np.tile(smooth_images(1, 28), (4, 1, 1, 1))) == pytest.approx(1.0, abs=1e-6)


def test_diverse_images_are_less_alike():
    alike = np.clip(smooth_images(1, 28) + 0.05 * smooth_images(10, 28, seed=1), -1, 1)
    assert measure(smooth_images(10, 28)) < 0.5 < 0.9 < measure(alike)


def test_a_last_image_waits_for_its_partner():
    images = smooth_images(4, 28)
    metric = MultiScaleSSIM()
    metric.update_state(images[:3])
    assert float(metric.result()) == pytest.approx(measure(images[:2]), rel=1e-6)
    metric.update_state(images[3:])
    assert float(metric.result()) == pytest.approx(measure(images), rel=1e-6)


def test_a_merge_pairs_the_images_that_wait():
    images = smooth_images(6, 28)
    first, second = MultiScaleSSIM(), MultiScaleSSIM()
    first.update_state(images[:3])
    second.update_state(images[3:])
    first.merge_state([second])
    assert float(first.result()) == pytest.approx(measure(images[[0, 1, 3, 4, 2, 5]]), rel=1e-5)


def test_images_are_rounded_to_8_bits():
    images = rounded(0.5 * smooth_images(4, 28))
    noise = np.random.default_rng(1).uniform(-0.0039, 0.0039, images.shape)
    assert measure(images + noise) == measure(images)


@pytest.mark.parametrize("scaled", [lambda x: (x + 1) / 2, lambda x: (x + 1) * 127.5])
def test_other_value_ranges_are_refused(scaled):
    with pytest.raises(ValueError, match=r"`generated` must be images in \[-1, 1\]: for"):
        measure(scaled(smooth_images(2, 28)))


def test_images_smaller_than_the_filter_are_an_error():
    with pytest.raises(ValueError, match=r"`generated` must be at least 11 pixels high and wide"):
        measure(np.zeros((2, 8, 8, 1)))
