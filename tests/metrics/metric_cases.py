"""Every metric with data that it takes; what all of them must do is tested over this list."""

import dataclasses
from collections.abc import Callable

import numpy as np

from keras_gans import metrics


@dataclasses.dataclass
class Case:
    make: Callable
    generated: np.ndarray
    real: np.ndarray | None = None
    tolerance: float = 1e-9

    @property
    def two_sample(self):
        return self.real is not None

    @property
    def data(self):
        """The arrays that `update_state` takes."""
        return (self.real, self.generated) if self.two_sample else (self.generated,)

    def feed(self, metric, real=None, generated=None):
        if self.two_sample:
            metric.update_state(real=real, generated=generated)
        elif generated is not None:
            metric.update_state(generated)


class PairCase(Case):
    """Samples `(num, 2, height, width, channels)`, a generated image and a real one each."""

    @property
    def data(self):
        return self.generated[:, 1], self.generated[:, 0]

    def feed(self, metric, real=None, generated=None):
        if generated is not None:
            metric.update_state(real=generated[:, 1], generated=generated[:, 0])


def draw(*shape, seed, scale=1.0, shift=0.0):
    return shift + scale * np.random.default_rng(seed).normal(size=shape)


def images(number, seed):
    return np.random.default_rng(seed).uniform(-1, 1, (number, 16, 16, 2))


def alike_images(number, seed):
    return np.clip(images(1, seed) + 0.5 * images(number, seed + 1), -1, 1)


def pairs(number, seed):
    alike = alike_images(2 * number, seed)
    return alike.reshape(number, 2, *alike.shape[1:])


def tokens(number, seed):
    return np.random.default_rng(seed).geometric(0.3, (number, 9))


CASES = {
    "inception_score": Case(
        lambda: metrics.InceptionScore(splits=3), draw(37, 5, seed=0, scale=3.0)
    ),
    "frechet_distance": Case(
        metrics.FrechetDistance,
        draw(41, 6, seed=1, shift=0.5, scale=2.0),
        draw(37, 6, seed=2),
    ),
    "kernel_distance": Case(
        lambda: metrics.KernelDistance(subsets=3, subset_size=8, max_samples=24, seed=4),
        draw(41, 6, seed=1, shift=0.5),
        draw(37, 6, seed=2),
    ),
    "precision_recall": Case(
        lambda: metrics.PrecisionRecall(k=2, max_samples=20),
        draw(41, 3, seed=1, shift=0.5),
        draw(37, 3, seed=2),
    ),
    "sliced_wasserstein": Case(
        lambda: metrics.SlicedWasserstein(
            min_resolution=8, patches_per_image=4, max_patches=60, directions=16
        ),
        images(21, seed=1) ** 3,
        images(17, seed=2),
    ),
    # The similarity of a pair is found in float32, whose rounding depends on the batch.
    "ms_ssim": Case(
        lambda: metrics.MultiScaleSSIM(filter_size=7), alike_images(23, seed=3), None, 1e-5
    ),
    "psnr": PairCase(metrics.PSNR, pairs(23, seed=3)),
    "ssim": PairCase(lambda: metrics.SSIM(filter_size=7, border=1), pairs(23, seed=3), None, 1e-5),
    "mode_coverage": Case(
        lambda: metrics.ModeCoverage([[-1.0, 0.0], [1.0, 0.0], [9.0, 9.0]], stddev=0.3),
        draw(50, 2, seed=5),
    ),
    "mode_coverage_of_classes": Case(
        lambda: metrics.ModeCoverage(5, data_shares=[1, 2, 3, 4, 5]), draw(50, 5, seed=5)
    ),
    "js_2": Case(
        lambda: metrics.NGramJSDivergence(n=2), tokens(12, seed=6), tokens(15, seed=7) + 1
    ),
}


def values(result):
    """The result as a dict of floats."""
    if not isinstance(result, dict):
        result = {"result": result}
    return {name: float(value) for name, value in result.items()}
