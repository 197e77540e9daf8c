"""PSNR and SSIM against scikit-image, whose images are in [0, 1] and in float64."""

import numpy as np
import pytest
import tensorflow as tf
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from keras_gans.metrics import PSNR, SSIM
from tests.metrics.metric_cases import alike_images

RANDOM = np.random.default_rng(0)
REAL = np.rint(RANDOM.uniform(0, 255, (3, 24, 20, 3)))
GENERATED = np.clip(np.rint(REAL + RANDOM.normal(0, 20, REAL.shape)), 0, 255)
PIXELS = REAL, GENERATED


def measured(metric, real=REAL, generated=GENERATED):
    metric.update_state(real / 127.5 - 1, generated / 127.5 - 1)
    return float(metric.result())


def mean_over_pairs(function, prepared=lambda x: x, border=0):
    kept = slice(border, -border or None)
    pairs = zip(*(prepared(x)[:, kept, kept] for x in PIXELS), strict=True)
    return np.mean([function(*pair) for pair in pairs])


def of_skimage(real, generated):
    return structural_similarity(
        real,
        generated,
        data_range=255,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def decibels(real, generated):
    return peak_signal_noise_ratio(real, generated, data_range=255)


@pytest.mark.parametrize("border", [0, 3])
@pytest.mark.parametrize(("metric", "function"), [(PSNR, decibels), (SSIM, of_skimage)])
def test_is_that_of_scikit_image(metric, function, border):
    found = measured(metric(border=border))
    assert found == pytest.approx(mean_over_pairs(function, border=border), rel=1e-5)
    found = measured(metric(border=border, luminance=True))
    expected = mean_over_pairs(function, lambda x: rgb2ycbcr(x / 255)[..., :1], border)
    assert found == pytest.approx(expected, rel=1e-5)


def test_exact_images_are_alike():
    assert measured(PSNR(), REAL, REAL) == pytest.approx(100)
    assert measured(SSIM(), REAL, REAL) == pytest.approx(1)


def test_images_may_differ_in_size_from_batch_to_batch():
    for metric in (PSNR(), SSIM()):
        parts = [(x[:, :18], x[:, :, :16]) for x in PIXELS]
        for real, generated in zip(*parts, strict=True):
            found = measured(metric, real, generated)
        singles = [measured(type(metric)(), *pair) for pair in zip(*parts, strict=True)]
        assert found == pytest.approx(np.mean(singles))


def test_gray_images_are_their_own_luminance():
    gray = [x[..., :1] for x in PIXELS]
    assert measured(PSNR(luminance=True), *gray) == measured(PSNR(), *gray)


def test_graphs_know_no_sizes():
    metric = SSIM(border=2)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))] * 2)
    def update(real, generated):
        metric.update_state(real, generated)

    update(*(x / 127.5 - 1 for x in PIXELS))
    assert float(metric.result()) == pytest.approx(measured(SSIM(border=2)), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "real", "generated", "message"),
    [
        (PSNR, REAL, GENERATED[:, 1:], "`generated` must have the shape of `real`"),
        (PSNR, REAL, GENERATED[:2], "`generated` must have the shape of `real`"),
        (lambda: PSNR(border=10), REAL, GENERATED, "`border` must leave something"),
        (lambda: SSIM(border=5), REAL, GENERATED, "`generated` must be at least 11 pixels high"),
        (lambda: PSNR(luminance=True), REAL[..., :2], GENERATED[..., :2], "neither gray nor"),
        (PSNR, REAL * 2, GENERATED, r"`real` must be images in \[-1, 1\]"),
    ],
)
def test_other_images_are_refused(make, real, generated, message):
    with pytest.raises(ValueError, match=message):
        measured(make(), real, generated)


@pytest.mark.parametrize("metric", [PSNR, SSIM])
@pytest.mark.parametrize("arguments", [{"border": -1}, {"luminance": 1}, {"border": 0.5}])
def test_arguments_are_checked(metric, arguments):
    with pytest.raises((TypeError, ValueError), match=f"`{next(iter(arguments))}`"):
        metric(**arguments)


def test_generated_images_more_alike_are_told_apart():
    near, far = (alike_images(4, 3) * scale for scale in (0.9, 0.5))
    of = alike_images(4, 3)
    for metric in (PSNR, SSIM):
        found = [metric(), metric()]
        found[0].update_state(of, near)
        found[1].update_state(of, far)
        assert float(found[0].result()) > float(found[1].result())
